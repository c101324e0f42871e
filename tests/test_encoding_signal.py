"""Spiker, pulse-width and test signals: published outputs, exact round trips, filters by scipy."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import firwin

from snncore import encoding
from snncore.encoding import pulse_width, signals, spiker


def walks(steps: int = 400, seed: int = 0) -> torch.Tensor:
    """Smooth random signals in 0..1, [T, 2, 7]."""
    draws = torch.rand(steps, 2, 7, generator=torch.Generator().manual_seed(seed))
    return 0.5 + 0.5 * torch.sin((draws - 0.3).cumsum(0) * 0.3)


def at(places: list[int], steps: int) -> torch.Tensor:
    """bool [T, 1, 1] with spikes at `places`."""
    train = torch.zeros(steps, 1, 1, dtype=torch.bool)
    train[places] = True
    return train


# --- spikers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, 8, 15, 33])
@pytest.mark.parametrize("cutoff", [0.05, 0.3])
def test_the_filter_is_the_windowed_sinc_of_scipy(length, cutoff):
    taps = spiker.fir(spiker.FilterParams(length, cutoff, area=2.0))
    # the published form of both codes designs its filter so
    np.testing.assert_allclose(taps, 2.0 * firwin(length, cutoff, window="hann"), atol=1e-6)


def test_the_decoder_of_the_spikers_is_numpys_convolution():
    train = torch.rand(60, 1, 1, generator=torch.Generator().manual_seed(0)) < 0.3
    params = spiker.FilterParams(8, 0.4, area=3.0)
    back = spiker.filter_decode(train, params).flatten()
    expected = np.convolve(train.flatten().float().numpy(), spiker.fir(params))[:60]
    np.testing.assert_allclose(back, expected, atol=1e-6)


def test_hough_spiker_gives_the_published_spikes():
    # spikify's example with L = 3 and cutoff 0.1, after its division by the largest sample
    signal = torch.tensor([0.1, 0.2, 4.1, 1.0, 3.0, 0.3, 0.1]).view(-1, 1, 1) / 4.1
    params = encoding.HoughSpikerParams(3, 0.1, 1.0, tolerance=0.0)
    spikes = spiker.hough_spiker_encode(signal, params)
    assert spikes.flatten().int().tolist() == [0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("code", ["bens_spiker", "hough_spiker"])
@pytest.mark.parametrize("length", [4, 9, 15])
def test_spikers_find_every_filter_where_it_was_put(code, length):
    # A sum of filters apart is read back exactly. A program that takes its two errors from
    # samples one apart (KEDRI's BSA) misses them or finds them elsewhere.
    code = encoding.get_code(code)
    params = code.params(length=length)
    placed = at([0, length, 2 * length + 1, 5 * length], 6 * length)
    signal = code.decode(placed, params)
    spikes = code.encode(signal, params)
    assert torch.equal(spikes, placed)
    assert torch.equal(code.decode(spikes, params), signal)


def bsa_one_off(signal: np.ndarray, taps: np.ndarray, least: float) -> np.ndarray:
    """Ben's spiker with e₁ from samples one later than e₂: the defect of a published program."""
    rest, spikes = signal.astype(float), np.zeros(len(signal), bool)
    for t in range(len(rest) - len(taps)):
        after, now = rest[t + 1 : t + 1 + len(taps)], rest[t : t + len(taps)]
        if np.abs(now).sum() - np.abs(after - taps).sum() >= least:
            spikes[t] = True
            rest[t + 1 : t + 1 + len(taps)] -= taps
    return spikes


def test_one_index_off_would_move_every_spike():
    params = encoding.BensSpikerParams(15)
    placed = at([20, 60, 100], 140)
    signal = spiker.filter_decode(placed, params)
    ours = spiker.bens_spiker_encode(signal, params)
    theirs = bsa_one_off(signal.flatten().numpy(), spiker.fir(params), params.threshold)
    assert torch.equal(ours, placed)
    assert not np.array_equal(theirs, placed.flatten().numpy())


