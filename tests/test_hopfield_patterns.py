"""Pictures to patterns: thresholds, choice, size, modes, the user's own, random ones, twins."""

from __future__ import annotations

import io
import itertools
import math

import numpy as np
import pytest
import torch
from PIL import Image

from snncore import datasets
from snncore.hopfield import (
    PatternParams,
    Patterns,
    binarise,
    deduplicate,
    duplicates,
    fit,
    make_patterns,
    near_duplicates,
    random_patterns,
    with_own,
)
from snncore.hopfield.patterns import MAX_NUMBERS, MODES, check_patterns
from snncore.hopfield.pictures import THRESHOLDS, block_size, choose, contrast

RANDOM = np.random.default_rng(0)


def bundled(name: str, **params: int | str) -> Patterns:
    pictures = datasets.load(name)
    how = PatternParams(**params)  # type: ignore[arg-type]
    return make_patterns(pictures.images, pictures.labels, pictures.class_names, how)


# --- thresholds


def test_binarise_by_mean_and_by_otsu() -> None:
    image = np.array([[[0, 0, 0, 0], [0, 0, 0, 0], [100, 100, 100, 255]]], dtype=np.uint8)
    # mean = 46.25: all four bright pixels; both groups above 0 stay bright by Otsu's split too
    assert binarise(image).tolist() == [[-1] * 8 + [1] * 4]
    bimodal = np.array([[[10, 12, 14, 16], [200, 201, 202, 203]]], dtype=np.uint8)
    assert binarise(bimodal, "otsu").tolist() == [[-1] * 4 + [1] * 4]
    with pytest.raises(ValueError, match="threshold must be one of mean, otsu, local"):
        binarise(image, "median")


def test_local_threshold_is_the_mean_of_the_mirrored_block() -> None:
    image = RANDOM.integers(0, 256, (13, 9), dtype=np.uint8)
    block = block_size(image.shape)
    assert block == 3 and block_size((64, 64)) == 17
    padded = np.pad(image.astype(float), 1, mode="symmetric")
    around = np.array([[padded[i : i + 3, j : j + 3].mean() for j in range(9)] for i in range(13)])
    want = np.where(image > around + 1e-9, 1, -1)
    assert (binarise(image[None], "local").reshape(13, 9) == want).all()


def test_local_threshold_reads_what_stands_in_a_shadow() -> None:
    """Dots 40 levels brighter than a ground that falls from 200 to 0."""
    ground = np.tile(np.linspace(200, 0, 64), (64, 1))
    dots = np.zeros((64, 64), dtype=bool)
    dots[4::8, 4::8] = True
    image = (ground + 40 * dots).astype(np.uint8)[None]
    bright = {how: binarise(image, how).reshape(64, 64) > 0 for how in THRESHOLDS}
    assert bright["local"][dots].all()
    assert bright["mean"][dots].mean() <= 0.75 and bright["otsu"][dots].mean() <= 0.75


@pytest.mark.parametrize("level", [0, 7, 255])
@pytest.mark.parametrize("side", [1, 5])
def test_a_picture_of_one_grey_level_works_in_every_mode(level: int, side: int) -> None:
    flat = np.full((2, side, side), level, dtype=np.uint8)
    for threshold in THRESHOLDS:
        got = make_patterns(flat, params=PatternParams(threshold=threshold))
        assert (got.states == -1).all() and got.shape == (side, side)
    for mode in ("grey", "rgb"):
        got = make_patterns(flat, params=PatternParams(mode=mode))
        assert torch.equal(got.states, torch.full_like(got.states, level / 255))
        check_patterns(got)


# --- choice


def test_one_picture_of_each_class_is_chosen_first() -> None:
    labels = np.array([2, 2, 0, 1, 0, 2])
    assert choose(labels, 3).tolist() == [2, 3, 0]
    assert choose(labels, 5).tolist() == [2, 3, 0, 4, 1]
    assert choose(labels, 99).tolist() == [2, 3, 0, 4, 1, 5]
    assert choose(labels, 2, "first").tolist() == [0, 1]
    assert choose(labels, 2, "first", 3).tolist() == [3, 4]
    assert choose(labels, 2, "classes", 3).tolist() == [4, 1]


