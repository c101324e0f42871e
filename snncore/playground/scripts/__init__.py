"""Runs as programs of their own: with numpy alone, and the equivalent in snnTorch."""

from __future__ import annotations

from snncore.playground.scripts.current import recording_csv
from snncore.playground.scripts.numpy_program import numpy_script
from snncore.playground.scripts.snntorch_program import check_snntorch, snntorch_script

__all__ = ["check_snntorch", "numpy_script", "recording_csv", "snntorch_script"]
