"""LIF Playground: one neuron, its drive, its spikes, and what theory says about them."""

from __future__ import annotations

import streamlit as st

from pages.components import frame

frame.open_page("lif")  # before what follows, which needs the engine

from pages.components import lif, lif_compare, lif_controls, lif_files, lif_presets, sight
from pages.components.chart import vega_chart
from pages.components.lesson import settings
from pages.components.lif_equation import equation
from pages.components.lif_recording import units
from pages.components.lif_sections import open_sections, sections
from pages.components.share import share_bar
from pages.components.turn import in_turn
from snncore.plots import neuron as plots

lif.compact()


@st.fragment  # a change of a control leaves the frame as it is
@in_turn
def playground() -> None:
    """All that depends on the controls, and the controls."""
    lif_controls.begin()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="lif_bar"):
        model = lif_controls.model_choice(lif_presets.model_changed)
        bar = st.container(width="content")
        keep = st.container(width="content")
    shelf = st.container(gap="small")
    top = st.container()

    # The picture first: on a phone the columns stand below each other.
    main, side = st.columns([1.7, 1], gap="medium")
    with side, settings("lif_side", border=True):
        setup, problem, recording = lif_controls.parameters(model)
    with shelf:
        lif_presets.preset_bar(setup, with_file=recording is not None)
    if setup is None:
        main.error(
            f"These values do not fit together: {problem}. Change one of them, or press Reset."
        )
        st.stop()
    lif_controls.end()

    with main:  # where the engine's refusal is seen
        result = lif.run(setup, recording)
        behind, bad_a = lif_compare.kept()
        other, bad_a = lif_compare.run(behind, recording, bad_a)
    lif_presets.check_drive(setup, result)
    drawn = other if lif_compare.same_unit(setup, behind) else None

    with top:
        lif.number_row(setup, result.summary)

    with main:
        vega_chart(
            spec=plots.trace_chart(
                setup, result, behind=drawn, height=470 if plots.panel_variables(setup) else 390
            ),
            key="lif_trace_chart",
            alt=lif.picture_words(setup, result.summary),
        )
        lif.remarks(setup, recording, result, lif_presets.notice(setup, recording))
        if bad_a:
            lif_compare.show_problem(bad_a)
        if behind is not None and other is not None:
            lif_compare.comparison(behind, setup, other.summary, result.summary)
        with st.container(key="lif_equation"):
            equation(setup, recording, result.summary)
        st.markdown("**Firing rate over current**")
        if sight.is_seen("lif_curve", "the firing rate over current"):
            lif.curve_panel(setup, result.summary, behind, None if other is None else other.summary)

    sections(setup, recording, frame.is_dark())

    with keep:
        lif_compare.keep_button(setup)
    with bar:
        share_bar(
            command=lif_files.command(setup, recording, units()),
            params=lif_controls.link(setup) | lif_compare.link() | open_sections(),
            downloads=lif_files.downloads(setup, recording, None if drawn is None else behind),
            missing="" if recording is None else "This link opens the page without your file.",
        )


playground()
