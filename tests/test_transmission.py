"""Channels carry pictures and signals through every code, and their scores are right."""

import math

import numpy as np
import pytest
import torch

from snncore import datasets, encoding, metrics
from snncore.transmission import (
    Channel,
    Sent,
    interval_histogram,
    scores,
    scores_of,
    survey,
    unfolding,
)
from snncore.transmission.activity import activity, together, trains, window_fano


def camera(side: int = 32) -> np.ndarray:
    return datasets.to_float(datasets.resize(datasets.load("skimage").images[1:2], side))[0]


def chirp(n: int = 300) -> np.ndarray:
    return encoding.make_signal(encoding.SignalParams("chirp", n_samples=n)).numpy().reshape(-1)


def channel_of(name: str, values: np.ndarray, n_steps: int = 100, **params) -> Channel:
    own = encoding.get_code(name).params.from_dict(params)
    if values.ndim == 2:
        return Channel(name, own, n_steps, values.shape)
    return Channel(name, own, len(values), None, 25)


def shown(spikes, values=None, decoded=None) -> Sent:
    """Spikes [T, M] as if they had been sent; a value per neuron unless given."""
    spikes = np.asarray(spikes)[:, None, :]
    if values is None:
        values = np.zeros((1, spikes.shape[2]), dtype=np.float32)
    return Sent(values, spikes, values if decoded is None else decoded)


def plain_channel(n_steps: int, n: int, name: str = "rate") -> Channel:
    return Channel(name, encoding.get_code(name).params(), n_steps, (1, n))


@pytest.mark.parametrize("name", list(encoding.CODES))
def test_every_code_carries_a_picture(name):
    picture = camera()
    channel = channel_of(name, picture)
    sent = channel.send(picture, seed=1)
    assert sent.spikes.shape == (100, 1, channel.n_neurons)
    assert sent.decoded.shape == sent.values.shape == (1, 32 * 32)
    assert np.isfinite(sent.decoded).all() and sent.spikes.any()
    found = scores(sent, channel)
    assert np.corrcoef(sent.values[0], sent.decoded[0])[0, 1] > 0.2  # a picture of the picture
    assert 0 < found.sparsity < 1
    assert found.spikes == np.abs(sent.spikes.astype(int)).sum()


@pytest.mark.parametrize("name", [c.name for c in encoding.CODES.values() if c.kind != "picture"])
def test_every_code_but_those_of_pictures_carries_a_signal(name):
    signal = chirp()
    channel = channel_of(name, signal)
    sent = channel.send(signal, seed=1)
    assert sent.spikes.shape == (300, 1, channel.n_neurons)
    assert sent.decoded.shape == (1, 300) and np.isfinite(sent.decoded).all()
    assert math.isnan(scores(sent, channel).ssim)


@pytest.mark.parametrize("name", ["poisson", "latency", "retina_latency", "send_on_delta"])
def test_a_batch_of_pictures_is_the_pictures_one_by_one(name):
    pictures = datasets.to_float(datasets.load("digits").images[5:8])
    channel = channel_of(name, pictures[0])
    together_ = channel.send(pictures, seed=3, first_sample=5)
    for k in range(3):
        alone = channel.send(pictures[k], seed=3, first_sample=5 + k)
        assert np.array_equal(together_.spikes[:, k], alone.spikes[:, 0])
        assert np.allclose(together_.decoded[k], alone.decoded[0], atol=1e-6)  # sums in any order


def test_the_pictures_sent_are_left_unchanged_and_may_be_read_only():
    picture = camera()
    picture.flags.writeable = False
    before = picture.copy()
    channel_of("rate", picture).send(picture)
    assert np.array_equal(picture, before)


def test_an_intensity_code_sends_the_mean_of_each_window_of_a_signal():
    signal = np.repeat([0.25, 0.75, 0.45], [25, 25, 5]).astype(np.float32)
    channel = Channel("regular", encoding.get_code("regular").params(), 55, None, 25)
    sent = channel.send(signal)
    assert channel.window_means(sent.values)[0] == pytest.approx(
        [0.25, 0.7]
    )  # (25·0.75 + 5·0.45)/30
    assert sent.decoded[0, :25] == pytest.approx(np.full(25, 0.25), abs=0.02)  # 1/(2·25)
    assert sent.decoded[0, 25:] == pytest.approx(np.full(30, 0.7), abs=0.021)
    assert not sent.spikes[50:].any()  # the steps left over hold no spikes


