"""Integrate-and-fire time encoding: closed forms, exact recovery, what the grid costs."""

import numpy as np
import pytest
import torch

from snncore import encoding
from snncore.encoding import time_encoding
from snncore.encoding.time_encoding import TimeEncodingParams, recover, spike_times

STEPS, BAND = 4000, 0.002


def bandlimited(steps: int = STEPS, band: float = BAND, seed: int = 0) -> np.ndarray:
    """A sum of sincs, bandlimited, within ±0.4 or so, near 0 at both ends: float64 [T]."""
    centres = np.arange(steps / 8, 7 * steps / 8 + 1, 0.5 / band)
    heights = np.random.default_rng(seed).uniform(-0.2, 0.2, len(centres))
    return (heights * np.sinc(2 * band * (np.arange(steps)[:, None] - centres))).sum(axis=1)


def walks(steps: int = 400) -> torch.Tensor:
    draws = torch.rand(steps, 2, 7, generator=torch.Generator().manual_seed(0))
    return 0.5 + 0.5 * torch.sin((draws - 0.3).cumsum(0) * 0.3)


def column(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)


@pytest.mark.parametrize(("value", "bias", "delta"), [(0.3, 0.5, 4.0), (1.0, 0.0, 2.5), (0, 2, 3)])
def test_a_constant_fires_at_multiples_of_delta_over_its_rate(value, bias, delta):
    params = TimeEncodingParams(delta, bias)
    times = spike_times(np.full(200, value), params)[0]
    expected = delta / (value + bias) * np.arange(1, len(times) + 1)
    np.testing.assert_allclose(times, expected, rtol=1e-12)
    assert len(times) == int(199 * (value + bias) / delta + 1e-9)


def test_a_ramp_fires_where_its_integral_is_a_multiple_of_delta():
    # ∫ t/100 dt = t²/200 = kδ
    times = spike_times(np.arange(101) / 100, TimeEncodingParams(2.0, bias=0.0))[0]
    np.testing.assert_allclose(times, np.sqrt(200 * 2.0 * np.arange(1, 26)), rtol=1e-12)


def test_every_interval_holds_delta_of_the_polygon():
    signal, params = walks()[:, 0, 0].double().numpy(), TimeEncodingParams(1.7, 0.3)
    times = spike_times(signal, params)[0]
    step = np.minimum(times.astype(int), len(signal) - 2)
    part = times - step
    areas = np.concatenate(([0.0], np.cumsum((signal[1:] + signal[:-1]) / 2 + 0.3)))
    start = signal[step] + 0.3
    area = areas[step] + start * part + (signal[step + 1] - signal[step]) * part**2 / 2
    np.testing.assert_allclose(np.diff(area), 1.7, atol=1e-9)


def test_a_bandlimited_signal_comes_back_from_its_exact_times():
    # Densest allowed interval 1/(2f) = 250 steps; between its samples the signal is taken as a
    # straight line, which is wrong by (2πf)²/8 = 2e-5 of it at most.
    signal, params = bandlimited(), TimeEncodingParams(100.0, bias=1.0)
    times = spike_times(signal, params)[0]
    assert 1.2 * 2 * BAND * STEPS < len(times) < 5 * 2 * BAND * STEPS
    back = recover(times, params, BAND, STEPS)
    assert np.abs(signal).max() > 0.15
    assert np.abs(back - signal).max() < 1e-5


def test_the_grid_gives_the_signal_back_to_its_quantisation():
    signal, params = bandlimited(), TimeEncodingParams(100.0, bias=1.0)
    spikes = time_encoding.time_encoding_encode(column(signal), params).flatten()
    times = np.flatnonzero(spikes) - 0.5
    gaps = np.diff(times)
    error = np.abs(recover(times, params, BAND, STEPS) - signal)[500:-500].max()
    # a step in an interval of n is 1/n of 1 + s; the filter spreads it over neighbours
    assert 1e-5 < error < 2 / gaps.min()


