"""How states move: energies, cycles, noise, and published numbers of Hebb's rule."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.hopfield.dynamics import (
    CYCLE,
    FIXED,
    MOVING,
    UPDATES,
    DynamicsParams,
    Step,
    settle,
    sign,
)
from snncore.hopfield.low_rank import LowRank, hebb, pseudo_inverse
from snncore.hopfield.probes import Probes
from snncore.hopfield.rules import GRADED_RULES, RATE_RULES, RuleParams, make_memory
from snncore.kernels.hopfield import orders, words
from tests.test_devices import no_float64
from tests.test_hopfield_rules import flipped, last, likenesses, random_patterns

SIGN_RULES = tuple(rule for rule in RATE_RULES if rule not in GRADED_RULES)


def states_of(way: Iterator[Step]) -> torch.Tensor:
    return torch.stack([step.states for step in way])


def params_of(rule: str, degree: int) -> RuleParams:
    """Without self-coupling; "dam centred" is the centred dense memory."""
    return RuleParams(
        rule=rule.split()[0], diagonal=0.0, degree=degree, centred=rule.endswith("centred")
    )


def sweep_order(seed: int, sweep: int, samples: torch.Tensor, n: int) -> np.ndarray:
    return orders(rng.split_seed(seed), rng.stream("recall", sweep), samples.numpy(), n)


# --- one after the other


@pytest.mark.parametrize("rule", [*SIGN_RULES, "dam centred"])
def test_asynchronous_energy_never_rises(rule: str) -> None:
    """Hopfield 1982: symmetric couplings without self-coupling; dense memories by definition."""
    patterns = likenesses(30, 150)  # above Hebb's capacity: the way down is long
    starts = torch.cat([random_patterns(20, 150, seed=9).float(), flipped(patterns[:20], 0.3)])
    starts[0] = 0.0  # nothing known at all
    memory = make_memory(patterns, params_of(rule, 3))
    steps = list(settle(memory, starts, DynamicsParams(update="async", steps=60)))
    energies = torch.stack([step.energy for step in steps])
    assert len(steps) > 2
    # float32 sums of some thousand terms
    assert float(energies.diff(dim=0).max()) <= 1e-6 * float(energies.abs().max()) + 1e-4
    assert (steps[-1].status == FIXED).all()
    assert (steps[-1].flips == 0).all()
    assert float((energies[-1] - energies[0]).max()) <= 0
    assert float((energies[-1] - energies[0]).min()) < -1


@pytest.mark.parametrize("unknown", [0.0, 0.3])
@pytest.mark.parametrize("rule", [*SIGN_RULES, "dam centred"])
def test_a_sweep_takes_every_pixel_to_its_lower_energy(rule: str, unknown: float) -> None:
    """Visit by visit in float64: E with the pixel black and white, in each probe's own order."""
    n = 50
    patterns = likenesses(7, n)
    memory = make_memory(patterns, params_of(rule, 5))
    probes = flipped(patterns[:4], 0.3)
    known = torch.ones_like(probes, dtype=torch.bool)
    known[:, : int(unknown * n)] = False
    got = list(
        settle(memory, Probes(probes, known), DynamicsParams(update="async", steps=1), seed=4)
    )
    fine = _in_double(memory)
    for b in range(4):
        s = got[0].states[b].double()
        for i in sweep_order(4, 1, torch.arange(4), n)[b]:
            pair = s.repeat(2, 1)
            pair[0, i], pair[1, i] = 1.0, -1.0
            white, black = fine.energy(pair).tolist()
            if abs(white - black) > 1e-5:  # a tie leaves the pixel alone
                s[i] = 1.0 if white < black else -1.0
            elif float(s[i]) == 0.0 or rule != "hebb":
                s[i] = got[1].states[b, i]  # rounding decides
        assert (got[1].states[b] == s).all()


def _in_double(memory):
    parts = [p.double() if isinstance(p, torch.Tensor) else p for p in memory]
    return type(memory)(*parts)