def test_a_signal_code_sees_the_rows_of_a_picture_move_past():
    rows = np.zeros((3, 10), dtype=np.float32)
    rows[1, 5:] = 1.0  # one edge, in the middle row
    channel = Channel("delta", encoding.get_code("delta").params(threshold=0.5), 10, (3, 10))
    sent = channel.send(rows)
    step, _, neuron = np.nonzero(sent.spikes)
    assert (step.tolist(), neuron.tolist()) == ([5], [1])
    assert sent.decoded.reshape(3, 10)[1, 5] == 0.5  # one spike is worth the threshold


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Channel("rate", encoding.DeltaParams(), 10, (4, 4)), "takes RateParams"),
        (lambda p: Channel("rate", p, 0, (4, 4)), "n_steps must be >= 1"),
        (lambda p: Channel("rate", p, 10, None, 11), "window must be in 1..10"),
        (
            lambda p: Channel("retina_latency", encoding.get_code("retina_latency").params(), 10),
            "encodes pictures, not a signal",
        ),
        (lambda p: Channel("delta", encoding.DeltaParams(), 3, (4, 4)), "n_steps must be >= 4"),
        (
            lambda p: Channel("rate", p, 1 << 26, (4, 4)).send(np.zeros((4, 4), np.float32)),
            "steps × neurons must be <=",
        ),
        (
            lambda p: Channel("rate", p, 9, (4, 4)).encode(torch.zeros(1, 9)),
            r"values must be \[S, 16\]",
        ),
    ],
)
def test_a_channel_refuses_what_it_cannot_carry(make, message):
    with pytest.raises(ValueError, match=message):
        make(encoding.RateParams())


def test_what_is_known_halfway_is_what_the_first_half_of_the_spikes_says():
    picture = camera(16)
    channel = channel_of("rate", picture)
    sent = channel.send(picture)
    found = unfolding(channel, sent, n_frames=4)
    assert found.steps.tolist() == [25, 50, 75, 100]
    assert np.allclose(found.decoded[1], sent.spikes[:50, 0].mean(axis=0), atol=1e-6)
    assert np.allclose(found.decoded[3], sent.decoded[0])
    assert found.psnr_db[3] == pytest.approx(metrics.psnr(sent.values, sent.decoded))
    assert found.spikes.tolist() == [int(sent.spikes[:t].sum()) for t in found.steps]
    assert found.frames.shape == (4, 16, 16)
    assert (
        np.abs(found.frames / 255 - np.clip(found.decoded, 0, 1).reshape(4, 16, 16)).max() < 0.003
    )


def test_latency_shows_the_bright_pixels_first():
    picture = camera(16)
    channel = channel_of("latency", picture)
    sent = channel.send(picture)
    found = unfolding(channel, sent, n_frames=2)
    read = sent.spikes[: found.steps[0], 0].any(axis=0)
    assert 0 < read.sum() < read.size
    assert np.array_equal(found.decoded[0][read], found.decoded[1][read])
    assert picture.ravel()[read].min() >= picture.ravel()[~read].max() - 0.011  # a step is 1/99


def test_a_signal_unfolds_without_frames_and_never_asks_for_more_moments_than_steps():
    signal = chirp(60)
    channel = channel_of("send_on_delta", signal)
    found = unfolding(channel, channel.send(signal), n_frames=500)
    assert found.frames is None
    assert found.steps.tolist() == list(range(1, 61))


# What the numbers mean


def test_scores_are_those_worked_out_by_hand():
    values = np.array([[0.0, 0.5, 1.0, 0.5]], dtype=np.float32)
    decoded = np.array([[0.1, 0.5, 0.9, 0.5]], dtype=np.float32)
    spikes = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
    found = scores(shown(spikes, values, decoded), plain_channel(3, 4))
    assert found.rmse == pytest.approx(math.sqrt(0.005), rel=1e-5)
    assert found.psnr_db == pytest.approx(-10 * math.log10(0.005), rel=1e-5)
    assert found.snr_db == pytest.approx(10 * math.log10(0.125 / 0.005), rel=1e-5)
    assert found.r2 == pytest.approx(1 - 0.005 / 0.125, rel=1e-5)
    assert found.max_error == pytest.approx(0.1, rel=1e-5)
    assert (found.spikes, found.spikes_per_value) == (3, 0.75)
    assert found.sparsity == pytest.approx(9 / 12)
    assert found.silent == 0.5
    assert math.isnan(found.ssim) and math.isnan(found.cv) and math.isnan(found.fano)
    assert math.isnan(found.bound) and found.measured == 0


