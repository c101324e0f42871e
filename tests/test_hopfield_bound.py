"""The bound against the likelihood written out pixel by pixel, and against other answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from snncore.hopfield import (
    KINDS,
    NoiseParams,
    Patterns,
    Probes,
    as_is,
    background,
    bayes_beta,
    bound,
    damage,
    matched_beta,
    random_patterns,
    same_picture,
)
from snncore.hopfield import bound as bound_function
from snncore.hopfield.bound import agreements
from snncore.hopfield.patterns import MODES
from snncore.hopfield.tolerant import most_within, windows

Array = NDArray[np.float64]
SHAPE = (3, 4)
STRENGTH = {"gaussian": 1.5, "shift": 0.5, "occlude": 0.7, "crop": 0.7, "erase": 0.7}


def alike(mode: str, shape: tuple[int, int] = SHAPE) -> Patterns:
    """Six pictures that differ in few pixels, so that much stays uncertain; two are equal."""
    n = shape[0] * shape[1] * (3 if mode == "rgb" else 1)
    generator = np.random.default_rng(2)
    # levels of which some are each other's opposite, some the ends, one the middle
    levels = [0, 51, 127.5, 204, 255] if mode != "binary" else [-1, 1]
    states = np.tile(generator.choice(levels, n), (6, 1))
    for row in states[1:5]:
        changed = generator.choice(n, 4, replace=False)
        row[changed] = generator.choice(levels, 4)
    if mode == "binary":
        return Patterns(torch.from_numpy(states.astype(np.int8)), shape, ("x",) * 6)
    grey = (states / 255).astype(np.float32)
    return Patterns(torch.from_numpy(grey), shape, ("x",) * 6, mode)


def pixelwise(seen: Array, x: Array, noise: NoiseParams, mode: str) -> Array:
    """p(pixel of the probe | pixel of the picture) for pixels [..., channels]."""
    s, channels = noise.strength, x.shape[-1]
    black, levels = (-1.0, 2) if mode == "binary" else (0.0, 256)

    def equal(other: Array | float) -> Array:
        return np.asarray((np.abs(seen - other) < 1e-4).all(axis=-1), dtype=float)

    if noise.kind == "gaussian":
        density = np.exp(-((seen - x) ** 2) / (2 * s**2)).prod(axis=-1)
        return np.asarray(density)
    if noise.kind == "flip":
        return (1 - s) * equal(x) + s * equal(-x if mode == "binary" else 1 - x)
    if noise.kind == "reassign":
        return (1 - s) * equal(x) + s / levels**channels
    if noise.kind == "salt_pepper":
        return (1 - s) * equal(x) + s / 2 * (equal(black) + equal(1.0))
    return equal(x)


def by_hand(patterns: Patterns, probes: Probes, noise: NoiseParams) -> Array:
    """The posterior [B, P] in float64, from products over pixels."""
    mode, shape = patterns.mode, patterns.picture_shape
    x = patterns.states.double().numpy().reshape(-1, *shape)
    if noise.kind == "shift":
        x = np.roll(x, round(noise.strength * shape[1]), axis=2)
    if noise.kind == "blur":
        sigma = noise.strength * max(shape[:2]) / 4
        per_axis = (0, sigma, sigma, 0)[: x.ndim]
        x = gaussian_filter(x, per_axis, mode="reflect", radius=math.ceil(4 * sigma))
    x = x.reshape(1, len(x), -1, patterns.channels)
    seen = probes.values.double().numpy().reshape(len(probes.values), 1, -1, patterns.channels)
    each = pixelwise(seen, x, noise, mode)
    trusted = probes.known if probes.painted is None else probes.known & ~probes.painted
    trusted_pixels = trusted.numpy().reshape(len(seen), 1, -1, patterns.channels)[..., 0]
    likelihood = np.where(trusted_pixels, each, 1.0).prod(axis=2)
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_posterior_is_the_product_of_the_likelihoods_of_the_pixels(kind: str, mode: str) -> None:
    patterns = alike(mode)
    places = ("bottom", "block") if kind in ("occlude", "crop") else ("bottom",)
    for place in places:
        noise = NoiseParams(kind, STRENGTH.get(kind, 0.4), place)
        targets = torch.arange(6).repeat(20)
        probes = damage(patterns, noise, targets=targets, seed=1)
        want = by_hand(patterns, probes, noise)
        got = bound(patterns, probes, noise)
        assert np.abs(got.posterior.numpy() - want).max() < 1e-4  # float32 logits of about 100
        together = want.copy()  # pictures 0 and 5 are equal: whichever, it is the same answer
        together[:, 0] += together[:, 5]
        together[:, 5] = 0.0
        chosen = together[np.arange(len(want)), got.picture.numpy()]
        assert (chosen > together.max(axis=1) - 1e-4).all()
        mean = want @ patterns.states.double().numpy()
        if mode == "binary":
            sure = np.abs(mean) > 1e-3
            assert (got.pixels.numpy()[sure] == np.sign(mean)[sure]).all()
            assert got.pixels.dtype == torch.int8
        else:
            assert np.abs(got.pixels.numpy() - mean).max() < 2e-4
        if kind not in ("blur", "shift"):  # those leave nothing uncertain but equal pictures
            entropy = -(want * np.log(want + 1e-300)).sum(axis=1).mean()
            assert 0.2 < entropy < math.log(6)  # something is known, and something not


def test_posterior_equals_the_counted_likelihood_of_flips() -> None:
    """softmax(β X S) with β = ½ ln((1-q)/q) is q^d (1-q)^(N-d), normalised."""
    patterns = random_patterns(4, (4, 4), 3)
    for q in (0.1, 0.3, 0.45):
        probes = damage(patterns, NoiseParams("flip", q), seed=0)
        d = (probes.values[:, None] != patterns.states[None]).sum(dim=2).double()
        likelihood = q**d * (1 - q) ** (16 - d)
        expected = likelihood / likelihood.sum(dim=1, keepdim=True)
        got = bound(patterns, probes, NoiseParams("flip", q)).posterior
        torch.testing.assert_close(got.double(), expected, atol=1e-5, rtol=1e-4)


def test_matched_beta_is_the_posteriors() -> None:
    assert bayes_beta(0.3) == pytest.approx(0.4236, abs=1e-4)
    assert bayes_beta(0.5) == 0.0
    assert matched_beta(NoiseParams("reassign", 0.6)) == pytest.approx(bayes_beta(0.3))
    assert matched_beta(NoiseParams("gaussian", 2.0)) == 0.25
    assert matched_beta(NoiseParams("gaussian", 0.3), "grey") == pytest.approx(1 / 0.09)
    patterns = alike("grey")
    for noise in (NoiseParams("flip", 0.4), NoiseParams("gaussian", 1.0)):
        for stored in (patterns, alike("binary")):
            if noise.kind == "flip" and stored.mode == "grey":
                continue  # there the form is an approximation
            probes = damage(stored, noise, seed=0)
            x = stored.states.float()
            form = probes.values @ x.T - 0.5 * (x * x).sum(dim=1)
            got = torch.softmax(matched_beta(noise, stored.mode) * form, dim=1)
            want = bound(stored, probes, noise).posterior
            torch.testing.assert_close(got, want, atol=1e-4, rtol=0)
    for kind in KINDS:
        for mode in MODES:
            for strength in (0.0, 0.5, 1.0):
                assert math.isfinite(matched_beta(NoiseParams(kind, strength), mode))
    with pytest.raises(ValueError, match=r"flips must be in 0\.\.1, got 1.5"):
        bayes_beta(1.5)


@pytest.mark.parametrize("d", [8, 9])
def test_maximum_likelihood_errs_as_often_as_the_binomial_says(d: int) -> None:
    """Two pictures at Hamming distance d: P(Bin(d, q) > d/2), and half of the ties.

    Of a tie the first picture is taken; the probes come from either in equal shares.
    """
    q, count = 0.3, 20_000
    states = torch.ones(2, 25, dtype=torch.int8)
    states[1, :d] = -1
    patterns = Patterns(states, (5, 5), ("a", "b"))
    noise = NoiseParams("flip", q)
    targets = torch.arange(2).repeat(count)
    got = bound(patterns, damage(patterns, noise, targets=targets, seed=0), noise)
    chance = [math.comb(d, k) * q**k * (1 - q) ** (d - k) for k in range(d + 1)]
    expected = sum(c for k, c in enumerate(chance) if 2 * k > d)
    expected += 0.5 * sum(c for k, c in enumerate(chance) if 2 * k == d)
    error = math.sqrt(expected * (1 - expected) / len(targets))
    assert float((got.picture != targets).float().mean()) == pytest.approx(expected, abs=4 * error)


def others(patterns: Patterns, probes: Probes, noise: NoiseParams) -> dict[str, torch.Tensor]:
    """Pixels that other answers give: the modern network at wrong β, the probe, a constant."""
    x = patterns.states.float()
    form = probes.values @ x.T - 0.5 * (x * x).sum(dim=1)
    beta = matched_beta(noise, patterns.mode)
    answers = {f"β × {k}": torch.softmax(k * beta * form, dim=1) @ x for k in (0.03, 0.3, 3, 30)}
    answers["nearest"] = x[form.argmax(dim=1)]
    answers["probe"] = as_is(patterns, probes).float()
    answers["constant"] = torch.full_like(answers["probe"], background(patterns))
    return answers


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_beats_the_bound_on_average(kind: str, mode: str) -> None:
    patterns = alike(mode)
    noise = NoiseParams(kind, STRENGTH.get(kind, 0.4))
    targets = torch.arange(6).repeat(200)
    probes = damage(patterns, noise, targets=targets, seed=2)
    best = bound(patterns, probes, noise)
    wanted = patterns.states[targets].float()

    def loss(pixels: torch.Tensor) -> torch.Tensor:
        """Wrong pixels, or squared error, of each probe."""
        if mode == "binary":
            return ((pixels > 0) != (wanted > 0)).float().mean(dim=1)
        return ((pixels - wanted) ** 2).mean(dim=1)

    ours = loss(best.pixels.float())
    exact = same_picture(patterns, best.picture, targets).float()
    for name, pixels in others(patterns, probes, noise).items():
        difference = loss(pixels) - ours
        error = float(difference.std()) / len(targets) ** 0.5
        assert float(difference.mean()) >= -3 * error - 1e-6, name
        right = ((pixels > 0) == (wanted > 0)).all(dim=1).float()
        if mode != "binary":
            right = ((pixels - wanted).abs() < 1e-3).all(dim=1).float()
        difference = exact - right
        error = float(difference.std()) / len(targets) ** 0.5
        assert float(difference.mean()) >= -3 * error, name


@pytest.mark.parametrize("count", [1, 3, 40])
def test_no_grey_level_has_more_of_the_posterior_within_the_tolerance(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    states = torch.rand(count, 30, generator=generator) ** 2
    posterior = torch.softmax(2 * torch.randn(70, count, generator=generator), dim=1)
    mean = posterior @ states

    def mass(levels: torch.Tensor) -> torch.Tensor:
        near = (states - levels[:, None]).abs() <= 0.04
        return (posterior[:, :, None] * near).sum(dim=1)

    got = mass(most_within(posterior, states, mean, 0.04))
    tried = torch.stack([mass(torch.full((1, 30), v)) for v in np.arange(-0.04, 1.04, 0.002)])
    assert (got >= tried.amax(dim=0) - 1e-4).all()  # so much of the posterior is left out
    assert (got >= mass(mean) - 1e-4).all()
    elsewhere = mass(windows(states, posterior, mean, 0.04))
    torch.testing.assert_close(elsewhere, got, atol=1e-4, rtol=0)


def test_levels_within_the_tolerance_are_the_nearest_ones_to_the_mean() -> None:
    states = torch.tensor([[0.5, 0.10], [0.9, 0.12], [0.1, 0.90]])
    posterior = torch.tensor([[0.5, 0.2, 0.3], [0.0, 0.5, 0.5]])
    mean = posterior @ states
    got = most_within(posterior, states, mean, 0.04)
    torch.testing.assert_close(windows(states, posterior, mean, 0.04), got)
    # of 0.08..0.14 the nearest to 0.384; of two equal chances the darker one, as near to the mean
    torch.testing.assert_close(got[0], torch.tensor([0.46, 0.14]), atol=1e-4, rtol=0)
    torch.testing.assert_close(got[1], torch.tensor([0.14, 0.16]), atol=1e-4, rtol=0)
    sure = most_within(torch.eye(3), states, states, 0.04)
    assert torch.equal(sure, states)
    with pytest.raises(ValueError, match="tolerance must be > 0, got 0"):
        most_within(posterior, states, mean, 0.0)


def test_beyond_many_likely_pictures_the_likeliest_count(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    states = torch.tensor([[0.1], [0.5], [0.9]])
    posterior = torch.tensor([[0.2, 0.3, 0.5]])
    monkeypatch.setattr(sys.modules["snncore.hopfield.tolerant"], "MOST", 1)
    got = most_within(posterior, states, posterior @ states, 0.04)
    assert got.item() == pytest.approx(0.86, abs=1e-4)


# --- ties, certainty, extremes


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_equal_pictures_share_the_posterior_and_either_is_right(kind: str, mode: str) -> None:
    patterns = alike(mode, (8, 8))  # pictures 0 and 5 are equal
    noise = NoiseParams(kind, 0.2)
    targets = torch.arange(6).repeat(10)
    got = bound(patterns, damage(patterns, noise, targets=targets, seed=0), noise)
    # logits of about 100 in float32
    torch.testing.assert_close(got.posterior[:, 0], got.posterior[:, 5], atol=1e-4, rtol=1e-3)
    assert (got.picture == 0).sum() >= 10 and (got.picture != 5).all()
    assert same_picture(patterns, torch.tensor([0, 5, 2]), torch.tensor([5, 0, 2])).all()
    assert not same_picture(patterns, torch.tensor([0]), torch.tensor([1])).any()


def test_erased_pixels_leave_the_consistent_pictures_equally_likely() -> None:
    states = torch.tensor([[1, 1, 1, 1], [1, 1, 1, -1], [1, -1, 1, 1]], dtype=torch.int8)
    patterns = Patterns(states, (2, 2), ("a", "b", "c"))
    known = torch.tensor([[True, True, False, False]])
    probes = Probes(torch.tensor([[1.0, 1.0, 0.0, 0.0]]), known)
    got = bound(patterns, probes, NoiseParams("erase", 0.5))
    assert got.posterior[0].tolist() == pytest.approx([0.5, 0.5, 0.0])


@pytest.mark.parametrize("place", ["bottom", "centre", "block"])
def test_bound_ignores_what_was_painted_over(place: str) -> None:
    patterns = random_patterns(5, (10, 10), 1)
    noise = NoiseParams("occlude", 0.5, place, "white")
    probes = damage(patterns, noise, seed=0)
    assert bound(patterns, probes, noise).picture.tolist() == [0, 1, 2, 3, 4]
    bare = Probes(probes.values, probes.known)
    if place == "block":  # of a fixed place the bound knows it by itself
        with pytest.raises(ValueError, match="probes must say what was painted"):
            bound(patterns, bare, noise)
    else:
        assert torch.equal(
            bound(patterns, bare, noise).posterior, bound(patterns, probes, noise)[2]
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_no_damage_is_certain_and_total_damage_still_has_a_posterior(
    kind: str, mode: str, strength: float
) -> None:
    patterns = alike(mode)
    noise = NoiseParams(kind, strength)
    got = bound(patterns, damage(patterns, noise, seed=0), noise)
    assert torch.isfinite(got.posterior).all()
    torch.testing.assert_close(got.posterior.sum(dim=1), torch.ones(6))
    if strength == 0.0:
        assert same_picture(patterns, got.picture, torch.arange(6)).all()
        assert float(got.posterior[1, 1]) > 0.999
    elif kind in ("erase", "crop", "occlude") or (
        kind != "flip" and mode == "binary" and kind in ("reassign", "salt_pepper")
    ):
        torch.testing.assert_close(got.posterior, torch.full((6, 6), 1 / 6))


def test_strong_blur_still_tells_pictures_of_one_differing_pixel_apart() -> None:
    """The squared difference of the blurred pictures is 1e-4 there, far above rounding."""
    states = random_patterns(1, (96, 96), 1).states.repeat(3, 1)
    states[1, 4000] *= -1
    patterns = Patterns(states, (96, 96), ("a", "b", "a again"))
    noise = NoiseParams("blur", 1.0)
    got = bound(patterns, damage(patterns, noise, seed=0), noise).posterior
    want = torch.tensor([[0.5, 0, 0.5], [0, 1, 0], [0.5, 0, 0.5]])
    assert torch.equal(got, want)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_that_no_picture_explains_gets_the_nearest(kind: str, mode: str) -> None:
    """A drawing of the user's own, for example: picture 2 with one pixel at an odd level."""
    patterns = alike(mode, (8, 8))
    noise = NoiseParams(kind, 0.1)
    probes = damage(patterns, NoiseParams(kind, 0.0), seed=0)
    values = probes.values.clone()
    values[:, :3] = 0.9 * values[:, :3] + 0.05
    if kind == "shift":
        values = torch.roll(values.reshape(6, 8, -1), 8 // 8 * patterns.channels, 2).reshape(6, -1)
    if kind == "blur":
        values = damage(patterns, noise, seed=0).values + 0.01
    got = bound(patterns, probes._replace(values=values), noise)
    assert got.picture.tolist()[1:5] == [1, 2, 3, 4]
    assert torch.isfinite(got.posterior).all()


def test_a_middle_grey_is_its_own_opposite_and_no_other_level() -> None:
    states = torch.tensor([[0.5, 0.2], [0.0, 0.2]])
    patterns = Patterns(states, (1, 2), ("middle", "black"), "grey")
    probes = Probes(states.clone(), torch.ones(2, 2, dtype=torch.bool))
    got = bound(patterns, probes, NoiseParams("flip", 0.4)).posterior
    torch.testing.assert_close(got, torch.eye(2))


# --- how it is computed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["flip", "gaussian", "salt_pepper", "crop"])
def test_chunks_of_probes_change_nothing(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    patterns = alike(mode)
    noise = NoiseParams(kind, 0.4, "block")
    probes = damage(patterns, noise, targets=torch.arange(6).repeat(3), seed=0)
    before = [patterns.states.clone(), probes.values.clone(), probes.known.clone()]
    whole = bound(patterns, probes, noise)
    assert bound_function is bound
    module = sys.modules["snncore.hopfield.bound"]
    monkeypatch.setattr(module, "_AT_A_TIME", 1)
    parts = bound(patterns, probes, noise)
    torch.testing.assert_close(whole.posterior, parts.posterior, atol=1e-5, rtol=0)
    torch.testing.assert_close(whole.pixels, parts.pixels, atol=1e-5, rtol=0)
    after = [patterns.states, probes.values, probes.known]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("kind", [torch.int16, torch.int64])
def test_kernel_counts_what_a_comparison_counts(kind: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    stored = torch.randint(0, 3, (7, 31), generator=generator).to(kind)
    seen = torch.randint(-1, 3, (5, 31), generator=generator).to(kind)
    want = (seen[:, None] == stored[None]).sum(dim=2).float()
    assert torch.equal(agreements(stored, seen), want)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, s: (x._replace(states=x.states[:0]), s), "not empty"),
        (lambda x, s: (x, s.rows(slice(0, 0))), r"probes must be \[B, 12\] and not empty"),
        (lambda x, s: (x, Probes(s.values[:, :5], s.known[:, :5])), r"got \(6, 5\)"),
    ],
)
def test_what_does_not_fit_is_named(
    change: Callable[[Patterns, Probes], tuple[Patterns, Probes]], message: str
) -> None:
    patterns = alike("binary")
    stored, probes = change(patterns, damage(patterns, NoiseParams(), seed=0))
    with pytest.raises(ValueError, match=message):
        bound(stored, probes, NoiseParams())


# --- baselines


def test_background_is_the_more_common_value_or_the_mean_grey() -> None:
    few = Patterns(torch.tensor([[-1, -1, 1]], dtype=torch.int8), (1, 3), ("x",))
    assert background(few) == -1.0
    assert background(few._replace(states=-few.states)) == 1.0
    grey = Patterns(torch.tensor([[0.0, 0.5, 0.7]]), (1, 3), ("x",), "grey")
    assert background(grey) == pytest.approx(0.4)


def test_a_probe_as_it_is_takes_the_unknown_for_background() -> None:
    values = torch.tensor([[-0.2, 3.0, 0.0, 0.0]])
    known = torch.tensor([[True, True, True, False]])
    mostly_white = Patterns(torch.tensor([[1, 1, 1, -1]], dtype=torch.int8), (2, 2), ("x",))
    assert as_is(mostly_white, Probes(values, known)).tolist() == [[-1, 1, 1, 1]]
    grey = Patterns(torch.tensor([[0.0, 0.5, 0.5, 1.0]]), (2, 2), ("x",), "grey")
    got = as_is(grey, Probes(values, known))
    assert got.tolist()[0] == pytest.approx([-0.2, 3.0, 0.0, 0.5])
