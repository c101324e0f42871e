"""Codes by comparison with recent statistics: threshold-based representation, moving window."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
