"""What several processes tell each other, and its cost: `python -m tests.benchmarks.scale`.

Runs the phases of a training in K processes of this machine, each with one thread, beside a model
of the cost:

    T(K) = (P + K S) / min(K, cores)  +  messages (α + bytes β)

P is what the processes share out and S what each of them does as well, both measured with K = 1;
α and β are measured with K processes that do nothing but exchange. Answers are checked equal. Last
come nodes: the same P and S, a message by a ring, (K - 1)(latency + bytes of one / bandwidth).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from snncore import distributed, experiment
from snncore.device import cpu_count
from snncore.distributed import Group
from snncore.experiment.measure import Counts, fit
from snncore.stdp import TrainParams, conv, dense, events, presets
from snncore.stdp.train import train

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)  # bytes of each process in a message
NODES = (2, 4, 8, 16, 32)
NETWORK = (50e-6, 1.25e9)  # s and bytes a second: 10 Gbit Ethernet
CASES: dict[str, tuple[int, TrainParams]] = {
    "dense 100": (6000, replace(presets.recommended("dense", 100), epochs=1)),
    "dense 400": (6000, replace(presets.recommended("dense", 400), epochs=1)),
    "dense 1600": (3000, replace(presets.recommended("dense", 1600), epochs=1)),
    "dense 400, on/off, none": (
        1000,
        replace(presets.recommended("dense", 400), epochs=1, retina="on_off", competition="none"),
    ),
    "conv": (1000, replace(presets.recommended("conv"), epochs=1)),
}


class Talk:
    """Messages of the group, and the time of what is shared out."""

    def __init__(self) -> None:
        self.messages, self.bytes, self.seconds, self.shared = 0, 0, 0.0, 0.0

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Count while the body runs."""
        plain = Group._gathered
        parts: list[tuple[Any, str, Any]] = []

        def gathered(group: Group, mine: Any) -> Any:
            began = time.perf_counter()
            got = plain(group, mine)
            self.messages += 1
            self.bytes += len(mine)
            self.seconds += time.perf_counter() - began
            return got

        def timed(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                began = time.perf_counter()
                try:
                    return function(*args, **options)
                finally:
                    self.shared += time.perf_counter() - began

            return call

        from snncore.kernels import dense as kernel

        for place, name in (
            (kernel, "present_all"), (dense.drive, "cells"), (dense.drive, "inputs"),
            (conv, "_seen_by"), (conv, "_patches"),
        ):  # fmt: skip
            parts.append((place, name, getattr(place, name)))
            setattr(place, name, timed(parts[-1][2]))
        Group._gathered = gathered  # type: ignore[method-assign]
        try:
            yield
        finally:
            Group._gathered = plain  # type: ignore[method-assign]
            for place, name, function in parts:
                setattr(place, name, function)


def worker(repeats: int) -> None:
    """What each process does; the first prints."""
    with distributed.joined() as group:
        found: dict[str, Any] = {"k": group.size, "line": line(group), "phases": {}}
        # Alone, a batch is one call of a kernel: the path of several shows what its parts take.
        events.Learner._alone = events.Learner._together  # type: ignore[method-assign]
        for name, (limit, params) in CASES.items():
            for phase, row in phases(group, limit, params, repeats):
                found["phases"][f"{name}: {phase}"] = row
        if group.rank == 0:
            print(json.dumps(found))


def line(group: Group) -> tuple[float, float]:
    """α and β of a message, s and s/byte, by least squares of the relative errors."""
    if group.size == 1:
        return 0.0, 0.0
    took = []
    for size in SIZES:
        mine = np.zeros(size, np.uint8)
        each = []
        for _ in range(30):
            began = time.perf_counter()
            group._gathered(mine)
            each.append(time.perf_counter() - began)
        took.append(float(np.median(each)))
    weights = 1.0 / np.array(took)
    rows = np.stack([np.ones(len(SIZES)), np.array(SIZES, float)], axis=1)
    (alpha, beta), *_ = np.linalg.lstsq(rows * weights[:, None], np.ones(len(SIZES)), rcond=None)
    return float(alpha), float(beta)


def phases(
    group: Group, limit: int, params: TrainParams, repeats: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each phase: best seconds, messages, bytes of one process, seconds shared out, digest."""
    data = experiment.load_data("mnist", limit)
    state: dict[str, Any] = {}

    def learning() -> str:
        *_, state["last"] = train(data.train_images, params, every_s=1e9)
        return experiment.weights_sha256(state["last"].layers)

    def counting() -> str:
        counted = Counts(data, params, None)
        for _ in counted.fill(state["last"].layers):
            pass
        state["counts"] = counted.train
        return hashlib.sha256(counted.train.tobytes() + counted.test.tobytes()).hexdigest()

    def readout() -> str:
        steps = fit(state["counts"], data.train_labels, 10, params.readout, None)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return hashlib.sha256(end.value.model.coef.tobytes()).hexdigest()

    for run in (learning, counting, readout):
        run()  # compiles
        best: dict[str, Any] = {"seconds": float("inf")}
        for _ in range(repeats):
            talk = Talk()
            group.any(False)
            began = time.perf_counter()
            with talk.heard():
                digest = run()
            seconds = time.perf_counter() - began
            shared = seconds if run is counting else talk.shared
            if seconds < best["seconds"]:
                best = {
                    "seconds": seconds, "messages": talk.messages, "bytes": talk.bytes,
                    "shared": shared if run is not readout else None, "digest": digest,
                }  # fmt: skip
        yield run.__name__, best


def measured(k: int, repeats: int) -> dict[str, Any]:
    """The figures of K processes with one thread each."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(k), "-m", "tests.benchmarks.scale", "--worker"]
    command += ["--repeats", str(repeats)]
    env = {**os.environ, "SNNCORE_THREADS": "1", "OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(out.stdout)
    return found


def predicted(one: dict[str, Any], row: dict[str, Any], k: int, line: tuple[float, float]) -> float:
    """Seconds by the model of the module's head."""
    shared = one["shared"]
    work = (shared + k * (one["seconds"] - shared)) / min(k, cpu_count())
    return work + row["messages"] * line[0] + row["bytes"] * line[1]


def on_nodes(one: dict[str, Any], two: dict[str, Any], k: int) -> float:
    """Seconds on K nodes, a process each; a process's share of a message shrinks with K."""
    latency, bandwidth = NETWORK
    message = (k - 1) * (two["messages"] * latency + 2 * two["bytes"] / k / bandwidth)
    return one["shared"] / k + one["seconds"] - one["shared"] + message


def main() -> None:
    """Measure, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        worker(asked.repeats)
        return
    runs = {k: measured(k, asked.repeats) for k in (1, 2, 4)}
    one = runs[1]["phases"]
    print(f"{cpu_count()} cores; each process has one thread")
    for k in (2, 4):
        alpha, beta = runs[k]["line"]
        print(f"K = {k}: a message takes {1e6 * alpha:.0f} µs + {1e-9 / beta:.2f} GB/s of each")
    head = f"{'phase':38}{'K':>3}{'messages':>10}{'kB each':>9}{'measured':>10}{'model':>8}"
    print(head + f"{'T(1)/T(K)':>11}")
    for name, row in one.items():
        for k, run in runs.items():
            here = run["phases"][name]
            if here["digest"] != row["digest"]:
                raise SystemExit(f"{name}: {k} processes found something else than one")
            each = here["bytes"] / max(1, here["messages"]) / 1e3
            words = f"{name:38}{k:3}{here['messages']:10}{each:9.1f}{here['seconds']:9.3f} s"
            if row["shared"] is None or k == 1:
                words += f"{'':8}"
            else:
                words += f"{predicted(row, here, k, run['line']):6.3f} s"
            print(words + f"{row['seconds'] / here['seconds']:11.2f}")
    print(f"nodes by {NETWORK[1] / 1.25e8:.0f} Gbit/s and {1e6 * NETWORK[0]:.0f} µs, T(1)/T(K):")
    for name, row in one.items():
        if row["shared"] is not None:
            two = runs[2]["phases"][name]
            gains = (f"{k}: {row['seconds'] / on_nodes(row, two, k):.2f}" for k in NODES)
            print(f"{name:38} {'   '.join(gains)}")
    if asked.json:
        asked.json.write_text(json.dumps({"cores": cpu_count(), "runs": runs}))


if __name__ == "__main__":
    main()
