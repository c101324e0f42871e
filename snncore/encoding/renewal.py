"""Renewal codes: intervals between spikes from a law of their own: regular, gamma."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
