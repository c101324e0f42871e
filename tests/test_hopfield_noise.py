"""Damage: each kind does what its name says, in black and white, in grey and in colour."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from snncore import rng
from snncore.hopfield import KINDS, NoiseParams, Patterns, Probes, damage, random_patterns
from snncore.hopfield.noise import IDEAS, PLACES, TITLES, _four_words
from snncore.hopfield.patterns import MODES

SHAPE = (40, 50)
COUNT = 50  # 100,000 pixels: a share of 0.3 is met within 0.0015 (one standard deviation)


def flat(mode: str, value: float, count: int = COUNT) -> Patterns:
    n = SHAPE[0] * SHAPE[1] * (3 if mode == "rgb" else 1)
    kind = torch.int8 if mode == "binary" else torch.float32
    return Patterns(torch.full((count, n), value, dtype=kind), SHAPE, ("x",) * count, mode)


def varied(mode: str, count: int = 4, shape: tuple[int, int] = (12, 10)) -> Patterns:
    if mode == "binary":
        return random_patterns(count, shape, 1)
    n = shape[0] * shape[1] * (3 if mode == "rgb" else 1)
    generator = np.random.default_rng(1)
    levels = torch.from_numpy(generator.integers(0, 256, (count, n)).astype(np.float32) / 255)
    return Patterns(levels, shape, ("x",) * count, mode)


def share(hits: torch.Tensor, expected: float) -> None:
    """Whether a share of independent hits is as expected, within four standard deviations."""
    error = 4 * math.sqrt(expected * (1 - expected) / hits.numel())
    assert float(hits.float().mean()) == pytest.approx(expected, abs=error)


# --- each kind


@pytest.mark.parametrize("q", [0.0, 0.05, 0.3, 1.0])
def test_flip_changes_its_share_of_the_pixels_to_the_opposite(q: float) -> None:
    binary = damage(flat("binary", 1), NoiseParams("flip", q), seed=0).values
    share(binary == -1, q)
    assert set(binary.unique().tolist()) <= {-1.0, 1.0}
    grey = damage(flat("grey", 0.25), NoiseParams("flip", q), seed=0).values
    assert torch.equal(grey == 0.75, binary == -1)  # the same pixels, as the draws are the same
    assert set(grey.unique().tolist()) <= {0.25, 0.75}


@pytest.mark.parametrize("kind", ["reassign", "salt_pepper"])
def test_reassigned_pixels_of_black_and_white_are_half_flipped(kind: str) -> None:
    share(damage(flat("binary", -1), NoiseParams(kind, 0.2), seed=0).values == 1, 0.1)
    share(damage(flat("binary", 1), NoiseParams(kind, 1.0), seed=0).values == 1, 0.5)


def test_reassigned_grey_is_any_of_256_levels_with_equal_chance() -> None:
    values = damage(flat("grey", 0.5001), NoiseParams("reassign", 0.4), seed=0).values
    hit = values != 0.5001
    share(hit, 0.4)
    levels = values[hit] * 255
    assert float((levels - levels.round()).abs().max()) < 1e-4
    counts = torch.bincount(levels.round().long(), minlength=256).double()
    expected = counts.sum() / 256
    # chi-squared with 255 degrees of freedom: mean 255, standard deviation 22.6
    assert float(((counts - expected) ** 2 / expected).sum()) < 255 + 4 * 22.6


@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_salt_and_pepper_are_white_and_black_in_equal_shares(mode: str) -> None:
    values = damage(flat(mode, 0.25), NoiseParams("salt_pepper", 0.3), seed=0).values
    pixels = values.reshape(-1, 3 if mode == "rgb" else 1)
    assert (pixels == pixels[:, :1]).all()  # a colour pixel is hit as a whole
    share(pixels[:, 0] == 0, 0.15)
    share(pixels[:, 0] == 1, 0.15)
    share(pixels[:, 0] == 0.25, 0.7)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sigma", [0.3, 3.0])
def test_gaussian_noise_is_normal_and_not_clipped(mode: str, sigma: float) -> None:
    noise = damage(flat(mode, 1.0), NoiseParams("gaussian", sigma), seed=0).values - 1.0
    count = noise.numel()
    assert float(noise.mean()) == pytest.approx(0, abs=4 * sigma / count**0.5)
    assert float(noise.std()) == pytest.approx(sigma, rel=4 / (2 * count) ** 0.5)
    assert float(noise.max()) > 3.5 * sigma
    if mode == "rgb":  # each channel has noise of its own
        channels = noise.reshape(-1, 3).T
        assert float(torch.corrcoef(channels)[0, 1:].abs().max()) < 4 / (count / 3) ** 0.5


@pytest.mark.parametrize(
    ("sigma", "percent"), [(0.5, 2.3), (1, 15.9), (2, 30.9), (3, 36.9), (5, 42.1), (10, 46.0)]
)
def test_gaussian_noise_then_the_sign_flips_as_the_normal_table_says(
    sigma: float, percent: float
) -> None:
    """Φ(-1/σ), the percentages rounded to a tenth."""
    values = damage(flat("binary", 1), NoiseParams("gaussian", sigma), seed=0).values
    error = 4 * math.sqrt(percent * (100 - percent) / values.numel()) + 0.05
    assert 100 * float((values < 0).float().mean()) == pytest.approx(percent, abs=error)


@pytest.mark.parametrize(("mode", "unknown"), [("binary", 0.0), ("grey", 0.5), ("rgb", 0.5)])
def test_erased_pixels_are_unknown_and_filled_with_the_middle(mode: str, unknown: float) -> None:
    patterns = flat(mode, 1.0)
    got = damage(patterns, NoiseParams("erase", 0.4), seed=0)
    assert (got.values[~got.known] == unknown).all() and (got.values[got.known] == 1.0).all()
    pixels = got.known.reshape(-1, patterns.channels)
    assert (pixels == pixels[:, :1]).all()
    share(pixels[:, 0], 0.6)


# --- parts


def part_of(place: str, strength: float = 0.25, shape: tuple[int, int] = (8, 12)) -> torch.Tensor:
    patterns = Patterns(torch.ones(1, shape[0] * shape[1]).to(torch.int8), shape, ("x",))
    known = damage(patterns, NoiseParams("crop", strength, place), seed=0).known
    return ~known.reshape(shape)


def test_parts_are_where_they_are_called() -> None:
    want = {place: torch.zeros(8, 12, dtype=torch.bool) for place in PLACES}
    want["bottom"][6:] = True
    want["top"][:2] = True
    want["left"][:, :3] = True
    want["right"][:, 9:] = True
    want["centre"][2:6, 3:9] = True  # half of each side is a quarter of the area
    for place in PLACES[:-1]:
        assert torch.equal(part_of(place), want[place]), place
    assert int(part_of("block").sum()) == 24
    for place in PLACES:
        assert part_of(place, 1.0).all() and not part_of(place, 0.0).any()


def test_a_block_is_a_rectangle_that_goes_everywhere() -> None:
    patterns = Patterns(torch.ones(400, 96).to(torch.int8), (8, 12), ("x",) * 400)
    parts = ~damage(patterns, NoiseParams("crop", 0.25, "block"), seed=0).known.reshape(-1, 8, 12)
    assert (parts.sum(dim=(1, 2)) == 24).all()
    corners = set()
    for part in parts:
        rows, columns = part.any(dim=1).nonzero()[:, 0], part.any(dim=0).nonzero()[:, 0]
        assert len(rows) == 4 and len(columns) == 6
        corners.add((int(rows[0]), int(columns[0])))
    assert corners == {(row, column) for row in range(5) for column in range(7)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", PLACES)
def test_cropped_is_unknown_and_occluded_is_painted_in_the_same_part(mode: str, place: str) -> None:
    patterns = varied(mode)
    crop = damage(patterns, NoiseParams("crop", 0.5, place), seed=3)
    paints = {"black": -1.0, "grey": 0.0, "white": 1.0}
    if mode != "binary":
        paints = {"black": 0.0, "grey": 0.5, "white": 1.0}
    for paint, value in paints.items():
        lie = damage(patterns, NoiseParams("occlude", 0.5, place, paint), seed=3)
        assert lie.known.all() and lie.painted is not None
        assert torch.equal(lie.painted, ~crop.known) and lie.painted.any()
        assert (lie.values[lie.painted] == value).all()
        assert torch.equal(lie.values[crop.known], patterns.states.float()[crop.known])
    assert torch.equal(crop.values[crop.known], patterns.states.float()[crop.known])
    assert (crop.values[~crop.known] == paints["grey"]).all()


# --- operators


@pytest.mark.parametrize("mode", MODES)
def test_shift_moves_around_the_edge_and_a_whole_turn_is_nothing(mode: str) -> None:
    patterns = varied(mode)
    grid = patterns.states.float().numpy().reshape(4, *patterns.picture_shape)
    got = damage(patterns, NoiseParams("shift", 0.3), seed=0).values.numpy().reshape(grid.shape)
    assert (got == np.roll(grid, 3, axis=2)).all()
    whole = damage(patterns, NoiseParams("shift", 1.0), seed=0)
    assert torch.equal(whole.values, patterns.states.float()) and whole.known.all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("strength", [0.05, 0.2, 1.0])
def test_blur_is_scipys_and_keeps_the_mean(mode: str, strength: float) -> None:
    patterns = varied(mode)
    got = damage(patterns, NoiseParams("blur", strength), seed=0).values
    sigma = 0.25 * strength * 12
    for row, state in zip(got, patterns.states, strict=True):
        picture = state.double().numpy().reshape(12, 10, -1)
        reach = {"radius": math.ceil(4 * sigma)}
        want = gaussian_filter(picture, (sigma, sigma, 0), mode="reflect", **reach)
        assert np.abs(row.numpy().reshape(picture.shape) - want).max() < 2e-6  # float32
        assert float(row.mean()) == pytest.approx(float(picture.mean()), abs=1e-5)
    sharp = damage(patterns, NoiseParams("blur", 0.0), seed=0).values
    assert torch.equal(sharp, patterns.states.float())


# --- draws


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_depends_on_its_number_and_picture_only(kind: str, mode: str) -> None:
    patterns = varied(mode)
    before = patterns.states.clone()
    noise = NoiseParams(kind, 0.4, "block")
    targets, samples = torch.tensor([3, 0, 3]), torch.tensor([7, 2**32 - 1, 1])
    whole = damage(patterns, noise, targets=targets, seed=2**40 + 1, samples=samples)
    for b in range(3):
        rows = slice(b, b + 1)
        alone = damage(
            patterns, noise, targets=targets[rows], seed=2**40 + 1, samples=samples[rows]
        )
        # sums of a blur may round differently in a batch
        assert torch.allclose(alone.values[0], whole.values[b], atol=2e-7, rtol=0)
        assert torch.equal(alone.known, whole.known[rows])
    assert torch.equal(patterns.states, before)
    plain = damage(patterns, noise, seed=5)
    counted = damage(patterns, noise, seed=5, targets=torch.arange(4), samples=torch.arange(4))
    assert torch.equal(plain.values, counted.values)
    if kind not in ("blur", "shift"):
        other = damage(patterns, noise, seed=6)
        assert not torch.equal(plain.values, other.values)
        assert not torch.equal(whole.values[0], whole.values[2])  # same picture, other number


def test_kernel_draws_the_words_of_the_generator() -> None:
    samples = torch.tensor([5, 0, 2**32 - 1])
    want = rng.draws(2**40 + 3, rng.stream("noise"), samples, 17, 4)
    assert torch.equal(_four_words(2**40 + 3, samples, 17), want)
    with pytest.raises(ValueError, match=r"samples must be in 0\.\.2\*\*32-1"):
        _four_words(0, torch.tensor([-1]), 4)


def test_chunks_of_probes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from snncore.hopfield import noise as module

    for kind in ("flip", "gaussian", "erase"):
        whole = damage(varied("rgb"), NoiseParams(kind, 0.4), seed=0)
        with monkeypatch.context() as patch:
            patch.setattr(module, "_AT_A_TIME", 1)
            parts = damage(varied("rgb"), NoiseParams(kind, 0.4), seed=0)
        assert torch.equal(whole.values, parts.values) and torch.equal(whole.known, parts.known)


def test_rows_of_probes_keep_everything_that_belongs_to_them() -> None:
    probes = damage(varied("binary"), NoiseParams("occlude", 0.3, "block"), seed=0)
    some = probes.rows(torch.tensor([2, 0]))
    assert probes.painted is not None and some.painted is not None
    assert torch.equal(some.painted, probes.painted[[2, 0]])
    assert torch.equal(some.values, probes.values[[2, 0]])
    bare = Probes(probes.values, probes.known)
    assert bare.rows(slice(0, 1)).painted is None and len(bare.to(torch.device("cpu"))) == 3


# --- words


@pytest.mark.parametrize(
    "text", [*(f"{kind}:0.3" for kind in KINDS), "crop:0.5:top", "occlude:0.5:left",
             "occlude:0.25:bottom:white", "gaussian:3.0", "flip:0.12345678"]
)  # fmt: skip
def test_noise_survives_its_own_words(text: str) -> None:
    noise = NoiseParams.from_text(text)
    assert noise.to_text() == text
    assert NoiseParams.from_text(noise.to_text()) == noise


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flip", "noise must be KIND:STRENGTH"),
        ("salt:0.3", "with KIND one of flip, reassign, gaussian, salt_pepper, erase"),
        ("flip:0.3:top", "noise must be KIND:STRENGTH"),
        ("crop:0.3:top:white", "noise must be KIND:STRENGTH"),
        ("crop:0.3:middle", "place must be one of bottom, top"),
        ("occlude:0.3:top:red", "paint must be one of black, white, grey, got 'red'"),
        ("flip:much", "noise strength must be a number, got 'much'"),
        ("flip:nan", "noise strength must be finite"),
        ("flip:-0.1", "noise strength must be >= 0"),
        ("flip:1.5", r"strength must be in 0\.\.1 for flip \(a share of the picture\), got 1.5"),
        ("gaussian:-1", "noise strength must be >= 0"),
        ("gaussian:11", "noise strength must be <= 10"),
    ],
)
def test_malformed_noise_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NoiseParams.from_text(text)


def test_every_kind_has_a_title_and_says_what_it_does() -> None:
    assert tuple(TITLES) == tuple(IDEAS) == KINDS
    assert "flips only 10 %" in IDEAS["reassign"]


def test_samples_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="samples must have 4 entries, as targets"):
        damage(varied("binary"), NoiseParams(), seed=0, samples=torch.arange(3))
