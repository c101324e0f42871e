"""Time encoding: integrate and fire, read back exactly."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