def test_a_perfect_copy_is_infinite_and_a_constant_picture_has_no_signal():
    grey = np.full((1, 64), 0.5, dtype=np.float32)
    found = scores(shown(np.ones((4, 64), dtype=bool), grey, grey), plain_channel(4, 64))
    assert found.psnr_db == math.inf
    assert math.isnan(found.snr_db) and math.isnan(found.r2)


def test_several_spikes_in_a_step_and_both_signs_are_counted():
    counts = np.array([[3, 0], [0, 1]], dtype=np.uint8)
    assert scores(shown(counts), plain_channel(2, 2)).spikes == 4
    assert scores(shown(counts), plain_channel(2, 2)).sparsity == 0.5
    signs = np.array([[-1, 1], [0, -1]], dtype=np.int8)
    assert scores(shown(signs), plain_channel(2, 2)).spikes == 3
    found = trains(counts[:, None, :])
    assert found.neuron.tolist() == [0, 0, 0, 1] and found.step.tolist() == [0, 0, 0, 1]


def test_intervals_of_a_clock_have_no_spread_and_alternating_ones_the_known_one():
    steps = np.zeros((300, 2), dtype=bool)
    steps[::10, 0] = True
    steps[np.cumsum([0, *[5, 15] * 14]), 1] = True  # 29 spikes, 28 intervals of mean 10, std 5
    found = activity(shown(steps), plain_channel(300, 2))
    assert found.measured == 2
    assert found.cv == pytest.approx(0.5 * math.sqrt(28 / 27))


def test_neurons_of_few_spikes_are_left_out_of_the_irregularity():
    steps = np.zeros((300, 2), dtype=bool)
    steps[:190:10, 0] = True  # 19 spikes
    steps[:200:10, 1] = True  # 20
    assert activity(shown(steps), plain_channel(300, 2)).measured == 1


