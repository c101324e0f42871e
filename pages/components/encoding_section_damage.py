"""Section: what is still read when spikes come late, get lost, or are added on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import encoding_section_base as base
from pages.components.controls import control
from pages.components.encoding_bench import Bench, Slot
from pages.components.picture import picture
from snncore import encoding, metrics
from snncore.jobs import Progress
from snncore.params import Params, choice, integer, number
from snncore.plots.base import png, to_uint8
from snncore.plots.encoding_analysis import SlotCurve, slot_curves
from snncore.plots.encoding_signal import Lane, lanes_chart
from snncore.transmission import Curve, damaged, robustness
from snncore.transmission.activity import spike_counts
from snncore.transmission.robustness import Kind

KEY = "enc_damage"
_KINDS: dict[str, Kind] = {"lost": "delete", "jitter": "jitter", "noise": "insert"}
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
_ROWS = 24  # of a lane's raster
_QUICK_WORK = 20_000_000  # about 0.3 s


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


class Hurt(NamedTuple):
    """What came of one code's spikes."""

    letter: str
    title: str
    values: NDArray[np.float32]  # [H, W] or [T]
    clean: NDArray[np.float32]  # the same shape, read back without damage
    worse: NDArray[np.float32]
    arrived: NDArray[np.int8]  # [T, rows], of a signal's neurons those that are drawn
    counts: tuple[int, int]  # spikes sent, spikes that arrived
    psnr_db: tuple[float, float]


class Line(NamedTuple):
    """Quality against damage of one code."""

    letter: str
    code: str
    curve: Curve


class Curves(NamedTuple):
    """Those of all slots, for one kind of damage."""

    kind: str
    lines: tuple[Line, ...]


def harm(bench: Bench) -> None:
    """The damaged reconstruction beside the clean one, and quality against damage."""
    params = _controls()
    if not bench.slots:
        return
    if sum(_work(slot) for slot in bench.slots) <= _QUICK_WORK:
        hurt = []
        for slot in bench.slots:
            identity = base.identity("damage", bench, [slot.channel], slot.letter)
            found = base.computed(
                lambda slot=slot, identity=identity: cached_hurt(
                    identity, slot, params.kind, params.level, params.draw, bench.values
                )
            )
            if found is not None:
                hurt.append(found)
        _show(tuple(hurt), bench.dark)
    else:
        _later(bench, params)
    _curve(bench, params)


def _work(slot: Slot) -> int:
    """What damage costs, in cells without a spike (measured: 15 ns each)."""
    cells = slot.channel.n_steps * slot.channel.n_neurons
    return cells + 5 * int(np.count_nonzero(slot.sent.spikes))


def _later(bench: Bench, params: DamageParams) -> None:
    """The damage of large inputs as a job."""
    recipe, letters = bench.recipe, [slot.letter for slot in bench.slots]
    identity = base.identity(
        "damaged", bench, [slot.channel for slot in bench.slots], letters, params.kind,
        params.level, params.draw,
    )  # fmt: skip
    dark = bench.dark

    def work() -> Iterator[Progress]:
        found: list[Hurt] = []
        for letter in letters:
            slot = recipe.slot(letter)
            found.append(hurt(slot, params.kind, params.level, params.draw, recipe.values))
            done = len(found)
            yield Progress(done / len(letters), f"{done} of {len(letters)} codes", tuple(found))

    n_bytes = 30 * max(slot.channel.n_steps * slot.channel.n_neurons for slot in bench.slots)
    base.job(
        f"{base.prefix(bench)}_hurt", "Damage the spikes", identity, work,
        lambda found, _: _show(found, dark), n_bytes,
    )  # fmt: skip


def _show(found: tuple[Hurt, ...], dark: bool) -> None:
    if not found:
        return
    if found[0].values.ndim == 2:
        for place, one in zip(st.columns(len(found), gap="medium"), found, strict=True):
            with place:
                _pictures(one)
    else:
        _lanes(found, dark)


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
def cached_hurt(
    identity: str,
    _slot: Slot,
    kind: str,
    level: float,
    draw: int,
    _values: NDArray[np.float32],
) -> Hurt:
    """`hurt` for what the digest determines."""
    return hurt(_slot, kind, level, draw, _values)


