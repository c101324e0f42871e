"""Dense and modern memories: exact differences, published errors, scales that do not overflow."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import torch

from snncore.hopfield.dense import dam, exponential
from snncore.hopfield.dynamics import DynamicsParams, settle, sign
from snncore.hopfield.modern import modern_memory
from snncore.hopfield.noise import NoiseParams, damage
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.rules import RuleParams, make_memory
from tests.test_hopfield_rules import flipped, last, likenesses, random_patterns


def literal(patterns: torch.Tensor, state: torch.Tensor, degree: int) -> torch.Tensor:
    """½ (E(s_i = -1) - E(s_i = 1)) of every pixel, by building both states; float64.

    E = -(N/n) ln Σ F(m/N) as in Krotov & Hopfield 2016, F = max(x, 0)ⁿ; degree 0: -ln Σ exp(m).
    """
    x = patterns.double()
    n = x.shape[1]
    pair = state.double().expand(2, n, n).clone()
    pair[0].fill_diagonal_(1.0)
    pair[1].fill_diagonal_(-1.0)
    m = pair @ x.T
    if degree:
        energy = -(n / degree) * torch.log(((m / n).clamp(min=0) ** degree).sum(dim=2))
    else:
        energy = -torch.logsumexp(m, dim=2)
    return 0.5 * (energy[1] - energy[0])


# --- the field is the exact difference of two energies


@pytest.mark.parametrize("degree", [0, 2, 3, 8, 40])
def test_field_is_half_the_energy_difference_of_each_flip(degree: int) -> None:
    patterns = likenesses(20, 80)
    states = flipped(patterns[:5], 0.3)
    memory = (
        dam(patterns, degree, dtype=torch.float64)
        if degree
        else exponential(patterns, dtype=torch.float64)
    )
    single = dam(patterns, degree) if degree else exponential(patterns)
    field = memory.field(states.double())
    for b in range(5):
        expected = literal(patterns, states[b], degree)
        scale = float(expected.abs().max())
        torch.testing.assert_close(field[b], expected, rtol=1e-9, atol=1e-12 * scale)
        low = single.field(states)[b].double()
        clear = expected.abs() > 1e-4 * scale
        assert clear.float().mean() > 0.9
        assert (low.sign() == expected.sign())[clear].all()
        torch.testing.assert_close(low, expected, rtol=1e-3, atol=1e-3 * scale)


def test_small_differences_of_large_powers_survive_float32() -> None:
    """N = 20,000, n = 2: a flip changes F by 2e-4 of itself; the field keeps four digits."""
    patterns = likenesses(4, 20_000)
    states = flipped(patterns, 0.3)
    fine = dam(patterns, 2, dtype=torch.float64).field(states.double())
    torch.testing.assert_close(dam(patterns, 2).field(states).double(), fine, rtol=0, atol=2e-4)


def test_degree_two_is_hebb_where_overlaps_are_positive() -> None:
    """Σ F = Σ m²: its differences are Hebb's fields, 4 N h_i, if nothing is rectified."""
    patterns = likenesses(9, 300)
    states = flipped(patterns, 0.2)
    x = patterns.double()
    assert ((states.double() @ x.T) > 2).all()
    w = x.T @ x / 300
    w.fill_diagonal_(0)
    hebb = states.double() @ w
    field = dam(patterns, 2, dtype=torch.float64).field(states.double())
    assert (field.sign() == hebb.sign()).all()


def test_centred_field_is_the_gradient_of_its_energy() -> None:
    patterns = likenesses(8, 60)
    for degree in (2, 3, 8):
        memory = dam(patterns, degree, centred=True, dtype=torch.float64)
        states = flipped(patterns, 0.3).double().requires_grad_()
        (gradient,) = torch.autograd.grad(memory.energy(states).sum(), states)
        torch.testing.assert_close(memory.field(states), -gradient)


def test_centred_energy_weighs_bias_and_valleys_as_written() -> None:
    """E = -<x>.s - (M/n) ln sum max(D.s / N, 0)^n, with M the mean of |D|^2, which is not N."""
    patterns = likenesses(6, 60)
    x = patterns.numpy().astype(np.float64)
    mean = x.mean(axis=0)
    d = x - mean
    power = float((d * d).sum(axis=1).mean())
    assert power < 0.7 * 60
    s = x[:3].copy()
    s[:, ::7] *= -1
    literal = -s @ mean - power / 3 * np.log((np.maximum(s @ d.T / 60, 0.0) ** 3).sum(axis=1))
    memory = dam(patterns, 3, centred=True, dtype=torch.float64)
    assert memory.energy(torch.from_numpy(s)).numpy() == pytest.approx(literal, rel=1e-12)


def test_centring_rescues_a_low_degree() -> None:
    """Likenesses of mean overlap 0.6 with 30 % flips: raw n = 3 recalls none, centred all."""
    patterns = likenesses(10, 784)
    probes = flipped(patterns, 0.3)
    exact = {}
    for centred in (False, True):
        final = last(settle(dam(patterns, 3, centred=centred), probes)).states
        exact[centred] = int((final == patterns).all(dim=1).sum())
    assert exact == {False: 0, True: 10}


