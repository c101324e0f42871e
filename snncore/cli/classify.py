"""`classify`: train spiking neurons to tell points of the plane apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snncore.classifier import (
    DATA,
    ClassifierParams,
    Points,
    Result,
    Snapshot,
    read_points,
    save_model,
    train,
)
from snncore.cli import Report, check_writable, json_option, main, progress
from snncore.device import CHOICES, choose_device

Function = Callable[..., Any]


def _options(function: Function) -> Function:
    """One option per parameter; None is what suits the data set."""
    suited = [ClassifierParams.suited(data).to_dict() for data in DATA if data != "own"]
    for name, spec in reversed(ClassifierParams.specs().items()):
        if name == "data":
            continue
        values = list(dict.fromkeys(str(values[name]) for values in suited))
        kind: Any = {"float": float, "int": int}.get(spec.kind)
        if spec.kind == "choice":
            kind = click.Choice(spec.options)
        unit = f"{spec.unit}; " if spec.unit else ""
        words = f"{spec.help} [{unit}default: {' or '.join(values)}"
        words += ", as suits the data]" if len(values) > 1 else "]"
        option = click.option("--" + name.replace("_", "-"), name, type=kind, help=words)
        function = option(function)
    return function


@main.command()
@click.option(
    "--data", type=click.Choice([name for name in DATA if name != "own"]), default=None,
    help="Generated points.  [default: blobs]",
)  # fmt: skip
@click.option(
    "--points", "points_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Your own points instead: a file with x, y and a class in each row.",
)  # fmt: skip
@_options
@click.option(
    "--device", type=click.Choice(CHOICES), default="cpu", show_default=True,
    help="Where to compute; so small a network is fastest on the CPU.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Weights to write.")
@json_option
def classify(
    data: str | None,
    points_file: Path | None,
    device: str,
    out: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn to classify points of the plane, and compare with the controls."""
    if data is not None and points_file is not None:
        raise ValueError("--points takes the place of --data: give one of them")
    given = {name: value for name, value in values.items() if value is not None}
    params = ClassifierParams.suited("own" if points_file else data or "blobs", **given)
    choice = choose_device(device)
    points = None if points_file is None else _read(points_file)
    if out is not None:
        check_writable(out)
    result = _drive(params, points, choice.device)
    if out is not None:
        save_model(out, result.model)
    report = Report({k: v for k, v in params.to_dict().items() if k != "n_points"})
    report |= {
        "n_classes": len(result.points.names),
        "points": len(result.points.labels),
        "points_file": None if points_file is None else str(points_file),
        "classes": result.points.names,
        "n_train": len(result.parts.train),
        "n_test": len(result.parts.test),
        "train_accuracy": result.train_accuracy,
        "test_accuracy": result.test_accuracy,
        "test_error": result.test_error,
        "by_decision": {score.decision: score._asdict() for score in result.scores},
        "controls": result.controls._asdict(),
        "confusion": result.confusion,
        "seconds": result.seconds,
        "device": str(choice.device),
        "out": None if out is None else str(out),
    }
    report.emit(as_json)


def _read(path: Path) -> Points:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read --points {path}: {error.strerror}") from None
    return read_points(data)


def _drive(params: ClassifierParams, points: Points | None, device: Any) -> Result:
    """Run to the end, reporting on stderr."""
    for snapshot in train(params, points, device=device, every_s=1.0):
        progress(_line(snapshot))
        if snapshot.result is not None:
            return snapshot.result
    raise RuntimeError("the training ended without a result")


def _line(snapshot: Snapshot) -> str:
    share = 100 * snapshot.epoch / max(1, snapshot.epochs)
    loss = "untrained" if math.isnan(snapshot.loss) else f"loss {snapshot.loss:.4f}"
    known, asked = 100 * snapshot.train_accuracy, 100 * snapshot.test_accuracy
    return f"{share:3.0f} %  {loss}  train {known:.1f} %  test {asked:.1f} %"
