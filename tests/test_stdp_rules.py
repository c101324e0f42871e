"""Learning rules: their windows, fixed points and merged steps; what they make of digits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from snncore import datasets, readout, rng
from snncore.stdp import Layer, TrainParams, counts, train
from snncore.stdp.competition import present_torch
from snncore.stdp.rules import (
    AMPLITUDE,
    BETA,
    DEPRESSION,
    RULES,
    SEED_MAX,
    W_MAX,
    X_TARGET,
    apply,
)
from snncore.stdp.state import Draw

Tensor = torch.Tensor
LEARNING = [key for key in RULES if key != "seed"]
LAG = np.linspace(-60.0, 60.0, 25)  # ms; 0 among them
TAU, RATE, W = 20.0, 0.1, 0.1


def column(*values: float) -> Tensor:
    return torch.tensor([values])


def analytic(key: str) -> np.ndarray:
    """Δw of one pair of spikes, from the equations, by lag."""
    x = np.where(LAG >= 0, np.exp(-np.abs(LAG) / TAU), 0.0)
    z = np.where(LAG < 0, np.exp(-np.abs(LAG) / TAU), 0.0)
    late = -AMPLITUDE * math.exp(BETA * (W / W_MAX - 1))
    return {
        "trace": RATE * (x - W),
        "pair_additive": RATE * (x - DEPRESSION * z),
        "pair_multiplicative": RATE * (x * (1 - W / W_MAX) - DEPRESSION * z * W / W_MAX),
        "diehl_cook": RATE * (x - X_TARGET) * (1 - W / W_MAX),
        "exponential": RATE
        * W_MAX
        * np.where(x > 0.35, AMPLITUDE * math.exp(-BETA * W / W_MAX), late),
        "seed": RATE * x,
    }[key]


@pytest.mark.parametrize("key", RULES)
def test_the_window_of_a_rule_is_its_analytic_curve(key: str) -> None:
    """One step is exact but for `exponential`, whose flow lags by half the step's curvature."""
    window = RULES[key].window(LAG, TAU, RATE, W)
    inside = np.clip(W + analytic(key), 0.0, W_MAX if key == "pair_additive" else 1.0) - W
    tolerance = {"rel": 0.05} if key == "exponential" else {"rel": 1e-9, "abs": 1e-12}
    assert window == pytest.approx(inside, **tolerance)
    assert np.ptp(window) > 0


@pytest.mark.parametrize("lag_steps", [-12, -3, -1, 0, 1, 5, 15])
def test_a_simulated_pair_of_spikes_meets_the_window(lag_steps: int) -> None:
    """A strong input makes the neuron spike at step 20; a weak one spikes `lag` before."""
    params = TrainParams(code="latency", rule="pair_additive", steps=60)
    layer = Layer(column(1.0, 1e-6), torch.tensor([0.9]))
    values = torch.tensor([[21, 21 - lag_steps]])
    draw = Draw(0, rng.stream("train_spikes"), torch.arange(1))
    found = present_torch(layer, values, draw, params)
    x, z = found.pre[0, 1], found.after[0, 1]
    weak = math.exp(-abs(lag_steps) * params.dt / params.tau_m)
    length = math.hypot(1.0, weak) if lag_steps >= 0 else 1.0
    lag_ms = np.array([lag_steps * params.dt])
    moved = RULES["pair_additive"].window(lag_ms, params.tau_m, RATE, W)[0]
    assert float(x - DEPRESSION * z) * RATE * length == pytest.approx(moved, rel=1e-5)


@pytest.mark.parametrize("key", RULES)
def test_n_spikes_at_once_are_n_steps_in_a_row(key: str) -> None:
    """Exact by construction, but for `exponential`: a flow of p up, then of 1 − p down."""
    w, x, z = column(0.05, 0.1, 0.2), column(0.11, 0.08, 0.05), column(0.02, 0.12, 0.01)
    if RULES[key].recent:
        x = column(0.9, 0.6, 0.3)
    step = RULES[key].step
    at_once = step(w, x, z, column(5.0), 0.02)
    one = torch.ones(1, 1)
    for _ in range(5):
        w = step(w, x, z, one, 0.02)
    torch.testing.assert_close(at_once, w, rtol=1e-3 if key == "exponential" else 1e-5, atol=1e-6)
    assert not torch.equal(at_once, column(0.05, 0.1, 0.2))


