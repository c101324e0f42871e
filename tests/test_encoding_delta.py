"""Codes that send changes: published outputs, snnTorch, error bounds, and the defects of others."""

import math

import pytest
import torch
from snntorch import spikegen

from snncore import encoding
from snncore.encoding import delta, sigma_delta, window, zero_crossing


def column(values: list[float]) -> torch.Tensor:
    return torch.tensor(values).view(-1, 1, 1)


def walks(steps: int = 400, seed: int = 0) -> torch.Tensor:
    """Smooth random signals in 0..1, [T, 2, 7]."""
    draws = torch.rand(steps, 2, 7, generator=torch.Generator().manual_seed(seed))
    return 0.5 + 0.5 * torch.sin((draws - 0.3).cumsum(0) * 0.3)


# --- delta and send-on-delta ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "padding", "off", "expected"),
    [  # published outputs of snnTorch's spikegen.delta with threshold 1
        ([1, 2, 2.9, 3, 3.9], False, False, [1, 1, 0, 0, 0]),
        ([1, 2, 2.9, 3, 3.9], True, False, [0, 1, 0, 0, 0]),
        ([1, 2, 0, 2, 2.9], False, True, [1, 1, -1, 1, 0]),
    ],
)
def test_delta_gives_the_published_spikes(values, padding, off, expected):
    params = encoding.DeltaParams(1.0, padding=padding, off_spikes=off)
    spikes = encoding.delta_encode(column([float(v) for v in values]), params)
    assert spikes.dtype == torch.int8
    assert spikes.flatten().tolist() == expected


@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize("off", [True, False])
def test_delta_equals_snntorch(padding, off):
    signal = torch.sin(torch.arange(600, dtype=torch.float32) ** 1.3 * 0.01).view(-1, 2, 1)
    params = encoding.DeltaParams(0.05, padding=padding, off_spikes=off)
    ours = encoding.delta_encode(signal, params)
    theirs = spikegen.delta(signal, threshold=0.05, padding=padding, off_spike=off)
    assert torch.equal(ours.float(), theirs)
    assert int((ours > 0).sum()) > 20


def test_step_forward_gives_the_published_spikes():
    # spikify's step_forward example
    signal = column([0.1, 0.3, 0.4, 0.2, 0.5, 0.6])
    spikes = encoding.send_on_delta_encode(signal, encoding.SendOnDeltaParams(0.2))
    assert spikes.flatten().tolist() == [0, 0, 1, 0, 0, 1]


def test_a_slow_ramp_escapes_delta_but_not_send_on_delta():
    signal = torch.linspace(0, 1, 201).view(-1, 1, 1)  # 0.005 per step, far below θ
    delta, send = encoding.DeltaParams(0.1), encoding.SendOnDeltaParams(0.1)
    forgets = encoding.delta_encode(signal, delta)
    remembers = encoding.send_on_delta_encode(signal, send)
    assert int(forgets.abs().sum()) == 0
    assert not bool(spikegen.delta(signal, threshold=0.1, padding=True, off_spike=True).any())
    lost = encoding.delta_decode(forgets, delta, signal[0]) - signal
    kept = encoding.delta_decode(remembers, send, signal[0]) - signal
    assert float(lost.abs().max()) == pytest.approx(1.0)
    assert float(kept.abs().max()) <= 0.1 + 1e-6


@pytest.mark.parametrize("theta", [0.03, 0.1, 0.5])
def test_send_on_delta_error_is_bounded_while_the_slope_is(theta):
    t = torch.arange(3000, dtype=torch.float32)
    signal = (torch.sin(0.004 * t) + 0.5 * torch.cos(0.013 * t)).view(-1, 2, 1)
    assert float(signal.diff(dim=0).abs().max()) <= theta
    params = encoding.SendOnDeltaParams(theta)
    spikes = encoding.send_on_delta_encode(signal, params)
    error = encoding.delta_decode(spikes, params, signal[0]) - signal
    assert float(error.abs().max()) <= theta * (1 + 1e-5)
    assert int(spikes.min()) == -1 and int(spikes.max()) == 1


def test_send_on_delta_overloads_on_a_jump_and_catches_up():
    signal = column([0.0] + [1.0] * 20)
    params = encoding.SendOnDeltaParams(0.1)
    back = encoding.delta_decode(encoding.send_on_delta_encode(signal, params), params, signal[0])
    error = (back - signal).abs().flatten()
    assert float(error[1]) == pytest.approx(0.9)
    assert float(error[-1]) <= 0.1 + 1e-6


