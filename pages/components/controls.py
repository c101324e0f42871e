"""Widgets from a parameter set: one labelled control per described field, bound to the address.

The dataclass stays the single description: range, unit, step and help come from its fields, and
whatever the browser sends is checked by it again. Each control's key `f"{key}_{field}"` is also
its name in the address, so a link restores the exact state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages.components.lesson import offer
from snncore.params import Params, Spec, Value

P = TypeVar("P", bound=Params)

MAX_SLIDER_STEPS = 1000  # more positions than a mouse can tell apart: a number box instead
_MAX_EXACT = 2**53 - 1  # whole numbers beyond this lose digits in the browser
_SEGMENTED_LETTERS = 34  # choices whose words fit in one row of a narrow column


def controls(cls: type[P], key: str, *, only: Sequence[str] | None = None, columns: int = 1) -> P:
    """Draw a control for each field of `cls` and return the chosen values as a valid instance.

    Args:
        cls: the parameter set; its defaults are the initial values.
        key: prefix of the widgets' keys and of their names in the address.
        only: fields to draw, in this order; the others keep their defaults.
        columns: fields are dealt into this many columns, row by row.

    A combination that `cls` refuses is shown as an error, and the page stops there.
    """
    specs = cls.specs()
    names = list(specs) if only is None else list(only)
    defaults = cls().to_dict()
    slots = st.columns(columns) if columns > 1 else None
    values: dict[str, Value] = {}
    for index, name in enumerate(names):
        if slots is None:
            values[name] = control(name, specs[name], defaults[name], key)
        else:
            with slots[index % columns]:
                values[name] = control(name, specs[name], defaults[name], key)
    try:
        return cls(**values)
    except ValueError as error:
        st.error(f"These values do not fit together: {error}. Change one of them, or press Reset.")
        st.stop()


def control(name: str, spec: Spec, default: Value, key: str) -> Any:
    """The widget of one field, bound to the address, and the value that it shows."""
    offer(f"{key}_{name}", label_of(name, spec))
    common: dict[str, Any] = {
        "label": label_of(name, spec),
        "help": spec.help,
        "key": f"{key}_{name}",
        "bind": "query-params",
    }
    if spec.kind == "bool":
        return st.toggle(value=bool(default), **common)
    if spec.kind == "choice":
        return _choice(spec.options, str(default), common)
    if spec.kind == "int":
        _forget_infinite(common["key"])
    low, high, step = limits(name, spec, default)
    widget = st.slider if fits_slider(name, low, high, step, default) else st.number_input
    numbers: dict[str, Any] = {"min_value": low, "max_value": high, "value": default, "step": step}
    if spec.kind == "float":
        numbers["format"] = f"%.{_decimals(step, default)}f"
    value = widget(**common, **numbers)
    # The browser adds steps in binary: 20.000000000000004 means 20 and must be the same cache key.
    return float(f"{value:.10g}") if spec.kind == "float" else int(value)


def _forget_infinite(key: str) -> None:
    """Drop a number beyond all floats from the address: Streamlit 1.67 cannot make an int of it."""
    try:
        infinite = math.isinf(float(st.query_params.get(key, "0")))  # also of 400 digits
    except ValueError:
        return
    if infinite:
        del st.query_params[key]
        st.rerun()


def fits_slider(name: str, low: float, high: float, step: float, default: Value) -> bool:
    """Whether a hand can set this number on a slider.

    Not a seed, not a range of too many steps, and not one that spans magnitudes: there the
    default would stand in the first hundredths of the slider, and everything usual beside it.
    """
    where = (float(default) - low) / (high - low) if high > low else 0.0
    return name != "seed" and (high - low) / step <= MAX_SLIDER_STEPS and not 0 < where < 0.02


def limits(name: str, spec: Spec, default: Value) -> tuple[Any, Any, Any]:
    """Lowest, highest value and step of a number's widget, all int or all float."""
    if spec.kind == "int":
        low = int(max(spec.lo, -_MAX_EXACT))
        return low, int(min(spec.hi, _MAX_EXACT)), int(spec.step or 1)
    low = max(spec.lo, -1e15)
    high = min(spec.hi, 1e15)
    step = spec.step or _magnitude((high - low) / 100)
    if not spec.step and 0 < abs(float(default)) < step:
        step = _magnitude(abs(float(default)))
    if spec.lo_open:
        low = min(low + step, float(default))
    elif 0 < low < 0.1 * step and fits_slider(name, low, high, step, default):
        low = min(step, float(default))  # the slider's positions are multiples of its step
    return float(low), float(high), float(step)


