"""The LIF code: the value is a constant current into a leaky integrate-and-fire neuron."""

from __future__ import annotations

from snncore.encoding.code import Code

CODES: tuple[Code, ...] = ()
