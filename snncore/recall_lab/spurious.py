"""Spurious states: where a memory comes to rest that nobody stored.

Many starts run to rest, and each end is named by its overlaps m_μ with the stored pictures: a
picture or its negative (equally deep under Hebb's rule); a mixture sign(± ξ¹ ± ξ² ± ξ³), whose
overlaps are ½ and whose energy is -0.375 per pixel where a picture has -0.5; one of five (3/8,
-0.352); or something else, a spin-glass state (Amit, Gutfreund & Sompolinsky 1985, PRA 32:1007).
For pictures that resemble each other the borders between these names are a convention.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.hopfield.dynamics import CYCLE, FIXED, DynamicsParams, Step, settle
from snncore.hopfield.memory import Memory
from snncore.hopfield.noise import damage
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import GRADED_RULES, RuleParams, make_memory
from snncore.params import Params, choice, integer
from snncore.recall_lab.trials import check_binary, check_rule, fair_patterns, flip_noise

Tensor = torch.Tensor
Array = NDArray[np.float64]
KINDS = ("stored", "near", "inverted", "mixture3", "mixture5", "other", "cycle", "moving")
TITLES = {
    "stored": "Stored picture",
    "near": "Nearly a stored picture",
    "inverted": "Negative of a picture",
    "mixture3": "Mixture of three",
    "mixture5": "Mixture of five",
    "other": "Other state (spin glass)",
    "cycle": "Cycle of two states",
    "moving": "Not at rest yet",
}
CLOSE = 0.9  # overlap from which a state is called after a picture, its negative or a mixture
FAR = 0.4  # share of flipped pixels of the starts called "noise"
MOST = 4e12  # products of a whole search at most
BATCH = 4e8  # between two snapshots
ASYNC = 20.0  # how much dearer a product is when pixels move one after the other
RANDOM_COUNT, RANDOM_SIDE = 5, 32  # patterns where none are given


@dataclass(frozen=True)
class SpuriousParams(Params):
    """How many starts, from where.

    The 300 starts of the defaults, with five pictures of 1,024 pixels, took 2.0 s, and 1.3 s with
    all pixels at once (`time.process_time`, one thread).
    """

    starts: int = integer(300, 10, 5000, "States to start from.", step=50, label="Starts")
    start: str = choice(
        "random",
        ("random", "mixture", "noise"),
        "random: every pixel by lot; mixture: the sign of the sum of three stored pictures or "
        "negatives; noise: stored pictures with 40 % of the pixels flipped.",
        label="Start from",
    )
    steps: int = integer(100, 1, 500, "Most updates of a run.", step=10, label="Steps")
    update: str = choice(
        "async",
        ("async", "sync"),
        "One pixel after the other always ends at rest; all at once may end in a cycle of two.",
        label="Update",
    )
    shown: int = integer(24, 1, 60, "States that are handed out.", label="States")


class Spurious(NamedTuple):
    """What was found so far. K kinds as in `KINDS`, U different states, the most frequent first."""

    share: Array  # [K] of the starts that ended there
    kind_energy: Array  # [K] mean energy per pixel; NaN where there is none
    kind_states: NDArray[np.int64]  # [K] different states
    found: int  # different states in all; U of them are described
    counts: NDArray[np.int64]  # [U] starts that ended in this state
    kind: tuple[str, ...]  # U
    energy: Array  # [U] per pixel
    overlap: Array  # [U] the largest by size, with its sign
    nearest: NDArray[np.int64]  # [U] with which stored picture
    mix: tuple[tuple[int, ...], ...]  # U, the pictures of a mixture; () otherwise
    states: NDArray[np.int8]  # [U, N] of ±1
    done: int  # starts
    total: int
    shape: tuple[int, int]


class _State(NamedTuple):
    """One different end."""

    kind: str
    energy: float
    overlap: float
    nearest: int
    mix: tuple[int, ...]
    packed: bytes


def spurious(
    params: SpuriousParams | None = None,
    rule: RuleParams | None = None,
    patterns: Patterns | None = None,
    *,
    seed: int = 0,
) -> Iterator[Spurious]:
    """The search, a batch of starts after the other.

    Args:
        patterns: binary; five random ones of 32×32 pixels if None.

    Raises:
        ValueError: at the call, for grey pictures, a memory of graded states, or too much work.
    """
    p, how = params or SpuriousParams(), rule or RuleParams(rule="hebb")
    if how.rule in GRADED_RULES:
        raise ValueError(
            f"rule must have states of black and white, got {how.rule}: its states are mixtures "
            "by design; choose another rule"
        )
    if patterns is None:
        fair = fair_patterns(RANDOM_COUNT, RANDOM_SIDE**2, seed)
        patterns = fair._replace(shape=(RANDOM_SIDE, RANDOM_SIDE))
    check_binary(patterns, "the search of states")
    count, n = patterns.states.shape
    check_rule(how, count)
    each = 4.0 * count * n * p.steps * (ASYNC if p.update == "async" else 1.0)
    if each * p.starts > MOST:
        raise ValueError(
            f"starts must be <= {max(10, int(MOST / each)):,} for {count:,} pictures of {n:,} "
            f"pixels, got {p.starts:,}; or take fewer steps, or pictures"
        )
    return _spurious(p, make_memory(patterns, how), patterns, max(1, int(BATCH / each)), seed)


def _starts(p: SpuriousParams, patterns: Patterns, samples: Tensor, seed: int) -> Tensor:
    """Where the runs of these numbers begin, float32 [B, N]."""
    count, n = patterns.states.shape
    if p.start == "random":
        # Chunks of 32 pixels from one word each, as `fair_patterns`, but numbered by `samples`
        words = rng.draws(seed, rng.stream("points"), samples, -(-n // 32), 1)[0]
        bits = (words[:, :, None] >> torch.arange(32)) & 1
        fair: Tensor = bits.reshape(len(samples), -1)[:, :n] * 2 - 1
        return fair.to(patterns.states.device, torch.float32)
    words = rng.draws(seed, rng.stream("points"), samples, 6, 1)[0]
    if p.start == "noise":
        asked = words[:, 0] % count
        return damage(
            patterns, flip_noise(FAR), targets=asked, seed=seed, samples=samples
        ).values  # fmt: skip
    # Three different pictures where there are three: a first one, and two steps on from it
    picks = torch.stack([words[:, 0], words[:, 0] + 1 + words[:, 1] % max(1, (count - 1) // 2)])
    picks = torch.cat([picks, (picks[1] + 1 + words[:, 2] % max(1, (count - 1) // 2))[None]])
    signs = (words[:, 3:6].T & 1) * 2 - 1
    chosen = patterns.states[picks % count].to(torch.float32).cpu()
    return torch.sign((chosen * signs[:, :, None]).sum(dim=0)).to(patterns.states.device)


def _spurious(
    p: SpuriousParams, memory: Memory, patterns: Patterns, batch: int, seed: int
) -> Iterator[Spurious]:
    how = DynamicsParams(update=p.update, steps=p.steps)
    known: dict[bytes, _State] = {}
    visits: dict[bytes, int] = {}
    for start in range(0, p.starts, batch):
        samples = torch.arange(start, min(start + batch, p.starts))
        begin = _starts(p, patterns, samples, seed)
        for step in settle(memory, begin, how, seed=seed, samples=samples):
            last = step
        for state in _named(patterns, last):
            known.setdefault(state.packed, state)
            visits[state.packed] = visits.get(state.packed, 0) + 1
        yield _summary(p, patterns, known, visits, min(start + batch, p.starts))


def _named(patterns: Patterns, end: Step) -> Iterator[_State]:
    """Each end of a batch with its name."""
    x = patterns.states.to(torch.float32)
    n = x.shape[1]
    states = torch.where(end.states > 0, 1.0, -1.0)
    overlaps = states @ x.T / n
    nearest = overlaps.abs().argmax(dim=1)
    best = overlaps.gather(1, nearest[:, None])[:, 0]
    mixtures = {k: _mixture(x, overlaps, states, k) for k in (3, 5) if len(x) >= k}
    packed = np.packbits(states.cpu().numpy() > 0, axis=1)
    for b in range(len(states)):
        m, mix = float(best[b]), ()
        status = int(end.status[b])
        if status != FIXED:
            kind = "cycle" if status == CYCLE else "moving"
        elif abs(m) >= CLOSE:
            kind = "inverted" if m < 0 else "stored" if m > 1.0 - 0.5 / n else "near"
        else:
            kind = "other"
            for k, (close, members) in mixtures.items():
                if bool(close[b]):
                    kind, mix = f"mixture{k}", tuple(sorted(members[b].tolist()))
                    break
        energy = float(end.energy[b]) / n
        yield _State(kind, energy, m, int(nearest[b]), mix, packed[b].tobytes())


def _mixture(x: Tensor, overlaps: Tensor, states: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Which states [B] are the sign of the sum of their k nearest pictures, and these [B, k]."""
    members = overlaps.abs().topk(k, dim=1).indices
    signs = torch.sign(overlaps.gather(1, members))
    mixed = torch.sign((signs[:, :, None] * x[members]).sum(dim=1))
    return (mixed * states).mean(dim=1) >= CLOSE, members


