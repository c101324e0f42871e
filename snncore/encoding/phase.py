"""Phase codes: bits of the value, or its place in the cycle of an oscillation."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
