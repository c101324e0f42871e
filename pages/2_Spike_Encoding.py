"""Spike Encoding: a picture, a signal and points in the plane, written in spikes."""

from __future__ import annotations

import streamlit as st

from pages.components import frame

frame.open_page("encoding")  # before what follows, which needs the engine

from pages.components import share
from pages.components.encoding import picture_panel
from pages.components.encoding_classifier import classifier_panel
from pages.components.encoding_panel import compact
from pages.components.encoding_signal import signal_panel
from pages.components.turn import in_turn

PANELS = {"Picture": picture_panel, "Signal": signal_panel, "Classifier": classifier_panel}

compact()


@st.fragment  # a change of a control leaves the frame as it is
@in_turn
def panels() -> None:
    """Three tabs; the row above speaks of the open one."""
    bar = st.container(key="enc_bar")
    tabs = st.tabs(list(PANELS), key="enc_tab", bind="query-params")
    for tab, (name, panel) in zip(tabs, PANELS.items(), strict=True):
        if not tab.open:
            continue  # only the panel that is looked at is computed
        with tab:
            view = panel()
        with bar:
            tab_link = {} if name == "Picture" else {"enc_tab": name}
            share.share_bar(
                command=view.command,
                params={**tab_link, **view.params},
                downloads=view.downloads,
                missing=view.missing,
            )


panels()
