"""Drive the runs of a plan: on local processes, or on a Dask cluster; finished ones are not redone.

Each run is a whole `snncore.experiment.run`. A row goes into the table the moment its run has
ended, so a sweep that is killed loses only what was under way.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, NamedTuple

import snncore
from snncore import experiment
from snncore.device import choose_device, cpu_count
from snncore.params import digest
from snncore.sweep.plan import Plan, Run
from snncore.sweep.table import FIGURES, Table

_TRIES = 2  # of a run whose process dies
_REACH_S = 10.0  # for a scheduler to answer


class Report(NamedTuple):
    """How far a sweep is."""

    done: int  # runs that have a result, those of former calls as well
    failed: int
    total: int
    kept: int  # of the done ones, those of former calls
    row: dict[str, Any] | None  # the run that has just ended


def run(plan: Plan, table: Table, *, processes: int = 0, scheduler: str = "") -> Iterator[Report]:
    """Do what the table does not have yet; runs that failed are tried again.

    Args:
        plan: the runs.
        table: takes the results.
        processes: of this machine, which share its cores; 0: one a core, at most 8.
        scheduler: address of a Dask scheduler, "tcp://host:8786"; "": this machine.

    Raises:
        ValueError: data that cannot be loaded, a scheduler that does not answer, or another
            sweep that writes to the table.
        OSError: the table cannot be written.
    """
    named = keys(plan)
    open_ = {
        key: one for key, one in named.items()
        if table.rows.get(key, {}).get("status") != "done"
    }  # fmt: skip
    kept = len(named) - len(open_)

    def report(row: dict[str, Any] | None) -> Report:
        states = [table.rows.get(key, {}).get("status") for key in named]
        return Report(states.count("done"), states.count("failed"), len(named), kept, row)

    yield report(None)
    rows = _on_dask(open_, scheduler) if scheduler else _here(open_, processes)
    with table.alone():
        for row in rows:
            table.add(row)
            yield report(row)


def keys(plan: Plan) -> dict[str, Run]:
    """The runs by their names in a table.

    Raises:
        ValueError: data that cannot be loaded.
    """
    return {one.key(_images(one.dataset, one.limit)): one for one in plan.runs}


@lru_cache(2)
def _data(dataset: str, limit: int) -> experiment.Data:
    return experiment.load_data(dataset, limit)


@lru_cache(16)
def _images(dataset: str, limit: int) -> str:
    """Digest of the images and labels to learn from and to test on."""
    data = _data(dataset, limit)
    test = data._replace(train_images=data.test_images, train_labels=data.test_labels)
    return digest(experiment.images_sha256(data), experiment.images_sha256(test))


def row_of(one: Run, key: str) -> dict[str, Any]:
    """Do a run; its row, also if it fails."""
    row: dict[str, Any] = {
        "key": key,
        "dataset": one.dataset,
        "limit": one.limit,
        "controls": one.controls,
        "version": snncore.__version__,
        "host": platform.node(),
        **one.params.to_dict(),
    }
    try:
        data = _data(one.dataset, one.limit)
        row["images_sha256"] = _images(one.dataset, one.limit)
        if one.key(row["images_sha256"]) != key:
            raise ValueError(f"{one.dataset!r} has other images here than where the sweep began")
        *_, last = experiment.run(
            data, one.params, device=choose_device().device, controls=one.controls, live=False
        )
        assert last.result is not None
        figures = experiment.figures(last.result)
        known = {name: value for name, value in figures.items() if math.isfinite(value)}
        row |= {name: known.get(name) for name in FIGURES}
        row |= {"status": "done", "error": "", "weights_sha256": last.result.weights_sha256}
    except Exception as error:  # whatever it is, it is this run's, and the others go on
        words = str(error).strip() or type(error).__name__
        row |= {"status": "failed", "error": words.splitlines()[0]}
    return {**row, "ended": datetime.now(UTC).isoformat(timespec="seconds")}


def _died(one: Run, key: str) -> dict[str, Any]:
    words = f"its process died {_TRIES} times; the system may have been short of memory"
    return {
        "key": key, "status": "failed", "error": words, "dataset": one.dataset,
        "limit": one.limit, "controls": one.controls, **one.params.to_dict(),
    }  # fmt: skip


def _here(runs: dict[str, Run], processes: int) -> Iterator[dict[str, Any]]:
    """Rows from processes of this machine, as they end. One that dies takes the others with it."""
    count = min(processes or min(8, cpu_count()), max(1, len(runs)))
    tries = dict.fromkeys(runs, 0)
    left = dict(runs)
    while left:
        # Those that were under way when a process died go one by one: it is known then whose it is.
        suspects = [key for key in left if tries[key]]
        at_once = 1 if suspects else count
        with _pool(at_once) as pool:
            waiting = (suspects or list(left))[::-1]
            under_way: dict[Future[dict[str, Any]], str] = {}
            while waiting or under_way:
                while waiting and len(under_way) < at_once:
                    key = waiting.pop()
                    under_way[pool.submit(row_of, left[key], key)] = key
                ended = wait(under_way, return_when=FIRST_COMPLETED).done
                fine = [future for future in ended if future.exception() is None]
                for future in fine:
                    left.pop(under_way.pop(future))
                    yield future.result()
                if len(fine) < len(ended):
                    break
            for future, key in under_way.items():
                if not isinstance(future.exception(), BrokenProcessPool):
                    left.pop(key)
                    yield future.result()  # it ended well, or by a mistake of ours, which is raised
                    continue
                tries[key] += 1
                if tries[key] == _TRIES:
                    yield _died(left.pop(key), key)


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that share the cores; they are not waited for where the sweep is interrupted."""
    threads = str(max(1, cpu_count() // count))
    before = os.environ.get("SNNCORE_THREADS")
    os.environ["SNNCORE_THREADS"] = threads if before is None else before
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_share, initargs=(count,))
    try:
        yield pool
    except BaseException:
        for process in list(pool._processes.values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        os.environ.pop("SNNCORE_THREADS")
        if before is not None:
            os.environ["SNNCORE_THREADS"] = before


def _share(count: int) -> None:
    """In a new process, one of `count` of this machine: torch takes its part of the cores, too."""
    import torch

    torch.set_num_threads(max(1, cpu_count() // count))


def _on_dask(runs: dict[str, Run], scheduler: str) -> Iterator[dict[str, Any]]:
    """Rows from the workers of a Dask cluster, as they end."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ValueError("a scheduler needs Dask: pip install 'distributed>=2025.1'") from error
    try:
        client = Client(scheduler, timeout=_REACH_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {scheduler!r}: start one with `dask scheduler`, and on "
            "each machine, in this folder, `dask worker ADDRESS --nworkers -1`"
        ) from error
    with client:
        asked = {
            client.submit(row_of, one, key, key=key, pure=False, retries=_TRIES - 1): key
            for key, one in runs.items()
        }
        for ended in as_completed(asked):
            key = asked[ended]
            row = ended.result() if ended.status == "finished" else _died(runs[key], key)
            ended.release()
            yield row