@pytest.mark.parametrize(
    ("key", "x", "z", "expected"),
    [
        ("trace", (0.1, 0.03, 0.0), (0.0, 0.0, 0.0), (0.1, 0.03, 0.0)),
        ("pair_additive", (0.1, 0.0, 0.0), (0.1, 0.1, 0.0), (W_MAX, 0.0, None)),
        (
            "pair_multiplicative",
            (0.1, 0.03, 0.1),
            (0.1, 0.1, 0.0),
            (W_MAX / (1 + DEPRESSION), W_MAX * 0.3 / (0.3 + DEPRESSION), W_MAX),
        ),
        ("diehl_cook", (X_TARGET * 3, X_TARGET / 2, X_TARGET), (0.0,) * 3, (W_MAX, 0.0, None)),
        (
            "exponential",
            (0.5, 0.7, 0.999),
            (0.0,) * 3,
            (W_MAX / 2, W_MAX * (0.5 + math.log(0.7 / 0.3) / (2 * BETA)), W_MAX),
        ),
        ("seed", (0.1, 0.0, 0.01), (0.0,) * 3, (SEED_MAX, None, SEED_MAX)),
    ],
)
def test_a_rule_comes_to_rest_at_its_fixed_point(
    key: str,
    x: tuple[float, ...],
    z: tuple[float, ...],
    expected: tuple[float | None, ...],
) -> None:
    """Constant statistics for long; None: nothing pulls there, the weight stays where it was."""
    start = column(0.1, 0.1, 0.1)
    w = start
    for _ in range(3_000):
        w = RULES[key].step(w, column(*x), column(*z), torch.ones(1, 1), 0.2)
    goal = [0.1 if value is None else value for value in expected]
    # `exponential` ends at most one step beside its fixed point: steps of 0.2 · 0.3 · w_max.
    assert w[0].tolist() == pytest.approx(goal, abs=0.03 if key == "exponential" else 1e-5)


def test_with_the_budget_additive_pairs_and_the_trace_rule_find_the_direction_of_the_means() -> (
    None
):
    x, z = column(0.12, 0.06, 0.02), column(0.02, 0.06, 0.1)
    for key, goal in (("trace", x), ("pair_additive", (x - DEPRESSION * z).clamp(min=0))):
        # W_MAX is below these few weights; as with many inputs, it must not bind here.
        goal, w, many = goal / goal.norm(), column(0.5, 0.5, 0.7071), 100
        spread = [v.repeat(1, many) / math.sqrt(many) for v in (w, x, z)]
        w = spread[0]
        for _ in range(5000):
            w = apply(RULES[key], w, spread[1], spread[2], torch.ones(1, 1), 0.05)
        torch.testing.assert_close(w[:, :3] * math.sqrt(many), goal, rtol=1e-3, atol=1e-4)


def test_a_step_that_would_leave_nothing_is_not_taken() -> None:
    w, z = column(0.6, 0.8), column(50.0, 50.0)
    assert torch.equal(apply(RULES["pair_additive"], w, z * 0, z, torch.ones(1, 1), 1.0), w)


def test_every_rule_says_what_it_is() -> None:
    for key, rule in RULES.items():
        assert rule.key == key and key in TrainParams.specs()["rule"].options
        for text in (rule.label, rule.equation, rule.sentence, rule.source, rule.fixed_point):
            assert text.strip()
    assert set(TrainParams.specs()["rule"].options) == set(RULES)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.load("digits", "train")
    return datasets.to_grey(data.images), data.labels


def vote(layer: Layer, params: TrainParams, digits: tuple[np.ndarray, np.ndarray]) -> float:
    """Vote accuracy on the last third of the training images; the first two thirds label."""
    images, labels = digits
    split = 2 * len(images) // 3
    counted = np.concatenate([part for _, part in counts((layer,), images, params)])
    names = readout.assign_labels(counted[:split], labels[:split], 10)
    return float((readout.vote(counted[split:], names, 10) == labels[split:]).mean())


@pytest.mark.parametrize("key", LEARNING)
def test_every_rule_learns_digits_far_better_than_untrained_weights_do(
    key: str, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    params = TrainParams(neurons=60, batch=20, epochs=2, rule=key)
    learnt = vote(list(train(digits[0], params))[-1].layer, params, digits)
    frozen = replace(params, rate_first=0.0, rate_last=0.0)
    untrained = vote(list(train(digits[0], frozen))[-1].layer, params, digits)
    assert learnt > 0.65 and learnt > untrained + 0.15


def test_the_seed_rule_saturates_and_says_nothing(digits: tuple[np.ndarray, np.ndarray]) -> None:
    """All weights of active inputs at the bound, every neuron in every step, votes at chance."""
    images = digits[0][:400]
    params = TrainParams(
        neurons=30, rule="seed", competition="none", batch=50, epochs=2, inhibition=0.0
    )
    last = list(train(images, params))[-1]
    active = images.reshape(len(images), -1).mean(axis=0) > 20
    assert float((last.layer.weights[:, active] == SEED_MAX).float().mean()) > 0.95
    assert last.wins.min() > 0.5 * last.wins.max() and last.wins.sum() > 30 * 400 * 10
    assert torch.equal(last.layer.theta, torch.full((30,), params.theta))
    assert vote(last.layer, params, digits) < 0.3


def test_homeostasis_makes_all_neurons_win_and_evens_out_their_shares(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    """Coefficient of variation of the wins of an epoch; 1 / √(images / neurons) is pure chance."""
    spread = {}
    for rate in (0.0, 0.02):
        params = TrainParams(neurons=40, batch=20, epochs=3, theta_rate=rate)
        last = list(train(digits[0], params, every_s=1e9))[-1]
        wins = np.bincount(
            last.winners[-len(digits[0]) :][last.winners[-len(digits[0]) :] >= 0], minlength=40
        )
        spread[rate] = wins.std() / wins.mean(), int((wins == 0).sum())
    assert spread[0.02][0] < 0.35 and spread[0.02][1] == 0
    assert spread[0.0][0] > 2 * spread[0.02][0]