def test_hough_spiker_never_reads_back_more_than_was_there():
    signal, params = walks(600), encoding.HoughSpikerParams()
    assert float(spiker.fir(params).min()) >= 0
    back = spiker.filter_decode(spiker.hough_spiker_encode(signal, params), params)
    assert bool((back <= signal + 1e-5).all())
    assert float(back.mean()) > 0.5 * float(signal.mean())


@pytest.mark.parametrize(("code", "least_db"), [("bens_spiker", 15.0), ("hough_spiker", 11.0)])
def test_spikers_follow_a_slow_wave_between_the_ends(code, least_db):
    code = encoding.get_code(code)
    signal = encoding.make_signal(encoding.SignalParams("sine", cycles=3.0))
    back = code.decode(code.encode(signal, code.params()), code.params())
    inner = slice(30, -30)  # whole filters only: both ends fade
    error = (back - signal)[inner].pow(2).mean()
    assert 10 * math.log10(float(signal[inner].var() / error)) > least_db


@pytest.mark.parametrize("code", ["bens_spiker", "hough_spiker"])
def test_a_signal_shorter_than_the_filter_is_silent(code):
    code = encoding.get_code(code)
    spikes = code.encode(torch.ones(14, 1, 2), code.params(length=15))
    assert not bool(spikes.any())
    assert code.decode(spikes, code.params(length=15)).shape == (14, 1, 2)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.8])
@pytest.mark.parametrize("length", [5, 16])
def test_fused_spikers_are_the_definitions(share, length):
    # Equal but for ties within rounding of the sums. A share of 0 has them by symmetry: half of
    # the filter gained and half lost.
    signal = walks(300)
    before = signal.clone()
    params = encoding.BensSpikerParams(length, area=0.7, threshold=share)
    taps = spiker.fir(params)
    ours = spiker.bens_spiker_encode(signal, params)
    least = share * float(np.abs(taps).sum())
    assert torch.equal(ours, spiker._bens_spiker_torch(signal, taps, least))
    ours = spiker.hough_spiker_encode(
        signal, encoding.HoughSpikerParams(length, area=0.7, tolerance=share)
    )
    most = share * float(taps.clip(min=0).sum())
    assert torch.equal(ours, spiker._hough_spiker_torch(signal, taps, most))
    assert bool(ours.any()) and torch.equal(signal, before)


# --- pulse width ---------------------------------------------------------------------------------


@pytest.mark.parametrize("period", [4, 20, 37])
def test_pulse_width_fires_once_per_period_at_the_place_of_the_value(period):
    params = encoding.PulseWidthParams(period)
    values = torch.rand(201, generator=torch.Generator().manual_seed(0))  # none on an edge
    values[0] = 0.0
    spikes = pulse_width.pulse_width_encode(values.expand(3 * period, 1, 201).clone(), params)
    counts = spikes.view(3, period, 201).sum(dim=1)
    assert bool((counts == (values >= 0.5 / period)).all())
    place = spikes.view(3, period, 201).to(torch.uint8).argmax(dim=1)[1]
    expected = torch.ceil((1.0 - values.double()) * period - 0.5).clamp_min(0)
    fired = counts[1] > 0
    assert torch.equal(place[fired], expected[fired].long())


@pytest.mark.parametrize("period", [4, 20, 37])
def test_pulse_width_reads_constants_to_half_a_level(period):
    params = encoding.PulseWidthParams(period)
    signal = torch.linspace(0, 1, 501).expand(2 * period, 1, 501).clone()
    back = pulse_width.pulse_width_decode(pulse_width.pulse_width_encode(signal, params), params)
    error = float((back - signal).abs().max())
    bound = pulse_width.value_bound(params)
    assert 0.9 * bound < error <= bound + 1e-6