def test_the_most_contrasted_picture_of_each_class_comes_in_the_order_of_classes() -> None:
    labels = np.array([1, 0, 1, 0, 2])
    spread = np.array([5, 1, 9, 3, 2])
    images = np.full((5, 4, 4), 100, dtype=np.uint8)
    images[:, :2] += spread[:, None, None].astype(np.uint8)  # standard deviation: half of it
    assert contrast(images).tolist() == pytest.approx((spread / 2).tolist())
    assert choose(labels, 3, "contrast", 0, contrast(images)).tolist() == [3, 2, 4]
    assert choose(labels, 9, "contrast", 3, contrast(images)).tolist() == [1, 0]
    how = PatternParams(count=2, pick="contrast", mode="grey")
    got = make_patterns(images, labels, ("a", "b", "c"), how)
    assert got.names == ("a", "b") and float(got.states[1].max()) == pytest.approx(109 / 255)
    without = make_patterns(images, params=how)  # one class: the most contrasted of all
    assert float(without.states[0].max()) == pytest.approx(109 / 255)


def test_offset_skips_pictures_and_must_leave_one() -> None:
    whole = bundled("icons", count=8)
    assert torch.equal(bundled("icons", count=3, offset=5).states, whole.states[5:])
    assert len(bundled("icons", count=99, offset=15).states) == 1
    with pytest.raises(ValueError, match="offset must be < 16, the number of pictures, got 16"):
        bundled("icons", offset=16)
    with pytest.raises(ValueError, match="at least one picture"):
        make_patterns(np.zeros((0, 4, 4), dtype=np.uint8))


# --- size and modes


def test_patterns_are_shrunk_named_and_grey() -> None:
    images = np.zeros((2, 40, 20, 3), dtype=np.uint8)
    images[:, :20] = 255
    patterns = make_patterns(images, np.array([1, 0]), ("cat", "dog"), PatternParams(size=8))
    assert patterns.shape == (8, 4)
    assert patterns.names == ("cat", "dog")
    assert patterns.states.reshape(2, 8, 4)[:, :4].eq(1).all()
    assert patterns.states.reshape(2, 8, 4)[:, 4:].eq(-1).all()
    assert images.max() == 255
    assert make_patterns(images).names == ("picture 1", "picture 2")
    with pytest.raises(ValueError, match="labels must have 2 entries"):
        make_patterns(images, np.array([1]))


def test_size_enlarges_and_zero_leaves_a_picture_as_it_is() -> None:
    assert bundled("digits", count=2).shape == (8, 8)
    assert bundled("digits", count=2, size=64).shape == (64, 64)
    assert bundled("skimage").shape == (128, 128)
    wide = np.zeros((1, 300, 600), dtype=np.uint8)
    assert make_patterns(wide).shape == (128, 256)  # the largest there is
    with pytest.raises(ValueError, match=r"size must be 0 \(as stored\) or >= 4 pixels, got 3"):
        PatternParams(size=3)
    with pytest.raises(ValueError, match="size must be <= 256 pixels, got 257"):
        PatternParams(size=257)


def test_grey_and_colour_are_the_pictures_intensities() -> None:
    signs = datasets.load("signs").images
    colour = bundled("signs", count=4, mode="rgb")
    assert colour.picture_shape == (64, 64, 3) and colour.states.dtype == torch.float32
    want = signs[:4].astype(np.float32) / np.float32(255)
    assert (colour.states.numpy().reshape(4, 64, 64, 3) == want).all()
    grey = bundled("signs", count=4, mode="grey")
    luma = want @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey.states.numpy().reshape(4, 64, 64) - luma).max() < 0.6 / 255  # rounding
    three = bundled("icons", count=2, mode="rgb").states.reshape(2, -1, 3)
    assert (three == three[:, :, :1]).all()  # a grey picture has equal channels
    for mode in MODES:
        check_patterns(bundled("signs", count=3, mode=mode, size=16))


