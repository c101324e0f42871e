"""`python -m snncore recall`: what it prints, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from snncore.cli import main


def run(*arguments: str):
    return CliRunner().invoke(main, ["recall", *arguments])


def test_spiking_memory_recalls_the_four_photographs_exactly() -> None:
    result = run("--dataset", "skimage", "--rule", "spiking", "--noise", "flip:0.3", "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["pixel_accuracy"] == 1.0
    assert report["exact_fraction"] == 1.0
    assert report["bound_pixel_accuracy"] == 1.0
    assert report["bound_exact_fraction"] == 1.0
    assert report["probe_pixel_accuracy"] == pytest.approx(0.7, abs=0.02)
    assert 0.5 <= report["background_pixel_accuracy"] < 0.8
    assert 1 <= report["decision_step_min"] <= report["decision_step"] <= 24
    assert report["pictures"] == 4


@pytest.mark.data
def test_spiking_memory_recalls_ten_mnist_digits_exactly(mnist_root: object) -> None:
    result = run("--dataset", "mnist", "--count", "10", "--seed", "0", "--json")
    report = json.loads(result.stdout)
    assert (report["pixel_accuracy"], report["exact_fraction"]) == (1.0, 1.0)


def test_same_seed_same_answers_other_seed_other_probes() -> None:
    def scores(seed: str) -> dict[str, object]:
        arguments = ("--dataset", "digits", "--noise", "flip:0.35", "--trials", "3", "--json")
        report = json.loads(run(*arguments, "--seed", seed).stdout)
        return {k: v for k, v in report.items() if k not in ("seconds", "seed")}

    assert scores("0") == scores("0")
    assert scores("0") != scores("1")


def test_answers_can_be_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "recall.npz"
    result = run("--dataset", "icons", "--count", "3", "--rule", "hebb", "--out", str(out))
    assert result.exit_code == 0, result.stderr
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["patterns"].shape == arrays["recalled"].shape == (3, 64, 64)
        assert set(np.unique(arrays["recalled"]).tolist()) <= {-1, 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "nosuch"], "nosuch"),
        (["--noise", "flip"], "noise must be KIND:STRENGTH"),
        (["--noise", "flip:nan"], "noise strength must be finite"),
        (["--noise", "gaussian:-1"], "noise strength must be >= 0"),
        (["--beta", "nan"], "beta must be finite"),
        (["--count", "-3"], "count must be >= 1, got -3"),
        (["--count", "many"], "many"),
        (["--rule", "magic"], "magic"),
        (["--seed", "-1"], "seed must be"),
        (["--time-steps", "2"], "time_steps must be >= 8 steps"),
        (["--device", "quantum"], "device must be one of"),
        (["--out", "answers.txt", "--dataset", "digits"], "out must end in .npz"),
        (["--out", "/nonexistent/x.npz", "--dataset", "digits"], "cannot be written"),
    ],
)
def test_bad_arguments_are_one_line_and_status_two(arguments: list[str], message: str) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert message in lines[0]
