"""Latency and order codes against closed forms, published outputs, snnTorch and their inverses."""

import itertools
import math

import numpy as np
import pytest
import torch
from snntorch import spikegen

from snncore import encoding, rng
from snncore.encoding import latency, one_spike, order


def ramp(n: int = 101) -> torch.Tensor:
    """All values 0, 1/(n−1), …, 1 in one row."""
    return torch.linspace(0, 1, n)[None]


def mixed(seed: int, n: int = 784) -> torch.Tensor:
    """n different values of k/1024 in one row, without 0, in a random order."""
    order_of = np.random.default_rng(seed).permutation(1024)[:n]
    return torch.from_numpy((order_of.astype(np.float32) + 1) / 1024)[None]


# --- latency -------------------------------------------------------------------------------------


def test_linear_times_are_the_published_ones():
    values = torch.tensor([0.02, 0.5, 1.0])
    torch.testing.assert_close(latency.linear_times(values, 5), torch.tensor([3.92, 2.0, 0.0]))


def test_rc_times_are_the_published_ones():
    # snnTorch normalises so that the slowest of [.02, .5, 1] takes 4 steps: τ = 4/ln 2
    times = latency.rc_times(torch.tensor([0.02, 0.5, 1.0]), 0.01, 4 / math.log(2))
    torch.testing.assert_close(times, torch.tensor([4.0, 0.1166, 0.0580]), rtol=0, atol=5e-5)


@pytest.mark.parametrize("steps", [5, 20, 50])
def test_linear_latency_equals_snntorch_and_uses_every_step(steps):
    values = ramp(1001)
    ours = encoding.latency_encode(values, n_steps=steps)
    theirs = spikegen.latency(values, num_steps=steps, normalize=True, linear=True, clip=True)
    assert torch.equal(ours, theirs > 0)
    assert bool(ours.any(dim=2).all())


@pytest.mark.parametrize(("tau", "threshold"), [(5.0, 0.01), (10.0, 0.1), (3.0, 0.4)])
def test_rc_latency_equals_snntorch(tau, threshold):
    values = (torch.arange(1, 256, dtype=torch.float32) / 255)[None]  # no value equals θ
    params = encoding.LatencyRcParams(threshold, fit=False, tau=tau)
    ours = encoding.latency_rc_encode(values, params, n_steps=20)
    theirs = spikegen.latency(
        values, num_steps=20, tau=tau, threshold=threshold, clip=True, bypass=True
    )
    assert torch.equal(ours, theirs > 0)
    assert 0 < int(ours.sum()) < values.numel() or threshold == 0.01


def test_fitted_rc_latency_reaches_the_last_step_whatever_the_batch():
    params = encoding.LatencyRcParams(0.1)
    values = torch.tensor([[0.1 + 1 / 255, 0.5, 1.0, 0.1]])
    spikes = encoding.latency_rc_encode(values, params, n_steps=50)
    step, fired = encoding.first_spike(spikes)
    assert fired.tolist() == [[True, True, True, False]]
    assert step[0, 0] == 49
    expected = params.tau_steps(50) * math.log(0.5 / 0.4)
    assert step[0, 1] == round(expected)


@pytest.mark.parametrize("code", ["latency", "latency_rc"])
def test_latency_keeps_order_and_fires_at_most_once(code):
    code = encoding.get_code(code)
    spikes = code.encode(ramp(256), code.params(), n_steps=100)
    assert int(spikes.sum(dim=0).max()) == 1
    step, fired = encoding.first_spike(spikes)
    assert bool((step[fired].diff() <= 0).all())


def test_linear_latency_is_off_by_at_most_half_a_step():
    values, steps = ramp(1001), 41
    error = encoding.latency_decode(encoding.latency_encode(values, n_steps=steps)) - values
    assert float(error.abs().max()) <= 0.5 / (steps - 1) + 1e-6


def test_rc_latency_reads_back_within_half_a_step_of_time():
    params, values = encoding.LatencyRcParams(0.2, fit=False, tau=200.0), torch.linspace(0.3, 1, 50)
    spikes = encoding.latency_rc_encode(values[None], params, n_steps=300)
    step, fired = encoding.first_spike(spikes)
    assert bool(fired.all())
    back = encoding.latency_rc_decode(spikes, params)[0]
    again = latency.rc_times(back, 0.2, 200.0)
    torch.testing.assert_close(again, step[0].float(), rtol=1e-3, atol=1e-3)
    assert float((back - values).abs().max()) < 0.02


