"""The whole experiment on bundled digits, its files, and the commands that drive it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from snncore import checkpoint, datasets, experiment, trained
from snncore.cli import main
from snncore.experiment import measure
from snncore.stdp import Layer, TrainParams, train
from snncore.stdp.presets import recommended
from snncore.stdp.train import first_layer

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


def test_the_untrained_control_has_untrained_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its layer is the first one, but for the thresholds, while the network's has learnt."""
    layers: list[Layer] = []
    fill = measure.Counts.fill

    def watched(self: measure.Counts, shown: tuple[Layer, ...]) -> Iterator[float]:
        layers.append(shown[0])
        return fill(self, shown)

    monkeypatch.setattr(measure.Counts, "fill", watched)
    data, params = experiment.load_data("digits", 200), TrainParams(neurons=20, batch=25)
    list(experiment.run(data, params))
    learnt, untrained = layers
    first = first_layer(data.train_images, params)
    torch.testing.assert_close(untrained.weights, first.weights)
    assert not torch.equal(untrained.theta, first.theta)
    assert float((learnt.weights - first.weights).abs().max()) > 0.01


def test_with_learning_off_network_and_control_score_the_same() -> None:
    still = TrainParams(neurons=20, batch=25, rate_first=0.0, rate_last=0.0)
    result = list(experiment.run(experiment.load_data("digits", 400), still))[-1].result
    assert result is not None
    assert result.test_accuracy == result.control_untrained_accuracy
    assert result.vote_accuracy == result.control_untrained_vote_accuracy


def test_nothing_is_fitted_on_the_test_images() -> None:
    data, params = experiment.load_data("digits", 200), TrainParams(neurons=20, batch=25)
    one = list(experiment.run(data, params))[-1].result
    fewer = data._replace(
        test_images=data.test_images[99::-1], test_labels=data.test_labels[99::-1]
    )
    other = list(experiment.run(fewer, params))[-1].result
    assert one is not None and other is not None
    for a, b in (
        (one.trained.scaler.mean, other.trained.scaler.mean),
        (one.trained.scaler.scale, other.trained.scaler.scale),
        (one.trained.linear.coef, other.trained.linear.coef),
        (one.trained.neuron_labels, other.trained.neuron_labels),
    ):
        assert np.array_equal(a, b)
    for result, part in ((one, data), (other, fewer)):  # and each used what it kept
        again = trained.predict(result.trained, part.test_images)
        assert float(np.mean(again.classes == part.test_labels)) == result.test_accuracy
        assert float(np.mean(again.votes == part.test_labels)) == result.vote_accuracy


def test_one_image_draws_other_spikes_for_testing_than_for_training(
    finished: experiment.Progress,
) -> None:
    assert finished.snapshot is not None and finished.result is not None
    data = experiment.load_data("digits", 50)
    same = data._replace(test_images=data.train_images, test_labels=data.train_labels)
    counted = measure.Counts(same, PARAMS, None)
    assert list(counted.fill(finished.snapshot.layers))[-1] == 1.0
    assert counted.train.shape == counted.test.shape == (50, 30)
    assert (counted.train != counted.test).any(axis=1).mean() > 0.9
    assert (
        trained.predict(finished.result.trained, same.train_images).counts == counted.test
    ).all()


def test_a_limit_keeps_all_classes_of_a_sorted_set() -> None:
    labels = np.repeat(np.arange(5), 40)
    images = np.repeat(labels.astype(np.uint8)[:, None, None], 64, axis=1).reshape(200, 8, 8)
    names = tuple("abcde")
    first = datasets.ImageSet("sorted", images, labels, names, "train", "made here")
    second = first._replace(split="test")
    data = experiment.from_sets(first, second, 20)
    assert np.bincount(data.train_labels).tolist() == [4, 4, 4, 4, 4]
    assert (data.train_images[:, 0, 0] == data.train_labels).all()
    assert len(data.test_images) == 200  # the limit is for learning only


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


def test_two_processes_print_the_same_weights_and_votes_also_with_other_threads() -> None:
    """In processes of their own, where Numba may have two threads even on one core."""
    seen = set()
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "snncore", "train", "--neurons", "20", "--json"],
            env={**os.environ, "NUMBA_NUM_THREADS": "2", "SNNCORE_THREADS": threads},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=True,
            timeout=120,
        )
        found = json.loads(done.stdout)
        seen.add((found["weights_sha256"], found["votes_sha256"]))
    assert len(seen) == 1


def test_resume_continues_to_the_result_of_an_uninterrupted_run(tmp_path: Path) -> None:
    params = replace(recommended("dense", 20), epochs=2, batch=25)  # as the command line does
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