def _magnitude(value: float) -> float:
    """The power of ten at or below `value` > 0."""
    return float(f"1e{math.floor(math.log10(value))}")


def _decimals(step: float, default: Value) -> int:
    """Decimals that show both the step and the default in full, at most 6."""
    for decimals in range(6):
        if all(
            math.isclose(round(v, decimals), v, rel_tol=1e-9, abs_tol=1e-12)
            for v in (step, float(default))
        ):
            return decimals
    return 6


def _choice(options: tuple[str, ...], default: str, common: dict[str, Any]) -> str:
    """Few short words side by side, otherwise a list to open."""
    if len(options) <= 5 and sum(len(o) + 3 for o in options) <= _SEGMENTED_LETTERS:
        chosen = st.segmented_control(options=options, default=default, required=True, **common)
        return default if chosen is None else str(chosen)
    return str(st.selectbox(options=options, index=options.index(default), **common))


def label_of(name: str, spec: Spec) -> str:
    """What the page calls a field: its label or its name in words, with the unit in brackets."""
    text = spec.label or name.replace("_", " ").capitalize()
    return f"{text} [{spec.unit}]" if spec.unit else text


def link_params(key: str, values: Params) -> dict[str, Value]:
    """Names and values that the address must carry to restore `values` (for `share_bar`)."""
    return {f"{key}_{name}": value for name, value in values.changed().items()}


def state_of(key: str, values: Params) -> dict[str, Value]:
    """Widget keys of the fields of `values`, and what each must hold."""
    return {f"{key}_{name}": value for name, value in values.to_dict().items()}


def set_missing(values: Mapping[str, Value]) -> None:
    """Before the widgets are drawn: what each of these keys holds unless it holds something.

    Streamlit writes a value set by a button into the address only if it knew the key before, also
    that of a control which first appears by that button.
    """
    known = set(st.session_state)  # one look at all keys costs less than one at each
    for key, value in values.items():
        if key not in known:
            st.session_state[key] = value


def presets(
    key: str, cls: type[P], choices: Mapping[str, P], *, also: Sequence[tuple[str, Params]] = ()
) -> None:
    """A row of buttons: each sets all controls of `key` at once; the last resets them.

    Args:
        key: prefix of the widgets' keys.
        cls: the parameter set; Reset gives its defaults.
        choices: what the other buttons are called, and what they set.
        also: (key, values) of further parameter sets that Reset alone sets.
    """
    reset = state_of(key, cls())
    for other, values in also:
        reset |= state_of(other, values)
    preset_row(key, {name: state_of(key, values) for name, values in choices.items()}, reset)


def preset_row(
    key: str, choices: Mapping[str, Mapping[str, Value]], reset: Mapping[str, Value]
) -> None:
    """A row of buttons that set session state by widget key: each choice, and at last `reset`.

    Their keys, `f"{key}__preset_{name}"` and `f"{key}__reset"`, have two underscores: a field may
    be called "reset".
    """
    set_missing(reset)
    with st.container(horizontal=True, gap="small", key=f"{key}__presets"):
        for name, values in choices.items():
            st.button(
                name,
                key=f"{key}__preset_{name}",
                on_click=_set,
                args=(values,),
                width="content",
            )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key=f"{key}__reset",
            type="tertiary",
            help="Back to the values that the page opens with.",
            on_click=_set,
            args=(reset,),
            width="content",
        )


def _set(values: Mapping[str, Value]) -> None:
    """Callback: runs before the widgets of the next run exist, so their state may be set.

    Also of widgets that are not on the page now: one that appears, in that run or later, takes it.
    """
    for key, value in values.items():
        st.session_state[key] = value
