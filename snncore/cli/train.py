"""`train` and `predict`: run a whole STDP experiment, and use what it learnt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import datasets, experiment, trained
from snncore.cli import Report, check_writable, json_option, main, param_options, progress
from snncore.cli.download import ensure
from snncore.device import choose_device
from snncore.stdp import Snapshot, TrainParams

_SAVE_EVERY_S = 30.0  # an interrupted run loses at most so much


@main.command()
@click.option("--dataset", default="digits", show_default=True, help="Name or FILE.npz.")
@click.option("--limit", default=0, show_default=True, help="Training images; 0 takes all.")
@param_options(TrainParams)
@click.option("--device", "device_name", default=None, help="auto, cuda, mps or cpu.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Checkpoint to write.")
@click.option(
    "--resume",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoint to continue from, with its parameters (more --epochs may be asked for).",
)
@json_option
def train(
    dataset: str,
    limit: int,
    device_name: str | None,
    out: Path | None,
    resume: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn a data set by STDP without labels, then read out and compare with the controls."""
    context = click.get_current_context()
    choice = choose_device(device_name)
    params = TrainParams.from_dict(values)
    start: Snapshot | None = None
    saved = None if resume is None else trained.load(resume)
    if saved is not None:
        params = _resumed_params(context, saved, params)
        if _given(context, "dataset") and dataset != saved.dataset:
            raise ValueError(f"--resume was trained on {saved.dataset!r}, got --dataset {dataset}")
        if _given(context, "limit"):
            raise ValueError("--limit cannot be changed with --resume")
        dataset, limit, start = saved.dataset, saved.n_images, saved.snapshot
    if out is not None:
        check_writable(out)
    ensure(dataset)
    data = experiment.load_data(dataset, limit)
    known = saved.images_sha256 if saved is not None else ""
    if known not in ("", experiment.images_sha256(data)):
        raise ValueError(
            f"--resume needs the training images of its run; {dataset!r} has others now"
        )
    result = _drive(data, params, choice.device, start, out, dataset)
    Report(
        dataset=dataset,
        n_train=len(data.train_images),
        n_test=len(data.test_images),
        **params.to_dict(),
        test_accuracy=result.test_accuracy,
        vote_accuracy=result.vote_accuracy,
        control_untrained_accuracy=result.control_untrained_accuracy,
        control_untrained_vote_accuracy=result.control_untrained_vote_accuracy,
        control_pixels_accuracy=result.control_pixels_accuracy,
        chance=result.chance,
        mean_spikes=result.mean_spikes,
        train_seconds=result.train_seconds,
        train_images_per_s=result.train_images_per_s,
        total_seconds=result.total_seconds,
        confusion=result.confusion,
        weights_sha256=result.weights_sha256,
        votes_sha256=result.votes_sha256,
        device=str(choice.device),
        device_name=choice.name,
        out=None if out is None else str(out),
    ).emit(as_json)


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def _resumed_params(
    context: click.Context, saved: trained.SavedRun, asked: TrainParams
) -> TrainParams:
    """The saved parameters; only `epochs` may be raised, anything else given must agree."""
    for name, value in asked.to_dict().items():
        if name != "epochs" and _given(context, name) and value != getattr(saved.params, name):
            raise ValueError(
                f"--{name.replace('_', '-')} is {getattr(saved.params, name)} in the checkpoint "
                f"and cannot be changed with --resume, got {value}"
            )
    if not _given(context, "epochs"):
        return saved.params
    return TrainParams.from_dict({**saved.params.to_dict(), "epochs": asked.epochs})


def _drive(
    data: experiment.Data,
    params: TrainParams,
    device: Any,
    start: Snapshot | None,
    out: Path | None,
    dataset: str,
) -> experiment.Result:
    """Run to the end, reporting on stderr and saving now and then."""
    n_images, last_said, last_saved = len(data.train_images), "", time.monotonic()
    images = "" if out is None else experiment.images_sha256(data)
    for report in experiment.run(data, params, device=device, resume=start):
        said = f"{100 * report.fraction:3.0f} % {report.phase}"
        if said != last_said:
            progress(f"{100 * report.fraction:3.0f} %  {report.text}")
            last_said = said
        if report.result is not None:
            if out is not None and report.snapshot is not None:
                trained.save(
                    out,
                    dataset,
                    n_images,
                    params,
                    report.snapshot,
                    report.result.trained,
                    images_sha256=images,
                )
            return report.result
        due = time.monotonic() - last_saved > _SAVE_EVERY_S
        if out is not None and report.snapshot is not None and due:
            trained.save(out, dataset, n_images, params, report.snapshot, images_sha256=images)
            last_saved = time.monotonic()
    raise RuntimeError("the experiment ended without a result")


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("pictures", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dataset", default=None, help="Classify the test images of a data set instead.")
@click.option("--count", default=0, show_default=True, help="So many of them; 0 takes all.")
@click.option("--invert", is_flag=True, help="Pictures are dark on white (MNIST is white on dark).")
@json_option
def predict(
    model: Path,
    pictures: tuple[Path, ...],
    dataset: str | None,
    count: int,
    invert: bool,
    as_json: bool,
) -> None:
    """Classify PICTURES (PNG or JPEG), or a data set's test images, with a trained MODEL."""
    saved = trained.load(model)
    if saved.trained is None:
        raise ValueError(f"{model} holds an unfinished run; finish it with train --resume {model}")
    if bool(pictures) == (dataset is not None):
        raise ValueError("give either pictures or --dataset, not both and not neither")
    names = saved.trained.class_names
    if dataset is not None:
        if count < 0:
            raise ValueError(f"--count must be >= 0 (0 takes all images), got {count}")
        ensure(dataset)
        data = experiment.load_data(dataset)
        images, labels = data.test_images, data.test_labels
        if count:
            images, labels = images[:count], labels[:count]
        found = trained.predict(saved.trained, images)
        Report(
            model=str(model),
            dataset=dataset,
            n=len(images),
            accuracy=float(np.mean(found.classes == labels)),
            vote_accuracy=float(np.mean(found.votes == labels)),
            predicted=[names[k] for k in found.classes[:100]],
        ).emit(as_json)
        return
    images = np.stack([_picture(path, saved.trained.image_shape, invert) for path in pictures])
    found = trained.predict(saved.trained, images)
    Report(
        model=str(model),
        pictures=[str(path) for path in pictures],
        predicted=[names[k] for k in found.classes],
        vote=[names[k] if k >= 0 else None for k in found.votes],
        spikes=found.counts.sum(axis=1),
        scores=found.scores,
    ).emit(as_json)


def _picture(path: Path, shape: tuple[int, int], invert: bool) -> Any:
    """A picture file as grey levels of the trained size."""
    image = datasets.files.read_image(path.read_bytes())
    grey = datasets.to_grey(image[None])
    scaled = datasets.resize(grey, shape)[0]
    return 255 - scaled if invert else scaled
