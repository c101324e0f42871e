"""Each neuron model's equation as LaTeX with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snncore.neurons import MODELS
from snncore.params import Params


def signed(value: float, unit: str = "") -> str:
    """A number to be added, e.g. "+70 mV"."""
    return rf"{value:+g}" + (rf"\,\text{{{unit}}}" if unit else "")


def measure(value: float, unit: str) -> str:
    """A number with its unit."""
    return rf"{value:g}\,\text{{{unit}}}"


def _lif(p: Any) -> list[str]:
    return [
        rf"{measure(p.tau_m, 'ms')}\cdot\dot V = -(V {signed(-p.v_rest, 'mV')}) "
        rf"+ {measure(p.r_m, 'MΩ')}\cdot I(t)"
    ]


_DYNAMICS: dict[str, Callable[[Any], list[str]]] = {"lif": _lif}


def dynamics(neuron: Params) -> list[str]:
    """LaTeX lines of the model that `neuron` belongs to."""
    name = next(name for name, model in MODELS.items() if model.params is type(neuron))
    return _DYNAMICS[name](neuron) if name in _DYNAMICS else []
