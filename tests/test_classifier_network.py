"""The spiking network and its two learning rules against snnTorch, autograd and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import snntorch
import torch
from snntorch.functional import ce_count_loss

from snncore.classifier import ClassifierParams, decide, inputs, local_rule, network, surrogate
from snncore.classifier.network import Network, Tensors
from tests.test_devices import no_float64

POINTS = torch.tensor(np.random.default_rng(3).random((40, 2)), dtype=torch.float32)
LABELS = torch.arange(40) % 3


def setup(code: str = "rate", hidden: int = 0, **more: Any) -> tuple[ClassifierParams, Tensors]:
    params = ClassifierParams(code=code, hidden=hidden, n_steps=20, n_classes=3, **more)
    tensors = network.to_tensors(network.init_network(params, 3))
    return params, Tensors(*(1.3 * t for t in tensors))  # livelier than at the start


def drive_of(params: ClassifierParams) -> torch.Tensor:
    return inputs.drive(POINTS, params, torch.arange(len(POINTS)))


def snntorch_run(drive: torch.Tensor, tensors: Tensors, beta: float) -> list[torch.Tensor]:
    """Spikes and potentials [T, S, K] of the same network built from snnTorch's parts."""
    grad = snntorch.surrogate.fast_sigmoid(slope=surrogate.SLOPE)
    cells = [snntorch.Leaky(beta=beta, reset_mechanism="zero", spike_grad=grad) for _ in range(2)]
    states = [cell.init_leaky() for cell in cells]
    spikes, potentials = [], []
    for t in range(20):
        now = drive[t if len(drive) > 1 else 0].float()
        if len(tensors.b1):
            now, states[0] = cells[0](now @ tensors.w1 + tensors.b1, states[0])
        now, states[1] = cells[1](now @ tensors.w2 + tensors.b2, states[1])
        spikes.append(now)
        potentials.append(states[1])
    return [torch.stack(spikes), torch.stack(potentials)]


@pytest.mark.parametrize("code", ["rate", "constant", "raw"])
@pytest.mark.parametrize("hidden", [0, 7])
def test_network_is_the_one_of_snntorch(code: str, hidden: int) -> None:
    params, tensors = setup(code, hidden)
    steps = network.trace(drive_of(params), tensors, params.beta, 20)
    spikes, potentials = snntorch_run(drive_of(params), tensors, params.beta)
    assert torch.equal(steps.spikes, spikes) and spikes.any() and not spikes.all()
    torch.testing.assert_close(steps.potentials, potentials, rtol=0, atol=1e-5)  # sums' rounding


@pytest.mark.parametrize("decision", ["count", "first"])
@pytest.mark.parametrize("hidden", [0, 7])
def test_surrogate_gradient_is_the_one_of_snntorch(hidden: int, decision: str) -> None:
    params, tensors = setup("rate", hidden, decision=decision)
    leaves = Tensors(*(t.clone().requires_grad_() for t in tensors))
    spikes = snntorch_run(drive_of(params), leaves, params.beta)[0]
    weight = torch.ones(20, 40)
    if decision == "first":  # 5, halved with each step after the earliest spike of the point
        for s in range(40):
            times = np.flatnonzero(spikes[:, s].detach().any(dim=1))
            earliest = int(times[0]) if len(times) else 20
            weight[:, s] = torch.tensor([5.0 * 0.5 ** max(0, t - earliest) for t in range(20)])
        assert len(weight.unique()) > 5
    logits = (weight[:, :, None] * spikes).sum(dim=0)
    torch.nn.functional.cross_entropy(logits, LABELS).backward()
    for ours in (
        surrogate.gradient(drive_of(params), LABELS, tensors, params),
        surrogate.gradient_torch(drive_of(params), LABELS, tensors, params),
    ):
        for mine, leaf in zip(ours.change, leaves, strict=True):
            if leaf.numel():
                assert leaf.grad is not None and leaf.grad.abs().max() > 1e-3
                # float32 sums of 40·20 terms in another order
                torch.testing.assert_close(mine, leaf.grad, rtol=1e-4, atol=1e-5)
    if decision == "count":
        theirs = ce_count_loss()(spikes.detach(), LABELS)
        assert ours.loss / len(LABELS) == pytest.approx(float(theirs), rel=1e-5)


