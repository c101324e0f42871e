"""What a memory is asked with: damaged pictures, and which of their pixels are known at all."""

from __future__ import annotations

from typing import NamedTuple

import torch

Tensor = torch.Tensor
UNKNOWN_BINARY, UNKNOWN_GREY = 0.0, 0.5  # what an unknown pixel is filled with


def unknown_value(mode: str) -> float:
    """The filling of unknown pixels: the middle of the scale of `mode`."""
    return UNKNOWN_BINARY if mode == "binary" else UNKNOWN_GREY


class Probes(NamedTuple):
    """B damaged pictures of N numbers."""

    values: Tensor  # float32 [B, N]; ±1 coded for binary, 0..1 for grey and rgb (noise may exceed)
    known: Tensor  # bool [B, N]; where False the value is the filling and says nothing
    painted: Tensor | None = None  # bool [B, N]: painted over; for the bound, never for a network

    def to(self, device: torch.device) -> Probes:
        """The same probes on `device`."""
        painted = self.painted if self.painted is None else self.painted.to(device)
        return Probes(self.values.to(device), self.known.to(device), painted)

    def rows(self, index: slice | Tensor) -> Probes:
        """Some of the probes, with everything that belongs to them."""
        painted = self.painted if self.painted is None else self.painted[index]
        return Probes(self.values[index], self.known[index], painted)
