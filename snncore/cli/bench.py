"""`bench`: our engine beside a peer in one run, the answers compared, the machine's limit named."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import torch

from snncore import device, rng
from snncore.cli import Report, json_option, main
from snncore.cli.bench_encode import encode
from snncore.cli.bench_recall import recall
from snncore.cli.bench_train import train_bench
from snncore.cli.timing import copy_bytes_per_s, flop_per_s, interleaved, peak_mb

Tensor = torch.Tensor


def _lif(repeats: int, neurons: int = 10_000, steps: int = 1000) -> dict[str, Any]:
    """LIF neurons under a noisy current against a loop over snnTorch's Leaky, all spikes kept."""
    import snntorch

    from snncore.kernels.lif import normals
    from snncore.neurons.lif import LIFParams
    from snncore.simulate import run_lif

    dt, beta = 1.0, math.exp(-1.0 / 20.0)
    # R = 1/(1 − β): a step adds the current itself, so that both get one tensor as it is.
    p = LIFParams(tau_m=20, r_m=1 / (1 - beta), v_rest=0, v_reset=0, v_th=1, t_ref=0, timing="grid")
    noise = normals(
        rng.split_seed(0), rng.stream("current"), np.zeros(1, dtype=np.int64), neurons, steps
    )
    current = (1 - beta) * (1.2 + 0.5 * torch.from_numpy(noise))  # float32 [T, 1, N] nA
    peer = snntorch.Leaky(beta=beta, threshold=1.0, reset_mechanism="zero", reset_delay=False)
    theirs = torch.empty_like(current)

    def loop() -> None:
        with torch.inference_mode():
            membrane = torch.zeros(1, neurons)
            for t, row in enumerate(current):
                theirs[t], membrane = peer(row, membrane)

    ours_s, peer_s = interleaved((lambda: run_lif(current, p, dt, record_v=False), loop), repeats)
    mine, other = run_lif(current, p, dt, record_v=False).spikes, theirs.bool()
    work = steps * neurons
    return {
        "work": f"{neurons} LIF neurons x {steps} steps, noisy current, neuron-steps",
        "ours_per_s": work / ours_s,
        "peer": f"snntorch {snntorch.__version__} Leaky, step loop",
        "peer_per_s": work / peer_s,
        "limit": lambda: (
            copy_bytes_per_s(repeats) / 5.0
        ),  # 4 B of current read, 1 B of spikes written
        "equal": bool(mine.any()) and _but_for_ties(mine, other, current, p, dt),
        "equal_fraction": float((mine == other).sum()) / work,
    }


def _but_for_ties(mine: Tensor, other: Tensor, current: Tensor, params: Any, dt: float) -> bool:
    """Whether two spike records differ only after a tie.

    The peer adds up V = βV + X, we V + (V∞ − V)(1 − β): equal on paper, not in the last bit. So
    a neuron may fire in one of them and not in the other where, computed in double precision, it
    reaches the threshold to within the rounding of float32; from then on the two may differ.
    """
    from snncore.neurons.lif import approach
    from snncore.simulate import run_lif

    for n in (mine != other).any(dim=0)[0].nonzero().flatten().tolist():
        t = int((mine[:, 0, n] != other[:, 0, n]).nonzero()[0])
        drive = current[: t + 1, :, n : n + 1].double()  # CPU: the judge of both
        v = float(run_lif(drive[:t], params, dt).v[-1]) if t else params.v_rest
        v_inf = params.v_rest + params.r_m * float(drive[t])
        if abs(v + (v_inf - v) * approach(params, dt) - params.v_th) > 1e-6 * params.v_th:
            return False
    return True


