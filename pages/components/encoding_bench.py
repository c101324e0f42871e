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
    def recipe(self) -> Recipe:
        """The bench without its spikes."""
        channels = tuple((slot.letter, slot.channel) for slot in self.slots)
        return Recipe(
            self.what, self.values, channels, self.seed, self.sample, self.identity, self.dark
        )

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture, not a signal."""
        return self.values.ndim == 2


class Recipe(NamedTuple):
    """All that decides a bench: what the session may keep for a file that is asked for later.

    Streamlit holds the functions behind download buttons and charts that redraw themselves until
    the session ends. The spikes are up to a thousand times larger than the input, and encoding
    again gives the same ones.
    """

    what: str
    values: NDArray[np.float32]
    channels: tuple[tuple[str, Channel], ...]  # with the letters of the slots
    seed: int
    sample: int
    identity: str
    dark: bool

    def slot(self, letter: str) -> Slot:
        """One code, sent again."""
        channel = dict(self.channels)[letter]
        return Slot(
            letter, channel, channel.send(self.values, seed=self.seed, first_sample=self.sample)
        )

    def bench(self) -> Bench:
        """All codes, sent again."""
        slots = tuple(self.slot(letter) for letter, _ in self.channels)
        return Bench(
            self.what, self.values, slots, self.seed, self.sample, self.identity, self.dark
        )
