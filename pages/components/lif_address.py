"""What a fresh address of the LIF Playground asks for in vain; Streamlit drops it in silence."""

from __future__ import annotations

import streamlit as st

from pages.components.controls import label_of
from pages.components.text import plain
from snncore.neurons import MODELS
from snncore.params import parse
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams

_MOST = 3  # complaints


def unusable(key: str, model: str) -> list[str]:
    """What is wrong with the address' values, in words that are safe in Markdown.

    Args:
        key: prefix of the page's names; `f"{key}_model"` is the model's.
        model: the one that is shown, whose parameters may stand in the address.
    """
    wish = st.query_params.get(f"{key}_model")
    words = []
    if wish is not None and all(wish not in (name, m.title) for name, m in MODELS.items()):
        words.append(f"no model is called {plain(wish)}")
    for prefix, cls in ((model, MODELS[model].params), (key, StimulusParams), (key, RunParams)):
        for name, spec in cls.specs().items():
            text = st.query_params.get(f"{prefix}_{name}")
            if text is None:
                continue
            try:
                parse(label_of(name, spec), text, spec)
            except ValueError as error:
                words.append(plain(str(error)))
    return words[:_MOST]
