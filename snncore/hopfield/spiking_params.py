"""Parameters of the spiking memory: its time, its synapses, and what it takes by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from snncore.params import Params, choice, flag, integer, number

MIN_STEPS = 8
# What 0 stands for. Grey levels are read from spike rates, so most of the time is for reading.
BY_MODE: dict[str, dict[str, float]] = {
    "binary": {"time_steps": 32, "integration": 0.5, "urgency": 0.75},
    "grey": {"time_steps": 60, "integration": 0.25, "urgency": 0.4},
}


@dataclass(frozen=True)
class SpikingParams(Params):
    """The spiking memory's time and synapses; time in simulation steps, voltage threshold 1."""

    time_steps: int = integer(
        0,
        0,
        400,
        "How long the network runs, T; 0 takes 32 for black and white and 60 for grey and colour.",
        unit="steps",
        step=4,
        label="Time",
    )
    rate: float = number(
        0.5,
        0.0,
        1.0,
        "Spikes per step that reach a pixel's cells from the probe (black and white).",
        step=0.05,
        lo_open=True,
        label="Input rate",
    )
    drive: str = choice(
        "regular",
        ("regular", "random"),
        "Whether input spikes come at even intervals or at random (black and white).",
        label="Input spikes",
    )
    integration: float = number(
        0.0,
        0.0,
        1.0,
        "Share of the time in which a memory unit gathers evidence from an ordinary probe; 0: by "
        "the kind of picture.",
        step=0.05,
        label="Integration time",
    )
    urgency: float = number(
        0.0,
        0.0,
        1.0,
        "Share of the time by which rising urgency makes the leading unit fire; 0: by the kind of "
        "picture, 1: only at the very end.",
        step=0.05,
        label="Deadline",
    )
    w_in: float = number(
        1.2,
        0.1,
        10.0,
        "Synapse from the probe to its pixel's cells (black and white).",
        step=0.1,
        label="w_in",
    )
    w_feedback: float = number(
        3.0,
        0.0,
        10.0,
        "Synapse from a memory unit to the pixels (black and white; 1 for grey and colour).",
        step=0.1,
        label="w_fb",
    )
    w_inhibition: float = number(
        1.0, 0.0, 10.0, "Inhibition of the other memory units.", step=0.1, label="w_inh"
    )
    decay: float = number(
        0.5,
        0.0,
        1.0,
        "Membrane decay β per step of the visible cells (black and white; 1 for grey and colour).",
        step=0.05,
        label="β visible",
    )
    hard: bool = flag(
        True, "Only the highest memory unit may fire in a step.", label="Strict winner-take-all"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.time_steps < MIN_STEPS:
            raise ValueError(
                f"time_steps must be 0 (by the kind of picture) or >= {MIN_STEPS} steps, "
                f"got {self.time_steps}"
            )

    def by_mode(self, mode: str) -> Self:
        """The same with numbers in place of zeros, for pictures "binary", "grey" or "rgb"."""
        wanted = BY_MODE["binary" if mode == "binary" else "grey"]
        zeros = {name: value for name, value in wanted.items() if not getattr(self, name)}
        return self.from_dict({**self.to_dict(), **zeros})

    def steps(self, mode: str) -> int:
        """T for pictures of this mode."""
        return self.by_mode(mode).time_steps
