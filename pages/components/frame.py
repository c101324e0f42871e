"""The frame around every page: navigation, title, help, device badge and data status.

`open_page(key)` is the first call of each page. A page opened by a cold deep link runs without
dashboard.py, so everything that a visitor sees around the page's own content is drawn here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.errors import StreamlitAPIException

from snncore import datasets
from snncore.device import DeviceChoice, choose_device

from . import leavers, lesson, warm
from .brand import icon_png
from .job_panel import keep_alive
from .lif_help import analogies
from .share import opened
from .tour import again_button, tour

_GLOSSARY = "frame__glossary"  # in the session: it was asked for

PageKey = Literal["home", "lif", "encoding", "hopfield", "stdp"]


try:
    from . import faster

    faster.install()
except (ImportError, AttributeError, OSError, TypeError) as error:  # a later release of Streamlit
    logging.getLogger(__name__).warning("pages are slower in a full hall: %s", error)


class Page(NamedTuple):
    """What the frame knows of one page."""

    file: str
    title: str
    icon: str  # Material symbol of the navigation; its font is part of Streamlit
    intro: str
    help: str  # Markdown of the help popover


PAGES: dict[str, Page] = {
    "home": Page(
        "dashboard.py",
        "Spiking Lab",
        ":material/home:",
        "Neurons that speak in spikes: simulate one, write pictures in spikes, "
        "recall them from memory, and train a network that learns by spike timing.",
        "Open one of the four pages. Each starts on a working example; nothing has to be "
        "uploaded or configured.",
    ),
    "lif": Page(
        "pages/1_LIF_Playground.py",
        "LIF Playground",
        ":material/show_chart:",
        "Drive a neuron with a current and watch it charge, leak and fire, beside what theory "
        "expects.",
        "1. Pick a preset, or choose a model and parts of the drive; move a slider and the "
        "simulation runs again at once.\n"
        "2. Read the numbers: what was measured stands beside what theory expects, and the curve "
        "below shows the rate for every constant current.\n"
        "3. *Keep as A*, then change something: the old voltage stays in grey behind the new one.\n"
        "4. Open a section below for more: step by step, trials, phase plane, maps, a challenge.",
    ),
    "encoding": Page(
        "pages/2_Spike_Encoding.py",
        "Spike Encoding",
        ":material/grain:",
        "Turn pictures and signals into spikes with any of many codes, three at a time, see what "
        "comes back, and let spikes decide.",
        "1. Pick a preset, or a picture and three codes (A, B, C).\n"
        "2. Compare what is read back from the spikes with the original: the numbers say what it "
        "cost and how good it is.\n"
        "3. Read the raster: one row per neuron, one mark per spike, time to the right. *Step by "
        "step* plays it.\n"
        "4. *Signal* does the same with waves, sounds and tables; *Classifier* trains neurons to "
        "tell classes of points by their spikes.",
    ),
    "hopfield": Page(
        "pages/3_Hopfield_Recall.py",
        "Hopfield Recall",
        ":material/psychology:",
        "Store pictures in an associative memory, damage one, and let the neurons restore it.",
        "1. Choose the stored pictures, or add your own: a file, the camera, a drawing.\n"
        "2. Choose the kind and the amount of damage, and the memory that restores it.\n"
        "3. Compare the recalled row with the best that any method could do.\n"
        "4. *Watch* plays a recall step by step; *Look closer* compares memories and measures how "
        "much they hold.",
    ),
    "stdp": Page(
        "pages/4_STDP_MNIST_Trainer.py",
        "STDP MNIST Trainer",
        ":material/model_training:",
        "Let a layer of spiking neurons discover digits by spike-timing-dependent plasticity, "
        "without being told the labels.",
        "1. Choose the data and the size of the layer, then press Start.\n"
        "2. Watch the receptive fields turn from noise into digits.\n"
        "3. At the end, read the confusion matrix beside the untrained control.\n\n"
        "Training goes on while you look at another page in this tab. The address with *job=* "
        "leads back to it; whoever has it can watch too. Closing the tab stops it after some "
        "minutes.",
    ),
}

_HELP_FOOT = (
    "**The address of the page is its state.** Copy it to come back to exactly this view, or use "
    "*Share*.  \n**Everything here also runs in a terminal**: *Command* shows how."
)


_CSS = Path(__file__).with_name("frame.css").read_text(encoding="utf-8")
# White on the bright blue of the dark theme could hardly be read.
_DARK = '[data-testid="stBaseButton-primary"], [data-tag], [data-tag] * {color: #0e1117;}'


def open_page(key: PageKey) -> None:
    """Draw the frame of page `key`; call it before any other Streamlit command of the page."""
    page = PAGES[key]
    title = page.title if key == "home" else f"{page.title} · Spiking Lab"
    st.set_page_config(page_title=title, page_icon=icon_png(), layout="wide")
    st.html(f"<style>{_CSS}{_DARK if is_dark() else ''}</style>")
    warm.begin()
    leavers.begin()
    with st.sidebar:
        _navigation()
        st.space("small")
        badge = st.container(key="frame_device", gap="xsmall")
        _data_status()
        # The trainer's own panel looks after a training.
        keep_alive(without="computation" if key == "stdp" else None)
        if not lesson.on():
            tour(key)  # here, where its empty place cannot be seen
    with st.container(horizontal=True, vertical_alignment="center", key="frame_head"):
        st.title(page.title, anchor=False, width="content")
        _help(key)
    st.markdown(page.intro)
    lesson.begin()
    if key != "home":  # which is there without the engine
        warm.wait(whole=key != "lif")
    with badge:
        if warm.is_ready():
            _device_badge(device_or_stop())
        warm.note()


@st.fragment
def _help(key: PageKey) -> None:
    if box := opened("Help", ":material/help:", "frame_help"):
        with box:
            st.markdown(PAGES[key].help)
            if key == "lif":
                analogies()
            st.markdown(_HELP_FOOT)
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Glossary",
                    icon=":material/menu_book:",
                    key="frame_glossary",
                    on_click=_ask_for_glossary,
                )
                again_button(key)
    if st.session_state.pop(_GLOSSARY, False):
        from . import glossary  # which knows the engine's words: the frame comes before the engine

        glossary.show(key)


def _ask_for_glossary() -> None:
    st.session_state[_GLOSSARY] = True
    st.session_state["frame_help"] = False  # it would stand before the glossary


def is_dark() -> bool:
    """Whether the visitor's browser shows the dark theme (False where that is unknown)."""
    return st.context.theme.type == "dark"


