"""`train`: a whole STDP experiment, with progress, checkpoints, controls and several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import torch

from snncore import experiment, trained
from snncore.cli import check_writable, json_option, main, param_options, progress
from snncore.cli.download import ensure
from snncore.cli.train_report import emit, report_run, report_seeds
from snncore.cli.train_settings import advised, asked, found_preset, given, over, resumed
from snncore.device import choose_device
from snncore.stdp import Snapshot, TrainParams, presets


@main.command()
@click.option(
    "--preset",
    help="Settings and data to start from, by a part of the name, which options then replace: "
    f"{', '.join(preset.name for preset in presets.PRESETS)}.",
)
@click.option("--dataset", default="digits", show_default=True, help="Name or FILE.npz.")
@click.option("--limit", default=0, show_default=True, help="Training images; 0 takes all.")
@param_options(TrainParams, show_default="by layer, size and data")
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Runs of the seeds from --seed on; the report has means and standard deviations.",
)
@click.option("--device", "device_name", default=None, help="auto, cuda, mps or cpu [auto]")
@click.option("--controls/--no-controls", default=True, help="Untrained weights and raw pixels.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Checkpoint to write.")
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(0.0, 1e9, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds between checkpoints; the end of a pass always writes one.",
)
@click.option(
    "--resume",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoint to continue from, with its parameters (more --epochs may be asked for).",
)
@json_option
def train(
    preset: str | None,
    dataset: str,
    limit: int,
    seeds: int,
    device_name: str | None,
    controls: bool,
    out: Path | None,
    checkpoint_every: float,
    resume: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn a data set by STDP without labels, then read out and compare with the controls.

    Parameters that are not given are the recommended ones for such a layer and data set.
    """
    context = click.get_current_context()
    choice = choose_device(device_name)
    wanted = asked(context, values)
    if seeds > 1 and (out is not None or resume is not None):
        raise ValueError("--seeds runs several networks: --out and --resume belong to one")
    start: Snapshot | None = None
    saved: trained.SavedRun | None = None
    if resume is not None:
        if preset is not None:
            raise ValueError("--resume has its parameters from the file: leave --preset out")
        saved = trained.load(resume)
        params = resumed(saved, wanted)
        if given(context, "dataset") and dataset != saved.dataset:
            raise ValueError(f"--resume was trained on {saved.dataset!r}, got --dataset {dataset}")
        if given(context, "limit"):
            raise ValueError("--limit cannot be changed with --resume")
        dataset, limit, start = saved.dataset, saved.n_images, saved.snapshot
    elif preset is not None:
        chosen = found_preset(preset)
        params = over(chosen.params, wanted)
        dataset = dataset if given(context, "dataset") else chosen.dataset
        limit = limit if given(context, "limit") else chosen.limit
    else:
        params = advised(wanted, dataset)
    if out is not None:
        check_writable(out)
    ensure(dataset)
    data = experiment.load_data(dataset, limit)
    known = saved.images_sha256 if saved is not None else ""
    if known not in ("", experiment.images_sha256(data)):
        raise ValueError(
            f"--resume needs the training images of its run; {dataset!r} has others now"
        )
    if seeds > 1:
        several = _run_seeds(data, params, seeds, choice.device, controls)
        emit(report_seeds(several, data, params, choice), as_json)
        return
    saver = None
    if out is not None:
        saver = experiment.Autosave(out, dataset, data, params, every_s=checkpoint_every)
    result = _run(data, params, choice.device, start, controls, saver, out)
    emit(report_run(result, data, params, choice, out), as_json)
    if saver is not None and saver.failure:
        raise ValueError(f"--out: {saver.failure}")


def _run(
    data: experiment.Data,
    params: TrainParams,
    device: torch.device,
    start: Snapshot | None,
    controls: bool,
    saver: experiment.Autosave | None,
    out: Path | None,
) -> experiment.Result:
    """Run to the end, reporting on stderr and saving now and then."""
    last: experiment.Progress | None = None
    said = ""
    try:
        reports = experiment.run(
            data, params, device=device, resume=start, controls=controls, live=False
        )
        for last in reports:
            mark = f"{100 * last.fraction:3.0f} % {last.phase}"
            if mark != said:
                progress(_line(last))
                said = mark
            warning = "" if saver is None else saver.see(last)
            if warning:
                click.echo("\r" + warning.ljust(79), err=True)
            if last.result is not None:
                return last.result
    except KeyboardInterrupt:
        _interrupted(saver, out, last)
        raise
    raise RuntimeError("the experiment ended without a result")


def _run_seeds(
    data: experiment.Data,
    params: TrainParams,
    n_seeds: int,
    device: torch.device,
    controls: bool,
) -> experiment.SeedsProgress:
    """Run the seeds one after another."""
    seeds = range(params.seed, params.seed + n_seeds)
    said = ""
    for step in experiment.run_seeds(data, params, seeds, device=device, controls=controls):
        mark = f"{100 * step.fraction:3.0f} %"
        if mark != said:
            progress(f"{mark}  {step.text}".ljust(79))
            said = mark
        if step.summary is not None:
            return step
    raise RuntimeError("the experiment ended without a result")


def _line(report: experiment.Progress) -> str:
    """What is done, how fast, and how long it will take."""
    line = f"{100 * report.fraction:3.0f} %  {report.text}"
    if report.images_per_s == report.images_per_s and "a second" not in line:
        line += f", {report.images_per_s:,.0f} images a second"
    if report.eta_s == report.eta_s and report.result is None:
        line += f", {report.eta_s:.0f} s to go"
    return line.ljust(79)


def _interrupted(
    saver: experiment.Autosave | None, out: Path | None, last: experiment.Progress | None
) -> None:
    """Keep what was learnt, and say how to go on."""
    if saver is None:
        said = "stopped; nothing is kept without --out"
    elif last is None or last.snapshot is None:
        said = "stopped before anything was learnt"
    else:
        said = saver.save(last)
        if not saver.failure:
            said = f"stopped; go on with: python -m snncore train --resume {out} --out {out}"
    click.echo("\r" + said.ljust(79), err=True)
