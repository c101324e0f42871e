"""Fifty visitors at once: `python -m tests.benchmarks.load`.

Starts a server of its own and does once what follows (the warm start); then N sessions on each page
at the same time, which change a control, scroll down and change another, all at one moment
(`--read 0`) or when they have looked at the page for up to so many seconds each time; then N that
press Start on the trainer, all for the same run and each for another, and watch. Printed: times to
ready, of a control's change, of what comes in sight, of a poll and of the last one, which draws the
results; the server's memory, threads and open files throughout and after everybody has left.
Ends with status 1 where a limit of ours is broken. `--minutes M` is the endurance run instead:
visitors come, play and go for so long, and memory must not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import streamlit

from tests.streamlit_client import Tab

ROOT = Path(__file__).resolve().parents[2]
# Page → two controls, each with a value for the visitor of this number.
PAGES: dict[str, tuple[tuple[str, Any], ...]] = {
    "": (),
    "LIF_Playground": (
        ("lif_current", lambda k: 2.0 + 0.05 * (k % 50)),
        ("lif_tau_m", lambda k: 10.0 + k % 50),
    ),
    "Spike_Encoding": (
        ("enc_index", lambda k: float(k % 7)),
        ("enc_n_steps", lambda k: 50.0 + 5 * (k % 20)),
    ),
    "Hopfield_Recall": (
        ("hop_share", lambda k: 0.05 + 0.01 * (k % 40)),
        ("hop_seed", lambda k: float(k)),
    ),
    "STDP_MNIST_Trainer": (
        ("stdp_neurons", lambda k: 50.0 + k),
        ("stdp_seed", lambda k: float(k)),
    ),
}
TRAINER = "STDP_MNIST_Trainer"
# Page → places whose parts are drawn when a visitor scrolls to them (`pages.components.sight`).
PLACES: dict[str, tuple[str, ...]] = {
    "LIF_Playground": ("lif_curve", "lif_open_list"),
    "Spike_Encoding": ("enc_spikes", "enc_open_list"),
    "Hopfield_Recall": ("hop_inside", "hop_open_list"),
    TRAINER: ("stdp_draw_panel", "stdp_equations"),
}
# Limits of the 95th percentile; a start and what comes in sight draw half of the page, the end of a
# run (which is one of the polls) all of it.
LIMITS_S = {"ready": 2.0, "sight": 2.0, "start": 2.0, "end": 2.0, "change": 1.0, "poll": 0.5}
MORE_MB, BACK = 400.0, 0.10  # above the warm start; afterwards, relative to it
SETTLE_S = 10.0

Points = list[tuple[float, float]]


class Server:
    """The dashboard in a process of its own, watched."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.headless"]
        command += ["true", "--server.address", "127.0.0.1", "--server.port", str(port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=self._log)
        self.peak_mb = 0.0
        self._stop = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def started(self) -> float:
        """Seconds until it answered."""
        began = time.perf_counter()
        while time.perf_counter() - began < 60:
            with suppress(OSError), urllib.request.urlopen(f"{self.base}/_stcore/health") as answer:
                if answer.read() == b"ok":
                    return time.perf_counter() - began
            time.sleep(0.05)
        raise SystemExit(f"the server did not start:\n{self.log()}")

    def state(self) -> dict[str, float]:
        """Memory now [MB], threads, open files."""
        folder = Path(f"/proc/{self._process.pid}")
        words = dict(
            line.split(":", 1)
            for line in (folder / "status").read_text().splitlines()
            if ":" in line
        )
        return {
            "mb": round(int(words["VmRSS"].split()[0]) / 1024, 1),
            "threads": int(words["Threads"]),
            "files": len(list((folder / "fd").iterdir())),
        }

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            with suppress(OSError):
                self.peak_mb = max(self.peak_mb, self.state()["mb"])

    def log(self) -> str:
        """What it has printed."""
        self._log.seek(0)
        return self._log.read()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()  # one that is compiling takes its time
        self._process.wait()


class Figures:
    """Seconds by what they measure, and what went wrong."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.faults: list[str] = []

    def add(self, what: str, seconds: float) -> None:
        """One measurement."""
        self.seconds.setdefault(what, []).append(seconds)

    def summary(self) -> dict[str, dict[str, float]]:
        """Median, 95th percentile and maximum of each."""
        return {
            what: {
                "n": len(all_s),
                "p50": round(statistics.median(all_s), 3),
                "p95": round(float(np.percentile(all_s, 95)), 3),
                "max": round(max(all_s), 3),
            }
            for what, all_s in self.seconds.items()
        }


async def visit(
    base: str, page: str, number: int, figures: Figures, gate: asyncio.Event, read_s: float = 0.0
) -> None:
    """One tab: opens the page, changes a control, scrolls down, changes another; each after up to
    `read_s` of looking."""
    chance = random.Random(number)
    name, tab = page or "Home", Tab(base, page)
    await gate.wait()
    try:
        figures.add(f"{name} ready", await tab.open())
        for k, (key, value) in enumerate(PAGES[page]):
            for place in PLACES[page] if k else ():
                await asyncio.sleep(chance.uniform(0, read_s))
                figures.add(f"{name} sight", await tab.set(f"{place}_sight", {"seen": 1}))
            await asyncio.sleep(chance.uniform(0, read_s))
            figures.add(f"{name} change", await tab.set(key, value(number)))
        await tab.close()
    except Exception as error:
        tab.faults.append(f"{type(error).__name__}: {error}")
    figures.faults += [f"{name}: {fault}" for fault in tab.faults]


async def train(
    base: str, query: str, what: str, seconds: float, figures: Figures, gate: asyncio.Event
) -> None:
    """One tab: opens the trainer, presses Start when all are there, and watches."""
    tab = Tab(base, TRAINER, query)
    try:
        await tab.open()
        await gate.wait()
        figures.add(f"{what}: start", await tab.click("stdp_run_start"))

        def looked(took: float) -> None:
            figures.add(f"{what}: poll", took)
            if not tab.timers:  # it has found the end, and drawn the page anew with all results
                figures.add(f"{what}: end", took)

        await tab.poll(seconds, looked)
        await tab.close()
    except Exception as error:
        tab.faults.append(f"{type(error).__name__}: {error}")
    figures.faults += [f"{what}: {fault}" for fault in tab.faults]


async def together(*visits: Any, gate: asyncio.Event) -> None:
    """All of them, let loose at once."""
    tasks = [asyncio.create_task(one) for one in visits]
    await asyncio.sleep(0.1)
    gate.set()
    await asyncio.gather(*tasks)


async def crowd(server: Server, n: int, watch_s: float, read_s: float, figures: Figures) -> None:
    """The whole scenario; the server's state after each part is printed."""
    for page in PAGES:
        gate = asyncio.Event()
        tabs = (visit(server.base, page, k, figures, gate, read_s) for k in range(n))
        await together(*tabs, gate=gate)
        print(f"{n} on {page or 'Home'}: {server.state()}", flush=True)
    for what, query in (("same run", "stdp_seed=7"), ("own runs", "stdp_seed={}")):
        gate = asyncio.Event()
        tabs = (
            train(server.base, query.format(100 + k), what, watch_s, figures, gate)
            for k in range(n)
        )
        opened = [asyncio.create_task(one) for one in tabs]
        await asyncio.sleep(0.1 * n)  # pages open one after the other; Start is pressed at once
        gate.set()
        await asyncio.gather(*opened)
        print(f"{n} training, {what}: {server.state()}", flush=True)


async def warm(server: Server) -> None:
    """A browser's files, every page with the controls that visitors will move, one training."""
    files = sorted((Path(streamlit.__file__).parent / "static" / "static" / "js").glob("*.js"))
    with ThreadPoolExecutor(6) as browser:
        list(browser.map(lambda file: fetch(f"{server.base}/static/js/{file.name}"), files))
    for page in PAGES:
        tab = Tab(server.base, page)
        print(f"first visit of {page or 'Home'}: {await tab.open():.1f} s", flush=True)
        await tab.close()
    print(f"all pages opened: {server.state()}", flush=True)
    ready, figures = asyncio.Event(), Figures()
    ready.set()
    for page in PAGES:
        await visit(server.base, page, 0, figures, ready)
    query = "stdp_epochs=1&stdp_limit=300&stdp_seed=1"
    await train(server.base, query, "first run", 60, figures, ready)
    if figures.faults:
        raise SystemExit(f"the server cannot be used: {figures.faults}")


def fetch(address: str) -> int:
    """Bytes at this address."""
    with urllib.request.urlopen(address) as answer:
        return len(answer.read())


async def endure(server: Server, n: int, minutes: float, figures: Figures) -> Points:
    """Visitors come and go for so long; (minutes, MB) of the server twice a minute."""
    points: Points = []
    began = time.perf_counter()
    end = began + 60 * minutes

    async def one(number: int) -> None:
        chance, k = random.Random(number), number
        open_gate = asyncio.Event()
        open_gate.set()
        while time.perf_counter() < end:
            k += n
            await visit(server.base, chance.choice(list(PAGES)), k, figures, open_gate)
            if chance.random() < 0.1:
                query = f"stdp_epochs=2&stdp_limit=600&stdp_seed={k % 50}"
                await train(server.base, query, "training", 10, figures, open_gate)
            await asyncio.sleep(chance.uniform(0, 3))

    async def look() -> None:
        while time.perf_counter() < end:
            points.append(((time.perf_counter() - began) / 60, server.state()["mb"]))
            await asyncio.sleep(30)

    await asyncio.gather(look(), *(one(k) for k in range(n)))
    return points


def broken(
    figures: Figures, start: dict[str, float], peak: float, after: dict[str, float]
) -> list[str]:
    """The limits that were not kept."""
    words = [f"{len(figures.faults)} faults: {figures.faults[:3]}"] if figures.faults else []
    for what, found in figures.summary().items():
        kind = what.rsplit(" ", 1)[1]
        limit = LIMITS_S[kind]
        if found["p95"] > limit:
            words.append(f"{what}: p95 {found['p95']} s, limit {limit} s")
    if peak > start["mb"] + MORE_MB:
        words.append(f"memory: {peak:.0f} MB, {peak - start['mb']:.0f} above the warm start")
    if after["mb"] > (1 + BACK) * start["mb"]:
        words.append(f"memory afterwards: {after['mb']:.0f} MB, {start['mb']:.0f} before")
    for what in ("threads", "files"):
        if after[what] > start[what]:
            words.append(f"{what} afterwards: {after[what]}, {start[what]} before")
    return words


def slope(points: Points) -> tuple[float, float]:
    """MB an hour and its standard error, of the second half of the points."""
    half = np.array(points[len(points) // 2 :])
    (rise, _), spread = np.polyfit(half[:, 0], half[:, 1], 1, cov=True)
    return float(60 * rise), float(60 * np.sqrt(spread[0, 0]))


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=50, help="sessions")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--watch", type=float, default=20.0, help="seconds of watching a training")
    parser.add_argument(
        "--read", type=float, default=10.0, help="seconds of looking before a change, at most"
    )
    parser.add_argument("--wait", type=float, default=300.0, help="seconds after all have left")
    parser.add_argument("--minutes", type=float, help="endurance run of so many minutes")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    server, figures = Server(asked.port), Figures()
    try:
        print(f"server answers after {server.started():.1f} s")
        asyncio.run(warm(server))
        time.sleep(SETTLE_S)
        start = server.state()
        print(f"warm start: {start}", flush=True)
        server.peak_mb = 0.0
        found: dict[str, Any] = {"warm": start, "sessions": asked.n, "cpus": os.cpu_count()}
        if asked.minutes:
            points = asyncio.run(endure(server, asked.n, asked.minutes, figures))
            rise, error = slope(points)
            print(f"memory: {rise:+.1f} ± {error:.1f} MB an hour in the second half")
            found |= {"points": points, "slope_mb_per_h": rise, "slope_error": error}
            words = (
                [f"{len(figures.faults)} faults: {figures.faults[:3]}"] if figures.faults else []
            )
            if rise > 2 * error:
                words.append("memory grows")
        else:
            asyncio.run(crowd(server, asked.n, asked.watch, asked.read, figures))
            peak = server.peak_mb
            time.sleep(asked.wait)
            after = server.state()
            print(f"peak {peak:.0f} MB; {asked.wait:.0f} s after all have left: {after}")
            words = broken(figures, start, peak, after)
            found |= {"peak_mb": peak, "after": after}
        found["seconds"] = figures.summary()
        for what, row in figures.summary().items():
            print(f"{what:32} {row}")
        log = server.log()
        if "Traceback" in log:
            words.append(f"the server's log has tracebacks:\n{log[-2000:]}")
        if asked.json:
            asked.json.write_text(json.dumps({**found, "broken": words}))
    finally:
        server.stop()
    for line in words:
        print(f"NOT KEPT: {line}")
    sys.exit(bool(words))


if __name__ == "__main__":
    main()
