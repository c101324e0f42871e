"""The spiking memory: equal to its definition, at the bound, silent where nothing is known."""

from __future__ import annotations

import math

import pytest
import snntorch as snn
import torch

from snncore import datasets
from snncore.hopfield import (
    Patterns,
    Probes,
    SpikingParams,
    SpikingTrace,
    random_patterns,
    spiking_recall,
    spiking_stream,
)
from snncore.hopfield import spiking as module
from snncore.hopfield.patterns import PatternParams, make_patterns
from snncore.hopfield.spiking_race import race
from snncore.hopfield.spiking_steps import advance_torch, leaky


def bundled(name: str, mode: str = "binary", count: int = 10, size: int = 0) -> Patterns:
    pictures = datasets.load(name)
    params = PatternParams(count=count, mode=mode, size=size)
    return make_patterns(pictures.images, pictures.labels, pictures.class_names, params)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flipped(states: torch.Tensor, q: float, seed: int = 0) -> torch.Tensor:
    x = states.to(torch.float32)
    return torch.where(torch.rand(x.shape, generator=generator(seed)) < q, -x, x)


def noisy(patterns: Patterns, sigma: float, share: float = 1.0, seed: int = 0) -> Probes:
    """Gaussian noise on grey patterns, of whose pixels only a share is known."""
    g = generator(seed)
    x = patterns.states.to(torch.float32)
    values = x + sigma * torch.randn(x.shape, generator=g)
    known = torch.rand(x.shape, generator=g) < share
    filling = 0.0 if patterns.mode == "binary" else 0.5
    return Probes(torch.where(known, values, filling), known)


def grey_patterns(count: int, side: int, seed: int = 0) -> Patterns:
    states = (torch.rand(count, side * side, generator=generator(seed)) * 255).round() / 255
    return Patterns(states, (side, side), ("",) * count, "grey")


def psnr(answers: torch.Tensor, wanted: torch.Tensor) -> float:
    return float(-10.0 * ((answers - wanted) ** 2).mean(dim=1).clamp(min=1e-10).log10().mean())


def definition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "advance", advance_torch)


def assert_equal(a: SpikingTrace, b: SpikingTrace) -> None:
    for name in SpikingTrace._fields:
        assert torch.equal(getattr(a, name), getattr(b, name)), name


# --- the fused loop and its definition


