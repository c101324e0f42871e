"""The bundled network: there, honest about itself, and quick."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from snncore import datasets, models, trained


def test_the_file_is_small_and_holds_a_finished_network_with_its_figures() -> None:
    (bundled,) = models.ALL
    assert bundled.path.stat().st_size < 700_000
    saved = models.load()
    assert saved is models.load("mnist-400") and saved.trained is not None
    assert saved.params.neurons == 400 and saved.trained.image_shape == (28, 28)
    assert saved.trained.class_names == tuple("0123456789") and saved.n_images == 60_000
    assert saved.figures["test_accuracy"] > 0.935 > saved.figures["control_untrained_accuracy"]
    assert saved.figures["vote_accuracy"] > 0.91 > saved.figures["control_untrained_vote_accuracy"]
    assert (saved.trained.neuron_labels >= 0).mean() > 0.95


def test_another_name_is_refused_and_a_missing_file_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="must be one of mnist-400, got 'x'"):
        models.load("x")
    gone = models.ALL[0]._replace(name="gone", path=tmp_path / "gone")
    monkeypatch.setattr(models, "ALL", (gone,))
    with pytest.raises(ValueError, match="install the program again"):
        models.load("gone")


def test_one_picture_is_classified_at_once() -> None:
    network = models.load().trained
    assert network is not None
    picture = np.zeros((1, 28, 28), np.uint8)
    picture[0, 5:23, 13:16] = 255  # a stroke
    trained.predict(network, picture)  # compiles
    took = []
    for _ in range(5):
        began = time.process_time()  # of all threads: other programs do not count
        found = trained.predict(network, picture)
        took.append(time.process_time() - began)
    assert min(took) < 0.1
    assert found.classes[0] == found.votes[0] == 1


@pytest.mark.data
def test_the_figures_are_those_of_the_test_images(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(mnist_root))
    saved, data = models.load(), datasets.load("mnist", "test")
    assert saved.trained is not None
    found = trained.predict(saved.trained, data.images[::10])
    right = float(np.mean(found.classes == data.labels[::10]))
    error = (0.06 * 0.94 / 1000) ** 0.5  # one standard error of a thousand images
    assert abs(right - saved.figures["test_accuracy"]) < 4 * error
