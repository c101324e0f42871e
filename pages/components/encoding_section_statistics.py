"""Sections on the spike trains as chance events: intervals against their law, information."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.components import encoding_section_base as base
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_section_base import Row
from snncore.params import Params, integer, number
from snncore.plots.encoding_analysis import information_chart, interval_chart
from snncore.transmission import Channel, Histogram, Information, information, interval_histogram

_MOST_STEPS = 1_000_000  # of all trains together: 0.2 s (measured)


@dataclass(frozen=True)
class IntervalParams(Params):
    """Which value is sent again and again."""

    value: float = number(0.3, 0.0, 1.0, "The constant value that is sent.", step=0.01)
    trains: int = integer(200, 20, 1000, "Independent trains of it.", step=20)


@dataclass(frozen=True)
class InformationParams(Params):
    """How finely the values are told apart."""

    levels: int = integer(
        16, 2, 64, "Classes of the value, about equally full. Fewer where the input is small.",
        label="Classes",
    )  # fmt: skip


@st.cache_data(max_entries=64, ttl=3600, max_size="8MB", show_spinner=False)
def cached_intervals(channel: Channel, value: float, trains: int, seed: int) -> Histogram:
    """Intervals of one code that sends one value."""
    return interval_histogram(channel, value, n_trains=trains, seed=seed)


@st.cache_data(max_entries=64, ttl=3600, max_size="2MB", show_spinner=False)
def _information(identity: str, levels: int, _slot: Slot) -> Information:
    return information(_slot.sent, _slot.channel, levels=levels)


def intervals(bench: Bench) -> None:
    """Histogram of the intervals of a constant value, the law over it, CV and Fano factor."""
    params = base.controls(IntervalParams, "enc_iv", columns=2)
    if params is None or not bench.slots:
        return
    found: list[tuple[Slot, Histogram]] = []
    for place, slot in zip(st.columns(len(bench.slots), gap="medium"), bench.slots, strict=True):
        with place:
            st.markdown(f"**{slot.letter} {slot.channel.kind.title}**")
            longest = max(slot.channel.n_steps, 2000)
            trains = max(20, min(params.trains, _MOST_STEPS // longest))
            h = base.computed(
                lambda slot=slot, trains=trains: cached_intervals(
                    slot.channel, params.value, trains, bench.seed
                )
            )
            if h is not None:
                _intervals_of(slot, h, params.value)
                found.append((slot, h))
    rows = [row for slot, h in found if h.intervals for row in _rows(slot, h)]
    if rows:
        base.table(rows)
    if any(h.intervals for _, h in found):
        base.download("intervals", _interval_columns(found), "enc_iv_csv")
    st.caption(
        "CV: standard deviation of the intervals over their mean (0 is a clock, 1 is pure chance); "
        "trains of n spikes miss long intervals: it comes out too small by up to about 1/n. "
        "Fano factor: variance of the spike counts over their mean (1 for a Poisson process). "
        "Bars ±1 standard error."
    )


def _intervals_of(slot: Slot, h: Histogram, value: float) -> None:
    if not h.intervals:
        why = {"picture": ", which has no edges", "signal": ", which never changes"}
        still = why.get(slot.channel.kind.kind, "")
        silent = (
            f"no spike at the constant value {value:g}{still}"
            if h.rate == 0
            else "at most one spike per train"
        )
        base.hint(f"There are no intervals: {silent}.")
        return
    law = None if h.theory is None else h.law
    name = "" if h.theory is None else h.theory.name
    spec = interval_chart(h.k, h.observed, h.error, law, name)
    base.chart(
        spec,
        f"intervals_{slot.letter}",
        f"Histogram of {h.intervals:,} intervals of {slot.channel.kind.title}"
        + (f", with the law {name} over it." if name else "."),
    )
    words = [f"{h.n_trains} trains of {h.n_steps:,} steps, {h.intervals:,} intervals."]
    if h.theory is None:
        words.append("This code has no law of its intervals in closed form.")
    if h.beyond > 0.0005:
        words.append(f"{h.beyond:.1%} of the intervals are longer than shown.")
    if math.isnan(h.cv):
        words.append("The CV needs trains with at least 20 spikes.")
    st.caption(" ".join(words))


def _rows(slot: Slot, h: Histogram) -> list[Row]:
    """Rate, CV and Fano factor beside the law's."""
    t, nan = h.theory, math.nan
    name = slot.letter
    return [
        Row(f"{name}: spikes per step", h.rate, nan if t is None else t.rate),
        Row(f"{name}: CV", h.cv, nan if t is None else t.cv, h.cv_error, absolute=True),
        Row(f"{name}: Fano factor", h.fano, nan if t is None else t.fano, h.fano_error,
            absolute=True),
    ]  # fmt: skip


