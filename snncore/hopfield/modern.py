"""The modern Hopfield network: recall by softmax attention over the stored patterns.

S ← Xᵀ softmax(β X S) descends E = -lse(β, X S)/β + ½|S|² + const (Ramsauer et al 2020, "Hopfield
Networks is All You Need"; exponential capacity: Demircigil et al 2017, J. Stat. Phys. 168:288).
With pixels flipped at rate q and β = ½ ln((1-q)/q) one step, then the sign, is Bayes-optimal
(`bound`); with a small β it answers with the mean of many pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from snncore.hopfield.dynamics import FIXED, Step
from snncore.hopfield.patterns import check_states

Tensor = torch.Tensor
CONVERGED = 1e-4  # largest change of a pixel (of ±1) that counts as rest


def attention(patterns: Tensor, states: Tensor, beta: float) -> Tensor:
    """softmax(β X S): the weight of each of P patterns for each of B states; float32 [B, P]."""
    return torch.softmax(beta * (states @ patterns.to(torch.float32).T), dim=1)


def modern_energy(patterns: Tensor, states: Tensor, beta: float) -> Tensor:
    """E = -lse(β, X S)/β + ½|S|² + ln(P)/β + N/2, at least 0; float32 [B]."""
    x = patterns.to(torch.float32)
    count, n = x.shape
    lse = torch.logsumexp(beta * (states @ x.T), dim=1) / beta
    return 0.5 * (states * states).sum(dim=1) - lse + math.log(count) / beta + 0.5 * n


def modern(patterns: Tensor, probes: Tensor, beta: float, steps: int) -> Iterator[Step]:
    """Steps of the softmax update from probes [B, N] until rest, at most `steps`.

    States are real numbers in [-1, 1] after the first step; their sign is the answer.

    Args:
        beta: inverse temperature, > 0; about 1/N is an average of everything, 1 a hard choice.
    """
    check_states(patterns)
    if not (math.isfinite(beta) and beta > 0.0):
        raise ValueError(f"beta must be > 0, got {beta}")
    x = patterns.to(torch.float32)
    states = probes.to(torch.float32)
    status = torch.zeros(len(states), dtype=torch.int8, device=states.device)
    yield Step(0, states, modern_energy(x, states, beta), status)
    for step in range(1, steps + 1):
        new = attention(x, states, beta) @ x
        status = ((new - states).abs().amax(dim=1) < CONVERGED).to(torch.int8) * FIXED
        states = new
        yield Step(step, states, modern_energy(x, states, beta), status)
        if bool((status == FIXED).all()):
            return
