"""`python -m snncore encode`: one JSON object, honest numbers, one line for bad arguments."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torchvision
from click.testing import CliRunner
from PIL import Image

from snncore import datasets, encoding, metrics
from snncore.cli import download, main
from snncore.cli.encode import read_settings
from tests.make_data import write_idx


def run(*words: str):
    return CliRunner().invoke(main, ["encode", *words])


def report(*words: str) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_rate_of_a_digit_reports_what_the_engine_gives():
    got = report("--dataset", "digits", "--code", "rate", "--steps", "100", "--seed", "3")
    values = datasets.to_float(datasets.load("digits").images[:1])
    code = encoding.get_code("rate")
    sent = encoding.transmit_images(values, code, code.params(), n_steps=100, seed=3)
    assert got["spikes"] == int(sent.spikes.sum())
    assert got["spikes_per_pixel"] == pytest.approx(got["spikes"] / 64)
    assert got["rmse"] == pytest.approx(metrics.rmse(sent.values, sent.decoded))
    assert got["psnr"] == pytest.approx(-20 * np.log10(got["rmse"]))
    assert {"code", "kind", "steps", "seed", "params", "images", "pixels"} <= set(got)


@pytest.mark.parametrize("code", list(encoding.CODES))
def test_every_code_runs_and_repeats_itself(code):
    a = report("--code", code, "--steps", "200", "--seed", "1")
    b = report("--code", code, "--steps", "200", "--seed", "1")
    del a["seconds"], b["seconds"]
    assert a == b
    assert a["spikes"] > 0


def test_settings_reach_the_code():
    half = report("--code", "rate", "--set", "gain=0.5", "--count", "50")
    full = report("--code", "rate", "--count", "50")
    assert half["params"] == {"gain": 0.5}
    assert half["spikes"] / full["spikes"] == pytest.approx(0.5, abs=0.01)


def test_batches_change_nothing(monkeypatch):
    whole = report("--count", "30", "--index", "5")
    monkeypatch.setattr("snncore.cli.encode._BATCH_CELLS", 7 * 64 * 100)
    parts = report("--count", "30", "--index", "5")
    for name in ("spikes", "rmse", "silent_fraction"):
        assert whole[name] == parts[name]


def test_perfect_reconstruction_has_no_infinite_psnr(tmp_path):
    black = tmp_path / "black.npz"
    pictures, labels = np.zeros((4, 8, 8), dtype=np.uint8), np.array([0, 1, 0, 1])
    np.savez(black, x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)
    got = report("--dataset", str(black))
    assert got["spikes"] == 0
    assert got["rmse"] == 0
    assert got["psnr"] is None


def test_a_picture_file_is_shrunk_in_proportion(tmp_path):
    file = tmp_path / "grey.png"
    Image.fromarray(np.full((40, 80), 128, dtype=np.uint8)).save(file)
    got = report("--picture", str(file), "--side", "20", "--code", "latency", "--steps", "256")
    assert got["pixels"] == 20 * 10
    assert got["spikes_per_pixel"] == 1
    assert got["rmse"] < 0.5 / 255 + 1e-6


def test_a_signal_is_the_one_asked_for():
    got = report("--code", "send_on_delta", "--shape", "triangle", "--cycles", "2",
                 "--amplitude", "0.5", "--steps", "400")  # fmt: skip
    assert got["signal"] == {"shape": "triangle", "n_samples": 400, "cycles": 2, "amplitude": 0.5}
    assert got["max_error"] <= 0.05 + 1e-6  # slope 0.01 per step, below the threshold


def test_out_holds_input_spikes_and_reconstruction(tmp_path):
    file = tmp_path / "spikes.npz"
    got = report("--code", "latency", "--steps", "20", "--out", str(file))
    with np.load(file, allow_pickle=False) as held:
        assert held["spikes"].shape == (20, 1, 64)
        assert held["spikes"].sum() == got["spikes"]
        assert metrics.rmse(held["values"], held["decoded"]) == pytest.approx(got["rmse"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--code", "morse"], "unknown code 'morse'"),
        (["--dataset", "nonsense"], "unknown data set 'nonsense'"),
        (["--steps", "0"], "--steps"),
        (["--steps", "many"], "--steps"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--set", "gain"], "--set takes NAME=VALUE"),
        (["--set", "gain=nan"], "gain must be finite"),
        (["--set", "gain=2"], "gain must be <= 1"),
        (["--set", "theta=1"], "code rate has no parameter 'theta'; it has gain"),
        (["--code", "latency", "--steps", "1"], "--steps must be a whole number >= 2"),
        (["--code", "fade_in", "--steps", "5"], "--steps must be >= 1/threshold"),
        (["--index", "1397"], "index + count must be <= 1397"),
        (["--count", "-3"], "--count"),
        (["--picture", "/no/such.png"], "cannot read /no/such.png"),
        (["--picture", __file__], "must be a PNG or JPEG file"),
        (["--code", "delta", "--steps", "10"], "--steps must be >= 50 steps, got 10"),
        (["--code", "send_on_delta", "--steps", "5000"], "--steps must be <= 2000 steps, got 5000"),
        (["--code", "delta", "--shape", "wiggle"], "wiggle"),
        (["--device", "abacus"], "device must be one of"),
        (["--out", "/no/such/folder/x.npz"], "cannot write"),
        (["--dataset", "skimage", "--steps", "20000"], "steps × pixels must be <="),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(words, message):
    result = run(*words, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_settings_are_read_in_the_types_of_the_parameters():
    params = read_settings(encoding.get_code("delta"), ("threshold=0.25", "off_spikes=no"))
    assert params == encoding.DeltaParams(0.25, padding=True, off_spikes=False)


def test_as_a_program_it_prints_json_only():
    done = subprocess.run(
        [sys.executable, "-m", "snncore", "encode", "--steps", "10", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 1


def test_a_missing_set_is_fetched_first_and_without_network_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [tmp_path.as_uri() + "/none/"])
    result = run("--dataset", "mnist", "--json")
    assert result.exit_code == 2 and result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and "mnist could not be downloaded" in lines[0]
    assert "Traceback" not in result.stderr


def test_a_set_that_comes_with_the_first_use_is_then_encoded(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    fetched = []

    def fetch(name):
        fetched.append(name)
        write_idx(tmp_path / "MNIST" / "raw", 3)

    monkeypatch.setattr(download, "fetch", fetch)
    for _ in range(2):
        assert report("--dataset", "mnist", "--steps", "5")["images"] == 1
    assert fetched == ["mnist"]
    report("--picture", picture(tmp_path), "--dataset", "fashion")
    assert fetched == ["mnist"]  # a picture needs no set


def picture(folder) -> str:
    file = folder / "grey.png"
    Image.fromarray(np.full((8, 8), 128, dtype=np.uint8)).save(file)
    return str(file)