def test_each_probe_has_a_random_order_of_its_own() -> None:
    """Orders of 5 pixels: all 120 occur, 50 times each on average (chi-square, 119 degrees)."""
    drawn = sweep_order(7, 1, torch.arange(6000), 5)
    assert (np.sort(drawn, axis=1) == np.arange(5)).all()
    counts = np.unique(drawn @ 5 ** np.arange(5), return_counts=True)[1]
    assert len(counts) == 120
    assert ((counts - 50) ** 2 / 50).sum() < 119 + 4 * math.sqrt(2 * 119)
    assert (sweep_order(7, 1, torch.tensor([31]), 5)[0] == drawn[31]).all()
    assert (sweep_order(7, 2, torch.arange(6000), 5) != drawn).any()


def test_the_kernel_makes_the_random_words_of_the_generator() -> None:
    samples = torch.tensor([0, 3, 2**32 - 1])
    stream = rng.stream("recall", 9)
    for which in range(4):
        expected = rng.draws(2**40 + 5, stream, samples, 11, 4)[which]
        got = words(rng.split_seed(2**40 + 5), stream, samples.numpy(), 11, which)
        assert (torch.from_numpy(got) == expected).all()


# --- all at once


def two_neurons() -> LowRank:
    """W = [[0, 1], [1, 0]]: uᵀu without its diagonal."""
    return LowRank("hebb", torch.ones(1, 2), 1.0, torch.ones(2))


def test_synchronous_updates_find_the_two_cycle_of_two_neurons() -> None:
    """From (1, -1) the state swaps for ever (Goles-Chacc et al 1985)."""
    probes = torch.tensor([[1.0, -1.0], [1.0, 1.0]])
    steps = list(settle(two_neurons(), probes))
    assert steps[1].states[0].tolist() == [-1.0, 1.0]
    assert steps[2].states[0].tolist() == [1.0, -1.0]
    assert steps[1].flips.tolist() == [2, 0]
    assert steps[1].status.tolist() == [MOVING, FIXED]
    assert steps[-1].status.tolist() == [CYCLE, FIXED]
    assert len(steps) == 3  # probe, swap, swap back: known, so no further step is made
    alone = last(settle(two_neurons(), probes, DynamicsParams(update="async")))
    assert alone.status.tolist() == [FIXED, FIXED]  # one after the other there is no cycle


def test_synchronous_updates_end_in_fixed_points_or_two_cycles_only() -> None:
    """N = 200, P = 40, random starts: about three in four fixed, the others cycles of two."""
    patterns = random_patterns(40, 200)
    starts = random_patterns(200, 200, seed=5).float()
    w = hebb(patterns)
    final = last(settle(w, starts, DynamicsParams(steps=200)))
    fixed = final.status == FIXED
    assert set(final.status.tolist()) == {FIXED, CYCLE}
    assert 0.6 < float(fixed.float().mean()) < 0.9
    once = sign(w.field(final.states), final.states)
    twice = sign(w.field(once), once)
    assert (once[fixed] == final.states[fixed]).all()
    assert (twice[~fixed] == final.states[~fixed]).all()
    assert (once[~fixed] != final.states[~fixed]).any(dim=1).all()


def test_lyapunov_function_of_synchronous_updates_never_rises_where_the_energy_does() -> None:
    """L(t) = -s(t)ᵀW s(t-1) (Goles-Chacc et al 1985); |L| of some hundred in float32."""
    patterns = random_patterns(40, 200)
    starts = random_patterns(100, 200, seed=5).float()
    w = hebb(patterns)
    steps = list(settle(w, starts, DynamicsParams(steps=30)))
    assert steps[0].lyapunov is None
    series = torch.stack([step.lyapunov for step in steps[1:]])
    assert float(series.diff(dim=0).max()) <= 1e-4
    assert float(torch.stack([step.energy for step in steps]).diff(dim=0).max()) > 0.1
    x = patterns.double()
    dense = x.T @ x / 200
    dense.fill_diagonal_(0)
    first, second = steps[0].states.double(), steps[1].states.double()
    torch.testing.assert_close(
        series[0].double(), -((second @ dense) * first).sum(dim=1), atol=1e-4, rtol=0
    )
    for other in ("covariance-pixel", "storkey"):  # with a bias; with negative weights
        memory = make_memory(patterns, RuleParams(rule=other))
        way = list(settle(memory, starts, DynamicsParams(steps=30)))[1:]
        falling = torch.stack([step.lyapunov for step in way])
        assert float(falling.diff(dim=0).max()) <= 1e-3  # float32 at |L| of some hundred