def test_more_numbers_than_fit_are_refused_before_they_are_made() -> None:
    images = np.broadcast_to(np.zeros(1, dtype=np.uint8), (1000, 8, 8))
    with pytest.raises(ValueError, match="fewer pictures or a smaller size"):
        make_patterns(images, params=PatternParams(count=1000, size=256))
    with pytest.raises(ValueError, match="count × pixels must be <="):
        random_patterns(MAX_NUMBERS // 100 + 1, (10, 10))


def test_a_picture_of_25_million_pixels_is_refused_in_words() -> None:
    file = io.BytesIO()
    Image.new("L", (5000, 5000)).save(file, "PNG")
    with pytest.raises(ValueError, match=r"<= 16 million pixels .* make it smaller, got 5000×5000"):
        datasets.files.read_image(file.getvalue())


# --- the user's own


def test_fit_takes_the_centre_of_a_wide_picture() -> None:
    image = np.zeros((10, 30), dtype=np.uint8)
    image[:, 10:20] = 200
    assert fit(image, (5, 5)).tolist() == [[200] * 5] * 5
    red = np.stack([image, 0 * image, 0 * image], axis=2)
    assert fit(red, (5, 5), "rgb").tolist() == [[[200, 0, 0]] * 5] * 5


def test_own_pictures_come_first_at_the_size_of_the_others() -> None:
    patterns = Patterns(torch.ones(2, 64, dtype=torch.int8), (8, 8), ("x", "y"))
    ramp = np.tile(np.arange(100, dtype=np.uint8), (50, 1))
    got = with_own(patterns, [ramp])
    assert got.names == ("yours 1", "x", "y")
    assert got.states[0].reshape(8, 8).tolist() == [[-1] * 4 + [1] * 4] * 8
    assert with_own(patterns, []) is patterns
    assert with_own(patterns, [ramp], names=["mine"]).names[0] == "mine"
    with pytest.raises(ValueError, match="names must have 1 entries"):
        with_own(patterns, [ramp], names=["a", "b"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 7, 3), (300, 20)])
def test_own_pictures_of_any_shape_fit_every_mode(mode: str, shape: tuple[int, ...]) -> None:
    patterns = bundled("signs", count=2, mode=mode, size=16)
    mine = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    got = with_own(patterns, [mine])
    assert got.states.dtype == patterns.states.dtype and len(got.states) == 3
    check_patterns(got)


def test_own_colours_are_kept_in_colour() -> None:
    red = np.zeros((9, 9, 3), dtype=np.uint8)
    red[:, :, 0] = 255
    got = with_own(bundled("icons", count=1, mode="rgb", size=8), [red])
    assert got.states[0].reshape(8, 8, 3).tolist() == [[[1.0, 0.0, 0.0]] * 8] * 8


# --- random patterns


@pytest.mark.parametrize(("activity", "overlap"), [(0.5, 0.0), (0.1, 0.0), (0.5, 0.6), (0.3, 0.4)])
def test_random_patterns_have_the_stated_activity_and_correlation(
    activity: float, overlap: float
) -> None:
    states = random_patterns(20, (50, 100), 3, activity=activity, overlap=overlap).states.float()
    mean = 2 * activity - 1
    # of the 5,000 pixels of a shared template a deviation remains however many patterns there are
    error = 3.5 * 2 * math.sqrt(activity * (1 - activity) / 5000)
    assert float(states.mean()) == pytest.approx(mean, abs=error)
    overlaps = (states @ states.T / 5000)[torch.triu_indices(20, 20, 1).unbind()]
    expected = overlap + (1 - overlap) * mean**2
    assert float(overlaps.mean()) == pytest.approx(expected, abs=2 * error)


