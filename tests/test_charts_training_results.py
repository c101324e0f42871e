"""Figures of a finished run: what the film, the matrix and the words say follows from the run."""

from __future__ import annotations

import io
import math
from functools import cache

import numpy as np
import pytest
from PIL import Image

from pages.components.trainer.results_words import bars, what_to_notice
from snncore import experiment, trained
from snncore.experiment import Data, Result
from snncore.plots import training_figure as figure
from snncore.plots import training_results as charts
from snncore.plots.training_reel import MAX_TILES, Reel, reel
from snncore.plots.training_tiles import OFF, ON, field_tiles
from snncore.stdp import TrainParams
from snncore.stdp.presets import recommended
from snncore.trained import TEST_SAMPLES, Trained

DENSE = TrainParams(neurons=30, epochs=2, batch=25, feature_steps=40)
CONV = recommended("conv", 8).to_dict() | {
    "filter_size": 3, "grid": 2, "learn_images": 60, "readout": "ridge", "theta": 1.0,
}  # fmt: skip


@cache
def data() -> Data:
    return experiment.load_data("digits", 300)


@cache
def result_of(kind: str) -> Result:
    params = {
        "dense": DENSE,
        "conv": TrainParams.from_dict(CONV),
        "two": TrainParams.from_dict(CONV | {"filters_2": 6, "grid": 1}),
    }[kind]
    *_, last = experiment.run(data(), params, controls=kind == "dense", live=False)
    assert last.result is not None
    return last.result


def net(kind: str) -> Trained:
    return result_of(kind).trained


@pytest.mark.parametrize("kind", ["dense", "conv", "two"])
def test_the_film_ends_with_the_answers_that_the_network_gives_elsewhere(kind: str) -> None:
    images = data().test_images[:3]
    known = trained.predict(net(kind), images)
    for s, image in enumerate(images):
        film = reel(net(kind), image, sample=TEST_SAMPLES + s)
        assert film.answer == known.classes[s] and film.vote == known.votes[s]
        np.testing.assert_allclose(film.scores[-1], known.scores[s], atol=1e-4)
        assert len(film.spikes) > 0 and film.spikes[:, 0].max() < len(film.inputs)


def test_every_spike_of_a_dense_layer_is_in_the_film_and_crosses_its_threshold() -> None:
    image = data().test_images[0]
    film = reel(net("dense"), image)
    counts = trained.predict(net("dense"), image[None]).counts[0]
    assert np.array_equal(np.bincount(film.shown[film.spikes[:, 1]], minlength=30), counts)
    assert np.array_equal(film.labels[film.spikes[:, 1]], film.spikes[:, 4])
    when = {int(step): int(place) for step, place, *_ in film.spikes}
    for r, place in enumerate(film.racers):
        for t, level in enumerate(film.levels[:, r]):
            if when.get(t) == place:
                assert level >= 1
            elif t not in when:
                assert level < 1
    # A step has one spike at most: the others are held back.
    assert len(when) == len(film.spikes)


def test_wins_of_filters_lie_inside_the_picture_and_are_counted_in_their_field() -> None:
    image = data().test_images[0]
    film = reel(net("conv"), image)
    side = image.shape[0]
    rows, columns = film.spikes[:, 2], film.spikes[:, 3]
    assert rows.min() >= 1 and columns.min() >= 1  # the centre of a 3×3 filter is one pixel inside
    assert max(rows.max(), columns.max()) <= side - 2
    assert film.conv and film.tiles.shape == (8, 3, 3, 3) and film.inputs.shape[1:] == (2, 8, 8)


def test_settled_is_the_first_step_from_which_the_lead_does_not_change() -> None:
    for image in data().test_images[:12]:
        film: Reel = reel(net("dense"), image)
        lead = film.scores.argmax(axis=1)
        assert (lead[film.settled :] == film.answer).all()
        assert film.settled == 0 or lead[film.settled - 1] != film.answer


def test_votes_are_mean_spikes_of_the_neurons_of_a_class() -> None:
    found = net("dense")
    film = reel(found, data().test_images[1])
    counts = np.bincount(film.shown[film.spikes[:, 1]], minlength=30)
    for c in range(10):
        members = found.neuron_labels == c
        want = counts[members].mean() if members.any() else 0.0
        assert film.votes[-1, c] == pytest.approx(want, abs=1e-6)
    assert (np.diff(film.votes, axis=0) >= 0).all()


def test_a_large_layer_shows_its_busiest_neurons() -> None:
    many = TrainParams(neurons=MAX_TILES + 40, feature_steps=20, batch=50)
    *_, last = experiment.run(data(), many, controls=False, live=False)
    assert last.result is not None
    film = reel(last.result.trained, data().test_images[0])
    assert film.units == MAX_TILES + 40 and len(film.tiles) == MAX_TILES
    assert (film.spikes[:, 1] >= 0).all() and len(np.unique(film.shown)) == MAX_TILES


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image must be \[8, 8\]"):
        reel(net("dense"), np.zeros((28, 28), np.uint8))


