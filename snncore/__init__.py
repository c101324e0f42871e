"""snncore: batched spiking neural networks on PyTorch, with fused CPU kernels.

One vocabulary everywhere: ms, mV, MΩ, nA, nF (MΩ·nA = mV, MΩ·nF = ms), Hz only in names that end
in `_hz`. Time comes first: spikes are [T, B, N], weights [n_out, n_in]. Normalised layers use
snnTorch's conventions (`beta`, `threshold`, `reset_mechanism`).

The road, each stage importing only what stands before it:
datasets → retina → encoding → neurons / simulate → stdp | hopfield → counts → readout → metrics
→ plots. Beside it stand the services: params, device, rng, distributed, kernels, jobs, checkpoint,
cli.

For notebooks: `snncore.lif`, `snncore.encode`, `snncore.recall` and `snncore.train` (see
`snncore.notebook`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snncore.notebook import encode as encode
    from snncore.notebook import lif as lif
    from snncore.notebook import recall as recall
    from snncore.notebook import train as train

__version__ = "0.1.0"
__all__ = ["encode", "lif", "recall", "train"]


def __getattr__(name: str) -> Any:
    """The functions for notebooks, loaded when they are asked for: torch takes seconds."""
    if name in __all__:
        from snncore import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'snncore' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
