"""The controls of the LIF Playground: model, drive by parts, parameters, run; and what they say.

The address carries every control. Parts of the drive that are not chosen are 0 and not in sight;
`lif_parts` stands in the address only where the values alone do not say which parts are open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components import controls
from pages.components.controls import control
from pages.components.lesson import offer
from pages.components.lif_address import unusable
from pages.components.lif_recording import file_panel, forget_file
from snncore.neurons import MODELS
from snncore.params import Params, Value, parse
from snncore.playground import Setup
from snncore.simulate import RunParams
from snncore.stimuli import NOISES, PARTS, Part, Recording, StimulusParams

KEY = "lif"
MODEL, PARTS_KEY, PARTS_PARAM = "lif_model", "lif__parts", "lif_parts"
FILE = "Your file"
PENDING, CHECK_DRIVE = "lif__pending", "lif__check_drive"
FLASH = "lif__flash"
_OFF = StimulusParams().to_dict()
_FILE_HELP = "a current that you upload as CSV."


class Controls(NamedTuple):
    """What the controls say: a setup, or in words why their values do not fit together."""

    setup: Setup | None
    problem: str
    recording: Recording | None


def model_key(model: str, field: str) -> str:
    """The widget of a neuron parameter: each model has its own."""
    return f"{model}_{field}"


def state_of_setup(setup: Setup) -> dict[str, Value]:
    """Every widget that shows a part of `setup`, and what it must hold."""
    neuron = {model_key(setup.model, n): v for n, v in setup.neuron.to_dict().items()}
    rest = {f"{KEY}_{n}": v for p in (setup.stimulus, setup.run) for n, v in p.to_dict().items()}
    return {MODEL: setup.model, **neuron, **rest}


@cache
def _defaults() -> dict[str, Value]:
    """What every control of every model holds at first."""
    return {k: v for name in reversed(MODELS) for k, v in state_of_setup(Setup.of(name)).items()}


def show(setup: Setup, *, keep_file: bool = False) -> None:
    """Make the widgets show `setup`; only before they are drawn: in a callback or at the top."""
    for key, value in state_of_setup(setup).items():
        st.session_state[key] = value
    parts = [title for title, part in PARTS.items() if part.is_on(setup.stimulus)]
    if keep_file and FILE in st.session_state.get(PARTS_KEY, ()):
        parts.append(FILE)
    st.session_state[PARTS_KEY] = parts


def begin() -> None:
    """At the top of each run: values that were asked for in the last one; a fresh address read."""
    wish = st.query_params.get(MODEL)
    if MODEL not in st.session_state:  # Streamlit expects the title; the short name is as good
        for name, model in MODELS.items():
            if wish in (name, model.title):
                st.session_state[MODEL] = name
    controls.set_missing(_defaults())
    pending = st.session_state.pop(PENDING, None)
    if pending is not None:
        show(pending, keep_file=True)
    if PARTS_KEY not in st.session_state:
        st.session_state[PARTS_KEY] = _parts_of_address()
        for title, part in PARTS.items():
            if title not in st.session_state[PARTS_KEY]:
                _switch_off(part)
        lost = unusable(KEY, st.session_state[MODEL])
        _forget_hidden()
        if lost:
            st.session_state[FLASH] = (
                "The address asks for what this page cannot show, and the usual values stand "
                f"instead: {'; '.join(lost)}."
            )
        if _in_address("sigma_v", st.query_params.to_dict()):
            fit_noise(st.session_state[MODEL], fresh=True)


def _parts_of_address() -> list[str]:
    """The parts that the address opens: the named ones, or those whose value is not 0."""
    named = st.query_params.get(PARTS_PARAM)
    if named is None:
        return _parts_by_value()
    wished = set(named.split(","))
    return [t for t, p in PARTS.items() if p.switch in wished] + [FILE] * ("file" in wished)


def _parts_by_value() -> list[str]:
    said = st.query_params.to_dict()  # once: each look into the address waits for a lock
    return [t for t, part in PARTS.items() if any(_in_address(f, said) for f in part.off)]


def _in_address(field: str, said: Mapping[str, str]) -> bool:
    """Whether this field, from the address or at its default, is not 0."""
    default = _OFF[field]
    text = said.get(f"{KEY}_{field}")
    if text is None:
        return default != 0
    try:
        return parse(field, text, StimulusParams.specs()[field]) != 0
    except ValueError:  # the widget falls back to its default, too
        return default != 0


def _forget_hidden() -> None:
    """Drop from a fresh address what belongs to other models and to parts that are not open.

    Streamlit would hold such a value back and show it when its control first appears.
    """
    parts = st.session_state[PARTS_KEY]
    seen = {f for title in parts if title != FILE for f in PARTS[title].fields}
    hidden = {f"{KEY}_{f}" for part in PARTS.values() for f in part.fields if f not in seen}
    for name, model in MODELS.items():
        if name != st.session_state[MODEL]:
            hidden |= {model_key(name, f) for f in model.params.specs()}
    for key in hidden & set(st.query_params):
        del st.query_params[key]


def model_choice(on_change: Callable[[], None]) -> str:
    """The list of models."""
    offer(MODEL, "Neuron model", alone=True)
    return str(
        st.selectbox(
            "Neuron model",
            list(MODELS),
            format_func=lambda name: MODELS[name].title if name in MODELS else str(name),
            key=MODEL,
            bind="query-params",
            on_change=on_change,
            label_visibility="collapsed",
            width=290,
        )
    )


def fit_noise(model: str, *, fresh: bool = False) -> None:
    """Where noise cannot be given in mV, give it as a current, and say so; for callbacks.

    `fresh`: it is given in the address, which the widgets have not read yet.
    """
    if not _has_membrane(model) and (fresh or st.session_state.get(f"{KEY}_sigma_v")):
        for name, value in (("sigma_v", 0.0), ("noise_intensity", 0.5)):
            st.session_state[f"{KEY}_{name}"] = value
            if fresh and f"{KEY}_{name}" in st.query_params:
                del st.query_params[f"{KEY}_{name}"]
        st.session_state[FLASH] = (
            f"{MODELS[model].title} has no passive membrane whose voltage noise could be given in "
            "mV: the white noise is now 0.5 nA·√ms strong."
        )


def parameters(model: str) -> Controls:
    """Every parameter in sight: the drive, the neuron, the run."""
    st.markdown("**Drive**")
    chosen = _part_choice()
    values = _drive(chosen, model)
    recording = None
    if FILE in chosen:
        recording = file_panel()
    else:
        forget_file()
    if any(title in NOISES for title in chosen):
        values |= _fields(StimulusParams, KEY, ["frozen"], columns=1)
    st.markdown(f"**{MODELS[model].title}**")
    cls = MODELS[model].params
    neuron = _fields(cls, model, _by_kind(cls))
    st.markdown("**Run**")
    run = _fields(RunParams, KEY, list(RunParams.specs()))
    try:
        setup = Setup(model, cls(**neuron), StimulusParams(**values), RunParams(**run))
    except ValueError as error:
        return Controls(None, str(error), recording)
    return Controls(setup, "", recording)


def _part_choice() -> list[str]:
    """The pills that add and remove parts; a part that something else switched on is open, too."""
    held = st.session_state[PARTS_KEY]
    chosen = [
        title
        for title, part in PARTS.items()
        if title in held or any(st.session_state.get(f"{KEY}_{f}") for f in part.off)
    ]
    st.session_state[PARTS_KEY] = chosen + [FILE] * (FILE in held)
    words = [f"**{title}**: {_lower(part.help)}" for title, part in PARTS.items()]
    st.pills(
        "Parts of the drive",
        [*PARTS, FILE],
        selection_mode="multi",
        key=PARTS_KEY,
        on_change=_parts_changed,
        args=(tuple(chosen),),
        help="All chosen parts are added.\n\n" + "  \n".join([*words, f"**{FILE}**: {_FILE_HELP}"]),
        label_visibility="collapsed",
        wrap=True,
    )
    return list(st.session_state[PARTS_KEY])


def _has_membrane(model: str) -> bool:
    """Whether noise can be given by the voltage that it causes."""
    return MODELS[model].membrane(MODELS[model].params()) is not None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _parts_changed(before: tuple[str, ...]) -> None:
    """A part that was added begins with its typical value; one that was removed is 0."""
    now = st.session_state[PARTS_KEY]
    for title, part in PARTS.items():
        if title in now and title not in before:
            switch, typical = part.switch, part.typical
            if switch == "sigma_v" and not _has_membrane(st.session_state[MODEL]):
                switch, typical = "noise_intensity", 0.5
            st.session_state[f"{KEY}_{switch}"] = typical
        elif title in before and title not in now:
            _switch_off(part)


def _switch_off(part: Part) -> None:
    for field, value in part.off.items():
        st.session_state[f"{KEY}_{field}"] = value


def _drive(chosen: Sequence[str], model: str) -> dict[str, Value]:
    """The fields of the chosen parts; every other part is off."""
    values: dict[str, Value] = {}
    without = () if _has_membrane(model) else ("sigma_v",)
    for title, part in PARTS.items():
        values |= part.off
        if title in chosen:
            names = [name for name in part.fields if name not in without]
            values |= _fields(StimulusParams, KEY, names)
    if FILE in chosen:
        values |= _fields(StimulusParams, KEY, ["csv_gain"])
    return values


def _by_kind(cls: type[Params]) -> list[str]:
    """Numbers first: a choice of words takes a row of its own."""
    specs = cls.specs()
    return sorted(specs, key=lambda name: specs[name].kind in ("choice", "bool"))


def _fields(
    cls: type[Params], key: str, names: Sequence[str], columns: int = 2
) -> dict[str, Value]:
    """Draw these fields, numbers two to a row, and return what they hold."""
    specs, defaults = cls.specs(), cls().to_dict()
    values: dict[str, Value] = {}
    grid: DeltaGenerator | None = None  # of neighbours; a wide one stands by itself
    for name in names:
        if columns == 1 or specs[name].kind in ("choice", "bool"):
            grid = None
            values[name] = control(name, specs[name], defaults[name], key)
            continue
        grid = grid or st.container(key=f"grid2_{key}_{name}")
        with grid:
            values[name] = control(name, specs[name], defaults[name], key)
    return values


def end() -> None:
    """Name the open parts in the address where its values alone would open others."""
    chosen = st.session_state[PARTS_KEY]
    names = [part.switch for title, part in PARTS.items() if title in chosen]
    names += ["file"] * (FILE in chosen)
    if _parts_by_value() == chosen:
        if PARTS_PARAM in st.query_params:
            del st.query_params[PARTS_PARAM]
    elif st.query_params.get(PARTS_PARAM) != ",".join(names):
        st.query_params[PARTS_PARAM] = ",".join(names)


def link(setup: Setup) -> dict[str, Value]:
    """Names and values of the address that open the page as it is now, on `setup`."""
    names = link_of(setup)
    if PARTS_PARAM in st.query_params:
        names[PARTS_PARAM] = st.query_params[PARTS_PARAM]
    return names


def link_of(setup: Setup) -> dict[str, Value]:
    """The same for a setup by itself, all of its parts open that are on."""
    # By its title, as Streamlit writes it: a short name opens the page, but Streamlit drops it from
    # the address, so that a reload would show another model.
    names: dict[str, Value] = {} if setup.model == "lif" else {MODEL: setup.kind.title}
    names |= {model_key(setup.model, n): v for n, v in setup.neuron.changed().items()}
    for part in (setup.stimulus, setup.run):
        names |= {f"{KEY}_{n}": v for n, v in part.changed().items()}
    return names
