"""Codes by order: who fires first, and who fires at all."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
