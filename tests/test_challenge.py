"""The challenge: a secret neuron that is fair to find, and a score that is fair to get."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from snncore import theory
from snncore.neurons import LIFParams
from snncore.playground.challenge import (
    CHECK_COST,
    HIDDEN,
    LEVELS,
    RANGES,
    START,
    Challenge,
    Injection,
    experiment,
    final,
    in_words,
    score,
    verdicts,
)
from snncore.playground.coincidence import coincidence
from snncore.simulate import RunParams
from snncore.stimuli import Recording, StimulusParams

MANY = [Challenge(level, number) for level in LEVELS for number in range(1, 121)]
QUIET = RunParams(duration=300, dt=0.1)


def test_a_number_and_a_level_are_one_neuron_for_ever():
    # Written down once: a link from last year must still lead to the same neuron.
    assert Challenge("hard", 1).secret == dataclasses.replace(
        START, tau_m=9.0, r_m=6.5, v_th=-44.0, v_reset=-72.5, t_ref=4.0
    )
    assert Challenge("easy", 2).secret == dataclasses.replace(START, r_m=7.0)
    assert Challenge("medium", 3).names == ("tau_m", "v_reset", "t_ref")


def test_other_numbers_are_other_neurons():
    for level in LEVELS:
        secrets = [c.secret for c in MANY if c.level == level]
        # 120 draws of one among 4 or 5 parameters with some 20 to 50 values each.
        assert len(set(secrets)) > (60 if level == "easy" else 117)
    easy = Counter(c.names[0] for c in MANY if c.level == "easy")
    assert set(easy) == set(RANGES)
    assert min(easy.values()) > 8  # 24 expected, standard deviation 4.4


@pytest.mark.parametrize("level", LEVELS)
def test_every_secret_is_within_its_range_away_from_the_start_and_fires(level):
    for challenge in (c for c in MANY if c.level == level):
        secret = challenge.secret
        assert len(challenge.names) == HIDDEN[level]
        for name, (low, high, step) in RANGES.items():
            value = getattr(secret, name)
            if name not in challenge.names:
                assert value == getattr(START, name)
                continue
            assert low <= value <= high
            assert (value - low) / step == round((value - low) / step)  # a control can show it
            assert abs(value - getattr(START, name)) >= 0.15 * (high - low) - 1e-9
        assert 0.5 < theory.rheobase(secret) < 4.5
        assert 15 < theory.rate_hz(secret, 6.0) < 700  # neither mute nor a buzz


def test_every_hidden_parameter_can_be_read_off_a_recording():
    """The experiments that the page recommends, done by a program."""
    challenge = Challenge("hard", 7)
    secret, start = challenge.secret, START
    weak = 0.5 * (secret.v_th - secret.v_rest) / secret.r_m

    def record(stimulus: StimulusParams, run: RunParams = QUIET) -> tuple[np.ndarray, np.ndarray]:
        result = experiment(challenge, start, stimulus, run).secret
        return result.v, result.spike_times

    v, spikes = record(StimulusParams(current=weak), RunParams(duration=1000, dt=0.1))
    assert spikes.size == 0
    settled = v[-5000:].mean()  # 5,000 samples of 0.5 mV noise: known to 0.007 mV
    assert (settled + 70) / weak == pytest.approx(secret.r_m, abs=0.1)
    rise = (settled - v[:3000]) / (settled + 70)
    tau = 0.1 * np.sum(rise[: 10 * int(5 * secret.tau_m)])  # area under an exponential
    assert tau == pytest.approx(secret.tau_m, rel=0.08)
    strong = StimulusParams(current=9.0)
    v, spikes = record(strong, RunParams(duration=1000, dt=0.1))
    after = [v[int(s / 0.1) + 2 : int((s + secret.t_ref) / 0.1) - 1] for s in spikes[:-1]]
    assert np.concatenate(after).mean() == pytest.approx(secret.v_reset, abs=0.1)
    mu = secret.v_rest + 9.0 * secret.r_m
    rise_ms = secret.tau_m * np.log((mu - secret.v_reset) / (mu - secret.v_th))
    assert np.diff(spikes).mean() - rise_ms == pytest.approx(secret.t_ref, abs=1e-6)


def test_guess_and_secret_get_the_same_current_which_tells_nothing_of_the_secret():
    noisy = StimulusParams(current=2.0, sigma_v=3.0)
    currents = [
        experiment(Challenge("medium", number), START, noisy, QUIET).current for number in (1, 2)
    ]
    np.testing.assert_array_equal(*currents)
    challenge = Challenge("medium", 1)
    result = experiment(challenge, challenge.secret, noisy, QUIET)
    np.testing.assert_array_equal(result.guess.v, result.secret.v)
    assert result.guess.spike_times.tolist() == result.secret.spike_times.tolist()


def test_a_recorded_current_reaches_both():
    recording = Recording("mine", np.array([0.0, 100.0]), np.array([1.0, 4.0]))
    result = experiment(Challenge(), START, StimulusParams(current=0), QUIET, recording)
    assert result.current[[500, 1500, 2500]].tolist() == [1.0, 4.0, 0.0]


def test_ready_experiments_replace_the_drive_of_the_page():
    page = StimulusParams(current=1.5), RunParams(duration=700, dt=0.2)
    assert Injection().drive(*page) == page
    step, run = Injection("step", 1.3).drive(*page)
    wave = step.waveform(run.n_steps, run.dt)
    assert wave.max() == 1.3 and wave[0] == wave[-1] == 0
    ramp, run = Injection("ramp", 3.0).drive(*page)
    assert np.all(np.diff(ramp.waveform(run.n_steps, run.dt)) > 0)
    constant, run = Injection("constant", -1.0).drive(*page)
    assert set(constant.waveform(run.n_steps, run.dt)) == {-1.0}


def test_the_electrode_of_the_hard_level_adds_noise_of_its_own():
    challenge = Challenge("hard", 5)
    result = experiment(challenge, challenge.secret, StimulusParams(current=0), QUIET)
    noise = result.secret.v - result.guess.v
    assert noise.std() == pytest.approx(0.5, abs=2 / np.sqrt(2 * noise.size))
    assert abs(noise.mean()) < 2 / np.sqrt(noise.size)
    quiet = experiment(Challenge("easy", 5), START, StimulusParams(current=0), QUIET)
    assert quiet.secret.v.std() == 0


@pytest.mark.parametrize("level", LEVELS)
def test_the_secret_itself_scores_100(level):
    for number in range(1, 9):
        challenge = Challenge(level, number)
        result = score(challenge, challenge.secret)
        assert result.total == pytest.approx(100) and result.gamma == pytest.approx(1)
        assert final(result.total, 1) == 100
        assert all(v.is_right and in_words(v) == "right" for v in result.verdicts)


def test_the_start_scores_little_and_middling_guesses_between():
    totals = [score(c, START).total for c in MANY[::15]]
    assert np.mean(totals) < 15 and max(totals) < 60
    for challenge in MANY[::40]:
        halfway = {
            name: 0.5 * (getattr(START, name) + getattr(challenge.secret, name))
            for name in challenge.names
        }
        closer = dataclasses.replace(START, **halfway)
        assert score(challenge, START).total < score(challenge, closer).total < 100


@pytest.mark.parametrize("name", RANGES)
def test_points_of_a_parameter_fall_with_its_error_on_both_sides(name):
    challenge = next(c for c in MANY if c.level == "hard")
    low, high, step = RANGES[name]
    truth = getattr(challenge.secret, name)
    by_error: dict[float, float] = {}
    for value in np.arange(low, high + step / 2, step):
        guess = dataclasses.replace(challenge.secret, **{name: float(value)})
        verdict = next(v for v in verdicts(challenge, guess) if v.name == name)
        assert verdict.error == pytest.approx(value - truth)
        by_error.setdefault(round(abs(value - truth), 6), verdict.points)
        assert by_error[round(abs(value - truth), 6)] == pytest.approx(verdict.points)
    points = [by_error[error] for error in sorted(by_error)]
    assert points[0] == 1 and points == sorted(points, reverse=True) and points[1] < 1


def test_a_quarter_of_the_range_is_worth_nothing_and_an_eighth_half_the_points():
    challenge = Challenge("easy", 2)  # r_m is 7 MΩ, its range 14 wide
    points = {
        r_m: verdicts(challenge, dataclasses.replace(START, r_m=r_m))[0].points
        for r_m in (8.75, 10.5, 12.0)
    }
    assert points == {8.75: 0.5, 10.5: 0.0, 12.0: 0.0}


def test_a_verdict_says_the_side_and_the_size():
    challenge = Challenge("easy", 2)  # r_m is 7 MΩ, its range 14 wide
    words = {
        r_m: in_words(verdicts(challenge, dataclasses.replace(START, r_m=r_m))[0])
        for r_m in (6.5, 7.0, 7.5, 9.0, 12.0)
    }
    assert words == {
        6.5: "too low, by at most 0.5 MΩ",
        7.0: "right",
        7.5: "too high, by at most 0.5 MΩ",
        9.0: "too high, by at most 2 MΩ",
        12.0: "too high, by more than 4 MΩ",
    }


def test_checks_cost_points():
    assert final(100, 1) == 100
    assert final(100, 3) == 100 - 2 * CHECK_COST
    assert final(83.5, 1) == 84
    assert final(4, 9) == 0
    assert final(50, 0) == 50


class TestCoincidence:
    def test_equal_trains_are_1_and_silent_ones_too(self):
        train = np.arange(10, 1000, 37.0)
        assert coincidence(train, train, 1000) == pytest.approx(1)
        assert coincidence(train + 1.9, train, 1000) == pytest.approx(1)  # within 2 ms
        assert coincidence([], [], 1000) == 1

    def test_by_hand(self):
        # 4 and 2 spikes, one pair; nu = 2/1000 per ms, 2 nu Delta = 0.008.
        expected = (1 - 0.008 * 4) / (0.5 * 6) / (1 - 0.008)
        assert coincidence([10, 50, 90, 130], [11, 70], 1000) == pytest.approx(expected)

    def test_no_coincidence_is_below_chance(self):
        assert coincidence([10, 50], [30, 70], 1000) < 0
        assert coincidence([10, 50], [], 1000) == 0

    def test_one_spike_coincides_with_one_other_only(self):
        two_for_one = (1 - 0.008) / 1.5 / (1 - 0.008)
        assert coincidence([10], [9, 11], 1000) == pytest.approx(two_for_one)

    def test_poisson_trains_coincide_by_chance_only(self):
        # Mean of 200 pairs of 40 spikes; each Γ has a standard deviation near 0.06.
        generator = np.random.default_rng(3)
        values = [
            coincidence(*(np.sort(generator.uniform(0, 4000, 40)) for _ in range(2)), 4000)
            for _ in range(200)
        ]
        assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200) + 0.01

    def test_a_model_that_always_fires_proves_nothing(self):
        assert coincidence([10, 50], np.arange(0, 1000, 2.0), 1000) == 0

    def test_bad_lengths_are_refused(self):
        with pytest.raises(ValueError, match="duration and precision"):
            coincidence([1], [1], 0)


def test_a_guess_far_off_and_silent_is_still_judged():
    silent = LIFParams(v_th=100)
    result = score(Challenge("medium", 1), silent)
    assert result.gamma == 0 and 0 <= result.total < 70
