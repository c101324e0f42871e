"""A and B: one setting is kept in the address and drawn behind the present one."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import streamlit as st

from pages.components import lif_controls as ctl
from pages.components.controls import label_of
from pages.components.inline import inline
from pages.components.lif import measured_rate
from pages.components.lif_recording import plain_words
from pages.components.lif_run import DASH, cached_run
from snncore.params import Value
from snncore.playground import Run, Setup, Summary
from snncore.stimuli import Recording

PARAM = "lif_a"
MAX_LETTERS = 4000


class Kept(NamedTuple):
    """What the address says of A: its setup, or why it cannot be read, or neither."""

    setup: Setup | None
    problem: str


def kept() -> Kept:
    """A from the address; whatever stands there, no exception."""
    text = st.query_params.get(PARAM)
    if text is None:
        return Kept(None, "")
    try:
        return Kept(decode(text), "")
    except ValueError as error:
        return Kept(None, str(error))


def run(behind: Setup | None, recording: Recording | None, problem: str) -> tuple[Run | None, str]:
    """A's run, or in words why there is none: that is no reason to stop the page."""
    if behind is None:
        return None, problem

    def guarded() -> Run | str:
        try:
            return cached_run(behind, recording)
        except ValueError as error:
            return str(error)

    result = inline(guarded)
    return (None, result) if isinstance(result, str) else (result, "")


def link() -> dict[str, Value]:
    """What a link must carry to bring A back."""
    text = st.query_params.get(PARAM)
    return {} if text is None or kept().setup is None else {PARAM: text}


def encode(setup: Setup) -> str:
    """Compact JSON of what differs from the defaults."""
    return json.dumps(setup.to_dict(), separators=(",", ":"), allow_nan=False)


def decode(text: str) -> Setup:
    """The inverse of `encode`.

    Raises:
        ValueError: `text` is no JSON object of numbers and words, or no setup.
    """
    if len(text) > MAX_LETTERS:
        raise ValueError(f"A must have at most {MAX_LETTERS} letters, got {len(text)}")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("A must be JSON as the button writes it, got something else") from None
    if not isinstance(values, dict) or not isinstance(values.get("model", "lif"), str):
        raise ValueError("A must be a JSON object with the name of a model")
    for name, value in values.items():
        if name in ("cls", "self") or not isinstance(value, (int, float, str, bool)):
            raise ValueError(f"A must hold parameters with numbers or words, got {name!r}")
    return Setup.from_dict(values)


def keep_button(setup: Setup) -> None:
    """The button that makes the present setting A."""
    st.button(
        "Keep as A",
        icon=":material/bookmark_add:",
        key="lif_keep",
        help="Keeps this setting and draws it in grey behind what you change from now on.",
        on_click=_keep,
        args=(setup,),
    )


def _keep(setup: Setup) -> None:
    st.query_params[PARAM] = encode(setup)


def _swap(setup: Setup) -> None:
    other = kept().setup
    if other is not None:
        st.query_params[PARAM] = encode(setup)
        ctl.show(other, keep_file=True)


def _remove() -> None:
    if PARAM in st.query_params:
        del st.query_params[PARAM]


def show_problem(problem: str) -> None:
    """Why the A of this address is not shown."""
    st.warning(f"The A in this address cannot be used: {plain_words(problem)}.")
    st.button("Remove it", key="lif_remove_bad_a", on_click=_remove)


def same_unit(setup: Setup, behind: Setup | None) -> bool:
    """Whether both voltages can stand on one axis."""
    return behind is not None and (behind.kind.variables[0].unit == setup.kind.variables[0].unit)


def comparison(a: Setup, b: Setup, first: Summary, second: Summary) -> None:
    """What was changed from A to B, and what that did to the numbers."""
    changes = differences(a, b)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("**A and B**", width="content")
        st.button(
            "Swap",
            icon=":material/swap_horiz:",
            key="lif_swap",
            help="A becomes the present setting, and the present one A.",
            on_click=_swap,
            args=(b,),
        )
        st.button("Remove A", icon=":material/close:", key="lif_remove_a", on_click=_remove)
    st.caption(
        "From A (grey) to B (now): " + ("; ".join(changes) if changes else "nothing changed yet")
    )
    if not same_unit(b, a):
        st.caption("Their voltages have different units, so the one of A is not drawn.")
    rows = [
        ("Spikes", first.count, second.count, 0),
        ("Rate [Hz]", measured_rate(a, first), measured_rate(b, second), 2),
        ("Theory [Hz]", first.theory_rate_hz, second.theory_rate_hz, 2),
        ("CV", first.cv, second.cv, 3),
        ("First spike [ms]", first.first_spike_ms, second.first_spike_ms, 3),
    ]
    lines = ["| | A | B (now) | B − A |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {_fixed(x, d)} | {_fixed(y, d)} | {_fixed(y - x, d, sign='+')} |"
        for name, x, y, d in rows
    ]
    with st.container(key="lif_compare"):
        st.markdown("\n".join(lines))


def _fixed(value: Any, digits: int, sign: str = "") -> str:
    if not math.isfinite(value):
        return DASH
    text = f"{value:{sign}.{digits}f}"
    return text if float(text) else text.lstrip("+-")


def differences(first: Setup, second: Setup) -> list[str]:
    """What differs between two setups, in words, e.g. "Constant [nA]: 2.5 → 3"."""
    if first.model != second.model:
        return [f"Model: {first.kind.title} → {second.kind.title}"]
    words = []
    for a, b in (
        (first.neuron, second.neuron),
        (first.stimulus, second.stimulus),
        (first.run, second.run),
    ):
        old, new = a.to_dict(), b.to_dict()
        for name, spec in type(a).specs().items():
            if old[name] != new[name]:
                words.append(f"{label_of(name, spec)}: {_word(old[name])} → {_word(new[name])}")
    return words


def _word(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
