"""Sweeps: their files and mistakes in them, tables, killed and resumed runs, Dask."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from snncore import sweep
from snncore.cli import main
from snncore.sweep import drive
from snncore.sweep.plan import plan_of
from snncore.sweep.table import SCHEMA, read_rows

ROOT = Path(__file__).resolve().parents[1]
TOML = """\
dataset = "{data}"
seeds = {seeds}

[fixed]
neurons = 5
epochs = 1

[grid]
batch = [5, 10]
rate_first = [0.05, 0.1]
"""


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes import the main module; tests of pages leave a page there."""
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))


def write(folder: Path, seeds: int = 1) -> Path:
    """A data set of 30 pictures, and a sweep over it of 4 runs a seed."""
    ramp = np.arange(30 * 64, dtype=np.uint32) * np.uint32(2654435761)
    x = (ramp >> np.uint32(24)).astype(np.uint8).reshape(30, 8, 8)
    data = folder / "own.npz"
    np.savez(data, x_train=x, y_train=np.arange(30) % 3, x_test=x[:6], y_test=np.arange(6) % 3)
    file = folder / "sweep.toml"
    file.write_text(TOML.format(data=data, seeds=seeds))
    return file


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["sweep", *words])


def test_a_plan_is_every_combination() -> None:
    plan = plan_of(TOML.format(data="digits", seeds=3))
    assert len(plan.runs) == 12 and plan.varied == ("batch", "rate_first", "seed")
    params = [run.params for run in plan.runs]
    assert {(p.batch, p.rate_first, p.seed) for p in params} == {
        (b, r, s) for b in (5, 10) for r in (0.05, 0.1) for s in range(3)
    }
    assert all(p.neurons == 5 and p.readout == "hinge" for p in params)  # recommended
    assert plan_of("").runs[0].dataset == "digits" and plan_of("").varied == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limit = 3\nlimt = 4", "line 2: there is no 'limt'; did you mean 'limit'?"),
        ("[grid]\nbach = [1]", "line 2: there is no 'bach'; did you mean 'batch'?"),
        ("[fixed]\n\n  neurons = 'many'", "line 3: neurons must be a number, got 'many'"),
        ("[grid]\nneurons = 5", "line 2: neurons must be a list of values, got 5"),
        ("[grid]\nneurons = []", "line 2: neurons must be a list"),
        ("[fixed]\nneurons = [5]", "line 2: neurons must be one value, got [5]"),
        ("[grid]\nneurons = [5, 0]", "line 2: neurons must be >= 2, got 0"),
        ("[fixed]\nbatch = 5\n[grid]\nbatch = [5]", "line 4: batch is in [fixed] and in [grid]"),
        ("seeds = 2\n[grid]\nseed = [1]", "line 1: give seeds, or seed in [grid], not both"),
        ("seeds = 2\n[fixed]\nseed = 1", "line 1: give seeds, or seed in [fixed], not both"),
        ("seeds = -1", "line 1: seeds must be in 0..10000, got -1"),
        ("seeds = true", "line 1: seeds must be a whole number, got True"),
        ("dataset = 7", "line 1: dataset must be a text, got 7"),
        ("[gird]\nbatch = [1]", "line 1: there is no 'gird'; did you mean 'grid'?"),
        ("grid = 3", "line 1: grid must be a section: [grid]"),
        ("batch = ", "not TOML: Invalid value"),
        ("[grid]\nseed = [1]\nseed = [2]", "not TOML"),
        ("a = " + "[" * 5000, "brackets within brackets"),
        ('[grid]\nlayer = ["dense", "conv"]\nfilters_2 = [4]\nretina = ["rw"]', "line 4: retina"),
        ("seeds = 6000\n[grid]\nbatch = [1, 2]", "at most 10,000 runs, got 12,000"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        plan_of(text)
    assert words in str(caught.value)


def test_parameters_that_do_not_go_together_are_named_with_their_run() -> None:
    with pytest.raises(ValueError, match=r"the run with rate_first = 0.01: rate_last must be <="):
        plan_of("[fixed]\nrate_last = 0.05\n[grid]\nrate_first = [0.1, 0.01]")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"#" * ((1 << 20) + 1)])
