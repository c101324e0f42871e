"""`recall`: store pictures, damage them, let a memory restore them, and score the answers."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import click
import torch

from snncore import rng
from snncore.cli import Report, check_writable, json_option, main, param_options, progress
from snncore.cli.download import ensure
from snncore.cli.timing import peak_mb
from snncore.device import choose_device
from snncore.hopfield import AttractorParams, NoiseParams, PatternParams, Patterns, SpikingParams
from snncore.params import Params
from snncore.recall_lab import (
    RANDOM,
    RULES,
    Answer,
    Ask,
    RecallParams,
    default_source,
    load_patterns,
    npz,
    stream,
)

EVERY_S = 5.0  # between two lines of progress
ATTRACTOR = "attractor_"  # before its settings, most of which the other spiking memory has too


def _taken(cls: type[Params], values: dict[str, Any], prefix: str = "") -> Any:
    """The parameters of `cls` among the options; those not given keep their default."""
    given = {name: values[prefix + name] for name in cls.specs() if prefix + name in values}
    return cls.from_dict(given)


def _numbers(text: str, dataset: str) -> tuple[int, ...]:
    """The pictures that `--pictures` names."""
    if not text:
        return ()
    if dataset == RANDOM:
        raise ValueError(f"pictures must be of a set that is loaded, got {RANDOM}; use --count")
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise ValueError(
            f"pictures must be whole numbers from 0 with commas between them, got {text[:60]!r}"
        )
    return tuple(map(int, parts))


def _attractor_options(function: Any) -> Any:
    """`--attractor-NAME` for each of the recurrent spiking memory's settings but its time."""
    for name, spec in reversed(AttractorParams.specs().items()):
        if name == "time_steps":
            continue
        kind: Any = {"float": float, "int": int, "bool": bool}.get(spec.kind)
        if spec.kind == "choice":
            kind = click.Choice(spec.options)
        function = click.option(
            f"--attractor-{name.replace('_', '-')}",
            ATTRACTOR + name,
            type=kind,
            default=getattr(AttractorParams(), name),
            show_default=True,
            help=f"spiking-attractor: {spec.help}",
        )(function)
    return function


def _idle_options(rule: str) -> tuple[str, ...]:
    """Options that were given and do not matter to `rule`."""
    context = click.get_current_context()
    known = RULES[rule].settings
    own = {"spiking": SpikingParams.specs(), "attractor": {}, "": {}}[RULES[rule].own]
    idle = []
    for name in context.params:
        if context.get_parameter_source(name) != click.core.ParameterSource.COMMANDLINE:
            continue
        of_rule = name in RecallParams.specs() and name not in ("rule", "steps", *known)
        of_spiking = name in SpikingParams.specs() and name not in own
        of_attractor = name.startswith(ATTRACTOR) and RULES[rule].own != "attractor"
        if of_rule or of_spiking or of_attractor:
            idle.append("--" + name.replace("_", "-"))
    return tuple(idle)


def _with_steps(ask: Ask, steps: int) -> Ask:
    """`ask` with so many updates, or time steps of a spiking memory; 0 leaves the default."""
    own = ask.recall.info.own
    if not steps:
        return ask
    if not own:
        return dataclasses.replace(ask, recall=dataclasses.replace(ask.recall, steps=steps))
    changed = dataclasses.replace(getattr(ask, own), time_steps=steps)
    return dataclasses.replace(ask, **{own: changed})


def _answer(ask: Ask, patterns: Patterns, device: torch.device) -> Answer:
    """`experiment`, with a line of progress every few seconds."""
    said = time.monotonic()
    for now in stream(ask, shown=0, device=device, patterns=patterns):
        if time.monotonic() - said > EVERY_S and now.answer is None:
            said = time.monotonic()
            progress(f"{100 * now.fraction:3.0f} %  {now.done:,} of {now.probes:,} probes answered")
    if now.answer is None:
        raise RuntimeError("a recall ended without its answer")
    return now.answer


