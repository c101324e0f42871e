"""Learning rules: what one spike of a neuron does to its weights, and n spikes of a batch.

A spike of neuron j finds the presynaptic traces x_i (decay τ, +1 per spike). A rule is told

    x̄   the mean over the neuron's n spikes in the batch of x / ‖x‖₂ (for `exponential`: of the
        indicator that x_i > 0.35, a spike within about the last τ),
    z̄   the mean of z / ‖x‖₂, with z_i = Σ e^{−(t − t*)/τ} over the spikes of input i at t > t*
        (only for rules with `after`: depression by inputs that come too late),

and gives the weights after n steps at those means: not n times the change of one step, but what n
steps in a row would come to if nothing came between them (`exponential`: what its differential
equations come to). Dividing by ‖x‖ makes early and late spikes count alike.

Then the weight budget, once after the n steps of a batch: each neuron's weights are scaled to unit
L2 norm (`budget`), as Diehl & Cook (2015) scale theirs to a fixed sum. Bounds are in the same
units; with the 100 to 150 active pixels of a digit a weight is around 0.08, so W_MAX = 0.5 is some
six times the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Tensor = torch.Tensor
Step = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]

W_MAX = 0.5  # upper bound of a weight; the budget is ‖w‖₂ = 1
SEED_MAX = 1.0  # of the rule without a budget
RECENT = 0.35  # a trace above this has had a spike within the last τ (e⁻¹ = 0.37), or several
DEPRESSION = 0.25  # A− / A+ of the pair rules
X_TARGET = 0.02  # x_tar of Diehl & Cook, in units of x/‖x‖
BETA = 3.0  # of the exponential rule
AMPLITUDE = 0.3  # of the exponential rule: step at w = 0 in units of W_MAX at η = 1


@dataclass(frozen=True)
class Rule:
    """A learning rule and its description; `step` is the rule without budget, n steps at once.

    `step(w, x̄, z̄, n, η)`: float32 [M, n_in] weights of M neurons, x̄ and z̄ alike, n [M, 1] >= 1.
    """

    key: str
    label: str
    equation: str  # LaTeX, of one spike
    sentence: str
    source: str
    fixed_point: str
    merge: str  # how n spikes of a batch are taken together
    step: Step
    after: bool = False
    recent: bool = False
    budget: bool = True
    homeostasis: bool = True

    def window(
        self, lag_ms: NDArray[np.float64], tau_ms: float, rate: float, weight: float = W_MAX / 2
    ) -> NDArray[np.float64]:
        """Δw [n] of one pair of spikes, t_post − t_pre = lag, without budget, ‖x‖ = 1.

        Args:
            lag_ms: lags; at 0 the presynaptic spike counts as the earlier one.
            tau_ms: time constant of the trace.
            rate: η.
            weight: w before the pair.
        """
        lag = np.asarray(lag_ms, float)
        decay = np.exp(-np.abs(lag) / tau_ms)
        before = np.where(lag >= 0, decay, 0.0)
        if self.recent:
            before = (before > RECENT).astype(float)
        late = np.where(lag < 0, decay, 0.0)
        x, z = (torch.from_numpy(v.reshape(1, -1)) for v in (before, late))
        w = torch.full_like(x, weight)
        moved = self.step(w, x, z, torch.ones(1, 1, dtype=x.dtype), rate)
        return (moved - w).numpy()[0]


def _trace(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    return w + (1.0 - (1.0 - rate) ** n) * (x - w)


def _pair_additive(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    return (w + n * rate * (x - DEPRESSION * z)).clamp(0.0, W_MAX)


def _pair_multiplicative(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    pull = x / W_MAX + DEPRESSION * z / W_MAX
    rest = x / pull.clamp(min=1e-12)
    return torch.where(pull > 0, rest + (w - rest) * (1.0 - rate * pull).clamp(min=0.0) ** n, w)


def _diehl_cook(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    factor = (1.0 - rate * (x - X_TARGET) / W_MAX).clamp(min=0.0) ** n
    return (W_MAX - (W_MAX - w) * factor).clamp(min=0.0)


def _exponential(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    speed = rate * AMPLITUDE * BETA
    grown = torch.exp(BETA / W_MAX * w) + speed * n * x
    shrunk = 1.0 / grown + speed * math.exp(-BETA) * n * (1.0 - x)
    return (-torch.log(shrunk) * (W_MAX / BETA)).clamp(0.0, W_MAX)


def _seed(w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    return (w + n * rate * x).clamp(max=SEED_MAX)


_ALL = (
    Rule(
        "trace",
        "Trace, soft bounds",
        r"\Delta w = \eta\,(\hat x - w)",
        "Each spike moves the weights towards the traces that caused it: inputs with a recent "
        "spike are potentiated, all others depressed.",
        "Online form of Nessler et al. 2013 (PLoS Comput. Biol. 9:e1003037); "
        "= η[x̂(1 − w) − (1 − x̂)w]",
        "The mean trace of the spikes that the neuron wins.",
        "n steps towards the mean are one of 1 − (1 − η)ⁿ, exactly; the budget comes once, after "
        "all n of them.",
        _trace,
    ),
    Rule(
        "pair_additive",
        "Pairs, additive",
        r"\Delta w = \eta\,(A_+ x_{pre}(t_{post}) - A_- z),\quad 0 \le w \le w_{max}",
        "Inputs before the spike are potentiated, inputs after it depressed, whatever the weight; "
        "hard bounds and the budget keep it in place.",
        "Song, Miller & Abbott 2000 (Nat. Neurosci. 3:919)",
        "Budget: w ∝ [A₊x̄ − A₋z̄]₊ (below w_max). Alone: 0 or w_max by the sign of that.",
        "n times the step, exactly, below the bounds; the budget comes once, after them.",
        _pair_additive,
        after=True,
    ),
    Rule(
        "pair_multiplicative",
        "Pairs, multiplicative",
        r"\Delta w = \eta\,(A_+ (1 - w/w_{max})\,x_{pre}(t_{post}) - A_- (w/w_{max})\,z)",
        "As the additive rule, but potentiation gets weaker near w_max and depression near 0.",
        "van Rossum, Bi & Turrigiano 2000 (J. Neurosci. 20:8812); Rubin, Lee & Sompolinsky 2001 "
        "(Phys. Rev. Lett. 86:364)",
        "Alone: w = w_max A₊x̄ / (A₊x̄ + A₋z̄).",
        "Affine in w: the distance from the fixed point shrinks by (1 − η(A₊x̄ + A₋z̄)/w_max)ⁿ, "
        "exactly; the budget comes once, after that.",
        _pair_multiplicative,
        after=True,
    ),
    Rule(
        "diehl_cook",
        "Diehl & Cook",
        r"\Delta w = \eta\,(x_{pre} - x_{tar})\,(1 - w/w_{max})^{\mu},\quad \mu = 1",
        "At each spike, inputs whose trace is above the target are potentiated, those below "
        "depressed; only the upper bound is soft.",
        "Diehl & Cook 2015 (Front. Comput. Neurosci. 9:99)",
        "Alone: w_max where x̄ > x_tar, 0 where x̄ < x_tar.",
        "The distance from w_max grows or shrinks by (1 − η(x̄ − x_tar)/w_max)ⁿ, exactly, above 0; "
        "the budget comes once, after that.",
        _diehl_cook,
    ),
    Rule(
        "exponential",
        "Exponential weight dependence",
        r"\Delta w = \eta\alpha\,e^{-\beta w/w_{max}}\ \text{(recent pre-spike)},\quad "
        r"-\eta\alpha\,e^{\beta (w/w_{max} - 1)}\ \text{(none)}",
        "At each spike, inputs with a spike in about the last τ are potentiated, all others "
        "depressed; both by an amount that falls exponentially as the weight gets there.",
        "Querlioz et al. 2013 (IEEE Trans. Nanotechnol. 12:288); Falez et al. 2019 (IJCNN)",
        "Alone: w = w_max (1/2 + ln(p / (1 − p)) / 2β), p the share of spikes with a recent "
        "pre-spike: the log odds.",
        "Approximate: the steps are taken as a continuous flow, n·p of potentiation and then "
        "n·(1 − p) of depression, in closed form; the budget comes once, after that.",
        _exponential,
        recent=True,
    ),
    Rule(
        "seed",
        "Potentiation only",
        r"\Delta w = \eta\,\hat x,\quad w \le w_{max}",
        "Every spike makes its inputs stronger and nothing makes them weaker, with no budget and "
        "no homeostasis: all weights reach the bound and all neurons say the same.",
        "Hebb 1949 without what came after; kept to be seen failing",
        "The upper bound, for every input that is ever active.",
        "Exact below the bound: n times the step.",
        _seed,
        budget=False,
        homeostasis=False,
    ),
)

RULES: dict[str, Rule] = {rule.key: rule for rule in _ALL}


def apply(rule: Rule, w: Tensor, x: Tensor, z: Tensor, n: Tensor, rate: float) -> Tensor:
    """Weights [M, n_in] after n [M, 1] spikes each: the rule, then its budget.

    Steps that would leave a neuron no weight at all are not taken: no budget could revive it.
    """
    moved = rule.step(w, x, z, n, rate)
    if not rule.budget:
        return moved
    norm = moved.square().sum(dim=1, keepdim=True).sqrt()
    return torch.where(norm > 0, moved / norm.clamp(min=1e-30), w)
