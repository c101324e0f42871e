"""Low-rank couplings and their dynamics against dense matrices and published theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.hopfield import (
    CYCLE,
    FIXED,
    LowRank,
    asynchronous,
    energy,
    field,
    first_step_error,
    hebb,
    preflight,
    pseudo_inverse,
    synchronous,
)
from snncore.hopfield.dynamics import sign


def random_patterns(count: int, n: int, seed: int = 0) -> torch.Tensor:
    """Independent fair ±1, int8 [count, n]."""
    words = rng.draws(seed, rng.stream("points"), torch.arange(count), n, 1)[0]
    return (((words >> 16) & 1) * 2 - 1).to(torch.int8)


def flipped(patterns: torch.Tensor, q: float, seed: int = 1) -> torch.Tensor:
    words = rng.draws(seed, rng.stream("noise"), torch.arange(len(patterns)), patterns.shape[1], 1)
    return torch.where(words[0] < q * 2**32, -patterns, patterns).float()


def dense_hebb(patterns: torch.Tensor) -> np.ndarray:
    """The textbook N×N matrix, float64, zero diagonal."""
    x = patterns.double().numpy()
    w = x.T @ x / x.shape[1]
    np.fill_diagonal(w, 0.0)
    return w


def dense_projection(patterns: torch.Tensor, keep: float) -> np.ndarray:
    x = patterns.double().numpy()
    w = x.T @ np.linalg.pinv(x.T)
    w[np.diag_indices_from(w)] *= keep
    return w


def last(steps):
    *_, step = steps
    return step


# --- low rank equals dense


def test_hebb_field_equals_the_dense_matrix_sign_for_sign() -> None:
    patterns = random_patterns(12, 90)  # an even number of summands: fields of exactly 0 occur
    probes = flipped(patterns, 0.3)
    dense = probes.double().numpy() @ dense_hebb(patterns)
    low = field(hebb(patterns), probes).numpy()
    exact = np.rint(dense * 90) / 90  # whole numbers over N, freed of the matrix's own rounding
    assert (np.sign(low) == np.sign(exact)).all()
    np.testing.assert_allclose(low, dense, atol=1e-5)


@pytest.mark.parametrize("keep", [0.0, 0.15, 1.0])
def test_pseudo_inverse_field_equals_the_dense_projection(keep: float) -> None:
    patterns = random_patterns(20, 100)
    probes = flipped(patterns, 0.2)
    dense = probes.double().numpy() @ dense_projection(patterns, keep)
    np.testing.assert_allclose(field(pseudo_inverse(patterns, keep), probes), dense, atol=2e-6)


def test_energy_from_overlaps_equals_the_quadratic_form() -> None:
    patterns = random_patterns(7, 80)
    states = flipped(patterns, 0.4)
    s = states.double().numpy()
    for low, dense in (
        (hebb(patterns), dense_hebb(patterns)),
        (pseudo_inverse(patterns, 0.15), dense_projection(patterns, 0.15)),
    ):
        expected = -0.5 * np.einsum("bi,ij,bj->b", s, dense, s)
        np.testing.assert_allclose(energy(low, states), expected, rtol=1e-5, atol=1e-5)


def test_asynchronous_updates_equal_a_dense_loop_in_the_same_order() -> None:
    patterns = random_patterns(9, 60)
    probes = flipped(patterns, 0.25)
    w = np.rint(dense_hebb(patterns) * 60)
    for got, start in zip(
        last(asynchronous(hebb(patterns), probes, 50, seed=4)).states, probes, strict=True
    ):
        s = start.double().numpy().copy()
        for sweep in range(1, 51):
            before = s.copy()
            for i in rng.permutation(4, rng.stream("recall", sweep), 60).tolist():
                h = w[i] @ s
                s[i] = np.sign(h) if h else s[i]
            if (s == before).all():
                break
        assert (got.numpy() == s).all()


@pytest.mark.parametrize("unknown", [0.0, 0.3])
@pytest.mark.parametrize("low", ["hebb", "projection"])
def test_asynchronous_kernel_equals_array_operations(low: str, unknown: float) -> None:
    """The kernel against the same sweeps as NumPy operations on all probes at once."""
    patterns = random_patterns(20, 200)
    w = hebb(patterns) if low == "hebb" else pseudo_inverse(patterns, 0.15)
    probes = flipped(patterns, 0.3)
    probes[:, : int(unknown * 200)] = 0.0
    columns = w.u.numpy().T
    own = ((1.0 - w.keep) * w.diagonal).numpy()
    s = probes.numpy().T.copy()
    overlaps = columns.T @ s
    for step in list(asynchronous(w, probes, 6, seed=3))[1:]:
        moved = np.zeros(s.shape[1], dtype=bool)
        for i in rng.permutation(3, rng.stream("recall", step.step), len(s)).tolist():
            h = columns[i] @ overlaps - own[i] * s[i]
            change = np.where(h != 0, np.sign(h) - s[i], 0).astype(np.float32)
            moved |= change != 0
            s[i] += change
            overlaps += columns[i][:, None] * change
        assert (step.states.numpy() == s.T).all()
        assert ((step.status.numpy() == FIXED) == ~moved).all()


# --- theory


def test_asynchronous_energy_never_rises() -> None:
    """Hopfield 1982: symmetric couplings without self-coupling."""
    patterns = random_patterns(30, 150)  # above capacity: the way down is long
    starts = random_patterns(40, 150, seed=9).float()
    steps = list(asynchronous(hebb(patterns), starts, 50, seed=0))
    energies = torch.stack([step.energy for step in steps])
    assert len(steps) > 3
    assert float(energies.diff(dim=0).max()) <= 1e-5
    assert (steps[-1].status == FIXED).all()
    assert float((energies[-1] - energies[0]).max()) < 0


def test_synchronous_updates_find_the_two_cycle_of_two_neurons() -> None:
    """W = [[0, 1], [1, 0]] from (1, -1): the state swaps for ever (Goles-Chacc et al 1985)."""
    one = torch.ones(1, 2)
    w = LowRank(one, 1.0, torch.ones(2), 0.0)  # uᵀu without its diagonal
    steps = list(synchronous(w, torch.tensor([[1.0, -1.0], [1.0, 1.0]]), 20))
    assert steps[1].states[0].tolist() == [-1.0, 1.0]
    assert steps[2].states[0].tolist() == [1.0, -1.0]
    assert steps[-1].status.tolist() == [CYCLE, FIXED]
    assert len(steps) == 3  # probe, swap, swap back: known, so no further step is made


def test_synchronous_updates_end_in_fixed_points_or_two_cycles_only() -> None:
    patterns = random_patterns(40, 200)
    starts = random_patterns(200, 200, seed=5).float()
    final = last(synchronous(hebb(patterns), starts, 200))
    assert set(final.status.tolist()) == {FIXED, CYCLE}
    w = hebb(patterns)
    once = sign(field(w, final.states), final.states)
    twice = sign(field(w, once), once)
    fixed = final.status == FIXED
    assert (once[fixed] == final.states[fixed]).all()
    assert (twice[~fixed] == final.states[~fixed]).all()
    assert (once[~fixed] != final.states[~fixed]).any(dim=1).all()


@pytest.mark.parametrize(
    ("count", "n", "q", "expected"),
    [(138, 1000, 0.0, 0.00345), (185, 1000, 0.0, 0.00987), (50, 784, 0.3, 0.0548)],
)
def test_first_step_error_follows_hertz_krogh_palmer(
    count: int, n: int, q: float, expected: float
) -> None:
    """½ erfc((1-2q)/√(2(P-1)/N)); at least 900 wrong pixels are counted, so ±10 % is 3 sigma."""
    assert first_step_error((count - 1) / n, q) == pytest.approx(expected, rel=0.01)
    wrong = total = 0
    for seed in range(3):
        patterns = random_patterns(count, n, seed)
        probes = flipped(patterns, q, seed + 50)
        answer = sign(field(hebb(patterns), probes), probes)
        wrong += int((answer != patterns).sum())
        total += answer.numel()
    assert wrong / total == pytest.approx(expected, rel=0.1)


def test_row_sum_test_guarantees_fixed_points() -> None:
    """Σ|C| < 1 - P/N is sufficient; sets on both sides of it are tried."""
    certain = doubtful = 0
    for seed, count in enumerate((2, 3, 4, 6, 10, 30, 60)):
        patterns = random_patterns(count, 100, seed)
        flight = preflight(patterns)
        certain += int(flight.guaranteed.sum())
        doubtful += int((~flight.stable).sum())
        assert not bool((flight.guaranteed & ~flight.stable).any())
    assert certain > 5
    assert doubtful > 5


def test_preflight_knows_the_two_most_similar_pictures() -> None:
    patterns = random_patterns(5, 100)
    patterns[3] = patterns[1]
    patterns[3, :4] *= -1
    flight = preflight(patterns)
    assert flight.min_hamming == 4
    assert set(flight.min_hamming_pair) == {1, 3}
    assert flight.load == pytest.approx(0.05)
    assert flight.rank == 5
    assert preflight(torch.cat([patterns, patterns[:1]])).rank == 5
    assert preflight(patterns[:1]).min_hamming == 100


def test_pseudo_inverse_keeps_stored_patterns_up_to_high_load() -> None:
    """Every linearly independent pattern is a fixed point (Personnaz et al 1985)."""
    patterns = random_patterns(180, 200)
    for keep in (0.0, 0.15, 1.0):
        w = pseudo_inverse(patterns, keep)
        assert (sign(field(w, patterns.float()), patterns.float()) == patterns).all()
    assert not preflight(patterns).stable.any()  # Hebb's rule keeps none of them


def test_self_coupling_freezes_errors_at_half_load() -> None:
    """N = 400, P = 200, 5 % flips: D = 1 recalls none, D = 0.15 all."""
    patterns = random_patterns(200, 400)
    probes = flipped(patterns, 0.05)
    exact = {}
    for keep in (1.0, 0.15):
        final = last(synchronous(pseudo_inverse(patterns, keep), probes, 50)).states
        exact[keep] = float((final == patterns).all(dim=1).float().mean())
    assert exact[1.0] < 0.05
    assert exact[0.15] > 0.97


def test_pseudo_inverse_survives_duplicated_patterns() -> None:
    patterns = random_patterns(10, 120)
    twice = torch.cat([patterns, patterns, -patterns])
    w = pseudo_inverse(twice)
    assert w.u.shape == (10, 120)
    torch.testing.assert_close(
        field(w, patterns.float()),
        field(pseudo_inverse(patterns), patterns.float()),
        atol=1e-5,
        rtol=0,
    )


def test_mixture_of_three_is_a_spurious_state_of_known_energy() -> None:
    """sign(ξ¹+ξ²+ξ³): overlaps ½ and E/N = -0.375, above the patterns' -0.5; -ξ is as deep as ξ."""
    n = 10_000
    patterns = random_patterns(3, n)
    w = hebb(patterns)
    mixture = patterns.sum(dim=0, dtype=torch.int64).sign()[None].float()
    overlaps = (patterns.float() @ mixture[0]) / n
    assert overlaps.tolist() == pytest.approx([0.5] * 3, abs=0.03)
    assert float(energy(w, mixture)) / n == pytest.approx(-0.375, abs=0.01)
    final = last(synchronous(w, mixture, 20))
    assert (final.states * mixture).sum() / n > 0.99  # it stays there
    x = patterns.float()
    assert energy(w, x).tolist() == pytest.approx([-0.5 * n] * 3, rel=0.01)
    torch.testing.assert_close(energy(w, -x), energy(w, x))


