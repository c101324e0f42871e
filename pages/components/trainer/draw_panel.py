"""Draw a digit and see every spike that classifies it.

Works at once with the bundled network, and with any network that was trained here.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import sight
from pages.components.frame import is_dark
from pages.components.picture import picture
from pages.components.sections import computed, grid
from pages.components.text import plain
from pages.components.trainer import draw_source
from pages.components.trainer.draw_network import FILE, NET, NET_FILE, Network, network
from pages.components.trainer.draw_player import payload, player
from pages.components.trainer.draw_source import Asked
from snncore import trained
from snncore.jobs import JobView
from snncore.plots.base import png
from snncore.plots.training_reel import Reel, reel
from snncore.stdp import TrainParams

DRAWS = 20  # of the random spikes of one picture
_AGAIN = "stdp_draw_again"
_BEFORE = "stdp__draw_before"

_SURE = 0.8  # of the draws say the same, or it depends on the spikes more than on the picture


class Answer(NamedTuple):
    """A film for the browser, and what stands beside it."""

    film: dict[str, Any]
    votes: list[float]  # at the end, per class
    scores: list[float]
    others: list[int]  # answers to `DRAWS` draws of the random spikes, per class


class _Last(NamedTuple):
    """The film that was drawn last."""

    network: str
    film: str
    fresh: bool


def link_values() -> dict[str, object]:
    """Names and values of the address that bring the panel back as it is."""
    chosen = st.session_state.get(NET, st.query_params.get(NET))  # not drawn yet: as it came
    return {NET: None if chosen == "bundled" else chosen, **draw_source.link_values()}


def not_in_link() -> list[str]:
    """What the panel shows and no address can carry."""
    chosen, file = st.session_state.get(NET), st.session_state.get(NET_FILE)
    network = ["your network"] if chosen == FILE and file is not None else []
    return [*network, *draw_source.not_in_link()]


def draw_panel(view: JobView | None) -> None:
    """Draw the panel in the current container."""
    with st.container(key="stdp_draw_head"):  # the tour points at it
        st.subheader("Draw a digit and see every spike that classifies it", anchor=False)
    _panel(view)


@st.fragment
def _panel(view: JobView | None) -> None:
    """A stroke reruns no more than this."""
    if not sight.is_seen(draw_source.PANEL, "the drawing panel"):
        return
    top = st.container(horizontal=True, gap="medium", vertical_alignment="bottom")
    with top:
        net = network(view)
    if net is None:
        return
    with top:
        kind = draw_source.kind_of_picture(net)
    side, main = st.columns([1, 2.2], gap="medium")
    with side:
        asked = draw_source.picture_to_ask(net, kind)
    if asked is None:
        main.info(
            "The spikes that classify your picture appear here and below.", icon=":material/draw:"
        )
        return
    turn = int(st.session_state.get(_AGAIN, 0))
    key = hashlib.sha256(asked.image.tobytes()).hexdigest()
    sample = asked.sample + turn * DRAWS
    with main:
        answer = computed(lambda: _answer(net.identity, key, sample, net, asked))
        if answer is None:
            return
        _verdict(net, asked, answer)
        _as_seen(net, asked)
        _buttons(net, answer)
    name = f"{net.identity}-{key}-{sample}"
    player(name, answer.film, dark=is_dark(), fresh=_is_fresh(net.identity, name))
    st.caption(
        f"{_words(net.trained.params)} Space plays and pauses, the arrow keys step, a click seeks."
    )


def _is_fresh(network: str, film: str) -> bool:
    """Whether this film is another one of the same network: the first of each is not fresh."""
    last: _Last | None = st.session_state.get(_BEFORE)
    if last is None or last.film != film:
        last = _Last(network, film, last is not None and last.network == network)
        st.session_state[_BEFORE] = last
    return last.fresh


def _words(params: TrainParams) -> str:
    """What one sees in the player."""
    if params.code == "latency":
        first = "Each cell of the picture spikes once, the stronger its input the earlier."
    else:
        first = "Each cell of the picture spikes at random, the stronger its input the more often."
    if params.layer == "conv":
        return (
            f"{first} At each place the filters that first reach their thresholds win, and a "
            "linear readout weighs where which filter won."
        )
    return (
        f"{first} At each step the neuron that is furthest above its threshold spikes and votes "
        "for the class it stands for; a linear readout weighs all spikes."
    )


def _buttons(net: Network, answer: Answer) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if net.trained.params.code == "poisson":
            st.button(
                "Other random spikes", icon=":material/casino:", key="stdp_draw_dice",
                on_click=_roll, help="The same picture, with another draw of its random spikes.",
            )  # fmt: skip
        with st.popover("Scores as a table", icon=":material/table:"):
            grid([
                ["Class", "Vote (spikes a neuron)", "Readout's score"],
                *(
                    [plain(name), f"{vote:.2f}", f"{score:.2f}".replace("-", "−")]
                    for name, vote, score in zip(
                        net.trained.class_names, answer.votes, answer.scores, strict=True
                    )
                ),
            ])  # fmt: skip


def _roll() -> None:
    """Callback: the next random draw."""
    st.session_state[_AGAIN] = int(st.session_state.get(_AGAIN, 0)) + 1


def _verdict(net: Network, asked: Asked, answer: Answer) -> None:
    """The answer in a line that can be read without the player."""
    names = net.trained.class_names
    film = answer.film
    voted = plain(names[film["vote"]]) if film["vote"] >= 0 else "nothing"
    right = ""
    if asked.truth is not None:
        right = " ✓" if film["answer"] == asked.truth else f" ✗ (it is {plain(names[asked.truth])})"
    st.markdown(f"#### :primary[{plain(names[film['answer']])}]{right}")
    text = (
        f"is what the linear readout says of {asked.words}, in the lead since step "
        f"{film['settled'] + 1} of {film['steps']}. The vote says **{voted}**."
    )
    if net.trained.params.code == "poisson":
        order = np.argsort(-np.array(answer.others), kind="stable")
        said = ", ".join(
            f"{plain(names[c])} {answer.others[c]}×" for c in order if answer.others[c]
        )
        text += f" In {DRAWS} random draws of the spikes the readout says: {said}."
        most, sure = int(order[0]), answer.others[int(order[0])] > _SURE * DRAWS
        if most != film["answer"] or not sure:
            text += (
                f" **Unsure**: other draws of the same picture say {plain(names[most])}."
                if answer.others[most] > answer.others[film["answer"]]
                else " **Unsure**: it depends on the random spikes."
            )
    st.markdown(text)


def _as_seen(net: Network, asked: Asked) -> None:
    """The picture at the network's size, and how it came to be."""
    steps = "; ".join(asked.steps) or "as it is in the test set"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        picture(
            png(asked.image, scale=max(1, 84 // asked.image.shape[0])),
            alt="The picture as the network sees it",
            width=84,
        )
        st.caption(f"**What the network sees**: {steps}. Network: {net.words}.")


@st.cache_data(max_entries=48, ttl=1800, max_size="32MB", show_spinner=False)
def _answer(network: str, image: str, sample: int, _net: Network, _asked: Asked) -> Answer:
    film: Reel = reel(_net.trained, _asked.image, sample=sample)
    others = trained.predict(
        _net.trained,
        np.repeat(_asked.image[None], DRAWS if _net.trained.params.code == "poisson" else 1, 0),
    )
    tally = np.bincount(others.classes, minlength=len(film.class_names))
    return Answer(payload(film), film.votes[-1].tolist(), film.scores[-1].tolist(), tally.tolist())
