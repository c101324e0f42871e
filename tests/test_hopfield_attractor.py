"""The spiking attractor: equal to its definition, keeps pictures alive, where Hebb's rule fails."""

from __future__ import annotations

import pytest
import torch

from snncore import datasets
from snncore.hopfield import Patterns, Probes, random_patterns
from snncore.hopfield import attractor as module
from snncore.hopfield.attractor import AttractorParams, attractor_recall, attractor_stream
from snncore.hopfield.attractor_steps import advance_torch, coupling
from snncore.hopfield.low_rank import pseudo_inverse
from snncore.hopfield.patterns import PatternParams, make_patterns
from snncore.hopfield.spiking_record import SpikingTrace


def bundled(name: str, count: int = 10) -> Patterns:
    pictures = datasets.load(name)
    params = PatternParams(count=count)
    return make_patterns(pictures.images, pictures.labels, pictures.class_names, params)


def flipped(states: torch.Tensor, q: float, seed: int = 0) -> torch.Tensor:
    x = states.to(torch.float32)
    draws = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed))
    return torch.where(draws < q, -x, x)


def incomplete(states: torch.Tensor, share: float) -> Probes:
    draws = torch.rand(states.shape, generator=torch.Generator().manual_seed(1))
    known = draws < share
    return Probes(torch.where(known, states.to(torch.float32), 0.0), known)


def assert_equal(a: SpikingTrace, b: SpikingTrace) -> None:
    for name in SpikingTrace._fields:
        assert torch.equal(getattr(a, name), getattr(b, name)), name


