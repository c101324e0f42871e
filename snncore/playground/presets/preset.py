"""What a preset is."""

from __future__ import annotations

from typing import Any, NamedTuple

from snncore.playground.setup import Setup


class Preset(NamedTuple):
    """A setup, what to notice in it (one sentence), and the group under which it is listed."""

    setup: Setup
    notice: str
    group: str


def preset(model: str, group: str, notice: str, **values: Any) -> Preset:
    """A preset from the model's name and flat field names, as `Setup.of` takes them."""
    return Preset(Setup.of(model, **values), notice, group)
