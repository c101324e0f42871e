"""Several processes learn one network: the same bits for every number of them, and faults."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snncore import distributed
from snncore.distributed import Group
from tests import together
from tests.make_data import write_idx

ROOT = Path(__file__).resolve().parents[1]
WORKER = str(ROOT / "tests" / "together.py")
CLEAN = {"SNNCORE_THREADS": "1", "PYTHONPATH": str(ROOT), "SNNCORE_TIMEOUT_S": "120"}


def torchrun(*words: str, k: int, **options: Any) -> subprocess.Popen[str]:
    """Start `words` in K processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(k), *options.pop("launcher", ()), *words]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **CLEAN}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@cache
def found(k: int) -> Any:
    """What `together.py` found in K processes; 0: without torchrun, in this one."""
    if k == 0:
        answers = {name: getattr(together, name)() for name in ("layers", "device")}
        return json.loads(json.dumps(answers))
    code, out, err = ended(torchrun(WORKER, k=k))
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_every_number_of_processes_finds_the_same_bits(k: int) -> None:
    """Of the weights of each kind of layer, and of the readouts."""
    assert found(k)["layers"] == found(0)["layers"]
    assert found(k)["readouts"] == found(1)["readouts"]  # with one thread each
    assert len(set(found(0)["layers"].values())) == len(together.LAYERS)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_path_of_accelerators_finds_the_same_but_for_rounding(k: int) -> None:
    assert found(k)["device"] == pytest.approx(found(0)["device"], abs=2e-6)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_what_is_said_in_a_group(k: int) -> None:
    told = found(k)["talk"]
    for i, n in enumerate((1, 7, 8)):
        assert told[2 * i] == [[j, j + 0.25, j + 0.5] for j in range(n)]
        assert told[2 * i + 1] == [True] * n + [False] * 2
    assert told[6:] == [["r" * r for r in range(k)], "from 0", k > 1, False, 1]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("n", [0, 1, 4, 7, 16])
def test_parts_are_everything_once_and_in_order(size: int, n: int) -> None:
    rows = [np.arange(n)[Group(rank, size).part(n)] for rank in range(size)]
    assert np.concatenate(rows).tolist() == list(range(n))


COUNTED = ("weights_sha256", "votes_sha256", "test_accuracy", "penalty", "mean_spikes",
           "control_untrained_accuracy", "control_pixels_accuracy")  # fmt: skip


def test_a_whole_run_says_the_same() -> None:
    words = ("-m", "snncore", "train", "--dataset", "digits", "--limit", "400", "--neurons", "20")
    words += ("--epochs", "1", "--json")
    code, alone, err = ended(torchrun(*words, k=1))
    assert code == 0, err
    code, out, err = ended(torchrun(*words, k=2))
    assert code == 0, err
    one, two = json.loads(alone), json.loads(out)
    assert (one["processes"], two["processes"]) == (1, 2)
    assert {name: two[name] for name in COUNTED} == {name: one[name] for name in COUNTED}
    assert err.count("100 %  Done") == 1, "only the first process reports"


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_a_process_is_killed_and_the_job_ends_with_the_same_result(tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    words = ("-m", "snncore", "train", "--dataset", "digits", "--neurons", "30", "--epochs", "25")
    words += ("--no-controls", "--json")
    alone = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env={**os.environ, **CLEAN}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    saving = ("--checkpoint-every", "0.1", "--out", str(out), "--continue")
    running = torchrun(*words, *saving, k=2, launcher=("--max-restarts", "1"))
    while not out.exists():  # another process's file: nobody tells when it is there
        assert running.poll() is None, running.stderr.read()  # type: ignore[union-attr]
        time.sleep(0.01)
    os.kill(process_of(running.pid, rank=1), signal.SIGKILL)
    code, said, err = ended(running)
    assert code == 0, err
    got, expected = json.loads(said), json.loads(alone.stdout)
    assert got["weights_sha256"] == expected["weights_sha256"]
    assert got["test_accuracy"] == expected["test_accuracy"]
    assert re.search(r"going on after [1-9][\d,]* of", err), "it was begun anew"


def process_of(parent: int, rank: int) -> int:
    """The child of torchrun that has this rank."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(stat[1]) == parent and f"RANK={rank}".encode() in environment:
            return int(folder.name)
    raise AssertionError(f"no process of rank {rank}")


def test_processes_with_other_data_are_told_so(tmp_path: Path) -> None:
    for rank in (0, 1):
        write_idx(tmp_path / f"data{rank}" / "MNIST" / "raw", 40 + rank)
    words = (f"{tmp_path}/data{{rank}}", "train", "--dataset", "mnist", "--json")
    code, out, err = ended(torchrun(WORKER, *words, k=2))
    assert code != 0 and out == ""
    for rank in (0, 1):
        assert f"rank {rank}: error: all processes must have the same number of test images" in err


def test_who_cannot_be_reached_is_said_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    said = subprocess.run(
        [sys.executable, "-m", "snncore", "train", "--dataset", "digits"], cwd=ROOT, text=True,
        env={**os.environ, **CLEAN, **where, "SNNCORE_TIMEOUT_S": "2"}, capture_output=True,
    )  # fmt: skip
    assert said.returncode == 2
    assert "error: another process has ended or does not answer" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan"])
def test_a_wrong_time_limit_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNNCORE_TIMEOUT_S", text)
    with pytest.raises(ValueError, match="SNNCORE_TIMEOUT_S must be a number of seconds > 0"):
        distributed._timeout_s()


def test_facts_that_differ_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group(0, 2)
    told = [b'{"a": "1", "b": "2"}', b'{"a": "1", "b": "3"}']
    monkeypatch.setattr(group, "gather", lambda mine: told)
    with pytest.raises(ValueError, match="the same b, got rank 0: 2, rank 1: 3"):
        group.agree({"a": "1", "b": "2"})
    told[1] = told[0]
    group.agree({"a": "1", "b": "2"})


def test_continue_needs_a_file_to_go_on_from() -> None:
    from click.testing import CliRunner

    from snncore.cli import main

    said = CliRunner().invoke(main, ["train", "--dataset", "digits", "--continue"])
    assert said.exit_code == 2 and "--continue goes on from --out" in said.stderr
