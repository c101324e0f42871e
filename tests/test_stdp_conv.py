"""The convolutional layer against hand-made cases, its kernel against its torch path."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.stdp import Layer, TrainParams, drive
from snncore.stdp.conv import (
    EXCESS,
    _excess,
    _patches,
    _seen_by,
    counts,
    feature_count,
    filter_images,
    first_layers,
    memory_bytes,
    present,
    train,
    win_features,
)
from snncore.stdp.conv_features import Wins, earliest, find_wins, tally, wins_torch
from snncore.stdp.conv_shape import Shape, fields, shapes
from snncore.stdp.presets_conv import recommended_conv
from snncore.stdp.state import Draw, Snapshot

SMALL = replace(
    recommended_conv(6),
    filter_size=5,
    grid=2,
    steps=12,
    feature_steps=12,
    winners=3,
    theta=1.5,
    feature_theta=1.0,
    batch=10,
    learn_images=0,
)
POISSON = replace(SMALL, code="poisson", max_rate_hz=400.0, theta=2.0)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Bars of four orientations at random places, 12×12, with some noise."""
    words = rng.draws(5, rng.stream("points"), torch.arange(60), 144, 1)[0].numpy()
    pictures = (words % 30).astype(np.uint8).reshape(60, 12, 12)
    for k, picture in enumerate(pictures):
        at = int(words[k, 0] % 8) + 2
        if k % 4 == 0:
            picture[at] = 255
        elif k % 4 == 1:
            picture[:, at] = 255
        else:
            along = np.arange(12)
            across = (along + at if k % 4 == 2 else at - along) % 12
            picture[along, across] = 255
    return pictures


def last(images: np.ndarray, params: TrainParams, **options: object) -> Snapshot:
    *_, snapshot = train(images, params, every_s=1e9, **options)  # type: ignore[arg-type]
    return snapshot


def all_counts(layers: tuple[Layer, ...], images: np.ndarray, params: TrainParams) -> np.ndarray:
    return np.concatenate([part for _, part in counts(layers, images, params)])


def one_patch(weights: list[list[float]], times: list[int], **changes: object) -> Wins:
    """Two-by-two maps of one channel and filters that cover them: one location."""
    params = replace(SMALL, **changes)  # type: ignore[arg-type]
    layer = Layer(torch.tensor(weights), torch.ones(len(weights)))
    draw = Draw(0, rng.stream("feature_spikes"), torch.arange(1))
    values = np.array([times], np.uint32) + 1
    found = find_wins(layer, values, Shape(1, 2, 2, 2), draw, params)
    same = wins_torch(
        layer, torch.from_numpy(values.astype(np.int64)), Shape(1, 2, 2, 2), draw, params
    )
    assert torch.equal(found.filters, same.filters) and torch.equal(found.steps, same.steps)
    return found


def test_filters_spike_when_their_leaky_sums_cross_and_only_once() -> None:
    """Taps spike at 0, 2, 4, 6. With a = 1/2 a step: u_0 = 0.9 a^2 + 0.9 >= 1 at step 2,
    u_1 = 0.8 (a^4 + a^2 + 1) >= 1 at step 4 only; filter 2 never reaches 1."""
    weights = [[0.9, 0.9, 0.9, 0.9], [0.8, 0.8, 0.8, 0.8], [0.5, 0.5, 0.5, 0.5]]
    half = {"dt": 1.0, "tau_m": 1.0 / math.log(2.0)}
    found = one_patch(weights, [0, 2, 4, 6], **half)
    assert found.filters[0, 0].tolist() == [0, 1, -1]
    assert found.steps[0, 0].tolist() == [2, 4, -1]
    assert one_patch(weights, [0, 2, 4, 6], winners=1, **half).filters[0, 0].tolist() == [0]


def test_a_spike_inhibits_the_others_and_the_best_match_goes_first() -> None:
    weights = [[1.0, 1.0, 0.0, 0.0], [1.0, 1.2, 0.0, 0.0], [0.0, 0.0, 1.1, 1.1]]
    slow = {"dt": 0.1, "tau_m": 200.0, "winners": 3}
    free = one_patch(weights, [0, 0, 5, 5], **slow)
    assert free.filters[0, 0].tolist() == [1, 0, 2]
    assert free.steps[0, 0].tolist() == [0, 1, 5]  # one spike a step
    inhibited = one_patch(weights, [0, 0, 5, 5], inhibition=1.3, **slow)
    assert inhibited.filters[0, 0].tolist() == [1, -1, -1]


