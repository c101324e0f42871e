"""One neuron on the bench: run it, measure it, hold the result against theory.

The page "LIF Playground" and `python -m snncore lif` are two views of these functions.
"""

from __future__ import annotations

from snncore.playground.bench import PRESETS, Bench
from snncore.playground.curves import FICurve, Population, PopulationParams, fi_curve, population
from snncore.playground.script import numpy_script
from snncore.playground.single import Run, Summary, play, theory_rates

__all__ = [
    "PRESETS",
    "Bench",
    "FICurve",
    "Population",
    "PopulationParams",
    "Run",
    "Summary",
    "fi_curve",
    "numpy_script",
    "play",
    "population",
    "theory_rates",
]
