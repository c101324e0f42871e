"""Everything that a run needs: which neuron, its parameters, its drive, how long and how fine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from snncore import simulate
from snncore.neurons import MODELS, LIFParams, Membrane, Model
from snncore.params import Params
from snncore.simulate import RunParams, Trace
from snncore.stimuli import Recording, StimulusParams, Waveform, drive

Tensor = torch.Tensor


@dataclass(frozen=True)
class Setup:
    """One run: hashable, comparable, and a plain dictionary on request."""

    model: str = "lif"
    neuron: Params = field(default_factory=LIFParams)  # of the class that the model asks for
    stimulus: StimulusParams = field(default_factory=StimulusParams)
    run: RunParams = field(default_factory=RunParams)

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model must be one of {', '.join(MODELS)}, got {self.model!r}")
        wanted = MODELS[self.model].params
        if type(self.neuron) is not wanted:
            raise ValueError(
                f"neuron must be {wanted.__name__} for model {self.model}, got "
                f"{type(self.neuron).__name__}"
            )

    @property
    def kind(self) -> Model:
        """The model's description."""
        return MODELS[self.model]

    @property
    def membrane(self) -> Membrane | None:
        """The passive membrane in terms of which noise is specified; None where there is none."""
        return self.kind.membrane(self.neuron)

    @property
    def pieces(self) -> int:
        """Into how many pieces the model cuts a step: what a step costs."""
        longest = self.kind.longest_step
        return 1 if longest is None else math.ceil(self.run.dt / float(longest(self.neuron)))

    def drive(
        self, recording: Recording | None = None, n_steps: int | None = None, **how: Any
    ) -> Tensor:
        """The current in nA [T, B, N]; `how` as for `stimuli.drive` (samples, trial, ...).

        Its first steps are those of the run, whatever `n_steps` is.
        """
        steps = self.run.n_steps if n_steps is None else n_steps
        run = self.run
        return drive(
            self.stimulus, self.membrane, steps, run.dt, seed=run.seed, recording=recording,
            duration=run.n_steps * run.dt, **how,
        )  # fmt: skip

    def waveform(self, recording: Recording | None = None, n_steps: int | None = None) -> Waveform:
        """The deterministic part of the current in nA, float64 [T]."""
        run = self.run
        steps = run.n_steps if n_steps is None else n_steps
        return self.stimulus.waveform(steps, run.dt, recording, duration=run.n_steps * run.dt)

    def simulate(self, current: Tensor) -> Trace:
        """Run the neuron, or B × N of it, under `current` nA [T, B, N]."""
        return simulate.run(self.model, current, self.neuron, self.run.dt)

    @classmethod
    def of(cls, model: str = "lif", **values: Any) -> Setup:
        """A setup from flat field names, each given to the part that has it.

        Raises:
            ValueError: an unknown model, an unknown name, or a value out of range.
        """
        if model not in MODELS:
            raise ValueError(f"model must be one of {', '.join(MODELS)}, got {model!r}")
        parts: tuple[type[Params], ...] = (MODELS[model].params, StimulusParams, RunParams)
        given = [{n: v for n, v in values.items() if n in part.specs()} for part in parts]
        unknown = set(values) - {name for part in given for name in part}
        if unknown:
            raise ValueError(f"model {model} has no parameter {', '.join(sorted(unknown))}")
        return cls(model, parts[0](**given[0]), StimulusParams(**given[1]), RunParams(**given[2]))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the model and, of each part, what differs from its defaults."""
        return {
            "model": self.model,
            **self.neuron.changed(),
            **self.stimulus.changed(),
            **self.run.changed(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Setup:
        """The inverse of `to_dict`; raises ValueError as `of` does."""
        return cls.of(**values)