def test_grid_spikes_are_the_exact_times_rounded_up():
    signal, params = walks(2000), TimeEncodingParams(3.0)
    spikes = time_encoding.time_encoding_encode(signal, params).flatten(1)
    for neuron, times in enumerate(spike_times(signal, params)):
        near = np.abs(times - np.round(times)) < 1e-2  # float32 may round to the other side
        expected = np.bincount(np.ceil(times).astype(int), minlength=2000)
        unsure = np.unique(np.round(times[near]).astype(int)[:, None] + np.arange(2))
        same = np.setdiff1d(np.arange(2000), unsure)
        assert np.array_equal(spikes[same, neuron].numpy(), expected[same])
        assert len(times) > 500


def test_several_spikes_in_a_step_are_counted():
    params = TimeEncodingParams(0.25, bias=0.0)
    spikes = time_encoding.time_encoding_encode(torch.ones(10, 1, 1), params)
    assert spikes.dtype == torch.uint8
    assert spikes.flatten().tolist() == [0] + [4] * 9


@pytest.mark.parametrize("delta", [0.3, 2.0, 5.0])
def test_fused_time_encoding_is_the_definition(delta):
    signal, params = walks(), TimeEncodingParams(delta)
    ours = time_encoding.time_encoding_encode(signal, params)
    assert torch.equal(ours, time_encoding._time_encoding_torch(signal, params))


def test_a_quotient_that_rounds_up_leaves_nothing_not_less_than_nothing():
    # 0.8666667/0.05 rounds up to 17.333334, 8.666667 to 9 and so on: what is left was −1e-8 once,
    # and the floor of it −1, which is 255 in a byte
    signal = torch.tensor([221, 221, 0, 0, 0, 0]).view(-1, 1, 1) / 255
    params = TimeEncodingParams(threshold=0.05, bias=0.0)
    spikes = time_encoding.time_encoding_encode(signal, params)
    assert spikes.flatten().tolist() == [0, 17, 9, 0, 0, 0]
    assert torch.equal(spikes, time_encoding._time_encoding_torch(signal, params))


def test_no_picture_makes_more_spikes_than_its_light_is_worth():
    # all grey levels, each followed by darkness: 255 false spikes would be seen at once
    for delta in (0.05, 0.1, 1 / 3, 0.7):
        signal = torch.arange(256).expand(8, 1, 256).clone() / 255
        signal[4:] = 0.0
        params = TimeEncodingParams(threshold=delta, bias=0.0)
        spikes = time_encoding.time_encoding_encode(signal, params)
        assert torch.equal(spikes, time_encoding._time_encoding_torch(signal, params))
        worth = 3.5 * signal[0, 0] / delta
        assert float((spikes.sum(dim=0)[0] - worth).abs().max()) <= 1 + 1e-4
        assert not bool(spikes[5:].any())


def test_a_byte_never_runs_over():
    # up to 254 in a step by itself, and one more from what the step before has left over
    signal = torch.full((3000, 1, 1), 25.4)
    for bias in (0.0, 0.001):
        params = TimeEncodingParams((25.4 + bias) / 253.999, bias)
        counts = time_encoding.time_encoding_encode(signal, params)[1:].flatten().int()
        assert set(counts.tolist()) <= {253, 254, 255}
    with pytest.raises(ValueError, match="at most 255 spikes in a step"):  # no room for the one
        time_encoding.time_encoding_encode(signal, TimeEncodingParams(25.4 / 254.5, bias=0.0))


@pytest.mark.parametrize("value", [0.0, 0.2, 0.61, 1.0])
@pytest.mark.parametrize("delta", [1.5, 4.0, 10.0])
def test_the_decoder_reads_constants_to_one_step_in_its_window(value, delta):
    code, params = encoding.get_code("time_encoding"), TimeEncodingParams(delta, 0.5, 31)
    signal = torch.full((500, 1, 1), value)
    back = code.decode(code.encode(signal, params), params)
    assert float((back - signal)[31:-31].abs().max()) <= 2 * (value + 0.5) / 31 + 1e-4