def test_pixels_that_all_pictures_share_are_restored_by_centred_memories() -> None:
    patterns = random_patterns(5, 200)
    patterns[:, :80] = 1
    probes = flipped(patterns, 0.3)
    final = last(settle(dam(patterns, 3, centred=True), probes)).states
    assert (final[:, :80] == 1).all()


# --- scales


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("degree", [2, 40])
def test_no_power_overflows(degree: int, centred: bool) -> None:
    """65,536 pixels: m⁴⁰ is 1e192, beyond float32; a stored picture has E = 0 (raw)."""
    patterns = random_patterns(3, 65_536)
    memory = dam(patterns, degree, centred=centred)
    x = patterns.float()
    for states in (x, flipped(patterns, 0.3), -x, 0.0 * x, 3.0 * x):
        view = memory.look(states)
        assert torch.isfinite(view.field).all()
        assert torch.isfinite(view.energy).all()
    if not centred:
        assert memory.energy(x).tolist() == pytest.approx([0.0] * 3, abs=5.0)
        # without a positive overlap no state lies higher
        against = -patterns.sum(dim=0, dtype=torch.int64).sign().float()[None]
        assert float(memory.energy(against)) == pytest.approx(65_536 * math.log(2 * 65_536))
        assert float(memory.energy(flipped(patterns, 0.49)).max()) < 65_536 * math.log(65_536)
    assert exponential(patterns).energy(x).tolist() == pytest.approx([-65_536.0] * 3)


def test_rectified_memories_have_no_inverted_pictures() -> None:
    """Hebb's -ξ is as deep as ξ; from -ξ a dense memory goes elsewhere or stays high up."""
    patterns = random_patterns(6, 300)
    memory = dam(patterns, 3)
    x = patterns.float()
    final = last(settle(memory, -x, DynamicsParams(update="async"))).states
    assert float((final * x).sum(dim=1).max()) > -300
    assert (memory.energy(-x) > memory.energy(x) + 50).all()


# --- capacity


@pytest.mark.parametrize(("n", "degree", "count"), [(100, 3, 1200), (100, 3, 2000), (60, 4, 8000)])
def test_errors_of_stored_pictures_follow_krotov_and_hopfield(
    n: int, degree: int, count: int
) -> None:
    """One update from stored pictures: ½ erfc(1/√(2 v)), v = ½ (2n-3)!! K/N^(n-1) at load K.

    Krotov & Hopfield 2016 have v twice as large for xⁿ; of the crosstalk a rectified power keeps
    only the half with positive overlap. Their noise is Gaussian only for large N: what they and
    others measure lies up to a quarter above. At least 900 wrong pixels are counted.
    """
    factor = math.prod(range(1, 2 * degree - 2, 2))
    expected = 0.5 * math.erfc(1 / math.sqrt(factor * count / n ** (degree - 1)))
    patterns = random_patterns(count, n)
    x = patterns[:1500].float()
    wrong = int((sign(dam(patterns, degree).field(x), x) != x).sum())
    assert wrong > 900
    assert 0.95 < wrong / x.numel() / expected < 1.3


def test_exponential_memory_holds_far_more_pictures_than_pixels() -> None:
    """2^(N/2) pictures of N pixels (Demircigil et al 2017): N = 40, and 4,000 of the million."""
    patterns = random_patterns(4000, 40)
    probes = flipped(patterns[:200], 0.03)
    final = last(settle(exponential(patterns), probes)).states
    assert float((final == patterns[:200]).all(dim=1).float().mean()) > 0.95
    stays = sign(exponential(patterns).field(patterns.float()), patterns.float())
    assert float((stays == patterns).all(dim=1).float().mean()) > 0.99


# --- modern


