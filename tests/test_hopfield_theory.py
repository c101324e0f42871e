"""Closed forms of associative memory against published and hand-computed numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snncore.hopfield import theory


@pytest.mark.parametrize(
    ("load", "overlap"),
    [
        (0.05, 1.0),
        (0.10, 0.9980),
        (0.12, 0.9932),
        (0.13, 0.9872),
        (0.135, 0.9808),
        (0.1375, 0.9730),
    ],
)
def test_overlap_without_noise_is_that_of_ags(load: float, overlap: float) -> None:
    assert theory.ags_overlap(load)[0] == pytest.approx(overlap, abs=6e-5)


def test_overlap_jumps_to_nothing_at_the_capacity() -> None:
    """α_c = 0.138 with m = 0.967 there (AGS 1985, PRL 55:1530)."""
    capacity = theory.ags_capacity()
    assert capacity == pytest.approx(0.138, abs=2e-4)
    below, above = theory.ags_overlap([capacity - 1e-6, capacity + 1e-6])
    assert below == pytest.approx(0.967, abs=2e-3)
    assert above == 0.0
    assert capacity == pytest.approx(theory.ALPHA_C, rel=1e-3)


@pytest.mark.parametrize(
    ("load", "temperature"), [(0.03, 0.3), (0.05, 0.5), (0.1, 0.1), (0.01, 0.8)]
)
def test_warm_overlap_solves_the_published_equations(load: float, temperature: float) -> None:
    """m and q are put back into the three equations, with a quadrature of another kind."""
    m = float(theory.ags_overlap(load, temperature)[0])
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    beta, q = 1 / temperature, 0.9
    for _ in range(400):  # q from its own equation, m held
        r = q / (1 - beta * (1 - q)) ** 2
        q = float(np.tanh(beta * (math.sqrt(load * r) * nodes + m)) ** 2 @ weights)
    r = q / (1 - beta * (1 - q)) ** 2
    again = float(np.tanh(beta * (math.sqrt(load * r) * nodes + m)) @ weights)
    assert m > 0.3
    assert again == pytest.approx(m, abs=1e-5)


def test_overlaps_at_many_temperatures_are_those_one_by_one() -> None:
    t = [0.0, 0.01, 0.2, 0.5, 0.5, 0.9, 1.0, 2.0]
    together = theory.ags_overlap(0.05, t)
    alone = [float(theory.ags_overlap(0.05, one)[0]) for one in t]
    assert together.tolist() == pytest.approx(alone, abs=1e-8)
    assert together[5:].tolist() == [0.0, 0.0, 0.0]
    assert (together[:5] > 0.9).all()
    assert theory.ags_overlap([0.2, 0.3], 0.5).tolist() == [0.0, 0.0]


def test_warm_overlap_without_load_is_the_hyperbolic_tangent() -> None:
    for t, m in ((0.3, 0.9974), (0.5, 0.9575), (0.8, 0.7104)):
        assert theory.tanh_overlap(t)[0] == pytest.approx(m, abs=6e-5)
        assert theory.ags_overlap(0.0, t)[0] == pytest.approx(m, abs=6e-5)
    assert theory.tanh_overlap([0.0, 1.0, 1.4]).tolist() == [1.0, 0.0, 0.0]


def test_lines_of_the_phase_diagram_end_where_ags_put_them() -> None:
    """AGS 1987: T_M ≈ 1 - 1.95 √α and T_c ≈ 1 - 2.6 √α at small α; T_c is 0 from α = 0.051."""
    small = np.array([1e-5, 1e-4])
    assert theory.ags_temperature(small) == pytest.approx(1 - 1.95 * np.sqrt(small), abs=5e-4)
    assert theory.ground_temperature(small) == pytest.approx(1 - 2.6 * np.sqrt(small), abs=5e-4)
    assert theory.ags_temperature([0.0, 0.2]).tolist() == [1.0, 0.0]
    assert theory.ground_temperature(0.0545)[0] == 0.0
    assert theory.ground_temperature(0.049)[0] > 0.2
    assert theory.spin_glass_temperature([0.0, 0.25]).tolist() == [1.0, 1.5]
    loads = np.linspace(0, 0.137, 30)
    assert (np.diff(theory.ags_temperature(loads)) < 0).all()
    assert (theory.ags_temperature(loads) >= theory.ground_temperature(loads)).all()


def test_lines_agree_with_the_capacity_at_their_temperature() -> None:
    for t in (0.3, 0.6):
        assert theory.ags_temperature(theory.ags_capacity(t))[0] == pytest.approx(t, abs=2e-3)
        edge = theory.ags_capacity(t)
        below, above = theory.ags_overlap([0.999 * edge, 1.001 * edge], t)
        assert below > 0.5
        assert above == 0.0
    assert theory.ags_capacity(1.0) == 0.0


@pytest.mark.parametrize(
    ("count", "n", "q", "expected"),
    [
        (105, 1000, 0.0, 0.00096),
        (138, 1000, 0.0, 0.00345),
        (185, 1000, 0.0, 0.00987),
        (50, 784, 0.3, 0.0548),
        (100, 2000, 0.2, 0.00350),
    ],
)
def test_first_step_error(count: int, n: int, q: float, expected: float) -> None:
    assert theory.first_step_error((count - 1) / n, q) == pytest.approx(
        expected, abs=6e-5, rel=0.01
    )


def test_capacities() -> None:
    assert theory.mceliece_capacity(784) == pytest.approx(58.8, abs=0.05)
    assert theory.mceliece_capacity(784, every=True) == pytest.approx(29.4, abs=0.05)
    assert theory.mceliece_capacity(10_000) == pytest.approx(543, abs=0.5)
    assert theory.mceliece_capacity(10_000, every=True) == pytest.approx(271, abs=0.5)
    assert theory.storkey_capacity(784) == pytest.approx(215, abs=0.5)
    assert theory.pseudo_inverse_capacity(784) == 784
    assert theory.exponential_capacity(20) == 1024
    assert theory.exponential_capacity(10_000) == math.inf
    assert theory.low_activity_capacity(100, math.exp(-1)) == pytest.approx(100 * math.e)
    assert theory.dam_capacity(784, 2) == pytest.approx(theory.mceliece_capacity(784))


@pytest.mark.parametrize(
    ("count", "n", "degree", "asymptotic", "erfc"),
    [
        (300, 100, 3, 0.00046, 0.00043),
        (600, 100, 3, 0.0105, 0.0092),
        (1000, 100, 3, 0.0413, 0.0339),
        (6000, 60, 4, 0.0776, 0.0607),
    ],
)
def test_error_of_the_dense_memory(
    count: int, n: int, degree: int, asymptotic: float, erfc: float
) -> None:
    """Numbers of the two forms, to the digits they were written down with."""
    assert theory.dam_error(count, n, degree, "asymptotic") == pytest.approx(asymptotic, rel=0.015)
    assert theory.dam_error(count, n, degree) == pytest.approx(erfc, rel=0.015)
    assert theory.dam_error(count, n, 2) == pytest.approx(theory.first_step_error(count / n))


def test_rectified_memory_holds_twice_as_much() -> None:
    """Overlaps below 0 make no crosstalk: half the variance. N = 100, n = 3, counted in loops over
    x³ cut off at 0 with three sets of patterns: 0.0330 at K = 2000, 0.0685 at 3000 (± 5 %)."""
    assert theory.dam_error(2000, 100, 3, rectified=True) == pytest.approx(0.0330, rel=0.05)
    assert theory.dam_error(3000, 100, 3, rectified=True) == pytest.approx(0.0685, rel=0.05)
    assert theory.dam_capacity(50, 4, rectified=True) == 2 * theory.dam_capacity(50, 4)


def test_double_factorial_by_hand() -> None:
    assert [theory.double_factorial(k) for k in (-1, 0, 1, 3, 5, 7, 8)] == [
        1,
        1,
        1,
        3,
        15,
        105,
        384,
    ]


def test_high_degrees_stay_finite() -> None:
    assert math.isfinite(theory.dam_capacity(65_536, 40))
    assert 0.0 <= theory.dam_error(10_000, 784, 40) < 1e-9


def test_mixtures_of_three_and_five() -> None:
    """sign(ξ¹+ξ²+ξ³): ½ and -0.375; of five: 3/8 and -45/128 (AGS 1985)."""
    assert theory.mixture_overlap(3) == 0.5
    assert theory.mixture_energy(3) == -0.375
    assert theory.mixture_overlap(5) == 0.375
    assert theory.mixture_energy(5) == pytest.approx(-45 / 128)
    assert theory.mixture_energy(1) == -0.5


def test_confusion_of_two_pictures_by_enumeration() -> None:
    q = 0.3
    assert theory.confusion(1, q) == pytest.approx(q)
    assert theory.confusion(2, q) == pytest.approx(q * q + q * (1 - q))
    assert theory.confusion(3, q) == pytest.approx(q**3 + 3 * q * q * (1 - q))
    assert theory.confusion(0, q) == 0.5
    assert theory.confusion(13, 0.5) == pytest.approx(0.5)


def test_maximum_likelihood_of_random_patterns_equals_a_simulation() -> None:
    """40 patterns of 30 pixels, 30 % flips, ties by lot: 20,000 trials, so 4σ is 0.014."""
    r = np.random.default_rng(0)
    right = 0.0
    for _ in range(500):
        x = r.choice((-1, 1), (40, 30))
        probes = np.where(r.random((40, 30)) < 0.3, -x, x)
        scores = probes @ x.T
        best = scores == scores.max(axis=1, keepdims=True)
        right += float((np.diag(best) / best.sum(axis=1)).sum())
    assert theory.ml_exact(40, 30, 0.3) == pytest.approx(right / 20_000, abs=0.014)


def test_maximum_likelihood_at_its_ends() -> None:
    assert theory.ml_exact(1, 50, 0.4) == pytest.approx(1.0)
    assert theory.ml_exact(20, 100, 0.5) == pytest.approx(1 / 20, rel=1e-6)
    assert theory.ml_exact(2, 1, 0.0) == pytest.approx(0.75)  # equal patterns half of the time
    assert theory.ml_exact(200, 784, 0.0) == pytest.approx(1.0)
    assert theory.ml_exact(50, 400, 0.8) == pytest.approx(theory.ml_exact(50, 400, 0.2))


def test_limits_come_in_order_and_only_where_theory_has_them() -> None:
    for rule in ("hebb", "dam", "exponential", "pseudo-inverse"):
        counts = [limit.patterns for limit in theory.limits(784, rule)]
        assert counts
        assert counts == sorted(counts)
    assert theory.limits(784, "seed-lif") == ()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: theory.first_step_error(0.0), "load"),
        (lambda: theory.first_step_error(0.1, 1.2), "flips"),
        (lambda: theory.ags_overlap(-0.1), "loads"),
        (lambda: theory.ags_overlap(0.1, -1), "temperatures"),
        (lambda: theory.mceliece_capacity(1), "n"),
        (lambda: theory.low_activity_capacity(10, 0.7), "activity"),
        (lambda: theory.dam_error(10, 100, 1), "degree"),
        (lambda: theory.dam_error(10, 100, 3, "exact"), "form"),
        (lambda: theory.mixture_overlap(4), "k"),
        (lambda: theory.ml_exact(0, 10, 0.1), "count"),
    ],
)
def test_what_is_out_of_range_is_named(call, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        call()
