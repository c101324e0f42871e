"""Low-rank memories against the dense matrices of the textbooks, and what each can store."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.hopfield.dynamics import DynamicsParams, settle, sign
from snncore.hopfield.low_rank import (
    MAX_GRAM,
    LowRank,
    covariance,
    covariance_pixel,
    hebb,
    pseudo_inverse,
)
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RATE_RULES, RuleParams, make_memory
from snncore.hopfield.storkey import storkey


def random_patterns(count: int, n: int, seed: int = 0) -> torch.Tensor:
    """Independent fair ±1, int8 [count, n]."""
    words = rng.draws(seed, rng.stream("points"), torch.arange(count), n, 1)[0]
    return (((words >> 16) & 1) * 2 - 1).to(torch.int8)


def flipped(patterns: torch.Tensor, q: float, seed: int = 1) -> torch.Tensor:
    words = rng.draws(seed, rng.stream("noise"), torch.arange(len(patterns)), patterns.shape[1], 1)
    return torch.where(words[0] < q * 2**32, -patterns, patterns).float()


def likenesses(count: int, n: int, seed: int = 0) -> torch.Tensor:
    """Patterns that share a sparse picture: mean overlap 0.6, like handwritten digits."""
    common = random_patterns(1, n, seed + 100)
    words = rng.draws(seed, rng.stream("points"), torch.arange(count), n, 1)[0]
    return torch.where(words < 0.11 * 2**32, -common, common).to(torch.int8)


def last(steps):
    *_, step = steps
    return step


# --- the textbooks' N×N matrices, in float64: W, and the bias θ


def dense_hebb(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w = x.T @ x / x.shape[1]
    np.fill_diagonal(w, 0.0)
    return w, np.zeros(x.shape[1])


def dense_covariance(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a = x.mean()
    w = sum(np.outer(row - a, row - a) for row in x) / (x.shape[1] * (1 - a * a))
    np.fill_diagonal(w, 0.0)
    return w, np.zeros(x.shape[1])


def dense_covariance_pixel(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = x.mean(axis=0)
    d = x - mean
    w = d.T @ d / np.mean((d * d).sum(axis=1))
    np.fill_diagonal(w, 0.0)
    return w, mean - w @ mean


def dense_storkey(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Storkey 1997, with the local fields h_ij written as the sums that leave i and j out."""
    n = x.shape[1]
    w = np.zeros((n, n))
    for row in x:
        terms = w * row  # [i, k]: w_ik x_k
        h = terms.sum(axis=1)[:, None] - np.diag(terms)[:, None] - terms  # h_ij, without k = i, j
        w = w + (np.outer(row, row) - row[:, None] * h.T - h * row) / n
        np.fill_diagonal(w, 0.0)
    return w, np.zeros(n)


