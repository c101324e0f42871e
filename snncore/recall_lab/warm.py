"""Whether the kernel of a spiking memory is compiled already: without it a recall takes longer.

A fresh installation compiles each when it is first asked for: 8 s of CPU time for the spiking
memory and 2.5 s for the attractor (`experiment` on 3 icons of 16 × 16 with an empty
`NUMBA_CACHE_DIR`; the other memories take about 1 s).
"""

from __future__ import annotations

from pathlib import Path

import numba

_FILES = {
    "spiking": "spiking_memory._probes-*.nbi",
    "spiking-attractor": "spiking_attractor._*.nbi",
}


def is_compiled(rule: str) -> bool:
    """Whether a recall with this memory starts at once.

    True also for memories that compile next to nothing, and where Numba keeps its files in a place
    of its own, which is not known here.
    """
    folder = numba.config.CACHE_DIR
    if rule not in _FILES or not folder:
        return True
    return next(Path(folder).rglob(_FILES[rule]), None) is not None
