"""Poisson codes: spikes at random moments, independent of each other."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
