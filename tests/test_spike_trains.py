"""Statistics of spike trains against point processes whose statistics are known, and by hand."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from snncore import spike_trains as st
from snncore.spike_trains.counts import MIN_WINDOWS
from snncore.spike_trains.intervals import MAX_BINS

GENERATOR = np.random.default_rng(20)  # fixed: the tests' own random numbers


def poisson(rate_hz: float, duration: float) -> np.ndarray:
    count = GENERATOR.poisson(rate_hz * duration / 1000)
    return np.sort(GENERATOR.uniform(0, duration, count))


def renewal(intervals: np.ndarray) -> tuple[np.ndarray, float]:
    times = np.cumsum(intervals)
    return times, float(times[-1])


POISSON_MS = 1_000_000.0  # 50,000 spikes at 50 Hz
POISSON = poisson(50, POISSON_MS)


def test_a_poisson_process_has_its_known_statistics():
    n = POISSON.size
    assert st.count_rate_hz(POISSON, POISSON_MS) == pytest.approx(50, abs=4 * 50 / math.sqrt(n))
    # Std of the estimates over trains of n spikes is below 2/√n for each of the three.
    for measure in (st.cv, st.cv2, st.lv):
        assert measure(POISSON) == pytest.approx(1, abs=5 * 2 / math.sqrt(n)), measure
    assert st.interval_rate_hz(POISSON) == pytest.approx(50, rel=0.02)


def test_the_fano_factor_of_a_poisson_process_is_one_within_its_band():
    curve = st.fano_curve(POISSON, POISSON_MS)
    assert curve.windows.size == 20 and (curve.n >= MIN_WINDOWS).all()
    # 20 dependent points with a 95 % band each: two outside are likely, six are not.
    assert ((curve.low > 1) | (curve.high < 1)).sum() < 6
    assert curve.fano[0] == pytest.approx(1, abs=0.05)


def test_the_fano_factor_by_hand():
    assert st.fano([2, 4, 6]) == 1.0  # variance 4, mean 4
    assert st.fano([3, 3, 3]) == 0.0
    for counts in ([], [4], [0, 0, 0]):
        assert math.isnan(st.fano(counts))


def test_the_bands_of_fano_and_autocorrelogram_hold_the_truth_19_times_in_20():
    inside_fano, inside_auto, runs = 0.0, 0.0, 200
    for _ in range(runs):
        train = poisson(40, 20_000)
        curve = st.fano_curve(train, 20_000, [5, 50, 500])
        inside_fano += np.mean((curve.low <= 1) & (curve.high >= 1)) / runs
        auto = st.autocorrelogram(train, 20_000)
        inside_auto += np.mean(np.abs(auto.rate_hz - auto.expected_hz) <= auto.band_hz) / runs
    # 600 and 20,000 looks; the second are Poisson counts of 8 pairs, which are coarse.
    assert inside_fano == pytest.approx(0.95, abs=0.03)
    assert inside_auto == pytest.approx(0.95, abs=0.015)


def test_the_autocorrelogram_of_a_poisson_process_is_flat():
    auto = st.autocorrelogram(POISSON, POISSON_MS)
    assert auto.lags.size == 100 and auto.n_spikes == POISSON.size
    assert auto.expected_hz == pytest.approx(50, rel=0.02)
    assert np.mean(auto.rate_hz) == pytest.approx(auto.expected_hz, rel=0.01)
    assert auto.lags[0] == pytest.approx(auto.width)


def test_the_autocorrelogram_by_hand():
    # 10 spikes 10 ms apart, and lags up to 25 ms: pairs at 10 (nine) and 20 ms (eight) only.
    auto = st.autocorrelogram(np.arange(10) * 10.0 + 5, 100, max_lag=25)
    hit = np.flatnonzero(auto.rate_hz)
    assert auto.lags[hit].tolist() == [10.0, 20.0]
    r = 0.1  # per ms
    assert auto.rate_hz[hit] == pytest.approx(
        [1000 * 9 / (r * 90 * 0.25), 1000 * 8 / (r * 80 * 0.25)]
    )
    assert auto.expected_hz == pytest.approx(100)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_gamma_intervals_of_order_k(k):
    times, _ = renewal(GENERATOR.gamma(k, 20 / k, 100_000))
    assert st.cv(times) == pytest.approx(1 / math.sqrt(k), rel=0.02)
    assert st.lv(times) == pytest.approx(3 / (2 * k + 1), rel=0.02)


def test_dead_time_makes_a_poisson_process_regular_as_renewal_theory_says():
    times, end = renewal(2.0 + GENERATOR.exponential(10.0, 200_000))
    assert st.count_rate_hz(times, end) == pytest.approx(83.333, rel=0.01)
    assert st.cv(times) == pytest.approx(0.8333, rel=0.01)
    # Counts over windows much longer than the interval: Fano → CV².
    fano = st.fano_curve(times, end, [500]).fano[0]
    assert fano == pytest.approx(0.8333**2, rel=0.1)
    auto = st.autocorrelogram(times, end, max_lag=4)
    assert (auto.rate_hz[auto.lags < 1.9] == 0).all() and auto.rate_hz[-1] > 60


def test_bernoulli_bins_have_the_variation_and_the_fano_factor_of_the_law():
    p, dt = 0.2, 1.0
    times = (np.flatnonzero(GENERATOR.random(400_000) < p) + 1) * dt
    assert st.cv(times) == pytest.approx(math.sqrt(1 - p), rel=0.01)
    # Windows of whole bins; the spikes lie at the ends of bins, so shift them inside.
    curve = st.fano_curve(times - 0.5, 400_000, [10, 100])
    assert curve.fano == pytest.approx([1 - p] * 2, rel=0.1)


def test_a_regular_train_does_not_vary():
    times = 5 + np.arange(200) * 7.3
    assert st.cv(times) < 1e-12 and st.cv2(times) < 1e-12 and st.lv(times) < 1e-12
    assert st.interval_rate_hz(times) == pytest.approx(1000 / 7.3)
    assert st.serial_correlation(times).lags.size == 0
    histogram = st.isi_histogram(times)
    assert histogram.counts.tolist() == [199] and histogram.mean == pytest.approx(7.3)
    curve = st.fano_curve(times, 200 * 7.3)
    assert (curve.fano <= 1).all() and curve.fano[-1] < 0.02


def test_small_trains_by_hand():
    times = [1.0, 3.0, 6.0, 12.0]  # intervals 2, 3, 6
    assert st.intervals(times).tolist() == [2, 3, 6]
    assert st.cv(times) == pytest.approx(math.sqrt(26 / 9) / (11 / 3))
    assert st.cv2(times) == pytest.approx((2 * 1 / 5 + 2 * 3 / 9) / 2)
    assert st.lv(times) == pytest.approx(3 * (1 / 25 + 9 / 81) / 2)
    assert st.interval_rate_hz(times) == pytest.approx(3000 / 11)
    assert st.count_rate_hz(times, 20) == 200
    t, rate = st.instantaneous_rate(times)
    assert t.tolist() == times and rate == pytest.approx([500, 1000 / 3, 1000 / 6, 1000 / 6])
    curve = st.fano_curve([1, 2, 3, 11, 12, 13, 21, 22, 23, 31], 100, [10])
    # Counts 3, 3, 3, 1, 0, 0, 0, 0, 0, 0: mean 1, variance (3·4 + 0 + 6·1)/9 = 2.
    assert curve.fano == pytest.approx([2.0]) and curve.n.tolist() == [10]


def test_serial_correlation_by_a_known_sequence():
    # Alternating short and long: neighbours are opposite, the next but one equal.
    times = np.cumsum(np.tile([2.0, 8.0], 100))
    rho = st.serial_correlation(times, 4).rho
    assert rho == pytest.approx([-1, 1, -1, 1])
    independent = st.serial_correlation(POISSON)
    assert (np.abs(independent.rho) < 2 * independent.band).all()
    # A moving average of two has a correlation of 1/2 one apart and none beyond.
    x = GENERATOR.exponential(10, 40_001)
    moving = st.serial_correlation(np.cumsum(x[1:] + x[:-1]), 3).rho
    assert moving == pytest.approx([0.5, 0, 0], abs=0.03)


@pytest.mark.parametrize("times", [[], [4.0], [4.0, 9.0]])
def test_too_few_spikes_are_said_not_guessed(times):
    assert math.isnan(st.cv(times)) and math.isnan(st.cv2(times)) and math.isnan(st.lv(times))
    assert st.isi_histogram(times).edges.size == 0
    assert st.serial_correlation(times).rho.size == 0
    assert st.fano_curve(times, 100).fano.size == 0
    assert st.autocorrelogram(times, 100).lags.size == 0
    assert st.interval_rate_hz(times) == (200.0 if len(times) == 2 else 0.0)
    assert st.instantaneous_rate(times).t.size == (2 if len(times) == 2 else 0)


def test_two_spikes_at_one_moment_are_no_interval_to_divide_by():
    times = [5.0, 5.0, 5.0, 9.0]
    assert math.isnan(st.cv2([5.0, 5.0, 5.0])) and math.isnan(st.cv([5.0, 5.0, 5.0]))
    assert st.cv2(times) == 2.0
    assert st.instantaneous_rate(times).rate_hz.tolist() == [250.0, 250.0]
    assert st.interval_rate_hz([5.0, 5.0]) == 0.0


def test_statistics_do_not_depend_on_when_the_train_begins():
    train = POISSON[:2000]
    later = train + 1234.5
    for measure in (st.cv, st.cv2, st.lv, st.interval_rate_hz):
        assert measure(later) == pytest.approx(measure(train), rel=1e-9)
    # Up to the rounding of the times, which may carry an interval over the edge of a bin.
    assert np.abs(st.isi_histogram(later).counts - st.isi_histogram(train).counts).sum() <= 4


def test_statistics_leave_the_times_alone():
    times = np.array([1.0, 3.0, 6.0, 12.0, 20.0, 21.0, 30.0, 33.0, 40.0, 44.0, 50.0])
    before = times.copy()
    for measure in (st.cv, st.cv2, st.lv, st.isi_histogram, st.instantaneous_rate):
        measure(times)
    st.smooth_rate(times, 60)
    st.fano_curve(times, 60)
    st.autocorrelogram(times, 60)
    assert (times == before).all()


def test_the_histogram_of_intervals_is_a_density_with_bounded_bins():
    histogram = st.isi_histogram(POISSON)
    assert 5 <= histogram.counts.size <= MAX_BINS + 1
    assert histogram.counts.sum() == POISSON.size - 1
    assert (histogram.density * np.diff(histogram.edges)).sum() == pytest.approx(1)
    middle = (histogram.edges[1:] + histogram.edges[:-1]) / 2
    law = 0.05 * np.exp(-0.05 * middle)
    # The error of a bin is √count; the law bends by less than 1 % within a bin.
    full = histogram.counts > 20
    error = np.abs(histogram.density / law - 1)[full]
    assert full.sum() > 20 and (error < 5 / np.sqrt(histogram.counts[full]) + 0.01).all()


def test_bins_hold_equal_numbers_of_grid_points():
    times = np.cumsum(GENERATOR.integers(1, 101, 50_000) * 0.1)
    histogram = st.isi_histogram(times, grid=0.1)
    per_bin = np.diff(histogram.edges) / 0.1
    assert per_bin == pytest.approx(np.round(per_bin)) and (per_bin > 0.5).all()
    full = histogram.density[:-1]  # the last may reach beyond the longest interval
    assert full == pytest.approx(np.full(full.size, 0.1), rel=0.2)


def test_the_smoothed_rate_of_a_steady_train_is_flat_up_to_both_ends():
    times = 2.25 + np.arange(200) * 5.0  # in the middle of a bin of 0.5 ms
    smooth = st.smooth_rate(times, 1000, sigma=10)
    # A quarter of a ms off the centre of its interval, a spike at the end weighs 0.25·2/(σ√2π).
    assert smooth.rate_hz == pytest.approx(np.full(st.MAX_POINTS, 200.0), rel=0.0205)
    inner = smooth.rate_hz[200:-200]  # four kernels and more from the ends
    assert inner == pytest.approx(np.full(inner.size, 200.0), rel=1e-3)
    one = st.smooth_rate([500.0], 1000, sigma=20)
    assert one.rate_hz.max() == pytest.approx(1000 / (20 * math.sqrt(2 * math.pi)), rel=1e-3)
    assert one.rate_hz.sum() * 0.5 / 1000 == pytest.approx(1, rel=1e-6)
    assert st.smooth_rate([], 1000).t.size == 0
    wide, fine = (st.smooth_rate([500.0], 1000, sigma=s) for s in (1e9, 1e-9))
    assert wide.sigma == 1000 and fine.sigma == 1
    assert wide.rate_hz == pytest.approx(np.full(st.MAX_POINTS, 1.0), rel=0.1)


def test_the_smoothed_rate_follows_a_rate_that_changes():
    # 200 trials' worth of spikes of a sine-modulated Poisson process by thinning.
    t = np.sort(GENERATOR.uniform(0, 1000, GENERATOR.poisson(20_000)))
    kept = t[GENERATOR.random(t.size) < (1 + np.sin(2 * np.pi * t / 250)) / 2]
    smooth = st.smooth_rate(kept, 1000, sigma=10)
    law = 10_000 * (1 + math.exp(-((2 * math.pi * 10 / 250) ** 2) / 2)
                    * np.sin(2 * np.pi * smooth.t / 250))  # fmt: skip
    inner = (smooth.t > 50) & (smooth.t < 950)
    error = (smooth.rate_hz - law)[inner]
    # A kernel of 10 ms holds the spikes of 2√π·10 = 35 ms: a std of √(10 / 35) ≈ 0.53 per ms.
    assert np.abs(error).max() < 5 * 1000 * math.sqrt(20 / 35.4)


def test_psth_by_hand_and_its_band():
    trains = [[1.0, 2.0, 12.0], [3.0], [5.0, 14.0, 29.0]]
    result = st.psth(trains, 30, 10)
    assert result.t.tolist() == [5, 15, 25] and result.width == 10
    assert result.rate_hz == pytest.approx([1000 * 4 / 30, 1000 * 2 / 30, 1000 / 30])
    half = 4.302652729911275 * math.sqrt(1 / 3) / math.sqrt(3) * 100  # t(0.975; 2), std of 2, 1, 1
    assert result.high[0] == pytest.approx(1000 * 4 / 30 + half)
    assert result.low[0] == pytest.approx(max(0, 1000 * 4 / 30 - half))
    # A spike at the end of a bin belongs to it; nobody fires in the second.
    edge = st.psth([[10.0], [10.0]], 20, 10)
    assert edge.rate_hz.tolist() == [100, 0]
    assert edge.low[0] == edge.high[0] == 100
    assert edge.high[1] == pytest.approx(-math.log(0.025) / 2 * 100)


def test_the_band_of_the_psth_holds_the_true_rate_19_times_in_20():
    looks = []
    for _ in range(40):
        result = st.psth([poisson(100, 500) for _ in range(20)], 500, 20)
        looks.append((result.low <= 100) & (result.high >= 100))
    # 1000 looks at skewed counts of about 40 spikes per bin.
    assert np.mean(looks) == pytest.approx(0.95, abs=0.03)


def test_reliability_is_one_for_equal_trials_and_nought_for_strangers():
    train = poisson(20, 2000)
    assert st.reliability([train] * 5, 2000) == pytest.approx(1)
    assert st.reliability([[100.0], [900.0]], 2000) == pytest.approx(0, abs=1e-9)
    # Two spikes s apart, blurred by σ: cosine e^(−s²/(4σ²)).
    assert st.reliability([[500.0], [506.0]], 1000, 3.0) == pytest.approx(math.exp(-1), abs=0.01)
    assert st.reliability([train, []], 2000) == 0.0
    assert math.isnan(st.reliability([[], []], 2000))
    # Turned by unequal times, equal trials agree only by chance.
    chance = st.reliability([train] * 5, 2000, shift=np.array([0, 311, 702, 1203, 1604.0]))
    assert chance < 0.4


def test_trains_of_ten_kilohertz_give_small_results_in_bounded_time():
    duration = 100_000.0
    fast = poisson(10_000, duration)
    began = time.process_time()
    assert st.instantaneous_rate(fast).t.size <= st.MAX_POINTS + 1
    assert st.instantaneous_rate(fast).rate_hz.mean() == pytest.approx(10_000, rel=0.01)
    assert st.smooth_rate(fast, duration).t.size <= st.MAX_POINTS
    assert st.isi_histogram(fast).counts.size <= MAX_BINS + 1
    assert st.fano_curve(fast, duration).windows.size <= 20
    auto = st.autocorrelogram(fast, duration)
    assert auto.lags.size == 100 and auto.n_spikes < fast.size
    assert auto.expected_hz == pytest.approx(10_000, rel=0.01)
    assert st.psth([fast, fast], duration, 1.0).t.size <= st.MAX_POINTS
    assert time.process_time() - began < 3  # a third of a second


def test_the_last_merged_step_of_a_long_rate_curve_counts_its_own_intervals():
    times = np.arange(2 * st.MAX_POINTS + 2) * 4.0  # an odd number of intervals, two per step
    curve = st.instantaneous_rate(times)
    assert curve.t[-1] == times[-1]
    assert curve.rate_hz == pytest.approx(np.full(curve.t.size, 250.0))


def test_bad_input_is_named():
    for times, message in (
        ([3.0, 1.0], "times must ascend"),
        ([math.nan], "times must be finite"),
        ([-1.0], "times must be finite and >= 0"),
        ([[1.0]], "times must be one row"),
    ):
        with pytest.raises(ValueError, match=message):
            st.cv(times)
    with pytest.raises(ValueError, match="times must be <= duration"):
        st.count_rate_hz([5.0], 4)
    with pytest.raises(ValueError, match="duration must be > 0 ms"):
        st.fano_curve([], 0)
    with pytest.raises(ValueError, match="sigma must be > 0 ms"):
        st.smooth_rate([1.0], 10, sigma=-1)
    with pytest.raises(ValueError, match="windows must be > 0 ms"):
        st.fano_curve([1.0], 10, [0])
    with pytest.raises(ValueError, match="max_lag must be"):
        st.autocorrelogram([1.0], 10, max_lag=10)
    with pytest.raises(ValueError, match="max_lag must be >= 1"):
        st.serial_correlation([1.0], 0)
    with pytest.raises(ValueError, match="at least 2 trials"):
        st.psth([[1.0]], 10)
    with pytest.raises(ValueError, match="width must be"):
        st.psth([[1.0], [2.0]], 10, 11)
    with pytest.raises(ValueError, match="shift must have one time per trial"):
        st.reliability([[1.0], [2.0]], 10, shift=np.zeros(3))
    with pytest.raises(ValueError, match="grid must be >= 0"):
        st.isi_histogram([1.0], grid=-1)
