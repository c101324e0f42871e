"""`recall`: store pictures, damage them, let a memory restore them, and score the answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets, rng
from snncore.cli import Report, check_writable, json_option, main, param_options, progress
from snncore.cli.download import ensure
from snncore.device import choose_device
from snncore.hopfield import (
    NoiseParams,
    PatternParams,
    RecallParams,
    SpikingParams,
    experiment,
    make_patterns,
)
from snncore.params import Params


def _taken(cls: type[Params], values: dict[str, Any]) -> Any:
    return cls.from_dict({name: values[name] for name in cls.specs()})


MAX_CELLS = 50_000_000  # probes × pixels: some 2 GB in the largest rule


@main.command()
@click.option(
    "--dataset", default="skimage", show_default=True, help="Name of an image set, or FILE.npz."
)
@click.option("--split", type=click.Choice(["train", "test"]), default="train", show_default=True)
@click.option(
    "--noise",
    default="flip:0.3",
    show_default=True,
    help="KIND:STRENGTH; KIND is flip, gaussian, erase, occlude or black.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Probes made from each picture.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random draws.")
@click.option("--device", default=None, help="auto, cuda, mps or cpu.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write patterns, probes and answers to this .npz file.",
)
@param_options(PatternParams)
@param_options(RecallParams)
@param_options(SpikingParams)
@json_option
def recall(
    dataset: str,
    split: Any,
    noise: str,
    trials: int,
    seed: int,
    device: str | None,
    out: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Recall damaged pictures from an associative memory, beside the best possible answer."""
    how = NoiseParams.from_text(noise)
    stored, rule = _taken(PatternParams, values), _taken(RecallParams, values)
    spiking = _taken(SpikingParams, values)
    if out is not None:
        if out.suffix != ".npz":
            raise ValueError(f"--out must end in .npz, got {out.name!r}")
        check_writable(out)
    rng.split_seed(seed)  # refuse a bad seed before anything is loaded
    choice = choose_device(device)
    ensure(dataset)
    pictures = datasets.load(dataset, split)
    patterns = make_patterns(pictures.images, pictures.labels, pictures.class_names, stored)
    count, n = patterns.states.shape
    if count * trials * n > MAX_CELLS:
        raise ValueError(
            f"--trials {trials} of {count} pictures with {n} pixels make {count * trials * n:,} "
            f"cells; at most {MAX_CELLS:,} fit into memory"
        )
    progress(
        f"{count} pictures of {n} pixels, {count * trials} probes, {rule.rule} on {choice.name}"
    )

    start = time.perf_counter()
    answer = experiment(
        patterns, how, rule, spiking, seed=seed, trials=trials, device=choice.device
    )
    seconds = time.perf_counter() - start
    result, flight, probes = answer.result, answer.flight, answer.probes
    report = Report(
        dataset=dataset,
        split=split,
        rule=rule.rule,
        noise=how.to_text(),
        seed=seed,
        pictures=count,
        pixels=n,
        probes=len(probes),
        pixel_accuracy=result.pixel_accuracy,
        exact_fraction=result.exact_fraction,
        bound_pixel_accuracy=result.bound_pixel_accuracy,
        bound_exact_fraction=result.bound_exact_fraction,
        probe_pixel_accuracy=result.probe_pixel_accuracy,
        background_pixel_accuracy=result.background_pixel_accuracy,
        mean_overlap=float(result.overlap.mean()),
        steps=result.steps,
        converged_fraction=float((result.status == 1).float().mean()),
        load=flight.load,
        max_row_sum=float(flight.row_sum.max()),
        hebb_stable_fraction=float(flight.stable.float().mean()),
    )
    if result.spikes is not None:
        decided = result.spikes.decision_step[result.spikes.winner >= 0].float()
        report.update(
            decision_step=float(decided.mean()) if len(decided) else None,
            decision_step_min=int(decided.min()) if len(decided) else None,
            decision_step_max=int(decided.max()) if len(decided) else None,
            undecided=len(probes) - len(decided),
            spikes_per_pixel=float(result.spikes.spikes_per_pixel.mean()),
            synaptic_events_per_probe=float(result.spikes.synaptic_events.mean()),
        )
    report.update(seconds=seconds, device=str(choice.device))
    if out is not None:
        _write(out, patterns.states, probes, result.recalled, patterns.shape)
        report["out"] = str(out)
    report.emit(as_json)


def _write(
    out: Path,
    patterns: torch.Tensor,
    probes: torch.Tensor,
    recalled: torch.Tensor,
    shape: tuple[int, int],
) -> None:
    """Patterns [P, H, W], probes and answers [B, H, W], as int8 and float32."""

    def pictures(states: torch.Tensor) -> NDArray[Any]:
        return states.cpu().numpy().reshape(-1, *shape)

    try:
        np.savez_compressed(
            out,
            patterns=pictures(patterns),
            probes=pictures(probes),
            recalled=pictures(recalled),
        )
    except OSError as error:
        raise ValueError(f"out {out} cannot be written: {error.strerror}") from error
