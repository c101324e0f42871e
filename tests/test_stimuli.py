"""Currents: exact waveforms, and noise whose effect on the voltage is the stated one."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch

from snncore import rng, stimuli
from snncore.kernels.lif import normal_quantile
from snncore.neurons import LIFParams
from snncore.simulate import run_lif
from snncore.stimuli import StimulusParams, drive

QUIET = LIFParams(tau_m=10, r_m=40, v_th=100)  # a threshold that nothing reaches


def test_waveforms_add_up_at_the_middle_of_each_step():
    params = StimulusParams(
        current=1.0,
        step_current=0.5,
        step_on=1,
        step_off=2,
        amplitude=2,
        frequency_hz=250,
        phase=90,
    )
    wave = params.waveform(30, 0.1)
    t = (np.arange(30) + 0.5) / 10
    np.testing.assert_allclose(
        wave, 1 + 0.5 * ((t > 1) & (t < 2)) + 2 * np.cos(2 * np.pi * 0.25 * t), atol=1e-12
    )


def test_a_step_lasts_exactly_its_whole_steps():
    wave = stimuli.step(stimuli.step_times(50, 0.1), 3.0, 1.0, 2.5)
    assert np.flatnonzero(wave).tolist() == list(range(10, 25))


def test_a_sine_may_have_an_offset():
    t = stimuli.step_times(1000, 0.1)
    wave = stimuli.sine(t, 1.5, 10.0, offset=1.5)
    assert wave.mean() == pytest.approx(1.5, abs=1e-12)
    assert wave.max() == pytest.approx(3.0, abs=1e-4)


@pytest.mark.parametrize("u", [2**-24, 1e-6, 0.01, 0.074, 0.3, 0.5, 0.7, 0.95, 1 - 2**-24])
def test_the_normal_quantile_has_sixteen_digits(u):
    assert normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-15, abs=1e-16)


def test_cpu_noise_is_the_normal_transform_of_the_generators_words():
    samples = torch.tensor([3, 0, 7])
    noise = stimuli.white_noise(997, 5, seed=11, samples=samples, trial=2)
    words = rng.draws(11, rng.stream("current", 2), samples, 5, 997)
    reference = rng.normal(words)
    assert noise.shape == (997, 3, 5) and noise.dtype == torch.float32
    # erfinv in float32 loses digits in the tails, where the density is small: e^(−z²/2).
    tolerance = 2e-6 + 4e-7 * torch.exp(0.5 * reference.double() ** 2)
    assert bool(((noise.double() - reference.double()).abs() < tolerance).all())


def test_noise_depends_on_nothing_but_its_coordinates():
    many = stimuli.white_noise(40_000, 4, seed=5, samples=torch.arange(6))  # threads
    one = stimuli.white_noise(16, 1, seed=5, samples=torch.tensor([4]))  # no threads
    assert torch.equal(many[:16, 4:5, :1], one)
    other = stimuli.white_noise(16, 1, seed=6, samples=torch.tensor([4]))
    assert not bool((one == other).any())


def test_noise_is_standard_normal():
    z = stimuli.white_noise(50_000, 4, seed=1, samples=torch.zeros(1, dtype=torch.int64)).double()
    error = 1 / math.sqrt(z.numel())
    assert abs(float(z.mean())) < 4 * error
    assert abs(float(z.var()) - 1) < 4 * math.sqrt(2) * error
    assert abs(float((z**3).mean())) < 4 * math.sqrt(15) * error
    assert abs(float((z[1:] * z[:-1]).mean())) < 4 * error


@pytest.mark.parametrize("dt", [0.05, 0.5, 5.0])
def test_the_stated_spread_of_the_voltage_comes_out_for_every_step(dt):
    stimulus = StimulusParams(current=0.1, sigma_v=3.0)
    steps = round(1500 / dt)
    current = drive(stimulus, QUIET, steps, dt, seed=2, n_neurons=60)
    v = run_lif(current, QUIET, dt).v[round(100 / dt) :, 0]
    # 60 neurons · 1400 ms / (correlation time τ = 10 ms): the std is known to about 1 %.
    assert float(v.mean()) == pytest.approx(-70 + 4, abs=4 * 3 / math.sqrt(60 * 1400 / 20))
    assert float(v.std()) == pytest.approx(3.0, rel=0.045)
    lag = round(10 / dt)
    centred = v - v.mean()
    correlation = float((centred[lag:] * centred[:-lag]).mean()) / float(v.var())
    assert correlation == pytest.approx(math.exp(-1), abs=0.06)


def test_the_noise_current_inverts_nests_formula():
    s = stimuli.noise_current_std(2.5, QUIET, 0.1)
    x = math.exp(-0.1 / 10)
    assert s * 40 * math.sqrt((1 - x) / (1 + x)) == pytest.approx(2.5, rel=1e-13)


def test_without_noise_a_population_shares_one_waveform_in_memory():
    current = drive(StimulusParams(), LIFParams(), 100, 0.1, samples=torch.arange(8), n_neurons=50)
    assert current.shape == (100, 8, 50) and current.dtype == torch.float64
    assert current.stride()[1:] == (0, 0)


def test_parts_say_whether_the_current_is_constant():
    assert StimulusParams().is_constant
    assert not StimulusParams(sigma_v=1).is_constant
    assert not StimulusParams(amplitude=1).is_constant


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"current": math.nan}, "current must be finite"),
        ({"sigma_v": -1.0}, "sigma_v must be >= 0 mV, got -1.0"),
        ({"frequency_hz": -3.0}, "frequency_hz must be >= 0 Hz"),
        (
            {"step_current": 1.0, "step_on": 50.0, "step_off": 10.0},
            r"step_off must be >= step_on \(50 ms\), got 10",
        ),
        (
            {"ramp_current": 1.0, "ramp_on": 50.0, "ramp_off": 50.0},
            r"ramp_off must be > ramp_on \(50 ms\), got 50",
        ),
        (
            {"pulse_current": 1.0, "pulse_width": 9.0, "pulse_period": 8.0},
            r"pulse_width must be <= pulse_period \(8 ms\), got 9",
        ),
    ],
)
def test_impossible_stimuli_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        StimulusParams(**values)


def test_impossible_grids_are_refused():
    with pytest.raises(ValueError, match="n_steps must be >= 1, got 0"):
        stimuli.step_times(0, 0.1)
    with pytest.raises(ValueError, match="sigma_v must be >= 0 mV"):
        stimuli.noise_current_std(-1.0, QUIET, 0.1)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_sample_numbers_that_are_no_words_are_refused(number):
    with pytest.raises(ValueError, match=f"samples must be in .*, got {number}"):
        stimuli.white_noise(4, 1, seed=0, samples=torch.tensor([number]))
