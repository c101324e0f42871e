"""Reading a message while it arrives: what a decoder knows after each part of the time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics
from snncore.transmission.activity import spike_counts
from snncore.transmission.channel import Channel, Sent


class Unfolding(NamedTuple):
    """F moments of one transmission, the last at its end."""

    steps: NDArray[np.int64]  # [F] how many steps had been read
    psnr_db: NDArray[np.float64]  # [F]; infinite for a perfect copy
    rmse: NDArray[np.float64]  # [F]
    spikes: NDArray[np.int64]  # [F] spikes so far
    decoded: NDArray[np.float32]  # [F, N] what was read back so far
    frames: NDArray[np.uint8] | None  # [F, H, W] the same as grey levels; None for a signal


def unfolding(channel: Channel, sent: Sent, n_frames: int = 25) -> Unfolding:
    """What is known of the first picture (or the signal) as time goes on.

    Args:
        n_frames: moments, 1..T of them are taken, evenly spaced.
    """
    if isinstance(n_frames, bool) or not isinstance(n_frames, int) or n_frames < 1:
        raise ValueError(f"n_frames must be a whole number >= 1, got {n_frames!r}")
    total = len(sent.spikes)
    count = min(n_frames, total)
    steps = np.unique((np.arange(1, count + 1) * total) // count)
    values, spikes = sent.values[:1], sent.spikes[:, :1]
    there, train = torch.tensor(values), torch.from_numpy(spikes)
    decoded = np.empty((len(steps), values.shape[1]), dtype=np.float32)
    for k, step in enumerate(steps.tolist()):
        decoded[k] = channel.decode_until(train, there, step)[0].numpy()
    so_far = np.cumsum(spike_counts(spikes.reshape(total, -1).T))
    frames = None
    if channel.shape is not None:
        frames = grey_levels(decoded).reshape(len(steps), *channel.shape)
    return Unfolding(
        steps=steps,
        psnr_db=np.array([metrics.psnr(values[0], frame) for frame in decoded]),
        rmse=np.array([metrics.rmse(values[0], frame) for frame in decoded]),
        spikes=so_far[steps - 1],
        decoded=decoded,
        frames=frames,
    )


def grey_levels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values in 0..1 as 0..255; what lies outside is shown as black or white."""
    return np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)
