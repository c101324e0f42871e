"""Warm networks against the hyperbolic tangent and the lines of AGS."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snncore.hopfield import theory
from snncore.hopfield.dynamics import DynamicsParams
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RuleParams, make_memory
from snncore.recall_lab.temperature import (
    Phase,
    TemperatureParams,
    dial,
    phase,
    phase_theory,
    warm_overlap,
)
from snncore.recall_lab.trials import fair_patterns

HEBB = RuleParams(rule="hebb")
SMALL = TemperatureParams(n=300, load_to=0.24, columns=3, rows=3, probes=6, sweeps=30)


def last(steps) -> Phase:
    *_, step = steps
    return step


@pytest.mark.parametrize("update", ["async", "sync"])
@pytest.mark.parametrize(("t", "m"), [(0.3, 0.9974), (0.5, 0.9575), (0.8, 0.7104), (1.4, 0.0)])
def test_few_patterns_follow_the_hyperbolic_tangent(update: str, t: float, m: float) -> None:
    """m = tanh(m/T); 2,000 pixels × 4 probes × 20 sweeps: fluctuations of some 0.01 at T = 0.8."""
    patterns = fair_patterns(2, 2000, 1)
    how = DynamicsParams(update=update, steps=40, temperature=t)
    found = warm_overlap(make_memory(patterns, HEBB), patterns, how, 4, seed=3)
    assert found == pytest.approx(m, abs=0.003 if t < 0.6 else 0.05)


def test_loaded_network_follows_ags() -> None:
    """T = 0.4 at load 0.05: N = 1,000 and finite time cost a hundredth."""
    patterns = fair_patterns(50, 1000, 2)
    how = DynamicsParams(update="async", steps=30, temperature=0.4)
    found = warm_overlap(make_memory(patterns, HEBB), patterns, how, 6, seed=1)
    m = float(theory.ags_overlap(0.05, 0.4)[0])
    assert 0.95 < m < theory.tanh_overlap(0.4)[0] - 0.01
    assert found == pytest.approx(m, abs=0.015)


def test_diagram_is_warm_below_the_line_and_cold_above_it() -> None:
    parts = list(phase(SMALL, HEBB, seed=1))
    assert [part.done for part in parts] == list(range(1, 10))
    assert [int(np.isfinite(part.overlap).sum()) for part in parts] == list(range(1, 10))
    found = parts[-1]
    assert found.temperatures.tolist() == pytest.approx([0.0, 0.6, 1.2])
    assert found.counts.tolist() == [1, 36, 72]
    assert found.overlap[0, 0] == pytest.approx(1.0)
    assert found.overlap[0, 1] > 0.9  # load 0.12, T = 0
    assert found.overlap[0, 2] < 0.8  # load 0.24
    assert found.overlap[1, 0] == pytest.approx(theory.tanh_overlap(0.6)[0], abs=0.03)
    assert found.overlap[1, 1] < 0.6  # T_M(0.12) = 0.21
    assert abs(found.overlap[2]).max() < 0.25


def test_own_pictures_and_other_rules_have_diagrams_too() -> None:
    own = fair_patterns(6, 100, 5)._replace(shape=(10, 10))
    found = last(phase(SMALL, RuleParams(rule="pseudo-inverse"), own))
    assert found.own
    assert found.n == 100
    assert found.counts.tolist() == [1, 4, 6]  # 3.5 is rounded to even
    assert found.overlap[0].tolist() == [1.0, 1.0, 1.0]


def test_lines_start_at_one_and_end_at_the_capacity() -> None:
    lines = phase_theory(0.2)
    assert lines.retrieval[0] == lines.ground[0] == lines.spin_glass[0] == 1.0
    assert lines.retrieval[-1] == lines.ground[-1] == 0.0
    assert lines.loads[lines.retrieval > 0].max() == pytest.approx(0.138, abs=0.002)
    assert lines.loads[lines.ground > 0].max() == pytest.approx(0.052, abs=0.002)
    with pytest.raises(ValueError, match="load_to"):
        phase_theory(0.0)


def test_dial_reads_the_overlap_of_theory() -> None:
    found = dial(0.0)
    assert found.theory == pytest.approx(found.tanh, abs=1e-4)
    at = int(np.argmin(np.abs(found.temperatures - 0.5)))
    assert found.tanh[at] == pytest.approx(0.9575, abs=1e-4)
    loaded = dial(0.05)
    edge = loaded.temperatures[loaded.theory > 0].max()
    assert edge == pytest.approx(theory.ags_temperature(0.05)[0], abs=0.02)


def test_what_it_cannot_do_is_refused_at_the_call() -> None:
    grey = Patterns(torch.rand(3, 16), (4, 4), ("a", "b", "c"), "grey")
    with pytest.raises(ValueError, match="binary"):
        phase(SMALL, HEBB, grey)
    with pytest.raises(ValueError, match="black and white"):
        phase(SMALL, RuleParams(rule="modern"))
    large = TemperatureParams(n=2000, load_to=0.5, columns=30, rows=30, probes=50, sweeps=400)
    with pytest.raises(ValueError, match="smaller"):
        phase(large, HEBB)
