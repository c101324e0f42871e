"""The player: what is sent to the browser is the run, short, and in the right window."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import players
from pages.components.lif_player import KEY, MAX_STEPS, first_step, payload
from snncore.neurons import MODELS
from snncore.playground import Setup, play
from tests.pages.test_frame import contrast


def script() -> None:
    """A page with nothing but the player."""
    import streamlit as st

    from pages.components.lif_player import player
    from snncore.playground import Setup, play

    setup = Setup.of(**st.session_state["setup"])
    player(setup, play(setup), True)


def shown(**values: Any) -> tuple[AppTest, dict[str, Any]]:
    """The page for a setup, and what its browser gets."""
    at = AppTest.from_function(script, default_timeout=60)
    at.session_state["setup"] = values
    at.run()
    assert not at.exception, at.exception
    return at, sent(at)


def sent(at: AppTest) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(at.get("bidi_component")[0].proto.json)
    return data


def test_the_browser_gets_the_first_steps_of_the_run() -> None:
    _, data = shown()
    run = play(Setup())
    assert (data["first"], data["steps"], data["total"]) == (0, MAX_STEPS, 5000)
    assert data["dt"] == 0.1 and data["dark"] is True
    voltage = data["variables"][0]
    assert (voltage["label"], voltage["unit"], voltage["before"]) == ("Voltage", "mV", -70.0)
    np.testing.assert_allclose(voltage["values"], run.v[:MAX_STEPS], atol=5.1e-6)  # 7 digits
    np.testing.assert_allclose(data["current"], run.current[:MAX_STEPS], atol=5.1e-7)
    in_window = run.spike_steps < MAX_STEPS
    assert data["spikes"]["steps"] == run.spike_steps[in_window].tolist()
    np.testing.assert_allclose(data["spikes"]["times"], run.spike_times[in_window], atol=1e-9)
    assert data["spikes"]["last_step"] is None and data["spikes"]["last_time"] is None
    assert data["level"] == -50.0


def test_the_numbers_of_each_step_obey_the_equation_that_is_shown() -> None:
    _, data = shown(sigma_v=3, duration=150)
    lif, v = data["lif"], data["variables"][0]
    before = [v["before"], *v["values"][:-1]]
    spikes = np.array(data["spikes"]["times"])
    assert spikes.size >= 2
    checked = 0
    for k, (old, current, new) in enumerate(zip(before, data["current"], v["values"], strict=True)):
        start, end = k * 0.1, (k + 1) * 0.1
        if ((spikes > start - lif["t_ref"]) & (spikes <= end)).any():
            continue  # a spike or a rest touches this step
        goal = lif["v_rest"] + lif["r_m"] * current
        assert new == pytest.approx(goal + (old - goal) * math.exp(-0.1 / lif["tau_m"]), abs=2e-5)
        checked += 1
    assert checked > 1000


def test_a_visitor_chooses_the_window_of_a_long_run() -> None:
    at, data = shown(duration=1000)
    run = play(Setup.of(duration=1000))
    at.number_input(key=f"{KEY}_start").set_value(612.34).run()
    data = sent(at)
    assert (data["first"], data["steps"]) == (6123, MAX_STEPS)
    assert data["variables"][0]["before"] == run.v[6122]
    np.testing.assert_allclose(data["variables"][0]["values"], run.v[6123:8123], atol=5.1e-6)
    last = int(np.flatnonzero(run.spike_steps < 6123)[-1])  # its rest may reach into the window
    assert data["spikes"]["last_step"] == run.spike_steps[last] - 6123 < 0
    assert data["spikes"]["last_time"] == run.spike_times[last]
    at.number_input(key=f"{KEY}_start").set_value(999.9).run()
    assert (sent(at)["first"], sent(at)["steps"]) == (9999, 1)
    at.number_input(key=f"{KEY}_start").set_value(1000.0).run()  # past the end: by itself
    assert (sent(at)["first"], sent(at)["steps"]) == (0, MAX_STEPS)


def test_a_late_first_spike_is_in_the_window_by_itself() -> None:
    at, data = shown(current=1.0, step_current=2.0, step_on=700, step_off=900, duration=1000)
    first = data["spikes"]["steps"][0]
    # 700 ms at −60 mV, then 20·ln(20/10) = 13.86 ms: step 7138, 200 steps into the window.
    assert first == 200 and data["first"] == 6938
    at.number_input(key=f"{KEY}_start").set_value(0.1).run()  # and yet the start can be seen
    assert sent(at)["first"] == 1
    near_end = Setup.of(current=1.0, step_current=6.0, step_on=980, step_off=1000, duration=1000)
    run = play(near_end)
    assert run.spike_steps.size and first_step(run) == 8000  # a full window, not one past the end


@pytest.mark.parametrize("current", [1.0, 2.5])
def test_a_short_run_is_sent_whole_and_needs_no_choice(current: float) -> None:
    at, data = shown(duration=80, current=current)
    assert not at.number_input
    assert (data["steps"], data["total"]) == (800, 800)
    assert (len(data["spikes"]["times"]) > 0) == (current > 2)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_sent_with_all_its_variables_in_little_space(model: str) -> None:
    setup = Setup.of(model, ou_std=0.5)
    run = play(setup)
    data = payload(setup, run, 0)
    text = json.dumps(data, allow_nan=False)
    assert len(text) < 25_000 * (1 + len(data["variables"]))
    assert (data["lif"] is not None) == (model == "lif")
    assert len(data["variables"]) == len(setup.kind.variables)
    curves = [run.v, *run.others.values()]
    for entry, curve in zip(data["variables"], curves, strict=True):
        part = curve[:MAX_STEPS]
        np.testing.assert_allclose(entry["values"], part, atol=1e-6 * np.abs(part).max())
        assert entry["before"] is None or math.isfinite(entry["before"])
    later = payload(setup, run, 100)
    assert [e["before"] for e in later["variables"]] == [curve[99] for curve in curves]


def test_reset_modes_and_timings_are_told_to_the_browser() -> None:
    for values, grid in (({}, False), ({"timing": "grid"}, True), ({"reset": "none"}, True)):
        setup = Setup.of(**values)
        told = payload(setup, play(setup), 0)["lif"]
        assert told["grid"] is grid and told["reset"] == values.get("reset", "value")
        assert all(told[name] == getattr(setup.neuron, name) for name in ("tau_m", "t_ref", "v_th"))


@pytest.mark.parametrize(
    ("text", "back", "button"),
    [
        ("#17212B", "#FFFFFF", "#F3F6F9"),
        ("#ECF1F5", "#0E1117", "#1A212B"),
    ],  # .streamlit/config.toml
)
def test_the_edges_of_the_buttons_can_be_seen(text, back, button):
    css = Path(players.__file__).with_name("player.css").read_text(encoding="utf-8")
    assert css.count("border: 1px solid var(--edge)") == 2  # buttons and the choice of the speed
    (found,) = re.findall(r"--edge: color-mix\(in srgb, var\(--st-text-color\) (\d+)%", css)
    share = int(found) / 100
    mixed = [
        round(share * int(text[k : k + 2], 16) + (1 - share) * int(back[k : k + 2], 16))
        for k in (1, 3, 5)
    ]
    edge = "#" + "".join(f"{value:02X}" for value in mixed)
    assert contrast(edge, back) >= 3 and contrast(edge, button) >= 3
