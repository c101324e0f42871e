"""All memories side by side: the same probes, row by row, under the best possible."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from snncore.hopfield import NoiseParams, PatternParams
from snncore.recall_lab import (
    RULES,
    Ask,
    RecallParams,
    Row,
    compare,
    experiment,
    film,
    rules_for,
    stream,
)
from snncore.recall_lab import session as session_module
from snncore.recall_lab.networks import MOMENTS, WATCHED, build


def icons(**changes: object) -> Ask:
    values: dict[str, object] = {
        "dataset": "icons",
        "patterns": PatternParams(count=6, size=16, pick="first"),
        "noise": NoiseParams("flip", 0.3),
        "recall": RecallParams(rule="hebb", steps=3),
        "draws": 2,
        "seed": 1,
    }
    return Ask(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    *_, last = compare(icons(), which=5)
    assert (last.now, last.done, last.total, last.fraction) == ("", len(RULES), len(RULES), 1.0)
    return {row.name: row for row in last.rows}


def test_every_memory_and_every_yardstick_has_a_row(rows: dict[str, Row]) -> None:
    assert list(rows) == [*RULES, "bound", "probe", "background"]
    assert [row.kind for row in rows.values()][-3:] == ["bound", "probe", "background"]
    for name in RULES:
        assert rows[name].title == RULES[name].title
        assert rows[name].seconds is not None and (rows[name].weight_bytes or 0) > 0


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking"])
def test_a_row_is_what_the_memory_alone_scores(rule: str, rows: dict[str, Row]) -> None:
    """The same probes for all: those of the question itself."""
    alone = experiment(icons().with_rule(rule)).result
    row = rows[rule]
    assert (row.pixel_accuracy, row.exact_fraction) == (alone.pixel_accuracy, alone.exact_fraction)
    assert row.steps == alone.steps
    assert (row.picture == alone.recalled[5].numpy()).all()
    assert rows["bound"].pixel_accuracy == alone.bound_pixel_accuracy
    assert rows["probe"].pixel_accuracy == alone.probe_pixel_accuracy
    assert rows["background"].pixel_accuracy == alone.background_pixel_accuracy


def test_no_memory_beats_the_bound_by_more_than_luck(rows: dict[str, Row]) -> None:
    """The bound is best on average over probes: here 12 of 256 pixels, most of them certain."""
    best = rows["bound"].pixel_accuracy
    assert all(row.pixel_accuracy <= best + 0.01 for row in rows.values())
    assert rows["hebb"].pixel_accuracy < rows["spiking"].pixel_accuracy


def test_rows_arrive_one_after_the_other() -> None:
    snapshots = list(compare(icons(), ("hebb", "modern")))
    counts = [len(s.rows) for s in snapshots]
    assert counts == sorted(counts) and {0, 1, 5} == set(counts)
    fractions = [s.fraction for s in snapshots]
    assert fractions == sorted(fractions) and 0 < fractions[1] < 1
    assert snapshots[0].now == RULES["hebb"].title
    assert all(s.now == RULES["modern"].title for s in snapshots if len(s.rows) == 1)


def test_grey_pictures_are_compared_by_those_that_store_them() -> None:
    ask = icons(
        patterns=PatternParams(count=3, size=16, mode="grey", pick="first"),
        noise=NoiseParams("gaussian", 0.3),
        recall=RecallParams(rule="modern"),
    )
    *_, last = compare(ask)
    rows = {row.name: row for row in last.rows}
    assert list(rows) == [*rules_for("grey"), "bound", "probe", "background"]
    assert rows["modern"].psnr_db is not None and rows["modern"].psnr_db > 90
    assert rows["probe"].psnr_db is not None and rows["probe"].psnr_db < 20
    assert np.isfinite(rows["spiking"].ssim or np.nan)


@pytest.mark.parametrize(
    ("rules", "which", "message"),
    [
        (("magic",), 0, "rules must be of hebb"),
        ((), 0, "rules must name at least one memory"),
        (("hebb",), 12, "which must be in 0..11, got 12"),
    ],
)
def test_what_cannot_be_compared_is_named(rules: tuple[str, ...], which: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next(compare(icons(), rules, which=which))


def test_a_memory_of_black_and_white_is_not_compared_on_grey() -> None:
    ask = icons(patterns=PatternParams(count=3, mode="grey"), recall=RecallParams(rule="modern"))
    with pytest.raises(ValueError, match="black and white pictures only"):
        next(compare(ask, ("hebb",)))


@pytest.mark.parametrize(("update", "temperature"), [("sync", 0.2), ("async", 0.0), ("block", 0.2)])
def test_every_memory_is_compared_under_all_dynamics(update: str, temperature: float) -> None:
    """A softmax memory knows neither: it is asked as it is asked without them."""
    recall = RecallParams(rule="hebb", update=update, temperature=temperature, steps=2)
    tiny = icons(patterns=PatternParams(count=2, size=8, pick="first"), recall=recall, draws=1)
    *_, last = compare(tiny)
    assert [row.name for row in last.rows][: len(RULES)] == list(RULES)
    plain = dataclasses.replace(tiny, recall=RecallParams(rule="modern"))
    row = last.rows[list(RULES).index("modern")]
    assert (row.picture == experiment(plain).result.recalled[0].numpy()).all()


@pytest.mark.parametrize("kind", ["flip", "reassign", "salt_pepper"])
def test_every_memory_is_compared_where_the_damage_leaves_nothing(kind: str) -> None:
    tiny = icons(
        patterns=PatternParams(count=2, size=8, pick="first"), noise=NoiseParams(kind, 1.0), draws=1
    )
    *_, last = compare(tiny, ("hebb", "modern"))
    assert all(np.isfinite(row.picture).all() for row in last.rows)


@pytest.mark.parametrize("rule", ["spiking", "spiking-attractor"])
def test_a_spiking_memory_stops_only_for_a_viewer(rule: str) -> None:
    """The answer is the same bit for bit, and so is the record of its cells."""
    ask = icons(recall=RecallParams(rule=rule))
    alone, *_, end = stream(ask, shown=0)
    *_, watched = stream(ask, shown=1)
    assert alone.step == 0 and end.answer is not None and watched.answer is not None
    one, other = end.answer.result, watched.answer.result
    assert one.trace_steps == (0, one.steps)
    assert len(other.trace_steps) == WATCHED + 1
    assert torch.equal(one.recalled, other.recalled)
    assert one.spikes is not None and other.spikes is not None
    for a, b in zip(one.spikes, other.spikes, strict=True):
        assert torch.equal(a, b)
    assert len(list(compare(ask, (rule,)))) == 3  # the start, the end, the rows
    assert 30 <= len(film(ask, watched.answer, 0)) <= MOMENTS + 1


def test_large_spiking_runs_and_sweeps_can_be_left_after_a_moment() -> None:
    """Not asking for more is how to cancel, so no caller waits for minutes."""
    many = icons(
        dataset="random",
        patterns=PatternParams(count=2000, size=28),
        recall=RecallParams(rule="dam", update="async"),
    )
    stored = session_module.load_patterns(many)
    parts = [many, many.with_rule("hebb")]
    most = [session_module.network(ask, stored).most for ask in parts]
    assert most[0] is not None and 1 <= most[0] < 64 and most[1] is not None
    assert most[0] < most[1] < 2000
    assert session_module.network(many.with_rule("modern"), stored).most is None
    a = many.with_rule("spiking")
    memory = build(stored, a.recall, a.noise, a.spiking, a.attractor)
    assert memory.every < memory.steps  # type: ignore[attr-defined]
