"""Noise, the Bayes bound, the modern and the spiking memory, and the scores of a recall."""

from __future__ import annotations

import math

import pytest
import torch
from click.testing import CliRunner

from snncore import datasets
from snncore.cli import main
from snncore.hopfield import (
    FIXED,
    RULES,
    NoiseParams,
    PatternParams,
    Patterns,
    Probes,
    RecallParams,
    bayes_beta,
    bound,
    corrupt,
    experiment,
    frames,
    make_patterns,
    modern,
    modern_energy,
    recall,
)
from tests.test_hopfield_rules import flipped, random_patterns


def stored(count: int = 6, side: int = 12, seed: int = 0) -> Patterns:
    return Patterns(random_patterns(count, side * side, seed), (side, side), ("x",) * count)


def bundled(name: str, count: int = 10) -> Patterns:
    pictures = datasets.load(name)
    return make_patterns(
        pictures.images, pictures.labels, pictures.class_names, PatternParams(count=count)
    )


# --- modern


def test_one_modern_step_with_the_matched_beta_is_the_bayes_answer() -> None:
    patterns = stored(40, 6)
    probes = flipped(patterns.states, 0.4)
    noise = NoiseParams("flip", 0.4)
    *_, step = modern(patterns.states, probes, bayes_beta(0.4), 1)
    best = bound(patterns, Probes(probes, probes != 0), noise)
    assert ((step.states > 0) == (best.pixels > 0)).all()
    assert (best.pixels != patterns.states).any()  # hard enough that agreement says something


def test_modern_energy_never_rises_and_small_beta_averages() -> None:
    patterns = stored(20, 8)
    probes = flipped(patterns.states, 0.3)
    energies = torch.stack([s.energy for s in modern(patterns.states, probes, 0.05, 30)])
    assert float(energies.diff(dim=0).max()) < 1e-3
    *_, blurred = modern(patterns.states, probes, 0.001, 50)
    mean = patterns.states.float().mean(dim=0)
    assert float((blurred.states - mean).abs().max()) < 0.05
    assert (blurred.status == FIXED).all()
    x = patterns.states.float()
    assert float(modern_energy(x, x, 1.0).min()) >= 0
    with pytest.raises(ValueError, match="beta must be > 0"):
        next(modern(patterns.states, probes, 0.0, 3))


# --- scores


@pytest.mark.parametrize("rule", RULES)
def test_clean_probes_of_unrelated_pictures_come_back(rule: str) -> None:
    patterns = stored(3, 20)
    got = recall(patterns, patterns.states.float(), RecallParams(rule=rule))
    assert (got.pixel_accuracy, got.exact_fraction) == (1.0, 1.0)
    assert got.overlap.tolist() == [1.0] * 3
    assert got.nearest.tolist() == [0, 1, 2]
    assert got.probe_pixel_accuracy == 1.0
    assert got.bound_exact_fraction == 1.0
    assert got.converged


@pytest.mark.parametrize("rule", RULES)
def test_recall_of_a_batch_equals_recall_of_singles(rule: str) -> None:
    patterns = stored(8, 10)
    probes = flipped(patterns.states, 0.3)
    params = RecallParams(rule=rule)
    whole = recall(patterns, probes, params)
    for b in range(8):
        number = torch.tensor([b])
        one = recall(patterns, probes[b : b + 1], params, targets=number, samples=number)
        assert (one.recalled[0] == whole.recalled[b]).all()


def test_scores_count_pixels() -> None:
    patterns = Patterns(-torch.ones(1, 10, dtype=torch.int8), (2, 5), ("black",))
    probes = patterns.states.float().clone()
    probes[0, :3] = 1.0
    probes[0, 9] = 0.0  # unknown counts as background
    got = recall(patterns, probes, RecallParams(rule="hebb"))
    assert got.probe_pixel_accuracy == pytest.approx(0.7)
    assert got.background_pixel_accuracy == 1.0


def test_hebb_fails_on_icons_where_the_others_do_not() -> None:
    patterns = bundled("icons", 8)
    probes = corrupt(patterns.states, patterns.shape, NoiseParams("flip", 0.1), seed=0)
    noise = NoiseParams("flip", 0.1)
    exact = {
        rule: recall(patterns, probes, RecallParams(rule=rule), noise=noise).exact_fraction
        for rule in RULES
    }
    assert exact["hebb"] < 0.5
    assert exact["pseudo-inverse"] == exact["modern"] == exact["spiking"] == 1.0


@pytest.mark.parametrize("rule", RULES)
def test_frames_begin_at_the_probe_and_end_at_the_answer(rule: str) -> None:
    patterns = stored(5, 12)
    probes = flipped(patterns.states, 0.25)
    params = RecallParams(rule=rule)
    answer = recall(patterns, probes, params).recalled[3]
    way = list(frames(patterns, probes[3], params, sample=3))
    assert [frame.step for frame in way] == list(range(len(way)))
    assert (way[0].pixels == probes[3]).all()
    assert ((way[-1].pixels > 0) == (answer > 0)).all()


def test_an_experiment_equals_its_parts() -> None:
    patterns = stored(5, 10)
    noise, params = NoiseParams("flip", 0.3), RecallParams(rule="modern")
    answer = experiment(patterns, noise, params, seed=3, trials=2)
    probes = corrupt(patterns.states.repeat(2, 1), patterns.shape, noise, seed=3)
    assert (answer.probes == probes).all()
    assert answer.result.targets.tolist() == [0, 1, 2, 3, 4] * 2
    expected = recall(patterns, probes, params, noise=noise, targets=torch.arange(5).repeat(2))
    assert (answer.result.recalled == expected.recalled).all()
    assert answer.untouched == 0.0
    assert experiment(patterns, NoiseParams("flip", 0.0), params).untouched == 1.0


@pytest.mark.parametrize(
    ("probes", "targets", "message"),
    [
        (torch.zeros(2, 5), None, "probes must be \\[B, 144\\]"),
        (torch.zeros(0, 144), None, "not empty"),
        (torch.full((1, 144), math.nan), None, "probes must be finite"),
        (torch.zeros(2, 144), torch.tensor([0]), "targets must have 2 entries"),
        (torch.zeros(1, 144), torch.tensor([6]), "targets must be in 0..5"),
        (torch.zeros(7, 144), None, "targets must be in 0..5"),
    ],
)
def test_bad_probes_are_named(
    probes: torch.Tensor, targets: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        recall(stored(), probes, targets=targets)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RecallParams(rule="storkey"), "rule must be one of hebb"),
        (lambda: RecallParams(beta=math.nan), "beta must be finite"),
        (lambda: RecallParams(steps=0), "steps must be >= 1"),
        (lambda: PatternParams(count=0), "count must be >= 1"),
    ],
)
def test_bad_parameters_are_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_run_that_cannot_fit_into_memory_is_refused_with_the_numbers() -> None:
    words = "recall --dataset icons --count 16 --size 64 --trials 1000"
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 2 and "fit into memory" in done.stderr
