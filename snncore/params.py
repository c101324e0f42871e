"""Parameters: frozen dataclasses of plain numbers that describe and validate themselves.

One description per field (`number`, `integer`, `choice`, `flag`) serves validation, the page's
widgets, the URL, the command line and the checkpoint, so none of them can disagree.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

Kind = Literal["float", "int", "choice", "bool"]
Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of one parameter: its kind, range, unit and one sentence of help."""

    kind: Kind
    help: str
    unit: str = ""
    lo: float = -math.inf
    hi: float = math.inf
    lo_open: bool = False
    step: float | None = None
    options: tuple[str, ...] = ()
    label: str = ""


def number(
    default: float,
    lo: float,
    hi: float,
    help: str,
    *,
    unit: str = "",
    step: float | None = None,
    lo_open: bool = False,
    label: str = "",
) -> Any:
    """A real parameter in [lo, hi], or (lo, hi] with `lo_open`."""
    spec = Spec("float", help, unit, lo, hi, lo_open, step, label=label)
    return dataclasses.field(default=float(default), metadata={"spec": spec})


def integer(
    default: int, lo: int, hi: int, help: str, *, unit: str = "", step: int = 1, label: str = ""
) -> Any:
    """A whole parameter in [lo, hi]."""
    spec = Spec("int", help, unit, lo, hi, step=step, label=label)
    return dataclasses.field(default=default, metadata={"spec": spec})


def choice(default: str, options: tuple[str, ...], help: str, *, label: str = "") -> Any:
    """One of a fixed set of words."""
    spec = Spec("choice", help, options=options, label=label)
    return dataclasses.field(default=default, metadata={"spec": spec})


def flag(default: bool, help: str, *, label: str = "") -> Any:
    """Yes or no."""
    return dataclasses.field(default=default, metadata={"spec": Spec("bool", help, label=label)})


def check(name: str, value: Any, spec: Spec) -> Value:
    """`value` in the type of `spec`, or ValueError with the parameter, the rule, the value."""
    unit = f" {spec.unit}" if spec.unit else ""
    if spec.kind == "choice":
        if value not in spec.options:
            raise ValueError(f"{name} must be one of {', '.join(spec.options)}, got {value!r}")
        return str(value)
    if spec.kind == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, got {value!r}")
        return value
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)  # numpy's too
    if not is_number:
        raise ValueError(f"{name} must be a number, got {value!r}")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        raise ValueError(
            f"{name} must be within ±1.8e308, got a number that is too large"
        ) from None
    if not finite:
        raise ValueError(f"{name} must be finite, got {value}")
    if spec.kind == "int" and value != int(value):
        raise ValueError(f"{name} must be a whole number, got {value}")
    shown = int(value) if spec.kind == "int" else value  # as it was written: without ".0"
    if value < spec.lo or (spec.lo_open and value == spec.lo):
        sign = ">" if spec.lo_open else ">="
        raise ValueError(f"{name} must be {sign} {spec.lo:g}{unit}, got {shown}")
    if value > spec.hi:
        raise ValueError(f"{name} must be <= {spec.hi:g}{unit}, got {shown}")
    return int(value) if spec.kind == "int" else float(value)


def parse(name: str, text: str, spec: Spec) -> Value:
    """The value that `text` (from a URL or a command line) spells, checked against `spec`."""
    if spec.kind == "choice":
        return check(name, text, spec)
    if spec.kind == "bool":
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ValueError(f"{name} must be true or false, got {text!r}")
        return text.lower() in ("true", "1", "yes")
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, got {text!r}") from None
    return check(name, value, spec)


@dataclass(frozen=True)
class Params:
    """Base of every parameter set: checks each described field on construction.

    Subclasses are frozen dataclasses whose fields come from `number`, `integer`, `choice` and
    `flag`; relations between fields are checked in a `__post_init__` that calls this one first.
    """

    def __post_init__(self) -> None:
        for name, spec in self.specs().items():
            object.__setattr__(self, name, check(name, getattr(self, name), spec))

    @classmethod
    def specs(cls) -> dict[str, Spec]:
        """Field name → description, in the order of definition."""
        return {f.name: f.metadata["spec"] for f in fields(cls) if "spec" in f.metadata}

    def to_dict(self) -> dict[str, Value]:
        """Plain JSON values, in the order of definition."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; unknown names are a ValueError, missing ones the default."""
        unknown = sorted(set(values) - set(cls.specs()))
        if unknown:
            raise ValueError(
                f"{cls.__name__} has no parameter {', '.join(unknown)}; "
                f"it has {', '.join(cls.specs())}"
            )
        return cls(**values)

    def changed(self) -> dict[str, Value]:
        """Only the values that differ from the defaults: what a link or a command must carry."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != f.default
        }


def digest(*parts: Any) -> str:
    """SHA-256 of the canonical JSON of `parts`: the identity of a computation.

    Two requests with equal digests are the same work (`jobs` shares them).
    """

    def plain(value: Any) -> Any:
        if isinstance(value, Params):
            return {"": type(value).__name__, **value.to_dict()}
        raise TypeError(f"cannot take the digest of {type(value).__name__}")

    text = json.dumps(parts, sort_keys=True, default=plain, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