def _interval_columns(found: list[tuple[Slot, Histogram]]) -> dict[str, Any]:
    longest = max(found, key=lambda pair: pair[1].k.size)[1]
    columns: dict[str, Any] = {"interval_steps": longest.k}
    for slot, h in found:
        name = f"{slot.letter.lower()}_{slot.channel.code}"
        columns |= {f"{name}_observed": h.observed, f"{name}_error": h.error}
        if h.law is not None:
            columns[f"{name}_law"] = h.law
    return columns


def bits(bench: Bench) -> None:
    """Bits per value and per spike between the input and what is read back."""
    params = base.controls(InformationParams, "enc_info", columns=3)
    if params is None or not bench.slots:
        return
    found = []
    for slot in bench.slots:
        identity = base.identity("information", bench, [slot.channel])
        one = base.computed(
            lambda slot=slot, identity=identity: _information(identity, params.levels, slot)
        )
        if one is not None:
            found.append((slot, one))
    if not found:
        return
    if all(math.isnan(one.bits_per_value) for _, one in found):
        base.hint(
            f"There are too few values here ({bench.values.size}): an estimate needs at least 16."
        )
        return
    names = [f"{slot.letter} {slot.channel.kind.title}" for slot, _ in found]
    spec = information_chart(
        names,
        [one.bits_per_value for _, one in found],
        [one.error for _, one in found],
        [one.entropy_bits for _, one in found],
        [one.shuffled for _, one in found],
        dark=bench.dark,
    )
    base.chart(spec, "information", "Bits per value that each code carries, beside the entropy.")
    lines = [["", *(slot.letter for slot, _ in found)]]
    for title, cell in (
        ("Bits per value", lambda i: _with_error(i.bits_per_value, i.error)),
        ("Bits per spike", lambda i: base.number(i.bits_per_spike, 3)),
        ("before bias correction", lambda i: base.number(i.uncorrected, 3)),
        ("shuffled control", lambda i: _with_error(i.shuffled, i.shuffled_error)),
        ("entropy of the value", lambda i: base.number(i.entropy_bits, 3)),
        ("classes", lambda i: str(i.levels)),
    ):  # fmt: skip
        lines.append([title, *(cell(one) for _, one in found)])
    base.grid(lines)
    estimator = found[0][1].estimator
    st.caption(
        f"Mutual information of a {base.unit(bench)}'s value and its reconstruction; estimator: "
        f"{estimator} (Miller 1955; Panzeri & Treves 1996). It is a lower bound of what the spikes "
        "carry: a decoder can only lose information (data processing inequality), and one value at "
        "a time is looked at, not what neighbours say about each other. Shuffled pairs carry "
        "nothing: what the same estimate gives for them is the bias that is left."
    )
    base.download("information", _bit_columns(found), "enc_info_csv")


def _with_error(value: float, error: float) -> str:
    return f"{base.number(value, 3)} ± {base.number(error, 2)}"


def _bit_columns(found: list[tuple[Slot, Information]]) -> dict[str, Any]:
    fields = ("bits_per_value", "error", "bits_per_spike", "uncorrected", "shuffled",
              "shuffled_error", "entropy_bits", "levels")  # fmt: skip
    columns: dict[str, Any] = {
        "slot": np.array([slot.letter for slot, _ in found]),
        "code": np.array([slot.channel.code for slot, _ in found]),
    }
    return columns | {name: [getattr(one, name) for _, one in found] for name in fields}
