"""The energy landscape between two stored pictures: a surface, a pass, and a recall's way through.

±1 memories: a state stands where its overlaps (m_a, m_b) with the two pictures put it. Of the n_s
pixels on which the pictures agree, u are turned against both, and of the n_d others v are turned
from a to b: m_a + m_b = 2 (n_s - 2u)/N and m_a - m_b = 2 (n_d - 2v)/N, so every pair of whole
numbers is a place, and energies are those of real states. Which pixels are turned is drawn by lot:
the mean and the spread over several orders are given. The shortest way from a to b turns the n_d
pixels one after the other; its highest point, less the start, is the barrier.

Graded memories (modern) have states between the pictures: there the plane holds
c + x (a - c) + y (b - c), with c the flat picture of mean brightness, and the way is straight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.hopfield.dynamics import DynamicsParams, settle
from snncore.hopfield.memory import Memory
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns, check_patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.rules import RuleParams, make_memory
from snncore.params import Params, integer

Tensor = torch.Tensor
Array = NDArray[np.float64]
MOST = 2e12  # products of a whole surface at most
BATCH = 1e9  # products between two snapshots
NUMBERS = 2_000_000  # of states held at a time
WAY_POINTS = 201  # of the way from a to b
SHARES = (-0.25, 1.25)  # ends of both axes for graded memories


@dataclass(frozen=True)
class LandscapeParams(Params):
    """Which two pictures, how fine, and over how many orders of turning pixels.

    The defaults with 10 pictures of 784 pixels took 0.15 s with Hebb's rule and 0.5 s with a dense
    memory (`time.process_time`, one thread); a surface of more than `MOST` products is refused.
    """

    first: int = integer(0, 0, 19_999, "Number of picture a, from 0.", label="Picture a")
    second: int = integer(1, 0, 19_999, "Number of picture b, from 0.", label="Picture b")
    cells: int = integer(41, 5, 101, "Cells along each side.", step=10, label="Resolution")
    orders: int = integer(
        3, 1, 8, "Orders of turning pixels that are averaged over.", label="Orders"
    )  # fmt: skip


class Path(NamedTuple):
    """The energy per pixel on the way from a to b, K points."""

    position: Array  # [K] share of the way, 0 to 1
    energy: Array  # [K] mean over the orders
    low: Array  # [K] lowest of the orders
    high: Array
    barrier_first: float  # highest point above a; of the orders the lowest
    barrier_second: float  # the same above b
    distance: int  # pixels in which a and b differ


class Landscape(NamedTuple):
    """G × G cells, energies per pixel; NaN where no state can be, or not done."""

    x: Array  # [G] overlap with a, or share of a
    y: Array  # [G] the same for b
    energy: Array  # [G, G] row = y: of the nearest state, within half a cell; mean of the orders
    spread: Array  # [G, G] standard deviation over the orders
    path: Path
    way: Array | None  # [T, 2] where the recall was, start first
    way_energy: Array | None  # [T] per pixel, of its own states
    first_at: tuple[float, float]
    second_at: tuple[float, float]
    axes: str  # "overlap" or "share"
    done: int  # cells
    total: int
    names: tuple[str, str]


class _Plane(NamedTuple):
    """How a place in the plane becomes states, and states become places."""

    axes: str
    a: Tensor  # [N]
    b: Tensor
    flat: float  # c of a graded plane
    ranks: tuple[Tensor, ...]  # of each order: place of a pixel among those like it, int64 [N]

    @property
    def same(self) -> Tensor:
        """Pixels on which a and b agree, bool [N]."""
        return self.a == self.b


def landscape(
    patterns: Patterns,
    params: LandscapeParams | None = None,
    rule: RuleParams | None = None,
    probe: Probes | None = None,
    dynamics: DynamicsParams | None = None,
    *,
    noise: NoiseParams | None = None,
    seed: int = 0,
    sample: int = 0,
) -> Iterator[Landscape]:
    """The surface piece by piece; path and way are whole from the first snapshot on.

    Args:
        probe: one damaged picture, whose recall is drawn into the plane; none without.
        dynamics: of that recall; its draws depend on (seed, sample).
        noise: to which a softmax memory with β = 0 is matched (30 % flips, grey σ = 0.3 if None).
        seed: of the orders too.

    Raises:
        ValueError: at the call, for pictures that are not there or equal, or for too many cells.
    """
    p, how = params or LandscapeParams(), rule or RuleParams(rule="hebb")
    check_patterns(patterns)
    count, n = patterns.states.shape
    for name in ("first", "second"):
        if getattr(p, name) >= count:
            raise ValueError(
                f"{name} must be < {count}, the stored pictures, got {getattr(p, name)}"
            )
    if bool((patterns.states[p.first] == patterns.states[p.second]).all()):
        raise ValueError(f"second must be another picture than first, got equal ones ({p.second})")
    if probe is not None and tuple(probe.values.shape) != (1, n):
        raise ValueError(
            f"probe must be one picture of {n} numbers, [1, {n}], got {tuple(probe.values.shape)}"
        )
    work = 4.0 * p.cells**2 * p.orders * count * n
    if work > MOST:
        raise ValueError(
            f"cells must be fewer for {count:,} pictures of {n:,} numbers ({work / MOST:.2g} times "
            f"too many), got {p.cells}; lower the resolution or the orders"
        )
    kind = "flip" if patterns.mode == "binary" else "gaussian"
    memory = make_memory(patterns, how, noise or NoiseParams(kind=kind, strength=0.3))
    way = None
    if probe is not None:
        way = (probe, dynamics or DynamicsParams(), sample)
        settle(memory, probe, way[1], seed=seed)  # nothing moves yet, but it refuses what misfits
    return _landscape(p, memory, patterns, way, seed)


def plane(patterns: Patterns, first: int, second: int, states: Tensor) -> Array:
    """Overlaps [T, 2] of ±1 states [T, N] (or any real ones) with two stored binary pictures."""
    pair = patterns.states[[first, second]].to(torch.float32).cpu()
    overlaps = states.to(torch.float32).cpu() @ pair.T / pair.shape[1]
    return overlaps.numpy().astype(np.float64)


def _make_plane(p: LandscapeParams, memory: Memory, patterns: Patterns, seed: int) -> _Plane:
    a, b = patterns.states[[p.first, p.second]].to(torch.float32)
    if memory.graded:
        return _Plane("share", a, b, float(patterns.states.to(torch.float32).mean()), ())
    ranks = []
    for order in range(p.orders):
        turn = rng.permutation(seed, rng.stream("shuffle", order), len(a)).to(a.device)
        rank = torch.empty_like(turn)
        for part in (a == b, a != b):
            mine = turn[part[turn]]
            rank[mine] = torch.arange(len(mine), device=a.device)
        ranks.append(rank)
    return _Plane("overlap", a, b, 0.0, tuple(ranks))


def _turned(plane: _Plane, u: Tensor, v: Tensor, order: int) -> Tensor:
    """The states [C, N] with u, v [C] pixels turned: against both, and from a to b."""
    limit = torch.where(plane.same, u[:, None], v[:, None])
    return torch.where(plane.ranks[order] < limit, -plane.a, plane.a)


def _mixed(plane: _Plane, x: Tensor, y: Tensor) -> Tensor:
    """The graded states [C, N] at shares x, y [C]."""
    c = plane.flat
    return c + x[:, None] * (plane.a - c) + y[:, None] * (plane.b - c)


def _per_pixel(memory: Memory, states: Tensor) -> Array:
    energy = memory.energy(states) / states.shape[1]
    return energy.cpu().numpy().astype(np.float64)


def _path(memory: Memory, plane: _Plane) -> Path:
    device, n = plane.a.device, len(plane.a)
    chunk = max(1, NUMBERS // n)
    distance = int((~plane.same).sum())
    if plane.axes == "share":
        share = torch.linspace(0.0, 1.0, WAY_POINTS, device=device)
        states = [_mixed(plane, 1.0 - part, part) for part in torch.split(share, chunk)]
        rows = np.concatenate([_per_pixel(memory, part) for part in states])[None]
        position = share.cpu().numpy().astype(np.float64)
    else:
        points = min(WAY_POINTS, distance + 1)
        v = torch.linspace(0, distance, points, device=device).round().long()
        zero = torch.zeros_like(v)
        rows = np.stack([
            np.concatenate([
                _per_pixel(memory, _turned(plane, zero[:len(part)], part, order))
                for part in torch.split(v, chunk)
            ])
            for order in range(len(plane.ranks))
        ])  # fmt: skip
        position = v.cpu().numpy() / distance
    top = rows.max(axis=1)
    return Path(
        position, rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0),
        float((top - rows[:, 0]).min()), float((top - rows[:, -1]).min()), distance,
    )  # fmt: skip


def _place(plane: _Plane, states: Tensor) -> Array:
    """Where states [T, N] stand, [T, 2]."""
    if plane.axes == "overlap":
        pair = torch.stack([plane.a, plane.b])
        return (states @ pair.T / len(plane.a)).cpu().numpy().astype(np.float64)
    axes = torch.stack([plane.a, plane.b]).cpu().numpy() - plane.flat
    offset = states.cpu().numpy() - plane.flat
    found: Array = np.linalg.lstsq(axes.T, offset.T, rcond=None)[0].T.astype(np.float64)
    return found


def _way(
    memory: Memory, plane: _Plane, way: tuple[Probes, DynamicsParams, int] | None, seed: int
) -> tuple[Array | None, Array | None]:
    if way is None:
        return None, None
    probe, how, sample = way
    probe, n = probe.to(plane.a.device), len(plane.a)
    places, energies = [], []
    for step in settle(memory, probe, how, seed=seed, samples=torch.tensor([sample])):
        places.append(_place(plane, step.states)[0])
        energies.append(float(step.energy[0]) / n)
    return np.stack(places), np.array(energies)


def _landscape(
    p: LandscapeParams,
    memory: Memory,
    patterns: Patterns,
    way: tuple[Probes, DynamicsParams, int] | None,
    seed: int,
) -> Iterator[Landscape]:
    count, n = patterns.states.shape
    plane = _make_plane(p, memory, patterns, seed)
    path = _path(memory, plane)
    places, way_energy = _way(memory, plane, way, seed)
    low, high = SHARES if plane.axes == "share" else (-1.0, 1.0)
    axis = np.linspace(low, high, p.cells)
    y, x = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    energy, spread = np.full(p.cells**2, np.nan), np.full(p.cells**2, np.nan)
    orders = max(1, len(plane.ranks))
    chunk = int(max(1, min(NUMBERS / n, BATCH / (4.0 * orders * count * n))))
    ends = ((1.0, 0.0), (0.0, 1.0))
    if plane.axes == "overlap":
        between = float(plane.a @ plane.b) / n
        ends = ((1.0, between), (between, 1.0))
    for start in range(0, p.cells**2, chunk):
        cells = slice(start, start + chunk)
        mean, deviation = _cells(memory, plane, x[cells], y[cells], axis[1] - axis[0])
        energy[cells], spread[cells] = mean, deviation
        yield Landscape(
            axis, axis, energy.reshape(p.cells, -1).copy(), spread.reshape(p.cells, -1).copy(),
            path, places, way_energy, *ends, plane.axes, min(start + chunk, p.cells**2),
            p.cells**2, (patterns.names[p.first], patterns.names[p.second]),
        )  # fmt: skip


def _cells(memory: Memory, plane: _Plane, x: Array, y: Array, width: float) -> tuple[Array, Array]:
    """Mean and standard deviation of the energy at places x, y [C]; NaN where no state is near."""
    device, n = plane.a.device, len(plane.a)
    if plane.axes == "share":
        places = torch.from_numpy(np.stack([x, y])).to(torch.float32).to(device)
        return _per_pixel(memory, _mixed(plane, places[0], places[1])), np.zeros_like(x)
    agree = int(plane.same.sum())
    u, v = 0.5 * (agree - 0.5 * n * (x + y)), 0.5 * (n - agree - 0.5 * n * (x - y))
    near_u, near_v = np.clip(np.rint(u), 0, agree), np.clip(np.rint(v), 0, n - agree)
    # A pixel turned moves both overlaps by 2/N
    off = 2.0 / n * (np.abs(near_u - u) + np.abs(near_v - v))
    there = off <= max(0.5 * width, 2.0 / n)
    mean, deviation = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    if there.any():
        turn_u, turn_v = (torch.from_numpy(t[there]).to(device) for t in (near_u, near_v))
        found = np.stack([
            _per_pixel(memory, _turned(plane, turn_u, turn_v, order))
            for order in range(len(plane.ranks))
        ])  # fmt: skip
        mean[there], deviation[there] = found.mean(axis=0), found.std(axis=0)
    return mean, deviation
