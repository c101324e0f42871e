"""What every rate memory offers to the dynamics and the instruments: a field and an energy.

A memory never holds an N×N matrix: a field costs O(B·P·N), and the energy comes with it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

Tensor = torch.Tensor


class View(NamedTuple):
    """What B states look like to a memory."""

    field: Tensor  # float32 [B, N]
    energy: Tensor  # float32 [B]


class Memory(Protocol):
    """Stored pictures behind one rule; states are float32 [B, N]."""

    @property
    def rule(self) -> str:
        """Its name in `RATE_RULES`."""

    @property
    def graded(self) -> bool:
        """Whether states are real numbers (modern) and not ±1."""

    @property
    def pixels(self) -> int:
        """N, the numbers of a state."""

    @property
    def memory_bytes(self) -> int:
        """Size of all numbers that the memory holds."""

    def begin(self, values: Tensor, known: Tensor) -> Tensor:
        """The states from which a recall starts: what is known, and a filling elsewhere."""

    def look(self, states: Tensor, known: Tensor | None = None) -> View:
        """Field and energy together, for the price of one.

        `known` [B, N] says which pixels of the states may be believed (None: all of them). Only a
        graded memory needs it; to a ±1 memory an unknown pixel is a state of 0.
        """

    def field(self, states: Tensor) -> Tensor:
        """h [B, N]: a synchronous step of a ±1 memory is sgn(h); of a graded one h itself."""

    def energy(self, states: Tensor) -> Tensor:
        """E [B], which asynchronous updates at T = 0 never raise.

        That holds for states within -1..1. A start beyond, by Gaussian noise, may lie lower than
        what the first sweep makes of it; from then on no energy rises.
        """

    def sweep(
        self,
        states: NDArray[np.float32],
        orders: NDArray[np.int32],
        noise: NDArray[np.float32] | None,
    ) -> NDArray[np.int64]:
        """Visit every pixel of every state once, in `orders` [B, N], on the CPU.

        Changes `states` [B, N] in place: s_i ← sgn(h_i + noise_i), unchanged where that is 0.
        Returns how many pixels of each state changed, [B].
        """
