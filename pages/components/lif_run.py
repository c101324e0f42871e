"""The run of the LIF Playground: computed once, kept for all parts of the page that look at it."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import streamlit as st

from pages.components.sections import DASH as DASH
from snncore.playground import Run, Setup, play
from snncore.playground.budget import check_steps
from snncore.stimuli import Recording

# A recording is known by the digest of its samples: Streamlit would copy them at each run, and
# look only at parts of long ones. Setting by setting, its own hash takes 4 ms, longer than the run.
HASH: dict[Any, Callable[[Any], Any]] = {Recording: attrgetter("digest"), Setup: repr}


@st.cache_data(max_entries=64, ttl=3600, max_size="64MB", show_spinner=False, hash_funcs=HASH)
def cached_run(setup: Setup, recording: Recording | None) -> Run:
    """One neuron's run; a section that needs more spikes than the page shows asks for a longer.

    Raises:
        ValueError: the engine refuses, or the run is too long for a page.
    """
    check_steps(setup)
    return play(setup, recording)