def page_link(key: PageKey, *, label: str | None = None, stretch: bool = True) -> None:
    """A link to page `key`; plain text where that page cannot be reached from this one."""
    page = PAGES[key]
    text = page.title if label is None else label
    try:
        st.page_link(
            page.file, label=text, icon=page.icon, width="stretch" if stretch else "content"
        )
    except StreamlitAPIException:  # page run alone, outside the dashboard
        st.markdown(f"{page.icon} {text}")


def _navigation() -> None:
    with st.container(key="frame_navigation", gap="xsmall"):
        page_link("home", label="Home")
        for key in ("lif", "encoding", "hopfield", "stdp"):
            page_link(key)


def device_or_stop() -> DeviceChoice:
    """The device of the computations; a wish that cannot be met is an error on the page."""
    try:
        return choose_device()
    except ValueError as error:
        st.error(f"{error}. Change the environment variable and start the dashboard again.")
        st.stop()


def device_words(choice: DeviceChoice) -> str:
    """The badge's text, e.g. "Computing on CPU"."""
    return f"Computing on {choice.device.type.upper()}"


def _device_badge(choice: DeviceChoice) -> None:
    st.badge(
        device_words(choice),
        icon=":material/memory:",
        color="blue" if choice.device.type == "cpu" else "green",
    )
    st.caption(f"{choice.name} — {choice.reason}")


def _data_status() -> None:
    with st.container(key="frame_data", gap="xsmall"):
        data_status()


def data_status() -> None:
    """How many of the large data sets are here, and how to get the others."""
    extra = [info for info in datasets.catalogue() if not info.bundled]
    missing = [info for info in extra if not info.present]
    here = len(extra) - len(missing)
    words = (
        f"{here} of {len(extra)} large data sets present" if missing else "All data sets present"
    )
    st.badge(words, icon=":material/database:", color="gray" if missing else "green")
    if missing:
        with st.popover("Get the others", key="frame_get_data", type="tertiary"):
            how_to_get(missing)
            st.caption("Until then every page works on pictures that are bundled.")


def how_to_get(missing: Sequence[datasets.DatasetInfo]) -> None:
    """The commands that fetch these data sets, and the folder that they go to."""
    titles = ", ".join(info.title for info in missing)
    st.markdown(f"Not here yet: {titles}. To fetch them, run in the folder of this project:")
    commands = (f"python -m snncore download {info.name}" for info in missing)
    st.code("\n".join(commands), language="bash", wrap_lines=True)
    st.markdown("They go to this folder; set `SNNCORE_DATA` to use one that has them already:")
    st.code(_short(datasets.data_root()), language=None, wrap_lines=True)


def _short(path: Path) -> str:
    """The path with the home folder as ~, which says enough and names nobody."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