@pytest.mark.parametrize("late", [[0, 150, 250, 399], [0, 149, 150, 399]])
def test_a_filter_that_has_spiked_stays_silent_however_long_the_picture(late: list[int]) -> None:
    """A silent potential must not leak back: e⁻⁷⁵ after 150 steps, 0 in 32 bits after 230."""
    long = {"feature_steps": 400, "dt": 1.0, "tau_m": 2.0}
    found = one_patch([[1.5, 1.5, 1.5, 1.5], [0.1, 0.1, 0.1, 1.2]], late, **long)
    assert found.filters[0, 0].tolist() == [0, 1]
    assert found.steps[0, 0].tolist() == [0, 399]


@pytest.mark.parametrize("params", [SMALL, POISSON, replace(POISSON, inhibition=0.4)])
def test_kernel_and_torch_path_agree_on_who_spikes_and_when(
    images: np.ndarray, params: TrainParams
) -> None:
    layer = last(images[:20], params).layer
    look = shapes(params, 12, 12)[0]
    values = drive.inputs(drive.maps(images, params).reshape(60, -1), params, params.feature_steps)
    draw = Draw(params.seed, rng.stream("feature_spikes"), torch.arange(60))
    ours = find_wins(layer, values, look, draw, params)
    torch_path = wins_torch(layer, torch.from_numpy(values.astype(np.int64)), look, draw, params)
    spiked = ours.filters >= 0
    assert spiked.float().mean() > 0.1  # the event under test happens
    assert (ours.filters == torch_path.filters).float().mean() >= 0.999  # rounding may decide a tie
    assert (ours.steps == torch_path.steps).float().mean() >= 0.999


def test_fields_cover_the_picture_evenly_and_counts_are_their_wins(images: np.ndarray) -> None:
    field = fields(Shape(2, 12, 12, 5), 3)  # 8 locations on 3 fields
    sizes = np.bincount(field, minlength=9).reshape(3, 3)
    assert sizes.sum() == 64 and sizes.min() == 4 and sizes.max() == 9
    layers = last(images[:20], SMALL).layers
    shown = present(layers, images[3], SMALL, sample=3)
    assert shown.inputs.shape == (12, 2, 12, 12) and len(shown.wins) > 0
    assert (np.diff(shown.wins[:, 0]) >= 0).all()  # in the order of time
    features = feature_count(SMALL, 12, 12)
    of_wins = np.bincount(win_features(shown.wins, SMALL, 12, 12), minlength=features)
    counted = all_counts(layers, images[:4], SMALL)
    assert counted.dtype == np.uint8 and counted.shape == (4, features)
    assert (counted[3] == of_wins).all()


def test_the_tally_of_torch_is_that_of_the_kernel() -> None:
    words = rng.draws(0, rng.stream("points"), torch.arange(3), 64, 2)
    filters = ((words % 7) - 1).permute(1, 2, 0).to(torch.int16)
    filters[..., 1] = torch.where(filters[..., 0] < 0, -1, filters[..., 1])
    wins, look = Wins(filters, filters), Shape(2, 12, 12, 5)
    expected = np.zeros((3, 9, 6), np.int64)
    field = fields(look, 3)
    for b, place, k in np.argwhere(filters.numpy() >= 0):
        expected[b, field[place], filters[b, place, k]] += 1
    assert (tally(wins, 6, look, 3) == expected.reshape(3, -1)).all()


