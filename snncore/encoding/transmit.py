"""Send pictures or a signal through a code and read them back: what a page or a command shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.encoding.code import Code
from snncore.encoding.signals import SignalParams, make_signal
from snncore.params import Params

MAX_SPIKES = 1 << 28  # cells T·S·N of one transmission: a quarter of a gigabyte


class Transmission(NamedTuple):
    """What went in, the spikes, and what was read back; numpy arrays on the CPU.

    values and decoded are float32 [S, N] for an intensity code and [T, 1, 1] for a signal code;
    spikes are bool or int8 [T, S, N].
    """

    values: NDArray[np.float32]
    spikes: NDArray[np.bool_] | NDArray[np.int8]
    decoded: NDArray[np.float32]


def fitted_size(height: int, width: int, side: int) -> tuple[int, int]:
    """(height, width) shrunk in proportion until the longer is at most `side`; never enlarged."""
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _expect(code: Code, kind: str, params: Params) -> None:
    if code.kind != kind:
        words = {"intensity": "an intensity", "signal": "a signal"}
        raise ValueError(f"code {code.name} encodes {words[code.kind]}, not {words[kind]}")
    if not isinstance(params, code.params):
        raise ValueError(
            f"code {code.name} takes {code.params.__name__}, got {type(params).__name__}"
        )


def transmit_images(
    values: NDArray[np.float32],
    code: Code,
    params: Params,
    *,
    n_steps: int,
    seed: int = 0,
    first_sample: int = 0,
    device: torch.device | None = None,
) -> Transmission:
    """Pictures float32 [S, …] in 0..1, flattened to [S, N], through an intensity code.

    Args:
        first_sample: number of the first picture in its set: its spikes depend on it and the seed.
        device: where to compute; the CPU by default.

    Raises:
        ValueError: a signal code, parameters of another code, values outside 0..1, or more than
            `MAX_SPIKES` cells.
    """
    _expect(code, "intensity", params)
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(len(values), -1)
    cells = flat.size * n_steps
    if cells > MAX_SPIKES:
        raise ValueError(
            f"steps × pixels must be <= {MAX_SPIKES:,}, got {cells:,}; "
            "use fewer steps, pictures or pixels"
        )
    samples = torch.arange(first_sample, first_sample + len(flat))
    there = torch.tensor(flat, device=device or "cpu")  # a copy: `values` may be read-only
    spikes = code.encode(there, params, n_steps=n_steps, seed=seed, samples=samples)
    return Transmission(flat, spikes.cpu().numpy(), code.decode(spikes, params).cpu().numpy())


def transmit_signal(
    signal: SignalParams, code: Code, params: Params, *, seed: int = 0
) -> Transmission:
    """A test signal through a signal code; arrays are [T, 1, 1].

    Raises:
        ValueError: an intensity code, or parameters of another code.
    """
    _expect(code, "signal", params)
    values = make_signal(signal)
    spikes = code.encode(values, params, seed=seed)
    decoded = code.decode(spikes, params, code.header(values, params))
    return Transmission(values.numpy(), spikes.numpy(), decoded.numpy())
