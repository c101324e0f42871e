"""Section: rate against distortion, for any set of codes, with the slots' places marked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.components import encoding_codes
from pages.components import encoding_section_base as base
from pages.components.encoding_bench import Bench, Recipe
from snncore import encoding
from snncore.jobs import Progress
from snncore.params import Params, choice, integer
from snncore.plots.encoding_distortion import Operating, distortion_chart
from snncore.transmission import Channel, Point, Sweep, pareto, rate_distortion

KEY = "enc_rd"  # of what both tabs share
_PREVIEW = 4  # settings of each code, before the job


@dataclass(frozen=True)
class DistortionParams(Params):
    """What the plot shows."""

    quality: str = choice(
        "PSNR", ("PSNR", "SNR"),
        "PSNR: peak against error. SNR: the signal's power about its mean against the error's.",
        label="Quality",
    )  # fmt: skip
    points: int = integer(12, 4, 24, "Settings tried of each code.", label="Settings per code")


def curves(bench: Bench) -> None:
    """Choose codes, compute, watch the curves grow."""
    left, right = st.columns([2, 1.4])
    with left:
        more = _more(bench)
    with right:
        params = base.controls(DistortionParams, KEY, columns=2)
    if params is None or not bench.slots:
        return
    channels = _channels(bench, more)
    identity = base.identity("distortion", bench, channels, params.points)
    st.caption(
        "Each code is turned along the parameter that trades spikes for quality (a code without "
        "one gets more or less time). Up and to the left is better. Dashed: what no other point "
        "beats (the Pareto front). Rings: your slots."
    )

    unit, dark, here = base.unit(bench), bench.dark, _here(bench, params.quality)
    recipe = bench.recipe._replace(channels=())

    def draw(found: Sweep, current: bool) -> None:
        # Beside curves of another input or setting the slots' places would mislead.
        _draw(found, params.quality, here if current else {}, unit, dark)

    def tried(n_points: int) -> Iterator[Progress]:
        return _work(recipe, channels, n_points)

    n_bytes = 12 * max(c.n_steps * c.n_neurons for c in channels)
    work = base.cells(channels)
    if work * params.points <= base.QUICK_CELLS:
        found = base.at_once(identity, lambda: tried(params.points))
        if found is not None:
            draw(found, True)
    else:
        key = _own(bench)
        found = base.job(
            key, "Compute the curves", identity, lambda: tried(params.points), draw, n_bytes,
        )  # fmt: skip
        if found is None and not base.started(key) and work * _PREVIEW <= 2 * base.QUICK_CELLS:
            coarse = base.identity("distortion", bench, channels, _PREVIEW)
            preview = base.at_once(coarse, lambda: tried(_PREVIEW))
            if preview is not None:
                draw(preview, True)
                st.caption(f"A preview with {_PREVIEW} settings of each code.")
    if found is not None:
        base.download("rate_distortion", _columns(found), f"{_own(bench)}_csv")


def link_values() -> dict[str, Any]:
    """The further codes of either tab, which no parameter set holds."""
    kept = {key: st.session_state.get(key) for key in (f"{tab}_rd_more" for tab in base.PREFIXES)}
    return {key: [encoding_codes.label(n) for n in more] for key, more in kept.items() if more}


def _own(bench: Bench) -> str:
    """Of what each tab has for itself."""
    return f"{base.prefix(bench)}_rd"


def _more(bench: Bench) -> list[str]:
    able = encoding_codes.names("picture" if bench.is_picture else "signal")
    return list(
        st.multiselect(
            "Codes beside those of the slots",
            able,
            format_func=encoding_codes.label,
            key=f"{_own(bench)}_more",
            bind="query-params",
            placeholder="Add any codes",
        )
    )


def _channels(bench: Bench, more: Sequence[str]) -> list[Channel]:
    """The slots' channels, then the further codes with their first parameters."""
    found = {slot.channel: None for slot in bench.slots}
    pattern = bench.slots[0].channel
    for name in more:
        if name not in {channel.code for channel in found}:
            params = encoding.get_code(name).params()
            found[dataclasses.replace(pattern, code=name, params=params)] = None
    return list(found)


def _work(recipe: Recipe, channels: Sequence[Channel], n_points: int) -> Iterator[Progress]:
    found = rate_distortion(
        recipe.values, channels, n_points=n_points, seed=recipe.seed, sample=recipe.sample
    )
    for sweep in found:
        words = f"{sweep.done} of {sweep.total} settings"
        yield Progress(sweep.done / sweep.total, words, sweep)


def _here(bench: Bench, quality: str) -> dict[str, Operating]:
    """Where the slots stand."""
    found = {}
    for slot in bench.slots:
        at = base.place(slot)
        value = at.psnr_db if quality == "PSNR" else at.snr_db
        found[slot.letter] = Operating(slot.channel.kind.title, at.spikes, value, "in the slot")
    return found


def _draw(found: Sweep, quality: str, here: dict[str, Operating], unit: str, dark: bool) -> None:
    points = [_operating(p, quality) for p in found.points]
    usable = [p for p in points if p.spikes > 0 and not math.isnan(p.quality)]
    if not usable and not any(o.spikes > 0 and not math.isnan(o.quality) for o in here.values()):
        cause = "a constant input has no SNR" if quality == "SNR" else "no setting makes a spike"
        base.hint(f"There is nothing to draw: {cause}.")
        return
    front = [
        _operating(p, quality) for p in pareto([p for p in found.points if p.spikes_per_value > 0])
    ]
    titles = sorted({p.code for p in usable})
    spec = distortion_chart(points, here, front, quality, unit, dark=dark)
    base.chart(
        spec,
        "distortion",
        f"{quality} against spikes per {unit} of {', '.join(titles)}.",
    )


def _operating(point: Point, quality: str) -> Operating:
    value = point.psnr_db if quality == "PSNR" else point.snr_db
    words = base.setting_words(point.channel, point.knob, point.setting)
    return Operating(point.channel.kind.title, point.spikes_per_value, value, words)


def _columns(found: Sweep) -> dict[str, Any]:
    points = found.points
    return {
        "code": np.array([p.code for p in points]),
        "knob": np.array([p.knob for p in points]),
        "setting": [p.setting for p in points],
        "spikes_per_value": [p.spikes_per_value for p in points],
        "psnr_db": [p.psnr_db for p in points],
        "snr_db": [p.snr_db for p in points],
        "rmse": [p.rmse for p in points],
    }