def test_delta_without_padding_reads_back_from_zero():
    params = encoding.DeltaParams(1.0, padding=False)
    signal = column([1.0, 2.0, 1.0, 1.0])
    back = encoding.delta_decode(encoding.delta_encode(signal, params), params, signal[0])
    assert back.flatten().tolist() == [1, 2, 1, 1]


def test_fade_in_counts_the_steps_of_light_and_reads_back_their_middle():
    values = torch.tensor([[0.0, 0.05, 0.15, 0.55, 1.0]])
    params = encoding.FadeInParams(0.1)
    spikes = encoding.fade_in_encode(values, params, n_steps=100)
    assert spikes.sum(dim=0).tolist() == [[0, 0, 1, 5, 9]]
    back = encoding.fade_in_decode(spikes, params)
    torch.testing.assert_close(back, torch.tensor([[0.0, 0.0, 0.15, 0.55, 0.95]]))


def test_fade_in_error_is_at_most_half_a_threshold_once_it_fires():
    values, params = torch.linspace(0, 1, 1001)[None], encoding.FadeInParams(0.07)
    spikes = encoding.fade_in_encode(values, params, n_steps=50)
    error = (encoding.fade_in_decode(spikes, params) - values).abs()
    fired = spikes.any(dim=0)
    assert float(error[fired].max()) <= 0.035 + 1e-5
    assert float(error[~fired].max()) <= 0.07 + 1e-5


def test_fade_in_refuses_what_would_overload():
    with pytest.raises(ValueError, match=r"n_steps must be >= 1/threshold = 20, got 10"):
        encoding.fade_in_encode(
            torch.linspace(0, 1, 101)[None], encoding.FadeInParams(0.05), n_steps=10
        )


