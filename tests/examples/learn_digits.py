"""A layer learns digits without labels, and a memory restores icons.

Run, in the project's folder: python -m tests.examples.learn_digits
"""

from sklearn.datasets import load_digits

import snncore

network = snncore.train("digits", neurons=50, epochs=5)
print(network)
network.save("receptive_fields.png")
for pair in network.confused[:3]:
    print(f"{pair.true} taken for {pair.predicted}: {pair.samples} times")

images = (load_digits().images[:5] * 255 / 16).astype("uint8")
print("classes of five pictures:", network.predict(images))

print(snncore.recall("icons", rule="modern", noise="flip:0.3"))
