"""What a program is put together from: constants, functions, and the parts of its loop over time.

A program's constants are the parameters' names in capitals, with their units.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from snncore.params import Params


class Current(NamedTuple):
    """How a program makes its current."""

    constants: str  # one assignment per line
    functions: str  # what `drive` calls
    drive: str  # the function `drive()`: an array of nA, one number per step
    imports: set[str]  # besides math and numpy


class Neuron(NamedTuple):
    """How a program advances its neuron."""

    title: str  # the model and its equations, for the top of the program
    constants: str  # besides the parameters
    functions: str  # what the loop calls
    before: str  # body of `simulate` before the loop, indented by 4
    step: str  # body of the loop: `k`, `i` (nA) and the state give the next state; indented by 8


def constants(params: Params, names: Iterable[str] | None = None) -> str:
    """`NAME = value  # unit` for the numbers of `params` (all of them by default)."""
    specs = params.specs()
    lines = ""
    for name in specs if names is None else names:
        spec = specs[name]
        if spec.kind in ("float", "int"):
            lines += constant(name, getattr(params, name), spec.unit)
    return lines


def constant(name: str, value: float, comment: str = "") -> str:
    """One line; a float keeps all of its digits."""
    return f"{name.upper()} = {value!r}" + (f"  # {comment}" if comment else "") + "\n"


def import_lines(lines: set[str]) -> str:
    """Imports of the standard library in their usual order."""
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda x: (x.startswith("from"), x)))
