"""What the host wants to know while fifty people are here: sessions, work, memory, caches.

An expander of the home page that costs nothing while it is closed. Numbers only: nobody's name,
address or work is in it. `/_stcore/metrics` of Streamlit has the same for machines.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from typing import Any, get_args

import streamlit as st
from streamlit import runtime

from pages.components import inline
from pages.components.sections import DASH, grid
from snncore.device import cpu_count, memory_bytes
from snncore.jobs import Kind, get_manager

EVERY_S = 2.0
_WORK: dict[Kind, str] = {
    "computation": "Trainings",
    "classifier": "Classifiers",
    "recall": "Recalls",
    "sweep": "Analyses",
    "download": "Downloads",
}


def status_panel() -> None:
    """The expander; open, it looks again every `EVERY_S`."""
    box = st.expander("This server", icon=":material/dns:", key="home_server", on_change="rerun")
    if box.open:
        with box:
            _numbers()


@st.fragment(run_every=EVERY_S)
def _numbers() -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        grid([("Server", "now"), *server()])
    with right:
        grid([("Work", "running", "waiting", "kept"), *work()])
    st.caption(
        "Waiting work is served in its order. *Kept*: finished, and still there for whoever comes "
        "back within ten minutes."
    )


def server() -> list[tuple[str, str]]:
    """Names and numbers of the process; a dash where Streamlit does not tell."""
    hits, asked = lookups()
    people = _stat("active_sessions")
    rows = [
        ("People connected", DASH if people is None else f"{people:,}"),
        ("Memory", f"{resident_bytes() / 1e9:.2f} of {memory_bytes() / 1e9:.1f} GB"),
        ("Cores", f"{cpu_count()}"),
        ("Threads", f"{threading.active_count()}"),
        ("Short work at this moment", f"{inline.busy()} of {cpu_count()} places"),
        ("Answers that were there already", f"{hits / asked:.0%} of {asked:,}" if asked else DASH),
    ]
    kept = [s for s in _stats("cache_memory_bytes") if s.category_name == "st_cache_data"]
    size = sum(int(s.byte_length) for s in kept)
    return [*rows, ("Kept answers", f"{size / 1e6:,.1f} MB" if kept else DASH)]


def work() -> list[Sequence[str]]:
    """One line for each kind of long work."""
    lines: list[Sequence[str]] = []
    for kind in get_args(Kind):
        s = get_manager(kind).stats()
        lines.append((_WORK[kind], f"{s.running}", f"{s.queued}", f"{s.kept}"))
    return lines


def connected() -> int:
    """Browser sessions of this server now; 0 where Streamlit does not tell."""
    return _stat("active_sessions") or 0


def lookups() -> tuple[int, int]:
    """How often an answer was in a cache, of how many questions."""
    hits = asked = 0
    for stat in _stats("cache_lookups"):
        asked += int(stat.value)
        hits += int(stat.value) if (stat.labels or {}).get("result") == "hit" else 0
    return hits, asked


def _stat(family: str) -> int | None:
    """The sum of one of Streamlit's measures."""
    found = _stats(family)
    values = [getattr(stat, "value", getattr(stat, "byte_length", 0)) for stat in found]
    return int(sum(values)) if found else None


def _stats(family: str) -> Sequence[Any]:
    if not runtime.exists():
        return ()
    return runtime.get_instance().stats_mgr.get_stats([family]).get(family, ())


def resident_bytes() -> int:
    """Memory of this process now; at its highest where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        if sys.platform == "win32":
            return 0
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
