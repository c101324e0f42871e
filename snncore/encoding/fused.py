"""The way of a signal code into its CPU kernel: [T, B, N] as the columns of one matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

Tensor = torch.Tensor


def run(
    kernel: Callable[..., None],
    signal: Tensor,
    *numbers: float | int | bool | NDArray[np.float32],
    dtype: DTypeLike = np.int8,
    eats: bool = False,
) -> Tensor:
    """Spikes [T, B, N] of a CPU signal from kernel(signal [T, M], *numbers, spikes [T, M]).

    Args:
        kernel: one of `snncore.kernels.encode_signal`.
        signal: float32 [T, B, N] on the CPU; it is left as it is.
        numbers: what the kernel needs beside it; every float becomes a float32, as in torch.
        dtype: of the spikes.
        eats: the kernel writes into its signal, so it gets a copy.
    """
    columns = signal.detach().reshape(len(signal), signal[0].numel()).contiguous().numpy()
    spikes = np.empty(columns.shape, dtype=dtype)
    given: list[Any] = [np.float32(x) if type(x) is float else x for x in numbers]
    kernel(columns.copy() if eats else columns, *given, spikes)
    return torch.from_numpy(spikes).reshape(signal.shape)
