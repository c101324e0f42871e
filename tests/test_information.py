"""Mutual information: known channels, its bias, and what shuffled pairs say."""

import math

import numpy as np
import pytest

from snncore import encoding
from snncore.transmission import Channel, Sent, damaged, information
from snncore.transmission.information import capacity, classes, mutual_information


def ramp(n: int) -> np.ndarray:
    """n values evenly spaced over 0..1, in the middles of their cells."""
    return ((np.arange(n) + 0.5) / n).astype(np.float32)[None]


def grid(bits: int, n: int = 4096) -> np.ndarray:
    """n values: the 2**bits multiples of 2**-bits, equally often; a phase code is exact."""
    return ((np.arange(n) % 2**bits) / 2**bits).astype(np.float32)[None]


def channel(name: str, n: int, n_steps: int, **params) -> Channel:
    return Channel(name, encoding.get_code(name).params.from_dict(params), n_steps, (1, n))


def entropy(*p: float) -> float:
    return -sum(q * math.log2(q) for q in p if q > 0)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_a_phase_code_of_k_bits_carries_k_bits_of_evenly_spread_values(bits):
    phase = channel("weighted_phase", 4096, bits, bits=bits)
    found = information(phase.send(grid(bits)), phase, 16)
    assert found.uncorrected == pytest.approx(bits, abs=1e-9)
    assert found.entropy_bits == pytest.approx(bits, abs=1e-9)
    # 2**bits occupied cells on the diagonal would be corrected upwards, beyond the entropy.
    assert found.bits_per_value == pytest.approx(bits, abs=1e-9)


def test_five_bits_do_not_fit_into_sixteen_classes():
    phase = channel("weighted_phase", 4096, 5, bits=5)
    found = information(phase.send(grid(5)), phase, 16)
    assert found.entropy_bits == pytest.approx(4)
    assert found.bits_per_value == pytest.approx(4, abs=1e-9)
    assert information(phase.send(grid(5)), phase, 32).bits_per_value == pytest.approx(5, abs=1e-9)


@pytest.mark.parametrize("n", [16, 100, 400])
def test_no_estimate_exceeds_what_is_possible(n):
    """A perfect copy of n values: the bits of its classes, not one more; nor of what is read."""
    phase = channel("weighted_phase", n, 12, bits=12)
    found = information(phase.send(ramp(n)), phase)
    assert found.bits_per_value <= found.entropy_bits + 1e-12 <= math.log2(found.levels) + 1e-9
    assert found.bits_per_value == pytest.approx(found.entropy_bits, rel=1e-9)
    x = np.arange(n)
    assert mutual_information(x, x // 2 * 2 % 4).bits <= 1  # two classes are read


def test_the_standard_error_is_too_large_where_all_pairs_tell_equally_much():
    """A ring of two equally likely neighbours: the first order, log₂ of a constant, is certain."""

    def once(seed: int):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 16, 1024)
        return mutual_information(x, (x + rng.integers(0, 2, 1024)) % 16)

    found = [once(seed) for seed in range(200)]
    spread = np.std([f.bits for f in found], ddof=1)
    # A standard deviation of 200 is known to 5 %; the docstring says 1.3 to 1.6.
    assert 1.2 < np.mean([f.error for f in found]) / spread < 1.7


@pytest.mark.parametrize("lost", [0.1, 0.5, 0.9])
def test_black_and_white_through_one_step_with_losses_is_the_z_channel(lost):
    """I = H(½(1 − q)) − ½·H(q): white fires unless its spike is lost, black never does."""
    values = (np.arange(20_000) % 2).astype(np.float32)[None]
    rate = channel("rate", 20_000, 1)
    sent = damaged(rate, rate.send(values), "delete", lost, seed=1)
    white = 0.5 * (1 - lost)
    expected = entropy(white, 1 - white) - 0.5 * entropy(lost, 1 - lost)
    found = information(sent, rate, 2)
    assert abs(found.bits_per_value - expected) < 4 * found.error
    assert found.bits_per_spike == pytest.approx(
        found.bits_per_value * 20_000 / sent.spikes.sum(), rel=1e-6
    )


