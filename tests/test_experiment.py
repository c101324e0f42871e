"""The whole experiment on bundled digits, its files, and the commands that drive it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from snncore import checkpoint, experiment, trained
from snncore.cli import main
from snncore.stdp import TrainParams, train

PARAMS = TrainParams(neurons=30, epochs=4, batch=25)


def command(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def finished() -> experiment.Progress:
    reports = list(experiment.run(experiment.load_data("digits"), PARAMS))
    fractions = [r.fraction for r in reports]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0  # progress never goes back
    assert all(r.result is None for r in reports[:-1])
    return reports[-1]


def test_learning_beats_the_untrained_control_and_chance(finished: experiment.Progress) -> None:
    result = finished.result
    assert result is not None
    error = (0.25 / 400) ** 0.5  # one standard error of an accuracy on 400 images, at most
    assert result.vote_accuracy > result.control_untrained_vote_accuracy + 2 * error
    assert result.test_accuracy > 0.75 > result.chance + 10 * error
    assert result.confusion.sum() == 400
    assert np.trace(result.confusion) / 400 == pytest.approx(result.test_accuracy)


def test_the_untrained_control_has_untrained_weights() -> None:
    """With learning off, network and control are the same thing and must score the same."""
    still = TrainParams(neurons=20, batch=25, rate_first=0.0, rate_last=0.0)
    result = list(experiment.run(experiment.load_data("digits", 400), still))[-1].result
    assert result is not None
    assert result.test_accuracy == result.control_untrained_accuracy
    assert result.vote_accuracy == result.control_untrained_vote_accuracy


def test_shuffled_labels_are_not_learnt() -> None:
    """The pipeline holds no leak: with meaningless labels the test accuracy is chance."""
    data = experiment.load_data("digits")
    shuffled = data._replace(train_labels=np.random.default_rng(1).permutation(data.train_labels))
    result = list(experiment.run(shuffled, TrainParams(neurons=20, batch=25)))[-1].result
    assert result is not None
    assert result.test_accuracy < 0.25 and result.vote_accuracy < 0.25  # chance is 0.1


def test_a_saved_network_answers_as_before_it_was_saved(
    finished: experiment.Progress, tmp_path: Path
) -> None:
    assert finished.result is not None and finished.snapshot is not None
    before = finished.result.trained
    path = tmp_path / "net.safetensors"
    trained.save(path, "digits", 1397, PARAMS, finished.snapshot, before)
    after = trained.load(path)
    assert after.trained is not None and after.params == PARAMS and after.dataset == "digits"
    images = experiment.load_data("digits").test_images[:50]
    one, other = trained.predict(before, images), trained.predict(after.trained, images)
    assert (one.counts == other.counts).all() and (one.votes == other.votes).all()
    # The scaler goes through float32 in the file.
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="images must be"):
        trained.predict(before, np.zeros((1, 9, 9), np.uint8))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t, m: m.pop("params"), "missing"),
        (lambda t, m: m["params"].update(neurons=-1), "neurons must be"),
        (lambda t, m: m["params"].update(surprise=1), "no parameter"),
        (lambda t, m: t.update(theta=torch.ones(3)), "theta must be"),
        (lambda t, m: t.update(coef=torch.ones(2, 2)), "coef must be"),
        (lambda t, m: t["neuron_labels"].fill_(99), "neuron_labels must be"),
        (lambda t, m: m.update(image_shape=[3, 3]), "do not fit images"),
        (lambda t, m: m["class_names"].__setitem__(0, "x" * 81), "class_names must be"),
        (lambda t, m: m.update(seen="many"), "seen must be a number"),
    ],
)
def test_files_with_impossible_contents_are_refused(
    finished: experiment.Progress, tmp_path: Path, spoil: Any, message: str
) -> None:
    assert finished.result is not None and finished.snapshot is not None
    path = tmp_path / "net.safetensors"
    trained.save(path, "digits", 1397, PARAMS, finished.snapshot, finished.result.trained)
    whole = checkpoint.load(path)
    tensors, meta = {k: v.clone() for k, v in whole.tensors.items()}, dict(whole.meta)
    meta["params"] = dict(meta["params"])
    meta["class_names"] = list(meta["class_names"])
    spoil(tensors, meta)
    checkpoint.save(path, trained.KIND, tensors, meta)
    with pytest.raises(ValueError, match=message):
        trained.load(path)


def test_train_prints_one_json_object_and_progress_elsewhere() -> None:
    done = command("train", "--neurons", "20", "--limit", "300", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found.keys() >= {
        "test_accuracy",
        "vote_accuracy",
        "control_untrained_accuracy",
        "control_pixels_accuracy",
        "train_seconds",
        "train_images_per_s",
        "confusion",
        "weights_sha256",
    }
    assert found["n_train"] == 300 and "learning" in done.stderr.lower()


def test_two_runs_print_the_same_weights_and_votes_also_with_other_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = set()
    for threads in ("1", "2", "2"):
        monkeypatch.setenv("SNNCORE_THREADS", threads)
        found = json.loads(command("train", "--neurons", "20", "--json").stdout)
        seen.add((found["weights_sha256"], found["votes_sha256"]))
    assert len(seen) == 1


def test_resume_continues_to_the_result_of_an_uninterrupted_run(tmp_path: Path) -> None:
    params = TrainParams(neurons=20, epochs=2, batch=25)
    data = experiment.load_data("digits", 300)
    first = next(train(data.train_images, params, every_s=0.0))
    assert 0 < first.seen < first.total
    part = tmp_path / "part.safetensors"
    trained.save(part, "digits", 300, params, first)
    resumed = json.loads(command("train", "--resume", str(part), "--json").stdout)
    words = "train --neurons 20 --epochs 2 --batch 25 --limit 300 --json"
    whole = command(*words.split())
    assert resumed["weights_sha256"] == json.loads(whole.stdout)["weights_sha256"]
    assert resumed["test_accuracy"] == json.loads(whole.stdout)["test_accuracy"]


def test_train_out_then_predict_pictures_and_test_images(tmp_path: Path) -> None:
    model = tmp_path / "net.safetensors"
    done = command("train", "--neurons", "30", "--epochs", "4", "--out", str(model), "--json")
    accuracy = json.loads(done.stdout)["test_accuracy"]
    tested = json.loads(command("predict", str(model), "--dataset", "digits", "--json").stdout)
    assert tested["accuracy"] == pytest.approx(accuracy, abs=0.005)  # float32 scaler in the file
    data = experiment.load_data("digits")
    picture = tmp_path / "three.png"
    index = int(np.flatnonzero(data.test_labels == 0)[0])
    Image.fromarray(data.test_images[index]).resize((80, 80)).save(picture)
    said = json.loads(command("predict", str(model), str(picture), "--json").stdout)
    assert said["predicted"] == ["0"] and said["spikes"][0] > 0


@pytest.mark.parametrize(
    "words",
    [
        "train --dataset nowhere",
        "train --dataset icons",
        "train --neurons -5",
        "train --neurons nan",
        "train --theta nan",
        "train --theta inf",
        "train --limit -1",
        "train --layer quantum",
        "train --device abacus",
        "train --resume no/such/file",
        "train --out no/such/folder/file",
        "train --dataset no/such/file.npz",
        "predict no/such/file",
        "quantum",
        "train --what",
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(words: str) -> None:
    done = command(*words.split())
    assert done.exit_code == 2
    assert done.stdout == "" and len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"\x80\x04\x95 pickles are not opened")
    done = command("predict", str(path), "--dataset", "digits")
    assert done.exit_code == 2 and len(done.stderr.strip().splitlines()) == 1


def test_devices_names_what_is_chosen_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNNCORE_DEVICE", "cpu")
    found = json.loads(command("devices", "--json").stdout)
    assert found["chosen"] == "cpu" and "SNNCORE_DEVICE=cpu" in found["reason"]


@pytest.mark.data
def test_hundred_neurons_learn_mnist_in_one_pass(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 of the 60,000 images, to stay fast; the full run is in the README."""
    monkeypatch.setenv("SNNCORE_DATA", str(mnist_root))
    result = list(experiment.run(experiment.load_data("mnist", 10_000), TrainParams()))[-1].result
    assert result is not None and result.vote_accuracy > 0.75