@pytest.mark.parametrize(
    ("count", "n", "q"),
    [(138, 1000, 0.0), (185, 1000, 0.0), (50, 784, 0.3), (100, 2000, 0.2)],
)
def test_first_step_error_follows_hertz_krogh_palmer(count: int, n: int, q: float) -> None:
    """½ erfc((1-2q)/√(2(P-1)/N)); at least 900 wrong pixels are counted, so ±10 % is 3 sigma."""
    expected = 0.5 * math.erfc((1 - 2 * q) / math.sqrt(2 * (count - 1) / n))
    wrong = total = 0
    for seed in range(3):
        patterns = random_patterns(count, n, seed)
        step = last(
            settle(hebb(patterns), flipped(patterns, q, seed + 50), DynamicsParams(steps=1))
        )
        wrong += int((step.states != patterns).sum())
        total += step.states.numel()
    assert wrong / total == pytest.approx(expected, rel=0.1)


def test_row_sums_guarantee_fixed_points() -> None:
    """Σ|C| < 1 - P/N is sufficient, whatever the patterns; both sides of it are met."""
    certain = 0
    for seed, count in enumerate((2, 3, 4, 6, 10, 30)):
        patterns = random_patterns(count, 100, seed)
        x = patterns.float()
        others = (x @ x.T / 100).abs().sum(dim=1) - 1
        sure = others < 1 - count / 100
        stays = (sign(hebb(patterns).field(x), x) == x).all(dim=1)
        certain += int(sure.sum())
        assert stays[sure].all()
    assert certain > 5
    assert not stays.all()


def test_mixture_of_three_is_a_spurious_state_of_known_energy() -> None:
    """sign(ξ¹+ξ²+ξ³): overlaps ½ and E/N = -0.375, above the patterns' -0.5; -ξ is as deep as ξ."""
    n = 10_000
    patterns = random_patterns(3, n)
    w = hebb(patterns)
    mixture = patterns.sum(dim=0, dtype=torch.int64).sign()[None].float()
    x = patterns.float()
    assert (x @ mixture[0] / n).tolist() == pytest.approx([0.5] * 3, abs=0.03)
    assert float(w.energy(mixture)) / n == pytest.approx(-0.375, abs=0.01)
    for update in UPDATES:
        final = last(settle(w, mixture, DynamicsParams(update=update)))
        assert (final.states * mixture).sum() / n > 0.99  # it stays there
    assert w.energy(x).tolist() == pytest.approx([-0.5 * n] * 3, rel=0.01)
    torch.testing.assert_close(w.energy(-x), w.energy(x))
    hot = last(settle(w, mixture, DynamicsParams(update="async", temperature=0.6, steps=40)))
    overlaps = (x @ hot.states[0] / n).abs()
    # Above T = 0.46 no mixture is stable (Amit et al 1985): one picture wins, m = tanh(m/0.6)
    assert float(overlaps.max()) == pytest.approx(0.907, abs=0.03)


# --- at a temperature


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize(
    ("temperature", "expected"), [(0.3, 0.9974), (0.5, 0.9575), (0.8, 0.7104), (1.2, 0.0)]
)
def test_few_patterns_at_a_temperature_have_the_overlap_of_mean_field_theory(
    update: str, temperature: float, expected: float
) -> None:
    """m = tanh(m/T) at N = 8,000, P = 2, the mean of 30 states after 30 updates.

    One state's overlap varies by √((1-m²)/N)/(1-χ) < 0.02; above T = 1 it decays slowly.
    """
    n = 8000
    patterns = random_patterns(2, n)
    params = DynamicsParams(update=update, temperature=temperature, steps=60, block=0.5)
    x = patterns[:1].float()
    way = [step.states for step in settle(hebb(patterns), x, params, seed=3)]
    assert len(way) == 61  # nothing rests
    m = (torch.cat(way[31:]) @ x[0] / n).mean()
    assert float(m) == pytest.approx(expected, abs=0.01 if temperature < 0.6 else 0.04)


