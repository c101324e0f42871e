"""Phase and burst codes against published outputs, closed forms and their bounds."""

import math

import pytest
import torch

from snncore import encoding
from snncore.encoding import burst, phase


def ramp(n: int = 20001) -> torch.Tensor:
    """All values 0, 1/(n−1), …, 1 in one row."""
    return torch.linspace(0, 1, n)[None]


# --- weighted phase ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits"),
    [  # SpikingJelly's WeightedPhaseEncoder with K = 8
        (192 / 256, "11000000"),
        (1 / 256, "00000001"),
        (128 / 256, "10000000"),
        (255 / 256, "11111111"),
        (1.0, "11111111"),
        (0.0, "00000000"),
    ],
)
def test_weighted_phase_gives_the_published_digits_again_and_again(value, digits):
    spikes = encoding.weighted_phase_encode(torch.tensor([[value]]), n_steps=20)[:, 0, 0]
    expected = (digits * 3)[:20]
    assert "".join(str(int(s)) for s in spikes) == expected


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
def test_weighted_phase_is_exact_on_its_levels(bits):
    values = (torch.arange(min(1 << bits, 5000)) / float(1 << bits))[None]
    params = encoding.WeightedPhaseParams(bits)
    spikes = encoding.weighted_phase_encode(values, params, n_steps=3 * bits + 1)
    assert torch.equal(encoding.weighted_phase_decode(spikes, params), values)


@pytest.mark.parametrize("bits", [1, 3, 8])
@pytest.mark.parametrize("cycles", [1, 2.5, 7])
def test_weighted_phase_error_is_half_a_level_and_a_whole_one_at_white(bits, cycles):
    params, steps = encoding.WeightedPhaseParams(bits), math.ceil(bits * cycles)
    values = ramp()
    spikes = encoding.weighted_phase_encode(values, params, n_steps=steps)
    error = (encoding.weighted_phase_decode(spikes, params) - values).abs()
    level = 2.0**-bits
    assert phase.weighted_phase_bound(params, steps) == level
    assert float(error[values <= 1 - level].max()) <= level / 2 + 1e-6
    assert float(error.max()) == pytest.approx(level, abs=1e-6)  # at 1


def test_weighted_phase_is_known_ever_finer_as_the_digits_come():
    values = ramp(257)
    spikes = encoding.weighted_phase_encode(values, n_steps=24)
    for step in range(1, 9):
        error = (encoding.weighted_phase_decode(spikes[:step]) - values)[:, :-1]
        assert -(2.0**-step) < float(error.min()) <= float(error.max()) <= 0
    assert torch.equal(encoding.weighted_phase_decode(spikes[:13])[:, :-1], values[:, :-1])


# --- phase of an oscillation ---------------------------------------------------------------------


def test_oscillation_phase_advances_with_the_value():
    params = encoding.OscillationPhaseParams(8)
    values = torch.tensor([[1.0, 0.5, 0.25, 0.125, 0.05, 0.0]])
    spikes = encoding.oscillation_phase_encode(values, params, n_steps=24)
    for cycle in (spikes[:8], spikes[8:16], spikes[16:]):
        step, fired = encoding.first_spike(cycle)
        assert fired.tolist() == [[True, True, True, True, False, False]]  # 0.05 rounds to 0
        assert step[0, :4].tolist() == [0, 4, 6, 7]
        assert int(cycle.sum()) == 4


@pytest.mark.parametrize("period", [2, 5, 20, 125])
def test_oscillation_phase_uses_all_phases_and_keeps_its_bound(period):
    params, values = encoding.OscillationPhaseParams(period), ramp()
    steps = 2 * period + period // 2
    spikes = encoding.oscillation_phase_encode(values, params, n_steps=steps)
    assert bool(spikes.any(dim=2).all())
    back = encoding.oscillation_phase_decode(spikes, params)
    bound = phase.oscillation_phase_bound(params, steps)
    assert bound == 0.5 / period
    assert 0.98 * bound < float((back - values).abs().max()) <= bound + 1e-6
    assert bool((back.diff() >= -1e-6).all())


def test_oscillation_phase_reads_spikes_around_phase_zero_as_white():
    # the circular mean: a step too early is in the cycle before, where alone it would mean dark
    params = encoding.OscillationPhaseParams(10)
    spikes = torch.zeros((40, 1, 1), dtype=torch.bool)
    spikes[[9, 21, 30]] = True  # phases −1, +1, 0
    assert float(encoding.oscillation_phase_decode(spikes, params)) == pytest.approx(1.0)
    spikes[21] = False  # −⅓ on the mean is still nearer to white than to the darkest phase, −1
    spikes[20] = True
    assert float(encoding.oscillation_phase_decode(spikes, params)) == pytest.approx(1.0)
    middle = torch.zeros((40, 1, 1), dtype=torch.bool)
    middle[[4, 16, 25]] = True  # 4, 6, 5
    assert float(encoding.oscillation_phase_decode(middle, params)) == pytest.approx(0.5)