def test_the_decoder_follows_a_wave():
    code = encoding.get_code("time_encoding")
    signal = encoding.make_signal(encoding.SignalParams("sine", cycles=3.0))
    back = code.decode(code.encode(signal, code.params()), code.params())
    assert float((back - signal).square().mean()) < 0.016 * float(signal.var())  # 18 dB


def test_the_first_interval_begins_at_time_0_and_a_spike_half_a_step_before_its_step():
    # a rate of 1 has 9.5 at the time 9.5, half a step before step 10 that shows it
    params = TimeEncodingParams(9.5, bias=0.5, window=1)
    signal = torch.full((12, 1, 1), 0.5)
    spikes = time_encoding.time_encoding_encode(signal, params)
    assert spikes.flatten().nonzero().flatten().tolist() == [10]
    back = time_encoding.time_encoding_decode(spikes, params)
    torch.testing.assert_close(back[:10], signal[:10], rtol=0, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 7, 50, 401])
@pytest.mark.parametrize("window", [1, 15, 999])
def test_the_fused_decoder_is_the_definition(steps, window):
    draw = torch.Generator().manual_seed(steps)
    params = TimeEncodingParams(2.0, 0.5, window)
    for share in (0.0, 0.02, 0.3, 0.9):  # spikes lost and added on the way too
        fired = torch.rand(steps, 2, 5, generator=draw) < share
        spikes = (fired * torch.randint(1, 4, fired.shape, generator=draw)).to(torch.uint8)
        ours = time_encoding.time_encoding_decode(spikes, params)
        definition = time_encoding._time_encoding_decode_torch(spikes, params)
        torch.testing.assert_close(ours, definition, rtol=1e-6, atol=1e-5)


def test_a_long_signal_is_read_as_well_as_a_short_one():
    # a running float32 sum was off by 1.3e-3 there
    params = TimeEncodingParams(1.0, bias=0.5, window=3)
    spikes = torch.ones(20_000, 1, 1, dtype=torch.uint8)
    for decode in (time_encoding.time_encoding_decode, time_encoding._time_encoding_decode_torch):
        assert float((decode(spikes, params)[10:] - 0.5).abs().max()) < 1e-6


def test_a_train_without_spikes_reads_as_zero():
    spikes = torch.zeros(50, 1, 2, dtype=torch.uint8)
    assert not bool(time_encoding.time_encoding_decode(spikes).any())


def test_signals_that_cannot_be_encoded_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"bias must be >= 0.8, so that signal \+ bias"):
        time_encoding.time_encoding_encode(torch.full((5, 1, 1), -0.8))
    with pytest.raises(ValueError, match=r"threshold must be >= .*at most 255 spikes in a step"):
        time_encoding.time_encoding_encode(torch.ones(5, 1, 1), TimeEncodingParams(0.001))
    with pytest.raises(ValueError, match="window must be odd"):
        TimeEncodingParams(window=4)


def test_recovery_names_what_is_missing():
    params = TimeEncodingParams(100.0, 1.0)
    times = spike_times(bandlimited(), params)[0]
    with pytest.raises(ValueError, match=r"bandwidth must be in \(0, 0.5\]"):
        recover(times, params, 0.6, STEPS)
    with pytest.raises(ValueError, match="must be 2 to 4000 spikes, got 1"):
        recover(times[:1], params, BAND, STEPS)
    with pytest.raises(ValueError, match="times must rise"):
        recover(times[::-1], params, BAND, STEPS)
    with pytest.raises(ValueError, match=r"intervals must be <= 1/\(2·bandwidth\) = 50 steps"):
        recover(times, params, 0.01, STEPS)