def test_a_pixel_follows_its_field_with_glauber_probability() -> None:
    """One picture, all pixels right: h = 1 - 1/N, so a share 1/(1 + exp(2h/T)) turns wrong."""
    n = 40_000
    picture = random_patterns(1, n)
    x = picture.float()
    step = last(settle(hebb(picture), x, DynamicsParams(steps=1, temperature=1.5), seed=1))
    expected = 1 / (1 + math.exp(2 / 1.5))
    wrong = float(step.flips[0]) / n
    assert wrong == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))
    assert step.status.tolist() == [MOVING]
    assert step.lyapunov is None


def test_a_dense_memory_visits_its_states_by_their_energy() -> None:
    """Glauber sweeps of 4 pixels sample exp(-E/T) (detailed balance): all 16 states, 8,000 probes.

    Chi-square with 15 degrees of freedom; the probes are independent, 40 sweeps are many.
    """
    patterns = torch.tensor([[1, 1, 1, 1], [1, -1, 1, 1]], dtype=torch.int8)
    grid = torch.tensor(
        [[1 - 2 * (k >> i & 1) for i in range(4)] for k in range(16)], dtype=torch.float32
    )
    for rule in ("dam", "exponential"):
        memory = make_memory(patterns, RuleParams(rule=rule, degree=2))
        share = torch.softmax(-memory.energy(grid).double() / 2.5, dim=0)
        params = DynamicsParams(update="async", temperature=2.5, steps=40)
        states = last(settle(memory, torch.ones(8000, 4), params, seed=5)).states
        counts = torch.bincount(((states < 0) * 2 ** torch.arange(4)).sum(dim=1), minlength=16)
        wanted = 8000 * share
        assert float(((counts - wanted) ** 2 / wanted).sum()) < 15 + 4 * math.sqrt(30)


# --- a share of the pixels at once


def test_a_block_changes_its_share_of_the_pixels() -> None:
    picture = random_patterns(1, 20_000)
    step = last(
        settle(hebb(picture), -picture.float() * 0.0, DynamicsParams("block", 1, block=0.3))
    )
    assert step.flips.tolist() == [0]  # nothing is known: no field, no change
    start = picture.float()
    start[0, :9000] *= -1  # 45 % wrong: all of them want to change, a block of 30 % does
    step = last(settle(hebb(picture), start, DynamicsParams("block", 1, block=0.3)))
    assert int(step.flips) == pytest.approx(0.3 * 9000, abs=4 * math.sqrt(0.21 * 9000))
    whole = last(settle(hebb(picture), start, DynamicsParams("block", 1, block=1.0)))
    assert (whole.states == picture).all()


def test_a_block_rests_only_where_no_pixel_wants_to_change() -> None:
    patterns = random_patterns(20, 200)
    w = pseudo_inverse(patterns, 0.0)
    probes = flipped(patterns, 0.15)
    final = last(settle(w, probes, DynamicsParams("block", 200, block=0.05)))
    fixed = final.status == FIXED
    assert fixed.all()
    assert (sign(w.field(final.states), final.states) == final.states).all()
    # two cells that swap for ever at once do not in blocks
    pair = torch.tensor([[1.0, -1.0]])
    assert (
        last(settle(two_neurons(), pair, DynamicsParams("block", 100, block=0.5))).status == FIXED
    )


# --- manners


