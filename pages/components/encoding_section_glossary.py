"""Section: what the codes in the three slots are, where they come from, what they can do."""

from __future__ import annotations

import math

import streamlit as st

from pages.components import sections as base
from pages.components.controls import label_of
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_panel import equations
from snncore.encoding import Code
from snncore.params import Value
from snncore.transmission.scores import bound

_KINDS = {
    "intensity": "one value at a time (a signal goes through window by window)",
    "picture": "a whole picture (it looks at neighbours, too)",
    "signal": "a signal, sample by sample (a picture moves past a line of sensors)",
}


def codes(bench: Bench) -> None:
    """A column for each code."""
    seen = {slot.channel: slot for slot in bench.slots}
    if not seen:
        return
    for place, slot in zip(st.columns(len(seen), gap="medium"), seen.values(), strict=True):
        with place:
            _one(slot)


def _one(slot: Slot) -> None:
    code, params = slot.channel.kind, slot.channel.params
    st.markdown(f"**{slot.letter} {code.title}** · {code.family}")
    st.markdown(code.idea)
    equations(code)
    st.caption(f"Source: {code.reference}.")
    facts = {
        "Sends": _KINDS[code.kind],
        "Values come back": "yes" if code.invertible else "no, only something alike",
        "Random": _yes(code.stochastic),
        "Silent where the input is 0": _yes(code.silent_at_zero),
        "Neurons here": f"{slot.channel.n_neurons:,}",
        "Spikes against quality": _knob(code),
        "Largest error in theory": _bound(slot),
    }
    st.markdown("\n".join(f"- {name}: **{value}**" for name, value in facts.items()))
    settings = [
        f"- {label_of(name, spec)}: **{_value(getattr(params, name))}**. {spec.help}"
        for name, spec in params.specs().items()
    ]
    if settings:
        st.markdown("Settings:\n" + "\n".join(settings))


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return _yes(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _yes(known: bool) -> str:
    return "yes" if known else "no"


def _knob(code: Code) -> str:
    if not code.knob:
        return "the number of steps"
    return label_of(code.knob, code.params.specs()[code.knob])


def _bound(slot: Slot) -> str:
    """Of what the code itself carries: none where a signal code scans the lines of a picture."""
    value = bound(slot.channel)
    if math.isnan(value):
        return base.DASH
    return f"±{base.number(value, 3)} ({slot.channel.kind.bound_holds})"
