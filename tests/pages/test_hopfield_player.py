"""The player of a recall: what the browser gets is the way of the probe, whole and not too much."""

from __future__ import annotations

import base64
import json
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_player as player
from snncore.hopfield import NoiseParams, PatternParams
from snncore.plots.recall import WRONG
from snncore.plots.recall_reel import GREY_SIDE, RACERS, Reel, reel
from snncore.recall_lab import TOLERANCE, Answer, Ask, RecallParams, experiment


def asked(
    rule: str, noise: str = "flip:0.3", mode: str = "binary", count: int = 3, size: int = 16
) -> tuple[Ask, Answer]:
    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=count, size=size, mode=mode),
        noise=NoiseParams.from_text(noise),
        recall=RecallParams(rule=rule),
    )
    return ask, experiment(ask)


def unpack(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)


@pytest.mark.parametrize("which", [0, 2, 7])
def test_hebb_goes_from_the_probe_to_the_answer_and_all_numbers_follow_from_it(which: int) -> None:
    ask, answer = asked("hebb", count=8)
    data = player.payload(reel(ask, answer, which))
    goal = int(answer.result.targets[which])
    stored = answer.patterns.states[goal].numpy()
    frames = unpack(data["frames"]).reshape(len(data["steps"]), -1)
    assert set(np.unique(frames)) == {0, 255}
    assert np.array_equal(unpack(data["stored"]) > 127, stored > 0)
    assert np.array_equal(unpack(data["given"]), frames[0])
    assert np.array_equal(frames[0] > 127, answer.probes.values[which].numpy() > 0)
    assert np.array_equal(frames[-1] > 127, answer.result.recalled[which].numpy() > 0)
    assert data["steps"] == list(range(len(frames))) and data["of"] == len(frames)
    states = np.where(frames > 127, 1.0, -1.0)
    assert data["overlap"] == pytest.approx(states @ stored / stored.size, abs=1e-4)
    assert data["right"] == pytest.approx((states == stored).mean(axis=1), abs=1e-6)
    flips = (frames[1:] != frames[:-1]).sum(axis=1)
    assert data["flips"] == [0, *flips]
    # E = -1/2 Σ_{i≠j} W_ij s_i s_j with W = XᵀX/N, which is -N/2 Σ m² + P/2
    overlaps = states @ answer.patterns.states.numpy().T / stored.size
    energy = -0.5 * stored.size * (overlaps**2).sum(axis=1) + 0.5 * len(overlaps[0])
    assert data["energy"] == pytest.approx(energy, rel=1e-4)
    # The rival is the other picture that the answer is most like.
    others = [k for k in range(8) if k != goal]
    rival = others[int(np.argmax(overlaps[-1, others]))]
    assert data["rival"] == answer.patterns.names[rival]
    assert data["rivalOverlap"] == pytest.approx(overlaps[:, rival], abs=1e-4)
    assert data["racers"] == [] and data["decision"] == 0


def test_the_race_of_the_spiking_memory_is_won_at_the_step_of_the_decision() -> None:
    ask, answer = asked("spiking", count=12)
    data = player.payload(reel(ask, answer, 1))
    assert 0 < data["decision"] == int(answer.result.spikes.decision_step[1])
    first = data["racers"][0]
    assert first["role"] == "target" and first["name"] == data["target"]
    assert 2 <= len(data["racers"]) <= RACERS
    assert data["energy"] == [] and data["racers"][0]["steps"][-1] == data["steps"][-1]
    before = [one["values"][data["decision"] - 2] for one in data["racers"]]
    assert max(before) == before[0] <= 1  # ahead of the others, still below the threshold
    assert data["right"][-1] == 1


def test_unknown_pixels_are_told_apart_from_black_ones() -> None:
    ask, answer = asked("pseudo-inverse", "crop:0.5:bottom")
    data = player.payload(reel(ask, answer, 0))
    known = unpack(data["known"]).reshape(data["height"], data["width"])
    assert known[:8].all() and not known[8:].any()
    given = unpack(data["given"]).reshape(known.shape)
    assert (given[8:] == 128).all() and set(np.unique(given[:8])) == {0, 255}


def test_colour_pictures_keep_their_channels_and_noise_beyond_white_is_only_cut_for_the_eye() -> (
    None
):
    ask, answer = asked("modern", "gaussian:1.5", "rgb")
    assert float(answer.probes.values.max()) > 1.5
    data = player.payload(reel(ask, answer, 0))
    assert data["channels"] == 3 and data["numbers"] == 3 * data["height"] * data["width"]
    frames = unpack(data["frames"]).reshape(len(data["steps"]), -1)
    assert frames.shape[1] == data["numbers"] and frames[0].max() == 255
    assert not data["binary"] and data["near"] / 255 <= TOLERANCE < (data["near"] + 1) / 255


