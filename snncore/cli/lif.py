"""`lif`: drive one leaky integrate-and-fire neuron and compare it with theory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from snncore.cli import Report, json_option, main, param_options
from snncore.device import CHOICES, choose_device
from snncore.neurons import LIFParams
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams


@main.command()
@param_options(StimulusParams)
@param_options(LIFParams)
@param_options(RunParams)
@click.option(
    "--device",
    type=click.Choice(CHOICES),
    default="cpu",
    show_default=True,
    help="Where to compute; one neuron is fastest on the CPU.",
)
@click.option("--csv", type=click.Path(dir_okay=False), help="Write t, current, v, spike here.")
@click.option("--script", is_flag=True, help="Print a numpy program that does this run, and stop.")
@json_option
def lif(as_json: bool, script: bool, csv: str | None, device: str, **values: Any) -> None:
    """Simulate one LIF neuron; print its rate, first spike and interval statistics with theory."""
    from snncore.playground import Bench, numpy_script, play

    bench = Bench(**values)
    neuron, stimulus = bench.part(LIFParams), bench.part(StimulusParams)
    run = bench.part(RunParams)
    if script and as_json:
        raise ValueError("--script prints a program and --json an object: give one of them")
    if script:
        click.echo(numpy_script(neuron, stimulus, run), nl=False)
        return
    choice = choose_device(device)
    result = play(neuron, stimulus, run, str(choice.device))
    if csv is not None:
        _write_csv(csv, result)
    report = Report(result.summary._asdict())
    if as_json:
        report["spike_times_ms"] = result.spike_times
    report["device"] = str(choice.device)
    report["seed"] = run.seed
    report.emit(as_json)


def _write_csv(path: str, result: Any) -> None:
    from snncore.playground.single import csv_text

    try:
        Path(path).write_text(csv_text(result), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot write --csv {path}: {error.strerror}") from None