def test_zero_is_silent_even_without_a_threshold():
    spikes = encoding.latency_encode(
        torch.tensor([[0.0, 1e-6]]), encoding.LatencyParams(0.0), n_steps=10
    )
    assert spikes.sum(dim=0).tolist() == [[0, 1]]


def test_latency_needs_two_steps():
    with pytest.raises(ValueError, match="n_steps must be a whole number >= 2"):
        encoding.latency_encode(ramp(), n_steps=1)


@pytest.mark.parametrize("code", ["latency", "latency_rc"])
def test_latency_codes_use_the_window_from_its_first_to_its_last_step(code):
    # elsewhere the values 0.01..1 share steps 0..5, or 0..9, of 20
    code = encoding.get_code(code)
    values = torch.linspace(0.01, 1, 5000)[None]
    used = code.encode(values, code.params(), n_steps=20).any(dim=2)[:, 0]
    assert bool(used[-1])
    # even white charges a while, τ ln(1/(1 − θ)) = 0.6 steps, so RC leaves step 0 empty
    assert int(used.sum()) == (20 if code.name == "latency" else 19)


@pytest.mark.parametrize("steps", [2, 7, 20, 100, 333])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("latency", encoding.LatencyParams(0.0)),
        ("latency", encoding.LatencyParams(0.2)),
        ("latency_rc", encoding.LatencyRcParams(0.1)),
        ("latency_rc", encoding.LatencyRcParams(0.4)),
        ("latency_rc", encoding.LatencyRcParams(0.05, fit=False, tau=7.0)),
    ],
)
def test_latency_errors_stay_within_the_bound_and_nearly_reach_it(name, params, steps):
    code = encoding.get_code(name)
    values = ramp(20001)
    back = code.decode(code.encode(values, params, n_steps=steps), params)
    worst = float((back - values).abs().max())
    bound = code.bound(params, steps)
    assert 0.95 * bound < worst <= bound + 1e-5


def test_steps_and_trains_tell_the_same():
    values = torch.cat([ramp(50), mixed(0, 50)])
    for name, steps_of in (
        ("latency", latency.latency_steps),
        ("latency_rc", latency.latency_rc_steps),
        ("rank_order", order.rank_order_steps),
        ("first_spike", order.first_spike_steps),
    ):
        code = encoding.get_code(name)
        steps = steps_of(values, code.params(), n_steps=30, seed=4)
        spikes = code.encode(values, code.params(), n_steps=30, seed=4)
        clock = torch.arange(30).view(-1, 1, 1)
        assert torch.equal(spikes, clock == steps[None])
        assert steps.dtype == torch.int64
        assert bool((steps == -1).any())


@pytest.mark.parametrize(
    "name", ["latency", "latency_rc", "rank_order", "first_spike", "burst", "population_latency"]
)
def test_how_values_lie_in_memory_does_not_matter(name):
    code, values = encoding.get_code(name), mixed(9, 900).view(30, 30)
    strided = values.T.contiguous().T
    assert not strided.is_contiguous()
    one = code.encode(values, code.params(), n_steps=700)
    assert torch.equal(code.encode(strided, code.params(), n_steps=700), one)


# --- first spikes of a train ---------------------------------------------------------------------


def test_first_spike_mask_gives_the_published_spikes():
    # Norse's doctest of spike_latency_encode
    kept = encoding.first_spike_mask(torch.tensor([[0, 1, 1], [1, 1, 1]]))
    assert kept.tolist() == [[0, 1, 1], [1, 0, 0]]


def test_first_spike_mask_keeps_signs_and_counts_and_its_input():
    spikes = torch.tensor([[0, 0, -1], [-1, 3, 1], [1, 0, 0]], dtype=torch.int8)
    copy = spikes.clone()
    assert encoding.first_spike_mask(spikes).tolist() == [[0, 0, -1], [-1, 3, 0], [0, 0, 0]]
    assert torch.equal(spikes, copy)
    with pytest.raises(ValueError, match=r"T >= 1"):
        encoding.first_spike_mask(torch.zeros(0, 2))


def test_first_spike_of_a_train_and_of_a_silent_one():
    spikes = torch.tensor([[0, 0], [1, 0], [1, 0]], dtype=torch.int8).view(3, 1, 2)
    step, fired = encoding.first_spike(spikes)
    assert step.tolist() == [[1, 0]]
    assert fired.tolist() == [[True, False]]


