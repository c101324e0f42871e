"""`train`: a whole STDP experiment, with progress, checkpoints, controls and several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import torch

from snncore import distributed, experiment, trained
from snncore.cli import check_writable, json_option, main, param_options, progress
from snncore.cli.train_report import emit, report_run, report_seeds
from snncore.cli.train_settings import settled
from snncore.cli.train_together import agree, ensure_once, read_once
from snncore.device import DeviceChoice, choose_device
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
    type=click.Path(dir_okay=False, path_type=Path),
    help="Checkpoint to continue from, with its parameters (more --epochs may be asked for).",
)
@click.option(
    "--continue",
    "go_on",
    is_flag=True,
    help="Go on from --out where it exists, as --resume does: for commands that are started again.",
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
    go_on: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Learn a data set by STDP without labels, then read out and compare with the controls.

    Parameters that are not given are the recommended ones for such a layer and data set.

    Several processes train one network, with the same result: torchrun --standalone
    --nproc-per-node 2 -m snncore train ...
    """
    context = click.get_current_context()
    if go_on and (out is None or resume is not None):
        raise ValueError("--continue goes on from --out: give --out, and leave --resume out")
    choice = choose_device(device_name)
    try:
        with distributed.joined(choice.device) as group:
            begun = group.rank == 0 and out is not None and out.exists()
            if group.any(begun and go_on):
                resume = out
            _train(
                context, values, choice, group, preset, dataset, limit, seeds, controls, out,
                checkpoint_every, resume, go_on, as_json,
            )  # fmt: skip
    except distributed.Lost as error:
        raise click.ClickException(str(error)) from error


def _train(
    context: click.Context,
    values: dict[str, Any],
    choice: DeviceChoice,
    group: distributed.Group,
    preset: str | None,
    dataset: str,
    limit: int,
    seeds: int,
    controls: bool,
    out: Path | None,
    checkpoint_every: float,
    resume: Path | None,
    go_on: bool,
    as_json: bool,
) -> None:
    """What each of the processes does; the first of them reports."""
    if seeds > 1 and (out is not None or resume is not None):
        raise ValueError("--seeds runs several networks: --out and --resume belong to one")
    saved = None if resume is None else trained.load(read_once(resume, group))
    params, dataset, limit, start, known = settled(
        context, values, preset, dataset, limit, saved, same=go_on
    )
    if out is not None and group.rank == 0:
        check_writable(out)
    ensure_once(dataset, group)
    data = experiment.load_data(dataset, limit)
    agree(group, data, params, choice, seeds, controls)
    if known not in ("", experiment.images_sha256(data)):
        option = "--continue" if go_on else "--resume"
        raise ValueError(
            f"{option} needs the training images of its run; {dataset!r} has others now"
        )
    if seeds > 1:
        several = _run_seeds(data, params, seeds, choice.device, controls)
        if group.rank == 0:
            emit(report_seeds(several, data, params, choice), as_json)
        return
    if go_on and start is not None:
        progress(f"going on after {start.seen:,} of {start.total:,} presentations".ljust(79))
    saver = None
    if out is not None and group.rank == 0:
        saver = experiment.Autosave(out, dataset, data, params, every_s=checkpoint_every)
    result = _run(data, params, choice.device, start, controls, saver, out)
    if group.rank == 0:
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
    """Keep what was learnt, and say how to go on; the first process does."""
    if distributed.current().rank:
        return
    if saver is None:
        said = "stopped; nothing is kept without --out"
    elif last is None or last.snapshot is None:
        said = "stopped before anything was learnt"
    else:
        said = saver.save(last)
        if not saver.failure:
            said = f"stopped; go on with: python -m snncore train --resume {out} --out {out}"
    click.echo("\r" + said.ljust(79), err=True)
