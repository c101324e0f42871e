"""`encode`: a picture or a signal through a spike code and back, with spikes, quality and laws."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from snncore import encoding, transmission
from snncore.cli import Report, check_writable, json_option, main, param_options
from snncore.cli.encode_input import Given, read_input
from snncore.device import choose_device
from snncore.encoding import SHAPES, Code, SignalParams
from snncore.params import Params, parse
from snncore.transmission import Activity, Channel, Scores, Sent
from snncore.transmission.robustness import Kind

_BATCH_CELLS = 1 << 26  # steps × pictures × neurons encoded at once
_QUALITY = ("rmse", "psnr_db", "ssim", "snr_db", "r2", "max_error")


def read_settings(code: Code, settings: tuple[str, ...]) -> Params:
    """The code's parameters from words like "threshold=0.2".

    Raises:
        ValueError: not NAME=VALUE, an unknown name, a bad value.
    """
    specs, values = code.params.specs(), {}
    for word in settings:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, got {word!r}")
        if name not in specs:
            raise ValueError(
                f"code {code.name} has no parameter {name!r}; it has {', '.join(specs)}"
            )
        values[name] = parse(name, text, specs[name])
    return code.params.from_dict(values)


def described(code: Code) -> dict[str, Any]:
    """What `--list` says of a code."""
    defaults = code.params().to_dict()
    return {
        "name": code.name,
        "title": code.title,
        "family": code.family,
        "kind": code.kind,
        "parameters": [
            {
                "name": name,
                "label": spec.label or name,
                "unit": spec.unit,
                "range": list(spec.options) or [spec.lo, spec.hi] if spec.kind != "bool" else
                [False, True],
                "default": defaults[name],
                "help": spec.help,
            }
            for name, spec in code.params.specs().items()
        ],
        "reference": code.reference,
        "invertible": code.invertible,
        "silent_at_zero": code.silent_at_zero,
        "stochastic": code.stochastic,
        "equation": code.equation,
        "idea": code.idea,
    }  # fmt: skip


def _print_list(as_json: bool) -> None:
    rows = [described(code) for code in encoding.CODES.values()]
    if as_json:
        click.echo(json.dumps(rows, allow_nan=False))
        return
    for row in rows:
        names = ", ".join(parameter["name"] for parameter in row["parameters"])
        click.echo(f"{row['name']:<22} {row['family']:<11} {row['kind']:<10} {names}")


class _Outcome:
    """All batches of one command: their values, what was read back, and sums over their spikes."""

    def __init__(self) -> None:
        self.values: list[NDArray[np.float32]] = []
        self.decoded: list[NDArray[np.float32]] = []
        self.parts: list[Activity] = []
        self.last: Sent | None = None

    def add(self, sent: Sent, channel: Channel) -> None:
        self.values.append(sent.values)
        self.decoded.append(sent.decoded)
        self.parts.append(transmission.activity(sent, channel))
        self.last = sent

    def scores(self, channel: Channel) -> Scores:
        return transmission.combined(
            np.concatenate(self.values),
            np.concatenate(self.decoded),
            transmission.together(self.parts),
            channel,
        )

    def information(self, channel: Channel) -> transmission.Information:
        return transmission.information_of(
            np.concatenate(self.values),
            np.concatenate(self.decoded),
            sum(part.spikes for part in self.parts),
            channel,
        )


def _channel(code: Code, params: Params, given: Given, steps: int | None, window: int) -> Channel:
    if given.is_picture:
        shape = (given.values.shape[1], given.values.shape[2])
        return Channel(code.name, params, steps or 100, shape)
    return Channel(code.name, params, len(given.values), None, window)


def _transmit(
    channel: Channel, given: Given, seed: int, device: Any, damage: dict[Kind, float]
) -> tuple[_Outcome, _Outcome]:
    """Everything sent in batches: what arrives unhurt, and after the damage that is asked for."""
    clean, hurt = _Outcome(), _Outcome()
    count = len(given.values) if given.is_picture else 1
    batch = max(1, _BATCH_CELLS // (channel.n_steps * channel.n_neurons))
    for at in range(0, count, batch):
        some = given.values[at : at + batch] if given.is_picture else given.values
        sent = channel.send(some, seed=seed, first_sample=given.first_sample + at, device=device)
        clean.add(sent, channel)
        for kind, level in damage.items():
            sent = transmission.damaged(channel, sent, kind, level, seed)
        if damage:
            hurt.add(sent, channel)
    return clean, hurt


def _write(file: Path, content: Callable[[], bytes]) -> None:
    check_writable(file)
    file.write_bytes(content())


@main.command()
@click.option("--list", "as_list", is_flag=True, help="Show all codes and stop.")
@click.option("--code", default="rate", show_default=True, help="A name of --list.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the code."
)
@click.option(
    "--steps", type=click.IntRange(1),
    help="Time steps, 100 by default; of a signal, how many of its samples.",
)  # fmt: skip
@click.option(
    "--window", type=click.IntRange(1), default=20, show_default=True,
    help="Steps for each value, where an intensity code carries a signal.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random draws.")
@click.option("--image", metavar="NAME|FILE", help="astronaut, camera, coffee, horse, or a file.")
@click.option("--dataset", help="Pictures: a set or FILE.npz; digits by default.")
@click.option("--split", type=click.Choice(["train", "test"]), default="train", show_default=True)
@click.option("--index", type=click.IntRange(0), default=0, show_default=True, help="1st picture.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Pictures.")
@click.option("--size", type=click.IntRange(1, 512), help="Shrink the longer side to this, pixels.")
@click.option("--signal", type=click.Choice(SHAPES), help="A made signal.")
@param_options(SignalParams, skip=("shape", "n_samples", "seed"))
@click.option(
    "--signal-seed", type=int, default=0, show_default=True, help="Seed of a random signal."
)
@click.option("--wav", type=click.Path(dir_okay=False), help="A sound, WAV.")
@click.option("--csv", type=click.Path(dir_okay=False), help="A signal, a column of a CSV file.")
@click.option("--column", help="Heading of the column of the CSV; the first that is no time.")
@click.option("--start", type=click.FloatRange(0), help="Begin there: second of WAV, row of CSV.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="How much of the WAV.")
@click.option("--normalise", is_flag=True, help="The loudest moment of the WAV is 0 or 1.")
@click.option("--information", is_flag=True, help="Bits per value and per spike too.")
@click.option(
    "--jitter", type=float, metavar="STEPS", help="Also: spikes moved by this (std), what arrives."
)
@click.option("--delete", type=float, metavar="SHARE", help="Also: this share of spikes is lost.")
@click.option(
    "--tune", type=float, metavar="BUDGET",
    help="First find the setting with the best SNR at this many spikes per value at most.",
)  # fmt: skip
@click.option("--device", default=None, help="auto, cuda, mps or cpu.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path),
    help="Write values, spikes [T, S, M] and reconstruction to this .npz file.",
)  # fmt: skip
@click.option(
    "--events", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV line per spike."
)
@click.option("--script", is_flag=True, help="Print a program that repeats it from --out, stop.")
@json_option
def encode(
    as_list: bool,
    code: str,
    settings: tuple[str, ...],
    steps: int | None,
    window: int,
    seed: int,
    information: bool,
    jitter: float | None,
    delete: float | None,
    tune: float | None,
    device: str | None,
    out: Path | None,
    events: Path | None,
    script: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Turn a picture or a signal into spikes, read them back, and compare.

    cv and fano say how irregular the spikes are, law_cv and law_fano what theory expects: the mean
    over neurons of 20 spikes or more. The cv of n spikes is too small by up to about 1/n. bound is
    the largest error in theory, and bound_holds whether the input keeps its condition.
    """
    if as_list:
        _print_list(as_json)
        return
    if script and as_json:
        raise ValueError("--script prints a program and --json an object: give one of them")
    chosen = encoding.get_code(code)
    params = read_settings(chosen, settings)
    given = read_input(chosen, wanted, steps)
    wishes: tuple[tuple[Kind, float | None], ...] = (("jitter", jitter), ("delete", delete))
    damage = {kind: level for kind, level in wishes if level is not None}
    start = time.perf_counter()
    try:
        channel = _channel(chosen, params, given, steps, window)
        tuned = None
        if tune is not None:
            first = given.values[0] if given.is_picture else given.values
            sample = given.first_sample
            for search in transmission.tune(first, channel, tune, seed=seed, sample=sample):
                tuned = search.tuned
            channel = channel if tuned is None else tuned.channel
        if script:
            click.echo(
                transmission.script(channel, seed, given.first_sample, file=_name(out)), nl=False
            )
            return
        where = choose_device(device)
        clean, hurt = _transmit(channel, given, seed, where.device, damage)
    except ValueError as error:  # the engine's words for the options
        words = str(error).replace("n_steps", "--steps").replace("window must", "--window must")
        raise ValueError(words) from error
    _export(clean, channel, out, events)
    scores = clean.scores(channel)
    report = Report(
        code=code,
        kind=chosen.kind,
        params=channel.params.to_dict(),
        steps=channel.n_steps,
        seed=seed,
        **given.source,
        values=channel.n_values,
        neurons=channel.n_neurons,
        **scores._asdict(),
        exact=scores.rmse == 0,
    )
    if not given.is_picture and chosen.kind == "intensity":
        report["window"] = channel.window
    if tuned is not None:
        report["tuned"] = {"knob": tuned.knob, "setting": tuned.setting, "tried": len(tuned.tried)}
    if information:
        report["information"] = clean.information(channel)._asdict()
    if damage:
        quality = hurt.scores(channel)._asdict()
        report["damaged"] = {**damage, **{k: quality[k] for k in ("spikes", *_QUALITY)}}
    report["device"] = str(where.device)
    report["seconds"] = time.perf_counter() - start
    report.emit(as_json)


def _name(out: Path | None) -> str:
    return "spikes.npz" if out is None else str(out)


def _export(clean: _Outcome, channel: Channel, out: Path | None, events: Path | None) -> None:
    if out is None and events is None:
        return
    if len(clean.parts) != 1 or clean.last is None:
        raise ValueError(
            "--out and --events keep one batch in memory; use a smaller --count or --steps"
        )
    sent = clean.last
    if out is not None:
        _write(out, lambda: transmission.archive(sent, channel))
    if events is not None:
        _write(events, lambda: transmission.events_csv(sent, channel))
