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
    SpikingParams,
    bayes_beta,
    bound,
    corrupt,
    experiment,
    frames,
    make_patterns,
    modern,
    modern_energy,
    recall,
    spiking_recall,
)
from snncore.hopfield.spiking import _leaky
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


# --- spiking


@pytest.mark.parametrize("name", ["icons", "signs", "skimage", "digits"])
@pytest.mark.parametrize("text", ["flip:0.3", "erase:0.5", "crop:0.5", "gaussian:1"])
def test_spiking_memory_is_within_half_a_point_of_the_bound(name: str, text: str) -> None:
    """At the default number of time steps, over enough probes that luck is below the margin.

    On the 8×8 digits each pixel counts: ten input draws of 64 pixels carry 95 % of the evidence,
    and the bound itself is 0.95; a point is allowed there.
    """
    patterns = bundled(name)
    noise = NoiseParams.from_text(text)
    targets = torch.arange(len(patterns.states)).repeat(60 if name == "digits" else 4)
    probes = corrupt(patterns.states[targets], patterns.shape, noise, seed=0)
    got = recall(patterns, probes, noise=noise, targets=targets)
    best = patterns.states[got.bound.picture] == patterns.states[targets]
    tolerance = 0.01 if name == "digits" else 0.005
    assert got.pixel_accuracy >= float(best.float().mean()) - tolerance
    assert got.spikes is not None
    assert (got.spikes.winner >= 0).all()


@pytest.mark.data
def test_spiking_memory_recalls_ten_mnist_digits_exactly(mnist_root: object) -> None:
    patterns = bundled("mnist")
    got = recall(patterns, corrupt(patterns.states, patterns.shape, NoiseParams(), seed=0))
    assert (got.pixel_accuracy, got.exact_fraction) == (1.0, 1.0)


def test_harder_probes_take_the_spiking_memory_longer() -> None:
    patterns = bundled("icons")
    steps = []
    for q in (0.1, 0.3, 0.42):
        noise = NoiseParams("flip", q)
        probes = corrupt(patterns.states, patterns.shape, noise, seed=0)
        steps.append(float(spiking_recall(patterns.states, probes).decision_step.float().mean()))
    assert steps[0] < steps[1] < steps[2] <= SpikingParams().time_steps


def test_winner_silences_the_other_memory_units() -> None:
    patterns = bundled("icons")
    trace = spiking_recall(
        patterns.states, corrupt(patterns.states, (64, 64), NoiseParams(), seed=0)
    )
    late = trace.memory_spikes[16:]
    winners = torch.nn.functional.one_hot(trace.winner, len(patterns.states)).bool()
    assert (late.any(dim=0) == winners).all()
    assert (trace.memory_spikes.sum(dim=2) <= 1).all()
    soft = spiking_recall(
        patterns.states,
        corrupt(patterns.states, (64, 64), NoiseParams(), seed=0),
        SpikingParams(hard=False),
    )
    assert (soft.readout == patterns.states).all()  # lateral inhibition alone does it too


def test_spiking_batch_equals_loop_of_singles_and_arguments_stay() -> None:
    patterns = stored(7, 11)
    probes = flipped(patterns.states, 0.35)
    before = probes.clone()
    whole = spiking_recall(patterns.states, probes, seed=5)
    for b in range(7):
        one = spiking_recall(patterns.states, probes[b : b + 1], seed=5, samples=torch.tensor([b]))
        assert (one.readout[0] == whole.readout[b]).all()
        assert (one.memory_spikes[:, 0] == whole.memory_spikes[:, b]).all()
        assert (one.visible_spikes[:, 0] == whole.visible_spikes[:, b]).all()
    assert (probes == before).all()
    assert (
        spiking_recall(patterns.states, probes, seed=6).visible_spikes != whole.visible_spikes
    ).any()


def test_snntorch_keeps_no_layer_of_ours() -> None:
    from snntorch._neurons.neurons import SpikingNeuron

    before = len(SpikingNeuron.instances)
    patterns = stored()
    spiking_recall(patterns.states, patterns.states.float())
    assert len(SpikingNeuron.instances) == before


def test_a_single_picture_and_an_empty_probe() -> None:
    patterns = stored(1)
    got = recall(patterns, flipped(patterns.states, 0.3))
    assert got.exact_fraction == 1.0
    nothing = recall(stored(3), torch.zeros(3, 144))
    assert math.isfinite(nothing.pixel_accuracy)


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


def test_chunks_of_probes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from snncore.hopfield import recall as package_level  # noqa: F401

    patterns = stored(9, 8)
    probes = flipped(patterns.states, 0.3)
    whole = recall(patterns, probes)
    monkeypatch.setattr(sys.modules["snncore.hopfield.recall"], "CHUNK", 2 * 32 * 64)
    parts = recall(patterns, probes)
    assert whole.spikes is not None and parts.spikes is not None
    for name in whole.spikes._fields:
        assert torch.equal(getattr(whole.spikes, name), getattr(parts.spikes, name)), name


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
        (lambda: SpikingParams(rate=0.0), "rate must be > 0"),
        (lambda: SpikingParams(time_steps=-5), "time_steps must be >= 8 steps, got -5"),
        (lambda: PatternParams(count=0), "count must be >= 1"),
    ],
)
def test_bad_parameters_are_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_of_two_units_above_threshold_one_spikes_and_both_are_reset() -> None:
    """What snnTorch's inhibition does, which the docstring of `spiking_recall` states."""
    layer = _leaky(1.0, "subtract", torch.device("cpu"), winner_only=True)
    spikes, membrane = layer(torch.tensor([[1.5, 1.2]]), torch.zeros(1, 2))
    assert spikes.tolist() == [[1.0, 0.0]]
    _, membrane = layer(torch.zeros(1, 2), membrane)
    torch.testing.assert_close(membrane, torch.tensor([[0.5, 0.2]]))


def test_a_run_that_cannot_fit_into_memory_is_refused_with_the_numbers() -> None:
    words = "recall --dataset icons --count 16 --size 64 --trials 1000"
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 2 and "fit into memory" in done.stderr