@pytest.mark.parametrize("params", [SMALL, POISSON])
def test_counts_do_not_depend_on_the_batch_nor_on_the_threads(
    images: np.ndarray, params: TrainParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = last(images[:20], params).layers
    together = all_counts(layers, images, params)
    alone = [next(counts(layers, images[k : k + 1], params, first_sample=k))[1] for k in (0, 7, 59)]
    assert (np.concatenate(alone) == together[[0, 7, 59]]).all()
    weights = last(images, params).layer.weights
    monkeypatch.setenv("SNNCORE_THREADS", "1")
    assert (all_counts(layers, images, params) == together).all()
    assert torch.equal(last(images, params).layer.weights, weights)


def test_filters_become_the_bars_that_they_win_and_win_equally_often(images: np.ndarray) -> None:
    params = replace(SMALL, filters=8, epochs=8)
    trained, first = last(images, params), first_layers(images, params)
    wins = all_counts(trained.layers, images, replace(params, winners=1)).reshape(60, 4, 8)
    totals = wins.sum(axis=(0, 1))
    assert totals.min() > 0  # no dead filter
    assert totals.std() / totals.mean() < 0.6

    def contrast(layers: tuple[Layer, ...]) -> float:
        """How much of a filter's weight sits in the tenth of its taps that is strongest."""
        strong = np.sort(layers[0].weights.numpy() ** 2, axis=1)[:, -5:]
        return float(strong.sum(axis=1).mean())  # unit norm: of 1

    assert contrast(trained.layers) > 2 * contrast(first)
    norms = trained.layer.weights.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(8), rtol=1e-4, atol=1e-4)
    assert float(trained.layer.theta.mean()) == pytest.approx(params.theta, rel=1e-3)  # zero-sum
    assert filter_images(trained.layer, params).shape == (8, 2, 5, 5)


def test_random_filters_win_equally_often_once_thresholds_have_settled(images: np.ndarray) -> None:
    params = replace(SMALL, filters=32)
    first = first_layers(images, params)
    wins = all_counts(first, images, replace(params, winners=1)).reshape(60, 4, 32)
    totals = wins.sum(axis=(0, 1))
    assert totals.min() > 0  # no handicap by silent filters
    assert totals.std() / totals.mean() < 0.5


def test_a_resumed_run_ends_as_if_it_had_never_stopped(images: np.ndarray) -> None:
    params = replace(SMALL, filters_2=4, grid=2, filter_size=3, epochs=2)
    all_of_them = list(train(images, params, every_s=0.0))
    assert [len(s.layers) for s in all_of_them[11:13]] == [1, 2]  # 12 batches each
    for stop in (4, 11, 17):
        resumed = last(images, params, resume=all_of_them[stop])
        for ours, theirs in zip(resumed.layers, all_of_them[-1].layers, strict=True):
            assert torch.equal(ours.weights, theirs.weights)
            assert torch.equal(ours.theta, theirs.theta)
    with pytest.raises(ValueError, match="resume must come from a run with the same parameters"):
        last(images, replace(params, filters=10), resume=all_of_them[4])
    more = replace(params, epochs=3)
    assert last(images, more, resume=all_of_them[11]).total == 3 * 2 * 60  # only one layer so far
    with pytest.raises(ValueError, match="epochs cannot be changed once the second layer learns"):
        last(images, more, resume=all_of_them[12])
    with pytest.raises(ValueError, match=r"at most 60 presentations, got .* and 120"):
        last(images, replace(params, epochs=1), resume=all_of_them[11])


def test_the_second_layer_sees_first_spikes_and_adds_its_counts(images: np.ndarray) -> None:
    look = Shape(2, 8, 8, 5)  # 4 × 4 locations
    filters = torch.full((1, 16, 2), -1, dtype=torch.int16)
    steps = filters.clone()
    filters[0, 0, 0], steps[0, 0, 0] = 1, 7
    filters[0, 5, 0], steps[0, 5, 0] = 1, 3  # the same field of 2 × 2
    filters[0, 15, 0], steps[0, 15, 0] = 0, 9
    first = earliest(Wins(filters, steps), 2, look, 2).reshape(2, 4)
    assert first.tolist() == [[0, 0, 0, 10], [4, 0, 0, 0]]
    params = replace(SMALL, filters_2=4, filter_size=3)
    snapshot = last(images, params)
    counted = all_counts(snapshot.layers, images, params)
    assert counted.shape == (60, (6 + 4) * 4)
    assert (
        counted[:, :24] == all_counts(snapshot.layers[:1], images, replace(params, filters_2=0))
    ).all()
    assert counted[:, 24:].sum() > 0
    untrained = first_layers(images, params)[1].weights
    assert float((snapshot.layers[1].weights - untrained).abs().max()) > 0.1


@pytest.mark.parametrize("rule", ["trace", "pair_multiplicative", "exponential", "seed"])
def test_other_rules_move_the_filters_too(images: np.ndarray, rule: str) -> None:
    params = replace(SMALL, rule=rule)
    moved, frozen = (
        last(images, params),
        last(images, replace(params, rate_first=0.0, rate_last=0.0)),
    )
    assert bool(torch.isfinite(moved.layer.weights).all())
    assert float((moved.layer.weights - frozen.layer.weights).abs().max()) > 0.01


