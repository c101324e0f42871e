"""`python -m snncore recall`: what it prints, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from snncore.cli import main
from snncore.hopfield import NoiseParams, PatternParams
from snncore.recall_lab import Ask, RecallParams, command, experiment


def run(*arguments: str):
    return CliRunner().invoke(main, ["recall", *arguments])


def report_of(text: str) -> dict[str, object]:
    result = run(*text.split(), "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_spiking_memory_recalls_the_four_photographs_exactly() -> None:
    report = report_of("--dataset skimage --count 4 --rule spiking --noise flip:0.3")
    assert report["pixel_accuracy"] == report["exact_fraction"] == 1.0
    assert report["bound_pixel_accuracy"] == report["bound_exact_fraction"] == 1.0
    assert report["probe_accuracy"] == pytest.approx(0.7, abs=0.02)
    assert 0.5 <= report["background_accuracy"] < 0.8
    assert 1 <= report["decision_step_min"] <= report["decision_step"] <= 24
    assert report["pictures"] == report["probes"] == 4 and report["size"] == [128, 128]
    assert report["spikes"] == pytest.approx(128 * 128 * report["spikes_per_pixel"])
    assert report["seconds"] <= report["total_seconds"] and report["peak_mb"] > 50


@pytest.mark.data
def test_mnist_is_the_test_part_in_file_order(mnist_root: object) -> None:
    """Its first ten labels are 7 2 1 0 4 1 4 9 5 9."""
    report = report_of("--dataset mnist --count 10 --draws 3 --seed 0")
    assert (report["split"], report["probes"]) == ("test", 30)
    assert (report["pixel_accuracy"], report["exact_fraction"]) == (1.0, 1.0)
    assert report["background_accuracy"] == pytest.approx(0.848, abs=0.002)  # as measured for them


def test_grey_levels_have_their_own_scores() -> None:
    report = report_of("--dataset icons --count 3 --size 16 --mode grey --noise gaussian:0.3 "
                       "--rule modern")  # fmt: skip
    assert report["psnr_db"] >= 90 and report["ssim"] > 0.99
    assert report["probe_psnr_db"] < 20 < report["bound_psnr_db"]
    assert "spikes" not in report and "hebb_stable_fraction" not in report


def test_colour_has_three_numbers_a_pixel() -> None:
    report = report_of("--dataset signs --count 3 --size 16 --mode rgb --noise gaussian:0.2 "
                       "--rule modern --form dot --beta 2")  # fmt: skip
    assert report["pixels"] == 768 and report["mode"] == "rgb"


def test_steps_are_updates_or_time_steps() -> None:
    assert report_of("--dataset digits --rule hebb --steps 1")["steps"] == 1
    assert report_of("--dataset digits --rule spiking --steps 16")["steps"] == 16


def test_a_single_update_does_not_say_whether_it_came_to_rest() -> None:
    few = "--dataset digits --count 3 --rule modern"
    one, more = report_of(few), report_of(f"{few} --steps 5 --temperature 0.2 --update async")
    assert one["steps"] == 1 and "converged_fraction" not in one
    assert more["converged_fraction"] == 1.0
    assert "Without effect on modern: --temperature, --update." in more["notes"]


def test_offset_passes_over_the_first_pictures(tmp_path: Path) -> None:
    def stored(words: str) -> np.ndarray:
        out = tmp_path / "r.npz"
        report_of(f"--dataset digits --rule modern --out {out} {words}")
        with np.load(out, allow_pickle=False) as arrays:
            return arrays["patterns"]

    assert (stored("--count 5")[3:] == stored("--count 2 --offset 3")).all()


def test_same_seed_same_answers_other_seed_other_probes() -> None:
    def scores(seed: int) -> dict[str, object]:
        report = report_of(f"--dataset digits --noise flip:0.35 --draws 3 --seed {seed}")
        timing = ("seconds", "total_seconds", "peak_mb", "seed")
        return {k: v for k, v in report.items() if k not in timing}

    assert scores(0) == scores(0)
    assert scores(0) != scores(1)


def test_answers_can_be_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "recall.npz"
    report_of(f"--dataset icons --count 3 --size 64 --rule hebb --out {out}")
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["patterns"].shape == arrays["recalled"].shape == (3, 64, 64)
        assert set(np.unique(arrays["recalled"]).tolist()) <= {-1, 1}
        assert arrays["known"].dtype == bool


def test_the_command_of_a_question_gives_its_answer() -> None:
    ask = Ask(
        dataset="signs",
        patterns=PatternParams(count=6, size=20, threshold="otsu", pick="first"),
        noise=NoiseParams("occlude", 0.4, place="left", paint="white"),
        recall=RecallParams(rule="dam", degree=4, centred=True, update="async"),
        draws=2,
        seed=5,
    )
    words = command(ask).removeprefix("python -m snncore recall ")
    assert report_of(words)["pixel_accuracy"] == experiment(ask).result.pixel_accuracy


def test_picked_pictures_are_those_that_are_stored() -> None:
    ask = Ask(
        dataset="digits",
        chosen=(7, 2, 40),
        noise=NoiseParams("flip", 0.2),
        recall=RecallParams(rule="hebb"),
    )
    report = report_of(command(ask).removeprefix("python -m snncore recall "))
    assert report["pictures"] == 3
    assert report["background_accuracy"] == experiment(ask).result.background_pixel_accuracy


def test_a_load_beyond_capacity_explains_itself() -> None:
    report = report_of("--dataset random --count 400 --size 16 --rule hebb --noise flip:0.1")
    assert report["load"] == pytest.approx(400 / 256)
    assert report["exact_fraction"] == 0.0
    assert any("0.138" in note for note in report["notes"])


def test_options_that_do_not_matter_to_the_memory_are_named() -> None:
    report = report_of("--dataset digits --rule hebb --beta 2 --w-in 3 --update async")
    assert "Without effect on hebb: --beta, --w-in." in report["notes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "nosuch"], "nosuch"),
        (["--noise", "flip"], "noise must be KIND:STRENGTH"),
        (["--noise", "flip:nan"], "strength must be finite"),
        (["--noise", "flip:1.5"], "strength must be in 0..1"),
        (["--noise", "gaussian:-1"], "strength must be"),
        (["--beta", "nan"], "beta must be finite"),
        (["--count", "0"], "count must be >= 1, got 0"),
        (["--count", "-3"], "count must be >= 1, got -3"),
        (["--count", "1000000000"], "count must be <= "),
        (["--count", "many"], "many"),
        (["--rule", "magic"], "magic"),
        (["--rule", "hebb", "--mode", "grey"], "black and white pictures only"),
        (["--rule", "modern", "--temperature", "-1"], "temperature must be >= 0"),
        (["--seed", "-1"], "seed must be"),
        (["--rule", "spiking", "--steps", "2"], "time_steps must be"),
        (["--device", "quantum"], "device must be one of"),
        (["--offset", "4"], "offset must be < 4"),
        (
            ["--dataset", "random", "--size", "4", "--count", "800", "--rule", "storkey"],
            "storkey, its capacity",
        ),
        (["--pictures", "1,x"], "pictures must be whole numbers from 0"),
        (["--pictures", "99"], "chosen must be numbers in 0..3"),
        (["--pictures", "1", "--dataset", "random"], "pictures must be of a set"),
        (["--size", "5000"], "size must be"),
        (["--draws", "0"], "draws"),
        (["--dataset", "random", "--count", "5000", "--size", "256"], "use fewer"),
        (["--dataset", "icons", "--size", "256", "--count", "30", "--draws", "1000"], "use fewer"),
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
