"""The house rules that a machine can check: import directions, layers, devices, forbidden words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGINE = sorted((ROOT / "snncore").rglob("*.py"))
PAGES = [*sorted((ROOT / "pages").rglob("*.py")), ROOT / "dashboard.py"]

# The road of the engine: a module imports only from lower ranks (or its own package).
RANK = {
    "params": 0,
    "device": 0,
    "state": 0,
    "rng": 0,
    "distributed": 1,
    "kernels": 1,
    "jobs": 1,
    "checkpoint": 1,
    "datasets": 2,
    "retina": 3,
    "encoding": 4,
    "neurons": 5,
    "theory": 6,
    "stimuli": 6,
    "simulate": 7,
    "stdp": 8,
    "hopfield": 8,
    "counts": 9,
    "readout": 10,
    "metrics": 11,
    "spike_trains": 11,
    "trained": 12,
    "models": 13,
    "experiment": 13,
    "playground": 13,
    "transmission": 13,
    "classifier": 13,
    "recall_lab": 13,
    "sweep": 14,
    "plots": 14,
    "notebook": 15,
    "doctor": 15,
    "cli": 16,
    "__main__": 17,
}


def module_of(path: Path) -> str:
    """The top-level engine module that a file belongs to, e.g. `stdp` or `rng`."""
    return path.relative_to(ROOT / "snncore").parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # relative: only within the same package
                package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
                base = ".".join((*package, base)).rstrip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: str(p.relative_to(ROOT)))
def test_engine_files_import_only_from_before_them_on_the_road(path: Path) -> None:
    own = module_of(path)
    if own == "__init__":
        return
    assert own in RANK, f"give {own} a place on the road"
    for name in imported(path):
        assert not name.startswith(("streamlit", "pages", "dashboard")), f"{path.name}: {name}"
        parts = name.split(".")
        if parts[0] == "snncore" and len(parts) > 1 and parts[1] in RANK and parts[1] != own:
            assert RANK[parts[1]] < RANK[own], f"{own} must not import {parts[1]}"


def test_nobody_but_pages_the_command_line_and_notebooks_imports_plots() -> None:
    for path in ENGINE:
        if module_of(path) not in ("plots", "cli", "notebook"):
            assert not any(n.startswith("snncore.plots") for n in imported(path)), path


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_hold_no_tensor_code(path: Path) -> None:
    if path.name == "__init__.py":  # the warm-up of the server imports everything once
        return
    roots = {name.split(".")[0] for name in imported(path)}
    assert not roots & {"torch", "numba", "snntorch", "sklearn", "torchvision"}, path


def test_no_swallowed_exceptions_and_no_unsafe_loading() -> None:
    for path in [*ENGINE, *PAGES]:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"bare except in {path}"
        for forbidden in (
            r"allow_pickle\s*=\s*True",
            r"\bpickle\b.*\bload",
            r"\btorch\.load\(",
            r"unsafe_allow_html\s*=\s*True",
            r"\bmanual_seed\(",
            r"\bnp\.random\.(seed|rand|randn|normal|uniform)\(",
        ):
            assert not re.search(forbidden, text), f"{forbidden} in {path}"


# float64 is meant for oracles and for the CPU: these modules never hand tensors to a device.
CPU_ONLY = {"theory", "metrics", "counts", "readout", "datasets", "plots", "cli", "kernels"}


def test_no_float64_tensor_on_the_way_to_a_device() -> None:
    """MPS has no float64: the torch paths of the engine must not name it.

    A line may opt out with the comment `# CPU: <why>`; it must say why it never leaves the CPU.
    """
    for path in ENGINE:
        if module_of(path) in CPU_ONLY:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"torch\.(float64|double)\b|\.double\(\)", line):
                assert "# CPU:" in line, f"{path.name}:{number}: {line.strip()}"


def test_every_page_of_the_dashboard_exists_and_is_named_for_people() -> None:
    names = sorted(p.name for p in (ROOT / "pages").glob("*.py"))
    assert names == [
        "1_LIF_Playground.py",
        "2_Spike_Encoding.py",
        "3_Hopfield_Recall.py",
        "4_STDP_MNIST_Trainer.py",
    ]


def test_no_file_is_a_heap() -> None:
    for path in [*ENGINE, *PAGES]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 330, f"{path.relative_to(ROOT)} has {lines} lines: is it one concept?"


def test_what_only_unix_has_is_imported_where_it_is_used() -> None:
    """At the top of a module it would break every command on Windows."""
    for path in ENGINE:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"resource", "fcntl", "pwd", "grp", "termios"} & set(names), path
