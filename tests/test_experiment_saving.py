"""Checkpoints of a run: every epoch, whole files only, and resume as if it had never stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snncore import checkpoint, experiment, trained
from snncore.experiment import Autosave, Progress
from snncore.stdp import Snapshot, TrainParams, train
from tests.test_experiment_running import CONV

PARAMS = TrainParams(neurons=20, batch=25, epochs=3)


@pytest.fixture(scope="module")
def data() -> experiment.Data:
    return experiment.load_data("digits", 200)


def snapshots(data: experiment.Data, params: TrainParams) -> list[Snapshot]:
    """One after every batch."""
    return list(train(data.train_images, params, every_s=0.0))


def report(snapshot: Snapshot | None) -> Progress:
    return Progress(0.5, "learning", "", snapshot)


def test_the_end_of_every_epoch_is_saved_and_little_else(
    data: experiment.Data, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    saver, written = Autosave(path, "digits", data, PARAMS, every_s=1e6), []
    assert saver.see(report(None)) == "" and not path.exists()
    for snapshot in snapshots(data, PARAMS):
        before = saver.saved
        assert saver.see(report(snapshot)) == ""
        if saver.saved != before:
            written.append(trained.load(path).snapshot.seen)
    assert written == [200, 400, 600]
    busy = Autosave(path, "digits", data, PARAMS, every_s=1e-9)
    for snapshot in snapshots(data, PARAMS)[:3]:
        busy.see(report(snapshot))
        assert trained.load(path).snapshot.seen == snapshot.seen == busy.saved


@pytest.mark.parametrize(
    "params",
    [PARAMS, replace(CONV, epochs=2), replace(CONV, filters_2=6, grid=1)],
    ids=["dense", "conv", "two"],
)
def test_a_run_goes_on_from_a_file_bit_for_bit(
    data: experiment.Data, params: TrainParams, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    every = snapshots(data, params)
    for stop in (every[0], every[len(every) // 2], every[-1]):
        trained.save(path, "digits", 200, params, stop)
        saved = trained.load(path)
        assert saved.params == params and saved.trained is None
        rest = list(train(data.train_images, saved.params, resume=saved.snapshot))
        last = rest[-1] if rest else saved.snapshot
        assert experiment.weights_sha256(last.layers) == experiment.weights_sha256(every[-1].layers)


def test_after_kill_9_in_the_middle_the_result_is_that_of_an_uninterrupted_run(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.safetensors"
    words = "train --neurons 40 --epochs 30 --batch 25 --limit 1000 --no-controls"
    command = [sys.executable, "-m", "snncore", *words.split()]
    process = subprocess.Popen(
        [*command, "--checkpoint-every", "0.05", "--out", str(path)],
        cwd=Path(__file__).parent.parent,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300  # seconds; a busy machine takes long to import
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    saved = trained.load(path)  # whole, whatever was being written
    assert 0 < saved.snapshot.seen < saved.snapshot.total == 30_000, "killed too late or too early"
    data = experiment.load_data(saved.dataset, saved.n_images)
    assert saved.images_sha256 == experiment.images_sha256(data)
    *_, rest = train(data.train_images, saved.params, resume=saved.snapshot, every_s=1e6)
    *_, whole = train(data.train_images, saved.params, every_s=1e6)
    assert experiment.weights_sha256(rest.layers) == experiment.weights_sha256(whole.layers)


def test_a_full_disk_does_not_end_the_run_and_leaves_the_old_file(
    data: experiment.Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.safetensors"
    saver = Autosave(path, "digits", data, PARAMS, every_s=1e-9)
    first, second, third, fourth = snapshots(data, PARAMS)[:4]
    saver.see(report(first))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.os, "replace", full)
        said = saver.see(report(second))
        assert "No space left on device" in said and "the run goes on" in said
        assert saver.see(report(third)) == ""  # said once, not at every report
        assert saver.failure and path.read_bytes() == before
    assert "written again" in saver.see(report(fourth)) and not saver.failure
    assert trained.load(path).snapshot.seen == fourth.seen
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.safetensors"]


def test_a_whole_run_on_a_device_that_is_always_full_still_gives_its_result(
    data: experiment.Data,
) -> None:
    saver = Autosave(Path("/dev/full/x"), "digits", data, PARAMS, every_s=1e-9)
    said, result = [], None
    for last in experiment.run(data, PARAMS, controls=False, live=False):
        said.append(saver.see(last))
        result = last.result
    assert result is not None and result.test_accuracy > 0.1
    assert [bool(words) for words in said].count(True) == 1  # said once
    assert "could not be written" in "".join(said)


def test_a_finished_run_is_saved_with_its_figures(data: experiment.Data, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    saver = Autosave(path, "digits", data, PARAMS)
    result = None
    for last in experiment.run(data, PARAMS, controls=False, live=False):
        saver.see(last)
        result = last.result
    saved = trained.load(path)
    assert result is not None and saved.trained is not None
    assert saved.figures["test_accuracy"] == result.test_accuracy
    assert "control_untrained_accuracy" not in saved.figures  # there was none


def test_every_cut_and_every_flipped_byte_is_refused_in_words_or_harmless(
    data: experiment.Data, tmp_path: Path
) -> None:
    path = tmp_path / "run.safetensors"
    trained.save(path, "digits", 200, PARAMS, snapshots(data, PARAMS)[-1])
    good = path.read_bytes()
    for size in [*range(0, len(good), max(1, len(good) // 60)), len(good) - 1]:
        with pytest.raises(ValueError):
            trained.load(good[:size])
    header = 8 + int.from_bytes(good[:8], "little")
    refused = 0
    for position in range(0, header, 7):
        broken = bytearray(good)
        broken[position] ^= 0x11
        try:
            trained.load(bytes(broken))
        except ValueError as error:
            refused += 1
            assert len(str(error)) > 10
    assert refused > header / 7 / 4


def test_half_precision_is_for_finished_networks_only(
    data: experiment.Data, tmp_path: Path
) -> None:
    snapshot = snapshots(data, PARAMS)[-1]
    with pytest.raises(ValueError, match="exact weights"):
        trained.save(tmp_path / "x", "digits", 200, PARAMS, snapshot, half=True)
    result = list(experiment.run(data, PARAMS, controls=False, live=False))[-1].result
    assert result is not None
    for half in (False, True):
        trained.save(
            tmp_path / str(half), "digits", 200, PARAMS, snapshot, result.trained, half=half
        )
    sizes = [(tmp_path / str(half)).stat().st_size for half in (False, True)]
    assert sizes[1] < 0.75 * sizes[0]
    small = trained.load(tmp_path / "True")
    assert small.trained is not None and small.trained.layer.weights.dtype == torch.float32
    one = trained.predict(result.trained, data.test_images[:100])
    two = trained.predict(small.trained, data.test_images[:100])
    assert (one.classes == two.classes).mean() > 0.9  # 11 bits of a weight decide few spikes