def test_a_train_that_windows_do_not_divide_is_counted_to_its_last_step():
    """All spikes in the steps that ten equal windows would leave over, and 20 of them."""
    steps = np.zeros((219, 1), dtype=np.uint8)
    steps[-9:] = 3
    fano = window_fano(steps[:, None])
    # windows of 22 and (the first) of 21 steps: 27 spikes in the last, 0 in the nine before
    width = np.diff(np.arange(11) * 219 // 10)
    e = 27 * width / 219
    assert fano[0] == pytest.approx((e[:-1].sum() + (27 - e[-1]) ** 2 / e[-1]) / 9)
    even = np.ones((219, 1, 1), dtype=bool)
    assert window_fano(even)[0] < 1e-9  # windows of unequal length are no irregularity


def test_one_neuron_without_a_number_leaves_those_of_the_others():
    steps = np.zeros((300, 2), dtype=np.uint8)
    steps[::10, 0] = 1
    steps[7, 1] = 25  # all in one step: intervals of 0, whose CV is 0/0
    found = scores(shown(steps), plain_channel(300, 2))
    assert found.measured == 2
    assert found.cv == pytest.approx(0)
    # 30 spikes, 3 in each window: 0; 25 in one of ten: 25·9/10·(1 + 1/9)... = 25
    assert found.fano == pytest.approx((0 + 25) / 2)


@pytest.mark.parametrize("n_steps", [7, 8, 9])
def test_a_train_of_fewer_steps_than_windows_has_a_window_for_each_step(n_steps):
    white = np.ones((40, 40), dtype=np.float32)
    channel = channel_of("poisson", white, n_steps=n_steps, max_rate=5.0)
    found = scores(channel.send(white), channel)
    assert found.measured > 1580
    # the mean of n_steps − 1 squared deviates for each of 1600 neurons
    assert found.fano == pytest.approx(1, abs=4 * math.sqrt(2 / (n_steps - 1) / 1600))
    assert math.isfinite(found.cv) and (found.law_cv, found.law_fano) == (1, 1)
    once = scores(shown(np.full((1, 3), 30, dtype=np.uint8)), plain_channel(1, 3))
    assert once.measured == 3 and math.isnan(once.fano) and math.isnan(once.cv)


@pytest.mark.parametrize(
    ("name", "params", "dark"),
    [("poisson", {"max_rate": 5.0}, 0.0015), ("lif", {"gain": 255 / 100.2}, 100.4 / 255)],
)
def test_a_value_that_rounds_to_silence_has_the_law_of_the_value_itself(name, params, dark):
    """0.0015·255 rounds to grey 0; a drive of 1.002 to one below the threshold 1."""
    picture = np.full((3, 3), 0.5, dtype=np.float32)
    picture[1, 1] = dark
    channel = channel_of(name, picture, n_steps=9_000, **params)
    found = scores(channel.send(picture), channel)
    assert found.measured == activity(channel.send(picture), channel).with_law == 9
    law = channel.kind.law
    expected = np.mean([law(channel.params, x, 1).cv for x in [0.5] * 8 + [dark]])
    assert found.law_cv == pytest.approx(expected, abs=1e-6)


def test_the_cv_of_a_short_poisson_train_is_low_by_one_spike():
    """E[CV] ≈ 1 − 1/n of n intervals: what `activity` says of its bias."""
    grey = np.full((60, 60), 0.5, dtype=np.float32)
    channel = channel_of("poisson", grey, n_steps=160, max_rate=0.5)  # 40 spikes
    found = scores(channel.send(grey), channel)
    assert found.cv == pytest.approx(1 - 1 / 40, abs=0.008)


def test_windows_of_coin_throws_have_the_fano_factor_of_a_coin():
    """Conditional on its count n a Bernoulli train is hypergeometric: mean (T − n)/(T − 1)."""
    heads = np.random.default_rng(0).random((200, 1, 4000)) < 0.3
    fano = window_fano(heads)
    expected = ((200 - heads.sum(axis=0)[0]) / 199).mean()
    error = fano.std() / math.sqrt(fano.size)
    assert fano.mean() == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize(
    ("name", "cv", "fano"), [("poisson", 1.0, 1.0), ("gamma", 0.5, 0.25), ("regular", 0.0, 0.0)]
)
def test_irregularity_is_that_of_the_law_at_a_constant_rate(name, cv, fano):
    """40 spikes per train: truncation and windows shift CV and Fano by some 1/40 and 1/16."""
    grey = np.full((20, 20), 0.4, dtype=np.float32)
    channel = channel_of(name, grey, n_steps=100)
    found = scores(channel.send(grey, seed=2), channel)
    assert (found.law_cv, found.law_fano) == pytest.approx((cv, fano))
    assert found.cv == pytest.approx(cv, abs=0.05)
    assert found.fano == pytest.approx(fano, abs=0.1)
    assert found.measured > 350


def test_poisson_of_a_white_picture_is_poisson_to_a_hundredth():
    """Twice as many spikes as steps could hold one by one: times within the step are used."""
    white = np.ones((30, 30), dtype=np.float32)
    channel = channel_of("poisson", white, n_steps=400, max_rate=1.0)
    found = scores(channel.send(white, seed=5), channel)
    assert found.cv == pytest.approx(1.0, abs=0.01)
    # 900 trains of 10 windows: the mean has the standard error √(2/9)/√900 = 0.016
    assert found.fano == pytest.approx(1.0, abs=0.05)


def test_changed_spikes_are_judged_on_the_grid_not_by_the_times_they_were_made_at():
    white = np.ones((8, 8), dtype=np.float32)
    channel = channel_of("regular", white, n_steps=100)
    sent = channel.send(white)
    fewer = sent.spikes.copy()
    fewer[::3] = 0
    changed = sent._replace(spikes=fewer, seed=None)
    assert scores(sent, channel).cv == pytest.approx(0, abs=1e-4)
    assert scores(changed, channel).cv > 0.2


def test_batches_are_scored_as_one():
    pictures = datasets.to_float(datasets.load("digits").images[:7])
    channel = channel_of("poisson", pictures[0])
    whole = channel.send(pictures, seed=1)
    parts = [channel.send(pictures[a:b], seed=1, first_sample=a) for a, b in ((0, 3), (3, 7))]
    a, b = scores(whole, channel), scores_of(parts, channel)
    assert a == pytest.approx(b, nan_ok=True)
    assert together([activity(part, channel) for part in parts]).spikes == a.spikes


@pytest.mark.parametrize("name", [c.name for c in encoding.CODES.values() if c.bound is not None])
def test_a_bound_holds_and_belongs_to_what_the_code_itself_carries(name):
    code = encoding.get_code(name)
    values = chirp(400) if code.kind == "signal" else camera()
    channel = channel_of(name, values, n_steps=200)
    found = scores(channel.send(values), channel)
    assert found.bound > 0
    assert found.bound_holds == (name != "send_on_delta")  # the chirp is faster than its θ
    if code.bound_holds == "for every value":  # the code's own tests keep the other conditions
        assert found.max_error <= found.bound + 1e-5
    other = camera() if code.kind == "signal" else chirp()
    if code.kind != "picture":
        there = channel_of(name, other)
        scanned = scores(there.send(other), there)
        assert math.isnan(scanned.bound) and not scanned.bound_holds


def test_a_bound_is_said_to_hold_only_where_the_signal_keeps_its_condition():
    ramp = (np.arange(50) * 0.05).astype(np.float32)  # steps of θ, but for float32
    jump = np.repeat(np.float32([0, 0.8]), 25)
    channel = channel_of("send_on_delta", ramp, threshold=0.05)
    slow, fast = (scores(channel.send(signal), channel) for signal in (ramp, jump))
    assert slow.bound_holds and slow.max_error <= slow.bound + 1e-6
    assert not fast.bound_holds and fast.max_error > fast.bound == 0.05
    bit = channel_of("zero_crossing", jump)
    assert scores(bit.send(jump), bit).bound_holds
    assert not scores(bit.send(jump - 0.1), bit).bound_holds


def test_a_line_camera_meets_the_middle_of_each_column_in_the_middle_of_its_time():
    """Column c of W at the step (c + ½)·T/W − ½, and light between two columns in proportion."""
    picture = np.array([[0.0, 1.0]], dtype=np.float32)
    channel = channel_of("send_on_delta", picture, n_steps=8)
    seen = channel._as_signal(torch.tensor(picture))[:, 0, 0].tolist()
    # columns at 1.5 and 5.5: a quarter per step between them, the edges outside
    assert seen == pytest.approx([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])


@pytest.mark.parametrize("shape", [(8, 4), (2, 8, 4), (33,), (3, 4, 9), (1, 2, 4, 8)])
def test_a_picture_of_another_shape_is_refused_though_it_may_have_as_many_pixels(shape):
    channel = Channel("rate", encoding.RateParams(), 10, (4, 8))
    with pytest.raises(ValueError, match=r"pictures of shape \(4, 8\), got .*; use a channel"):
        channel.send(np.full(shape, 0.5, dtype=np.float32))
    signal = Channel("send_on_delta", encoding.SendOnDeltaParams(), 32)
    with pytest.raises(ValueError, match=r"a signal of shape \(32,\), got"):
        signal.send(np.full(shape, 0.5, dtype=np.float32))


# The law of the intervals


@pytest.mark.parametrize("name", [c.name for c in encoding.CODES.values() if c.law is not None])
def test_intervals_follow_the_law_of_the_code(name):
    code = encoding.get_code(name)
    channel = Channel(name, code.params(), 100, (2, 2) if code.kind == "intensity" else None)
    found = interval_histogram(channel, 0.7, n_trains=100, seed=4)
    assert found.law is not None and found.theory is not None
    assert found.intervals > 1000
    # A sum of ~20 squared normal deviates; trains of 2000 steps lose < 1 % of the long intervals.
    error = np.sqrt(found.law * (1 - found.law) / found.intervals + (0.01 * found.law) ** 2)
    sure = found.law > 5 / found.intervals
    far = (found.observed - found.law)[sure] / np.maximum(error[sure], 1e-3)
    assert (far**2).mean() < 3
    cv = found.theory.cv
    if name == "inhomogeneous_poisson":  # exact process seen on the grid: variance + 1/6 step²
        cv = math.sqrt(cv**2 + found.rate**2 / 6)
    assert found.cv == pytest.approx(cv, abs=0.02)
    assert found.rate == pytest.approx(found.theory.rate, rel=0.03)
    if found.theory.fano == 0:
        assert found.fano < 0.01
    else:
        assert abs(found.fano - found.theory.fano) < 4 * found.fano_error


def test_a_code_without_a_law_just_shows_what_is_seen():
    channel = Channel("burst", encoding.get_code("burst").params(), 100, (2, 2))
    found = interval_histogram(channel, 0.7, n_trains=5)
    assert found.law is None and found.theory is None
    assert found.n_steps == 100
    assert found.observed.sum() + found.beyond == pytest.approx(1)


def test_neurons_that_are_tuned_differently_are_judged_one_by_one():
    """Six coins of unequal bias: each has F = 1 − p, all counts together far more."""
    channel = Channel("population_rate", encoding.get_code("population_rate").params(), 100, (2, 2))
    found = interval_histogram(channel, 0.4, n_trains=300)
    assert found.fano < 1


@pytest.mark.parametrize("name", ["poisson", "delta", "retina_latency"])
def test_a_silent_neuron_has_an_empty_histogram(name):
    channel = Channel(
        name, encoding.get_code(name).params(), 100, None if name == "delta" else (12, 12)
    )
    found = interval_histogram(channel, 0.0, n_trains=3)
    assert found.intervals == 0 and found.observed.sum() == 0
    assert math.isnan(found.cv) and math.isnan(found.fano)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"n_trains": 1}, "n_trains must be"), ({"value": math.nan}, "value must be finite")],
)
def test_a_histogram_refuses_what_makes_no_sense(wrong, message):
    channel = Channel("rate", encoding.RateParams(), 100, (2, 2))
    with pytest.raises(ValueError, match=message):
        interval_histogram(channel, **{"value": 0.5, **wrong})


