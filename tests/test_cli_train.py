"""`train --resume` and `--out`: other images, other parameters, unwritable places."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from snncore.cli import main


def command(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A small data set of the user's own."""
    path = tmp_path / "own.npz"
    write(path, 0)
    return path


def write(path: Path, shift: int) -> None:
    ramp = (np.arange(30 * 64, dtype=np.uint32) + np.uint32(shift)) * np.uint32(2654435761)
    x = (ramp >> np.uint32(24)).astype(np.uint8).reshape(30, 8, 8)
    np.savez(path, x_train=x, y_train=np.arange(30) % 3, x_test=x[:6], y_test=np.arange(6) % 3)


def test_a_finished_run_can_be_given_more_epochs(own: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "net.safetensors")
    first = command("train", "--dataset", str(own), "--neurons", "6", "--out", out, "--json")
    assert first.exit_code == 0, first.stderr
    more = command("train", "--resume", out, "--epochs", "2", "--json")
    assert more.exit_code == 0, more.stderr
    one, two = json.loads(first.stdout), json.loads(more.stdout)
    assert (one["epochs"], two["epochs"]) == (1, 2)
    assert one["weights_sha256"] != two["weights_sha256"]


def test_resume_refuses_other_images_and_other_parameters(own: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "net.safetensors")
    command("train", "--dataset", str(own), "--neurons", "6", "--out", out)
    other = command("train", "--resume", out, "--neurons", "7")
    assert other.exit_code == 2 and "--neurons is 6 in the checkpoint" in other.stderr
    write(own, 1)  # the same name and number, other pictures
    changed = command("train", "--resume", out)
    assert changed.exit_code == 2 and "training images of its run" in changed.stderr


def test_an_unwritable_out_is_found_before_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "folder.safetensors" / "deeper"
    for out in (str(folder / "x"), "/proc/x"):
        done = command("train", "--out", out)
        assert done.exit_code == 2 and "cannot be written" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1  # not one line of progress before it
