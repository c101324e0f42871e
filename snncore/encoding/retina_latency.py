"""The retina as a code: ON and OFF ganglion cells, the strongest first."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