def test_a_histogram_of_too_many_steps_is_refused_before_it_takes_the_memory():
    endless = Channel("rate", encoding.RateParams(), 1_000_000, (2, 2))
    with pytest.raises(ValueError, match=r"steps × neurons must be <= .*; use fewer trains"):
        interval_histogram(endless, 0.5, n_trains=300)
    spread = Channel("population_rate", encoding.PopulationRateParams(), 100_000, (2, 2))
    with pytest.raises(ValueError, match="got 1,600,000,000;"):  # eight neurons a value
        interval_histogram(spread, 0.5, n_trains=2000)


def test_the_error_of_the_fano_factor_is_the_spread_of_repeats():
    channel = Channel("rate", encoding.RateParams(), 100, (1, 1))
    found = [interval_histogram(channel, 0.3, n_trains=20, seed=seed) for seed in range(200)]
    spread = np.std([h.fano for h in found], ddof=1)
    # known to 1/√400 = 5 %, and the tails of a χ² of 19 are not quite Gaussian
    assert np.mean([h.fano_error for h in found]) == pytest.approx(spread, rel=0.2)


# All codes at once


def test_the_survey_has_a_row_for_every_code_and_gives_reasons_for_refusals():
    signal = chirp(120)
    steps = list(survey(signal, n_steps=0, window=20))
    assert [len(step.rows) for step in steps] == list(range(1, len(encoding.CODES) + 1))
    rows = {row.code: row for row in steps[-1].rows}
    assert list(rows) == list(encoding.CODES)
    for row in rows.values():
        assert (row.refused == "") == (row.scores is not None) == (row.information is not None)
    assert "not a signal" in rows["retina_latency"].refused
    assert rows["send_on_delta"].decoded.shape == (120,)


