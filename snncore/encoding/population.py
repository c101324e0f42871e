"""Population codes: Gaussian receptive fields share each value out among several neurons."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
