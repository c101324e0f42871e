"""Shared pieces of the pages. Importing any of them first loads the heavy libraries, once.

Ten visitors of a freshly started server open four different pages in ten threads. Left to
themselves those threads would import parts of the same libraries in different orders, and Python
answers such a knot with half-initialised modules. This file is imported before any other piece,
under its own import lock, so one thread loads everything in one order and the rest wait for it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib

import streamlit as st
from streamlit import runtime

# Only what every visit ends up needing; torchvision and seaborn (200 MB) load where they are used.
_HEAVY = ("numpy", "altair", "torch", "numba", "snntorch", "sklearn.linear_model", "PIL.Image")
_WORDS = "Starting the engine. Only the first visit after a start of the server takes this long."


def _warm_up() -> None:
    with st.spinner(_WORDS) if runtime.exists() else contextlib.nullcontext():
        for name in _HEAVY:
            importlib.import_module(name)
    import torch

    from snncore.device import cpu_count

    torch.set_num_threads(max(1, cpu_count() - 1))  # one core stays free to serve pages
    # What is alive now (300,000 objects of imported libraries) lives until the server stops:
    # collect the garbage once, then take the rest out of every later collection, each of which
    # would otherwise hold the interpreter for about 0.1 s (streamlit#8977).
    gc.collect()
    gc.freeze()


_warm_up()