def _map(repeats: int) -> dict[str, Any]:
    """A heat map, 100 × 100 cells of 1 s in steps of 0.1 ms, against Leaky with 10,000 betas."""
    import snntorch

    from snncore.playground import Setup
    from snncore.playground.heatmap import HeatmapParams, heatmap

    setup = Setup.of("lif", t_ref=0, timing="grid", duration=1000, dt=0.1)
    axes = HeatmapParams(x="current", x_from=1, x_to=4, y="tau_m", y_from=5, y_to=40, n=100,
                         measure="count")  # fmt: skip
    *_, mine = heatmap(setup, axes)
    neuron: Any = setup.neuron
    steps = setup.run.n_steps
    beta = torch.from_numpy(np.exp(-setup.run.dt / mine.y)).float().repeat_interleave(100)
    lift = torch.from_numpy(mine.x).float().repeat(100) * neuron.r_m
    # Voltages from the reset on: Leaky's "zero" is ours, and its leak pulls to 0, ours to rest.
    low = neuron.v_reset
    added = (1 - beta) * (lift + neuron.v_rest - low)
    peer = snntorch.Leaky(
        beta=beta, threshold=neuron.v_th - low, reset_mechanism="zero", reset_delay=False
    )
    counts = torch.zeros(10_000)

    def loop() -> None:
        counts.zero_()
        with torch.inference_mode():
            membrane = torch.full((10_000,), neuron.v_rest - low)
            for _ in range(steps):
                spikes, membrane = peer(added, membrane)
                counts.add_(spikes)

    ours_s, peer_s = interleaved((lambda: list(heatmap(setup, axes)), loop), repeats)
    other = counts.view(100, 100).numpy()
    work = steps * 10_000
    return {
        "work": "map, 100 x 100 LIF neurons x 10,000 steps (1 s at 0.1 ms), neuron-steps",
        "seconds": ours_s,
        "ours_per_s": work / ours_s,
        "peer": f"snntorch {snntorch.__version__} Leaky with 10,000 betas, step loop",
        "peer_per_s": work / peer_s,
        # Nothing but the state moves, and that stays in the cache: seven operations a step.
        "limit": lambda: flop_per_s(repeats) / 7.0,
        # Theirs is float32, ours float64: 10,000 roundings may shift a spike over the run's end.
        "equal": bool((np.abs(other - mine.values) <= 1).all() and mine.values.any()),
    }


_BENCHES: dict[str, Callable[..., dict[str, Any]]] = {
    "lif": _lif,
    "map": _map,
    "encode": encode,
    "train": train_bench,
    "recall": recall,
}


@main.command()
@click.argument("name", type=click.Choice(tuple(_BENCHES)))
@click.option("--repeats", type=click.IntRange(1, 1000), default=7, show_default=True)
@click.option(
    "--neurons", type=click.IntRange(2, 10**6), help="lif, train: neurons [default: 10000, 400]"
)
@click.option("--steps", type=click.IntRange(1, 10**6), help="lif, train [default: 1000, 100]")
@click.option("--peer", metavar="PYTHON", help="train: a Python that has BindsNET.")
@json_option
def bench(
    name: str,
    repeats: int,
    neurons: int | None,
    steps: int | None,
    peer: str | None,
    as_json: bool,
) -> None:
    """Measure NAME against its peer in this run, side by side."""
    asked = {"neurons": neurons, "steps": steps}
    sizes: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    if sizes and name not in ("lif", "train"):
        raise ValueError(f"--neurons and --steps belong to bench lif and train, got bench {name}")
    if peer is not None:
        if name != "train":
            raise ValueError(f"--peer belongs to bench train, got bench {name}")
        sizes["peer"] = peer
    found = _BENCHES[name](repeats, **sizes)
    peak = peak_mb()  # before the arrays with which the machine's limit is measured
    found["limit_per_s"] = found.pop("limit")()
    found["ratio"] = found["ours_per_s"] / found["peer_per_s"]
    found["fraction_of_limit"] = found["ours_per_s"] / found["limit_per_s"]
    machine = device.choose_device("cpu").name
    Report(**found, device=f"cpu: {machine}", peak_mb=peak).emit(as_json)
