"""The Hopfield page's parameters, presets and cached engine calls."""

from __future__ import annotations

import dataclasses
import io
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from snncore import datasets
from snncore.datasets.files import read_image
from snncore.hopfield import (
    RULES,
    Answer,
    NoiseParams,
    PatternParams,
    RecallParams,
    SpikingParams,
    experiment,
    film,
    fit,
    make_patterns,
    with_own,
)
from snncore.params import Params, Spec, choice, integer, number

OWN_SIDE, MAX_OWN = 64, 8
FILM = 7  # pictures of a strip


def _like(cls: type[Params], name: str, default: Any = None, **changes: Any) -> Any:
    """A field described as in the engine, with another default or a narrower range."""
    spec: Spec = dataclasses.replace(cls.specs()[name], **changes)
    value = getattr(cls(), name) if default is None else default
    return dataclasses.field(default=value, metadata={"spec": spec})


@dataclass(frozen=True)
class PageParams(Params):
    """Everything that the page's controls decide; ranges keep a recall well under 300 ms."""

    dataset: str = choice(
        "icons", datasets.NAMES, "Where the stored pictures come from.", label="Pictures"
    )
    count: int = _like(PatternParams, "count", 8, lo=1, hi=40, label="How many")
    size: int = _like(PatternParams, "size", 64, lo=16, hi=64, step=8)
    threshold: str = _like(PatternParams, "threshold")
    kind: str = _like(NoiseParams, "kind", label="Kind")
    share: float = number(
        0.3, 0.0, 1.0, "Share of the pixels or rows concerned.", step=0.05, label="Strength"
    )
    sigma: float = number(
        1.0,
        0.0,
        5.0,
        "Standard deviation of the grey noise; black and white are 2 apart.",
        step=0.1,
        label="Strength σ",
    )
    rule: str = _like(RecallParams, "rule")
    update: str = _like(RecallParams, "update")
    steps: int = _like(RecallParams, "steps", hi=50)
    diagonal: float = _like(RecallParams, "diagonal")
    beta: float = _like(RecallParams, "beta", hi=1.0)
    time_steps: int = _like(SpikingParams, "time_steps", hi=60)
    rate: float = _like(SpikingParams, "rate")
    seed: int = integer(0, 0, 99_999, "Another seed is another draw of the noise.", label="Seed")

    def noise(self) -> NoiseParams:
        """The damage, in the engine's words."""
        gaussian = self.kind == "gaussian"
        return NoiseParams(self.kind, self.sigma if gaussian else self.share)

    def memory(self, rule: str = "") -> RecallParams:
        """The memory, or another rule with the same settings."""
        return RecallParams(rule or self.rule, self.update, self.steps, self.diagonal, self.beta)

    def spiking(self) -> SpikingParams:
        """The spiking memory's settings."""
        return SpikingParams(time_steps=self.time_steps, rate=self.rate)

    def command(self) -> str:
        """The command line that computes the same."""
        parts = [f"--dataset {self.dataset}", f"--count {self.count}", f"--rule {self.rule}"]
        parts.append(f"--noise {self.noise().to_text()}")
        defaults: dict[str, Any] = {**RecallParams().to_dict(), **SpikingParams().to_dict()}
        defaults |= {"size": PatternParams().size, "threshold": PatternParams().threshold}
        for name in ("size", "threshold", *RULE_CONTROLS[self.rule]):
            value = getattr(self, name)
            if value != defaults[name]:
                parts.append(f"--{name.replace('_', '-')} {value:g}")
        return "python -m snncore recall " + " ".join([*parts, f"--seed {self.seed}"])


RULE_CONTROLS: dict[str, tuple[str, ...]] = {
    "hebb": ("update", "steps"),
    "pseudo-inverse": ("update", "steps", "diagonal"),
    "modern": ("steps", "beta"),
    "spiking": ("time_steps", "rate"),
}
PRESETS = {
    "Why Hebb fails": PageParams(share=0.1, rule="hebb"),
    "Photographs": PageParams(dataset="skimage", count=4),
    "Half hidden": PageParams(dataset="signs", count=12, kind="occlude", share=0.5),
    "Painted black": PageParams(
        dataset="signs", count=12, kind="black", share=0.5, rule="pseudo-inverse"
    ),
    "Too few pixels": PageParams(dataset="digits", count=10, share=0.35),
}


class Score(NamedTuple):
    """One row of the comparison."""

    memory: str
    pixels: float
    exact: float
    steps: str


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def read_own(data: bytes) -> bytes:
    """An uploaded PNG or JPEG as 64×64 grey levels."""
    return fit(read_image(data), (OWN_SIDE, OWN_SIDE)).tobytes()


def _recall(p: PageParams, own: tuple[bytes, ...], rule: str) -> Answer:
    pictures = datasets.load(p.dataset)
    chosen = make_patterns(
        pictures.images,
        pictures.labels,
        pictures.class_names,
        PatternParams(count=p.count, size=p.size, threshold=p.threshold),
    )
    side = (OWN_SIDE, OWN_SIDE)
    mine = [np.frombuffer(data, dtype=np.uint8).reshape(side) for data in own]
    return experiment(
        with_own(chosen, mine, p.threshold), p.noise(), p.memory(rule), p.spiking(), seed=p.seed
    )


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def run(p: PageParams, own: tuple[bytes, ...]) -> Answer:
    """Store, damage, recall; raises DatasetMissing where the pictures are not here."""
    return _recall(p, own, p.rule)


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def compare(p: PageParams, own: tuple[bytes, ...]) -> list[Score]:
    """All memories on the same probes, then the bound and the baselines."""
    answers = {rule: _recall(p, own, rule) for rule in RULES}
    rows = [
        Score(rule, a.result.pixel_accuracy, a.result.exact_fraction, str(a.result.steps))
        for rule, a in answers.items()
    ]
    any_answer = answers["spiking"]
    r = any_answer.result
    rows.append(Score("best possible", r.bound_pixel_accuracy, r.bound_exact_fraction, "–"))
    rows.append(Score("damaged input as it is", r.probe_pixel_accuracy, any_answer.untouched, "–"))
    rows.append(Score("one blank picture", r.background_pixel_accuracy, 0.0, "–"))
    return rows


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def moments(
    p: PageParams, own: tuple[bytes, ...], which: int
) -> list[tuple[int, NDArray[np.float32]]]:
    """The way of picture `which` in at most `FILM` pictures: (step, states [N])."""
    return film(run(p, own), which, p.memory(), p.spiking(), seed=p.seed, count=FILM)


def npz(answer: Answer) -> bytes:
    """Stored, damaged and recalled pictures with their scores, for NumPy."""
    buffer = io.BytesIO()
    shape = answer.patterns.shape
    np.savez_compressed(
        buffer,
        patterns=answer.patterns.states.numpy().reshape(-1, *shape),
        probes=answer.probes.numpy().reshape(-1, *shape),
        recalled=answer.result.recalled.numpy().reshape(-1, *shape),
        pixel_accuracy=answer.result.pixels.numpy(),
        names=np.array(answer.patterns.names),
    )
    return buffer.getvalue()
