"""Section: the best setting of a slot's code under a budget of spikes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import encoding_codes
from pages.components import encoding_section_base as base
from pages.components.encoding_bench import Bench, Slot
from snncore.jobs import Progress
from snncore.params import Value
from snncore.plots.encoding_analysis import budget_chart
from snncore.transmission import Tuned, tune

_TRIES = 60  # settings, about
_MOST = 1e6  # spikes per value
_LIMITS = {"n_steps": (10, 400), "window": (1, 500)}  # of the tabs' own controls


class Answer(NamedTuple):
    """What a search found, and of what."""

    letter: str
    title: str  # of the code
    unit: str
    now: base.Place  # where the slot stood
    allowed: float  # spikes per value
    tuned: Tuned | str  # or why there is none


def budget(bench: Bench) -> None:
    """Choose a slot and a budget, search, take the setting over."""
    letters = [slot.letter for slot in bench.slots]
    if not letters:
        return
    key = f"{base.prefix(bench)}_tune"
    left, right = st.columns([1, 2])
    with left:
        letter = st.segmented_control(
            "Slot", letters, default=letters[0], required=True, key=f"{key}_slot",
            bind="query-params",
        )  # fmt: skip
    slot = bench.slots[letters.index(letter) if letter in letters else 0]
    now = base.place(slot)
    with right:
        allowed = _budget(bench, slot, now.spikes)
    identity = base.identity("tuning", bench, [slot.channel], allowed, slot.letter)
    work = _search(bench, slot, now, allowed)
    if base.cells([slot.channel]) * _TRIES <= 2 * base.QUICK_CELLS:
        found = base.at_once(identity, work)
        if found is not None:
            _draw(found)
    else:
        n_bytes = 12 * slot.channel.n_steps * slot.channel.n_neurons
        found = base.job(
            key, "Find the best setting", identity, work, lambda found, _: _draw(found), n_bytes
        )
    if found is not None and isinstance(found.tuned, Tuned):
        _take_over(bench, slot, found.tuned)
        base.download("tuning", _columns(found.tuned), f"{key}_csv")


def _search(bench: Bench, slot: Slot, now: base.Place, allowed: float) -> base.Work:
    """The work of the search, which keeps the input but no spikes."""
    values, seed, sample, channel = bench.values, bench.seed, bench.sample, slot.channel
    title = channel.kind.title
    found = Answer(slot.letter, title, base.unit(bench), now, allowed, "")

    def work() -> Iterator[Progress]:
        try:
            for search in tune(values, channel, allowed, seed=seed, sample=sample):
                answer = None if search.tuned is None else found._replace(tuned=search.tuned)
                words = f"{search.done} settings of {title}"
                yield Progress(search.done / search.total, words, answer)
        except ValueError as reason:
            yield Progress(1.0, "", found._replace(tuned=str(reason)))

    return work


def link_values() -> dict[str, Value]:
    """What the address must carry to restore the choices, of either tab."""
    ends = ("slot", *(f"budget_{letter}" for letter in encoding_codes.LETTERS))
    keys = [f"{tab}_tune_{end}" for tab in base.PREFIXES for end in ends]
    return {key: st.session_state[key] for key in keys if key in st.session_state}


def _budget(bench: Bench, slot: Slot, spikes: float) -> float:
    """Spikes per value; at first what the slot spends now."""
    first = float(f"{max(spikes, 1e-4) * 1.0005:.3g}")
    value = st.number_input(
        f"Budget [spikes per {base.unit(bench)}]",
        min_value=1e-6,
        max_value=_MOST,
        value=first,
        step=float(f"1e{math.floor(math.log10(first))}") / 2,
        format="%g",
        key=f"{base.prefix(bench)}_tune_budget_{slot.letter}",
        bind="query-params",
        help="No setting that spends more is taken. At first it is what the slot spends now.",
    )
    return float(f"{value:.6g}")


def _draw(answer: Answer) -> None:
    found, now = answer.tuned, answer.now
    if isinstance(found, str):
        base.hint(f"{found[:1].upper()}{found[1:]}.")
        return
    snr = not math.isnan(found.scores.snr_db)
    title = "SNR [dB]" if snr else "PSNR [dB]"
    tried = [p for p in found.tried if p.spikes_per_value > 0]
    quality = [p.snr_db if snr else p.psnr_db for p in tried]
    s = found.scores
    best, mine = (s.snr_db, now.snr_db) if snr else (s.psnr_db, now.psnr_db)
    setting = base.setting_words(found.channel, found.knob, found.setting)
    st.markdown(
        f"**{answer.letter} {answer.title}**: the best of {len(found.tried)} settings "
        f"within {answer.allowed:g} spikes per {answer.unit} is **{setting}**: "
        f"**{base.quality_words(best)}** for {base.number(s.spikes_per_value, 3)} spikes. "
        f"The slot's own setting has {base.quality_words(mine)} for {base.number(now.spikes, 3)}."
    )
    if len(tried) < 2:
        base.hint("This code has nothing to turn here: there is one setting only.")
        return
    spec = budget_chart(
        [p.spikes_per_value for p in tried], quality,
        (s.spikes_per_value, best), (now.spikes, mine), answer.allowed,
        (f"Spikes per {answer.unit}", title),
    )  # fmt: skip
    base.chart(spec, "tuning", f"{title} against spikes of all settings tried; best: {setting}.")


def _take_over(bench: Bench, slot: Slot, found: Tuned) -> None:
    """A button that puts the setting found into the slot."""
    if not found.knob:
        return
    if found.channel == slot.channel:
        st.caption(f"Slot {slot.letter} has this setting already.")
        return
    where = base.prefix(bench)
    if found.knob in ("n_steps", "window"):
        key, value = f"{where}_{found.knob}", int(found.setting)
        low, high = _LIMITS[found.knob]
        if not low <= value <= high:
            st.caption(f"The page's control goes from {low} to {high}: {value} lies outside.")
            return
    else:
        name = slot.channel.code
        key = f"{encoding_codes.param_key(where, slot.letter, name)}_{found.knob}"
        value = getattr(found.channel.params, found.knob)
    st.button(
        f"Take it over into slot {slot.letter}",
        icon=":material/download_done:",
        key=f"{where}_tune_take",
        on_click=base.set_state,
        args=({key: value},),
    )


def _columns(found: Tuned) -> dict[str, Any]:
    return {
        found.knob or "setting": [p.setting for p in found.tried],
        "spikes_per_value": [p.spikes_per_value for p in found.tried],
        "snr_db": [p.snr_db for p in found.tried],
        "psnr_db": [p.psnr_db for p in found.tried],
        "rmse": np.array([p.rmse for p in found.tried]),
    }
