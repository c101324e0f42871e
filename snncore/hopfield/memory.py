"""What every rate memory offers to the dynamics and the instruments: a field and an energy.

A memory never holds an N×N matrix: `field` costs O(B·P·N), `energy` at most the same.
"""

from __future__ import annotations

from typing import Protocol

import torch

Tensor = torch.Tensor


class Memory(Protocol):
    """Stored pictures behind one rule; states are float32 [B, N]."""

    @property
    def rule(self) -> str:
        """Its name in `RULES`."""

    @property
    def graded(self) -> bool:
        """Whether states are real numbers (modern) and not ±1."""

    def field(self, states: Tensor) -> Tensor:
        """h [B, N]: a synchronous step of a ±1 memory is sgn(h); of a graded one h itself."""

    def energy(self, states: Tensor) -> Tensor:
        """E [B], which asynchronous updates at T = 0 never raise."""
