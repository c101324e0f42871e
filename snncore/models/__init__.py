"""Networks that come with the program: trained here, 16-bit weights, ready to classify.

`python -m tests.benchmarks.make_bundled` trains them anew on all of MNIST; the accuracies in each
file were measured from the 16-bit weights on the 10,000 test images, which no choice has seen.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from snncore import trained


class Bundled(NamedTuple):
    """One network of the program."""

    name: str
    title: str
    path: Path


_FOLDER = Path(__file__).parent
ALL = (Bundled("mnist-400", "400 neurons, MNIST", _FOLDER / "mnist-400.safetensors"),)
NAMES = tuple(bundled.name for bundled in ALL)


def load(name: str = "mnist-400") -> trained.SavedRun:
    """A network by name with its readouts and measured figures; read once.

    Raises:
        ValueError: no such network, or its file is missing from the installation.
    """
    found = next((bundled for bundled in ALL if bundled.name == name), None)
    if found is None:
        raise ValueError(f"network must be one of {', '.join(NAMES)}, got {name!r}")
    try:
        return _read(found.path)
    except OSError as error:
        raise ValueError(
            f"the bundled network {name} cannot be read ({error.strerror or error}); "
            "install the program again"
        ) from error


@cache
def _read(path: Path) -> trained.SavedRun:
    return trained.load(path)