def test_pulse_width_knows_a_ramp_at_the_moments_of_its_spikes():
    params = encoding.PulseWidthParams(20)
    signal = torch.linspace(0.1, 0.9, 2000).view(-1, 1, 1)
    spikes = pulse_width.pulse_width_encode(signal, params)
    error = (pulse_width.pulse_width_decode(spikes, params) - signal).abs()
    # half a level, and what the signal moved in the step of the crossing
    assert float(error[spikes].max()) <= 0.5 / 20 + 0.8 / 2000 + 1e-6


def test_pulse_width_reads_straight_lines_and_says_nothing_in_an_unfinished_period():
    params = encoding.PulseWidthParams(10)
    spikes = at([2, 14], 25)  # values 0.8 at 2, 0.6 at 14; from 20 on nothing is decided
    back = pulse_width.pulse_width_decode(spikes, params).flatten()
    expected = np.interp(np.arange(25), [2, 14], [0.8, 0.6])
    np.testing.assert_allclose(back, expected, atol=1e-6)
    silent = pulse_width.pulse_width_decode(at([2], 20), params).flatten()
    np.testing.assert_allclose(silent, np.interp(np.arange(20), [2, 19], [0.8, 0.0]), atol=1e-6)


def test_pulse_width_refuses_what_its_carrier_cannot_reach():
    with pytest.raises(ValueError, match=r"0\.\.1"):
        pulse_width.pulse_width_encode(torch.full((9, 1, 1), 1.01))


@pytest.mark.parametrize("steps", [7, 200, 203])
def test_fused_pulse_width_is_the_definition(steps):
    signal, params = walks(steps), encoding.PulseWidthParams(20)
    ours = pulse_width.pulse_width_encode(signal, params)
    assert torch.equal(ours, pulse_width._pulse_width_torch(signal, pulse_width.carrier(params)))


@pytest.mark.parametrize("period", [2, 7, 20, 300])
@pytest.mark.parametrize("steps", [1, 7, 200, 203])
def test_the_fused_decoder_of_pulse_width_is_the_definition(period, steps):
    draw = torch.Generator().manual_seed(steps)
    for share in (0.0, 0.03, 0.4):  # spikes lost and added on the way too
        fired = torch.rand(steps, 2, 7, generator=draw) < share
        ours = pulse_width.pulse_width_decode(fired, encoding.PulseWidthParams(period))
        assert torch.equal(ours, pulse_width._pulse_width_decode_torch(fired, period))


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("delta", "delta._delta_torch"),
        ("send_on_delta", "delta._send_on_delta_torch"),
        ("threshold_based", "window._threshold_based_torch"),
        ("moving_window", "window._moving_window_torch"),
        ("sigma_delta", "sigma_delta._sigma_delta_torch"),
        ("bens_spiker", "spiker._bens_spiker_torch"),
        ("hough_spiker", "spiker._hough_spiker_torch"),
        ("pulse_width", "pulse_width._pulse_width_torch"),
        ("time_encoding", "time_encoding._time_encoding_torch"),
    ],
)
def test_no_signal_on_the_cpu_goes_step_by_step_through_torch(name, definition, monkeypatch):
    monkeypatch.setattr(f"snncore.encoding.{definition}", lambda *_: pytest.fail("step by step"))
    code = encoding.get_code(name)
    signal = walks(100).requires_grad_()
    views = signal.transpose(1, 2)  # not contiguous
    spikes = code.encode(views, code.params())
    again = code.encode(views.detach().contiguous(), code.params())
    assert torch.equal(spikes, again) and spikes.shape == (100, 7, 2)


@pytest.mark.parametrize("code", encoding.codes("signal"), ids=lambda code: code.name)
@pytest.mark.parametrize("shape", [(5, 0, 3), (5, 2, 0), (1, 1, 1)])
def test_nothing_at_all_and_a_single_sample_are_signals_too(code, shape):
    signal, params = torch.full(shape, 0.5), code.params()
    spikes = code.encode(signal, params)
    assert code.decode(spikes, params, code.header(signal, params)).shape == spikes.shape == shape


