"""The rows of pictures: small enough to be sent often, made once, read as a list."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_cards as cards
from pages.components import hopfield_scores as scores
from snncore.hopfield import NoiseParams, PatternParams, Patterns, Probes
from snncore.recall_lab import Answer, Ask, RecallParams, experiment
from tests.pages.opening import open_page


def large(mode: str, count: int, side: int) -> Answer:
    """A recall of large pictures of noise, which no packing makes smaller."""
    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=count, size=16, mode=mode),
        recall=RecallParams(rule="modern"),
        noise=NoiseParams.from_text("flip:0.3" if mode == "binary" else "gaussian:0.3"),
    )
    small = experiment(ask)
    numbers = side * side * (3 if mode == "rgb" else 1)
    noise = torch.rand(count, numbers, generator=torch.Generator().manual_seed(0))
    if mode == "binary":
        noise = (noise - 0.5).sign()
    stored = noise.to(small.patterns.states.dtype)
    return small._replace(
        patterns=Patterns(stored, (side, side), small.patterns.names, mode),
        probes=Probes(noise, torch.ones(count, numbers, dtype=torch.bool)),
        result=small.result._replace(recalled=stored),
    )


@pytest.mark.parametrize(
    ("mode", "count", "most"),
    [("rgb", 12, 128), ("grey", 12, 128), ("binary", 6, 256), ("rgb", 2, 256)],
)
def test_large_pictures_are_sent_small(mode: str, count: int, most: int) -> None:
    shown = cards.cards_of(large(mode, count, 256), mark=True)
    assert len(shown) == count
    # Noise does not deflate: a byte for each number of what is shown, or a bit if it is binary.
    room = most * most * {"rgb": 3, "grey": 1, "binary": 1 / 8}[mode]
    for data in (data for card in shown for data in card.pictures):
        assert Image.open(io.BytesIO(data)).size == (most, most)
        assert len(data) < 1.1 * room + 500


def script() -> None:
    import streamlit as st

    from pages.components.hopfield_cards import kept_cards
    from snncore.hopfield import PatternParams
    from snncore.recall_lab import Ask, RecallParams, experiment

    few = PatternParams(count=3, size=16)
    ask = Ask(dataset="icons", patterns=few, recall=RecallParams(rule="hebb"))
    mark, own = st.toggle("Mark", key="mark"), st.toggle("Own", key="own")
    st.text_input("Other", key="other")
    assert len(kept_cards(experiment(ask), mark, ask.digest, own)) == 3


@pytest.mark.parametrize("own", [False, True])
def test_a_rerun_makes_no_picture_again(monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    made: list[bool] = []
    honest = cards.cards_of

    def spy(answer: Answer, mark: bool) -> tuple[cards.Card, ...]:
        made.append(mark)
        return honest(answer, mark)

    monkeypatch.setattr(cards, "cards_of", spy)
    cards._kept.clear()
    app = AppTest.from_function(script, default_timeout=60)
    app.session_state["own"] = own
    app.run()
    app.toggle(key="mark").set_value(True).run()
    app.text_input(key="other").set_value("x").run()
    app.toggle(key="mark").set_value(False).run()
    app.toggle(key="mark").set_value(True).run()
    assert not app.exception
    assert made == [False, True]
    cards._kept.clear()  # of all visitors: own pictures are not there
    app.run()
    assert made == ([False, True] if own else [False, True, True])


def test_the_page_reads_as_a_list_and_says_the_mean_overlap() -> None:
    few = {"hop_dataset": "icons", "hop_count": "8", "hop_size": "16", "hop_rule": "hebb"}
    app = open_page("pages/3_Hopfield_Recall.py", **few, hop_share="0.3")
    (html,) = [e.proto.body for e in app.get("html") if 'role="list"' in e.proto.body]
    assert html.count('role="list"') == 1
    names = re.findall(r'role="listitem" aria-label="([^"]+)"', html)
    assert len(names) == 8 == html.count("<figure")
    assert all(f'alt="{name}, recalled"' in html for name in names)
    shown = {metric.label: metric.value for metric in app.metric}
    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=8, size=16),
        noise=NoiseParams.from_text("flip:0.3"),
        recall=RecallParams(rule="hebb"),
    )
    result = experiment(ask).result
    assert result.exact_fraction < 1
    each = result.recalled.numpy() * experiment(ask).patterns.states.numpy()[result.targets]
    assert float(shown["Mean overlap"]) == pytest.approx(np.mean(each), abs=5e-4)


def test_the_first_recall_says_that_kernels_are_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for rule, file in (("spiking", "memory"), ("spiking-attractor", "attractor")):
        assert "compiles" in scores.waiting(rule)
        (tmp_path / "kernels").mkdir(exist_ok=True)
        (tmp_path / "kernels" / f"spiking_{file}._probes-1.py311.nbi").touch()
        assert scores.waiting(rule) == "Recalling" == scores.waiting("hebb")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert scores.waiting("spiking") == "Recalling"


def test_the_names_of_compiled_kernels_are_still_those_that_are_looked_for() -> None:
    from snncore.kernels import spiking_attractor, spiking_memory

    assert hasattr(spiking_memory, "_probes") and hasattr(spiking_attractor, "_probes")