@pytest.mark.parametrize("theta", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_thresholds_are_named(theta):
    with pytest.raises(ValueError, match="threshold must be"):
        encoding.SendOnDeltaParams(theta)


@pytest.mark.parametrize("theta", [0.02, 0.1, 0.4])
def test_fused_passes_give_the_spikes_of_the_definitions(theta):
    signal = walks()
    for padding, off in ((True, True), (False, False)):
        params = encoding.DeltaParams(theta, padding=padding, off_spikes=off)
        first = signal[:1] if padding else torch.zeros(1, 2, 7)
        ours = encoding.delta_encode(signal, params)
        assert torch.equal(ours, delta._delta_torch(signal, first, params))
    ours = encoding.send_on_delta_encode(signal, encoding.SendOnDeltaParams(theta))
    assert torch.equal(ours, delta._send_on_delta_torch(signal, theta))
    assert int(ours.abs().sum()) > 50
    values = torch.rand(3, 50, generator=torch.Generator().manual_seed(1))
    light = (torch.arange(101) / 100).view(-1, 1, 1) * values
    ours = encoding.fade_in_encode(values, encoding.FadeInParams(theta), n_steps=100)
    assert torch.equal(ours, delta._send_on_delta_torch(light, theta)[1:] > 0)


def test_declared_bounds_are_reached_and_kept():
    params = encoding.SendOnDeltaParams(0.1)
    code = encoding.get_code("send_on_delta")
    signal = torch.linspace(0, 1, 1001).view(-1, 1, 1)
    error = (code.decode(code.encode(signal, params), params, signal[:1]) - signal).abs().max()
    assert 0.99 * code.bound(params, 1001) <= float(error) <= code.bound(params, 1001) + 1e-6
    code, params = encoding.get_code("fade_in"), encoding.FadeInParams(0.1)
    values = torch.linspace(0, 1, 1001)[None]
    error = (code.decode(code.encode(values, params, n_steps=500), params) - values).abs().max()
    assert 0.99 * code.bound(params, 500) <= float(error) <= code.bound(params, 500) + 1e-6


# --- zero crossing -------------------------------------------------------------------------------


def test_zero_crossing_gives_the_published_spikes():
    # spikify's zero_cross_step_forward example, for a signal around 0
    signal = column([-0.2, 0.1, 0.5, 0.0, 1.2, 0.3])
    spikes = zero_crossing.zero_crossing_encode(signal, encoding.ZeroCrossingParams(0.4, 0.0))
    assert spikes.flatten().tolist() == [False, False, True, False, True, False]


def test_zero_crossing_tells_a_signal_in_its_range_to_half_a_range():
    code, params = encoding.get_code("zero_crossing"), encoding.ZeroCrossingParams(0.1, 0.5)
    signal = torch.linspace(0, 1, 1001).view(-1, 1, 1)
    back = code.decode(code.encode(signal, params), params)
    assert back.unique().tolist() == pytest.approx([0.3, 0.8])
    assert float((back - signal).abs().max()) == pytest.approx(code.bound(params, 9), abs=1e-6)


def test_zero_crossing_refuses_a_level_below_zero():
    with pytest.raises(ValueError, match=r"centre \+ threshold must be >= 0, got -0.5"):
        encoding.ZeroCrossingParams(0.5, -1.0)


# --- threshold-based and moving window -----------------------------------------------------------


def test_threshold_based_gives_the_published_spikes_and_threshold():
    # spikify's example with f = 0.5; the threshold by hand: Δ = .2, .1, −.2, .3, .1
    signal = column([0.1, 0.3, 0.4, 0.2, 0.5, 0.6])
    params = encoding.ThresholdBasedParams(0.5)
    spikes = window.threshold_based_encode(signal, params)
    assert spikes.flatten().tolist() == [1, 0, -1, 1, 0, 0]
    start, size = window.threshold_based_header(signal, params).flatten().tolist()
    assert start == pytest.approx(0.1)
    assert size == pytest.approx(0.1 + 0.5 * math.sqrt(0.14 / 5))
    back = window.threshold_based_decode(
        spikes, params, window.threshold_based_header(signal, params)
    )
    expected = [0.1, 0.1 + size, 0.1 + size, 0.1, 0.1 + size, 0.1 + size]
    torch.testing.assert_close(back.flatten(), torch.tensor(expected))


def test_threshold_based_says_the_opposite_of_the_opposite_signal():
    # with the signed mean of the sources a falling signal has a threshold below 0
    signal = torch.cumsum(torch.rand(300, 1, 1, generator=torch.Generator().manual_seed(3)), 0)
    params = encoding.ThresholdBasedParams(0.2)
    rising = window.threshold_based_encode(signal, params)
    assert int(rising.sum()) > 50
    assert torch.equal(window.threshold_based_encode(-signal, params), -rising)


def test_threshold_based_needs_its_header_to_read_back():
    spikes = torch.zeros(5, 1, 2, dtype=torch.int8)
    with pytest.raises(ValueError, match=r"header must be \[2, B, N\].*got None"):
        window.threshold_based_decode(spikes)
    with pytest.raises(ValueError, match=r"got \(1, 1, 2\)"):
        window.threshold_based_decode(spikes, None, torch.zeros(1, 1, 2))


def test_threshold_based_and_moving_window_of_one_sample_and_of_a_constant_are_silent():
    for signal in (torch.full((1, 1, 2), 0.7), torch.full((40, 1, 2), 0.7)):
        for name in ("threshold_based", "moving_window"):
            code = encoding.get_code(name)
            spikes = code.encode(signal, code.params())
            assert not bool(spikes.any())
            back = code.decode(spikes, code.params(), code.header(signal, code.params()))
            torch.testing.assert_close(back, signal)


def test_moving_window_gives_the_published_spikes_and_reading():
    # spikify's example: w = 3, θ = 0.2, read back by the sum
    signal = column([0.1, 0.3, 0.2, 0.5, 0.8, 1.0])
    params = encoding.MovingWindowParams(0.2, window=3, decoder="sum")
    spikes = window.moving_window_encode(signal, params)
    assert spikes.flatten().tolist() == [0, 0, 0, 1, 1, 1]
    back = window.moving_window_decode(spikes, params, signal[:1])
    expected = torch.tensor([0.1, 0.1, 0.1, 0.3, 0.5, 0.7])
    torch.testing.assert_close(back.flatten(), expected)


def test_moving_window_reads_back_a_jump_without_overshoot_unlike_the_sum():
    signal = column([0.0] * 20 + [1.0] * 60)
    params = encoding.MovingWindowParams(0.2, window=10)
    spikes = window.moving_window_encode(signal, params)
    mean = window.moving_window_decode(spikes, params, signal[:1])
    total = window.moving_window_decode(
        spikes, encoding.MovingWindowParams(0.2, window=10, decoder="sum"), signal[:1]
    )
    assert float(mean.max()) <= 1.0
    # s − b > θ for 8 steps, until 8 of 10 samples are 1: the sum rises by 8θ
    assert float(total[-1]) == pytest.approx(1.6)


@pytest.mark.parametrize("width", [1, 4, 50])
def test_fused_windows_are_the_definitions(width):
    signal = walks()
    params = encoding.MovingWindowParams(0.05, window=width)
    spikes = window.moving_window_encode(signal, params)
    assert torch.equal(spikes, window._moving_window_torch(signal, params))
    assert int(spikes.abs().sum()) > 50
    pushes = spikes.float() * params.threshold
    back = window.moving_window_decode(spikes, params, signal[:1])
    assert torch.equal(back, window._read_moving_window_torch(pushes, signal[0], width))
    params = encoding.ThresholdBasedParams(width / 10)
    size = window.threshold_based_header(signal, params)[1]
    assert torch.equal(
        window.threshold_based_encode(signal, params), window._threshold_based_torch(signal, size)
    )


# --- sigma-delta ---------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [0.5, 0.8])
def test_sigma_delta_means_are_off_by_at_most_a_unit_over_the_window(unit):
    signal, params = walks(3000), encoding.SigmaDeltaParams(unit)
    spikes = sigma_delta.sigma_delta_encode(signal, params)
    total = (unit * spikes.double() - (signal.double() - 0.5)).cumsum(0)
    for width in (1, 7, 100, 2000):
        error = (total[width:] - total[:-width]).abs().max() / width
        assert float(error) <= sigma_delta.mean_bound(params, width) * (1 + 1e-4)
    assert float((total[7:] - total[:-7]).abs().max()) > 0.9 * unit  # the bound is tight


@pytest.mark.parametrize("value", [0.0, 0.13, 0.5, 0.77, 1.0])
def test_sigma_delta_reads_a_constant_to_a_unit_over_the_window(value):
    params = encoding.SigmaDeltaParams(0.5, window=51)
    signal = torch.full((400, 1, 1), value)
    spikes = sigma_delta.sigma_delta_encode(signal, params)
    assert bool((spikes.sign() * (value - 0.5) >= 0).all())  # polarity
    error = (sigma_delta.sigma_delta_decode(spikes, params) - signal).abs().flatten()
    assert float(error[25:-25].max()) <= 0.5 / 51 + 1e-6
    assert float(error.max()) <= 0.5 / 26 + 1e-6  # half a window at the ends


def test_sigma_delta_decoder_is_the_centred_moving_average():
    spikes = torch.tensor([1, 0, 0, -1, 1, 0], dtype=torch.int8).view(-1, 1, 1)
    params = encoding.SigmaDeltaParams(0.6, centre=0.5, window=3)
    expected = 0.5 + 0.6 * torch.tensor([1 / 2, 1 / 3, -1 / 3, 0, 0, 1 / 2])
    torch.testing.assert_close(sigma_delta.sigma_delta_decode(spikes, params).flatten(), expected)


def test_sigma_delta_is_silent_at_its_centre_and_symmetric_around_it():
    params = encoding.SigmaDeltaParams(0.5, centre=0.25)
    assert not bool(sigma_delta.sigma_delta_encode(torch.full((99, 1, 1), 0.25), params).any())
    around = encoding.SigmaDeltaParams(1.0, centre=0.0)
    signal = walks() - 0.5
    assert torch.equal(
        sigma_delta.sigma_delta_encode(-signal, around),
        -sigma_delta.sigma_delta_encode(signal, around),
    )


def test_sigma_delta_overloads_beyond_its_unit():
    params = encoding.SigmaDeltaParams(0.2)
    signal = torch.full((200, 1, 1), 1.0)
    back = sigma_delta.sigma_delta_decode(sigma_delta.sigma_delta_encode(signal, params), params)
    assert float(back.max()) == pytest.approx(0.7)  # a spike in every step


def test_sigma_delta_window_must_have_a_centre():
    with pytest.raises(ValueError, match="window must be odd"):
        encoding.SigmaDeltaParams(window=10)


@pytest.mark.parametrize("unit", [0.3, 0.5, 2.0])
def test_fused_sigma_delta_is_the_definition(unit):
    signal, params = walks(), encoding.SigmaDeltaParams(unit)
    ours = sigma_delta.sigma_delta_encode(signal, params)
    assert torch.equal(ours, sigma_delta._sigma_delta_torch(signal, params))
    assert {-1, 0, 1} == set(ours.unique().tolist())
