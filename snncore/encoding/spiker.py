"""Codes by deconvolution: Ben's spiker and the Hough spiker."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