def dense_projection(keep: float) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def build(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w = x.T @ np.linalg.pinv(x.T)
        w[np.diag_indices_from(w)] *= keep
        return w, np.zeros(x.shape[1])

    return build


QUADRATIC: dict[str, tuple] = {
    "hebb": (hebb, dense_hebb),
    "covariance": (covariance, dense_covariance),
    "covariance-pixel": (covariance_pixel, dense_covariance_pixel),
    "storkey": (storkey, dense_storkey),
    "pseudo-inverse": (pseudo_inverse, dense_projection(0.15)),
    "pseudo-inverse D=0": (
        lambda x, **how: pseudo_inverse(x, 0.0, **how),
        dense_projection(0.0),
    ),
    "pseudo-inverse D=1": (
        lambda x, **how: pseudo_inverse(x, 1.0, **how),
        dense_projection(1.0),
    ),
}


@pytest.mark.parametrize("name", QUADRATIC)
@pytest.mark.parametrize("alike", [False, True])
def test_low_rank_is_the_dense_rule(name: str, alike: bool) -> None:
    """Field and energy to 1e-12 in float64, and in float32 sign for sign."""
    low, dense = QUADRATIC[name]
    for count, n in ((7, 60), (30, 200), (40, 400)):
        patterns = likenesses(count, n) if alike else random_patterns(count, n)
        states = flipped(patterns, 0.3)
        states[0, : n // 4] = 0.0  # unknown pixels
        w, bias = dense(patterns.double().numpy())
        s = states.double().numpy()
        expected = s @ w + bias
        memory: LowRank = low(patterns, dtype=torch.float64)
        view = memory.look(states.double())
        tolerance = 1e-12 * max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(view.field, expected, rtol=0, atol=tolerance)
        energy = -0.5 * np.einsum("bi,ij,bj->b", s, w, s) - s @ bias
        np.testing.assert_allclose(view.energy, energy, rtol=1e-12, atol=1e-12 * n)
        single = low(patterns).field(states).numpy()
        # float32 keeps 7 digits of sums whose terms reach the largest field: a field below is a tie
        clear = np.abs(expected) > 2e-6 * max(1.0, float(np.abs(expected).max()))
        assert clear.mean() > 0.9
        assert (np.sign(single) == np.sign(expected))[clear].all()


def test_hebb_is_exact_where_fields_are_zero() -> None:
    """An even number of summands: fields of exactly 0 occur, and are 0 in float32 too."""
    patterns = random_patterns(12, 90)
    probes = flipped(patterns, 0.3)
    dense = probes.double().numpy() @ dense_hebb(patterns.double().numpy())[0]
    whole = np.rint(dense * 90)
    assert (whole == 0).any()
    assert (np.sign(hebb(patterns).field(probes).numpy()) == np.sign(whole)).all()


def test_no_memory_holds_more_than_its_factors() -> None:
    """N = 10,000, P = 3: 120 kB of factors (and 40 kB of diagonal) where W takes 800 MB."""
    patterns = random_patterns(3, 10_000)
    assert hebb(patterns).memory_bytes == 4 * 3 * 10_000 + 4 * 10_000
    assert storkey(patterns).u.shape == (6, 10_000)
    for rule in RATE_RULES:
        memory = make_memory(patterns, RuleParams(rule=rule, beta=0.4))
        assert memory.rule == rule
        assert memory.memory_bytes <= 4 * (2 * 3 + 4) * 10_000


# --- what the rules store


@pytest.mark.parametrize(
    ("count", "keep", "wanted"),
    [
        (100, 1.0, (1, 1, 0.95)),
        (200, 1.0, (0, 0, 0)),
        (200, 0.15, (1, 0.99, 0.01)),
        (200, 0.0, (0.99, 0.45, 0)),
        (300, 0.15, (0.23, 0, 0)),
    ],
)
def test_pseudo_inverse_recall_depends_on_load_and_self_coupling_as_measured(
    count: int, keep: float, wanted: tuple[float, ...]
) -> None:
    """N = 400, exact recall from 5, 10 and 20 % flips, against a dense float64 matrix (3 sets).

    Sixty probes of one set here: 0.15 is 2.3 standard errors where the share is one half.
    """
    patterns = random_patterns(count, 400)
    memory = pseudo_inverse(patterns, keep)
    for q, share in zip((0.05, 0.1, 0.2), wanted, strict=True):
        final = last(settle(memory, flipped(patterns[:60], q), DynamicsParams(steps=30))).states
        exact = float((final == patterns[:60]).all(dim=1).float().mean())
        assert exact == pytest.approx(share, abs=0.15)


def test_pseudo_inverse_keeps_stored_patterns_up_to_high_load() -> None:
    """Every linearly independent pattern is a fixed point (Personnaz et al 1985)."""
    patterns = random_patterns(180, 200)
    x = patterns.float()
    for keep in (0.0, 0.15, 1.0):
        w = pseudo_inverse(patterns, keep)
        assert (sign(w.field(x), x) == patterns).all()
    assert not (sign(hebb(patterns).field(x), x) == x).all(dim=1).any()  # Hebb's rule keeps none


def test_storkey_stores_more_than_hebb() -> None:
    """Random patterns at load 0.2, beyond Hebb's 0.138 and Storkey's N/√(2 ln N) = 0.27 N."""
    patterns = random_patterns(100, 500)
    x = patterns.float()
    kept = {
        w.rule: float((sign(w.field(x), x) == x).all(dim=1).float().mean())
        for w in (hebb(patterns), storkey(patterns))
    }
    assert kept["hebb"] < 0.05
    assert kept["storkey"] > 0.95


def test_mean_picture_is_what_covariance_takes_out() -> None:
    """Likenesses with mean overlap 0.6: Hebb keeps none of them, covariance per pixel all."""
    patterns = likenesses(8, 800)
    x = patterns.float()
    stable = {
        w.rule: int((sign(w.field(x), x) == x).all(dim=1).sum())
        for w in (hebb(patterns), covariance_pixel(patterns))
    }
    assert stable == {"hebb": 0, "covariance-pixel": 8}


@pytest.mark.parametrize("rule", RATE_RULES)
def test_a_single_picture_is_recalled_by_every_rule(rule: str) -> None:
    picture = likenesses(1, 300)
    memory = make_memory(picture, RuleParams(rule=rule, beta=0.4))
    probe = flipped(picture, 0.3)
    for update in ("sync", "block") if memory.graded else ("sync", "async"):
        final = last(settle(memory, probe, DynamicsParams(update=update, steps=60)))
        assert (final.states.sign() == picture).all()
        assert math.isfinite(float(final.energy))


@pytest.mark.parametrize("rule", RATE_RULES)
def test_duplicates_do_no_harm(rule: str) -> None:
    """Two pictures, one of them stored twice."""
    patterns = random_patterns(2, 400)
    memory = make_memory(
        torch.cat([patterns, patterns[:1]]), RuleParams(rule=rule, degree=4, beta=0.4)
    )
    final = last(settle(memory, flipped(patterns, 0.2)))
    assert (final.states[0].sign() == patterns[0]).all()
    assert torch.isfinite(final.energy).all()


@pytest.mark.parametrize("rule", RATE_RULES)
def test_more_pictures_than_pixels_and_pictures_of_one_colour_are_finite(rule: str) -> None:
    for patterns in (random_patterns(90, 40), torch.full((3, 40), -1, dtype=torch.int8)):
        memory = make_memory(patterns, RuleParams(rule=rule, beta=0.4, centred=True))
        states = random_patterns(5, 40, seed=8).float()
        view = memory.look(states)
        assert torch.isfinite(view.field).all()
        assert torch.isfinite(view.energy).all()
    final = last(settle(memory, states, DynamicsParams(steps=50)))  # all black
    if rule == "covariance":  # a picture of one colour is its own mean: nothing is left to store
        assert (final.states == states).all()
    elif rule not in ("hebb", "storkey", "pseudo-inverse"):  # these know the inverted picture too
        assert (final.states < 0).all()
    else:
        assert (final.states[states.sum(dim=1) < 0] < 0).all()


def test_pseudo_inverse_of_as_many_pictures_as_pixels_stores_every_state() -> None:
    """W = 1: h = D s, exactly, so rounding moves nothing."""
    patterns = random_patterns(90, 40)
    states = random_patterns(5, 40, seed=3).float()
    for keep in (0.0, 0.5):
        assert (pseudo_inverse(patterns, keep).field(states) == keep * states).all()


def test_pseudo_inverse_of_duplicates_and_negatives_is_that_of_the_originals() -> None:
    patterns = random_patterns(10, 120)
    twice = torch.cat([patterns, patterns, -patterns])
    w = pseudo_inverse(twice)
    assert w.u.shape == (10, 120)
    x = patterns.float()
    torch.testing.assert_close(w.field(x), pseudo_inverse(patterns).field(x), atol=1e-5, rtol=0)


def test_storkey_would_unlearn_a_picture_that_comes_again() -> None:
    """h = x gives Δw = -x xᵀ/N: the literal rule forgets what it learns twice, ours passes over."""
    patterns = random_patterns(2, 400)
    again = torch.cat([patterns, patterns[:1]])
    x = patterns.double().numpy()
    literal, _ = dense_storkey(again.double().numpy())
    margin = (x[0] * (literal @ x[0])).mean()
    assert margin == pytest.approx(0.0, abs=0.02)
    assert (storkey(again).u == storkey(patterns).u).all()


# --- unknown pixels


def test_unknown_pixels_add_nothing_to_any_overlap() -> None:
    """What stands in an unknown pixel is not looked at: the first step is the same."""
    patterns = likenesses(6, 300)
    probe = flipped(patterns, 0.1)
    known = torch.ones_like(probe, dtype=torch.bool)
    known[:, 150:] = False
    for rule in RATE_RULES:
        memory = make_memory(patterns, RuleParams(rule=rule, beta=0.4))
        looks = []
        for filling in (0.0, 1.0, -7.0):
            start = torch.where(known, probe, filling)
            looks.append(memory.look(memory.begin(start, known), known))
        for other in looks[1:]:
            assert (other.field == looks[0].field).all()
            assert (other.energy == looks[0].energy).all()
        if (
            rule == "covariance-pixel"
        ):  # the filling is the mean picture: D·(s - mean) sees only half
            d = patterns.float() - patterns.float().mean(dim=0)
            s = probe - patterns.float().mean(dim=0)
            half = (d * d).sum() / len(d)
            h = patterns.float().mean(dim=0) + ((s * known) @ d.T) @ d / half
            h -= (d * d).sum(dim=0) * (s * known) / half
            torch.testing.assert_close(looks[0].field, h, atol=1e-4, rtol=0)


# --- manners


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
    for rule in RATE_RULES:
        if rule == "modern" and patterns.ndim == 2 and len(patterns):
            continue  # stores grey pictures
        with pytest.raises(ValueError, match=message):
            make_memory(patterns, RuleParams(rule=rule, beta=1.0))


@pytest.mark.parametrize("keep", [-0.1, 1.1, math.nan])
def test_bad_self_coupling_is_named(keep: float) -> None:
    with pytest.raises(ValueError, match="diagonal must be in 0"):
        pseudo_inverse(random_patterns(2, 10), keep)


def test_loads_that_would_take_minutes_are_refused_with_the_cure() -> None:
    many = torch.ones(1, 1, dtype=torch.int8).expand(MAX_GRAM + 1, MAX_GRAM + 1)
    with pytest.raises(ValueError, match=r"at most 3000 .* got 3001.*modern"):
        pseudo_inverse(many)
    with pytest.raises(ValueError, match=r"at most 3571 of 784 pixels for storkey.*modern"):
        storkey(torch.ones(1, 1, dtype=torch.int8).expand(4000, 784))


def test_grey_pictures_need_a_graded_rule() -> None:
    grey = Patterns(torch.rand(2, 12), (3, 4), ("a", "b"), "grey")
    with pytest.raises(ValueError, match=r"rule must be modern for grey pictures, got hebb"):
        make_memory(grey, RuleParams(rule="hebb"))
    assert make_memory(grey, RuleParams(rule="modern", beta=3.0)).graded


def test_matched_sharpness_needs_a_damage() -> None:
    patterns = random_patterns(2, 12)
    with pytest.raises(ValueError, match="beta must be > 0 where no damage is named"):
        make_memory(patterns)
    memory = make_memory(patterns, RuleParams(rule="modern"), NoiseParams("flip", 0.3))
    assert memory.beta == pytest.approx(0.4236, abs=1e-4)


@pytest.mark.parametrize("n", [16, 64])
def test_storkey_far_beyond_capacity_is_refused_with_the_cure(n: int) -> None:
    """Its couplings grow as c^P: at 5 N they are some 100 times too large, at 50 N nothing."""
    memory = storkey(random_patterns(5 * n, n))
    view = memory.look(random_patterns(20, n, seed=1).float())
    assert bool(torch.isfinite(view.field).all() and torch.isfinite(view.energy).all())
    with pytest.raises(ValueError, match=r"storkey, its capacity.*store fewer, or choose the rule"):
        storkey(random_patterns(50 * n, n))


def test_storkey_in_float32_keeps_the_signs_of_float64_wherever_it_is_not_refused() -> None:
    accepted = 0
    for load in (5, 8, 10, 11, 12, 13, 14, 16):
        patterns = random_patterns(16 * load, 16)
        try:
            memory = storkey(patterns)
        except ValueError:
            break
        accepted, x = load, patterns.float()
        exact = storkey(patterns, dtype=torch.float64).field(x.double())
        assert ((memory.field(x) > 0) == (exact > 0)).float().mean() > 0.95
    assert 8 <= accepted < 16


@pytest.mark.parametrize("text", ["flip:0.5", "flip:0.7", "flip:1", "reassign:1", "salt_pepper:1"])
def test_softmax_is_matched_to_every_damage(text: str) -> None:
    """Half of the pixels flipped tell nothing: the mean picture. More tell the opposite."""
    patterns = random_patterns(3, 200)
    stored = Patterns(patterns, (1, 200), ("",) * 3)
    noise = NoiseParams.from_text(text)
    memory = make_memory(stored, RuleParams(rule="modern"), noise)
    for step in settle(memory, -patterns.float()):
        assert bool(torch.isfinite(step.states).all() and torch.isfinite(step.energy).all())
        if step.step == 1:
            likeliest = patterns if noise.strength in (0.7, 1.0) and noise.kind == "flip" else None
            wanted = patterns.float().mean(dim=0) if likeliest is None else likeliest.float()
            torch.testing.assert_close(step.states, wanted.expand(3, -1), atol=1e-4, rtol=0)
