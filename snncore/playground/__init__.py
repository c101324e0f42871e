"""One neuron on the bench: run it, measure it, hold the result against theory.

The page "LIF Playground" and `python -m snncore lif` are two views of these functions.
"""

from __future__ import annotations

from snncore.playground.curves import FICurve, fi_curve
from snncore.playground.expected import Expected, expected
from snncore.playground.population import Population, PopulationParams, population
from snncore.playground.presets import PRESETS, Preset
from snncore.playground.scripts import numpy_script, recording_csv, snntorch_script
from snncore.playground.setup import Setup
from snncore.playground.single import Run, Summary, csv_text, play

__all__ = [
    "PRESETS",
    "Expected",
    "FICurve",
    "Population",
    "PopulationParams",
    "Preset",
    "Run",
    "Setup",
    "Summary",
    "csv_text",
    "expected",
    "fi_curve",
    "numpy_script",
    "play",
    "population",
    "recording_csv",
    "snntorch_script",
]
