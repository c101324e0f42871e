"""Hopfield Recall: stored pictures → damage → memory → answers beside the best possible ones."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.components import hopfield as hop
from pages.components import hopfield_inside as inside
from pages.components import hopfield_views as views
from pages.components.controls import controls, link_params, presets
from pages.components.fetch import present_or_offer
from pages.components.frame import open_page
from pages.components.inline import inline
from pages.components.share import Download, share_bar

open_page("hopfield")
presets("hop", hop.PageParams, hop.PRESETS)
bar = st.container()
head = st.container(key="hop_head")
# The picture first: on a phone the columns stand below each other.
main, side = st.columns([2.6, 1], gap="large")
values: dict[str, object] = {}


def ask(*names: str) -> None:
    """Draw these controls here and remember what they say."""
    chosen = controls(hop.PageParams, "hop", only=names).to_dict()
    values.update({name: chosen[name] for name in names})


def another_draw() -> None:
    """Callback: the next seed."""
    st.session_state["hop_seed"] = (st.session_state.get("hop_seed", 0) + 1) % 100_000


with side:
    st.subheader("1 Store", anchor=False)
    ask("dataset", "count")
    room = st.empty()
    with st.expander("Size, threshold, your own pictures"):
        ask("size", "threshold")
        uploads = st.file_uploader(
            "Your own pictures (PNG or JPEG, at most 10 MB)",
            type=["png", "jpg", "jpeg"],
            accept_multiple_files=True,
            key="hop_own",
            max_upload_size=10,
            help=f"At most {hop.MAX_OWN}; the middle square is stored beside the others. They stay "
            "on this page: the link and the command do not carry them.",
        )
        own = inline(lambda: hop.read_uploads(uploads))
        for complaint in own.refused:
            st.error(complaint)
        if len(uploads) > hop.MAX_OWN:
            st.warning(f"Only the first {hop.MAX_OWN} are used.")
    st.subheader("2 Damage", anchor=False)
    ask("kind")
    ask("sigma" if values["kind"] == "gaussian" else "share")
    ask("seed")
    st.button("Another draw", icon=":material/casino:", key="hop_again", on_click=another_draw)
    st.subheader("3 Recall", anchor=False)
    ask("rule")
    ask(*hop.RULE_CONTROLS[str(values["rule"])])

p = hop.PageParams.from_dict(values)
mine = own.pictures
shown = p
with head:
    if not present_or_offer(p.dataset, "the bundled icons", "hop"):
        shown = dataclasses.replace(p, dataset="icons")

answer = inline(lambda: hop.run(shown, mine))

with head:
    judged = views.verdict(answer.result)
    {"success": st.success, "warning": st.warning, "info": st.info}[judged.kind](
        judged.text,
        icon={"success": ":material/check_circle:", "warning": ":material/report:"}.get(
            judged.kind, ":material/info:"
        ),
    )
    views.scores(answer)
if len(answer.probes) < p.count:
    room.caption(f"There are {len(answer.probes)} pictures.")
with main:
    mark = st.toggle("Mark wrong pixels", value=True, key="hop_mark", bind="query-params")
    views.gallery(answer, mark)
    colour, sentence = views.preflight_text(answer, p.rule)
    st.markdown(f":{colour}[:material/traffic:] **Before any damage:** {sentence}")
st.subheader("Look inside", anchor=False)
steps, spikes, equations, comparison = st.tabs(
    inside.TABS, key="hop_tab", on_change="rerun", bind="query-params"
)
which, look = 0, None
if steps.open or (spikes.open and answer.result.spikes is not None):
    with steps if steps.open else spikes:
        which, look = inside.picture_choice(answer)
with bar:
    tab = st.session_state["hop_tab"]
    share_bar(
        command=shown.command(),
        params={
            **link_params("hop", p),
            "hop_mark": None if mark else False,
            "hop_tab": None if tab == inside.TABS[0] else tab,
            "hop_look": look,
        },
        downloads=[
            Download("Pictures (PNG)", lambda: views.sheet(answer), "recall.png", "image/png"),
            Download("Arrays (NPZ)", lambda: hop.npz(answer), "recall.npz", "application/zip"),
        ],
    )
if steps.open:
    with steps:
        inline(lambda: inside.steps_panel(shown, mine, answer, which))
if spikes.open:
    with spikes:
        inside.spikes_panel(answer, which)
if equations.open:
    with equations:
        inside.equations_panel(p, answer)
if comparison.open:
    with comparison:
        inline(lambda: inside.comparison_panel(shown, mine))