def film(count: int, shape: tuple[int, ...]) -> Reel:
    """Pictures of noise, which no packing makes smaller."""
    frames = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    curve = np.linspace(0, 1, count)
    return Reel(
        "cat", np.arange(count), count, False, frames[0].size, frames, frames[0], frames[1],
        np.ones(shape[:2], dtype=bool), curve, curve, np.arange(count), "dog", curve, -curve, (),
        0, True,
    )  # fmt: skip


def test_long_films_are_thinned_until_the_message_is_small_and_no_flip_is_lost() -> None:
    whole = film(60, (GREY_SIDE, GREY_SIDE, 3))
    data = player.payload(whole)
    assert len(json.dumps(data, allow_nan=False)) < player.MAX_BYTES
    steps = data["steps"]
    assert steps[0] == 0 and steps[-1] == 59 and 2 <= len(steps) < 60 == data["of"]
    assert len(data["flips"]) == len(data["overlap"]) == len(data["energy"]) == len(steps)
    assert sum(data["flips"]) == sum(range(60))
    frames = unpack(data["frames"]).reshape(len(steps), *whole.stored.shape)
    assert np.array_equal(frames, whole.frames[steps])
    short = film(5, (16, 16))
    assert player.payload(short)["steps"] == [0, 1, 2, 3, 4]


def test_large_colour_pictures_are_shrunk_for_the_eye_and_the_numbers_are_not() -> None:
    ask, answer = asked("modern", "gaussian:0.3", "rgb", count=2, size=200)
    one = reel(ask, answer, 0)
    assert one.shrunk and one.frames.shape[1:] == (GREY_SIDE, GREY_SIDE, 3)
    assert one.known.shape == (GREY_SIDE, GREY_SIDE) and one.known.all()
    wanted = answer.patterns.states[0].numpy()
    right = np.abs(answer.result.recalled[0].numpy() - wanted) <= TOLERANCE
    assert one.right[-1] == pytest.approx(right.mean(), abs=1e-6)


def script() -> None:
    """The smallest page with a player."""
    import streamlit as st

    from pages.components.hopfield_bench import RecallBench
    from pages.components.hopfield_player import player_panel
    from snncore.hopfield import NoiseParams, PatternParams
    from snncore.recall_lab import Ask, RecallParams, experiment

    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=3, size=16),
        noise=NoiseParams.from_text("flip:0.2"),
        recall=RecallParams(rule=st.query_params["rule"]),
    )
    which = int(st.query_params.get("which", "0"))
    own = "own" in st.query_params
    player_panel(RecallBench(ask, experiment(ask), ask.digest, 0, True, which, own))


@pytest.mark.parametrize("query", [{"rule": "hebb"}, {"rule": "spiking", "own": "1", "which": "2"}])
def test_the_page_sends_it_once_as_plain_numbers(query: dict[str, str]) -> None:
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    data: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    assert data["dark"] is True and data["steps"][0] == 0
    assert any("Everything runs in your browser" in c.value for c in app.caption)
    missing = len(data["steps"]) < data["of"]
    assert any("moments" in c.value for c in app.caption) == missing


@pytest.mark.parametrize("own", [False, True])
def test_films_of_own_pictures_are_kept_for_their_session_only(
    monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    asked: list[str] = []
    for name in ("_cached", "_cached_own"):

        def spy(identity: str, which: int, ask: Ask, name: str = name) -> dict[str, Any]:
            asked.append(name)
            return player.payload(reel(ask, experiment(ask), which))

        monkeypatch.setattr(player, name, spy)
    app = AppTest.from_function(script, default_timeout=60)
    app.query_params["rule"] = "hebb"
    if own:
        app.query_params["own"] = "1"
    app.run()
    assert not app.exception, app.exception
    assert asked == ["_cached_own" if own else "_cached"]


def test_a_film_that_takes_long_is_made_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "SHORT_S", -1.0)
    app = AppTest.from_function(script, default_timeout=60)
    app.query_params["rule"] = "hebb"
    app.run()
    assert not app.get("bidi_component")
    app.button(key="hop_play_start").click().run()
    deadline = time.monotonic() + 60
    while not app.get("bidi_component") and time.monotonic() < deadline:
        time.sleep(0.05)
        app.run()
    assert not app.exception, app.exception
    data = json.loads(app.get("bidi_component")[0].proto.json)
    assert data["steps"][0] == 0 and data["target"]


def test_the_cost_is_that_of_one_probe_and_of_the_memory() -> None:
    few, many = (asked("pseudo-inverse", count=count)[0] for count in (2, 15))
    assert player.seconds_of(few) <= player.seconds_of(many) < player.SHORT_S
    thousands = replace(many, dataset="random", patterns=PatternParams(count=3000, size=32))
    assert player.seconds_of(thousands) > player.SHORT_S


def test_wrong_pixels_have_the_colour_of_the_rows_of_pictures() -> None:
    text = (Path(player.__file__).parent / "hopfield_player.js").read_text(encoding="utf-8")
    assert f'const MARK = "{WRONG}";' in text
