"""All memories side by side: the same probes, row by row, under the best possible."""

from __future__ import annotations

import numpy as np
import pytest

from snncore.hopfield import NoiseParams, PatternParams
from snncore.recall_lab import RULES, Ask, RecallParams, Row, compare, experiment, rules_for


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
