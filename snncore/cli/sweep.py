"""`sweep`: many runs of `train` over parameters and seeds, resumable, in one Parquet file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from snncore import sweep as engine
from snncore.cli import Report, check_writable, json_option, main, progress
from snncore.cli.download import ensure


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Parquet file of the results; by default beside FILE, with its name.",
)
@click.option(
    "--processes",
    type=click.IntRange(0, 1024),
    default=0,
    help="Runs at the same time on this machine.  [default: one a core, at most 8]",
)
@click.option("--scheduler", default="", help="Address of a Dask scheduler to run them there.")
@json_option
def sweep(file: Path, out: Path | None, processes: int, scheduler: str, as_json: bool) -> None:
    """Train all networks that FILE, a TOML file, asks for.

    The same command goes on where it was interrupted: runs that have a result in the Parquet file
    are not repeated, those that failed are.
    """
    plan = engine.read_plan(file)
    out = file.with_suffix(".parquet") if out is None else out
    check_writable(out)
    for name in sorted({one.dataset for one in plan.runs}):
        ensure(name)
    table = engine.Table(out)
    last: engine.Report | None = None
    try:
        for last in engine.run(plan, table, processes=processes, scheduler=scheduler):
            progress(_line(last, plan).ljust(79))
    except KeyboardInterrupt:
        click.echo(f"\rstopped; the same command goes on: {out}", err=True)
        raise
    assert last is not None
    best = max(
        (row for row in _rows(plan, table) if row["test_accuracy"] is not None),
        key=lambda row: row["test_accuracy"],
        default=None,
    )
    Report(
        runs=last.total,
        done=last.done,
        failed=last.failed,
        kept=last.kept,
        best_accuracy=math.nan if best is None else best["test_accuracy"],
        best=None if best is None else {name: best[name] for name in plan.varied},
        errors=sorted({row["error"] for row in _rows(plan, table) if row["status"] == "failed"}),
        out=str(out),
    ).emit(as_json)
    if last.failed:
        raise ValueError(f"{last.failed} of {last.total} runs failed; their rows say why")


def _rows(plan: engine.Plan, table: engine.Table) -> list[dict[str, Any]]:
    """Those of this plan: a table may have others."""
    keys = set(engine.keys(plan))
    return [row for key, row in table.rows.items() if key in keys]


def _line(report: engine.Report, plan: engine.Plan) -> str:
    """What is done, and what the last run has found."""
    line = f"{report.done + report.failed} of {report.total} runs"
    if report.row is None:
        return f"{line}, {report.kept} of them from before" if report.kept else line
    told = ", ".join(f"{name} {report.row[name]}" for name in plan.varied)
    if report.row["status"] == "failed":
        return f"{line}; failed: {told}: {report.row['error']}"
    return f"{line}; {told}: {100 * report.row['test_accuracy']:.2f} % right"
