"""How fast a neuron fires for a current: simulated, and by theory.

Run, in the project's folder: python -m tests.examples.fi_curve
"""

import snncore

print("current [nA]   measured [Hz]   theory [Hz]")
for current in (1.9, 2.1, 2.5, 3.0, 4.0):
    s = snncore.lif(current=current, duration=1000.0).summary
    print(f"{current:12.1f}{s.rate_hz:16.2f}{s.theory_rate_hz:14.2f}")

noisy = snncore.lif("lif", current=1.8, sigma_v=4.0, duration=2000.0, seed=3)
print(noisy)
noisy.save("noisy_neuron.png")
