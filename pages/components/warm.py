"""The first visit after a start: the page's frame at once, the engine as soon as it is loaded.

PyTorch and the other large libraries take seconds to load, kernels on a new machine longer to
compile. A thread does both in the background, in one order: ten visitors of a fresh server open
four pages in ten threads, and threads that import parts of the same libraries in different orders
end in half-initialised modules. So nothing that a page imports before `wait` may be large.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

LOADING = "Warming up: loading the engine"
_LOOK_S = 1.0
# What every page needs, and what all but the first need besides; torchvision and seaborn (200 MB)
# load where they are used.
_FIRST = ("numpy", "torch", "numba", "pandas", "scipy.stats", "scipy.optimize", "PIL.Image")
_SECOND = ("snntorch", "sklearn.linear_model", "skimage.measure", "skimage.filters")
_WORDS = "Starting the engine. Only the first visit after a start of the server takes this long."
_ROOT = Path(__file__).resolve().parents[2]
_ROOM = 2 << 30  # bytes of the machine; the compiling process takes half a gigabyte for a while
_DONE = "training-compiled"  # a file among the compiled kernels
_COMPILE = (
    "import os, sys; getattr(os, 'nice', int)(10); sys.argv[1:] = "
    "'train --dataset digits --limit 300 --epochs 1'.split(); from snncore.cli import main; main()"
)
_log = logging.getLogger(__name__)
_lock = threading.Lock()


class _Behind:
    """One thread that does what it is given in turn, and that keeps no server from stopping."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Future[None], Callable[[], None]]] = queue.SimpleQueue()
        self._began = False

    def submit(self, task: Callable[..., None], *args: Any) -> Future[None]:
        """Call it with the lock held."""
        if not self._began:
            self._began = True
            threading.Thread(target=self._serve, name="warm-up", daemon=True).start()
        end: Future[None] = Future()
        self._work.put((end, partial(task, *args)))
        return end

    def _serve(self) -> None:
        while True:
            end, task = self._work.get()
            try:
                task()
            except BaseException as error:  # whoever waits for it is told
                end.set_exception(error)
            else:
                end.set_result(None)


_thread = _Behind()
_engine: tuple[Future[None], Future[None]] | None = None  # both parts
_tasks: dict[str, Future[None]] = {}  # what is said of it → its end


def begin() -> tuple[Future[None], Future[None]]:
    """Load both parts of the engine in the background, once; a failed load is tried again."""
    global _engine
    with _lock:
        if _engine is None or any(part.done() and part.exception() for part in _engine):
            _engine = (_thread.submit(_load, _FIRST), _thread.submit(_load, _SECOND))
        return _engine


def wait(*, whole: bool = True) -> None:
    """Until the engine, or its first part, is loaded; the page says so meanwhile.

    Raises:
        ImportError: a library cannot be loaded.
    """
    part = begin()[whole]
    if not part.done():
        with st.spinner(_WORDS, show_time=True):
            part.exception()
    part.result()


def is_ready() -> bool:
    """Whether the first part is loaded: what finds the device."""
    return _engine is not None and _engine[0].done() and _engine[0].exception() is None


def also(words: str, task: Callable[[], object]) -> None:
    """After the engine, do `task` in the background, once for these words; a fault is logged.

    Call it at the end of a page: the page's own kernels come first.
    """
    with _lock:
        if words in _tasks:
            return
        _tasks[words] = _thread.submit(_logged, words, task)
    with st.sidebar:
        note()


def under_way() -> str:
    """What is being done in the background; "" when nothing is."""
    if not is_ready():
        return LOADING
    return next((f"Warming up: {w}" for w, task in _tasks.items() if not task.done()), "")


def note() -> None:
    """Say what is under way, and take the words away when it is done."""
    if under_way():
        _note()


@st.fragment(run_every=_LOOK_S)
def _note() -> None:
    words = under_way()
    if not words:
        st.rerun()  # a full run drops the timer
    st.caption(f":material/mode_heat: {words}")


def training() -> None:
    """Have the kernels of a training compiled before somebody starts one, where they are not yet.

    In a process of its own: compiling holds the interpreter for half a minute, and what the
    compiler takes of memory is free again afterwards. This process finds the kernels on disk. Where
    memory is short, or the disk takes nothing, they are compiled when they are needed.
    """
    from snncore.device import memory_bytes
    from snncore.kernels import compiled_folder

    folder = compiled_folder()
    if folder is None or memory_bytes() < _ROOM or (folder / _DONE).exists():
        return
    child = subprocess.Popen(
        [sys.executable, "-c", _COMPILE], cwd=_ROOT, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(child.kill)  # it does not outlive the server
    said = child.communicate()[1]
    atexit.unregister(child.kill)
    if child.returncode:
        _log.warning("kernels were not compiled ahead: %s", said[-500:])
    else:
        (folder / _DONE).touch()


def _load(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)
    from snncore.device import cpu_count, torch_threads

    torch_threads(max(1, cpu_count() - 1))  # one core stays free to serve pages
    # What is alive now (300,000 objects of imported libraries, and the few sessions that wait for
    # them) lives until the server stops: collect the garbage once, then take the rest out of every
    # later collection, each of which would otherwise hold the interpreter for about 0.1 s
    # (streamlit#8977).
    gc.collect()
    gc.freeze()


def _logged(words: str, task: Callable[[], object]) -> None:
    try:
        task()
    except Exception:
        _log.exception("%s failed", words)
