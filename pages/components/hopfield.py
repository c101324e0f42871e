"""The Hopfield page's parameters, presets and cached engine calls."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.text import plain
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
    """Everything that the page's controls decide.

    The ranges bound what one run computes. At their ends (the 21 signs and 8 own pictures of 4,096
    pixels, 40 steps) on two cores: recall at most 0.2 s (spiking; the others 0.06 s), film 0.03 s,
    comparison of all memories 0.28 s.
    """

    dataset: str = choice(
        "icons", datasets.NAMES, "Where the stored pictures come from.", label="Pictures"
    )
    count: int = _like(PatternParams, "count", 8, lo=1, hi=24, label="How many")
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
    steps: int = _like(RecallParams, "steps", hi=30)
    diagonal: float = _like(RecallParams, "diagonal")
    beta: float = _like(RecallParams, "beta", hi=1.0)
    time_steps: int = _like(SpikingParams, "time_steps", hi=40)
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
                text = f"{value:g}" if isinstance(value, float) else str(value)
                parts.append(f"--{name.replace('_', '-')} {text}")
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
    "Half hidden": PageParams(dataset="signs", count=12, kind="crop", share=0.5),
    "Painted black": PageParams(
        dataset="signs", count=12, kind="occlude", share=0.5, rule="pseudo-inverse"
    ),
    "Too few pixels": PageParams(dataset="digits", count=10, share=0.35),
}


class Score(NamedTuple):
    """One row of the comparison."""

    memory: str
    pixels: float
    exact: float
    steps: str


class Upload(Protocol):
    """What this page needs of Streamlit's uploaded file."""

    @property
    def name(self) -> str: ...
    @property
    def file_id(self) -> str: ...
    def getvalue(self) -> bytes:
        """The file's content."""


class Own(NamedTuple):
    """A visitor's pictures: those that can be stored, and what is wrong with the others."""

    pictures: tuple[bytes, ...]  # 64×64 grey levels each
    refused: tuple[str, ...]  # Markdown


def read_uploads(uploads: Sequence[Upload]) -> Own:
    """The first `MAX_OWN` uploads, each read once: results stay in the session while they are up.

    A file that cannot be read is remembered with its complaint.
    """
    known: dict[str, bytes | str] = st.session_state.get("hop_own_read", {})
    read: dict[str, bytes | str] = {}
    for upload in uploads[:MAX_OWN]:
        result = known.get(upload.file_id)
        if result is None:
            try:
                grey = fit(read_image(upload.getvalue()), (OWN_SIDE, OWN_SIDE))
                result = grey.tobytes()
            except ValueError as error:
                result = f"{plain(upload.name)}: {error}"
        read[upload.file_id] = result
    st.session_state["hop_own_read"] = read
    return Own(
        tuple(r for r in read.values() if isinstance(r, bytes)),
        tuple(r for r in read.values() if isinstance(r, str)),
    )


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
    answers = {r: run(p, own) if r == p.rule else _recall(p, own, r) for r in RULES}
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
