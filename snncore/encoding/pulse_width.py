"""Pulse width modulation: a crossing of the signal with a sawtooth."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
