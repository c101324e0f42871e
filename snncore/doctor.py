"""Is this installation in order? Each check says what it found and, if that is bad, the cure.

Nothing but the standard library is imported until a check asks for it: a broken library is one of
the things to be found.
"""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

State = Literal["ok", "note", "bad"]
ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ((3, 11), (3, 13))  # first and last that the tests were run with
PORT = 8501  # Streamlit's
LEAST_MB = 1000  # memory of a server that has shown every page once
LEAST_DISK_MB = 500  # MNIST and Fashion-MNIST, unpacked
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
INSTALL = "pip install -r requirements.txt"
REINSTALL = f"pip install --force-reinstall torch torchvision, both from one index; then {INSTALL}"
LIBRARIES = ("torch", "torchvision", "numba", "sklearn", "skimage", "snntorch", "streamlit")


class Finding(NamedTuple):
    """What a check found: in order, worth knowing, or bad; and what to do about it, or empty."""

    name: str
    state: State
    found: str
    cure: str = ""


def examine() -> Iterator[Finding]:
    """All checks, one after the other; one that breaks is a finding too."""
    for name, check in CHECKS.items():
        try:
            yield from (Finding(name, *found) for found in check())
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            yield Finding(name, "bad", " ".join(words.split()), INSTALL)


Found = tuple[State, str, str]


def _python() -> Iterator[Found]:
    low, high = PYTHONS
    here = sys.version_info[:2]
    said = f"Python {sys.version.split()[0]} ({sys.executable})"
    if here < low:
        yield "bad", said, f"install Python {low[0]}.{low[1]} to {high[0]}.{high[1]}"
    elif here > high:
        yield "note", said, f"tested up to {high[0]}.{high[1]}"
    else:
        yield "ok", said, ""


def _packages() -> Iterator[Found]:
    from packaging.requirements import Requirement

    file = ROOT / "requirements.txt"
    if not file.is_file():
        yield "note", f"no {file.name} beside this package: versions were not compared", ""
        return
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    named = [Requirement(line) for line in lines if line and not line.startswith("-")]
    wanted = [one for one in named if one.marker is None or one.marker.evaluate()]
    wrong = 0
    for one in wanted:
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            yield "bad", f"{one.name} is missing", INSTALL
            wrong += 1
            continue
        if not one.specifier.contains(version, prereleases=True):
            yield "bad", f"{one.name} {version}, wanted {one.specifier}", INSTALL
            wrong += 1
    if not wrong:
        yield "ok", f"all {len(wanted)} in the versions of {file.name}", ""


def _libraries() -> Iterator[Found]:
    """Whether they can be imported together: torch and torchvision must be of one build."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except Exception as error:
            yield "bad", f"{name} does not load: {' '.join(str(error).split())}", REINSTALL
            return
    yield "ok", f"{', '.join(LIBRARIES)} load", ""


def _device() -> Iterator[Found]:
    import torch

    from snncore.device import choose_device

    choice = choose_device()
    square = torch.eye(64, device=choice.device)
    if float((square @ square).sum()) != 64.0:
        yield "bad", f"{choice.name} computes wrongly", "set SNNCORE_DEVICE=cpu"
    else:
        yield "ok", f"{choice.name}: {choice.reason}", ""


def _memory() -> Iterator[Found]:
    from snncore.device import memory_bytes

    mb = memory_bytes() >> 20
    cure = "" if mb >= LEAST_MB else f"a server that has shown all pages takes {LEAST_MB} MB"
    yield "note" if cure else "ok", f"{mb:,} MB", cure


def _kernels() -> Iterator[Found]:
    """Whether Numba compiles here, and whether what it has compiled is kept."""
    import numba
    import numpy as np

    from snncore import kernels
    from snncore.kernels.dense_inputs import uniforms

    began = time.perf_counter()
    drawn = np.zeros((1, 4), np.float32)
    uniforms(np.uint32(1), np.uint32(0), np.uint32(0), drawn)
    if not (drawn > 0).all():
        yield "bad", "a compiled kernel computes wrongly", f"{INSTALL} --force-reinstall"
        return
    spent = time.perf_counter() - began
    folder = numba.config.CACHE_DIR
    with kernels.kernel_threads() as threads:
        said = f"compile (or load) in {spent:.1f} s; {threads} threads"
    if not folder or not os.access(folder, os.W_OK):
        where = Path(kernels.__file__).parent
        yield (
            "note",
            f"{said}; not kept: compiled anew by each process",
            (f"let this user write to {where}, or set NUMBA_CACHE_DIR"),
        )
    else:
        yield "ok", f"{said}; kept in {folder}", ""


def _data() -> Iterator[Found]:
    from snncore import datasets

    digits = datasets.load("digits")
    root = datasets.data_root()
    yield "ok", f"{len(digits.images):,} digits and other pictures come along", ""
    missing = []
    for info in datasets.catalogue():
        if info.bundled:
            continue
        if info.present:
            yield "ok", f"{info.title} in {root}", ""
        else:
            missing.append(info)
    if not missing:
        return
    names = " ".join(info.name for info in missing)
    yield (
        "note",
        f"not in {root}: {', '.join(info.title for info in missing)}",
        (f"python -m snncore download {names}, or set SNNCORE_DATA to a torchvision folder"),
    )
    above = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(above, os.W_OK):
        yield "bad", f"{above} cannot be written", "set SNNCORE_DATA to a folder of your own"
    elif (free := shutil.disk_usage(above).free >> 20) < LEAST_DISK_MB:
        yield "note", f"{free:,} MB free in {above}", "make room before downloading"


def _browser() -> Iterator[Found]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield "ok", f"{found} for the browser tests", ""
    else:
        yield (
            "note",
            "no Chromium: only the browser tests need one",
            ("apt install chromium, or the like; the dashboard runs without"),
        )


def _port() -> Iterator[Found]:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        taken = probe.connect_ex(("127.0.0.1", PORT)) == 0
    if taken:
        yield (
            "note",
            f"something answers on {PORT} (this dashboard, perhaps)",
            (f"for another one: streamlit run dashboard.py --server.port {PORT + 1}"),
        )
    else:
        yield "ok", f"{PORT} is free", ""


CHECKS: dict[str, Callable[[], Iterator[Found]]] = {
    "python": _python,
    "packages": _packages,
    "libraries": _libraries,
    "device": _device,
    "memory": _memory,
    "kernels": _kernels,
    "data": _data,
    "browser": _browser,
    "port": _port,
}


def report(findings: Iterator[Finding]) -> bool:
    """Print each as it comes; whether none was bad."""
    marks = {"ok": "ok  ", "note": "note", "bad": "BAD "}
    fine = True
    for one in findings:
        print(f"{marks[one.state]}  {one.name:<10} {one.found}", flush=True)
        if one.cure:
            print(f"{'':18}→ {one.cure}", flush=True)
        fine = fine and one.state != "bad"
    return fine
