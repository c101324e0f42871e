"""Everything that a run needs in one flat parameter set: what a link or a preset carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from snncore.neurons import LIFParams
from snncore.params import Params
from snncore.playground.curves import PopulationParams
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams

P = TypeVar("P", bound=Params)


@dataclass(frozen=True)
class Bench(LIFParams, StimulusParams, RunParams, PopulationParams):
    """Neuron, stimulus, run and population; their field names are distinct."""

    def part(self, cls: type[P]) -> P:
        """The values that belong to `cls`, one of the four."""
        return cls(**{name: getattr(self, name) for name in cls.specs()})

    @classmethod
    def of(cls, *parts: Params) -> Bench:
        """The inverse of `part`: several sets joined, what is missing at its default."""
        return cls.from_dict({name: value for p in parts for name, value in p.to_dict().items()})


PRESETS: dict[str, Bench] = {
    "Tonic": Bench(),
    "Rheobase": Bench(current=2.02, duration=1000),
    "Step": Bench(current=1.0, step_current=1.8, step_on=100, step_off=400),
    "Sine": Bench(current=1.8, amplitude=1.2, frequency_hz=4, duration=1000),
    "Noisy": Bench(current=2.3, sigma_v=2, duration=1000),
    "Fluctuations": Bench(current=1.4, sigma_v=4, duration=2000),
    # 1.5·(1 + sin) nA into 100 MΩ with noise: a demo often met on the web. It drives the neuron
    # ten times over its threshold, hence the unphysiological 0.7 kHz.
    "1.5 nA demo": Bench(
        tau_m=10,
        r_m=100,
        v_rest=-65,
        v_reset=-70,
        v_th=-50,
        t_ref=0,
        current=1.5,
        amplitude=1.5,
        frequency_hz=10,
        sigma_v=1.4,
        duration=100,
    ),
}
