"""States that nobody stored: the published mixtures, their energies, and how ends are named."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RuleParams
from snncore.recall_lab.spurious import KINDS, TITLES, Spurious, SpuriousParams, spurious
from snncore.recall_lab.trials import fair_patterns

HEBB = RuleParams(rule="hebb")


def last(steps) -> Spurious:
    *_, step = steps
    return step


def test_hebb_ends_in_pictures_negatives_and_mixtures_of_known_energy() -> None:
    """Three patterns: -0.5 for a picture and its negative, -0.375 and overlap ½ for a mixture
    (AGS 1985); 2,500 pixels, so overlaps of patterns are below 3/50."""
    patterns = fair_patterns(3, 2500, 1)
    found = last(spurious(SpuriousParams(starts=120), HEBB, patterns, seed=2))
    names = {name: found.share[KINDS.index(name)] for name in KINDS}
    assert sum(names.values()) == pytest.approx(1.0)
    assert names["stored"] + names["near"] > 0.1
    assert names["inverted"] > 0.1
    assert names["mixture3"] > 0.02
    assert names["mixture5"] == names["cycle"] == names["moving"] == 0.0
    assert found.kind_energy[KINDS.index("inverted")] == pytest.approx(-0.5, abs=0.01)
    mixtures = [k for k, name in enumerate(found.kind) if name == "mixture3"]
    for k in mixtures:
        assert found.energy[k] == pytest.approx(-0.375, abs=0.03)
        assert abs(found.overlap[k]) == pytest.approx(0.5, abs=0.06)
        assert found.mix[k] == (0, 1, 2)
    stored = [k for k, name in enumerate(found.kind) if name == "stored"]
    for k in stored:
        assert (found.states[k] == patterns.states[found.nearest[k]].numpy()).all()
    assert found.counts.sum() == 120
    assert found.found == len(found.counts) == found.kind_states.sum()
    assert (np.diff(found.counts) <= 0).all()
    assert len({row.tobytes() for row in found.states}) == found.found


def test_mixtures_of_three_are_stable_without_noise() -> None:
    """sign(± ξ¹ ± ξ² ± ξ³) of seven patterns: nearly all stay (AGS 1985: stable below T = 0.46)."""
    patterns = fair_patterns(7, 4000, 3)
    found = last(spurious(SpuriousParams(starts=40, start="mixture"), HEBB, patterns))
    assert found.share[KINDS.index("mixture3")] > 0.9
    assert all(len(set(mix)) == 3 for mix in found.mix if mix)


def test_starts_near_a_picture_find_it() -> None:
    patterns = fair_patterns(4, 1600, 5)
    found = last(spurious(SpuriousParams(starts=40, start="noise"), HEBB, patterns))
    assert found.share[KINDS.index("stored")] + found.share[KINDS.index("near")] > 0.8
    assert set(found.nearest[:4].tolist()) == {0, 1, 2, 3}


def test_dense_memory_has_no_negatives() -> None:
    """F = max(x, 0)ⁿ: the energy of -ξ is the highest, not the lowest."""
    patterns = fair_patterns(4, 400, 6)
    rule = RuleParams(rule="dam", degree=3)
    found = last(spurious(SpuriousParams(starts=60), rule, patterns))
    assert found.share[KINDS.index("inverted")] == 0.0
    assert found.share[KINDS.index("stored")] > 0.5


def test_beyond_capacity_most_ends_are_glass() -> None:
    patterns = fair_patterns(60, 200, 7)
    found = last(spurious(SpuriousParams(starts=60), HEBB, patterns))
    assert found.share[KINDS.index("other")] > 0.5
    assert found.found > 40


def test_all_pixels_at_once_may_end_in_a_cycle_and_few_steps_nowhere() -> None:
    patterns = fair_patterns(40, 200, 0)
    sync = last(spurious(SpuriousParams(starts=80, update="sync"), HEBB, patterns))
    assert sync.share[KINDS.index("cycle")] > 0.02
    short = last(spurious(SpuriousParams(starts=20, steps=1), HEBB, patterns))
    assert short.share[KINDS.index("moving")] > 0.9


def test_batches_add_up_and_snapshots_stay(monkeypatch) -> None:
    whole = last(spurious(SpuriousParams(starts=20), HEBB, seed=4))
    assert whole.shape == (32, 32)
    assert whole.states.shape[1] == 1024
    monkeypatch.setattr("snncore.recall_lab.spurious.BATCH", 4.0)
    parts = list(spurious(SpuriousParams(starts=20), HEBB, seed=4))
    assert [part.done for part in parts] == list(range(1, 21))
    assert parts[0].counts.tolist() == [1]
    assert parts[-1].counts.tolist() == whole.counts.tolist()
    assert (parts[-1].states == whole.states).all()


def test_one_and_two_pictures_have_no_mixtures_to_look_for() -> None:
    for count in (1, 2):
        for start in ("random", "mixture", "noise"):
            patterns = fair_patterns(count, 100, 1)
            found = last(spurious(SpuriousParams(starts=10, start=start), HEBB, patterns))
            assert found.done == 10
            assert not any(found.mix)


def test_what_it_cannot_do_is_refused_at_the_call() -> None:
    assert set(TITLES) == set(KINDS)
    grey = Patterns(torch.rand(3, 16), (4, 4), ("a", "b", "c"), "grey")
    with pytest.raises(ValueError, match="binary"):
        spurious(SpuriousParams(), HEBB, grey)
    with pytest.raises(ValueError, match="black and white"):
        spurious(SpuriousParams(), RuleParams(rule="modern"))
    many = fair_patterns(1500, 4000, 0)
    with pytest.raises(ValueError, match="starts must be"):
        spurious(SpuriousParams(starts=5000, steps=500), HEBB, many)