def test_tiles_are_grey_for_one_map_and_orange_and_blue_for_two() -> None:
    one = field_tiles(np.array([[0.0, 0.5, 1.0, 0.25]], np.float32), (2, 2))
    assert one.shape == (1, 2, 2, 3)
    assert one[0, :, :, 0].ravel().tolist() == [0, 128, 255, 64]
    assert (one[..., 0] == one[..., 2]).all()
    two = field_tiles(np.array([[2.0, 0.0, 0.0, 2.0]], np.float32), (1, 2))
    assert two[0, 0, 0].tolist() == list(ON) and two[0, 0, 1].tolist() == list(OFF)
    with pytest.raises(ValueError, match="twice as many inputs"):
        field_tiles(np.zeros((1, 5), np.float32), (2, 2))


def test_the_confusion_chart_holds_each_cell_once_and_frames_the_chosen_one() -> None:
    matrix = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])
    chart = charts.confusion_chart(matrix, ["a", "it's", "c"], (0, 1))
    cells = chart["datasets"]["cells"]
    assert np.array_equal(cells["images"].reshape(3, 3), matrix)
    assert cells["share"].tolist() == pytest.approx([0.8, 0.2, 0, 0, 0.5, 0.5, 0, 0, 0])
    chosen = chart["datasets"]["chosen"]
    assert [chosen[name].tolist() for name in ("t", "p", "images")] == [[0], [1], [2]]
    select = chart["layer"][0]["params"][0]
    assert select["name"] == charts.CELL and select["select"]["fields"] == ["t", "p"]
    label = chart["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert label == "['a','it’s','c'][datum.value]"  # a name cannot end the expression's string


def test_the_confusion_figure_is_a_readable_picture() -> None:
    matrix = np.array([[3, 1], [0, 4]])
    svg = figure.confusion_figure(matrix, ["x", "y"])
    assert b"<svg" in svg and len(svg) > 5000
    with Image.open(io.BytesIO(figure.confusion_figure(matrix, "xy", file_format="png"))) as png:
        assert min(png.size) > 500


def test_whiskers_are_two_standard_errors_and_end_at_one() -> None:
    shown = [charts.Bar("net", 0.9, 0.02, False), charts.Bar("control", 0.99, 0.02, True)]
    table = charts.accuracy_dots(shown)["datasets"]["bars"]
    assert table["low"].tolist() == pytest.approx([0.86, 0.95])
    assert table["high"].tolist() == pytest.approx([0.94, 1.0])
    assert table["words"].tolist() == ["90.00% ± 2.00%", "99.00% ± 2.00%"]


def test_the_bars_of_a_run_are_its_figures_with_binomial_errors() -> None:
    found = result_of("dense")
    rows = {row.name: row for row in bars(found, 400)}
    assert rows["Spikes → linear readout"].accuracy == found.test_accuracy
    assert rows["Untrained → vote"].control
    p = found.vote_accuracy
    assert rows["Spikes → vote"].error == pytest.approx(math.sqrt(p * (1 - p) / 400))


@pytest.mark.parametrize(
    ("ours", "untrained", "pixels", "said"),
    [
        (0.95, 0.80, 0.85, ("added 15.0 points", "say more than the raw pixels")),
        (0.95, 0.949, 0.951, ("no difference that these", "The raw pixels do as well")),
        (0.80, 0.95, 0.92, ("**cost** 15.0 points", "does better on the raw pixels")),
    ],
)
def test_the_words_say_what_learning_was_worth_and_no_more(
    ours: float, untrained: float, pixels: float, said: tuple[str, str]
) -> None:
    found = result_of("dense")._replace(
        test_accuracy=ours,
        control_untrained_accuracy=untrained,
        control_pixels_accuracy=pixels,
    )
    words = what_to_notice(found, 1000)
    assert all(part in words for part in said), words


def test_a_handful_of_test_images_tells_nothing() -> None:
    assert "3 test images are too few" in what_to_notice(
        result_of("dense")._replace(
            test_accuracy=1.0, control_untrained_accuracy=0.3, control_pixels_accuracy=0.3
        ),
        3,
    )


def test_a_run_without_controls_claims_nothing() -> None:
    assert "does not say" in what_to_notice(result_of("conv"), 400)
    assert not any(bar.control for bar in bars(result_of("conv"), 400))


def test_the_charts_of_the_fit_hold_its_history() -> None:
    history = [
        experiment.FitPoint(0.1, 1, 0.5, 0.8, 0.7),
        experiment.FitPoint(0.1, 2, 0.4, 0.9, math.nan),
    ]
    chart = charts.fit_chart(history)
    assert chart["datasets"]["fitted"]["pass"].tolist() == [1, 2]
    assert len(chart["datasets"]["held"]) == 1  # the last fit holds nothing out
    path = charts.penalty_chart([(1.0, 0.8), (0.1, 0.9)], 0.1)
    assert path["datasets"]["best"]["accuracy"].tolist() == [0.9]
