"""What `train` prints: every figure of a run, or means and deviations of several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import distributed, experiment, metrics
from snncore.cli import Report
from snncore.device import DeviceChoice
from snncore.stdp import TrainParams

_PAIRS = 5  # most confused pairs that are named


def report_run(
    result: experiment.Result,
    data: experiment.Data,
    params: TrainParams,
    choice: DeviceChoice,
    out: Path | None,
) -> Report:
    """Every figure of one run."""
    return Report(
        **_about(data, params),
        **experiment.figures(result),
        train_seconds=result.train_seconds,
        has_controls=result.has_controls,
        weights_sha256=result.weights_sha256,
        votes_sha256=result.votes_sha256,
        device=str(choice.device),
        device_name=choice.name,
        processes=distributed.current().size,
        out=None if out is None else str(out),
        per_class=_per_class(result.report, data.class_names),
        most_confused=[
            {
                "true": data.class_names[pair.true],
                "predicted": data.class_names[pair.predicted],
                "count": pair.samples,
                "share": pair.share,
            }
            for pair in metrics.confused_pairs(result.confusion, _PAIRS)
        ],
        confusion=result.confusion,
        vote_confusion=result.vote_confusion,
        penalty_path=[
            {"penalty": penalty, "validation_accuracy": right}
            for penalty, right in result.penalty_path
        ],
        history=[point._asdict() for point in result.history],
    )


def report_seeds(
    several: experiment.SeedsProgress,
    data: experiment.Data,
    params: TrainParams,
    choice: DeviceChoice,
) -> Report:
    """Mean (by the figure's own name), sample standard deviation and values of every figure."""
    summary = several.summary or {}
    return Report(
        **_about(data, params),
        seeds=list(range(params.seed, params.seed + len(several.done))),
        **{name: of.mean for name, of in summary.items()},
        weights_sha256=[result.weights_sha256 for result in several.done],
        device=str(choice.device),
        device_name=choice.name,
        std={name: of.std for name, of in summary.items()},
        values={name: list(of.values) for name, of in summary.items()},
    )


def emit(report: Report, as_json: bool) -> None:
    """Print: one JSON object, or lines of figures and, below them, the tables."""
    if as_json:
        report.emit(True)
        return
    std = report.get("std", {})
    plain = {
        name: f"{value:.6g} ± {std[name]:.2g}" if name in std else value
        for name, value in report.items()
        if not isinstance(value, dict | np.ndarray)
        and not (isinstance(value, list) and value and isinstance(value[0], dict))
    }
    Report(plain).emit(False)
    for name in ("per_class", "most_confused", "penalty_path"):
        rows = report.get(name)
        if rows:
            click.echo(f"\n{name}\n" + _table([list(rows[0]), *(row.values() for row in rows)]))
    if "confusion" in report:
        names = [row["class"] for row in report["per_class"]]
        rows = [[name, *row] for name, row in zip(names, report["confusion"], strict=True)]
        click.echo("\nconfusion, row = true\n" + _table([["", *names], *rows]))


def _table(rows: list[Any]) -> str:
    """Columns of equal width."""
    cells = [[f"{c:.4g}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )


def _about(data: experiment.Data, params: TrainParams) -> dict[str, Any]:
    return {
        "dataset": data.name,
        "n_train": len(data.train_images),
        "n_test": len(data.test_images),
        **params.to_dict(),
    }


def _per_class(report: metrics.ClassReport, names: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = (report.precision, report.recall, report.f1, report.support)
    return [
        {
            "class": name,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for name, precision, recall, f1, support in zip(names, *columns, strict=True)
    ]
