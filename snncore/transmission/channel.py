"""A channel: one spike code with its parameters, fitted to a picture or to a signal.

Every code carries pictures and signals, each in the way that suits it:

                     picture [H, W]                           signal [T]
    intensity code   each pixel its own neuron for T steps    each window of W steps its mean value
    picture code     the whole picture, T steps               (not possible)
    signal code      a line camera: the picture moves past    each sample as it comes
                     H sensors, the signal of each its row

A value is always one entry of `values` [S, N]: N pixels of S pictures, or N = T samples of one
signal (S = 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import encoding
from snncore.encoding import Code
from snncore.params import Params

Tensor = torch.Tensor
Spikes = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.int8]

MAX_CELLS = 1 << 28  # T·S·M of one transmission: a quarter of a gigabyte


class Sent(NamedTuple):
    """What went in, the spikes, and what was read back; numpy arrays on the CPU.

    values float32 [S, N]; spikes bool, uint8 or int8 [T, S, M] (M neurons); decoded float32 [S, N].
    `seed` and `first_sample` are those that made the spikes; `seed` is None where the spikes were
    changed on the way, so that no encoder can repeat them.
    """

    values: NDArray[np.float32]
    spikes: Spikes
    decoded: NDArray[np.float32]
    seed: int | None = None
    first_sample: int = 0


def check_cells(cells: int, cure: str) -> None:
    """Raise ValueError if T·S·M is more than `MAX_CELLS`."""
    if cells > MAX_CELLS:
        raise ValueError(f"steps × neurons must be <= {MAX_CELLS:,}, got {cells:,}; {cure}")


@dataclass(frozen=True)
class Channel:
    """One code at work. Hashes and compares by value: a key for caches.

    Attributes:
        code: name in `encoding.CODES`.
        params: its parameters.
        n_steps: T, length of the spike trains.
        shape: (H, W) of a picture; None for a signal of T samples.
        window: steps per value, where an intensity code carries a signal.
    """

    code: str
    params: Params
    n_steps: int
    shape: tuple[int, int] | None = None
    window: int = 20

    def __post_init__(self) -> None:
        kind = self.kind
        if not isinstance(self.params, kind.params):
            raise ValueError(
                f"code {self.code} takes {kind.params.__name__}, got {type(self.params).__name__}"
            )
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be >= 1, got {self.n_steps}")
        if self.shape is None and kind.kind == "picture":
            raise ValueError(f"code {self.code} encodes pictures, not a signal")
        windowed = self.shape is None and kind.kind == "intensity"
        if windowed and not 1 <= self.window <= self.n_steps:
            raise ValueError(
                f"window must be in 1..{self.n_steps} steps, the length of the signal, "
                f"got {self.window}"
            )
        if self.shape is not None and kind.kind == "signal" and self.n_steps < self.shape[1]:
            raise ValueError(
                f"n_steps must be >= {self.shape[1]}, a step for each column that moves past, "
                f"got {self.n_steps}; use more steps or a smaller picture"
            )

    @property
    def kind(self) -> Code:
        """The registry's entry."""
        return encoding.get_code(self.code)

    @property
    def n_values(self) -> int:
        """N: pixels of the picture, or samples of the signal."""
        return self.n_steps if self.shape is None else self.shape[0] * self.shape[1]

    @property
    def n_neurons(self) -> int:
        """M: neurons that carry one picture or the signal."""
        if self.kind.kind == "signal":
            return 1 if self.shape is None else self.shape[0]
        values = 1 if self.shape is None else self.n_values
        return values * self.kind.spread(self.params)

    def encode(self, values: Tensor, *, seed: int = 0, samples: Tensor | None = None) -> Tensor:
        """Spikes [T, S, M] of values [S, N], on their device.

        Raises:
            ValueError: a wrong shape, values that the code refuses, or more than `MAX_CELLS`.
        """
        code, params = self.kind, self.params
        self._check(values)
        if code.kind == "signal":
            return code.encode(self._as_signal(values), params, seed=seed, samples=samples)
        if self.shape is None:
            return self._encode_windows(values, seed)
        if code.kind == "picture":
            values = values.view(len(values), *self.shape)
        return code.encode(values, params, n_steps=self.n_steps, seed=seed, samples=samples)

    def decode(self, spikes: Tensor, values: Tensor) -> Tensor:
        """Values read back, float32 [S, N], from spikes [T, S, M].

        Args:
            spikes: as `encode` gave them, or changed on the way.
            values: what was sent; only the header of a signal code is taken from it.
        """
        code, params = self.kind, self.params
        if code.kind == "signal":
            header = code.header(self._as_signal(values), params)
            return self._from_signal(code.decode(spikes, params, header))
        if self.shape is None:
            return self._decode_windows(spikes)
        if code.kind == "picture":
            return code.decode(spikes, params, self.shape)
        return code.decode(spikes, params)

    def decode_until(self, spikes: Tensor, values: Tensor, step: int) -> Tensor:
        """What a decoder knows after the first `step` ≥ 1 steps: float32 [S, N]."""
        code = self.kind
        if code.kind != "signal" and self.shape is not None and code.partial == "cut":
            return self.decode(spikes[:step], values)
        masked = spikes.clone()
        masked[step:] = 0
        known = self.decode(masked, values)
        if self.shape is None or code.partial != "wait" or step >= self.n_steps:
            return known
        last = torch.zeros_like(spikes[:, :1, :1])  # one neuron that fires now
        last[step - 1] = 1
        return torch.where(masked.any(dim=0), known, code.decode(last, self.params) / 2)

    def send(
        self,
        values: NDArray[np.float32],
        *,
        seed: int = 0,
        first_sample: int = 0,
        device: torch.device | None = None,
    ) -> Sent:
        """Encode and decode pictures [S, H, W] (or [H, W]), or a signal [T] (or [1, T]).

        Args:
            first_sample: number of the first picture in its set: its spikes depend on it and on
                the seed, not on the batch.
            device: where to compute; the CPU by default.

        Raises:
            ValueError: another shape, or as `encode`.
        """
        one = (self.n_steps,) if self.shape is None else self.shape
        if values.shape != one and values.shape[1:] != one:
            what = "a signal" if self.shape is None else "pictures"
            raise ValueError(
                f"values must be {what} of shape {one}, got {values.shape}; "
                "use a channel of their shape"
            )
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1, self.n_values)
        there = torch.tensor(flat, device=device or "cpu")  # a copy: `values` may be read-only
        samples = torch.arange(first_sample, first_sample + len(flat), device=there.device)
        spikes = self.encode(there, seed=seed, samples=samples)
        back = self.decode(spikes, there)
        return Sent(flat, spikes.cpu().numpy(), back.cpu().numpy(), seed, first_sample)

    def window_means(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The means of a signal [1, T] that an intensity code sends, [1, T // window].

        The last window takes in the samples that are left over.
        """
        count = self.n_steps // self.window
        means = values[:, : count * self.window].reshape(1, count, -1).mean(axis=2)
        means[:, -1] = values[:, (count - 1) * self.window :].mean(axis=1)
        return np.clip(means, values.min(), values.max())  # rounding of the mean

    def _check(self, values: Tensor) -> None:
        if values.ndim != 2 or values.shape[1] != self.n_values:
            raise ValueError(f"values must be [S, {self.n_values}], got {tuple(values.shape)}")
        if self.shape is None and len(values) != 1:
            raise ValueError(f"one signal at a time, got {len(values)}")
        check_cells(
            self.n_steps * len(values) * self.n_neurons, "use fewer steps, pictures or pixels"
        )

    def _as_signal(self, values: Tensor) -> Tensor:
        """[T, S, M]: the signal itself, or the rows of pictures as they move past the sensors.

        Column c is met at the step (c + ½)·T/W − ½; between two of them light changes evenly.
        """
        if self.shape is None:
            return values.view(-1, 1, 1)
        height, width = self.shape
        steps = torch.arange(self.n_steps, device=values.device, dtype=torch.float32)
        place = ((steps + 0.5) * (width / self.n_steps) - 0.5).clamp(0, width - 1)
        left = place.floor().to(torch.int64).clamp_max(max(0, width - 2))
        part = (place - left).view(1, 1, -1)
        rows = values.view(-1, height, width)
        right = (left + 1).clamp_max(width - 1)
        seen = rows[:, :, left] * (1 - part) + rows[:, :, right] * part
        return seen.permute(2, 0, 1).contiguous()

    def _from_signal(self, signal: Tensor) -> Tensor:
        """[S, N] from a signal [T, S, M]: all samples, or those at which the columns are met."""
        if self.shape is None:
            return signal.view(1, -1)
        width = self.shape[1]
        at = (torch.arange(width, device=signal.device) + 0.5) * (self.n_steps / width) - 0.5
        steps = at.round().to(torch.int64).clamp(0, self.n_steps - 1)
        return signal[steps].permute(1, 2, 0).reshape(signal.shape[1], -1)

    def _encode_windows(self, values: Tensor, seed: int) -> Tensor:
        """A signal [1, T] as the mean of each window, one window after the other: [T, 1, M].

        The last window takes in the samples that are left over; they hold no spikes.
        """
        blocks = torch.from_numpy(self.window_means(values.cpu().numpy())).to(values.device)
        code = self.kind
        spikes = code.encode(blocks.view(-1, 1), self.params, n_steps=self.window, seed=seed)
        train = spikes.transpose(0, 1).reshape(blocks.numel() * self.window, 1, -1)
        tail = train.new_zeros((self.n_steps - len(train), *train.shape[1:]))
        return torch.cat((train, tail))

    def _decode_windows(self, spikes: Tensor) -> Tensor:
        count = self.n_steps // self.window
        train = spikes[: count * self.window].view(count, self.window, -1).transpose(0, 1)
        blocks = self.kind.decode(train.contiguous(), self.params)[:, 0]
        signal = blocks.repeat_interleave(self.window)
        tail = blocks[-1:].expand(self.n_steps - len(signal))
        return torch.cat((signal, tail))[None]
