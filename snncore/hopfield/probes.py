"""What a memory is asked with: damaged pictures, and which of their pixels are known at all."""

from __future__ import annotations

from typing import NamedTuple

import torch

Tensor = torch.Tensor
UNKNOWN_BINARY, UNKNOWN_GREY = 0.0, 0.5  # what an unknown pixel is filled with


class Probes(NamedTuple):
    """B damaged pictures of N numbers."""

    values: Tensor  # float32 [B, N]; ±1 coded for binary, 0..1 for grey and rgb (noise may exceed)
    known: Tensor  # bool [B, N]; where False the value is the filling and says nothing

    def to(self, device: torch.device) -> Probes:
        """The same probes on `device`."""
        return Probes(self.values.to(device), self.known.to(device))
