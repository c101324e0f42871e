"""Settings of the trainer page worth seeing, each with what to notice, and what it opens with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import streamlit as st

from pages.components.controls import state_of
from pages.components.encoding_panel import preset_pills
from pages.components.trainer.source import BUNDLED, is_here
from snncore.params import Params, Value
from snncore.stdp import TrainParams
from snncore.stdp.presets import PRESETS as PRESETS
from snncore.stdp.presets import Preset as Preset
from snncore.stdp.presets import recommended as recommended

KEY = "stdp"
SIZE = f"{KEY}__size"  # which layer the other values were last suited to


def first() -> Preset:
    """What the page opens with."""
    return as_learnt(PRESETS[0])


def as_learnt(preset: Preset) -> Preset:
    """The preset as this machine learns it: on the bundled digits where its set is absent, with
    what is recommended for them."""
    if is_here(preset.dataset):
        return preset
    changes = moved(preset.params.to_dict(), layer_of(preset.params), preset.dataset, BUNDLED)
    params = dataclasses.replace(preset.params, **changes)
    return preset._replace(dataset=BUNDLED, limit=0, params=params)


def values_of(preset: Preset) -> dict[str, Value]:
    """Widget keys of a preset, and what each must hold."""
    return {
        f"{KEY}_dataset": preset.dataset,
        f"{KEY}_limit": preset.limit,
        **state_of(KEY, preset.params),
    }


def preset_bar(dataset: str, limit: int, params: TrainParams) -> None:
    """The presets, the one that is shown marked and explained, and Reset."""
    asked = (dataset, limit, params)
    chosen = next((p for p in PRESETS if as_learnt(p)[1:4] == asked), None)
    setting = Preset("", dataset, limit, params, "")
    preset_pills(
        KEY, [p.name for p in PRESETS], chosen.name if chosen else None, show, setting, _set
    )
    if chosen is not None:
        st.markdown(f":material/visibility: **Notice:** {chosen.notice}")


def show(name: str) -> None:
    """Callback: every control as in that preset; a file of one's own is left alone."""
    _set(next(p for p in PRESETS if p.name == name))


def _set(preset: Preset) -> None:
    st.session_state.update(values_of(preset))
    st.session_state[SIZE] = (*layer_of(preset.params), preset.dataset)


def layer_of(params: TrainParams) -> tuple[str, int]:
    """Kind and size of the layer: what the recommended values depend on."""
    return params.layer, params.neurons if params.layer == "dense" else params.filters


def moved(
    values: Mapping[str, Value], size: tuple[str, int], old: str, new: str
) -> dict[str, Value]:
    """What changes from one data set to another in values that were left as recommended."""
    before = recommended(*size, old)
    return {
        name: value
        for name, value in changed_between(before, recommended(*size, new)).items()
        if values.get(name) == getattr(before, name)
    }


def fit_to(dataset: str) -> None:
    """Before the controls of the network: they follow to the data set that is learnt, which is
    not the one that was asked for where that is absent."""
    *size, before = st.session_state[SIZE]
    if before != dataset:
        _follow(*size, dataset)


def follow() -> None:
    """Callback of data set, kind and size of the layer: values that were left as recommended
    follow them."""
    state = st.session_state
    layer, dataset = str(state[f"{KEY}_layer"]), str(state[f"{KEY}_dataset"])
    name = "neurons" if layer == "dense" else "filters"
    units = int(state.get(f"{KEY}_{name}", getattr(recommended(layer), name)))
    _follow(layer, units, dataset)


def _follow(layer: str, units: int, dataset: str) -> None:
    state = st.session_state
    before: tuple[str, int, str] = state.get(SIZE, (layer, units, dataset))
    old, new = recommended(*before), recommended(layer, units, dataset)
    for name, value in changed_between(old, new).items():
        if state.get(f"{KEY}_{name}", getattr(old, name)) == getattr(old, name):
            state[f"{KEY}_{name}"] = value
    state[SIZE] = (layer, units, dataset)


def changed_between(old: Params, new: Params) -> dict[str, Value]:
    """Fields of `new` that differ from `old`, without the layer's kind and size themselves."""
    return {
        field.name: getattr(new, field.name)
        for field in dataclasses.fields(new)
        if field.name not in ("layer", "neurons", "filters", "seed")
        and getattr(new, field.name) != getattr(old, field.name)
    }
