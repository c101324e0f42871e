"""Slots A, B and C: the choice of a code and of its parameters, for pictures and signals alike.

Every control is bound to the address: `f"{key}_code_{letter}"` holds the code,
`f"{key}_{letter}_{code}_{field}"` a parameter of it, with the letter in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

import streamlit as st

from pages.components import controls, lesson
from pages.components.controls import control, label_of, link_params, state_of
from pages.components.text import plain
from snncore import encoding
from snncore.encoding import Code
from snncore.encoding.code import FAMILIES
from snncore.params import Params, Spec, Value, parse

Input = Literal["picture", "signal"]
LETTERS = ("A", "B", "C")
SLOT_HEAD = 128  # px of a code's name and its main control: the pictures below stand in one line
_MOST = 3  # complaints about an address


class Choice(NamedTuple):
    """A code with its parameters, as the visitor has set them."""

    code: Code
    params: Params


@cache
def names(kind: Input) -> tuple[str, ...]:
    """The codes that can carry a picture or a signal, those of a family together."""
    able = [c for c in encoding.CODES.values() if kind == "picture" or c.kind != "picture"]
    return tuple(c.name for c in sorted(able, key=lambda c: FAMILIES.index(c.family)))


def label(name: str) -> str:
    """What the lists call a code: its title, and its family where the title does not say it."""
    if name not in encoding.CODES:  # an unknown name never reaches the list, but its label may
        return str(name)
    code = encoding.CODES[name]
    return code.title if code.family in code.title.lower() else f"{code.title} · {code.family}"


def code_key(key: str, letter: str) -> str:
    """The widget that chooses the code of a slot."""
    return f"{key}_code_{letter.lower()}"


def param_key(key: str, letter: str, name: str) -> str:
    """Prefix of the widgets of one code's parameters in a slot."""
    return f"{key}_{letter.lower()}_{name}"


def main_field(code: Code) -> str:
    """The parameter that is always in sight: the one that trades spikes for quality."""
    specs = code.params.specs()
    if code.knob in specs:
        return code.knob
    return next(iter(specs), "")


def slot(letter: str, kind: Input, key: str, first: str) -> Choice | None:
    """Draw the choice of a code and its parameters, about `SLOT_HEAD` px high.

    Args:
        letter: "A", "B" or "C".
        kind: what is sent.
        key: prefix of the panel's controls.
        first: the code that stands there at first.

    Returns:
        The choice; None, after a message, where the parameters contradict each other.
    """
    able, widget = names(kind), code_key(key, letter)
    if st.session_state.get(widget, first) not in able:
        st.session_state[widget] = first
    lesson.instead(f"**{letter}** {label(st.session_state.get(widget, first))}")
    with lesson.settings(
        f"{key}_{letter.lower()}_slot", letter, height=SLOT_HEAD, border=False, gap="xxsmall"
    ):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{letter}**", width="content")
            lesson.offer(widget, "Code")
            name = st.selectbox(
                f"Code {letter}",
                able,
                index=able.index(first),
                format_func=label,
                key=widget,
                bind="query-params",
                label_visibility="collapsed",
                filter_mode="contains",
            )
        code = encoding.get_code(name)
        return _parameters(code, letter, param_key(key, letter, name))


def _parameters(code: Code, letter: str, key: str) -> Choice | None:
    """The main control in sight, the others behind a button."""
    specs, defaults = code.params.specs(), code.params().to_dict()
    values: dict[str, Value] = {}
    main = main_field(code)
    others = [field for field in specs if field != main]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        if main:
            with st.container(width="stretch"):
                values[main] = control(main, specs[main], defaults[main], key)
        if others:
            with st.popover(
                f"More of {letter}", icon=":material/tune:", key=f"{key}__more",
                help="More settings",
            ), lesson.aside():  # fmt: skip
                st.markdown(f"**{code.title}**")
                for field in others:
                    values[field] = control(field, specs[field], defaults[field], key)
    try:
        return Choice(code, code.params(**values))
    except ValueError as error:
        st.error(f"These values do not fit together: {error}. Change one of them, or press Reset.")
        return None


def begin(kind: Input, key: str, first: Mapping[str, str]) -> list[str]:
    """Before the slots are drawn: what a fresh address asks of them.

    Returns:
        What it asks in vain, in words that are safe in Markdown; nothing once the slots are there.
    """
    lost: list[str] = []
    for letter in first:
        widget = code_key(key, letter)
        if widget in st.session_state:
            continue
        wish = st.query_params.get(widget)
        if wish in names(kind):  # the label is expected; the short name is as good
            st.session_state[widget] = wish
        lost += _unusable(kind, key, letter, first[letter])
    controls.set_missing(first_state(kind, key, tuple(first.items())))
    return lost[:_MOST]


@cache
def first_state(kind: Input, key: str, first: tuple[tuple[str, str], ...]) -> dict[str, Value]:
    """Every widget of the three slots and what it holds at first; `first`: (letter, code)."""
    state: dict[str, Value] = {}
    for letter, chosen in first:
        state[code_key(key, letter)] = chosen
        for name in names(kind):
            state |= state_of(param_key(key, letter, name), encoding.get_code(name).params())
    return state


def code_state(key: str, letter: str, name: str, **values: Value) -> dict[str, Value]:
    """What a preset sets to put a code with these parameters into a slot."""
    params = encoding.get_code(name).params(**values)
    return {code_key(key, letter): name, **state_of(param_key(key, letter, name), params)}


def link(key: str, letter: str, choice: Choice, first: str) -> dict[str, Value]:
    """Names and values of the address that restore a slot."""
    name = choice.code.name
    # The address spells the options of a list as they are shown.
    chosen: dict[str, Value] = {} if name == first else {code_key(key, letter): label(name)}
    return chosen | link_params(param_key(key, letter, name), choice.params)


def _unusable(kind: Input, key: str, letter: str, usual: str) -> list[str]:
    """What the address asks of one slot in vain."""
    words = []
    able = names(kind)
    known = {label(name): name for name in able} | {name: name for name in able}
    wish = st.query_params.get(code_key(key, letter))
    if wish is not None and wish not in known:
        words.append(f"no code is called {plain(wish)}")
    code = encoding.get_code(known.get(wish or usual, usual))
    return words + unusable(param_key(key, letter, code.name), code.params.specs())


def unusable(key: str, specs: Mapping[str, Spec]) -> list[str]:
    """What the address asks of these fields in vain, in words that are safe in Markdown."""
    words = []
    for field, spec in specs.items():
        text = st.query_params.get(f"{key}_{field}")
        if text is None:
            continue
        try:
            parse(label_of(field, spec), text, spec)
        except ValueError as error:
            words.append(plain(str(error)))
    return words


def say_lost(lost: list[str]) -> None:
    """What the address asked for in vain, as begin and `unusable` found it."""
    if lost:
        st.info(
            "The address asks for what this page cannot show, and the usual values stand instead: "
            f"{'; '.join(lost)}.",
            icon=":material/info:",
        )