def test_a_noisy_copy_has_the_bits_of_the_symmetric_channel():
    """1 − H(q) for flips with probability q."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 50_000)
    found = mutual_information(x, x ^ (rng.random(50_000) < 0.11))
    assert abs(found.bits - (1 - entropy(0.11, 0.89))) < 4 * found.error


def test_what_is_independent_shares_no_bits_and_the_correction_is_what_makes_it_so():
    rng = np.random.default_rng(1)
    found = [
        mutual_information(rng.integers(0, 16, 2000), rng.integers(0, 16, 2000)) for _ in range(50)
    ]
    plain = np.array([f.uncorrected for f in found])
    bits = np.array([f.bits for f in found])
    # 15² degrees of freedom: the plug-in estimate is 225/(2N ln 2) too large (G-test)
    assert plain.mean() == pytest.approx(225 / (2 * 2000 * math.log(2)), rel=0.05)
    assert abs(bits.mean()) < 4 * bits.std(ddof=1) / math.sqrt(50) + 0.001


def test_the_standard_error_is_the_spread_of_repeats():
    def once(seed: int):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 4, 3000)
        return mutual_information(x, (x + (rng.random(3000) < 0.3)) % 4)

    found = [once(seed) for seed in range(200)]
    spread = np.std([f.bits for f in found], ddof=1)
    assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.2)


def test_shuffled_pairs_carry_nothing():
    rate = channel("rate", 4096, 50)
    found = information(rate.send(ramp(4096)), rate)
    assert found.bits_per_value > 1
    assert abs(found.shuffled) < 4 * found.shuffled_error
    assert found.shuffled_error < 0.02
    assert "Miller" in found.estimator


def test_a_monotone_map_of_either_side_changes_nothing():
    rate = channel("rate", 4096, 50)
    sent = rate.send(ramp(4096))
    bent = Sent(sent.values**3, sent.spikes, np.exp(5 * sent.decoded))
    a, b = information(sent, rate), information(bent, rate)
    assert a.bits_per_value == pytest.approx(b.bits_per_value, abs=1e-9)


def test_longer_trains_carry_more_bits_but_fewer_per_spike():
    short, long = (
        information(c.send(ramp(4096)), c)
        for c in (channel("rate", 4096, 10), channel("rate", 4096, 200))
    )
    assert long.bits_per_value > short.bits_per_value + 0.5
    assert long.bits_per_spike < short.bits_per_spike


def test_few_values_get_few_classes_and_very_few_no_answer():
    rate = channel("rate", 64, 50)
    found = information(rate.send(ramp(64)), rate)
    assert found.levels == 4  # 64 values, 4 for each of 4×4 cells
    tiny = channel("rate", 9, 50)
    assert math.isnan(information(tiny.send(ramp(9)), tiny).bits_per_value)


def test_constant_and_silent_inputs_carry_nothing():
    rate = channel("rate", 400, 20)
    grey = information(rate.send(np.full((1, 400), 0.5, dtype=np.float32)), rate)
    assert grey.entropy_bits == 0 and grey.bits_per_value == pytest.approx(0, abs=1e-12)
    black = information(rate.send(np.zeros((1, 400), dtype=np.float32)), rate)
    assert black.bits_per_value == 0 and math.isnan(black.bits_per_spike)


def test_a_signal_in_windows_counts_its_windows_as_values():
    """Its 2000 samples are 100 windows: 2000 equal pairs would hide the bias."""
    signal = np.repeat(np.random.default_rng(2).random(100), 20).astype(np.float32)
    windows = Channel("rate", encoding.RateParams(), 2000, None, 20)
    found = information(windows.send(signal), windows)
    assert found.levels == 5  # √(100/4)
    assert found.error > 0.05


def test_classes_hold_equally_many_and_keep_equal_values_together():
    assert np.bincount(classes(ramp(160)[0], 16)).tolist() == [10] * 16
    assert classes(np.array([0.3, 0.1, 0.3, 0.7]), 16).tolist() == [1, 0, 1, 2]
    mostly_black = np.array([0.0] * 90 + list(np.linspace(0.1, 1, 10)))
    assert len(set(classes(mostly_black, 4)[:90])) == 1


def test_the_capacity_of_ten_neurons_in_ten_steps_is_the_published_one():
    """Thorpe, Delorme & Van Rullen 2001, 10 neurons, 10 ms at 1 ms: pure arithmetic."""
    found = capacity(10, 10)
    assert found.how_many == pytest.approx(3.459, abs=5e-4)
    assert found.which == 10
    assert found.order == pytest.approx(21.791, abs=5e-4)
    assert found.times == pytest.approx(33.219, abs=5e-4)
    with pytest.raises(ValueError, match="must be >= 1"):
        capacity(0, 5)


@pytest.mark.parametrize("levels", [1, 257, 2.5, True])
def test_a_wrong_number_of_classes_is_named(levels):
    rate = channel("rate", 64, 5)
    with pytest.raises(ValueError, match=r"levels must be a whole number in 2\.\.256"):
        information(rate.send(ramp(64)), rate, levels)