def test_black_pictures_and_single_ones_are_learnt_from_without_harm() -> None:
    black = np.zeros((3, 12, 12), np.uint8)
    snapshot = last(black, SMALL)
    assert snapshot.silent == 1.0 and math.isnan(snapshot.first_spike_ms)
    assert bool(torch.isfinite(snapshot.layer.weights).all())
    assert (snapshot.layer.theta == SMALL.theta).all()
    assert all_counts(snapshot.layers, black, SMALL).sum() == 0
    two = replace(SMALL, filters=2, filters_2=2, filter_size=3)
    assert all_counts(last(black[:1], two).layers, black[:1], two).shape == (1, 16)


def test_thresholds_too_high_for_any_spike_fall_until_there_are_some(images: np.ndarray) -> None:
    high = replace(SMALL, theta=20.0, theta_rate=0.1)
    snapshots = list(train(images, replace(high, epochs=3), every_s=0.0))
    assert snapshots[0].silent == 1.0 and snapshots[-1].silent < 0.9
    with pytest.raises(ValueError, match=r"no filter of layer 1 ever spiked.* lower theta \(20\)"):
        last(images, replace(high, theta_rate=0.0))


def test_one_batch_moves_thresholds_by_a_few_steps_at_most(images: np.ndarray) -> None:
    wins = torch.zeros(100, dtype=torch.int64)
    wins[3] = 2000
    step = _excess(wins, True)
    assert float(step.max()) == pytest.approx(EXCESS * 0.99)
    assert float(step.sum()) == pytest.approx(0.0, abs=1e-4)  # zero-sum
    wins[3] = 1  # a single spike is no reason for the step of a hundred
    assert float(_excess(wins, True).max()) == pytest.approx(0.99)
    assert (_excess(wins * 0, True) == -1).all() and (_excess(wins * 0, False) == 0).all()


def test_memory_knows_the_second_layer_and_long_pictures() -> None:
    two = replace(SMALL, filters=64, filters_2=8, batch=2000, grid=2)
    large_batch = memory_bytes(two, 100, 28, 28) - memory_bytes(
        replace(two, filters_2=0), 100, 28, 28
    )
    assert large_batch > 2000 * 64 * 12 * 12 * 4  # what the second layer sees of a batch
    with pytest.raises(ValueError, match="2,147,483,647 can be numbered: take smaller pictures"):
        feature_count(replace(POISSON, filter_size=15, feature_steps=1000), 100, 100)


def test_what_cannot_be_is_refused_with_its_cure() -> None:
    with pytest.raises(ValueError, match=r"filter_size must be <= 8 for images of 8×8 px, got 9"):
        feature_count(replace(SMALL, filter_size=9), 8, 8)
    with pytest.raises(ValueError, match="grid must be <= 4"):
        feature_count(replace(SMALL, grid=5), 8, 8)
    with pytest.raises(ValueError, match="a second layer needs at least 2 × 2 locations"):
        feature_count(replace(SMALL, filters_2=4), 8, 8)
    with pytest.raises(ValueError, match="at least one image"):
        last(np.empty((0, 12, 12), np.uint8), SMALL)
    large = replace(SMALL, filters=512, filter_size=15, grid=10)
    assert memory_bytes(large, 60_000, 28, 28) > 60_000 * feature_count(large, 28, 28)


@pytest.mark.parametrize(("dataset", "side"), [("mnist", 28), ("fashion", 28), ("digits", 8)])
def test_recommended_settings_fit_the_pictures_of_their_data_set(dataset: str, side: int) -> None:
    params = recommended_conv(16, dataset)
    assert feature_count(params, side, side) == 16 * params.grid**2


def test_a_process_without_a_part_sees_no_pictures() -> None:
    """Of nine processes that share the 32 patches of one picture, the last has none."""
    layers = first_layers(np.zeros((2, 12, 12), np.uint8), SMALL)
    look = shapes(SMALL, 12, 12)[0]
    nobody, draw = np.empty(0, np.int64), Draw(0, 0, torch.empty(0, dtype=torch.int64))
    values = _seen_by(layers, np.zeros((0, 12, 12), np.uint8), draw, SMALL, 0)
    assert values.shape == (0, 2 * 144)
    assert _patches(values, look, 0, nobody, 0).shape == (0, look.taps)
