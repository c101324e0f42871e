"""`lif`: drive one neuron of any model and compare it with theory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from snncore.cli import Report, json_option, main
from snncore.device import CHOICES, choose_device
from snncore.neurons import MODELS
from snncore.params import Params, Spec
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams
from snncore.stimuli.csv_header import CURRENT_UNITS, TIME_UNITS

Function = Callable[..., Any]


def _setup_options(function: Function) -> Function:
    """One option per field of the run, the stimulus and of any model; None: the default.

    Models share names (`--v-th`) with defaults of their own, so the help names them all.
    """
    owners: dict[str, list[tuple[str, type[Params]]]] = {}
    parts: list[tuple[str, type[Params]]] = [(m.name, m.params) for m in MODELS.values()]
    parts += [("stimulus", StimulusParams), ("run", RunParams)]
    for title, cls in parts:
        for name in cls.specs():
            owners.setdefault(name, []).append((title, cls))
    for name, classes in reversed(owners.items()):
        function = _option(name, classes)(function)
    return function


def _option(name: str, owners: list[tuple[str, type[Params]]]) -> Callable[[Function], Function]:
    specs = [cls.specs()[name] for _, cls in owners]
    words = ["--" + name.replace("_", "-")]
    if specs[0].kind == "bool":
        words[0] += "/--no-" + name.replace("_", "-")
    if name == "duration":
        words.append("--duration-ms")
    # The same letter may mean another quantity in another model: `a` of AdEx and of Izhikevich.
    meanings: dict[tuple[str, str], list[tuple[str, type[Params]]]] = {}
    for owner, spec in zip(owners, specs, strict=True):
        meanings.setdefault((spec.help, spec.unit), []).append(owner)
    text = " | ".join(
        f"{meaning} [{unit + '; ' if unit else ''}{_defaults(name, those)}]"
        for (meaning, unit), those in meanings.items()
    )
    return click.option(*words, name, type=_type(specs), default=None, help=text)


def _defaults(name: str, owners: list[tuple[str, type[Params]]]) -> str:
    """For instance "-50" or, where it belongs to models, "lif, eif: -50; adex: -40"."""
    groups: dict[str, list[str]] = {}
    for title, cls in owners:
        value = cls().to_dict()[name]
        groups.setdefault(f"{value:g}" if isinstance(value, float) else str(value), []).append(
            title
        )
    return "; ".join(
        f"{', '.join(titles)}: {value}" if titles[0] in MODELS else value
        for value, titles in groups.items()
    )


def _type(specs: list[Spec]) -> Any:
    if specs[0].kind == "choice":
        return click.Choice(list(dict.fromkeys(o for spec in specs for o in spec.options)))
    return {"float": float, "int": int, "bool": bool}[specs[0].kind]


@main.command()
@click.option(
    "--model", type=click.Choice(list(MODELS)), default="lif", show_default=True,
    help="The neuron model; an option that it does not have is an error.",
)  # fmt: skip
@_setup_options
@click.option(
    "--stimulus-csv", type=click.Path(dir_okay=False),
    help="Add the current of this file: a column of times and one of currents.",
)  # fmt: skip
@click.option(
    "--stimulus-time-unit", type=click.Choice(list(TIME_UNITS)), default="ms", show_default=True,
    help="Of the file's times, unless its header says.",
)  # fmt: skip
@click.option(
    "--stimulus-current-unit", type=click.Choice(list(CURRENT_UNITS)), default="nA",
    show_default=True,
    help="Of the file's currents, unless its header says.",
)  # fmt: skip
@click.option(
    "--device", type=click.Choice(CHOICES), default="cpu", show_default=True,
    help="Where to compute; one neuron is fastest on the CPU.",
)  # fmt: skip
@click.option("--csv", type=click.Path(dir_okay=False), help="Write t, current, v, spike here.")
@click.option("--script", is_flag=True, help="Print a numpy program that does this run, and stop.")
@click.option("--snntorch", is_flag=True, help="Print the snnTorch equivalent, and stop.")
@json_option
def lif(
    model: str,
    stimulus_csv: str | None,
    stimulus_time_unit: str,
    stimulus_current_unit: str,
    device: str,
    csv: str | None,
    script: bool,
    snntorch: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Simulate one neuron; print its rate, first spike and interval statistics with theory."""
    from snncore import playground

    setup = playground.Setup.of(model, **{k: v for k, v in values.items() if v is not None})
    recording = None
    if stimulus_csv is not None:
        recording = _recording(stimulus_csv, stimulus_time_unit, stimulus_current_unit)
    if script + snntorch + as_json > 1:
        raise ValueError(
            "--script and --snntorch print a program and --json an object: give one of them"
        )
    if script or snntorch:
        write = playground.snntorch_script if snntorch else playground.numpy_script
        click.echo(write(setup, recording), nl=False)
        return
    choice = choose_device(device)
    result = playground.play(setup, recording, str(choice.device))
    if csv is not None:
        _write(csv, playground.csv_text(setup, result))
    report = Report(model=model, **vars(result.summary))
    if as_json:
        report["spike_times_ms"] = result.spike_times
    report["device"] = str(choice.device)
    report["seed"] = setup.run.seed
    report.emit(as_json)


def _recording(path: str, time_unit: str, current_unit: str) -> Any:
    from snncore.stimuli import Recording

    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read --stimulus-csv {path}: {error.strerror}") from None
    return Recording.from_csv(data, Path(path).name, time_unit, current_unit)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot write --csv {path}: {error.strerror}") from None
