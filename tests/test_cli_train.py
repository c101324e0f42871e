"""`train`: resume, checkpoints, interruption, seeds, presets, recommended values, bad arguments."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from snncore import trained
from snncore.cli import main, train_settings
from snncore.stdp import TrainParams, presets


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
    words = ("--dataset", str(own), "--neurons", "6", "--epochs", "1", "--out", out)
    first = command("train", *words, "--json")
    assert first.exit_code == 0, first.stderr
    more = command("train", "--resume", out, "--epochs", "2", "--json")
    assert more.exit_code == 0, more.stderr
    one, two = json.loads(first.stdout), json.loads(more.stdout)
    assert (one["epochs"], two["epochs"]) == (1, 2)
    assert one["weights_sha256"] != two["weights_sha256"]
    command("train", "--resume", out, "--epochs", "3", "--no-controls", "--out", out)
    fewer = command("train", "--resume", out, "--epochs", "2")
    assert fewer.exit_code == 2 and "--epochs must be >= 3" in fewer.stderr


def test_no_run_goes_on_from_rounded_weights(own: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "net.safetensors")
    command("train", "--dataset", str(own), "--neurons", "6", "--no-controls", "--out", out)
    run = trained.load(Path(out))
    trained.save(
        Path(out), run.dataset, run.n_images, run.params, run.snapshot, run.trained, half=True
    )
    refused = command("train", "--resume", out, "--epochs", "9")
    assert refused.exit_code == 2 and "rounded to 16 bits" in refused.stderr


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


def test_what_is_not_given_is_what_is_recommended_for_the_size(own: Path) -> None:
    done = command("train", "--dataset", str(own), "--neurons", "6", "--no-controls", "--json")
    found = json.loads(done.stdout)
    wanted = presets.recommended("dense", 6).to_dict()
    assert {name: found[name] for name in wanted} == wanted
    assert found["has_controls"] is False and found["control_untrained_accuracy"] is None
    large = train_settings.advised({"neurons": 6400})
    assert large == presets.recommended("dense", 6400) != TrainParams(neurons=6400)
    conv = train_settings.advised({"layer": "conv", "filters": 16, "seed": 5}, "mnist")
    assert conv.to_dict() == presets.recommended("conv", 16, "mnist").to_dict() | {"seed": 5}


def test_a_preset_is_found_by_a_part_of_its_name(own: Path) -> None:
    assert train_settings.found_preset("BEST conv").params.layer == "conv"
    seed = train_settings.found_preset("fail")
    assert seed.params.rule == "seed"
    for several in ("best", "", "nothing like it"):
        with pytest.raises(ValueError, match="must be one of '30 seconds', "):
            train_settings.found_preset(several)
    words = ("--preset", "fail", "--dataset", str(own), "--neurons", "6", "--no-controls")
    found = json.loads(command("train", *words, "--json").stdout)
    assert (found["rule"], found["neurons"]) == ("seed", 6)
    assert found["epochs"] == seed.params.epochs


def test_every_parameter_is_an_option() -> None:
    text = command("train", "--help").stdout
    for name in TrainParams.specs():
        assert f"--{name.replace('_', '-')} " in text


def test_several_seeds_give_means_and_deviations(own: Path) -> None:
    words = ("train", "--dataset", str(own), "--neurons", "6", "--seed", "4")
    done = command(*words, "--seeds", "2", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seeds"] == [4, 5]
    each = found["values"]["vote_accuracy"]
    alone = json.loads(command(*words, "--json").stdout)
    assert each[0] == alone["vote_accuracy"] and len(each) == 2
    assert found["weights_sha256"][0] == alone["weights_sha256"] != found["weights_sha256"][1]
    assert found["vote_accuracy"] == pytest.approx(statistics.mean(each))
    assert found["std"]["vote_accuracy"] == pytest.approx(statistics.stdev(each))
    text = command(*words, "--seeds", "2").stdout
    assert f"± {statistics.stdev(each):.2g}" in text


def test_the_text_has_the_tables(own: Path) -> None:
    text = command("train", "--dataset", str(own), "--neurons", "6").stdout
    for word in ("per_class", "precision", "most_confused", "confusion, row = true"):
        assert word in text


def test_ctrl_c_keeps_what_was_learnt_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    # 400 steps an image, 70,000 images, one at a time: a minute and more on a quick machine.
    words = ["train", "--dataset", "digits", "--neurons", "1600", "--epochs", "50", "--batch", "1"]
    words += ["--steps", "400", "--theta", "200", "--checkpoint-every", "1000", "--out", str(out)]
    command_line = [sys.executable, "-m", "snncore", *words]
    with subprocess.Popen(
        command_line,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        # A shell that runs the tests in the background makes all its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "Learning" in line:
                break
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()
    assert run.returncode == 130, said
    assert f"go on with: python -m snncore train --resume {out} --out {out}" in said
    saved = trained.load(out)
    assert 0 < saved.snapshot.seen < saved.snapshot.total


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "no such"), "--preset must be one of"),
        (("--seeds", "2", "--out", "x"), "--out and --resume belong to one"),
        (("--seeds", "0"), "seeds"),
        (("--neurons", "1"), "neurons must be >= 2"),
        (("--layer", "conv", "--filters", "100000"), "filters must be <= 512"),
        (("--rate-first", "0.001"), "rate_last must be <= rate_first"),
        (("--checkpoint-every", "0"), "checkpoint-every"),
        (("--dataset", "skimage"), "one picture per class"),
        (("--dataset", "nowhere.npz"), "nowhere.npz"),
        (("--limit", "1"), "limit must be"),
        (("--device", "abacus"), "device must be one of"),
    ],
)
def test_a_bad_argument_is_one_line(words: tuple[str, ...], said: str) -> None:
    done = command("train", *words)
    assert done.exit_code == 2 and said in done.stderr and not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
