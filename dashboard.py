"""Home: what the four pages do, what computes, which data is here. No work of its own."""

from __future__ import annotations

import streamlit as st

from pages.components import frame, home, status, warm
from pages.components.picture import picture
from snncore import datasets

CARDS: tuple[tuple[frame.PageKey, str], ...] = (
    ("lif", "One neuron, a current, and the theory drawn over the simulation."),
    ("encoding", "Pictures as spikes in several codes, and what can be read back from them."),
    ("hopfield", "Damaged pictures restored by classical, modern and spiking memories."),
    ("stdp", "A layer that learns digits by spike timing, beside its untrained control."),
)

frame.open_page("home")
home.start()
complete = home.all_done()


@st.fragment(run_every=None if complete else 1.0)
def cards() -> None:
    """Four cards in two columns; redrawn each second until all pictures are there."""
    if not complete and home.all_done():
        st.rerun()  # a full run drops the timer
    for row in (CARDS[:2], CARDS[2:]):
        for column, (key, words) in zip(st.columns(2, gap="medium"), row, strict=True):
            with column, st.container(border=True, key=f"home_card_{key}", height="stretch"):
                card(key, words)


def card(key: frame.PageKey, words: str) -> None:
    """A page's picture, its link, what it is for, and the numbers of the picture."""
    vignette = home.picture(key)
    if vignette is not None:
        image = vignette.dark if frame.is_dark() else vignette.light
        picture(image, alt=vignette.alt)
    elif not complete:
        st.skeleton(height=140)
    frame.page_link(key, label=f"**{frame.PAGES[key].title}**", stretch=False)
    st.markdown(words)
    if vignette is not None:
        st.caption(vignette.caption)


cards()

left, right = st.columns(2, gap="medium")
with left, st.container(border=True, height="stretch", key="home_device"):
    st.subheader("Device", anchor=False)
    if warm.is_ready():
        device = frame.device_or_stop()
        st.markdown(f"**{frame.device_words(device)}** · {device.name}")
        reason = device.reason[:1].upper() + device.reason[1:]
        st.caption(f"{reason}. Set `SNNCORE_DEVICE` to `cpu`, `cuda` or `mps` to force one.")
    else:
        st.caption(f"{warm.LOADING}. Then it says here what computes.")
    st.markdown("Everything here also runs in a terminal:")
    st.code("python -m snncore --help", language="bash")
with right, st.container(border=True, height="stretch", key="home_data"):
    st.subheader("Data", anchor=False)
    sets = datasets.catalogue()
    with st.container(horizontal=True, gap="xsmall"):
        for info in sets:
            if info.present:
                st.badge(info.title, icon=":material/check:", color="green")
    if not all(info.present for info in sets):
        frame.how_to_get([info for info in sets if not info.present])

status.status_panel()
