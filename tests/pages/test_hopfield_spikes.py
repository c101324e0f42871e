"""The spikes panel: every spiking memory, the numbers in it, and what it says without spikes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_spikes
from snncore.hopfield import Patterns, Probes, SpikingParams
from snncore.hopfield.spiking_race import Race, race
from snncore.plots import recall_spikes as figures
from tests.pages.opening import chart_data


def panel(rule: str, mode: str, count: int, noise: str, which: int) -> None:
    from pages.components.hopfield_bench import RecallBench
    from pages.components.hopfield_spikes import spikes_panel
    from snncore.hopfield import NoiseParams, PatternParams
    from snncore.recall_lab import Ask, RecallParams, experiment

    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=count, size=16, mode=mode),
        noise=NoiseParams.from_text(noise),
        recall=RecallParams(rule=rule),
    )
    answer = experiment(ask)
    spikes_panel(RecallBench(ask, answer, ask.digest, 0, True, which, False))


def run(
    rule: str, mode: str = "binary", count: int = 4, noise: str = "flip:0.3", which: int = 1
) -> AppTest:
    app = AppTest.from_function(
        panel,
        kwargs={"rule": rule, "mode": mode, "count": count, "noise": noise, "which": which},
    )
    app.run(timeout=60)
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    parts = [*app.get("markdown"), *app.get("caption"), *app.get("info")]
    return "\n".join(str(part.value) for part in parts)


@pytest.mark.parametrize(
    ("rule", "mode", "noise"),
    [
        ("spiking", "binary", "flip:0.3"),
        ("spiking", "grey", "gaussian:0.3"),
        ("spiking", "rgb", "gaussian:0.3"),
        ("spiking-attractor", "binary", "flip:0.2"),
    ],
)
def test_a_spiking_memory_shows_its_spikes_and_its_cost(rule: str, mode: str, noise: str) -> None:
    app = run(rule, mode, noise=noise)
    charts = app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")
    assert len(charts) == (3 if rule == "spiking" else 2)
    assert app.metric[0].value == "star"
    assert int(app.metric[1].value) > 0
    words = text(app)
    assert "synaptic events for an input" in words
    assert ("Reaction times" in words) == (rule == "spiking")
    assert "nan" not in words


def test_the_theory_of_a_recall_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def spy(patterns: Patterns, probes: Probes, params: SpikingParams) -> Race:
        asked.append(len(probes.values))
        return race(patterns, probes, params)

    monkeypatch.setattr(hopfield_spikes, "race", spy)
    hopfield_spikes._expected.clear()
    first = run("spiking", which=0)
    again = run("spiking", which=2)  # another visitor who looks at another picture
    assert asked == [4]
    charts = [chart_data(app, 2) for app in (first, again)]
    assert charts[0]["theory"].equals(charts[1]["theory"])
    assert charts[0]["here"]["probe"].tolist() == [1] and charts[1]["here"]["probe"].tolist() == [3]
    run("spiking", noise="flip:0.2")
    assert asked == [4, 4]


def test_a_memory_without_spikes_says_so() -> None:
    assert "not with spikes" in text(run("modern"))


def test_one_picture_and_a_hopeless_input_are_shown_too() -> None:
    run("spiking", count=1, which=0)
    run("spiking", noise="erase:1.0")
    app = run("spiking-attractor", noise="erase:1.0")
    assert app.metric[0].value.startswith("nothing")


def test_raster_puts_every_spike_in_its_row_and_column() -> None:
    signed = np.zeros((5, 3), dtype=np.int8)
    signed[4, 0], signed[0, 2] = 1, -1
    spikes = np.zeros((5, 2), dtype=bool)
    spikes[3, 1] = True
    chart = figures.raster_chart(signed, spikes, ("a", 'it\'s </b> "q"'), (3.5, "here"))
    units = chart["datasets"]["units"]
    assert units[["step", "row"]].values.tolist() == [[4, 2]]
    assert units["name"].tolist() == ['it\'s </b> "q"']
    assert chart["datasets"]["mark"]["x"].tolist() == [3.5]
    json.dumps(chart["layer"])  # what a browser gets is plain JSON


def test_pixels_are_sorted_from_bright_to_dark() -> None:
    assert figures.order_of(np.array([-1, 1, -1, 1], dtype=np.int8)).tolist() == [1, 3, 0, 2]


def test_undecided_inputs_are_not_in_the_reaction_chart() -> None:
    chart = figures.reaction_chart(
        np.array([0.1, 0.05, 0.0]), np.array([5, 9, 0]), np.array([True, False, False]),
        (np.array([0.0, 0.1]), np.array([20.0, 5.0])), 1,
    )  # fmt: skip
    assert chart["datasets"]["right"]["y"].tolist() == [5]
    assert chart["datasets"]["wrong"]["y"].tolist() == [9]
    assert chart["datasets"]["here"]["probe"].tolist() == [2]
