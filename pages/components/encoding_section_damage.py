"""Section: what is still read when spikes come late, get lost, or are added on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.components import encoding_section_base as base
from pages.components.controls import control
from pages.components.encoding_bench import Bench, Slot
from pages.components.picture import picture
from snncore import metrics
from snncore.jobs import Progress
from snncore.params import Params, choice, integer, number
from snncore.plots.base import png, to_uint8
from snncore.plots.encoding_analysis import SlotCurve, slot_curves
from snncore.plots.encoding_signal import Lane, lanes_chart
from snncore.transmission import Curve, Sent, damaged, robustness
from snncore.transmission.activity import spike_counts

KEY = "enc_damage"
_KINDS = {"lost": "delete", "jitter": "jitter", "noise": "insert"}
_LEVELS = {
    "lost": (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9),
    "jitter": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0),
    "noise": (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
}
_TITLES = {
    "lost": "Share of the spikes lost",
    "jitter": "Jitter, standard deviation [steps]",
    "noise": "Noise spikes per spike",
}
_SEEDS = 3


@dataclass(frozen=True)
class DamageParams(Params):
    """What happens to the spikes on the way."""

    kind: str = choice(
        "lost", tuple(_KINDS),
        "lost: each spike vanishes with this probability. jitter: each moves in time. noise: "
        "spikes are added anywhere.",
        label="Damage",
    )  # fmt: skip
    lost: float = number(0.2, 0.0, 1.0, "Probability that a spike is lost.", step=0.01,
                         label="Lost")  # fmt: skip
    jitter: float = number(
        2.0, 0.0, 50.0, "Standard deviation of the Gaussian that moves each spike.", unit="steps",
        step=0.5, label="Jitter",
    )  # fmt: skip
    noise: float = number(0.2, 0.0, 2.0, "Added spikes per spike sent.", step=0.05, label="Noise")
    draw: int = integer(0, 0, 10_000, "Another number is another draw of the damage.", label="Draw")

    @property
    def level(self) -> float:
        """How much of the chosen damage."""
        return float(getattr(self, self.kind))


def harm(bench: Bench) -> None:
    """The damaged reconstruction beside the clean one, and quality against damage."""
    params = _controls()
    hurt = []
    for slot in bench.slots:
        identity = base.identity("damage", bench, [slot.channel])
        found = base.computed(
            lambda slot=slot, identity=identity: _damaged(
                identity, slot, _KINDS[params.kind], params.level, params.draw
            )
        )
        if found is not None:
            hurt.append((slot, found))
    if not hurt:
        return
    if bench.is_picture:
        for place, (slot, worse) in zip(st.columns(len(hurt), gap="medium"), hurt, strict=True):
            with place:
                _pictures(bench, slot, worse)
    else:
        _lanes(bench, hurt)
    _curve(bench, params)


def _controls() -> DamageParams:
    specs, values = DamageParams.specs(), dict(DamageParams().to_dict())
    kind_at, level_at, draw_at = st.columns([1.2, 2, 1])
    with kind_at:
        values["kind"] = control("kind", specs["kind"], values["kind"], KEY)
    level = str(values["kind"])
    with level_at:
        values[level] = control(level, specs[level], values[level], KEY)
    with draw_at:
        values["draw"] = control("draw", specs["draw"], values["draw"], KEY)
    return DamageParams(**values)  # type: ignore[arg-type]


@st.cache_data(max_entries=48, ttl=3600, max_size="32MB", show_spinner=False)
def _damaged(identity: str, _slot: Slot, kind: str, level: float, draw: int) -> Sent:
    return damaged(_slot.channel, _slot.sent, kind, level, draw)  # type: ignore[arg-type]


def _pictures(bench: Bench, slot: Slot, worse: Sent) -> None:
    """One slot: clean and damaged beside each other, and what the damage costs."""
    title = slot.channel.kind.title
    st.markdown(f"**{slot.letter} {title}**")
    left, right = st.columns(2, gap="small")
    for place, sent, words in ((left, slot.sent, "clean"), (right, worse, "damaged")):
        with place:
            grey = to_uint8(sent.decoded[0].reshape(bench.values.shape), 0.0, 1.0)
            scale = max(1, 192 // max(grey.shape))
            picture(png(grey, scale=scale), alt=f"Read back by {title}, {words}")
            st.caption(words)
    st.caption(_cost(slot, worse))


def _lanes(bench: Bench, hurt: list[tuple[Slot, Sent]]) -> None:
    """A lane for each slot, with the spikes that arrived."""
    lanes = [
        Lane(
            f"{slot.letter} {slot.channel.kind.title}",
            bench.values,
            worse.decoded[0],
            np.clip(worse.spikes[:, 0], -127, 127).astype(np.int8),
            math.nan,
            _cost(slot, worse, short=True),
            slot.sent.decoded[0],
        )
        for slot, worse in hurt
    ]
    base.chart(
        lanes_chart(lanes, dark=bench.dark),
        "damaged",
        "Signal and what is read back from the damaged spikes. "
        + " ".join(f"{slot.letter}: {_cost(slot, worse)}" for slot, worse in hurt),
    )


def _cost(slot: Slot, worse: Sent, *, short: bool = False) -> str:
    """How many spikes arrived, and what that does to the quality."""
    counts = [int(spike_counts(sent.spikes).sum()) for sent in (slot.sent, worse)]
    before, after = (
        base.quality_words(metrics.psnr(sent.values, sent.decoded)) for sent in (slot.sent, worse)
    )
    if short:
        return f"{counts[1]:,} of {counts[0]:,} spikes, PSNR {before} → {after}"
    return f"{counts[0]:,} spikes sent, {counts[1]:,} arrived. PSNR {before} → **{after}**."


def _curve(bench: Bench, params: DamageParams) -> None:
    """Quality against damage with error bars, for all slots."""
    steps = max((slot.channel.n_steps for slot in bench.slots), default=1)
    levels = tuple(v for v in _LEVELS[params.kind] if params.kind != "jitter" or v <= steps / 4)
    channels = [slot.channel for slot in bench.slots]
    identity = base.identity("damage curve", bench, channels, params.kind, levels)

    def work() -> Iterator[Progress]:
        found: list[Curve] = []
        for k, slot in enumerate(bench.slots, 1):
            kind: Any = _KINDS[params.kind]
            found.append(robustness(slot.channel, slot.sent, levels, kind, range(_SEEDS)))
            yield Progress(k / len(bench.slots), f"{k} of {len(bench.slots)} codes", tuple(found))

    def draw(found: tuple[Curve, ...], final: bool) -> None:
        del final
        _draw(bench, found, params)

    if base.cells(channels) * len(levels) * _SEEDS <= base.QUICK_CELLS:
        found = base.at_once(identity, work)
        if found is not None:
            draw(found, True)
    else:
        n_bytes = 30 * max(c.n_steps * c.n_neurons for c in channels)
        found = base.job(KEY, "Compute the whole curve", identity, work, draw, n_bytes)
    if found is not None:
        base.download("damage", lambda: _columns(bench, found), f"{KEY}_csv")


def _draw(bench: Bench, found: tuple[Curve, ...], params: DamageParams) -> None:
    lines = [
        SlotCurve(slot.letter, slot.channel.kind.title, c.levels, c.psnr_db, c.psnr_error)
        for slot, c in zip(bench.slots, found, strict=False)
    ]
    title = _TITLES[params.kind]
    spec = slot_curves(
        lines, (title, "PSNR [dB]"), at=params.level, at_name="Set above", height=280
    )
    base.chart(spec, "damage", f"PSNR of what is read back against {title.lower()}.")
    perfect = [line.letter for line in lines if np.isinf(line.y).any()]
    words = f"Mean of {_SEEDS} draws, bands ±1 standard error."
    if perfect:
        words += f" {', '.join(perfect)}: perfect copies have no finite PSNR and are left out."
    st.caption(words)


def _columns(bench: Bench, found: tuple[Curve, ...]) -> dict[str, Any]:
    columns: dict[str, Any] = {"level": found[0].levels}
    for slot, c in zip(bench.slots, found, strict=False):
        name = f"{slot.letter.lower()}_{slot.channel.code}"
        columns |= {f"{name}_psnr_db": c.psnr_db, f"{name}_psnr_error": c.psnr_error}
        columns |= {f"{name}_rmse": c.rmse, f"{name}_rmse_error": c.rmse_error}
    return columns