@pytest.mark.parametrize(
    "params",
    [
        SpikingParams(),
        SpikingParams(drive="random", rate=0.3),
        SpikingParams(hard=False, rate=0.7, decay=0.8, w_inhibition=0.4),
        SpikingParams(time_steps=8, urgency=1.0, w_feedback=0.5),
        SpikingParams(time_steps=50, rate=1.0, w_in=0.6),
    ],
)
def test_fused_loop_gives_the_same_spikes_as_the_definition(
    params: SpikingParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number is equal, not only most spikes: all sums are of whole numbers."""
    cases = []
    for k, share in enumerate((1.0, 0.6)):
        binary = random_patterns(13, (9, 11), k, overlap=0.3)
        cases.append((binary, noisy(binary, 1.0, share)))
        cases.append((grey_patterns(11, 10, k), noisy(grey_patterns(11, 10, k), 0.3, share)))
    fused = [spiking_recall(*case, params, seed=3) for case in cases]
    definition(monkeypatch)
    for case, trace in zip(cases, fused, strict=True):
        assert_equal(trace, spiking_recall(*case, params, seed=3))
        assert trace.spikes_per_pixel.min() > 0


def test_a_visible_cell_is_a_leaky_cell_of_snntorch() -> None:
    """One pixel, no feedback: its spikes are those of a layer of its own, driven alike."""
    layer = snn.Leaky(beta=0.7, threshold=1.0, reset_mechanism="zero")
    pattern = torch.ones(1, 1, dtype=torch.int8)
    params = SpikingParams(
        time_steps=40, drive="random", rate=0.6, w_in=0.7, w_feedback=0.0, decay=0.7
    )
    trace = spiking_recall(pattern, torch.ones(1, 1), params, seed=1)
    from snncore import rng

    words = rng.draws(1, rng.stream("recall"), torch.tensor([0]), 1, 40)[:, 0, 0]
    membrane, spikes = layer.init_leaky(), []
    for word in words.tolist():
        current = 0.7 if word < 0.6 * 2**32 else 0.0
        spike, membrane = layer(torch.tensor([current]), membrane)
        spikes.append(int(spike))
    assert trace.visible_spikes[:, 0, 0].tolist() == spikes
    assert 5 < sum(spikes) < 35


def test_of_two_units_above_threshold_one_spikes_and_both_are_reset() -> None:
    """What snnTorch's inhibition does, which the docstring of `spiking_recall` states."""
    layer = leaky(1.0, "subtract", torch.device("cpu"), winner_only=True)
    spikes, membrane = layer(torch.tensor([[1.5, 1.2]]), torch.zeros(1, 2))
    assert spikes.tolist() == [[1.0, 0.0]]
    _, membrane = layer(torch.zeros(1, 2), membrane)
    torch.testing.assert_close(membrane, torch.tensor([[0.5, 0.2]]))


def test_snntorch_keeps_no_layer_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    from snntorch._neurons.neurons import SpikingNeuron

    before = len(SpikingNeuron.instances)
    definition(monkeypatch)
    patterns = random_patterns(3, (5, 5))
    spiking_recall(patterns, patterns.states.float())
    assert len(SpikingNeuron.instances) == before


# --- how well it recalls


@pytest.mark.parametrize("name", ["icons", "signs", "skimage", "digits"])
@pytest.mark.parametrize("kind", ["flip", "erase", "gaussian"])
def test_it_is_within_half_a_point_of_maximum_likelihood(name: str, kind: str) -> None:
    patterns = bundled(name)
    targets = torch.arange(len(patterns.states)).repeat(60 if name == "digits" else 3)
    wanted = patterns.states[targets]
    asked = patterns._replace(states=wanted)
    if kind == "flip":
        probes = noisy(asked, 0.0)._replace(values=flipped(wanted, 0.3))
    elif kind == "erase":
        probes = noisy(asked, 0.0, 0.5)
    else:
        probes = noisy(asked, 1.0)
    trace = spiking_recall(patterns, probes)
    best = (probes.values @ patterns.states.float().T).argmax(dim=1)
    bound = float((patterns.states[best] == wanted).float().mean())
    assert float((trace.readout == wanted).float().mean()) >= bound - 0.005
    assert (trace.winner >= 0).all()


@pytest.mark.parametrize(("mode", "size"), [("grey", 0), ("grey", 64), ("rgb", 32)])
def test_grey_and_colour_come_back_above_50_db(mode: str, size: int) -> None:
    patterns = bundled("skimage" if size else "digits", mode, 4 if size else 10, size)
    trace = spiking_recall(patterns, noisy(patterns, 0.3))
    assert trace.winner.tolist() == list(range(len(patterns.states)))
    assert psnr(trace.readout, patterns.states) > 50.0  # 43 is asked for; measured 55 and more
    assert float(trace.readout.min()) >= 0.0 and float(trace.readout.max()) <= 1.0


def test_the_picture_of_highest_contrast_has_no_advantage() -> None:
    """One drawing in three contrasts: the plain product Σ ξ v would call each the strongest."""
    drawing = random_patterns(1, (20, 20)).states.to(torch.float32)
    states = torch.cat([0.5 + 0.5 * strength * drawing for strength in (0.2, 0.6, 1.0)])
    patterns = Patterns(states, (20, 20), ("",) * 3, "grey")
    trace = spiking_recall(patterns, noisy(patterns, 0.1))
    assert trace.winner.tolist() == [0, 1, 2]


def test_winner_is_the_nearest_picture_even_of_incomplete_probes() -> None:
    patterns = grey_patterns(30, 8)
    probes = noisy(patterns, 0.8, 0.7)
    distance = (
        torch.where(probes.known[:, None], probes.values[:, None] - patterns.states[None], 0.0)
        .square()
        .sum(dim=2)
    )
    trace = spiking_recall(patterns, probes)
    assert float((trace.winner == distance.argmin(dim=1)).float().mean()) >= 0.9
    assert (distance.argmin(dim=1) != torch.arange(30)).any()  # hard enough to say something


def test_a_probe_of_which_little_is_known_decides_when_a_whole_one_does() -> None:
    """Divisive gain control: a fifth of the evidence counts five times."""
    patterns = random_patterns(8, (40, 40), seed=0)
    states = patterns.states.to(torch.float32)
    known = torch.rand(states.shape, generator=generator()) < 0.2
    params = SpikingParams(urgency=1.0)  # so late that it is the evidence that decides
    whole = spiking_recall(patterns, states, params).decision_step
    part = spiking_recall(patterns, Probes(states * known, known), params).decision_step
    assert (whole > 0).all() and (part > 0).all()
    # 320 known pixels: their evidence is right to 6 %, and there are about seven steps
    assert (whole - part).abs().max() <= 2


def test_eight_steps_are_enough() -> None:
    patterns = bundled("icons")
    trace = spiking_recall(patterns, flipped(patterns.states, 0.3), SpikingParams(time_steps=8))
    assert torch.equal(trace.readout, patterns.states)
    assert len(trace.membrane) == 8


def test_harder_probes_take_longer() -> None:
    patterns = bundled("icons")
    x = patterns.states.repeat(20, 1)
    mean = [
        float(spiking_recall(patterns, flipped(x, q)).decision_step.float().mean())
        for q in (0.1, 0.3, 0.42)
    ]
    assert mean[0] + 3 < mean[1] < mean[2] - 3
    assert mean[2] <= SpikingParams().steps("binary")


@pytest.mark.parametrize("mode", ["binary", "grey"])
def test_reaction_times_are_those_of_drift_and_urgency(mode: str) -> None:
    """Threshold over drift, no free parameter; whole steps, and input spikes come in lumps."""
    patterns = bundled("icons", mode)
    if mode == "binary":
        x = patterns.states
        probes = Probes(
            torch.cat([flipped(x, q) for q in (0.1, 0.3, 0.4)]), torch.ones(30, x.shape[1]).bool()
        )
    else:
        probes = noisy(patterns, 0.3)
    trace, expected = spiking_recall(patterns, probes), race(patterns, probes)
    assert torch.equal(expected.leader, trace.winner)
    late = trace.decision_step - expected.step(expected.drift)
    assert float(late.min()) > -1.0 and float(late.max()) < 2.0
    assert int(trace.decision_step.max() - trace.decision_step.min()) >= 2


def test_urgency_decides_where_evidence_is_weak() -> None:
    patterns = bundled("icons")
    probes = flipped(patterns.states.repeat(10, 1), 0.45)
    late = spiking_recall(patterns, probes, SpikingParams(urgency=1.0))
    urgent = spiking_recall(patterns, probes)
    right = patterns.states.repeat(10, 1)
    accuracy = [float((t.readout == right).float().mean()) for t in (late, urgent)]
    assert int((urgent.winner < 0).sum()) == 0
    assert accuracy[1] >= accuracy[0]


def test_the_winner_silences_the_other_memory_units() -> None:
    patterns = bundled("icons")
    trace = spiking_recall(patterns, flipped(patterns.states, 0.3))
    late = trace.memory_spikes[16:]
    winners = torch.nn.functional.one_hot(trace.winner, len(patterns.states)).bool()
    assert torch.equal(late.any(dim=0), winners)
    assert (trace.memory_spikes.sum(dim=2) <= 1).all()
    soft = spiking_recall(patterns, flipped(patterns.states, 0.3), SpikingParams(hard=False))
    assert torch.equal(soft.readout, patterns.states)  # lateral inhibition alone does it too


# --- batches, streams, records


@pytest.mark.parametrize("drive", ["regular", "random", "grey"])
def test_batch_equals_loop_of_singles_and_arguments_stay(drive: str) -> None:
    if drive == "grey":
        patterns, params = grey_patterns(7, 9), SpikingParams()
    else:
        patterns, params = random_patterns(7, (9, 9)), SpikingParams(drive=drive)
    probes = noisy(patterns, 0.5, 0.8)
    before = [part.clone() for part in (patterns.states, probes.values, probes.known)]
    whole = spiking_recall(patterns, probes, params, seed=5)
    for b in range(7):
        one = spiking_recall(
            patterns, probes.rows(slice(b, b + 1)), params, seed=5, samples=torch.tensor([b])
        )
        assert torch.equal(one.readout[0], whole.readout[b])
        assert torch.equal(one.membrane[:, 0], whole.membrane[:, b])
        assert torch.equal(one.visible_spikes[:, 0], whole.visible_spikes[:, b])
    for old, new in zip(before, (patterns.states, probes.values, probes.known), strict=True):
        assert torch.equal(old, new)
    other = spiking_recall(patterns, probes, params, seed=6)
    assert (other.visible_spikes != whole.visible_spikes).any()


def test_chunks_of_probes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = random_patterns(9, (8, 8))
    probes = flipped(patterns.states, 0.3)
    whole = spiking_recall(patterns, probes, units=4)
    monkeypatch.setattr(module, "CHUNK", 2 * 64)
    assert_equal(whole, spiking_recall(patterns, probes, units=4))


@pytest.mark.parametrize("every", [1, 7, 100])
@pytest.mark.parametrize("mode", ["binary", "grey"])
def test_a_stream_ends_with_the_trace_of_the_call(every: int, mode: str) -> None:
    patterns = random_patterns(6, (8, 8)) if mode == "binary" else grey_patterns(6, 8)
    probes = noisy(patterns, 0.4)
    params = SpikingParams(drive="random")
    *frames, last = spiking_stream(patterns, probes, params, every=every, seed=2)
    whole = spiking_recall(patterns, probes, params, seed=2)
    assert isinstance(last, SpikingTrace)
    assert_equal(last, whole)
    steps = params.steps(mode)
    assert [f.step for f in frames] == [*range(every, steps, every), steps]
    assert torch.equal(frames[-1].readout, whole.readout)
    for f in frames:
        expected = (whole.decision_step > 0) & (whole.decision_step <= f.step)
        assert torch.equal(f.decided, expected)


def test_few_units_are_recorded_and_winner_and_kept_are_among_them() -> None:
    patterns = random_patterns(200, (8, 8))
    probes = flipped(patterns.states, 0.42)[:40]
    keep = torch.arange(100, 140)
    some = spiking_recall(patterns, probes, units=3, keep=keep, seed=1)
    every = spiking_recall(patterns, probes, units=200, seed=1)
    assert some.units.shape == (40, 3) and some.membrane.shape[2] == 3
    assert every.units[0].tolist() == list(range(200))
    columns = some.units.expand(len(some.membrane), -1, -1)
    for name in ("membrane", "memory_spikes", "overlap"):
        assert torch.equal(getattr(some, name), getattr(every, name).gather(2, columns)), name
    decided = every.winner >= 0
    assert (some.units == every.winner[:, None]).any(dim=1)[decided].all()
    assert torch.equal(some.memory_counts, every.memory_counts)
    assert torch.equal(some.overlap_with(some.units[:, 1]), some.overlap[:, :, 1])
    with pytest.raises(ValueError, match="targets must be among the recorded units"):
        some.overlap_with(torch.full((40,), 199))


def test_synaptic_events_are_counted_from_spikes() -> None:
    patterns = random_patterns(5, (6, 6))
    trace = spiking_recall(patterns, flipped(patterns.states, 0.3), shown=36)
    visible = trace.visible_spikes.abs().sum(dim=(0, 2))
    assert torch.equal(trace.spikes_per_pixel, visible / 36)
    expected = 5 * visible + 36 * trace.memory_spikes.sum(dim=(0, 2))
    assert torch.equal(trace.synaptic_events, expected.float())


# --- the edges


@pytest.mark.parametrize("mode", ["binary", "grey"])
def test_a_probe_of_which_nothing_is_known_is_met_with_silence_until_urgency(mode: str) -> None:
    patterns = random_patterns(4, (8, 8)) if mode == "binary" else grey_patterns(4, 8)
    filling = 0.0 if mode == "binary" else 0.5
    nothing = Probes(torch.full((2, 64), filling), torch.zeros(2, 64, dtype=torch.bool))
    trace = spiking_recall(patterns, nothing)
    for b in range(2):
        first = int(trace.decision_step[b]) or len(trace.visible_spikes)
        assert (trace.visible_spikes[:first, b] == 0).all()
    assert torch.isfinite(trace.membrane).all()


def test_a_single_picture_black_pictures_and_equal_pictures() -> None:
    one = random_patterns(1, (6, 6))
    assert torch.equal(spiking_recall(one, flipped(one.states, 0.3)).readout, one.states)
    black = torch.full((2, 36), -1, dtype=torch.int8)
    trace = spiking_recall(black, flipped(black, 0.3))
    assert torch.equal(trace.readout, black) and (trace.winner >= 0).all()
    twins = random_patterns(3, (6, 6)).states[[0, 1, 1, 2]]
    trace = spiking_recall(twins, flipped(twins, 0.2))
    assert torch.equal(trace.readout, twins)
    assert set(trace.winner[1:3].tolist()) <= {1, 2}
    dim = Patterns(torch.zeros(2, 36), (6, 6), ("a", "b"), "grey")
    assert psnr(spiking_recall(dim, noisy(dim, 0.1)).readout, dim.states) > 40
    middle = Patterns(torch.full((1, 36), 0.5), (6, 6), ("a",), "grey")
    assert torch.isfinite(spiking_recall(middle, noisy(middle, 0.1)).readout).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikingParams(rate=0.0), "rate must be > 0"),
        (lambda: SpikingParams(time_steps=-5), "time_steps must be >= 0 steps, got -5"),
        (lambda: SpikingParams(time_steps=7), "time_steps must be 0 .* or >= 8 steps, got 7"),
        (lambda: spiking_recall(torch.zeros(2, 3), torch.ones(1, 3)), "-1 or \\+1 everywhere"),
        (lambda: spiking_recall(torch.ones(2, 3), torch.ones(1, 4)), "probes must be \\[B, 3\\]"),
        (lambda: spiking_recall(torch.ones(2, 3), torch.ones(0, 3)), "not empty"),
        (
            lambda: spiking_recall(torch.ones(2, 3), torch.full((1, 3), math.nan)),
            "probes must be finite",
        ),
        (
            lambda: spiking_recall(torch.ones(2, 3), torch.ones(2, 3), samples=torch.tensor([1])),
            "samples must have 2 entries",
        ),
        (
            lambda: next(iter(spiking_stream(torch.ones(2, 3), torch.ones(2, 3), every=0))),
            "every must be >= 1",
        ),
    ],
)
def test_bad_input_is_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
