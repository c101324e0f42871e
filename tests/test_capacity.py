"""The capacity laboratory: simulated points against theory that does not know the code."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from snncore.hopfield import theory
from snncore.hopfield.rules import RuleParams
from snncore.recall_lab.capacity import (
    CapacityParams,
    capacity,
    capacity_theory,
    default_params,
    point_counts,
    unit,
)
from snncore.recall_lab.trials import fair_patterns

HEBB = RuleParams(rule="hebb")


def last(steps):
    *_, step = steps
    return step


def test_random_patterns_are_fair_independent_and_nested() -> None:
    states = fair_patterns(200, 1001, seed=3).states
    assert states.shape == (200, 1001)
    assert set(states.unique().tolist()) == {-1, 1}
    assert abs(float(states.float().mean())) < 4 / (200 * 1001) ** 0.5
    overlaps = (states.float() @ states.float().T)[~torch.eye(200, dtype=torch.bool)]
    assert float((overlaps**2).mean()) / 1001 == pytest.approx(1.0, abs=0.03)  # 20,000 pairs
    columns = states.float().mean(dim=0)
    assert float(columns.abs().max()) < 5 / 200**0.5
    assert (fair_patterns(50, 1001, seed=3).states == states[:50]).all()
    assert (fair_patterns(50, 1001, seed=3, number=1).states != states[:50]).any()


def test_first_step_and_breakdown_of_hebb_follow_theory() -> None:
    params = CapacityParams(n=600, load_from=0.05, load_to=0.25, points=3, probes=40, steps=20)
    snapshots = list(capacity(params, HEBB, seed=1))
    found = snapshots[-1]
    assert found.counts.tolist() == [30, 90, 150]
    assert found.done == found.total == 3
    curve = capacity_theory(params, HEBB)
    assert curve.first_step is not None
    assert curve.ags is not None
    expected = np.interp(found.loads, curve.loads, curve.first_step)
    # 24,000 pixels: the standard error comes with the point; 1e-4 for what a point without any
    # wrong pixel cannot know
    assert (np.abs(found.first_step - expected) < 4 * found.first_step_error + 1e-4).all()
    assert found.first_step[2] > 0.01
    assert found.overlap[0] == pytest.approx(1.0, abs=1e-3)
    assert found.overlap[2] < 0.6  # beyond 0.138
    assert found.exact[0] == pytest.approx(1.0, abs=0.1)
    assert found.exact[2] == 0.0
    assert curve.ags[-1] == 0.0
    assert snapshots[0].done == 0  # one set of patterns of ten
    assert np.isnan(snapshots[0].overlap[1:]).all()  # a snapshot is not changed afterwards


def test_hebb_breaks_down_as_a_simulation_of_its_own_says_within_the_errors() -> None:
    """N = 500, 75 patterns: a plain matrix, other random numbers."""
    params = CapacityParams(n=500, load_from=0.15, load_to=0.16, points=2, probes=30)
    found = last(capacity(params, HEBB, seed=0))
    generator = np.random.default_rng(1)
    means = []
    for _ in range(15):
        x = generator.choice([-1.0, 1.0], (75, 500))
        w = x.T @ x / 500
        np.fill_diagonal(w, 0.0)
        state = x[:10]
        for _ in range(60):
            state = np.where(state @ w >= 0, 1.0, -1.0)
        means.append((state * x[:10]).mean())
    error = np.hypot(np.std(means, ddof=1) / 15**0.5, found.overlap_error[0])
    assert abs(found.overlap[0] - np.mean(means)) < 4 * error


def test_error_bars_are_as_wide_as_seeds_differ() -> None:
    """Near the capacity one set of patterns recalls another share of its probes than the next."""
    params = CapacityParams(n=300, load_from=0.14, load_to=0.15, points=2, probes=30, steps=30)
    runs = [last(capacity(params, HEBB, seed=seed)) for seed in range(12)]
    overlaps = np.array([run.overlap[0] for run in runs])
    stated = np.sqrt(np.mean([run.overlap_error[0] ** 2 for run in runs]))
    # 12 runs know the spread to 1/√22 = 21 %, and the errors themselves are from 10 sets each
    assert 0.6 < stated / overlaps.std(ddof=1) < 1.7


def test_pseudo_inverse_holds_what_hebb_does_not() -> None:
    params = CapacityParams(n=200, load_from=0.3, load_to=0.6, points=2, probes=20, steps=10)
    assert last(capacity(params, RuleParams(rule="pseudo-inverse"))).exact.tolist() == [1.0, 1.0]
    assert last(capacity(params, HEBB)).exact.tolist() == [0.0, 0.0]


def test_dense_memory_errs_as_krotov_and_hopfield_say() -> None:
    rule = RuleParams(rule="dam", degree=3)
    size, _ = unit(100, rule)
    assert size == pytest.approx(2 * 100**2 / (2 * 3 * np.log(100)))
    params = CapacityParams(n=100, load_from=2000 / size, load_to=3000 / size, points=2, probes=150,
                            steps=1)  # fmt: skip
    found = last(capacity(params, rule))
    assert found.counts.tolist() == [2000, 3000]
    # Loops over x³ cut off at 0, three sets of patterns each, gave 0.0330 and 0.0685; one set of
    # patterns differs by some 5 % from the next.
    assert found.first_step == pytest.approx([0.0330, 0.0685], rel=0.2)
    curve = capacity_theory(params, rule)
    assert curve.first_step is not None
    ends = [theory.dam_error(k, 100, 3, rectified=True) for k in (2000, 3000)]
    assert curve.first_step[[0, -1]] == pytest.approx(ends, rel=1e-6)
    assert ends == pytest.approx([0.0339, 0.0680], abs=1e-4)


def test_exponential_memory_reaches_the_bound_of_maximum_likelihood() -> None:
    rule = RuleParams(rule="modern")
    params = dataclasses.replace(default_params(rule), flips=0.1, points=3, probes=100)
    found = last(capacity(params, rule))
    curve = capacity_theory(params, rule)
    bound = np.interp(np.log(found.loads), np.log(curve.loads), curve.ml_exact)
    assert bound[-1] < 0.65 < 0.9 < bound[0]
    error = np.sqrt(bound * (1 - bound) / 100)
    assert (found.exact < bound + 4 * error).all()
    # softmax and argmax differ where two patterns are nearly as likely
    assert (found.exact > bound - 4 * error - 0.1).all()


@pytest.mark.parametrize(
    "rule", ["covariance", "covariance-pixel", "storkey", "exponential", "dam", "modern"]
)
def test_every_rule_has_points_in_its_own_range(rule: str) -> None:
    how = RuleParams(rule=rule, degree=3)
    params = dataclasses.replace(default_params(how), points=2, probes=4, steps=5)
    params = dataclasses.replace(params, load_to=params.load_from * 3)
    found = last(capacity(params, how))
    assert found.done == 2
    assert np.isfinite(found.overlap).all()
    assert found.overlap[0] > 0.8
    assert len(capacity_theory(params, how).limits) >= (rule != "covariance-pixel")


def test_a_point_depends_on_the_seed_only_and_not_on_the_batches(monkeypatch) -> None:
    params = CapacityParams(n=64, load_from=0.1, load_to=0.3, points=2, probes=9, steps=5)
    whole = last(capacity(params, HEBB, seed=5))
    monkeypatch.setattr("snncore.recall_lab.capacity.BATCH", 1.0)
    snapshots = list(capacity(params, HEBB, seed=5))
    assert len(snapshots) == 18
    assert np.array_equal(snapshots[-1].overlap, whole.overlap)
    assert not np.array_equal(last(capacity(params, HEBB, seed=6)).overlap, whole.overlap)


def test_each_probe_has_noise_of_its_own() -> None:
    """One pattern, half of its pixels flipped: each probe falls to it or to its negative."""
    params = CapacityParams(n=64, load_from=1 / 64, load_to=2 / 64, points=2, probes=40, flips=0.5)
    found = last(capacity(params, HEBB))
    assert found.counts[0] == 1
    assert found.overlap_error[0] == pytest.approx(1 / 40**0.5, rel=0.2)


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        ({"load_from": 0.3}, HEBB, "load_from must be < load_to"),
        ({"n": 4000, "load_to": 2.0}, HEBB, "fewer neurons"),
        ({"n": 100}, RuleParams(rule="exponential"), "load_to must be"),
        ({"n": 4000, "load_to": 0.6}, RuleParams(rule="pseudo-inverse"), "2,000"),
        ({"n": 4001}, HEBB, "n must be"),
    ],
)
def test_what_would_take_for_ever_is_refused_with_the_cure(change, rule, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        capacity(CapacityParams(**change), rule)


def test_counts_are_distinct_even_where_loads_are_close() -> None:
    params = CapacityParams(n=10, load_from=0.1, load_to=0.5, points=40)
    assert point_counts(params, HEBB).tolist() == [1, 2, 3, 4, 5]