# --- test signals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "highest_slope"),
    [("sine", 2 * math.pi), ("chirp", 4 * math.pi), ("triangle", 4), ("square", math.inf)],
)
def test_signals_stay_in_range_and_are_as_steep_as_they_should_be(shape, highest_slope):
    params = encoding.SignalParams(shape, n_samples=2000, cycles=3.0, amplitude=0.4)
    signal = encoding.make_signal(params)
    assert signal.shape == (2000, 1, 1)
    assert float(signal.min()) == pytest.approx(0.1, abs=2e-3)
    assert float(signal.max()) == pytest.approx(0.9, abs=2e-3)
    slope = float(signal.diff(dim=0).abs().max()) * 2000 / (3.0 * 0.4)
    if math.isfinite(highest_slope):
        assert slope == pytest.approx(highest_slope, rel=0.02)
    else:
        assert float(signal.diff(dim=0).abs().max()) == pytest.approx(0.8)


@pytest.mark.parametrize("shape", signals.SHAPES)
@pytest.mark.parametrize("steps", [50, 20_000])
@pytest.mark.parametrize("cycles", [0.5, 40.0])
def test_every_wave_stays_in_its_range(shape, steps, cycles):
    params = encoding.SignalParams(shape, n_samples=steps, cycles=cycles, amplitude=0.3, seed=5)
    signal = encoding.make_signal(params)
    assert signal.shape == (steps, 1, 1) and signal.dtype == torch.float32
    assert float((signal - 0.5).abs().max()) <= 0.3 + 1e-6


@pytest.mark.parametrize("shape", signals.SHAPES)
def test_only_random_waves_depend_on_the_seed(shape):
    one, same, other = (
        encoding.make_signal(encoding.SignalParams(shape, seed=s)) for s in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert torch.equal(one, other) == (shape not in signals.RANDOM_SHAPES)


def test_steps_hold_as_many_levels_as_they_say():
    signal = encoding.make_signal(encoding.SignalParams("steps", n_samples=900, cycles=4.5))
    changes = np.flatnonzero(np.diff(signal.flatten()))
    assert changes.tolist() == [99 + 100 * k for k in range(8)]


def test_events_are_as_many_bumps_on_flat_ground():
    params = encoding.SignalParams("events", n_samples=5000, cycles=6.0, seed=11)
    signal = encoding.make_signal(params).flatten().numpy()
    ground = 0.1 + 1e-3
    assert (signal < ground).mean() > 0.5
    peaks = (signal[1:-1] > signal[:-2]) & (signal[1:-1] >= signal[2:]) & (signal[1:-1] > ground)
    assert 1 <= peaks.sum() <= 6


def test_noise_and_speech_keep_to_their_bands():
    spectrum = {}
    for shape in ("noise", "speech"):
        params = encoding.SignalParams(shape, n_samples=4000, cycles=10.0, seed=3)
        wave = encoding.make_signal(params).flatten().double().numpy() - 0.5
        spectrum[shape] = np.abs(np.fft.rfft(wave)) ** 2
    noise, speech = spectrum["noise"], spectrum["speech"]
    assert noise[1:21].sum() > 0.9999 * noise.sum()  # 2c periods
    assert noise[1:21].min() > 0
    harmonics = sum(speech[k - 15 : k + 16].sum() for k in (80, 160, 240))  # the pitch is 8c
    assert harmonics > 0.98 * speech.sum()


def test_a_trend_rises_through_its_noise():
    signal = encoding.make_signal(encoding.SignalParams("trend", n_samples=4000, seed=2)).flatten()
    slope = np.polyfit(np.arange(4000) / 4000, signal.numpy(), 1)[0]
    # 2 · 0.6 · 0.4 for the line; the sine of 4.5 periods adds up to 0.1
    assert slope == pytest.approx(0.48, abs=0.1)
