"""`train`: run a whole STDP experiment, with progress, checkpoints and controls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from snncore import experiment, trained
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
