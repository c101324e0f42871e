"""Settings of the trainer page worth seeing, each with what to notice, and what it opens with."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.components.controls import state_of
from pages.components.encoding_panel import preset_pills
from pages.components.trainer.source import BUNDLED, SIZES
from snncore import datasets
from snncore.params import Params, Value
from snncore.stdp import TrainParams
from snncore.stdp.presets import PRESETS as PRESETS
from snncore.stdp.presets import Preset as Preset
from snncore.stdp.presets import recommended as recommended

KEY = "stdp"
SIZE = f"{KEY}__size"  # which layer the other values were last suited to


def first() -> Preset:
    """What the page opens with: the first preset, on the bundled digits where its set is absent."""
    preset = PRESETS[0]
    return preset if is_here(preset.dataset) else preset._replace(dataset=BUNDLED, limit=0)


def is_here(name: str) -> bool:
    """Whether a data set is on this machine."""
    return any(info.name == name and info.present for info in datasets.catalogue())


def values_of(preset: Preset) -> dict[str, Value]:
    """Widget keys of a preset, and what each must hold."""
    return {
        f"{KEY}_dataset": preset.dataset,
        f"{KEY}_limit": preset.limit,
        **state_of(KEY, preset.params),
    }


def preset_bar(dataset: str, limit: int, params: TrainParams) -> None:
    """The presets, the one that is shown marked and explained, and Reset."""
    chosen = next((p for p in (first(), *PRESETS) if p[1:4] == (dataset, limit, params)), None)
    preset_pills(KEY, [p.name for p in PRESETS], chosen.name if chosen else None, show)
    if chosen is not None:
        st.markdown(f":material/visibility: **Notice:** {chosen.notice}")


def show(name: str) -> None:
    """Callback: every control as in that preset; a file of one's own is left alone."""
    number = next(k for k, p in enumerate(PRESETS) if p.name == name)
    preset = PRESETS[number] if number else first()
    st.session_state.update(values_of(preset))
    st.session_state[SIZE] = (*layer_of(preset.params), preset.dataset)


def layer_of(params: TrainParams) -> tuple[str, int]:
    """Kind and size of the layer: what the recommended values depend on."""
    return params.layer, params.neurons if params.layer == "dense" else params.filters


def suited(layer: str, units: int, dataset: str) -> TrainParams:
    """What is recommended for a layer; filters that fit on small pictures."""
    params = recommended(layer, units, dataset)
    if layer == "conv" and min(SIZES[dataset][2:4]) < 2 * params.filter_size:
        params = dataclasses.replace(params, filter_size=3, grid=3)
    return params


def follow() -> None:
    """Callback of data set, kind and size of the layer: values that were left as recommended
    follow them."""
    state = st.session_state
    layer, dataset = str(state[f"{KEY}_layer"]), str(state[f"{KEY}_dataset"])
    name = "neurons" if layer == "dense" else "filters"
    units = int(state.get(f"{KEY}_{name}", getattr(recommended(layer), name)))
    before: tuple[str, int, str] = state.get(SIZE, (layer, units, dataset))
    old, new = suited(*before), suited(layer, units, dataset)
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