def test_the_survey_of_a_picture_uses_the_parameters_given():
    picture = camera(16)
    mine = {"rate": encoding.RateParams(0.25)}
    rows = {row.code: row for row in list(survey(picture, n_steps=100, params=mine))[-1].rows}
    assert rows["rate"].scores.spikes_per_value == pytest.approx(
        0.25 * picture.mean() * 100, rel=0.1
    )
    assert rows["rate"].decoded.shape == (16, 16)
    assert not [row.refused for row in rows.values() if row.refused]


def test_a_picture_of_one_pixel_is_carried_or_refused_in_words():
    rows = list(survey(np.full((1, 1), 0.5, dtype=np.float32), n_steps=100))[-1].rows
    for row in rows:
        assert row.refused or math.isfinite(row.scores.rmse), row.code


@pytest.mark.parametrize("code", ["latency", "latency_rc"])
def test_who_has_not_fired_yet_is_known_to_be_darker_than_who_fires_now(code: str) -> None:
    params = encoding.get_code(code).params()
    channel = Channel(code, params, n_steps=40, shape=(8, 8))
    sent = channel.send(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    there, train = torch.tensor(sent.values), torch.from_numpy(sent.spikes)
    now = channel.decode_until(train, there, 10)[0].numpy()
    fired = sent.spikes[:10].any(axis=0)[0]
    assert 0 < fired.sum() < 64
    assert np.array_equal(now[fired], sent.decoded[0][fired])
    one = torch.zeros(40, 1, 1, dtype=torch.bool)
    one[9] = True  # the value that fires in the step read last
    assert np.allclose(now[~fired], float(encoding.get_code(code).decode(one, params)) / 2)
    at_the_end = channel.decode_until(train, there, 40)[0].numpy()
    assert np.array_equal(at_the_end, sent.decoded[0])
