"""Settings worth seeing, each with one sentence of what to notice."""

from __future__ import annotations

from snncore.playground.presets import adex, integrate_and_fire, izhikevich, nerve
from snncore.playground.presets.preset import Preset

PRESETS: dict[str, Preset] = {
    **integrate_and_fire.PRESETS,
    **adex.PRESETS,
    **izhikevich.PRESETS,
    **nerve.PRESETS,
}

__all__ = ["PRESETS", "Preset"]
