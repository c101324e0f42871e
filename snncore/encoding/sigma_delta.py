"""Sigma-delta: the error made so far is carried on."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
