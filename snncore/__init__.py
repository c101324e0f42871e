"""snncore: batched spiking neural networks on PyTorch, with fused CPU kernels.

One vocabulary everywhere: ms, mV, MΩ, nA, nF (MΩ·nA = mV, MΩ·nF = ms), Hz only in names that end
in `_hz`. Time comes first: spikes are [T, B, N], weights [n_out, n_in]. Normalised layers use
snnTorch's conventions (`beta`, `threshold`, `reset_mechanism`).

The road, each stage importing only what stands before it:
datasets → retina → encoding → neurons / simulate → stdp | hopfield → counts → readout → metrics
→ plots. Beside it stand the services: params, device, rng, kernels, jobs, checkpoint, cli.
"""

__version__ = "0.1.0"
