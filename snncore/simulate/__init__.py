"""Run neurons over time: a current [T, B, N] in, voltages, spikes and spike times out."""

from __future__ import annotations

from snncore.simulate.lif import run_lif
from snncore.simulate.many import Many, many
from snncore.simulate.models import run
from snncore.simulate.trace import MAX_STEPS, RunParams, SpikeEvents, Trace

__all__ = ["MAX_STEPS", "Many", "RunParams", "SpikeEvents", "Trace", "many", "run", "run_lif"]