@pytest.mark.parametrize("code", ["rate", "constant", "raw"])
@pytest.mark.parametrize("hidden", [0, 7])
def test_fused_response_and_gradient_are_those_of_the_definition(code: str, hidden: int) -> None:
    params, tensors = setup(code, hidden)
    drive = drive_of(params)
    slow = network.trace(drive, tensors, params.beta, params.n_steps)
    summary, (activity, fast) = network.summary(slow), network.run_traced(drive, tensors, params)
    for a, b in zip(summary, activity, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    for a, b in zip(slow, fast, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    assert torch.equal(network.run(drive, tensors, params).counts, activity.counts)
    assert len(set(activity.counts.flatten().tolist())) > 3
    mine = surrogate.gradient(drive, LABELS, tensors, params)
    definition = surrogate.gradient_torch(drive, LABELS, tensors, params)
    assert mine.loss == pytest.approx(definition.loss, rel=1e-5)
    assert mine.right == definition.right
    for a, b in zip(mine.change, definition.change, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_first_spikes_and_potentials_are_read_off_the_traces() -> None:
    params, tensors = setup("rate", 7)
    activity, steps = network.run_traced(drive_of(params), tensors, params)
    spikes = steps.spikes.numpy() > 0
    assert np.array_equal(activity.counts, spikes.sum(axis=0))
    seen = set()
    for s in range(len(POINTS)):
        for k in range(3):
            times = np.flatnonzero(spikes[:, s, k])
            first = int(times[0]) if len(times) else -1
            assert activity.first[s, k] == first
            expected = float(steps.potentials[first, s, k]) if len(times) else 0.0
            assert float(activity.at_first[s, k]) == expected
            seen.add(first)
    assert -1 in seen and len(seen) > 3


def test_a_batch_answers_like_its_points_one_by_one() -> None:
    params, tensors = setup("rate", 7)
    together = network.run(drive_of(params), tensors, params)
    for i in range(0, 40, 7):
        drive = inputs.drive(POINTS[i : i + 1], params, torch.tensor([i]))
        for a, b in zip(network.run(drive, tensors, params), together, strict=True):
            assert torch.equal(a[0], b[i])


def test_delta_rule_is_the_one_of_the_book() -> None:
    params, tensors = setup("constant", 0)
    drive = drive_of(params)
    before = [t.clone() for t in tensors]
    change = local_rule.delta(drive, LABELS, tensors, params).change
    counts = network.run(drive, tensors, params).counts.numpy()
    wanted = np.where(np.arange(3) == LABELS[:, None].numpy(), 0.4 * 20, 0.1 * 20)
    by_hand = np.mean(
        [np.outer(drive[0, s].numpy(), counts[s] - wanted[s]) for s in range(40)], axis=0
    )
    np.testing.assert_allclose(change.w2, by_hand, atol=1e-5)
    np.testing.assert_allclose(change.b2, np.mean(counts - wanted, axis=0), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, tensors, strict=True))


def test_delta_rule_sees_mean_spikes_and_leaves_the_hidden_layer_alone() -> None:
    for hidden in (0, 7):
        params, tensors = setup("rate", hidden)
        activity, steps = network.run_traced(drive_of(params), tensors, params)
        seen = (steps.hidden_spikes if hidden else drive_of(params)).float().mean(dim=0)
        wanted = np.where(np.arange(3) == LABELS[:, None].numpy(), 8.0, 2.0)
        by_hand = seen.numpy().T @ (activity.counts.numpy() - wanted) / 40
        change = local_rule.delta(drive_of(params), LABELS, tensors, params).change
        np.testing.assert_allclose(change.w2, by_hand, atol=1e-5)
        assert not change.w1.any() and not change.b1.any() and change.w2.any()


@pytest.mark.parametrize("rule", [surrogate.gradient, surrogate.gradient_torch, local_rule.delta])
def test_points_that_learning_gets_right_are_counted_by_the_chosen_decision(rule: Any) -> None:
    right = {}
    for decision in ("count", "first"):
        params, tensors = setup("rate", 7, decision=decision)
        activity = network.run(drive_of(params), tensors, params)
        made = decide(decision, 20, *(part.numpy() for part in activity[:4]))
        right[decision] = int((made.winners == LABELS.numpy()).sum())
        assert rule(drive_of(params), LABELS, tensors, params).right == right[decision]
    assert right["count"] != right["first"]


def test_adam_takes_the_steps_of_torch() -> None:
    _, tensors = setup("rate", 7)
    leaves = [t.clone().requires_grad_() for t in tensors]
    theirs = torch.optim.Adam(leaves, lr=0.02, betas=(0.9, 0.99))
    ours = surrogate.Adam(tensors)
    for k in range(4):
        change = Tensors(*(torch.sin(t * 7 + k) for t in tensors))
        for leaf, slope in zip(leaves, change, strict=True):
            leaf.grad = slope.clone()
        theirs.step()
        tensors = ours.step(tensors, change, 0.02)
    for mine, leaf in zip(tensors, leaves, strict=True):
        torch.testing.assert_close(mine, leaf.detach(), rtol=0, atol=1e-6)


def test_network_and_tensors_are_two_views_of_one_thing() -> None:
    first = network.init_network(ClassifierParams(hidden=5), 4)
    back = network.to_network(network.to_tensors(first))
    assert isinstance(back, Network)
    for a, b in zip(first, back, strict=True):
        assert np.array_equal(a, b) and a.dtype == np.float32 and not b.flags.writeable
    assert [p.shape for p in first] == [(5, 16), (5,), (4, 5), (4,)]
    other = network.init_network(ClassifierParams(hidden=5, seed=1), 4)
    assert not np.array_equal(first.weights, other.weights)


@pytest.mark.parametrize("code", ["rate", "constant", "raw"])
def test_no_path_touches_float64(code: str) -> None:
    params, tensors = setup(code, 7)
    with no_float64():
        drive = drive_of(params)
        network.summary(network.trace(drive, tensors, params.beta, params.n_steps))
        local_rule.delta(drive, LABELS, tensors, params)
        found = surrogate.gradient_torch(drive, LABELS, tensors, params)
        surrogate.Adam(tensors).step(tensors, found.change, 0.1)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (torch.zeros(3), r"points must be \[S, 2\]"),
        (torch.full((1, 2), 1.5), "points must be in 0..1"),
        (torch.full((1, 2), float("nan")), "points must be in 0..1"),
    ],
)
def test_points_outside_the_square_are_named(points: torch.Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        inputs.channels(points, ClassifierParams())