def test_files_that_are_no_text_are_refused(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sweep.toml"
    file.write_bytes(data)
    assert command(str(file)).exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_sweep_killed_half_way_repeats_no_finished_run(tmp_path: Path) -> None:
    file = write(tmp_path, seeds=5)
    out = file.with_suffix(".parquet")
    words = [sys.executable, "-m", "snncore", "sweep", str(file), "--processes", "2", "--json"]
    first = subprocess.Popen(
        words, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("8 of 20"):
            break
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = {row["key"]: row for row in sweep.Table(out).rows.values()}
    assert 8 <= len(before) < 20
    second = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(second.stdout)
    assert (report["runs"], report["done"], report["kept"]) == (20, 20, len(before))
    after = sweep.Table(out).rows
    assert len(after) == 20 and all(row["status"] == "done" for row in after.values())
    for key, row in before.items():
        assert after[key] == row, "a finished run was repeated"
    assert len({row["weights_sha256"] for row in after.values()}) == 20


def test_runs_that_failed_are_tried_again(tmp_path: Path) -> None:
    file = write(tmp_path)
    out = tmp_path / "results.parquet"
    plan = sweep.read_plan(file)
    table = sweep.Table(out)
    key = next(iter(sweep.keys(plan)))
    table.add({"key": key, "status": "failed", "error": "short of memory"})
    found = command(str(file), "--out", str(out), "--processes", "1", "--json")
    assert found.exit_code == 0, found.stderr
    report = json.loads(found.stdout)
    assert (report["done"], report["failed"], report["kept"]) == (4, 0, 0)
    assert 0 <= report["best_accuracy"] <= 1 and set(report["best"]) == {"batch", "rate_first"}


def test_a_run_that_cannot_be_done_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    file = write(tmp_path)
    text = file.read_text().replace("batch = [5, 10]", 'layer = ["dense", "conv"]')
    file.write_text(text.replace("[fixed]", "[fixed]\nfilter_size = 9"))
    found = command(str(file), "--processes", "1", "--json")
    report = json.loads(found.stdout)
    assert found.exit_code == 2 and "2 of 4 runs failed" in found.stderr
    assert (report["done"], report["failed"]) == (2, 2) and "filter" in report["errors"][0]


def test_a_process_that_dies_costs_its_run_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sweep.read_plan(write(tmp_path))
    monkeypatch.setattr("snncore.sweep.drive.row_of", dies_at_the_second)
    table = sweep.Table(tmp_path / "results.parquet")
    *_, last = sweep.run(plan, table, processes=2)
    assert (last.done, last.failed) == (3, 1)
    assert "died 2 times" in next(r["error"] for r in table.rows.values() if r["error"])


def dies_at_the_second(one: sweep.Run, key: str) -> dict[str, Any]:
    if one.params.batch == 5 and one.params.rate_first == 0.1:
        os._exit(9)
    return {"key": key, "status": "done", "error": ""}


def test_any_fault_of_a_run_is_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = sweep.read_plan(write(tmp_path))
    table = sweep.Table(tmp_path / "results.parquet")
    monkeypatch.setattr(drive, "_pool", one_pool)
    monkeypatch.setattr(drive.experiment, "run", broken_run)
    *_, last = sweep.run(plan, table, processes=1)
    assert (last.done, last.failed) == (0, 4)
    assert {row["error"] for row in table.rows.values()} == {"CUDA out of memory"}


@contextmanager
def one_pool(count: int) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(count) as pool:
        yield pool


def broken_run(*_: object, **__: object) -> Any:
    raise RuntimeError("CUDA out of memory\nframe 1")


def test_two_sweeps_do_not_write_one_table(tmp_path: Path) -> None:
    file = write(tmp_path)
    table = sweep.Table(file.with_suffix(".parquet"))
    with table.alone():
        found = command(str(file), "--processes", "1")
    assert found.exit_code == 2 and "another sweep writes to" in found.stderr
    assert command(str(file), "--processes", "1").exit_code == 0


def test_other_test_images_are_another_sweep(tmp_path: Path) -> None:
    plan = sweep.read_plan(write(tmp_path))
    before = set(sweep.keys(plan))
    data = dict(np.load(tmp_path / "own.npz"))
    data["x_test"] = data["x_test"][::-1].copy()
    np.savez(tmp_path / "own.npz", **data)
    drive._data.cache_clear()
    drive._images.cache_clear()
    assert not before & set(sweep.keys(plan))


def test_a_full_disk_is_told_and_leaves_the_last_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path)
    table = sweep.Table(file.with_suffix(".parquet"))
    table.add({"key": "a", "status": "done", "test_accuracy": 0.5})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    found = command(str(file), "--processes", "1")
    assert found.exit_code == 2 and "No space left on device" in found.stderr
    assert list(sweep.Table(table.path).rows) == ["a"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["own.npz", "sweep.parquet", "sweep.toml"]


def parquet(columns: dict[str, Any]) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (io.BytesIO(b""), "not the table of a sweep"),
        (io.BytesIO(b"PAR1" + b"\0" * 100 + b"PAR1"), "not the table of a sweep"),
        (parquet({"x": [1]}), "no column 'key'"),
        (parquet({"key": ["a"], "status": ["done"], "test_accuracy": ["high"]}), "not the table"),
        (parquet({"key": np.zeros(100_001), "status": np.zeros(100_001),
                  "test_accuracy": np.zeros(100_001)}), "at most 100,000 rows"),
    ],
)  # fmt: skip
def test_other_files_are_no_tables(file: io.BytesIO, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        read_rows(file)
    (tmp_path / "results.parquet").write_bytes(file.getvalue())
    with pytest.raises(ValueError, match=words):
        sweep.Table(tmp_path / "results.parquet")


def test_a_table_of_another_version_keeps_what_is_known() -> None:
    file = parquet({"key": ["a"], "status": ["done"], "test_accuracy": [0.5], "new": [1]})
    (row,) = read_rows(file)
    assert row["test_accuracy"] == 0.5 and row["neurons"] is None and set(row) == set(SCHEMA.names)


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A Dask scheduler with two workers, each a process."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("default")
def test_a_sweep_on_dask_finds_what_this_machine_finds(tmp_path: Path, scheduler: str) -> None:
    plan = sweep.read_plan(write(tmp_path))
    here, there = (sweep.Table(tmp_path / f"{name}.parquet") for name in ("here", "there"))
    *_, last = sweep.run(plan, there, scheduler=scheduler)
    assert (last.done, last.failed, last.kept) == (4, 0, 0)
    *_, again = sweep.run(plan, there, scheduler=scheduler)
    assert (again.done, again.kept) == (4, 4)
    for _ in sweep.run(plan, here, processes=1):
        pass
    for key, row in here.rows.items():
        assert there.rows[key]["weights_sha256"] == row["weights_sha256"]
        assert there.rows[key]["test_accuracy"] == row["test_accuracy"]


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snncore.sweep.drive._REACH_S", 1.0)
    began = time.monotonic()
    found = command(str(write(tmp_path)), "--scheduler", "tcp://127.0.0.1:9")
    assert found.exit_code == 2 and time.monotonic() - began < 15
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9': start one with" in found.stderr


def test_a_scheduler_without_dask_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    found = command(str(write(tmp_path)), "--scheduler", "tcp://127.0.0.1:9")
    assert found.exit_code == 2 and "needs Dask: pip install" in found.stderr
