"""The energy between two pictures: closed forms of Hebb's rule, places, ways and barriers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snncore.hopfield.dynamics import DynamicsParams
from snncore.hopfield.noise import NoiseParams, damage
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RuleParams
from snncore.recall_lab.landscape import Landscape, LandscapeParams, landscape, plane
from snncore.recall_lab.trials import fair_patterns

HEBB = RuleParams(rule="hebb")


def last(steps) -> Landscape:
    *_, step = steps
    return step


def test_two_pictures_of_hebb_have_the_energy_of_their_overlaps() -> None:
    """E/N = -(m_a² + m_b²)/2 + P/2N (P = 2): every state at a place has it, so no spread."""
    patterns = fair_patterns(2, 400, 1)
    found = last(landscape(patterns, LandscapeParams(cells=21), HEBB))
    x, y = np.meshgrid(found.x, found.y)
    inside = np.isfinite(found.energy)
    expected = -0.5 * (x**2 + y**2) + 1 / 400
    # a place stands for the nearest state, at most half a cell away along each axis
    off = np.abs(found.energy - expected)[inside]
    assert off.max() < 0.05 * 2 + 0.01
    assert np.median(off) < 0.01
    assert found.spread[inside].max() < 1e-6
    between = float(patterns.states[0].float() @ patterns.states[1].float()) / 400
    assert found.first_at == pytest.approx((1.0, between))
    # no state agrees wholly with both
    assert np.isnan(found.energy[-1, -1])
    assert inside.mean() == pytest.approx(0.5, abs=0.12)  # half of the square, with nearly
    assert found.done == found.total == 441  # orthogonal pictures


def test_way_between_two_pictures_climbs_to_the_middle() -> None:
    """m_a falls from 1 to c while m_b rises from c to 1, c = a·b/N: the top is half way."""
    patterns = fair_patterns(2, 400, 1)
    path = last(landscape(patterns, LandscapeParams(cells=5), HEBB)).path
    a, b = patterns.states.double()
    c = float(a @ b) / 400
    assert path.distance == int((a != b).sum())
    m_a = 1 - path.position * (1 - c)
    m_b = c + path.position * (1 - c)
    assert path.energy == pytest.approx(-0.5 * (m_a**2 + m_b**2) + 1 / 400, abs=1e-5)
    top = -0.25 * (1 + c) ** 2
    assert path.barrier_first == pytest.approx(top + 0.5 * (1 + c * c), abs=1e-4)
    assert path.barrier_second == pytest.approx(path.barrier_first, abs=1e-6)


def test_energies_are_those_of_the_dense_matrix_where_other_pictures_matter() -> None:
    patterns = fair_patterns(30, 100, 2)
    found = last(landscape(patterns, LandscapeParams(first=3, second=7, cells=5, orders=4), HEBB))
    s = patterns.states.double().numpy()
    w = s.T @ s / 100
    np.fill_diagonal(w, 0)
    ends = [-0.5 * s[k] @ w @ s[k] / 100 for k in (3, 7)]
    assert found.path.energy[[0, -1]] == pytest.approx(ends, abs=1e-5)
    assert found.path.low[0] == pytest.approx(found.path.high[0])
    assert (found.path.low <= found.path.energy + 1e-9).all()
    middle = len(found.path.energy) // 2
    assert found.path.low[middle] < found.path.high[middle]
    assert np.nanmax(found.spread) > 1e-3
    # the middle of the map is a state without overlap with either
    assert found.energy[2, 2] > max(ends) + 0.2


def test_way_of_a_recall_starts_at_the_probe_and_ends_at_the_picture() -> None:
    patterns = fair_patterns(3, 400, 4)
    probe = damage(patterns, NoiseParams("flip", 0.3), targets=torch.tensor([1]), seed=5)
    how = DynamicsParams(update="async", steps=10)
    params = LandscapeParams(first=1, second=2, cells=5)
    found = last(landscape(patterns, params, HEBB, probe, how))
    assert found.way is not None
    assert found.way_energy is not None
    start = float(probe.values[0] @ patterns.states[1].float()) / 400
    assert found.way[0, 0] == pytest.approx(start)
    assert found.way[0, 0] == pytest.approx(0.4, abs=0.15)
    assert found.way[-1] == pytest.approx(found.first_at)
    assert (np.diff(found.way_energy) <= 1e-6).all()
    assert found.way_energy[-1] == pytest.approx(found.path.energy[0], abs=1e-6)
    same = plane(patterns, 1, 2, patterns.states[[1, 2]])
    assert same[0] == pytest.approx(found.first_at)
    assert same[1] == pytest.approx(found.second_at)


def test_grey_memory_has_a_plane_of_mixtures() -> None:
    grey = torch.rand(4, 64, generator=torch.Generator().manual_seed(1))
    patterns = Patterns(grey, (8, 8), tuple("abcd"), "grey")
    rule = RuleParams(rule="modern", beta=60.0)
    probe = damage(patterns, NoiseParams("gaussian", 0.1), targets=torch.tensor([0]), seed=5)
    found = last(landscape(patterns, LandscapeParams(cells=7), rule, probe))
    assert found.axes == "share"
    assert found.x[[1, 5]].tolist() == pytest.approx([0.0, 1.0])
    assert np.isfinite(found.energy).all()
    assert found.energy[1, 5] < found.energy[3, 3]  # picture a lies below the middle
    assert found.energy[5, 1] < found.energy[5, 5]
    assert found.path.energy[[0, -1]] == pytest.approx(
        [found.energy[1, 5], found.energy[5, 1]], abs=1e-4
    )
    assert found.path.barrier_first > 0
    assert found.way is not None
    assert found.way[-1] == pytest.approx([1.0, 0.0], abs=0.05)


@pytest.mark.parametrize("rule", ["storkey", "pseudo-inverse", "dam", "exponential", "covariance"])
def test_stored_pictures_lie_in_valleys_of_every_rule(rule: str) -> None:
    patterns = fair_patterns(5, 100, 1)
    path = last(landscape(patterns, LandscapeParams(cells=5), RuleParams(rule=rule))).path
    assert path.barrier_first > 0.005
    assert path.barrier_second > 0.005
    assert np.isfinite(path.energy).all()


def test_pieces_add_up_to_the_whole(monkeypatch) -> None:
    patterns = fair_patterns(6, 60, 1)
    whole = last(landscape(patterns, LandscapeParams(cells=9), HEBB, seed=3))
    monkeypatch.setattr("snncore.recall_lab.landscape.BATCH", 1e5)
    parts = list(landscape(patterns, LandscapeParams(cells=9), HEBB, seed=3))
    assert len(parts) > 2
    assert np.isnan(parts[0].energy[-2]).all()
    np.testing.assert_array_equal(parts[-1].energy, whole.energy)


def test_pictures_that_are_not_there_or_equal_are_named() -> None:
    patterns = fair_patterns(3, 50, 0)
    with pytest.raises(ValueError, match="second must be < 3"):
        landscape(patterns, LandscapeParams(second=3), HEBB)
    with pytest.raises(ValueError, match="equal"):
        landscape(patterns, LandscapeParams(first=1, second=1), HEBB)
    with pytest.raises(ValueError, match="cells must be fewer"):
        many = patterns._replace(
            states=fair_patterns(10_000, 784, 0).states, shape=(28, 28), names=("",) * 10_000
        )
        landscape(many, LandscapeParams(cells=101, orders=8), HEBB)


def test_a_recall_that_cannot_be_is_named_at_the_call() -> None:
    patterns = fair_patterns(3, 50, 0)
    small = damage(fair_patterns(3, 40, 0), NoiseParams("flip", 0.1), seed=0).rows(slice(0, 1))
    with pytest.raises(ValueError, match="probe must be one picture of 50 numbers"):
        landscape(patterns, LandscapeParams(), HEBB, small)
    probe = damage(patterns, NoiseParams("flip", 0.1), seed=0).rows(slice(0, 1))
    with pytest.raises(ValueError, match="update must be sync or block for modern"):
        how = DynamicsParams(update="async")
        landscape(patterns, LandscapeParams(), RuleParams(rule="modern"), probe, how)