# --- manners


def test_batch_equals_loop_of_singles_and_arguments_stay() -> None:
    patterns = random_patterns(8, 64)
    probes = flipped(patterns, 0.3)
    kept = patterns.clone(), probes.clone()
    for w in (hebb(patterns), pseudo_inverse(patterns)):
        for run in (
            lambda w, s: last(synchronous(w, s, 30)).states,
            lambda w, s: last(asynchronous(w, s, 30, seed=2)).states,
        ):
            whole = run(w, probes)
            singles = torch.cat([run(w, probes[b : b + 1]) for b in range(len(probes))])
            assert (whole == singles).all()
    assert (patterns == kept[0]).all()
    assert (probes == kept[1]).all()


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (torch.zeros(2, 5), "patterns must be -1 or \\+1 everywhere"),
        (torch.full((2, 5), math.nan), "patterns must be -1 or \\+1 everywhere"),
        (torch.ones(5), "patterns must be \\[P, N\\]"),
        (torch.ones(0, 5), "not empty"),
    ],
)
def test_bad_patterns_are_named(patterns: torch.Tensor, message: str) -> None:
    for rule in (hebb, pseudo_inverse, preflight):
        with pytest.raises(ValueError, match=message):
            rule(patterns)


@pytest.mark.parametrize("keep", [-0.1, 1.1, math.nan])
def test_bad_self_coupling_is_named(keep: float) -> None:
    with pytest.raises(ValueError, match="diagonal must be in 0"):
        pseudo_inverse(random_patterns(2, 10), keep)


def test_first_step_error_refuses_a_load_of_zero() -> None:
    with pytest.raises(ValueError, match="load must be > 0"):
        first_step_error(0.0, 0.1)
