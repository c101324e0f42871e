"""The trainer page's controls: what is learnt, by which network; what matters most stands first."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import streamlit as st

from pages.components.controls import control, label_of, set_missing
from pages.components.fetch import present_or_offer
from pages.components.lesson import offer
from pages.components.text import plain
from pages.components.trainer import source
from pages.components.trainer.payload import OWN, Run
from pages.components.trainer.presets import (
    KEY,
    SIZE,
    Preset,
    first,
    fit_to,
    follow,
    layer_of,
    recommended,
    values_of,
)
from snncore.params import Spec, Value, parse
from snncore.stdp import TrainParams
from snncore.stdp.rules import RULES

LIMIT = Spec(
    "int", "How many of the training images, spread over the set; 0 takes all.", lo=0, hi=60_000,
    label="Training images (0: all)",
)  # fmt: skip
TITLES: dict[str, dict[str, str]] = {
    "dataset": source.SETS,
    "layer": {"dense": "Dense", "conv": "Convolutional"},
    "rule": {key: rule.label for key, rule in RULES.items()},
    "retina": {"raw": "Raw intensities", "on_off": "DoG, ON and OFF cells"},
    "code": {"poisson": "Poisson", "latency": "Latency"},
    "competition": {
        "winner": "First spike wins",
        "k_winners": "First k win",
        "lateral": "Lateral inhibition",
        "none": "None",
    },
    "readout": {"ridge": "Ridge", "hinge": "Hinge", "logistic": "Logistic"},
}
_CONV = ("filter_size", "grid", "filters_2")
_GROUPS: dict[str, tuple[str, ...]] = {
    "Input": ("sigma_centre", "sigma_surround", "gain", "max_rate_hz", "dt", "steps"),
    "Layer and competition": (
        *_CONV, "competition", "winners", "lateral_inhibition", "tau_m", "theta", "theta_rate",
    ),
    "Learning by STDP": ("rate_first", "rate_last", "batch", "learn_images"),
    "Counting spikes": ("feature_steps", "feature_theta", "feature_reset", "inhibition"),
}  # fmt: skip
_MAIN = ("layer", "neurons", "filters", "epochs", "rule", "retina", "code", "readout", "seed")
_LOST = f"{KEY}__lost"
_MOST_COMPLAINTS = 3


class Chosen(NamedTuple):
    """What the controls say."""

    preset: Preset  # data set, limit and parameters as the controls have them, without a name
    upload: source.Upload | None
    absent: str  # a data set that was chosen and is not here, ""

    @property
    def params(self) -> TrainParams:
        """Of the run."""
        return self.preset.params

    @property
    def run(self) -> Run:
        """What Start computes, from the beginning."""
        if self.upload is not None:
            return Run(OWN, self.preset.limit, self.params, self.upload.sha256)
        return Run(self.preset.dataset, self.preset.limit, self.params)

    @property
    def size(self) -> source.Size:
        """Of the images that are learnt."""
        return source.size_of(self.preset.dataset, self.preset.limit, self.upload)


def begin() -> None:
    """Before the controls: a fresh address may use short names; what it asks in vain is said."""
    if SIZE in st.session_state:
        return
    opened, specs, lost = first(), specs_of_page(), []
    values = values_of(opened)
    for name, spec in specs.items():
        text = st.query_params.get(f"{KEY}_{name}")
        if text is None:
            continue
        by_title = {title: short for short, title in TITLES.get(name, {}).items()}
        try:
            values[f"{KEY}_{name}"] = parse(label_of(name, spec), by_title.get(text, text), spec)
        except ValueError as error:
            lost.append(plain(str(error)))
            del st.query_params[f"{KEY}_{name}"]  # Streamlit cannot make a number of some
    try:
        params = _params({name: values[f"{KEY}_{name}"] for name in TrainParams.specs()})
    except ValueError as error:  # each value is possible, but not all of them together
        lost.append(plain(str(error)))
        values |= {key: v for key, v in values_of(opened).items() if key != f"{KEY}_dataset"}
        params = opened.params
    set_missing(values)
    dataset = str(values[f"{KEY}_dataset"])
    st.session_state[SIZE] = (*layer_of(params), dataset)
    st.session_state[_LOST] = lost
    if lost:
        st.rerun()


def say_lost() -> None:
    """What the address asked for in vain."""
    lost = st.session_state.get(_LOST, [])
    if lost:
        st.session_state[_LOST] = []
        st.warning(
            "This address asks for what there is not here: "
            f"{'; '.join(lost[:_MOST_COMPLAINTS])}. The usual value is taken.",
            icon=":material/link_off:",
        )


def specs_of_page() -> dict[str, Spec]:
    """Fields of the page: the data, and all of the network."""
    found = dict(TrainParams.specs())
    found["epochs"] = dataclasses.replace(found["epochs"], label="Passes")
    words = "Pictures to learn."
    data = Spec("choice", words, options=tuple(source.SETS), label="Data set")
    return {"dataset": data, "limit": LIMIT, **found}


def choices() -> Chosen:
    """Draw the controls in the current container; contradictions are said, and the first taken."""
    specs, opened = specs_of_page(), first()
    values: dict[str, Any] = opened.params.to_dict()

    def draw(*names: str) -> None:
        for name in names:
            if name in TITLES:
                values[name] = _titled(name, specs[name], str(values[name]))
            else:
                values[name] = control(name, specs[name], values[name], KEY)

    st.markdown("##### 1 Data")
    dataset = _titled("dataset", specs["dataset"], opened.dataset)
    limit = _box("limit", LIMIT, opened.limit, 1000)
    with st.expander("Your own images", key=f"{KEY}__mine"):
        upload = source.own_file()
    absent = ""
    if upload is None and not present_or_offer(dataset, "the bundled digits", KEY):
        absent, dataset, limit = dataset, source.BUNDLED, 0
    fit_to(dataset)
    st.markdown("##### 2 Network")
    draw("layer")
    dense = values["layer"] == "dense"
    units = "neurons" if dense else "filters"
    values[units] = _box(units, specs[units], values[units], 100 if dense else 16, follow)
    draw("epochs", "rule", "retina", "code", "readout", "seed")
    for title, names in groups().items():
        with st.expander(title, key=f"{KEY}__{title.split()[0].lower()}"):
            draw(*(name for name in names if _matters(name, values)))
    try:
        params = _params(values)
    except ValueError as error:
        st.error(f"These values do not fit together: {error}. Change one of them, or press Reset.")
        params = recommended(values["layer"], values[units], dataset)
    return Chosen(Preset("", dataset, limit, params, ""), upload, absent)


def groups() -> dict[str, tuple[str, ...]]:
    """Expander → its fields; a field that has no place of its own stands with the rule."""
    placed = {*_MAIN, *(name for names in _GROUPS.values() for name in names)}
    rest = tuple(name for name in TrainParams.specs() if name not in placed)
    return _GROUPS | {"Learning by STDP": (*_GROUPS["Learning by STDP"], *rest)}


def _matters(name: str, values: dict[str, Any]) -> bool:
    """Whether a field has any effect with the choices made."""
    if name in _CONV:
        return bool(values["layer"] == "conv")
    if name in ("sigma_centre", "sigma_surround"):
        return bool(values["retina"] == "on_off")
    if name == "winners":  # filters: how many spikes of a location count, too
        return bool(values["layer"] == "conv" or values["competition"] == "k_winners")
    return True


def _params(values: dict[str, Value]) -> TrainParams:
    return TrainParams.from_dict(values)


def _box(name: str, spec: Spec, default: int, step: int, on_change: Any = None) -> int:
    """A whole number to type in: the useful ones span magnitudes."""
    offer(f"{KEY}_{name}", label_of(name, spec))
    follows = " Values that you have not changed follow what is recommended for it."
    return int(
        st.number_input(
            label_of(name, spec),
            min_value=int(spec.lo),
            max_value=int(spec.hi),
            value=int(default),
            step=step,
            key=f"{KEY}_{name}",
            bind="query-params",
            on_change=on_change,
            help=spec.help + (follows if on_change is not None else ""),
        )
    )


def _titled(name: str, spec: Spec, default: str) -> str:
    """A list, or few words side by side; the value is the short name."""
    words = TITLES[name]
    offer(f"{KEY}_{name}", label_of(name, spec))
    common: dict[str, Any] = {
        "label": label_of(name, spec),
        "options": [option for option in spec.options if option in words],
        "format_func": lambda short: words.get(short, str(short)),
        "key": f"{KEY}_{name}",
        "bind": "query-params",
        "help": spec.help,
        "on_change": follow if name in ("layer", "dataset") else None,
    }
    if name in ("layer", "code", "readout"):
        chosen = st.segmented_control(default=default, required=True, wrap=True, **common)
        return str(chosen or default)
    return str(st.selectbox(index=common["options"].index(default), **common))
