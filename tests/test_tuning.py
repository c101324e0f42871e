"""Rate against distortion, and the best setting under a budget of spikes."""

import math

import numpy as np
import pytest

from snncore import datasets, encoding, metrics
from snncore.transmission import Channel, Point, Tuned, pareto, rate_distortion, tune
from snncore.transmission.distortion import settings, turned


def camera(side: int = 24) -> np.ndarray:
    return datasets.to_float(datasets.resize(datasets.load("skimage").images[1:2], side))[0]


def chirp(n: int = 300) -> np.ndarray:
    return encoding.make_signal(encoding.SignalParams("chirp", n_samples=n)).numpy().reshape(-1)


def channel_of(name: str, values: np.ndarray, n_steps: int = 100, **params) -> Channel:
    own = encoding.get_code(name).params.from_dict(params)
    if values.ndim == 2:
        return Channel(name, own, n_steps, values.shape)
    return Channel(name, own, len(values), None, 20)


def tuned(values: np.ndarray, channel: Channel, budget: float, **how) -> Tuned:
    """The answer of a search that runs to its end."""
    *_, last = tune(values, channel, budget, **how)
    return last.tuned


@pytest.mark.parametrize("name", list(encoding.CODES))
def test_every_code_has_settings_that_span_its_knob(name):
    picture = camera()
    found = settings(channel_of(name, picture), 12)
    knob, code = found[0][0], encoding.get_code(name)
    assert knob == (code.knob or "n_steps")
    values = [value for _, value, _ in found]
    assert values == sorted(set(values)) and len(values) >= 3
    for _, value, channel in found:
        held = channel.n_steps if knob == "n_steps" else getattr(channel.params, knob)
        assert held == pytest.approx(value)


def test_time_is_swept_as_length_or_as_window():
    signal, picture = chirp(), camera()
    windows = settings(channel_of("latency", signal), 6, "time")
    assert {knob for knob, _, _ in windows} == {"window"}
    assert windows[-1][2].window == 75  # a quarter of the signal
    lengths = settings(channel_of("latency", picture), 6, "time")
    assert [c.n_steps for _, _, c in lengths] == [v for _, v, _ in lengths]
    assert lengths[-1][2].n_steps == 400
    alone = channel_of("delta", signal)
    ((knob, value, channel),) = settings(alone, 6, "time")
    assert knob == "" and math.isnan(value) and channel == alone
    with pytest.raises(ValueError, match="over must be knob or time"):
        settings(alone, 6, "space")


def test_more_spikes_buy_quality_as_theory_says_for_the_rate_code():
    """The variance of a Bernoulli mean is p(1 − p)/(T·g²) with p = g·x, averaged over pixels."""
    picture = camera(48)
    sweep = list(rate_distortion(picture, [channel_of("rate", picture)], n_points=6))[-1]
    assert len(sweep.points) == 6
    for point in sweep.points:
        p = point.setting * picture
        expected = math.sqrt((p * (1 - p)).mean() / 100) / point.setting
        assert point.rmse == pytest.approx(expected, rel=0.1)  # 2304 pixels: some 3 %
        assert point.spikes_per_value == pytest.approx(100 * p.mean(), rel=0.05)


def test_the_sweep_grows_point_by_point_and_says_how_far_it_is():
    picture = camera()
    channels = [channel_of("rate", picture), channel_of("send_on_delta", picture)]
    steps = list(rate_distortion(picture, channels, n_points=4))
    assert [step.done for step in steps] == list(range(1, 9))
    assert {step.total for step in steps} == {8}
    assert [point.code for point in steps[-1].points] == ["rate"] * 4 + ["send_on_delta"] * 4
    assert steps[2].points == steps[-1].points[:3]  # a former result is not changed


def test_points_are_what_sending_gives():
    signal = chirp()
    channel = channel_of("send_on_delta", signal)
    for point in list(rate_distortion(signal, [channel], n_points=3))[-1].points:
        sent = point.channel.send(signal)
        assert point.snr_db == metrics.snr(sent.values, sent.decoded)
        assert point.spikes_per_value == np.count_nonzero(sent.spikes) / 300
        assert point.channel.params.threshold == point.setting


def test_settings_that_do_not_fit_the_time_are_left_out():
    """The fade-in code needs T ≥ 1/θ steps: with 10 steps, θ ≥ 0.1."""
    picture = camera()
    points = list(rate_distortion(picture, [channel_of("fade_in", picture, 10)]))[-1].points
    assert points and min(point.setting for point in points) >= 0.1
    short = turned(channel_of("delta", picture, 24), "n_steps", 23)
    assert short is None


