"""Section: how much of the input is known as time goes on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from pages.components import encoding_section_base as base
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_player import moments
from snncore.plots.encoding_analysis import SlotCurve, slot_curves
from snncore.transmission import Unfolding, unfolding

_REACHED = 0.9  # of the final PSNR above that of the first moment


@st.cache_data(max_entries=48, ttl=3600, max_size="24MB", show_spinner=False)
def _unfolding(identity: str, _slot: Slot) -> Unfolding:
    return unfolding(_slot.channel, _slot.sent, moments(_slot.channel))


def early(bench: Bench) -> None:
    """Quality against the time read so far, and against the spikes read so far."""
    found: list[tuple[Slot, Unfolding]] = []
    for slot in bench.slots:
        identity = base.identity("progress", bench, [slot.channel])
        one = base.computed(lambda slot=slot, identity=identity: _unfolding(identity, slot))
        if one is not None:
            found.append((slot, one))
    if not found:
        return
    if all(np.isinf(u.psnr_db).all() for _, u in found):
        base.hint("Every code has a perfect copy from the start: there is nothing to wait for.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        spec = slot_curves(
            [_curve(slot, u, u.steps) for slot, u in found],
            ("Time read so far [steps]", "PSNR [dB]"),
            step=True,
            columns=1,
        )
        base.chart(spec, "progress", "PSNR of what is read back against the time read so far.")
    with right:
        spec = slot_curves(
            [_curve(slot, u, u.spikes / bench.values.size) for slot, u in found],
            (f"Spikes read so far, per {base.unit(bench)}", "PSNR [dB]"),
            columns=1,
            log_x=True,
        )
        base.chart(spec, "progress_spikes", "PSNR against the number of spikes read so far.")
    st.markdown("\n".join(f"- {_words(slot, u)}" for slot, u in found))
    if not bench.is_picture:
        st.caption("All of the signal is judged at every moment, also what has not come yet.")
    perfect = [slot.letter for slot, u in found if np.isinf(u.psnr_db).any()]
    if perfect:
        st.caption(f"{', '.join(perfect)}: from where a line ends the copy is perfect.")
    base.download("progress", _columns(found), "enc_progress_csv")


def _curve(slot: Slot, u: Unfolding, x: Any) -> SlotCurve:
    return SlotCurve(slot.letter, slot.channel.kind.title, np.asarray(x, np.float64), u.psnr_db)


def _words(slot: Slot, u: Unfolding) -> str:
    """When most of the final quality is there."""
    name = f"**{slot.letter} {slot.channel.kind.title}**"
    if not u.spikes[-1]:
        return f"{name}: no spike, so nothing is learned with time."
    quality = np.where(np.isinf(u.psnr_db), 99.0, u.psnr_db)
    gain = float(quality[-1] - quality[0])
    if not math.isfinite(gain) or gain <= 0.01:
        return f"{name}: later spikes add nothing to what the first {u.steps[0]} steps told."
    at = int(np.argmax(quality >= quality[0] + _REACHED * gain))
    return (
        f"{name}: nine tenths of the final gain in PSNR are there after **{u.steps[at]}** of "
        f"{u.steps[-1]} steps and **{u.spikes[at]:,}** of {u.spikes[-1]:,} spikes."
    )


def _columns(found: list[tuple[Slot, Unfolding]]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for slot, u in found:
        name = f"{slot.letter.lower()}_{slot.channel.code}"
        columns |= {f"{name}_steps": u.steps, f"{name}_spikes": u.spikes}
        columns |= {f"{name}_psnr_db": u.psnr_db, f"{name}_rmse": u.rmse}
    return columns
