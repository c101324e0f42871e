"""One digit in four spike codes, and what is read back.

Run, in the project's folder: python -m tests.examples.codes
"""

from sklearn.datasets import load_digits

import snncore

digit = load_digits().images[3] / 16.0
for code in ("poisson", "latency", "rank_order", "weighted_phase"):
    sent = snncore.encode(digit, code, steps=64)
    print(sent)
sent.save("digit.png")
print("spikes", sent.spikes.shape, "read back", sent.decoded.shape)
