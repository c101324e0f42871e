"""Section: what the codes in the three slots are, where they come from, what they can do."""

from __future__ import annotations

import streamlit as st

from pages.components import sections as base
from pages.components.controls import label_of
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_panel import equations
from snncore.encoding import Code

_KINDS = {
    "intensity": "one value at a time (a signal goes through window by window)",
    "picture": "a whole picture (it looks at neighbours, too)",
    "signal": "a signal, sample by sample (a picture moves past a line of sensors)",
}


def codes(bench: Bench) -> None:
    """A column for each code, then what they can do side by side."""
    seen = {slot.channel.code: slot for slot in bench.slots}
    for place, slot in zip(st.columns(3, gap="medium"), seen.values(), strict=False):
        with place:
            _one(slot)
    head = ["", *(slot.channel.kind.title for slot in seen.values())]
    kinds = [slot.channel.kind for slot in seen.values()]
    base.grid([
        head,
        ["Sends", *(_KINDS[code.kind] for code in kinds)],
        ["Values come back", *(_yes(code.invertible) for code in kinds)],
        ["Random", *(_yes(code.stochastic) for code in kinds)],
        ["Silent where the input is 0", *(_yes(code.silent_at_zero) for code in kinds)],
        ["Neurons", *(f"{slot.channel.n_neurons:,}" for slot in seen.values())],
        ["Spikes against quality", *(_knob(code) for code in kinds)],
        ["Largest error in theory", *(_bound(slot) for slot in seen.values())],
    ])  # fmt: skip


def _one(slot: Slot) -> None:
    code, params = slot.channel.kind, slot.channel.params
    st.markdown(f"**{code.title}** · {code.family}")
    st.markdown(code.idea)
    equations(code)
    st.caption(f"Source: {code.reference}.")
    lines = [
        f"- {label_of(name, spec)}: **{getattr(params, name):g}**. {spec.help}"
        if isinstance(getattr(params, name), (int, float))
        else f"- {label_of(name, spec)}: **{getattr(params, name)}**. {spec.help}"
        for name, spec in params.specs().items()
    ]
    if lines:
        st.markdown("\n".join(lines))


def _yes(known: bool) -> str:
    return "yes" if known else "no"


def _knob(code: Code) -> str:
    if not code.knob:
        return "the number of steps"
    return label_of(code.knob, code.params.specs()[code.knob])


def _bound(slot: Slot) -> str:
    code = slot.channel.kind
    if code.bound is None:
        return base.DASH
    value = base.number(code.bound(slot.channel.params, slot.channel.n_steps), 3)
    return f"±{value}, while {code.bound_holds}" if code.bound_holds else f"±{value}"