def test_random_patterns_are_the_same_for_a_seed_and_however_many() -> None:
    few, many = random_patterns(3, (9, 7), 5), random_patterns(30, (9, 7), 5)
    assert torch.equal(few.states, many.states[:3]) and few.names[0] == "random 1"
    assert not torch.equal(few.states, random_patterns(3, (9, 7), 6).states)
    same = random_patterns(4, (9, 7), overlap=1.0).states
    assert (same == same[0]).all()
    for bad in ({"activity": 1.5}, {"overlap": -0.1}, {"activity": math.nan}):
        with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
            random_patterns(2, (2, 2), **bad)
    with pytest.raises(ValueError, match="count and shape must be >= 1"):
        random_patterns(0, (2, 2))


# --- twins


def test_near_duplicates_are_those_of_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    base = random_patterns(12, (6, 6), 1).states
    twins = base[[0, 0, 3, 7, 7, 7]].clone()
    twins[1, :2] *= -1  # at distance 2 of picture 0
    twins[3, :5] *= -1  # at distance 5 of picture 7
    patterns = Patterns(torch.cat([base, twins]), (6, 6), tuple("abcdefghijklmnopqr"))
    for within in (0, 1, 2, 4, 5):
        want, kept = [], []
        for j, row in enumerate(patterns.states):
            near = [i for i in kept if int((patterns.states[i] != row).sum()) <= within]
            if near:
                want.append([near[0], j])
            else:
                kept.append(j)
        assert near_duplicates(patterns, within).tolist() == want
        with monkeypatch.context() as patch:
            patch.setattr(duplicates, "_AT_A_TIME", 40)  # two pictures at a time
            assert near_duplicates(patterns, within).tolist() == want
        clean = deduplicate(patterns, within)
        assert torch.equal(clean.states, patterns.states[kept])
        assert clean.names == tuple(patterns.names[k] for k in kept)
    assert near_duplicates(patterns, 0).tolist() == [[0, 12], [3, 14], [7, 16], [7, 17]]


def test_distance_in_grey_counts_pixels_as_in_black_and_white() -> None:
    black_and_white = random_patterns(8, (5, 5), 2)
    grey = black_and_white._replace(states=(black_and_white.states.float() + 1) / 2, mode="grey")
    rgb = grey._replace(states=grey.states.repeat_interleave(3, dim=1), mode="rgb")
    for within in (0, 9, 10, 11):
        want = near_duplicates(black_and_white, within)
        assert torch.equal(near_duplicates(grey, within), want)
        assert torch.equal(near_duplicates(rgb, within), want)
    assert len(want) > 0


def test_thousands_of_equal_pictures_make_one_pair_each() -> None:
    patterns = Patterns(-torch.ones(3000, 16, dtype=torch.int8), (4, 4), ("x",) * 3000)
    pairs = near_duplicates(patterns)
    assert pairs.tolist() == [[0, j] for j in range(1, 3000)]
    assert len(deduplicate(patterns).states) == 1
    with pytest.raises(ValueError, match="within must be >= 0 pixels, got nan"):
        near_duplicates(patterns, math.nan)


def test_patterns_that_are_no_patterns_are_refused() -> None:
    good = random_patterns(2, (3, 3))
    bad = [
        (good._replace(mode="sepia"), "mode must be one of"),
        (good._replace(shape=(3, 4)), r"patterns must be \[P, 12\]"),
        (good._replace(states=good.states[:0]), "not empty"),
        (good._replace(states=0 * good.states), "must be -1 or \\+1 everywhere"),
        (good._replace(states=2.0 * good.states, mode="grey"), "must be in 0..1 everywhere"),
    ]
    for patterns, message in bad:
        with pytest.raises(ValueError, match=message):
            check_patterns(patterns)


def test_letters_are_stored_apart_at_the_smallest_useful_size() -> None:
    patterns = bundled("letters", count=26, size=16)
    assert patterns.names == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    nearest = min(int((a != b).sum()) for a, b in itertools.combinations(patterns.states, 2))
    assert nearest >= 8
