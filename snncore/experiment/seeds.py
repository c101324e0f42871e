"""The same experiment with several seeds: mean and standard deviation of every figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from snncore.experiment.data import Data
from snncore.experiment.result import Progress, Result, figures
from snncore.experiment.run import run
from snncore.stdp import TrainParams


class MeanStd(NamedTuple):
    """Mean and sample standard deviation (n - 1; NaN for one value) of one figure."""

    mean: float
    std: float
    values: tuple[float, ...]


class SeedsProgress(NamedTuple):
    """A report from several runs; `summary` is set in the last one only."""

    fraction: float
    text: str
    report: Progress
    done: tuple[Result, ...]
    summary: dict[str, MeanStd] | None = None


def run_seeds(
    data: Data,
    params: TrainParams,
    seeds: Sequence[int],
    *,
    device: torch.device | None = None,
    controls: bool = True,
) -> Iterator[SeedsProgress]:
    """Run the experiment once a seed, one after the other; reports of all of them.

    The raw pixels are read out once: no seed enters there.

    Raises:
        ValueError: no seeds, or one twice.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds must be at least one, all different, got {list(seeds)}")
    done: tuple[Result, ...] = ()
    pixels = None
    for number, seed in enumerate(seeds):
        own = replace(params, seed=seed)
        for report in run(
            data, own, device=device, controls=controls, live=False, pixels_accuracy=pixels
        ):
            if report.result is not None:
                done += (report.result,)
                pixels = report.result.control_pixels_accuracy if controls else None
            fraction = (number + report.fraction) / len(seeds)
            last = len(done) == len(seeds)
            yield SeedsProgress(
                fraction,
                f"Seed {seed} ({number + 1} of {len(seeds)}): {report.text}",
                report,
                done,
                summarise([figures(result) for result in done]) if last else None,
            )


def summarise(rows: Sequence[Mapping[str, float]]) -> dict[str, MeanStd]:
    """Mean and sample standard deviation of each figure that all rows have."""
    found = {}
    for name in rows[0]:
        values = tuple(row[name] for row in rows if name in row)
        if len(values) < len(rows):
            continue
        mean = math.fsum(values) / len(values)
        if len(values) > 1:
            variance = math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
        else:
            variance = math.nan
        found[name] = MeanStd(mean, math.sqrt(variance), values)
    return found