def hurt(slot: Slot, kind: str, level: float, draw: int, values: NDArray[np.float32]) -> Hurt:
    """One code's spikes damaged and read back."""
    clean = slot.sent
    worse = damaged(slot.channel, clean, _KINDS[kind], level, draw)
    arrived = np.zeros((0, 0), np.int8)
    if values.ndim == 1:
        n_rows = worse.spikes.shape[2]
        rows = np.unique((np.arange(_ROWS) * n_rows) // _ROWS)
        arrived = np.clip(worse.spikes[:, 0, rows], -127, 127).astype(np.int8)
    return Hurt(
        slot.letter,
        slot.channel.kind.title,
        values,
        clean.decoded[0].reshape(values.shape),
        worse.decoded[0].reshape(values.shape),
        arrived,
        (int(spike_counts(clean.spikes).sum()), int(spike_counts(worse.spikes).sum())),
        (metrics.psnr(clean.values, clean.decoded), metrics.psnr(worse.values, worse.decoded)),
    )


def _pictures(one: Hurt) -> None:
    """One slot: clean and damaged beside each other, and what the damage costs."""
    st.markdown(f"**{one.letter} {one.title}**")
    left, right = st.columns(2, gap="small")
    for place, back, words in ((left, one.clean, "clean"), (right, one.worse, "damaged")):
        with place:
            grey = to_uint8(back, 0.0, 1.0)
            scale = max(1, 192 // max(grey.shape))
            picture(png(grey, scale=scale), alt=f"Read back by {one.title}, {words}")
            st.caption(words)
    st.caption(_cost(one))


def _lanes(found: tuple[Hurt, ...], dark: bool) -> None:
    """A lane for each slot, with the spikes that arrived."""
    lanes = [
        Lane(
            f"{one.letter} {one.title}",
            one.values,
            one.worse,
            one.arrived,
            math.nan,
            _cost(one, short=True),
            one.clean,
        )
        for one in found
    ]
    base.chart(
        lanes_chart(lanes, dark=dark),
        "damaged",
        "Signal and what is read back from the damaged spikes. "
        + " ".join(f"{one.letter}: {_cost(one)}" for one in found),
    )


def _cost(one: Hurt, *, short: bool = False) -> str:
    """How many spikes arrived, and what that does to the quality."""
    before, after = (base.quality_words(psnr) for psnr in one.psnr_db)
    if short:
        return f"{one.counts[1]:,} of {one.counts[0]:,} spikes, PSNR {before} → {after}"
    return f"{one.counts[0]:,} spikes sent, {one.counts[1]:,} arrived. PSNR {before} → **{after}**."


def _curve(bench: Bench, params: DamageParams) -> None:
    """Quality against damage with error bars, for all slots."""
    steps = max(slot.channel.n_steps for slot in bench.slots)
    levels = tuple(v for v in _LEVELS[params.kind] if params.kind != "jitter" or v <= steps / 4)
    channels = [slot.channel for slot in bench.slots]
    letters, recipe, kind = [slot.letter for slot in bench.slots], bench.recipe, params.kind
    identity = base.identity("damage curve", bench, channels, letters, kind, levels)
    level, key = params.level, f"{base.prefix(bench)}_damage"

    def work() -> Iterator[Progress]:
        found: list[Line] = []
        for letter in letters:
            slot = recipe.slot(letter)
            curve = robustness(slot.channel, slot.sent, levels, _KINDS[kind], range(_SEEDS))
            found.append(Line(letter, slot.channel.code, curve))
            words = f"{len(found)} of {len(letters)} codes"
            yield Progress(len(found) / len(letters), words, Curves(kind, tuple(found)))

    def draw(found: Curves, current: bool) -> None:
        _draw(found, level if current else math.nan)

    if base.cells(channels) * len(levels) * _SEEDS <= base.QUICK_CELLS:
        found = base.at_once(identity, work)
        if found is not None:
            draw(found, True)
    else:
        n_bytes = 30 * max(c.n_steps * c.n_neurons for c in channels)
        found = base.job(key, "Compute the whole curve", identity, work, draw, n_bytes)
    if found is not None:
        base.download("damage", _columns(found), f"{key}_csv")


def _draw(found: Curves, level: float) -> None:
    """Args: level: the one set above; NaN where the curves are of another setting."""
    lines = [
        SlotCurve(
            line.letter,
            encoding.get_code(line.code).title,
            line.curve.levels,
            line.curve.psnr_db,
            line.curve.psnr_error,
        )
        for line in found.lines
    ]
    title = _TITLES[found.kind]
    spec = slot_curves(
        lines,
        (title, "PSNR [dB]"),
        at=level,
        at_name="" if math.isnan(level) else "Set above",
        height=280,
    )
    names = ", ".join(f"{line.letter} {line.title}" for line in lines)
    base.chart(spec, "damage", f"PSNR of what is read back against {title.lower()}: {names}.")
    perfect = [line.letter for line in lines if np.isinf(line.y).any()]
    words = f"Mean of {_SEEDS} draws, bands ±1 standard error."
    if perfect:
        words += f" {', '.join(perfect)}: perfect copies have no finite PSNR and are left out."
    st.caption(words)


def _columns(found: Curves) -> dict[str, Any]:
    columns: dict[str, Any] = {"level": found.lines[0].curve.levels}
    for letter, code, c in found.lines:
        name = f"{letter.lower()}_{code}"
        columns |= {f"{name}_psnr_db": c.psnr_db, f"{name}_psnr_error": c.psnr_error}
        columns |= {f"{name}_rmse": c.rmse, f"{name}_rmse_error": c.rmse_error}
    return columns
