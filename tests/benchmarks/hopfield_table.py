"""The tables of associative memories: `python -m tests.benchmarks.hopfield_table` (minutes).

Every memory on nine sets of pictures with 30 % of the pixels flipped, three draws each; grey and
colour pictures under Gaussian noise of σ = 0.3; and the spiking memories with their reaction times.
Each cell is kept in the file of `--out` as soon as it is there, so that a run that was stopped goes
on where it was. MNIST, Fashion-MNIST and GTSRB must be in SNNCORE_DATA; sets that are not are left
out, and said to be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snncore import datasets
from snncore.hopfield import NoiseParams, PatternParams, Patterns, Probes, SpikingParams
from snncore.recall_lab import Ask, Recall, RecallParams, default_source, load_patterns, recall
from snncore.recall_lab.session import Questions

DRAWS, SEED = 3, 0


class Pictures(NamedTuple):
    """One column of a table."""

    title: str
    dataset: str
    count: int
    size: int = 0
    mode: str = "binary"


class Method(NamedTuple):
    """One row."""

    title: str
    recall: RecallParams
    spiking: SpikingParams = SpikingParams()


def rate(title: str, rule: str, steps: int, **settings: Any) -> Method:
    """A rate memory with so many updates at most."""
    return Method(title, RecallParams(rule=rule, steps=steps, **settings))


SKIMAGE = Pictures("skimage 4", "skimage", 4, 128)
MNIST = [Pictures(f"MNIST {n}", "mnist", n) for n in (10, 50, 200)]
FASHION = [Pictures(f"Fashion {n}", "fashion", n) for n in (10, 50, 200)]
GTSRB = [Pictures(f"GTSRB {n}", "gtsrb", n, 64) for n in (10, 43)]
BINARY = [SKIMAGE, *MNIST, *FASHION, *GTSRB]
GREY = [
    p._replace(mode="grey") for p in (SKIMAGE, MNIST[0], MNIST[2], FASHION[0], FASHION[2], GTSRB[1])
]
GREY.append(Pictures("GTSRB 43 colour", "gtsrb", 43, 64, "rgb"))

RATE = [
    rate("example program, spiking in name", "seed-lif", 1),
    rate("example program, one Hebb step", "seed-sync", 1),
    rate("Hebb, one step", "hebb", 1),
    rate("Hebb, synchronous", "hebb", 20),
    rate("Hebb, asynchronous", "hebb", 20, update="async"),
    rate("Storkey, one step", "storkey", 1),
    rate("Storkey, synchronous", "storkey", 20),
    rate("covariance, one mean", "covariance", 20),
    rate("covariance, mean picture", "covariance-pixel", 20),
    rate("pseudo-inverse D = 1, one step", "pseudo-inverse", 1, diagonal=1.0),
    rate("pseudo-inverse D = 0.15", "pseudo-inverse", 20, diagonal=0.15),
    rate("pseudo-inverse D = 0", "pseudo-inverse", 20, diagonal=0.0),
    rate("dense n = 3", "dam", 20, degree=3),
    rate("dense n = 10", "dam", 20, degree=10),
    rate("dense n = 3, centred", "dam", 20, degree=3, centred=True),
    rate("dense n = 8, centred", "dam", 20, degree=8, centred=True),
    rate("dense n = 30", "dam", 20, degree=30),
    rate("exponential", "exponential", 20),
    rate("modern, matched β", "modern", 1),
]
SPIKING = [
    Method("spiking, dense", RecallParams(rule="spiking")),
    Method("spiking, lateral inhibition", RecallParams(rule="spiking"), SpikingParams(hard=False)),
    Method("spiking, recurrent", RecallParams(rule="spiking-attractor")),
]
GREY_METHODS = [
    rate("softmax, dot product", "modern", 1, form="dot"),
    rate("softmax, distance", "modern", 1, form="distance"),
    Method("spiking, 60 steps", RecallParams(rule="spiking"), SpikingParams(time_steps=60)),
    Method("spiking, 100 steps", RecallParams(rule="spiking"), SpikingParams(time_steps=100)),
]


def ask_of(pictures: Pictures, noise: NoiseParams) -> Ask:
    """The question whose probes all methods get."""
    source = default_source(pictures.dataset)
    patterns = PatternParams(
        count=pictures.count, size=pictures.size, mode=pictures.mode, pick=source.pick
    )
    return Ask(
        dataset=pictures.dataset,
        split=source.split,
        patterns=patterns,
        noise=noise,
        recall=RecallParams(rule="modern"),
        seed=SEED,
        draws=DRAWS,
    )


def cell(r: Recall) -> dict[str, Any]:
    """What a table needs of one recall."""
    found: dict[str, Any] = {
        "pixels": r.pixel_accuracy,
        "exact": r.exact_fraction,
        "bound_pixels": r.bound_pixel_accuracy,
        "bound_exact": r.bound_exact_fraction,
        "probe": r.probe_pixel_accuracy,
        "background": r.background_pixel_accuracy,
        "psnr": r.psnr_db,
        "ssim": r.ssim_mean,
        "probe_psnr": r.probe_psnr_db,
        "probe_ssim": r.probe_ssim,
        "bound_psnr": r.bound_psnr_db,
        "steps": r.steps,
        "ms_a_probe": 1000 * r.seconds / len(r.targets),
        "weight_bytes": r.weight_bytes,
    }
    if r.spikes is not None and bool((r.spikes.decision_step > 0).any()):
        when = r.spikes.decision_step[r.spikes.decision_step > 0]
        found["decision"] = [float(when.float().mean()), int(when.min()), int(when.max())]
    return found


def run(
    columns: list[Pictures], rows: list[Method], noise: NoiseParams, held: dict[str, Any]
) -> Iterator[None]:
    """Fill what is missing in `held`, yielding after every cell."""
    for pictures in columns:
        wanted = [m for m in rows if _key(pictures, m, noise) not in held]
        if not wanted:
            continue
        ask = ask_of(pictures, noise)
        try:
            patterns: Patterns = load_patterns(ask)
        except datasets.DatasetMissing as missing:
            print(f"{pictures.title}: {missing}", file=sys.stderr)
            continue
        questions = Questions(ask, patterns)
        probes: Probes = questions.all()
        for method in wanted:
            result = recall(
                patterns,
                probes,
                method.recall,
                noise=noise,
                spiking=method.spiking,
                seed=SEED,
                targets=questions.targets,
            )
            held[_key(pictures, method, noise)] = cell(result)
            print(f"{pictures.title}: {method.title}", file=sys.stderr, flush=True)
            yield


def _key(pictures: Pictures, method: Method, noise: NoiseParams) -> str:
    return f"{pictures.title} | {pictures.mode} | {noise.to_text()} | {method.title}"


def _share(pixels: float, exact: float) -> str:
    return f"{_floor(100 * pixels, 2)} / {_floor(exact, 3)}"


def _floor(value: float, digits: int) -> str:
    """Rounded down, so that only what is all right is called 100 %."""
    scale = 10**digits
    return f"{int(value * scale + 1e-6) / scale:g}"


def markdown(
    title: str,
    columns: list[Pictures],
    rows: list[Method],
    noise: NoiseParams,
    held: dict[str, Any],
    grey: bool,
) -> str:
    """One table: pixels right in % / share exact, or PSNR in dB / SSIM."""
    there = [p for p in columns if any(_key(p, m, noise) in held for m in rows)]
    lines = [f"### {title}", "", "| memory | " + " | ".join(p.title for p in there) + " |"]
    lines.append("|---" * (len(there) + 1) + "|")

    def line(name: str, cells: list[str]) -> None:
        lines.append(f"| {name} | " + " | ".join(cells) + " |")

    def text(found: dict[str, Any] | None) -> str:
        if found is None:
            return "–"
        if grey:
            return f"{found['psnr']:.1f} / {found['ssim']:.3f}"
        return _share(found["pixels"], found["exact"])

    for method in rows:
        line(method.title, [text(held.get(_key(p, method, noise))) for p in there])
    any_cell = [next(held[k] for m in rows if (k := _key(p, m, noise)) in held) for p in there]
    if grey:
        line("damaged input", [f"{c['probe_psnr']:.1f} / {c['probe_ssim']:.3f}" for c in any_cell])
        line("**best possible**", [f"{c['bound_psnr']:.1f}" for c in any_cell])
    else:
        line("damaged input", [_floor(100 * c["probe"], 2) for c in any_cell])
        line("one blank picture", [_floor(100 * c["background"], 2) for c in any_cell])
        best = [_share(c["bound_pixels"], c["bound_exact"]) for c in any_cell]
        line("**best possible**", best)
    return "\n".join((*lines, ""))


def times(columns: list[Pictures], rows: list[Method], noise: NoiseParams, held: Any) -> str:
    """Decision step (range) and milliseconds a probe of the spiking memories."""
    lines = ["### Decision step and time", "", "| pictures | memory | decided at | ms a probe |"]
    lines.append("|---|---|---|---|")
    for pictures in columns:
        for method in rows:
            found = held.get(_key(pictures, method, noise))
            if found is None:
                continue
            when = found.get("decision")
            step = f"{when[0]:.0f} ({when[1]}–{when[2]})" if when else "–"
            ms = f"{found['ms_a_probe']:.2f}"
            lines.append(f"| {pictures.title} | {method.title} | {step} | {ms} |")
    return "\n".join((*lines, ""))


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three sets, few memories")
    parser.add_argument("--out", type=Path, default=Path("hopfield_table.json"))
    parser.add_argument("--fresh", action="store_true", help="forget what the file holds")
    options = parser.parse_args()
    flips, gaussian = NoiseParams("flip", 0.3), NoiseParams("gaussian", 0.3)
    binary, grey, rates = BINARY, GREY, RATE
    if options.quick:
        binary, grey = [SKIMAGE, MNIST[0], FASHION[0]], GREY[:2]
        rates = [RATE[0], RATE[3], RATE[-1]]
    held: dict[str, Any] = {}
    if options.out.exists() and not options.fresh:
        held = json.loads(options.out.read_text())
    for part in (
        (binary, [*rates, *SPIKING], flips),
        (grey, GREY_METHODS, gaussian),
    ):
        for _ in run(*part, held):
            options.out.write_text(json.dumps(held, indent=1))
    print(markdown("30 % flips: pixels right in % / exact", binary, [*rates, *SPIKING], flips,
                   held, False))  # fmt: skip
    print(markdown("Gaussian σ = 0.3: PSNR in dB / SSIM", grey, GREY_METHODS, gaussian, held, True))
    print(times(binary, SPIKING, flips, held))


if __name__ == "__main__":
    main()
