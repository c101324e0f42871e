"""A sweep's file: which runs there are. TOML, because people write it.

dataset = "digits"          # as --dataset of `train`
limit = 0                   # training images, 0: all
controls = false            # untrained weights and raw pixels, too
seeds = 3                   # seeds 0, 1, 2; or name them in [grid]

[fixed]                     # parameters of all runs; the others are the recommended ones
neurons = 100

[grid]                      # every combination of these
batch = [20, 50]
rate_first = [0.05, 0.1]
"""

from __future__ import annotations

import difflib
import itertools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from snncore.params import Spec, check, digest
from snncore.stdp import TrainParams, presets

MOST_RUNS = 10_000
_MOST_BYTES = 1 << 20
_TOP: dict[str, Any] = {"dataset": "digits", "limit": 0, "controls": False, "seeds": 0}
_WHOLE = {"limit": (0, 10**7), "seeds": (0, MOST_RUNS)}


class Run(NamedTuple):
    """One run of a sweep."""

    dataset: str
    limit: int
    controls: bool
    params: TrainParams

    def key(self, images_sha256: str) -> str:
        """Its name among all runs of all sweeps: its parameters and the images, not the version."""
        return digest(images_sha256, self.dataset, self.limit, self.controls, self.params)


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep, and which parameters it varies."""

    runs: tuple[Run, ...]
    varied: tuple[str, ...]


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        ValueError: what is wrong, with the line where it can be told.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{path} has more than {_MOST_BYTES >> 20} MB: is it a sweep's file?")
    try:
        text = data.decode("utf-8")
        return plan_of(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 ({error.reason})") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def plan_of(text: str) -> Plan:
    """The plan in a text; see the module's head.

    Raises:
        ValueError: what is wrong, with the line where it can be told.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    except RecursionError:
        raise ValueError("not a sweep: brackets within brackets without end") from None
    known = [*_TOP, "fixed", "grid"]
    for name in found:
        if name not in known:
            raise _wrong(text, "", name, _unknown(name, known))
    top = {**_TOP, **{name: value for name, value in found.items() if name in _TOP}}
    for name, like in _TOP.items():
        if type(top[name]) is not type(like):
            word = {str: "a text", int: "a whole number", bool: "true or false"}[type(like)]
            raise _wrong(text, "", name, f"{name} must be {word}, got {top[name]!r}")
    for name, (low, high) in _WHOLE.items():
        if not low <= top[name] <= high:
            raise _wrong(text, "", name, f"{name} must be in {low}..{high}, got {top[name]}")
    fixed, grid = (_section(text, found, name) for name in ("fixed", "grid"))
    for section, table in (("fixed", fixed), ("grid", grid)):
        if top["seeds"] and "seed" in table:
            raise _wrong(text, "", "seeds", f"give seeds, or seed in [{section}], not both")
    if top["seeds"]:
        grid = {**grid, "seed": list(range(top["seeds"]))}
    if both := sorted(set(fixed) & set(grid)):
        raise _wrong(text, "grid", both[0], f"{both[0]} is in [fixed] and in [grid]")
    size = 1
    for values in grid.values():
        size *= len(values)
    if size > MOST_RUNS:
        raise ValueError(f"a sweep has at most {MOST_RUNS:,} runs, got {size:,}")
    runs = []
    for values in itertools.product(*grid.values()):
        chosen = {**fixed, **dict(zip(grid, values, strict=True))}
        try:
            params = _params(chosen, top["dataset"])
        except ValueError as error:
            told = ", ".join(f"{name} = {chosen[name]!r}" for name in grid)
            raise ValueError(f"the run with {told or 'these parameters'}: {error}") from error
        runs.append(Run(top["dataset"], top["limit"], top["controls"], params))
    return Plan(tuple(dict.fromkeys(runs)), tuple(n for n, v in grid.items() if len(v) > 1))


def _section(text: str, found: dict[str, Any], section: str) -> dict[str, Any]:
    """The checked values of [fixed], or the checked lists of [grid]."""
    table = found.get(section, {})
    if not isinstance(table, dict):
        raise _wrong(text, "", section, f"{section} must be a section: [{section}]")
    specs = TrainParams.specs()
    checked: dict[str, Any] = {}
    for name, given in table.items():
        if name not in specs:
            raise _wrong(text, section, name, _unknown(name, list(specs)))
        if section == "grid" and (not isinstance(given, list) or not given):
            raise _wrong(text, section, name, f"{name} must be a list of values, got {given!r}")
        values = given if section == "grid" else [given]
        try:
            fine = [_value(name, value, specs[name]) for value in values]
        except ValueError as error:
            raise _wrong(text, section, name, str(error)) from error
        checked[name] = list(dict.fromkeys(fine)) if section == "grid" else fine[0]
    return checked


def _value(name: str, value: Any, spec: Spec) -> Any:
    if isinstance(value, list | dict):
        raise ValueError(f"{name} must be one value, got {value!r}; lists belong into [grid]")
    return check(name, value, spec)


def _params(chosen: dict[str, Any], dataset: str) -> TrainParams:
    """What is chosen, and for everything else what is recommended."""
    layer = chosen.get("layer", TrainParams().layer)
    units = chosen.get("neurons" if layer == "dense" else "filters", 0)
    base = presets.recommended(layer, units, dataset)
    return TrainParams.from_dict({**base.to_dict(), **chosen})


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"there is no {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _wrong(text: str, section: str, name: str, words: str) -> ValueError:
    """The words, after the line on which `name` stands in its section, if it is found."""
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            here = head[1].strip("\"' ")
            if not section and here == name:
                return ValueError(f"line {number}: {words}")
        elif here == section and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line):
            return ValueError(f"line {number}: {words}")
    return ValueError(words)