def test_spike_counts_take_several_in_a_step():
    spikes = torch.tensor([[0, 3], [1, 0], [1, 2]], dtype=torch.uint8).view(3, 1, 2)
    assert one_spike.spike_counts(spikes).tolist() == [[2, 5]]


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8])
@pytest.mark.parametrize("neurons", [3, 2048 + 700])
def test_kernels_read_trains_as_the_torch_definitions_do(dtype, neurons):
    made = np.random.default_rng(1).integers(0, 40, (70, 2, neurons)) // 38  # mostly silent
    spikes = torch.from_numpy(made).to(dtype)
    spikes[:, 1, 0] = 0
    spikes[5, 0, 1] = -1 if dtype == torch.int8 else 1
    far = spikes.to(torch.int32)  # no bytes: the definition's path
    for ours, theirs in zip(encoding.first_spike(spikes), encoding.first_spike(far), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(one_spike.last_spike(spikes), one_spike.last_spike(far))
    assert torch.equal(one_spike.spike_counts(spikes), far.sum(dim=0).float())
    weights = [math.sin(t) for t in range(70)]
    a, b = one_spike.weighted_sum(spikes, weights), one_spike.weighted_sum(far, weights)
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    strided = spikes.transpose(1, 2)
    assert torch.equal(one_spike.spike_counts(strided), far.sum(dim=0).float().T)


def test_times_outside_the_window_are_silence():
    times = torch.tensor([-2.0, -0.51, -0.5, 0.5, 1.5, 2.4, 2.6, math.inf, math.nan])
    assert one_spike.rounded_steps(times, 3).tolist() == [-1, -1, 0, 0, 2, 2, -1, -1, -1]


# --- the code "first spike" ----------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.05, 0.4])
def test_first_spike_times_are_geometric(p):
    neurons, steps = 20000, 40
    times = order.first_spike_steps(
        torch.full((1, neurons), p), encoding.FirstSpikeParams(), n_steps=steps, seed=2
    )[0]
    seen = torch.bincount(times[times >= 0], minlength=steps).double()
    law = p * (1 - p) ** torch.arange(steps).double()
    expected = neurons * law
    spread = torch.sqrt(neurons * law * (1 - law))
    assert bool(((seen - expected).abs() <= 5 * spread + 1).all())
    silent = neurons * (1 - p) ** steps
    assert float((times < 0).sum()) == pytest.approx(silent, abs=5 * math.sqrt(silent) + 1)


def test_first_spike_is_the_start_of_the_rate_code_of_the_same_seed():
    values, samples = mixed(3, 200).repeat(3, 1), torch.tensor([4, 0, 9])
    whole = encoding.rate_encode(
        values, encoding.RateParams(0.3), n_steps=50, seed=7, samples=samples
    )
    first = encoding.first_spike_encode(
        values, encoding.FirstSpikeParams(0.3), n_steps=50, seed=7, samples=samples
    )
    assert torch.equal(first, encoding.first_spike_mask(whole))


@pytest.mark.parametrize("steps", [1, 10, 24])
def test_first_spike_kernel_equals_the_torch_definition(steps, monkeypatch):
    values, samples = ramp(301).repeat(2, 1) ** 3, torch.tensor([5, 2**32 - 1])
    ours = order.first_spike_steps(
        values, encoding.FirstSpikeParams(), n_steps=steps, seed=9, samples=samples
    )
    limits = rng.threshold(values)
    monkeypatch.setattr(order, "_WORDS_AT_ONCE", 8 * 602)
    assert torch.equal(ours, order._first_steps_torch(limits, 9, samples, steps))
    assert bool((ours == 0).any()) and bool((ours == -1).any())


@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_first_spike_decoder_is_the_likeliest_value(gain):
    params, grid = encoding.FirstSpikeParams(gain), np.linspace(0, 1, 100001)
    for t in (0, 1, 5, 30):
        spikes = torch.zeros((40, 1, 1), dtype=torch.bool)
        spikes[t] = True
        likelihood = gain * grid * (1 - gain * grid) ** t
        got = float(encoding.first_spike_decode(spikes, params))
        assert got == pytest.approx(grid[likelihood.argmax()], abs=1e-4)
    assert float(encoding.first_spike_decode(torch.zeros((40, 1, 1)), params)) == 0


# --- rank order ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "steps", "expected"),
    [
        ([0.2, 0.9, 0.5, 0.0], 3, [2, 0, 1, -1]),  # a step each, black silent
        ([0.2, 0.9, 0.5, 0.0], 6, [4, 0, 2, -1]),  # spread over the window
        ([0.5, 0.5, 0.1], 3, [0, 0, 2]),  # equals share a step, what follows comes after both
        ([0.4, 0.3, 0.2, 0.1], 2, [0, 0, 1, 1]),  # fewer steps than neurons
        ([0.0, 0.0], 5, [-1, -1]),
        ([0.7], 1, [0]),
    ],
)
def test_rank_order_gives_the_steps_of_the_formula(values, steps, expected):
    got = order.rank_order_steps(torch.tensor([values]), encoding.RankOrderParams(), n_steps=steps)
    assert got.tolist() == [expected]


