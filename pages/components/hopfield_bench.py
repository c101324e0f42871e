"""What the Hopfield page hands to its panels and sections: one question with its answer."""

from __future__ import annotations

from typing import NamedTuple

from snncore.recall_lab import Answer, Ask


class RecallBench(NamedTuple):
    """A finished recall, and which of its probes the panels look at.

    Streamlit holds the functions behind download buttons and fragments until the session ends:
    they may hold `ask`, which is small and makes the same answer again, but never `answer`.
    """

    ask: Ask
    answer: Answer
    identity: str  # digest of the ask: equal for equal work, also of own pictures
    seed: int
    dark: bool
    which: int  # number of the probe, 0..B-1
    own: bool  # whether a visitor's own pictures or drawing are in it

    @property
    def rule(self) -> str:
        """Name of the memory in `RULES`."""
        return self.ask.recall.rule

    @property
    def mode(self) -> str:
        """Of the pictures: "binary", "grey" or "rgb"."""
        return self.answer.patterns.mode

    @property
    def target(self) -> int:
        """Number of the stored picture that the probe was made from."""
        return int(self.answer.result.targets[self.which])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the stored pictures."""
        return self.answer.patterns.names
