"""Blob classification by spike count against closed forms, controls and the best possible."""

import math

import numpy as np
import pytest
import torch

from snncore import neurons
from snncore.blobs import (
    BlobParams,
    _activity,
    _integrate,
    _integrate_torch,
    _winners,
    channels,
    classify,
    decision_map,
    firing_period,
    iso_drives,
    iso_lines,
    make_blobs,
    random_weights,
    respond,
)

SMALL = BlobParams(n_points=60, n_steps=40, epochs=20)


def count_under(drive: torch.Tensor, beta: float, steps: int) -> torch.Tensor:
    """Counts of neurons whose only drive is the constant `drive` [K]."""
    weights = torch.zeros(len(drive), 4)
    weights[:, :2] = drive[:, None]  # x + (1 − x) = 1
    activity = torch.tensor([0.25, 0.75, 0.0, 0.0]).view(1, 1, 4)
    params = BlobParams(beta=beta, n_steps=steps)
    return _integrate(activity, weights, params)[0][0]


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.8, 0.95])
def test_constant_drive_gives_the_count_of_the_closed_form(beta):
    drive = torch.linspace(0.01, 1.5, 701)
    counts = count_under(drive, beta, 100)
    edges = np.array(iso_drives(beta, 100) if beta else [1.0])
    reached = {0}
    for current, count in zip(drive.tolist(), counts.tolist(), strict=True):
        if np.abs(edges / current - 1).min() < 1e-5:
            continue  # within rounding of a step of the staircase
        period = firing_period(current, beta)
        assert count == (0 if math.isinf(period) else 100 // int(period))
        reached.add(count)
    assert len(reached) >= (2 if beta == 0 else 6)


def test_staircase_has_the_known_steps_and_reachable_counts():
    known = [1, 0.555556, 0.409836, 0.338753, 0.297477, 0.271056]
    np.testing.assert_allclose(iso_drives(0.8, 6), known, atol=5e-7)
    counts = count_under(torch.linspace(0, 2, 2001), 0.8, 10)
    assert sorted(set(counts.tolist())) == [0, 1, 2, 3, 5, 10]


def test_silent_up_to_the_rheobase():
    assert firing_period(0.5, 0.5) == math.inf  # would need infinitely many steps
    assert firing_period(0.5001, 0.5) == math.ceil(math.log(1 - 0.5 / 0.5001) / math.log(0.5))
    assert count_under(torch.tensor([0.499, 0.501]), 0.5, 200).tolist() == [0, 200 // 9]


@pytest.mark.parametrize("encoder", ["rate", "constant"])
@pytest.mark.parametrize("beta", [0.0, 0.8, 0.99])
def test_fused_loop_gives_the_bits_of_the_definition(encoder, beta):
    params = BlobParams(n_points=300, n_steps=60, encoder=encoder, beta=beta, n_classes=4)
    activity = _activity(torch.from_numpy(make_blobs(params).train_points), params, 0)
    weights = 3 * random_weights(params) - 0.3
    counts, potentials = _integrate(activity, weights, params)
    expected = _integrate_torch(activity, weights, params)
    assert torch.equal(counts, expected[0]) and torch.equal(potentials, expected[1])
    assert counts.dtype == torch.int64 and int(counts.sum()) > 0


def test_class_neuron_is_the_lif_neuron_of_the_library():
    beta, dt = 0.8, 1.0
    params = neurons.LIFParams(
        tau_m=-dt / math.log(beta),
        r_m=1 / (1 - beta),
        v_rest=0,
        v_reset=0,
        v_th=1,
        t_ref=0,
        timing="grid",
    )
    drive = torch.linspace(0.05, 1.2, 47)
    state, total = neurons.lif_init((1, 47), params), torch.zeros(1, 47, dtype=torch.int64)
    for _ in range(60):
        spikes, state = neurons.lif_step(drive[None], state, params, dt)
        total += spikes
    assert torch.equal(total[0], count_under(drive, beta, 60))
    assert len(set(total[0].tolist())) > 5


def test_points_lie_in_the_square_around_their_centres_in_equal_classes():
    params = BlobParams(n_classes=4, n_points=2000, spread=0.1)
    blobs = make_blobs(params)
    for points, labels in (
        (blobs.train_points, blobs.train_labels),
        (blobs.test_points, blobs.test_labels),
    ):
        assert points.shape == (2000, 2)
        assert points.min() >= 0 and points.max() <= 1
        assert np.bincount(labels).tolist() == [500] * 4
        for k in range(4):
            cloud = points[labels == k]
            # standard error 0.1/√500 = 0.0045; the cut at the edge shifts and narrows a little
            np.testing.assert_allclose(cloud.mean(axis=0), blobs.centres[k], atol=0.03)
            np.testing.assert_allclose(cloud.std(axis=0), 0.1, atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(blobs.centres - 0.5, axis=1), 0.27, atol=1e-6)


def test_training_and_test_points_differ_and_depend_on_the_seed():
    a, b = make_blobs(SMALL), make_blobs(BlobParams(**{**SMALL.to_dict(), "seed": 1}))
    assert not np.isin(a.test_points, a.train_points).all(axis=1).any()
    assert not np.isin(b.train_points, a.train_points).all(axis=1).any()
    assert np.array_equal(a.train_points, make_blobs(SMALL).train_points)


@pytest.mark.parametrize("encoder", ["rate", "constant"])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_learnt_weights_come_near_the_best_possible_and_beat_the_controls(encoder, n_classes):
    results = [
        classify(BlobParams(n_classes=n_classes, encoder=encoder, seed=seed, spread=0.07))
        for seed in range(2)
    ]
    test = np.mean([r.test_accuracy for r in results])
    best = np.mean([r.nearest_centre_accuracy for r in results])
    control = np.mean([r.control_accuracy for r in results])
    # 400 points: standard error of a difference near 0.97 is about 0.01
    assert test > best - 0.04
    assert np.mean([r.train_accuracy for r in results]) > best - 0.04
    assert test > control + 0.15
    assert results[0].chance == pytest.approx(1 / n_classes, abs=0.01)
    assert all(0 <= r.control_accuracy <= 1 for r in results)


def test_no_learning_means_random_weights_and_the_control():
    result = classify(BlobParams(epochs=0))
    assert np.array_equal(result.weights, random_weights(BlobParams()).numpy())
    assert result.test_accuracy <= result.control_accuracy + 0.1


def test_same_seed_same_result():
    a, b = classify(SMALL), classify(SMALL)
    assert np.array_equal(a.weights, b.weights)
    assert np.array_equal(a.test.counts, b.test.counts)


def test_response_of_a_batch_equals_its_points_one_by_one():
    weights = torch.from_numpy(classify(SMALL).weights)
    points = torch.from_numpy(make_blobs(SMALL).test_points[:6])
    before = points.clone()
    together = respond(points, weights, SMALL, first_sample=40)
    for i in range(6):
        alone = respond(points[i : i + 1], weights, SMALL, first_sample=40 + i)
        for a, b in zip(together, alone, strict=True):
            assert np.array_equal(a[i : i + 1], b)
    assert torch.equal(points, before)


def test_equal_counts_are_decided_by_the_potential():
    counts = torch.tensor([[3, 3, 1], [0, 0, 0], [5, 4, 4]])
    potentials = torch.tensor([[0.1, 0.4, 0.9], [-2.0, -1.0, -3.0], [0.0, 0.9, 0.9]])
    assert _winners(counts, potentials).tolist() == [1, 1, 0]


def test_constant_map_has_its_edges_on_the_lines_of_equal_count():
    params = BlobParams(encoder="constant", n_classes=2)
    weights = classify(params).weights
    counts = decision_map(weights, params, 32).counts
    axis = (np.arange(32) + 0.5) / 32
    x, y = (a.ravel() for a in np.meshgrid(axis, axis))
    values = channels(torch.tensor(np.stack([x, y], axis=1))).numpy()
    drives = values @ weights.T.astype(np.float64)
    edges = np.array(iso_drives(params.beta, params.n_steps))
    seen = set()
    for drive, count in zip(drives.ravel(), counts.ravel(), strict=True):
        if np.abs(drive - edges).min() < 1e-5:
            continue
        period = firing_period(float(drive), params.beta)
        expected = 0 if math.isinf(period) else params.n_steps // int(period)
        assert count == expected
        seen.add(expected)
    assert len(seen) >= 4


def test_lines_of_equal_count_lie_where_the_drive_is_theirs():
    params = BlobParams(encoder="constant", n_classes=3)
    weights = classify(params).weights
    lines = [line for k in range(3) for line in iso_lines(weights, params, k)]
    assert len(lines) >= 6
    for k in range(3):
        for period, count, *ends in iso_lines(weights, params, k):
            at = channels(torch.tensor(ends).view(2, 2)).numpy().astype(np.float64)
            assert ((at >= -1e-9) & (at <= 1 + 1e-9)).all()
            np.testing.assert_allclose(
                at @ weights[k].astype(np.float64), iso_drives(params.beta, period)[-1], atol=1e-5
            )
            assert count == params.n_steps // period


def test_map_agrees_with_the_points_it_is_drawn_under():
    params = BlobParams(spread=0.05)
    result = classify(params)
    classes = decision_map(result.weights, params, 40).winners.reshape(40, 40)
    cells = (result.blobs.test_points * 40).astype(int).clip(0, 39)
    mapped = classes[cells[:, 1], cells[:, 0]]
    assert np.mean(mapped == result.blobs.test_labels) > 0.93


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: channels(torch.zeros(3)), r"points must be \[S, 2\]"),
        (lambda: respond(torch.zeros(1, 2), torch.zeros(3, 3), SMALL), r"weights must be \[K, 4\]"),
        (lambda: respond(torch.full((1, 2), 1.5), torch.zeros(2, 4), SMALL), "points must be in"),
        (lambda: BlobParams(n_classes=5), "n_classes must be <= 4"),
        (lambda: BlobParams(spread=float("nan")), "spread must be finite"),
        (lambda: BlobParams(encoder="morse"), "encoder must be one of rate, constant"),
        (lambda: BlobParams(n_points=-1), "n_points must be >= 20"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("beta", [0.5, 0.8, 0.9, 0.95])
def test_the_period_at_its_own_boundaries_is_the_one_that_begins_there(beta: float) -> None:
    drives = iso_drives(beta, 12)
    assert [firing_period(drive, beta) for drive in drives] == [float(n) for n in range(1, 13)]


def test_each_accuracy_is_that_of_its_own_points() -> None:
    """Overlapping blobs, so that training and test accuracy differ and cannot stand in."""
    result = classify(BlobParams(n_points=300, n_steps=40, epochs=20, spread=0.2, seed=1))
    own = [
        float(np.mean(response.winners == labels))
        for response, labels in (
            (result.train, result.blobs.train_labels),
            (result.test, result.blobs.test_labels),
        )
    ]
    assert own[0] != own[1]
    assert [result.train_accuracy, result.test_accuracy] == own