@pytest.mark.parametrize(
    ("rule", "update"),
    [
        (rule, update)
        for rule in RATE_RULES
        for update in UPDATES
        if update != "async" or rule not in GRADED_RULES
    ],
)
def test_batch_equals_loop_of_singles_and_arguments_stay(rule: str, update: str) -> None:
    graded = rule in GRADED_RULES
    patterns = random_patterns(8, 64)
    probes = Probes(flipped(patterns, 0.3), torch.ones(8, 64, dtype=torch.bool))
    probes.known[3, :20] = False
    samples = torch.tensor([5, 0, 2**32 - 1, 7, 1, 2, 3, 4])
    kept = [part.clone() for part in (patterns, probes.values, probes.known, samples)]
    memory = make_memory(patterns, RuleParams(rule=rule, beta=0.2))
    for temperature in (0.0,) if graded else (0.0, 0.4):
        p = DynamicsParams(update, 12, temperature, 0.3)
        whole = last(settle(memory, probes, p, seed=3, samples=samples))
        for b in range(8):
            row = slice(b, b + 1)
            one = last(settle(memory, probes.rows(row), p, seed=3, samples=samples[row]))
            torch.testing.assert_close(
                one.states[0], whole.states[b], atol=1e-5 if graded else 0.0, rtol=0
            )
            assert one.status[0] == whole.status[b]
        again = last(settle(memory, probes, p, seed=3, samples=samples))
        assert (again.states == whole.states).all()
    for before, after in zip(kept, (patterns, probes.values, probes.known, samples), strict=True):
        assert (before == after).all()


def test_earlier_steps_are_not_changed_by_later_ones() -> None:
    patterns = random_patterns(30, 100)
    for update in UPDATES:
        kept = []
        for step in settle(hebb(patterns), flipped(patterns, 0.3), DynamicsParams(update)):
            kept.append((step, [p.clone() for p in step if isinstance(p, torch.Tensor)]))
        for step, copies in kept:
            tensors = [p for p in step if isinstance(p, torch.Tensor)]
            assert all((a == b).all() for a, b in zip(tensors, copies, strict=True))


def test_resting_probes_are_left_alone() -> None:
    """A probe that rests is not looked at again, however long the others take."""
    patterns = random_patterns(30, 150)
    probes = torch.cat([patterns[:1].float(), random_patterns(5, 150, seed=3).float()])
    looked: list[int] = []

    class Counting(LowRank):
        def field(self, states: torch.Tensor) -> torch.Tensor:
            looked.append(len(states))
            return super().field(states)

    memory = Counting(*pseudo_inverse(patterns, 0.0))
    final = last(settle(memory, probes, DynamicsParams(steps=100)))
    assert final.status[0] == FIXED
    assert looked[0] == 6
    assert looked[-1] < 5


def test_graded_memories_refuse_what_they_do_not_have() -> None:
    memory = make_memory(random_patterns(3, 20), RuleParams(rule="modern", beta=0.3))
    probes = random_patterns(2, 20).float()
    with pytest.raises(ValueError, match="update must be sync or block for modern, got async"):
        settle(memory, probes, DynamicsParams(update="async"))
    with pytest.raises(ValueError, match=r"temperature must be 0 for modern, got 0\.5"):
        settle(memory, probes, DynamicsParams(temperature=0.5))


@pytest.mark.parametrize("probes", [torch.zeros(0, 20), torch.zeros(20), torch.zeros(2, 21)])
def test_probes_of_another_size_are_named(probes: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"probes must be \[B, 20\] and not empty"):
        settle(hebb(random_patterns(3, 20)), probes)


def test_samples_out_of_range_are_named() -> None:
    patterns = random_patterns(3, 20)
    for update in ("async", "block"):
        with pytest.raises(ValueError, match="samples must be in 0"):
            list(
                settle(
                    hebb(patterns),
                    flipped(patterns, 0.4),
                    DynamicsParams(update),
                    samples=torch.tensor([0, 1, -1]),
                )
            )


@pytest.mark.parametrize("rule", RATE_RULES)
def test_no_recall_touches_float64(rule: str) -> None:
    """Other devices have none; eigenvectors and Storkey's learning are set up on the CPU."""
    patterns = random_patterns(5, 40)
    probes = flipped(patterns, 0.3)
    params = RuleParams(rule=rule, beta=0.3, centred=True)
    memory = make_memory(patterns, params)
    with no_float64():
        if rule not in ("pseudo-inverse", "storkey"):
            make_memory(patterns, params)
        for update in UPDATES:
            if not memory.graded:
                list(settle(memory, probes, DynamicsParams(update, 3)))
                list(settle(memory, probes, DynamicsParams(update, 3, temperature=0.3)))
            elif update != "async":
                list(settle(memory, probes, DynamicsParams(update, 3)))
