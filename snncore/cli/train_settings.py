"""Which parameters a training run gets: what was asked for, over a preset, a file or the advice."""

from __future__ import annotations

from typing import Any

import click

from snncore import trained
from snncore.stdp import TrainParams, presets


def given(context: click.Context, name: str) -> bool:
    """Whether the user wrote this option."""
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def asked(context: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the user wrote; the others are open."""
    return {name: value for name, value in values.items() if given(context, name)}


def advised(wanted: dict[str, Any]) -> TrainParams:
    """`wanted`, and for everything else what is recommended for such a layer of such a size."""
    layer = wanted.get("layer", TrainParams().layer)
    units = wanted.get("neurons" if layer == "dense" else "filters", 0)
    return over(presets.recommended(layer, units), wanted)


def over(base: TrainParams, wanted: dict[str, Any]) -> TrainParams:
    """`base` with what was asked for."""
    return TrainParams.from_dict({**base.to_dict(), **wanted})


def resumed(saved: trained.SavedRun, wanted: dict[str, Any]) -> TrainParams:
    """The saved parameters; only `epochs` may be changed, anything else asked for must agree."""
    for name, value in wanted.items():
        known = getattr(saved.params, name)
        if name != "epochs" and value != known:
            raise ValueError(
                f"--{name.replace('_', '-')} is {known} in the checkpoint "
                f"and cannot be changed with --resume, got {value}"
            )
    return over(saved.params, wanted)


def found_preset(name: str) -> Any:
    """The preset of this name, whatever its case.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    known = getattr(presets, "PRESETS", ())
    for preset in known:
        if preset.name.lower() == name.lower():
            return preset
    names = ", ".join(f"{preset.name!r}" for preset in known)
    raise ValueError(f"--preset must be one of {names}, got {name!r}")