def test_small_sharpness_blends_and_larger_switches_to_one_picture() -> None:
    """The switch lies where β N (1 - overlap) outweighs ln P, between 0.01 and 0.03 here."""
    patterns = likenesses(10, 784)
    probes = flipped(patterns, 0.3)
    shares = {}
    for beta in (0.001, 0.01, 0.03, 0.4236):
        states = last(settle(modern_memory(patterns, beta), probes)).states
        shares[beta] = float((states.sign() == patterns).all(dim=1).float().mean())
    assert shares[0.001] == 0
    assert shares[0.01] < 1
    assert shares[0.03] == 1
    assert shares[0.4236] == 1
    blend = last(settle(modern_memory(patterns, 1e-5), probes)).states
    torch.testing.assert_close(
        blend, patterns.float().mean(dim=0).expand_as(blend), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("form", ["distance", "dot"])
@pytest.mark.parametrize("update", ["sync", "block"])
def test_modern_energy_never_rises(form: str, update: str) -> None:
    """Ramsauer et al 2020, theorem 1 (and its distance form); the block descends as well."""
    patterns = torch.rand(12, 60, generator=torch.Generator().manual_seed(1))
    states = patterns + 0.5 * torch.randn(12, 60, generator=torch.Generator().manual_seed(2))
    for beta in (0.1, 1.0, 10.0):
        memory = modern_memory(patterns, beta, form=form)
        way = list(settle(memory, states, DynamicsParams(update, 60)))
        energies = torch.stack([step.energy for step in way])
        assert float(energies.diff(dim=0).max()) < 1e-4
        assert float((energies[-1] - energies[0]).max()) < 0
        assert float(energies.min()) > -1e-4


def test_dot_product_retrieves_the_brightest_and_distance_the_right_one() -> None:
    dark, bright = torch.full((1, 100), 0.2), torch.full((1, 100), 0.9)
    grey = Patterns(torch.cat([dark, bright]), (10, 10), ("dark", "bright"), "grey")
    noise = NoiseParams("gaussian", 0.3)
    probes = damage(grey, noise, targets=torch.tensor([0] * 20), seed=1)
    answers = {}
    for form in ("distance", "dot"):
        memory = make_memory(grey, RuleParams(rule="modern", form=form), noise)
        assert memory.beta == pytest.approx(1 / 0.09)
        answers[form] = last(settle(memory, probes, DynamicsParams(steps=1))).states.mean(dim=1)
    assert answers["distance"].tolist() == pytest.approx([0.2] * 20, abs=1e-3)
    assert answers["dot"].tolist() == pytest.approx([0.9] * 20, abs=1e-3)


def test_one_distance_step_is_the_posterior_mean_of_gaussian_noise() -> None:
    """softmax(-|x_μ - y|²/2σ²), written out."""
    patterns = torch.rand(5, 40, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    probes = patterns + 0.8 * torch.randn(
        5, 40, generator=torch.Generator().manual_seed(4), dtype=torch.float64
    )
    known = torch.ones(5, 40, dtype=torch.bool)
    known[:2, 10:] = False
    memory = modern_memory(patterns, 1 / 0.64, dtype=torch.float64)
    square = ((patterns[None] - probes[:, None]) ** 2 * known[:, None]).sum(dim=2)
    posterior = torch.softmax(-square / (2 * 0.64), dim=1)
    view = memory.look(probes, known)
    torch.testing.assert_close(view.field, posterior @ patterns)
    energy = -0.64 * torch.log(torch.exp(-square / (2 * 0.64)).mean(dim=1))
    torch.testing.assert_close(view.energy, energy)


def test_unknown_grey_pixels_are_filled_from_the_picture() -> None:
    patterns = torch.rand(8, 200, generator=torch.Generator().manual_seed(5))
    values = torch.where(torch.arange(200) < 150, 0.5, patterns)
    probes = Probes(values, (torch.arange(200) >= 150).expand(8, 200))
    final = last(settle(modern_memory(patterns, 50.0), probes))
    torch.testing.assert_close(final.states, patterns, atol=1e-3, rtol=0)


def test_many_pictures_are_looked_at_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = random_patterns(50, 60)
    states = flipped(patterns, 0.3)
    memories = (dam(patterns, 4), exponential(patterns), modern_memory(patterns, 0.3))
    whole = [memory.look(states) for memory in memories]
    for name in ("dense", "modern"):
        module = importlib.import_module(f"snncore.hopfield.{name}")
        monkeypatch.setattr(module, "CHUNK", 50 * 7)
    for memory, view in zip(memories, whole, strict=True):
        part = memory.look(states)
        torch.testing.assert_close(part.field, view.field)
        torch.testing.assert_close(part.energy, view.energy)


@pytest.mark.parametrize("form", ["distance", "dot"])
def test_energy_at_no_sharpness_is_its_limit(form: str) -> None:
    """From both sides, and with unknown pixels too."""
    patterns = random_patterns(5, 40).double()
    states = 0.3 * random_patterns(4, 40, seed=1).double()
    known = torch.arange(40).expand(4, -1) % 3 > 0
    near, at, opposite = (
        modern_memory(patterns, beta, form=form, dtype=torch.float64) for beta in (1e-6, 0.0, -1e-6)
    )
    for seen in (None, known):
        view = at.look(states, seen)
        wanted = patterns.mean(dim=0).expand(4, -1)
        torch.testing.assert_close(view.field, wanted, atol=1e-12, rtol=0)
        for side in (near, opposite):  # E is off by ½ β times a variance of about 40
            other = side.look(states, seen).energy
            torch.testing.assert_close(view.energy, other, atol=1e-4, rtol=0)


@pytest.mark.parametrize("beta", [math.nan, math.inf])
def test_bad_sharpness_is_named(beta: float) -> None:
    with pytest.raises(ValueError, match="beta must be finite"):
        modern_memory(random_patterns(2, 10), beta)


def test_bad_degree_and_form_are_named() -> None:
    with pytest.raises(ValueError, match="degree must be >= 2, got 1"):
        dam(random_patterns(2, 10), 1)
    with pytest.raises(ValueError, match="form must be one of distance, dot, got 'cosine'"):
        modern_memory(random_patterns(2, 10), 1.0, form="cosine")