@pytest.mark.parametrize("steps", [7, 25, 1000])
def test_rank_order_is_blind_to_every_increasing_change(steps):
    values = mixed(1)
    spikes = encoding.rank_order_encode(values, n_steps=steps)
    for change in (lambda x: x**2, torch.sqrt, lambda x: 0.1 * x, lambda x: torch.log1p(9 * x) / 3):
        changed = change(values)
        assert changed.unique().numel() == 784  # the change keeps all values apart
        assert torch.equal(encoding.rank_order_encode(changed, n_steps=steps), spikes)
    assert not torch.equal(encoding.rank_order_encode(1 - values, n_steps=steps), spikes)


def test_rank_order_fills_all_steps_alike_instead_of_the_last():
    counts = encoding.rank_order_encode(mixed(2), n_steps=25).sum(dim=2)[:, 0]
    assert counts.tolist().count(31) + counts.tolist().count(32) == 25
    assert int(counts.sum()) == 784


def test_rank_order_tells_every_order_apart():
    # N! orders of N neurons: log₂ N! bits (Thorpe & Gautrais 1998)
    rows = torch.tensor(list(itertools.permutations([0.2, 0.4, 0.6, 0.8])))
    trains = encoding.rank_order_encode(rows, n_steps=4).permute(1, 0, 2).flatten(1)
    assert len({tuple(row) for row in trains.tolist()}) == 24


def test_rank_order_reads_back_the_share_of_darker_pixels():
    values = mixed(5, 200)
    back = encoding.rank_order_decode(encoding.rank_order_encode(values, n_steps=200))
    darker = (values[0][:, None] > values[0][None]).sum(dim=1)
    torch.testing.assert_close(back[0], (darker + 0.5) / 200)
    coarse = encoding.rank_order_decode(encoding.rank_order_encode(values, n_steps=20))
    assert float((coarse - back).abs().max()) <= 0.5 / 20


def test_rank_order_of_equals_and_of_black():
    spikes = encoding.rank_order_encode(torch.tensor([[0.3] * 6, [0.0] * 6]), n_steps=9)
    assert encoding.rank_order_decode(spikes).tolist() == [[0.5] * 6, [0.0] * 6]


def test_rank_order_values_stay_while_later_spikes_come_in():
    spikes = encoding.rank_order_encode(mixed(6), n_steps=50)
    whole = encoding.rank_order_decode(spikes)
    early = spikes.clone()
    early[20:] = False
    part = encoding.rank_order_decode(early)
    fired = early.any(dim=0)
    assert torch.equal(part[fired], whole[fired])
    assert float(part[~fired].max()) == 0


@pytest.mark.parametrize(("share", "firing"), [(1.0, 784), (0.5, 392), (0.001, 1)])
def test_rank_order_share_lets_only_the_brightest_fire(share, firing):
    values = mixed(7)
    spikes = encoding.rank_order_encode(values, encoding.RankOrderParams(share), n_steps=40)
    fired = spikes.any(dim=0)
    assert int(fired.sum()) == firing
    assert bool(spikes[0].any())
    if firing < 784:
        assert float(values[fired].min()) > float(values[~fired].max())


def test_rank_order_takes_pictures_and_leaves_them_as_they_are():
    pictures = mixed(8, 600).view(2, 20, 15)
    copy = pictures.clone()
    spikes = encoding.rank_order_encode(pictures, n_steps=33)
    assert torch.equal(pictures, copy)
    assert spikes.shape == (33, 2, 300) and spikes.dtype == torch.bool
    for b in range(2):
        alone = encoding.rank_order_encode(pictures[b : b + 1], n_steps=33)
        assert torch.equal(spikes[:, b : b + 1], alone)
    with pytest.raises(ValueError, match=r"values must be in 0\.\.1"):
        encoding.rank_order_encode(pictures * 2, n_steps=33)
    with pytest.raises(ValueError, match=r"pictures must be \[B, H, W\]"):
        encoding.rank_order_encode(pictures[0, 0], n_steps=33)
    with pytest.raises(ValueError, match=r"share must be >= 0\.001"):
        encoding.RankOrderParams(0.0)