def test_a_window_without_a_whole_cycle_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"n_steps must be >= bits = 8.*got 7.*smaller bits"):
        encoding.weighted_phase_encode(ramp(5), n_steps=7)
    with pytest.raises(ValueError, match=r"n_steps must be >= period = 20.*smaller period"):
        encoding.oscillation_phase_encode(ramp(5), n_steps=19)


# --- burst ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "steps"),
    [  # N_max 5, t_min 2, t_max 10: ⌈5x⌉ spikes, ⌈10 − 8x⌉ apart
        (0.0, []),
        (0.1, [0]),
        (0.3, [0, 8]),
        (0.5, [0, 6, 12]),
        (0.75, [0, 4, 8, 12]),
        (1.0, [0, 2, 4, 6, 8]),
    ],
)
def test_burst_follows_the_formula(value, steps):
    spikes = encoding.burst_encode(torch.tensor([[value]]), n_steps=25)
    assert spikes[:, 0, 0].nonzero()[:, 0].tolist() == steps


@pytest.mark.parametrize(
    "params",
    [
        encoding.BurstParams(),
        encoding.BurstParams(2, 1, 1),
        encoding.BurstParams(7, 3, 3),
        encoding.BurstParams(12, 1, 40),
        encoding.BurstParams(50, 1, 2),
    ],
    ids=str,
)
def test_burst_fills_the_window_that_it_asks_for_and_keeps_its_bound(params):
    values = torch.cat([ramp(), ramp(params.n_max * 1000 + 1)], dim=1)
    with pytest.raises(ValueError, match=rf"n_steps must be >= {params.longest} for the longest"):
        encoding.burst_encode(values, params, n_steps=params.longest - 1)
    spikes = encoding.burst_encode(values, params, n_steps=params.longest)
    assert bool(spikes[-1].any())  # the longest burst ends in the last step
    above = spikes.sum(dim=0) - values.double() * params.n_max
    assert -1e-5 <= float(above.min()) <= float(above.max()) < 1 + 1e-5  # ⌈·⌉ up to float32
    error = (encoding.burst_decode(spikes, params) - values).abs()
    bound = burst.burst_bound(params, params.longest)
    assert 0.98 * bound < float(error.max()) <= bound + 1e-6


def test_burst_intervals_refine_what_the_count_tells():
    values = ramp()[:, 4001:]  # two spikes or more
    few = encoding.BurstParams()  # 5 counts, 8 intervals
    error = encoding.burst_decode(encoding.burst_encode(values, few, n_steps=30), few) - values
    assert float(error.abs().max()) <= 0.5 / 8 + 1e-6  # the count alone: 0.5/5
    plain = encoding.BurstParams(5, 10, 10)
    error = encoding.burst_decode(encoding.burst_encode(values, plain, n_steps=50), plain) - values
    assert float(error.abs().max()) == pytest.approx(0.5 / 5, abs=1e-4)


def test_burst_that_no_value_makes_is_read_between_the_nearest():
    params = encoding.BurstParams(5, 2, 10)
    spikes = torch.zeros((40, 1, 2), dtype=torch.bool)
    spikes[[0, 9], 0, 0] = True  # two spikes: 0.2..0.4; nine apart: 0.125..0.25
    spikes[[0, 2], 0, 1] = True  # two spikes: 0.2..0.4; two apart: 1
    back = encoding.burst_decode(spikes, params)
    torch.testing.assert_close(back, torch.tensor([[0.225, 0.7]]))
    crowd = torch.ones((40, 1, 1), dtype=torch.bool)
    assert float(encoding.burst_decode(crowd, params)) == pytest.approx(0.9, abs=0.1)


def test_burst_parameters_are_checked_against_each_other():
    with pytest.raises(ValueError, match=r"t_min must be <= t_max = 3 steps, got 4"):
        encoding.BurstParams(5, 4, 3)


# --- all three -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weighted_phase", "oscillation_phase", "burst"])
def test_rows_alone_give_the_same_spikes_and_inputs_stay(name):
    code = encoding.get_code(name)
    values = torch.rand(3, 40, generator=torch.Generator().manual_seed(0))
    copy = values.clone()
    spikes = code.encode(values, code.params(), n_steps=45, seed=1)
    assert spikes.dtype == torch.bool and spikes.shape == (45, 3, 40)
    assert torch.equal(values, copy)
    for b in range(3):
        alone = code.encode(values[b : b + 1], code.params(), n_steps=45, seed=2)
        assert torch.equal(spikes[:, b : b + 1], alone)
    assert not bool(code.encode(torch.zeros(1, 3), code.params(), n_steps=45).any())
    with pytest.raises(ValueError, match=r"0\.\.1"):
        code.encode(values + 1, code.params(), n_steps=45)
