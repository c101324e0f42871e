"""The map of basins: order of the cells, both borders, own pictures, refused sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snncore.hopfield import theory
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RuleParams
from snncore.recall_lab.basin import BasinParams, basin
from snncore.recall_lab.trials import coarse_to_fine, fair_patterns, spread

SMALL = BasinParams(n=200, load_to=0.4, columns=4, rows=4, probes=8, steps=15)
HEBB = RuleParams(rule="hebb")


def last(steps):
    *_, step = steps
    return step


def test_cells_come_from_coarse_to_fine_and_each_once() -> None:
    cells = coarse_to_fine(17, 9)
    assert len(cells) == len(set(cells)) == 17 * 9
    assert cells[:6] == [(0, 0), (8, 0), (16, 0), (0, 8), (8, 8), (16, 8)]
    fourths = cells[6 : 5 * 3]
    assert all(row % 4 == 0 and column % 4 == 0 for row, column in fourths)


def test_probes_are_spread_over_all_pictures() -> None:
    assert spread(3, 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert spread(10, 5).tolist() == [0, 2, 4, 6, 8]


def test_hebb_recalls_few_patterns_from_afar_and_many_from_nowhere() -> None:
    snapshots = list(basin(SMALL, HEBB, seed=2))
    assert [s.done for s in snapshots] == list(range(1, 17))
    assert [int(np.isfinite(s.recalled).sum()) for s in snapshots] == list(range(1, 17))
    found = snapshots[-1]
    assert found.counts.tolist() == [20, 40, 60, 80]
    assert found.loads[-1] == pytest.approx(0.4)
    assert found.flips.tolist() == pytest.approx([0, 1 / 6, 1 / 3, 0.5])
    assert found.recalled[0, 0] >= 0.6
    assert found.recalled[0, -1] == 0.0  # 0.4 is far beyond 0.138
    assert found.recalled[-1].max() <= 0.25  # half of the pixels flipped: nothing left
    assert found.bound[1, 2] == pytest.approx(theory.ml_exact(60, 200, 1 / 6))
    assert found.bound[-1, 1] == pytest.approx(1 / 40, abs=0.001)


def test_softmax_memory_is_at_the_bound_everywhere() -> None:
    """8 probes a cell, 16 cells: the mean has a standard error below 0.05."""
    found = last(basin(SMALL, RuleParams(rule="modern"), seed=1))
    assert float((found.recalled - found.bound).mean()) == pytest.approx(0.0, abs=0.15)
    assert found.recalled[:2].min() == 1.0


def test_own_pictures_are_stored_one_more_in_each_column() -> None:
    own = fair_patterns(12, 64, 5)._replace(shape=(8, 8))
    twice = own._replace(states=torch.cat([own.states[:6], own.states[:6]]))
    found = last(basin(SMALL, RuleParams(rule="pseudo-inverse"), twice, seed=1))
    assert found.own
    assert found.n == 64
    assert found.counts.tolist() == [1, 5, 8, 12]
    assert found.recalled[0].tolist() == [1.0] * 4
    assert found.bound[0].tolist() == [1.0] * 4  # a picture stored twice counts as found
    assert found.bound[-1, -1] < 0.6


def test_what_it_cannot_do_is_refused_at_the_call() -> None:
    grey = Patterns(torch.rand(3, 16), (4, 4), ("a", "b", "c"), "grey")
    with pytest.raises(ValueError, match="binary"):
        basin(SMALL, HEBB, grey)
    large = BasinParams(n=2000, load_to=2.0, columns=33, rows=33, probes=100, steps=100)
    with pytest.raises(ValueError, match="fewer cells"):
        basin(large, HEBB)
    with pytest.raises(ValueError, match="2,000"):
        basin(
            BasinParams(n=2000, load_to=1.5, columns=2, rows=2, probes=2),
            RuleParams(rule="storkey"),
        )
