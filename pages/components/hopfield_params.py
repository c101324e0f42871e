"""Everything that the Hopfield page's controls decide, and the engine's question that it makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from snncore import datasets
from snncore.hopfield import NoiseParams, PatternParams, SpikingParams
from snncore.hopfield.attractor_params import AttractorParams
from snncore.params import Params, Spec, integer, number
from snncore.recall_lab import RANDOM, Ask, Picture, RecallParams, default_source

KEY = "hop"
FIRST_SET = "skimage"  # what the page opens with
SETS = (*datasets.NAMES, RANDOM)
MAX_CELLS = 1 << 23  # pictures asked × numbers of each: what one run of the page may hold
_COUNTS = {"skimage": 4, "icons": 12, "signs": 12, "letters": 26, "gtsrb": 43, RANDOM: 20}
_SIZES = {"skimage": 128, "digits": 8, "mnist": 28, "fashion": 28, RANDOM: 32}


def _like(cls: type[Params], name: str, default: Any = None, **changes: Any) -> Any:
    """A field described as in the engine, with another default or a narrower range."""
    spec: Spec = dataclasses.replace(cls.specs()[name], **changes)
    value = getattr(cls(), name) if default is None else default
    return dataclasses.field(default=value, metadata={"spec": spec})


# Fields that the two spiking memories read.
SPIKING = ("time_steps", "hard", "rate", "drive", "integration", "urgency")
ATTRACTOR = ("couplings", "time_steps", "cue", "rate", "drive")


@dataclass(frozen=True)
class PageParams(Params):
    """What is stored, what happens to it, who recalls, and how.

    The defaults are those of the four photographs; `suited` gives those of another set.
    """

    dataset: str = dataclasses.field(
        default=FIRST_SET,
        metadata={
            "spec": Spec(
                "choice",
                "Where the stored pictures come from.",
                options=SETS,
                label="Pictures",
            )
        },
    )
    count: int = _like(PatternParams, "count", 4, lo=1, hi=10_000, label="How many are stored")
    offset: int = _like(PatternParams, "offset", 0, hi=60_000, label="Begin at")
    size: int = _like(
        PatternParams,
        "size",
        128,
        lo=8,
        hi=256,
        step=4,
        label="Size",
        help="Longest side to which the pictures are shrunk or enlarged.",
    )
    mode: str = _like(PatternParams, "mode", label="Pixels")
    threshold: str = _like(PatternParams, "threshold")
    pick: str = _like(PatternParams, "pick", "first")
    kind: str = _like(NoiseParams, "kind", label="Damage")
    share: float = number(
        0.3, 0.0, 1.0, "How much: a share of the picture.", step=0.01, label="Strength"
    )
    sigma: float = number(
        1.0,
        0.0,
        10.0,
        "Standard deviation of the noise. Black and white are 2 apart in a black-and-white "
        "picture, 1 in a grey one.",
        step=0.05,
        label="Strength σ",
    )
    place: str = _like(NoiseParams, "place")
    paint: str = _like(NoiseParams, "paint")
    rule: str = _like(RecallParams, "rule", label="Memory")
    diagonal: float = _like(RecallParams, "diagonal")
    degree: int = _like(RecallParams, "degree")
    centred: bool = _like(RecallParams, "centred")
    form: str = _like(RecallParams, "form")
    beta: float = _like(RecallParams, "beta")
    update: str = _like(RecallParams, "update")
    steps: int = _like(RecallParams, "steps", hi=100)
    temperature: float = _like(RecallParams, "temperature")
    block: float = _like(RecallParams, "block")
    time_steps: int = _like(SpikingParams, "time_steps", step=8, hi=400, label="Time, 0: as usual")
    hard: bool = _like(SpikingParams, "hard")
    rate: float = _like(SpikingParams, "rate")
    drive: str = _like(SpikingParams, "drive")
    integration: float = _like(SpikingParams, "integration")
    urgency: float = _like(SpikingParams, "urgency")
    couplings: str = _like(AttractorParams, "rule")
    cue: float = _like(AttractorParams, "cue")
    draws: int = integer(1, 1, 5, "How often each picture is damaged and asked for.", label="Draws")
    seed: int = integer(
        0, 0, 99_999, "Fixes every random draw; another seed, another damage.", label="Seed"
    )

    def noise(self) -> NoiseParams:
        """The damage, in the engine's words."""
        strength = self.sigma if self.kind == "gaussian" else self.share
        return NoiseParams(kind=self.kind, strength=strength, place=self.place, paint=self.paint)

    def ask(
        self,
        own: tuple[Picture, ...] = (),
        *,
        chosen: tuple[int, ...] = (),
        drawing: Picture | None = None,
        distinct: bool = False,
    ) -> Ask:
        """The whole question to the engine."""
        recall = {name: getattr(self, name) for name in RecallParams.specs()}
        spiking = {name: getattr(self, name) for name in SPIKING}
        attractor: dict[str, Any] = {
            "rule": self.couplings, "cue": self.cue, "rate": self.rate, "drive": self.drive
        }  # fmt: skip
        if self.time_steps:
            attractor["time_steps"] = self.time_steps
        return Ask(
            dataset=self.dataset,
            split=default_source(self.dataset).split,
            patterns=PatternParams(
                count=self.count,
                offset=self.offset,
                size=self.size,
                mode=self.mode,
                threshold=self.threshold,
                pick=self.pick,
            ),
            noise=self.noise(),
            recall=RecallParams(**recall),
            spiking=SpikingParams(**spiking),
            attractor=AttractorParams(**attractor),
            seed=self.seed,
            draws=self.draws,
            own=own,
            chosen=chosen,
            drawing=drawing,
            distinct=distinct,
        )


@lru_cache(maxsize=32)
def suited(dataset: str) -> PageParams:
    """What the page shows first of a data set: a few of its pictures, as large as they are good."""
    first = PageParams()
    if dataset == FIRST_SET:
        return first
    source = default_source(dataset)
    return dataclasses.replace(
        first,
        dataset=dataset,
        count=_COUNTS.get(dataset, 10),
        size=_SIZES.get(dataset, 64),
        pick=source.pick,
    )