def _summary(
    p: SpuriousParams,
    patterns: Patterns,
    known: dict[bytes, _State],
    visits: dict[bytes, int],
    done: int,
) -> Spurious:
    order = sorted(known, key=lambda key: (-visits[key], known[key].energy, key))
    totals = np.zeros(len(KINDS))
    energies, distinct = totals.copy(), np.zeros(len(KINDS), dtype=np.int64)
    for key, state in known.items():
        at = KINDS.index(state.kind)
        totals[at] += visits[key]
        energies[at] += visits[key] * state.energy
        distinct[at] += 1
    shown = [known[key] for key in order[: p.shown]]
    n = patterns.states.shape[1]
    bits = [np.unpackbits(np.frombuffer(s.packed, dtype=np.uint8), count=n) for s in shown]
    with np.errstate(invalid="ignore"):
        mean = energies / totals
    return Spurious(
        share=totals / done,
        kind_energy=mean,
        kind_states=distinct,
        found=len(known),
        counts=np.array([visits[s.packed] for s in shown], dtype=np.int64),
        kind=tuple(s.kind for s in shown),
        energy=np.array([s.energy for s in shown]),
        overlap=np.array([s.overlap for s in shown]),
        nearest=np.array([s.nearest for s in shown], dtype=np.int64),
        mix=tuple(s.mix for s in shown),
        states=np.stack(bits).astype(np.int8) * 2 - 1,
        done=done,
        total=p.starts,
        shape=patterns.shape,
    )