@main.command()
@click.option(
    "--dataset",
    default="skimage",
    show_default=True,
    help="Name of an image set, random, or FILE.npz.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    default=None,
    help="[default: test for mnist and fashion, else train]",
)
@click.option(
    "--pick",
    type=click.Choice(PatternParams.specs()["pick"].options),
    default=None,
    help=PatternParams.specs()["pick"].help + " [default: contrast for gtsrb, else first]",
)
@click.option(
    "--pictures",
    "chosen",
    default="",
    help="Numbers of single pictures of the set, from 0, with commas between them: 0,5,2. In place "
    "of --count, --offset and --pick.",
)
@click.option(
    "--noise",
    default="flip:0.3",
    show_default=True,
    help="KIND:STRENGTH, such as flip:0.3, gaussian:0.5, crop:0.5:top or occlude:0.5:left:white.",
)
@click.option(
    "--steps",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Most updates, or time steps of a spiking memory. [default: as suits the memory]",
)
@click.option(
    "--draws",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Probes made from each picture.",
)
@click.option("--distinct", is_flag=True, help="Leave out pictures that are stored already.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random draws.")
@click.option("--device", default=None, help="auto, cuda, mps or cpu.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write patterns, probes, answers and scores to this .npz file.",
)
@param_options(PatternParams, skip=("pick",))
@param_options(RecallParams, skip=("steps",))
@param_options(SpikingParams, skip=("time_steps",))
@_attractor_options
@json_option
def recall(
    dataset: str,
    split: str | None,
    pick: str | None,
    chosen: str,
    noise: str,
    steps: int,
    draws: int,
    distinct: bool,
    seed: int,
    device: str | None,
    out: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Recall damaged pictures from an associative memory, beside the best possible answer.

    Of a spiking memory, spikes are those of the visible cells (ON and OFF) of one probe, on
    average; those of the memory units are in synaptic_events_per_probe.
    """
    source = default_source(dataset)
    pictures = _taken(PatternParams, {**values, "pick": pick or source.pick})
    ask = Ask(
        dataset=dataset,
        split=split or source.split,
        patterns=pictures,
        noise=NoiseParams.from_text(noise),
        recall=_taken(RecallParams, values),
        spiking=_taken(SpikingParams, values),
        attractor=_taken(AttractorParams, values, ATTRACTOR),
        seed=seed,
        draws=draws,
        chosen=_numbers(chosen, dataset),
        distinct=distinct,
    )
    ask = _with_steps(ask, steps)
    if out is not None:
        if out.suffix != ".npz":
            raise ValueError(f"--out must end in .npz, got {out.name!r}")
        check_writable(out)
    rng.split_seed(seed)  # refuse a bad seed before anything is loaded
    choice = choose_device(device)
    ensure(dataset)
    patterns = load_patterns(ask)
    count, n = patterns.states.shape
    progress(
        f"{count} pictures of {n} numbers, {count * draws} probes, {ask.rule} on {choice.name}"
    )

    start = time.perf_counter()
    answer = _answer(ask, patterns, choice.device)
    idle = _idle_options(ask.rule)
    notes = list(answer.notes)
    if idle:
        notes.append(f"Without effect on {ask.rule}: {', '.join(idle)}.")
    for note in notes:
        progress(f"note: {note}")
    report = _report(ask, answer)
    report.update(
        total_seconds=time.perf_counter() - start,
        peak_mb=peak_mb(),
        device=str(choice.device),
        notes=notes,
    )
    if out is not None:
        try:
            out.write_bytes(npz(ask, answer))
        except OSError as error:
            raise ValueError(f"out {out} cannot be written: {error.strerror}") from error
        report["out"] = str(out)
    report.emit(as_json)


def _report(ask: Ask, answer: Answer) -> Report:
    """The scores, then what explains them."""
    r, flight = answer.result, answer.flight
    count, n = answer.patterns.states.shape
    report = Report(
        dataset=ask.dataset,
        split=ask.split,
        mode=ask.mode,
        rule=ask.rule,
        noise=ask.noise.to_text(),
        seed=ask.seed,
        pictures=count,
        size=list(answer.patterns.shape),
        pixels=n,
        draws=ask.draws,
        probes=len(r.targets),
        pixel_accuracy=r.pixel_accuracy,
        exact_fraction=r.exact_fraction,
        bound_pixel_accuracy=r.bound_pixel_accuracy,
        bound_exact_fraction=r.bound_exact_fraction,
        probe_accuracy=r.probe_pixel_accuracy,
        background_accuracy=r.background_pixel_accuracy,
    )
    if r.mode != "binary":
        report.update(
            psnr_db=r.psnr_db,
            ssim=r.ssim_mean,
            bound_psnr_db=r.bound_psnr_db,
            probe_psnr_db=r.probe_psnr_db,
            probe_ssim=r.probe_ssim,
            background_psnr_db=r.background_psnr_db,
        )
    report.update(
        mean_overlap=float(r.overlap.mean()),
        steps=r.steps,
        load=flight.load,
    )
    if r.steps > 1:  # a single update ends before anybody sees whether the next changes anything
        report.update(converged_fraction=float((r.status == 1).float().mean()))
    if flight.stable is not None and flight.row_sum is not None:
        report.update(
            max_row_sum=float(flight.row_sum.max()),
            hebb_stable_fraction=float(flight.stable.float().mean()),
        )
    if r.spikes is not None:
        decided = r.spikes.decision_step[r.spikes.decision_step > 0].float()
        report.update(
            decision_step=float(decided.mean()) if len(decided) else None,
            decision_step_min=int(decided.min()) if len(decided) else None,
            decision_step_max=int(decided.max()) if len(decided) else None,
            undecided=int((r.spikes.winner < 0).sum()),
            spikes=float(r.spikes.spikes_per_pixel.mean()) * n,
            spikes_per_pixel=float(r.spikes.spikes_per_pixel.mean()),
            synaptic_events_per_probe=float(r.spikes.synaptic_events.mean()),
        )
    report.update(weight_bytes=r.weight_bytes, seconds=r.seconds)
    return report