@pytest.mark.parametrize(
    "params",
    [
        AttractorParams(),
        AttractorParams(rule="hebb", drive="random", time_steps=30),
        AttractorParams(diagonal=0.15, trace=0.7, decay=0.5, w_in=1.2, cue=1.0),
        AttractorParams(time_steps=8, rate=1.0),
    ],
)
def test_fused_loop_gives_the_same_spikes_as_the_definition(
    params: AttractorParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number is equal, not only most spikes: all sums are of whole numbers."""
    patterns = random_patterns(12, (13, 11), overlap=0.3)
    cases = [flipped(patterns.states, 0.2), incomplete(patterns.states, 0.4)]
    fused = [attractor_recall(patterns, probes, params, seed=3) for probes in cases]
    monkeypatch.setattr(module, "advance", advance_torch)
    for probes, trace in zip(cases, fused, strict=True):
        assert_equal(trace, attractor_recall(patterns, probes, params, seed=3))
        assert trace.spikes_per_pixel.min() > 0


def test_pictures_that_are_alike_come_back_and_stay_without_the_probe() -> None:
    patterns = bundled("icons")
    trace = attractor_recall(patterns, flipped(patterns.states, 0.3))
    assert torch.equal(trace.readout, patterns.states)
    assert trace.winner.tolist() == list(range(len(patterns.states)))
    assert (trace.visible_spikes[-5:] != 0).any(dim=2).any(dim=0).all()  # alive, 25 steps on
    own = trace.overlap_with(trace.winner)
    assert float(own[-1].min()) > 0.9


def test_hebbs_couplings_end_in_a_mixture() -> None:
    patterns = bundled("icons")
    params = AttractorParams(rule="hebb")
    trace = attractor_recall(patterns, patterns.states.float(), params)
    exact = (trace.readout == patterns.states).all(dim=1)
    assert float(exact.float().mean()) < 0.5  # not even the pictures themselves stay
    answers, pictures = trace.readout.float(), patterns.states.float()
    likeness = [float((x @ x.T).mean()) / 4096 for x in (answers, pictures)]
    assert likeness[0] > likeness[1] + 0.1  # the answers have grown alike


def test_weak_couplings_fall_silent_when_the_probe_ends() -> None:
    patterns = bundled("icons")
    trace = attractor_recall(
        patterns, flipped(patterns.states, 0.3), AttractorParams(w_recurrent=0.5)
    )
    assert (trace.winner == -1).all() and (trace.decision_step == 0).all()
    assert (trace.visible_spikes[-10:] == 0).all()
    assert (trace.visible_spikes[:10] != 0).any()


def test_a_probe_with_few_known_pixels_ignites() -> None:
    patterns = bundled("icons")
    trace = attractor_recall(patterns, incomplete(patterns.states, 0.2))
    assert float((trace.readout == patterns.states).float().mean()) > 0.99


def test_overlaps_are_those_of_the_synaptic_trace() -> None:
    """r(t) = 0.85 r + 0.15 v from the recorded spikes; U in 1/256 leaves an error of 1e-3."""
    patterns = random_patterns(5, (8, 8))
    trace = attractor_recall(patterns, flipped(patterns.states, 0.1), shown=64)
    r = torch.zeros(5, 64)
    for t, v in enumerate(trace.visible_spikes):
        r = 0.85 * r + 0.15 * v
        expected = r @ patterns.states.float().T / 64
        torch.testing.assert_close(trace.overlap[t], expected, atol=5e-3, rtol=0)


def test_batch_equals_singles_in_chunks_and_arguments_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patterns = random_patterns(6, (9, 9))
    probes = flipped(patterns.states, 0.2)
    before = probes.clone()
    whole = attractor_recall(patterns, probes, seed=5)
    for b in range(6):
        one = attractor_recall(patterns, probes[b : b + 1], seed=5, samples=torch.tensor([b]))
        assert torch.equal(one.visible_spikes[:, 0], whole.visible_spikes[:, b])
        assert torch.equal(one.readout[0], whole.readout[b])
    monkeypatch.setattr(module, "CHUNK", 2 * 720)
    assert_equal(whole, attractor_recall(patterns, probes, seed=5))
    assert torch.equal(probes, before)


@pytest.mark.parametrize("every", [1, 7, 100])
def test_a_stream_ends_with_the_trace_of_the_call(every: int) -> None:
    patterns = random_patterns(4, (8, 8))
    probes = flipped(patterns.states, 0.2)
    *frames, last = attractor_stream(patterns, probes, every=every)
    whole = attractor_recall(patterns, probes)
    assert isinstance(last, SpikingTrace)
    assert_equal(last, whole)
    assert torch.equal(frames[-1].readout, whole.readout)
    assert frames[-1].step == 60 and frames[-1].decided.all()
    assert not any(f.decided.any() for f in frames[:-1])


def test_equal_pictures_a_single_one_and_nothing_known() -> None:
    twins = random_patterns(3, (8, 8)).states[[0, 1, 1, 2]]
    trace = attractor_recall(twins, flipped(twins, 0.1))
    assert torch.equal(trace.readout, twins)
    one = random_patterns(1, (8, 8))
    assert torch.equal(attractor_recall(one, flipped(one.states, 0.3)).readout, one.states)
    nothing = Probes(torch.zeros(1, 64), torch.zeros(1, 64, dtype=torch.bool))
    trace = attractor_recall(one, nothing)
    assert int(trace.spikes_per_pixel[0]) == 0 and int(trace.winner[0]) == -1


def test_few_pictures_are_recorded_and_winner_and_kept_are_among_them() -> None:
    patterns = random_patterns(30, (12, 12))
    keep = torch.arange(29, -1, -1)
    probes = flipped(patterns.states, 0.1)
    trace = attractor_recall(patterns, probes, units=3, keep=keep)
    assert trace.overlap.shape == (60, 30, 3)
    assert (trace.units == keep[:, None]).any(dim=1).all()
    assert (trace.units == trace.winner[:, None]).any(dim=1).all()


def test_grey_pictures_are_refused_with_the_cure() -> None:
    grey = Patterns(torch.rand(2, 16), (4, 4), ("", ""), "grey")
    with pytest.raises(ValueError, match="spiking_recall"):
        attractor_recall(grey, torch.ones(1, 16))
    with pytest.raises(ValueError, match="every must be >= 1"):
        next(iter(attractor_stream(torch.ones(1, 4), torch.ones(1, 4), every=0)))


def test_factors_of_large_pictures_that_differ_in_one_pixel_do_not_wrap_around() -> None:
    """256 √N is 38,400 for 150 × 150: beyond 16 bits."""
    states = random_patterns(1, (150, 150)).states.repeat(2, 1)
    states[1, 7] *= -1
    net = coupling(states, AttractorParams())
    wanted = 256.0 * 150.0 * pseudo_inverse(states, 0.0).u
    assert wanted.abs().max() > 2**15
    torch.testing.assert_close(net.u.float(), wanted, atol=0.51, rtol=0)
