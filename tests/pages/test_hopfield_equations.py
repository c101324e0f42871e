"""The equations panel: every memory, its numbers, and how the best possible answer knows."""

from __future__ import annotations

import math
import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.hopfield_equation_rows import TOLD
from pages.components.hopfield_equations import GOOD_BAD
from snncore.hopfield import NoiseParams
from snncore.hopfield.noise import KINDS
from snncore.recall_lab import RULES


def panel(rule: str, noise: str, mode: str, changes: dict) -> None:
    from pages.components.hopfield_bench import RecallBench
    from pages.components.hopfield_equations import equations_panel
    from snncore.hopfield import NoiseParams, PatternParams
    from snncore.recall_lab import Ask, RecallParams, experiment

    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=4, size=16, mode=mode),
        noise=NoiseParams.from_text(noise),
        recall=RecallParams(rule=rule, **changes),
    )
    answer = experiment(ask)
    equations_panel(RecallBench(ask, answer, ask.digest, 0, False, 1, False))


def shown(rule: str, noise: str = "flip:0.3", mode: str = "binary", **changes: object) -> str:
    app = AppTest.from_function(
        panel, kwargs={"rule": rule, "noise": noise, "mode": mode, "changes": changes}
    )
    app.run(timeout=60)
    assert not app.exception
    parts = [*app.get("markdown"), *app.get("latex"), *app.get("caption")]
    return "\n".join(str(part.value) for part in parts)


def test_every_memory_is_told() -> None:
    assert set(TOLD) == set(GOOD_BAD) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_memory_shows_its_equations(rule: str) -> None:
    text = shown(rule)
    assert "Good for." in text
    assert "Bad for." in text
    assert RULES[rule].reference in text
    assert "β = ½ ln((1−q)/q) = 0.4236" in text
    assert "nan" not in text.replace("Dominant", "")


def test_numbers_are_those_of_the_run() -> None:
    assert rf"w_{{ij}} = \frac{{1}}{{{256}}} \sum_{{\mu=1}}^{{{4}}}" in shown("hebb")
    expected = 0.5 * math.erfc(0.4 / math.sqrt(2 * 3 / 256))
    text = shown("hebb")
    assert f"{expected:.2g}" in text
    assert re.search(r"; here [\d.]+ % are in the end", text)  # a share of the pixels, in words
    saved = re.search(r"MB, (\S+) times less", text)
    assert saved is not None and ("." in saved[1]) == (float(saved[1].replace(",", "")) < 10)
    assert "D = 0.4" in shown("pseudo-inverse", diagonal=0.4)
    assert "n = 12" in shown("dam", degree=12)
    assert r"\bar\xi" in shown("dam", degree=3, centred=True)
    assert r"\beta = 0.4236" in shown("modern")
    assert "0.4236" in shown("modern", beta=0.1)  # what it were if matched


def test_energy_words_fit_the_dynamics() -> None:
    assert "it never rises (Hopfield 1982)" in shown("hebb", update="async")
    assert "cycle of two" in shown("hebb", update="sync")
    for update in ("async", "sync"):
        assert "from the first update on" not in shown("hebb", update=update)
        assert "from the first update on" in shown("hebb", "gaussian:1", update=update)
    assert "pixels err on purpose" in shown("hebb", temperature=0.5)
    assert "only one pixel after the other" in shown("hebb", update="block").lower()


@pytest.mark.parametrize("mode", ["binary", "grey", "rgb"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_damage_says_how_the_bound_knows(kind: str, mode: str) -> None:
    text = shown("modern", NoiseParams(kind=kind, strength=0.25).to_text(), mode)
    assert "How the best possible answer knows:" in text
    if kind == "gaussian":
        assert "1/σ² = 16" in text


def test_grey_dot_products_are_warned_of() -> None:
    assert "favours bright" in shown("modern", "gaussian:0.3", "grey", form="dot")
    assert "favours bright" not in shown("modern", "gaussian:0.3", "grey")