def point(spikes: float, psnr: float) -> Point:
    picture = camera()
    return Point("rate", channel_of("rate", picture), "gain", 1.0, spikes, psnr, psnr, 0.1)


def test_the_front_is_what_nothing_beats():
    points = [point(*pair) for pair in [(1, 10), (2, 9), (2, 12), (3, 12), (4, math.inf), (5, 20)]]
    assert [(p.spikes_per_value, p.psnr_db) for p in pareto(points)] == [
        (1, 10),
        (2, 12),
        (4, math.inf),
    ]
    assert pareto([]) == ()


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("send_on_delta", 0.2),
        ("moving_window", 0.3),
        ("rate_signal", 0.3),
        ("threshold_based", 0.2),
    ],
)
def test_tuning_finds_what_trying_everything_finds(name, budget):
    signal = chirp()
    channel = channel_of(name, signal)
    found = tuned(signal, channel, budget)
    assert found.scores.spikes_per_value <= budget
    knob = encoding.get_code(name).knob
    fine = settings(channel, 400)
    best = -math.inf
    for _, _, tried in fine:
        sent = tried.send(signal)
        if np.count_nonzero(sent.spikes) / 300 <= budget:
            best = max(best, metrics.snr(sent.values, sent.decoded))
    assert found.knob == knob and len(found.tried) < 80
    assert found.scores.snr_db > best - 0.5  # dB; the fine grid has 400 trials


def test_a_search_tells_how_far_it_is_and_may_be_left_at_any_setting():
    picture = camera()
    steps = list(tune(picture, channel_of("rate", picture), 5.0))
    assert all(step.tuned is None for step in steps[:-1]) and steps[-1].tuned is not None
    assert [step.done for step in steps[:-1]] == list(range(1, len(steps)))
    assert len(steps) == len(steps[-1].tuned.tried) + 1
    assert steps[-1].done == steps[-1].total >= len(steps)
    search = tune(picture, channel_of("rate", picture), 5.0)
    assert next(search).done == 1  # one encoding, not all
    search.close()


def test_tuning_is_deterministic_and_reports_the_setting_it_found():
    picture = camera()
    channel = channel_of("rate", picture)
    first, second = (tuned(picture, channel, 5.0, seed=3) for _ in range(2))
    assert first.tried == second.tried and first.channel == second.channel
    assert first.channel.params.gain == first.setting
    sent = first.channel.send(picture, seed=3)
    assert metrics.snr(sent.values, sent.decoded) == first.scores.snr_db
    assert min(p.rmse for p in first.tried if p.spikes_per_value <= 5) == first.scores.rmse


def test_a_search_goes_beyond_the_first_range_where_the_budget_asks_for_it():
    picture = camera()
    found = tuned(picture, channel_of("rate", picture), 0.01)  # 0.01/(100·mean): below 0.05
    assert found.scores.spikes_per_value <= 0.01 and found.setting < 0.001


def test_a_budget_that_nothing_fits_names_the_cheapest_setting():
    picture = camera()
    with pytest.raises(
        ValueError, match=r"budget must be >= .* for latency \(.* = .*\), got 0\.01"
    ):
        tuned(np.ones_like(picture), channel_of("latency", picture), 0.01)


def test_a_constant_signal_is_silent_at_every_setting_and_that_fits():
    flat = np.full(100, 0.5, dtype=np.float32)
    found = tuned(flat, channel_of("send_on_delta", flat), 0.1)
    assert found.scores.spikes == 0 and found.scores.rmse == 0


def test_time_is_tuned_too():
    picture = camera()
    found = tuned(picture, channel_of("rate", picture), 20.0, over="time")
    assert found.knob == "n_steps" and found.channel.n_steps == found.setting
    assert found.scores.spikes_per_value <= 20
    assert found.setting == pytest.approx(20 / picture.mean(), rel=0.1)  # more time is better


def test_a_constant_picture_is_tuned_by_its_error():
    grey = np.full((8, 8), 0.4, dtype=np.float32)
    found = tuned(grey, channel_of("fade_in", grey), 3.0)
    assert math.isnan(found.scores.snr_db)
    assert found.scores.rmse < 0.05


@pytest.mark.parametrize("budget", [0.0, -1.0, math.nan, math.inf])
def test_a_budget_must_be_positive(budget):
    picture = camera()
    with pytest.raises(ValueError, match="budget must be > 0 spikes per value"):
        tuned(picture, channel_of("rate", picture), budget)


def test_values_that_the_code_refuses_are_named_not_searched_through():
    signal = np.full(100, 2.0, dtype=np.float32)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        tuned(signal, channel_of("rate", signal), 1.0)
