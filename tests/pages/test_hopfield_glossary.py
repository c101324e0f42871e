"""The words of the Hopfield page: they are complete, and their numbers are true."""

from __future__ import annotations

import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.components.hopfield_glossary import SETS, WORDS
from snncore import datasets
from snncore.hopfield import PatternParams, Patterns, make_patterns
from snncore.hopfield.noise import TITLES
from snncore.recall_lab import RANDOM


def _script(mode: str) -> None:
    from pages.components.hopfield_bench import RecallBench
    from pages.components.hopfield_glossary import words
    from snncore.hopfield import NoiseParams, PatternParams
    from snncore.recall_lab import Ask, RecallParams, experiment

    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=3, size=16, mode=mode),
        noise=NoiseParams(),
        recall=RecallParams(rule="modern"),
    )
    words(RecallBench(ask, experiment(ask), ask.digest, ask.seed, False, 0, False))


@pytest.mark.parametrize("mode", ["binary", "grey"])
def test_all_words_sets_and_kinds_of_damage_are_there_with_the_numbers_of_the_run(
    mode: str,
) -> None:
    at = AppTest.from_function(_script, args=(mode,), default_timeout=60).run()
    assert not at.exception, at.exception
    said = "\n".join(e.value for e in at.markdown)
    for entries in WORDS.values():
        for word in entries:
            assert f"- **{word}**: " in said
    for title in TITLES.values():
        assert f"- **{title}**: " in said
    for info in datasets.catalogue():
        assert f"- **{info.title}**: " in said
    assert "**3** patterns of **256** numbers, a load of 0.0117" in said
    assert "best possible 100.0%" in said
    assert ("Hamming distance of" in said) == (mode == "binary")


def test_every_set_has_a_sentence() -> None:
    assert set(SETS) == {*datasets.NAMES, RANDOM}
    for text in SETS.values():
        assert 30 < len(text) < 110 and text.endswith(".")


def stored(name: str, count: int) -> Patterns:
    pictures = datasets.load(name)
    how = PatternParams(count=count, pick="first")
    return make_patterns(pictures.images, pictures.labels, pictures.class_names, how)


@pytest.mark.parametrize(("name", "count"), [("skimage", 4), ("icons", 12), ("letters", 26)])
def test_overlaps_that_the_words_state_are_those_of_the_set(name: str, count: int) -> None:
    states = stored(name, count).states.float()
    overlaps = (states @ states.T / states.shape[1])[torch.triu_indices(count, count, 1).unbind()]
    found = re.search(r"mean overlap (0\.\d\d)", SETS[name])
    assert found is not None
    assert float(overlaps.mean()) == pytest.approx(float(found[1]), abs=0.005)


def test_nearest_signs_differ_by_what_the_words_say() -> None:
    states = stored("signs", 12).states.float()
    distances = (4096 - states @ states.T) / 2 + 4096 * torch.eye(12)
    found = re.search(r"by (\d+) of 4,096 pixels", SETS["signs"])
    assert found is not None and int(distances.min()) == pytest.approx(int(found[1]), abs=5)
