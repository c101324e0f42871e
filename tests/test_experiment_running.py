"""Running figures: honest about the past, independent of how they are fed, without a trace."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from snncore import experiment
from snncore.experiment.clock import Clock
from snncore.experiment.rehearsal import COMPILING
from snncore.experiment.running import MAX_POINTS, Curve, RunningVote
from snncore.experiment.watching import NAMED
from snncore.stdp import TrainParams

RUN = sys.modules["snncore.experiment.run"]  # its function has the same name
PARAMS = TrainParams(neurons=30, batch=25, epochs=3)
CONV = TrainParams(
    layer="conv", filters=8, filter_size=3, grid=2, retina="on_off", max_rate_hz=300.0,
    steps=15, feature_steps=15, theta=2.0, batch=25, rate_first=0.3,
)  # fmt: skip


def test_winners_that_know_their_class_are_right_once_they_have_won() -> None:
    labels = np.arange(1000) % 10
    vote = RunningVote(labels, 10, 10)
    assert math.isnan(vote.accuracy)
    vote.see(np.arange(100), labels[:100])
    assert vote.accuracy == 0.0  # nobody had won before: no label, no answer
    assert vote.confusion().sum() == 0
    vote.see(np.arange(100, 1000), labels[100:])
    assert vote.accuracy == 0.9  # of a thousand, the first hundred were not known
    assert (vote.confusion() == 90 * np.eye(10)).all()


def test_a_label_is_judged_before_it_is_remembered() -> None:
    """Each neuron wins once only: whoever used the label at hand would be right always."""
    labels = np.arange(1000) % 10
    vote = RunningVote(labels, 10, 1000)
    vote.see(np.arange(1000), np.arange(1000))
    assert vote.accuracy == 0.0


def test_labels_without_meaning_give_chance() -> None:
    g = np.random.default_rng(2)
    labels, winners = g.integers(0, 10, 1000), g.integers(0, 50, 1000)
    vote = RunningVote(labels, 10, 50)
    vote.see(np.arange(1000), winners)
    assert abs(vote.accuracy - 0.1) < 4 * (0.09 / 1000) ** 0.5  # four standard errors


def test_a_neuron_that_changes_its_class_is_relabelled_after_some_wins() -> None:
    labels = np.repeat([0, 1], 2000)
    vote = RunningVote(labels, 2, 1)
    vote.see(np.arange(2000), np.zeros(2000, np.int64))
    assert vote.accuracy == 1.0
    vote.see(np.arange(2000, 3000), np.zeros(1000, np.int64))
    assert vote.accuracy == 0.9  # one group of a hundred by the old label


def test_silence_is_wrong_and_in_no_column() -> None:
    vote = RunningVote(np.zeros(400, np.int64), 2, 1)
    vote.see(np.arange(400), np.tile([0, -1], 200))
    assert vote.accuracy == pytest.approx(150 / 400)
    assert vote.confusion().tolist() == [[150, 0], [0, 0]]


def test_the_figures_do_not_depend_on_how_the_presentations_are_cut() -> None:
    g = np.random.default_rng(3)
    labels, winners = g.integers(0, 10, 2500), g.integers(-1, 40, 2500)
    found = []
    for size in (1, 77, 2500):
        vote = RunningVote(labels, 10, 40)
        for start in range(0, 2500, size):
            vote.see(np.arange(2500)[start : start + size], winners[start : start + size])
        found.append((vote.accuracy, vote.confusion().tolist()))
    assert found[0] == found[1] == found[2]


def test_a_curve_stays_short_and_in_order() -> None:
    curve = Curve()
    for x in range(10_000):
        curve.add(x, 2 * x)
    points = curve.array()
    assert 100 <= len(points) <= MAX_POINTS and (np.diff(points[:, 0]) > 0).all()
    assert (points[:, 1] == 2 * points[:, 0]).all() and points[-1, 0] > 9_900


def test_the_fraction_never_falls_though_more_turns_out_to_be_left() -> None:
    clock = Clock({"a": 1.0, "b": 1.0})
    list(clock.timed("a", iter(range(3))))
    clock.spent["a"], clock.expected["a"] = 1.0, 0.0
    assert clock.fraction() == pytest.approx(0.5)
    clock.expected["b"] = 99.0
    assert clock.fraction() == pytest.approx(0.5) and clock.left() == 99.0
    clock.expected["b"], clock.spent["b"] = 0.0, 1.0
    assert clock.fraction() == 1.0


def test_a_dense_run_draws_its_vote_beside_untrained_weights() -> None:
    reports = list(experiment.run(experiment.load_data("digits"), PARAMS, controls=False))
    phases = list(dict.fromkeys(report.phase for report in reports))
    assert phases == ["learning", "counting", "readout", "done"]
    live = reports[-1].live
    assert live is not None and live.kind == "vote" and live.confusion is not None
    assert live.seen == live.total == 3 * 1397 and live.accuracy[-1, 0] == live.seen
    error = (0.25 / 1000) ** 0.5  # one standard error of a point, at most
    assert live.accuracy[-1, 1] > live.untrained[-1, 1] + 3 * error
    assert live.accuracy[-1, 1] > live.chance + 10 * error
    assert 1000 < live.confusion.sum() <= 2000
    assert (live.change[:, 1] > 0).all()
    assert len(live.fit) >= 4 and live.fit[-1].penalty == reports[-1].result.penalty  # type: ignore[union-attr]
    assert all(r.eta_s >= 0 for r in reports) and reports[-1].eta_s == 0
    speeds = [r.images_per_s for r in reports if r.phase == "counting"]
    assert speeds and all(speed > 0 for speed in speeds)


def test_looking_on_changes_nothing() -> None:
    data = experiment.load_data("digits", 300)
    shas, untrained = set(), set()
    for live, controls in ((True, True), (False, False), (False, True)):
        reports = experiment.run(data, PARAMS, live=live, controls=controls, pixels_accuracy=0.5)
        result = list(reports)[-1].result
        assert result is not None and result.has_controls is controls
        assert math.isnan(result.control_untrained_accuracy) is not controls
        shas.add((result.weights_sha256, result.votes_sha256, result.test_accuracy))
        if controls:
            right, vote = result.control_untrained_accuracy, result.control_untrained_vote_accuracy
            untrained.add((right, vote))
    assert len(shas) == 1
    assert len(untrained) == 1  # live, the control goes on where its running figures ended


def test_an_iterative_readout_reports_often_and_keeps_its_history() -> None:
    params = replace(CONV, readout="hinge")
    reports = list(experiment.run(experiment.load_data("digits", 300), params, controls=False))
    reading = [report for report in reports if report.phase == "readout"]
    assert len(reading) >= 10
    assert [r.fraction for r in reading] == sorted(r.fraction for r in reading)
    assert all(0.0 <= r.eta_s < 600.0 for r in reading)  # digits: seconds
    lengths = [len(r.live.fit) for r in reading if r.live is not None]
    assert lengths == sorted(lengths) and lengths[-1] > lengths[0]


@pytest.mark.parametrize("filters_2", [0, 6])
def test_a_convolutional_run_probes_training_images(filters_2: int) -> None:
    params = replace(CONV, filters_2=filters_2, grid=1 if filters_2 else 2)
    reports = list(experiment.run(experiment.load_data("digits", 300), params, controls=False))
    live, result = reports[-1].live, reports[-1].result
    assert live is not None and result is not None and live.kind == "probe"
    assert live.confusion is None and 0.3 < live.pixels <= 1.0
    assert len(live.untrained) == (2 if filters_2 else 1)  # one for each depth
    assert len(live.accuracy) >= 2 - (filters_2 == 0) and live.accuracy[-1, 1] > 0.3
    assert len(result.trained.layers) == 1 + (filters_2 > 0)
    assert result.test_accuracy > 0.4


def digits() -> experiment.Data:
    return experiment.load_data("digits", 300)


def test_the_curves_of_a_continued_run_go_on_where_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RUN, "seconds_between", lambda *_: 0.0)  # a report after every batch
    half = [r for r in experiment.run(digits(), PARAMS, controls=False) if r.snapshot is not None]
    stop = next(r for r in half if 300 <= r.snapshot.seen < 900)
    known = stop.live.accuracy.tolist()
    assert known
    *_, last = experiment.run(
        digits(), PARAMS, controls=False, resume=stop.snapshot, before=stop.live
    )
    assert last.live.accuracy.tolist()[: len(known)] == known
    assert last.live.accuracy[-1, 0] == 900 and (np.diff(last.live.accuracy[:, 0]) > 0).all()
    # The names that the vote had given are there still: it is not back at chance.
    first_after = last.live.accuracy[len(known), 1]
    assert first_after > known[-1][1] - 0.1
    assert stop.live.accuracy.tolist() == known  # what was shown does not change


def test_without_its_past_the_vote_names_its_neurons_before_its_curve_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RUN, "seconds_between", lambda *_: 0.0)
    half = [r for r in experiment.run(digits(), PARAMS, controls=False) if r.snapshot is not None]
    stop = next(r for r in half if 300 <= r.snapshot.seen < 900)
    *_, last = experiment.run(digits(), PARAMS, controls=False, resume=stop.snapshot)
    assert last.live.accuracy[0, 0] >= stop.snapshot.seen + min(NAMED, 4 * PARAMS.neurons)


def test_kernels_are_compiled_before_the_clock_runs_once_in_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("snncore.experiment.rehearsal._ended", {})
    first = list(experiment.run(digits(), PARAMS, controls=False, live=False))
    again = list(experiment.run(digits(), PARAMS, controls=False, live=False))
    said = [any("compiles its kernels" in r.text for r in reports) for reports in (first, again)]
    assert said == [True, False]
    assert first[-1].result.weights_sha256 == again[-1].result.weights_sha256


def test_who_starts_during_a_rehearsal_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snncore.experiment.rehearsal._ended", {})
    first, second = (experiment.run(digits(), PARAMS, controls=False, live=False) for _ in "ab")
    assert [next(first).text for _ in range(2)] == ["Preparing", COMPILING]
    assert next(second).text == "Preparing"
    assert [next(second).text for _ in range(2)] == [COMPILING] * 2
    first.close()  # cancelled: nobody waits for what will not end
    assert next(second).text != COMPILING


@pytest.mark.parametrize("one_class", [True, False])
def test_images_that_teach_nothing_are_no_fault_of_the_rehearsal(
    monkeypatch: pytest.MonkeyPatch, one_class: bool
) -> None:
    monkeypatch.setattr("snncore.experiment.rehearsal._ended", {})
    data = digits()._replace(train_images=np.zeros((300, 8, 8), np.uint8))
    if one_class:
        data = digits()._replace(train_labels=np.r_[np.zeros(299, np.int64), 1])
    *_, last = experiment.run(data, PARAMS, controls=False, live=False)
    assert last.result is not None
