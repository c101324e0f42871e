"""The challenge panel as a visitor uses it: experiments, guesses, checks, the end, the next one."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import lif_challenge
from snncore.neurons import LIFParams
from snncore.playground.challenge import RANGES, START, Challenge, Score
from tests.pages.opening import chart_data


def _script() -> None:
    import streamlit as st

    from pages.components.lif_challenge import challenge_panel
    from snncore.playground import Setup
    from snncore.stimuli import Recording

    setup = Setup.of(st.query_params.get("model", "lif"), current=3.0, duration=200)
    rows = st.session_state["file"]
    challenge_panel(setup, Recording.from_csv(rows.encode(), "mine.csv") if rows else None)


def show(file: str = "", **query: str) -> AppTest:
    at = AppTest.from_function(_script, default_timeout=120)
    at.session_state["file"] = file
    for name, value in query.items():
        at.query_params[name] = value
    return calm(at.run())


def calm(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    assert "nan" not in words(at).lower().split()
    return at


def words(at: AppTest) -> str:
    elements = [*at.markdown, *at.caption, *at.success, *at.info]
    return "\n".join(e.value for e in elements)


def numbers(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.metric}


def voltage(at: AppTest) -> pd.DataFrame:
    return chart_data(at)["secret"]


def guess(at: AppTest, challenge: Challenge) -> None:
    """Set every hidden parameter to its secret value."""
    for name in challenge.names:
        at.slider(key=f"challenge_{name}").set_value(getattr(challenge.secret, name))
    calm(at.run())


def press(at: AppTest, name: str) -> None:
    at.button(key=f"challenge_{name}").click()
    calm(at.run())


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_a_level_shows_its_hidden_parameters_and_gives_none_away(level):
    challenge = Challenge(level, 4)
    at = show(challenge_level=level, challenge_number="4")
    shown = {s.key for s in at.slider} & {f"challenge_{name}" for name in RANGES}
    assert shown == {f"challenge_{name}" for name in challenge.names}
    assert len(at.get("vega_lite_chart")) == 1
    assert ("0.5 mV of noise" in words(at)) == (level == "hard")
    assert not at.metric
    for name in challenge.names:
        assert at.slider(key=f"challenge_{name}").value == getattr(START, name)


def test_the_right_guess_is_found_and_ends_the_game():
    challenge = Challenge("medium", 2)
    at = show(challenge_level="medium", challenge_number="2")
    guess(at, challenge)
    press(at, "check")
    assert numbers(at) == {"Points": "100", "Spikes Γ": "1.00"}
    assert "You found it: 100 points after one check." in words(at)
    assert words(at).count("| right |") == 3
    assert at.button(key="challenge_check").disabled and at.button(key="challenge_reveal").disabled


def test_a_wrong_guess_is_told_the_side_only_after_the_check_and_costs_points():
    challenge = Challenge("easy", 2)
    at = show(challenge_level="easy", challenge_number="2")
    assert challenge.secret.r_m == 7.0 and "too high" not in words(at)
    press(at, "check")
    assert "| 10 MΩ | too high, by at most 4 MΩ |" in words(at)
    assert "7 MΩ" not in words(at)
    guess(at, challenge)
    assert "| 10 MΩ |" in words(at)  # the verdict stays that of the last check
    press(at, "check")
    assert numbers(at)["Points"] == "95"
    assert "You found it: 95 points after 2 checks." in words(at)


def test_the_same_guess_is_checked_once(monkeypatch):
    once = lif_challenge._check

    def twice(challenge: Challenge, guess: LIFParams) -> None:  # a double click
        once(challenge, guess)
        once(challenge, guess)

    monkeypatch.setattr(lif_challenge, "_check", twice)
    at = show(challenge_level="easy", challenge_number="2")
    press(at, "check")
    assert "after one check" in {m.delta for m in at.metric}
    press(at, "check")
    assert "after one check" in {m.delta for m in at.metric}


def test_a_click_computes_nothing_before_the_page_has_a_place_for_it(monkeypatch):
    at = show(challenge_level="easy", challenge_number="2")
    seen = []
    score = lif_challenge.cached_score

    def watched(challenge: Challenge, guess: LIFParams) -> Score:
        seen.append(any(f.function == "inline" for f in inspect.stack()))
        return score(challenge, guess)

    monkeypatch.setattr(lif_challenge, "cached_score", watched)
    press(at, "check")
    assert seen and all(seen)


def test_a_worse_guess_later_takes_no_points_away():
    challenge = Challenge("medium", 2)
    at = show(challenge_level="medium", challenge_number="2")
    names = list(challenge.names)
    for name in names[1:]:  # two of three
        at.slider(key=f"challenge_{name}").set_value(getattr(challenge.secret, name))
    calm(at.run())
    press(at, "check")
    good = numbers(at)["Points"]
    for name in names:
        at.slider(key=f"challenge_{name}").set_value(float(RANGES[name].high))
    calm(at.run())
    press(at, "check")
    assert numbers(at)["Points"] == good
    assert "after 2 checks" in {m.delta for m in at.metric}


def test_the_present_attempt_is_not_the_one_that_is_forgotten(monkeypatch):
    monkeypatch.setattr(lif_challenge, "_MAX_LOG", 1)
    at = show(challenge_level="easy", challenge_number="2")
    press(at, "check")
    assert "after one check" in {m.delta for m in at.metric}
    press(at, "next")
    at.number_input(key="challenge_number").set_value(2)
    calm(at.run())
    assert not at.metric  # one is kept, and that was the third challenge


def test_a_file_drives_only_the_experiment_above():
    rows = "t_ms,current_na\n" + "".join(f"{10 * k},{5 if k % 2 else -5}\n" for k in range(20))
    at = show(challenge_level="easy", challenge_number="3", file=rows)
    easy = {"challenge_level": "easy", "challenge_number": "3"}
    assert not voltage(at).equals(voltage(show(**easy)))
    ready = {"challenge_kind": "constant", **easy}
    assert voltage(show(file=rows, **ready)).equals(voltage(show(**ready)))


def test_reveal_shows_the_secret_and_keeps_the_points():
    at = show(challenge_level="easy", challenge_number="2")
    press(at, "check")
    before = numbers(at)
    press(at, "reveal")
    assert "| 7 MΩ |" in words(at) and numbers(at) == before
    assert at.button(key="challenge_check").disabled
    assert "You found it" not in words(at)


def test_reveal_without_any_check():
    at = show(challenge_level="easy", challenge_number="2")
    press(at, "reveal")
    assert "| 7 MΩ |" in words(at) and not at.metric


def test_the_next_challenge_begins_anew():
    at = show(challenge_level="easy", challenge_number="2")
    guess(at, Challenge("easy", 2))
    press(at, "check")
    press(at, "next")
    assert at.number_input(key="challenge_number").value == 3
    name = Challenge("easy", 3).names[0]
    assert at.slider(key=f"challenge_{name}").value == getattr(START, name)
    assert not at.metric and not at.button(key="challenge_check").disabled


def test_ready_experiments_have_a_strength_and_a_silent_neuron_is_said_to_be_silent():
    at = show(challenge_level="easy", challenge_number="3")  # the threshold is hidden
    assert "challenge_strength" not in {s.key for s in at.slider}
    at.selectbox(key="challenge_kind").select("ramp")
    calm(at.run())
    at.slider(key="challenge_strength").set_value(0.5)
    calm(at.run())
    assert "does not fire yet" in words(at)
    at.slider(key="challenge_strength").set_value(8.0)
    calm(at.run())
    assert "does not fire yet" not in words(at)


def test_the_secret_is_a_lif_neuron_under_any_model_of_the_page():
    at = show(model="hodgkin_huxley")
    assert len(at.get("vega_lite_chart")) == 1


@pytest.mark.parametrize("number", ["0", "-3", "1e9", "x"])
def test_a_hostile_number_in_the_address_is_ignored(number):
    at = show(challenge_number=number)
    assert at.number_input(key="challenge_number").value == 1
