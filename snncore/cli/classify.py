"""`classify`: train spiking neurons to tell points of the plane apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import metrics
from snncore.classifier import (
    DATA,
    ClassifierParams,
    Model,
    Points,
    Result,
    Snapshot,
    load_model,
    make_points,
    read_points,
    respond,
    save_model,
    train,
)
from snncore.cli import Report, check_writable, json_option, main, progress
from snncore.device import CHOICES, choose_device

Function = Callable[..., Any]

_OF_POINTS = ("n_classes", "n_points", "noise")  # parameters of generated points only


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
@click.option(
    "--model", "model_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Learn nothing: judge the network of this file (see --out) by --points or --data.",
)  # fmt: skip
@json_option
def classify(
    data: str | None,
    points_file: Path | None,
    device: str,
    out: Path | None,
    model_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn to classify points of the plane, and compare with the controls."""
    if data is not None and points_file is not None:
        raise ValueError("--points takes the place of --data: give one of them")
    given = {name: value for name, value in values.items() if value is not None}
    if points_file is not None:
        _refuse(given, _OF_POINTS, "--points brings its own points")
    if model_file is not None:
        if data is None and points_file is None:
            raise ValueError("--model needs points to judge it by: give --points or --data")
        if out is not None:
            raise ValueError("--model learns nothing that --out could hold; leave one of them out")
        _judge(model_file, data, points_file, choose_device(device).device, given).emit(as_json)
        return
    params = ClassifierParams.suited("own" if points_file else data or "blobs", **given)
    choice = choose_device(device)
    points = None if points_file is None else _read(points_file)
    if out is not None:
        check_writable(out)
    result = _drive(params, points, choice.device)
    if out is not None:
        save_model(out, result.model)
    unused = _OF_POINTS if points_file else ("n_points",)
    report = Report({k: v for k, v in params.to_dict().items() if k not in unused})
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


def _refuse(given: dict[str, Any], names: Iterable[str], why: str) -> None:
    """An error if an option was given that would have no effect."""
    found = ["--" + name.replace("_", "-") for name in names if name in given]
    if found:
        raise ValueError(f"{why}: leave out {', '.join(found)}")


def _judge(
    model_file: Path, data: str | None, points_file: Path | None, device: Any, given: dict[str, Any]
) -> Report:
    """How a trained network does on all of some points."""
    fixed = [name for name in ClassifierParams.specs() if name not in (*_OF_POINTS, "seed")]
    _refuse(given, fixed, "--model says it")
    if points_file is not None:
        _refuse(given, ["seed"], "--points brings its own points")
    try:
        model = load_model(model_file)
    except OSError as error:
        raise ValueError(f"cannot read --model {model_file}: {error.strerror}") from None
    if points_file is not None:
        points = _read(points_file)
    else:
        points = make_points(ClassifierParams.suited(data or "blobs", **given))
    labels = _classes(points, model)
    places = model.bounds.to_unit(points.bounds.to_data(points.points))
    outside = int(((places < 0) | (places > 1)).any(axis=1).sum())
    if outside:
        x0, x1, y0, y1 = (f"{edge:.6g}" for edge in model.bounds)
        raise ValueError(
            f"points must lie where the model learnt, x in {x0}..{x1} and y in {y0}..{y1}; "
            f"{outside:,} of {len(labels):,} do not, leave them out"
        )
    answer = respond(places, model, device=device)
    accuracy = metrics.accuracy(answer.winners, labels)
    return Report({
        "model": str(model_file), "data": "own" if points_file else data,
        "points_file": None if points_file is None else str(points_file),
        "points": len(labels), "classes": model.names, "decision": model.params.decision,
        "accuracy": accuracy,
        "error": math.sqrt(accuracy * (1 - accuracy) / len(labels)),
        "mean_steps": float(answer.steps.mean()),
        "confusion": metrics.confusion(answer.winners, labels, len(model.names)),
        "device": str(device),
    })  # fmt: skip


def _classes(points: Points, model: Model) -> np.ndarray:
    """Labels of the points in the model's numbers."""
    unknown = [name for name in points.names if name not in model.names]
    if unknown:
        raise ValueError(
            f"classes must be those of the model ({', '.join(model.names)}), got "
            f"{', '.join(unknown)}; rename them"
        )
    return np.array([model.names.index(name) for name in points.names])[points.labels]


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
