"""What the panels of the Spike Encoding page hand to the sections below them: one bench."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.transmission import Channel, Sent


class Slot(NamedTuple):
    """One of the codes that stand side by side."""

    letter: str  # "A", "B", "C"
    channel: Channel
    sent: Sent


class Bench(NamedTuple):
    """A picture [H, W] or a signal [T] through the chosen codes."""

    what: str  # words for a caption, e.g. "camera"
    values: NDArray[np.float32]
    slots: tuple[Slot, ...]
    seed: int
    sample: int  # number of the picture in its set, which its random spikes depend on
    identity: str  # digest of the values: equal for equal input, also of uploads
    dark: bool

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, not a signal."""
        return self.values.ndim == 2
