"""What STDP is worth: `python -m tests.benchmarks.stdp_curves` (a quarter of an hour).

Trained against untrained weights, same pipeline, on the 10,000 MNIST test images: over the filters
of a convolutional layer, over the neurons of a dense one, and over the number of labelled images
(STDP always learns from all images, without labels). To keep it short the filter curve learns
from the first 10,000 of the training images (spread evenly), the others from all 60,000, with one
seed; the labels are drawn three times and have error bars. Points are written to the file of
`--out` as soon as they are there, and a stopped run goes on where it was; the figure goes to
`--figure`, the tables to stdout.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snncore import experiment
from snncore.cli.train_settings import advised
from snncore.stdp import TrainParams

FILTERS = (4, 8, 16, 32, 64, 128, 256)
NEURONS = (100, 200, 400, 800, 1600)
LABELS = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)


Point = dict[str, Any]  # a CurvePoint as JSON


class Curve(NamedTuple):
    """One panel's curve: its name, axis, measure, and the settings of its points."""

    name: str
    title: str
    axis: str
    limit: int  # training images
    settings: tuple[TrainParams, ...]
    labels: tuple[int, ...] = ()  # over labels instead of over sizes


def curves(limit: int | None) -> list[Curve]:
    """All curves, with the recommended parameters of each size; `limit` makes trials short."""
    few, every = (10_000, 0) if limit is None else (limit, limit)
    labels = tuple(n for n in LABELS if n <= (every or 60_000))
    conv = tuple(advised({"layer": "conv", "filters": n}, "mnist") for n in FILTERS)
    dense = tuple(advised({"neurons": n}, "mnist") for n in NEURONS)
    return [
        Curve("filters", "Convolutional layer, 10,000 images", "filters", few, conv),
        Curve("neurons", "Dense layer, 60,000 images", "neurons", every, dense),
        Curve("labels-dense", "Dense layer, 400 neurons", "labels", every, dense[2:3], labels),
        Curve("labels-conv", "Convolutional layer, 16 filters", "labels", every, conv[2:3], labels),
    ]


def keyed(curve: Curve) -> Iterator[tuple[str, TrainParams]]:
    """What is computed at once, and the name under which it is kept: parameters and all."""
    for params in curve.settings:
        changed = json.dumps(params.changed(), sort_keys=True)
        yield f"{curve.name} {curve.limit} {list(curve.labels)} {changed}", params


def compute(curve: Curve, params: TrainParams, data: experiment.Data) -> list[Point]:
    """The points of one setting."""
    if curve.labels:
        points = experiment.label_curve(data, params, curve.labels)
    else:
        points = experiment.size_curve(data, [params])
    found = []
    for point in points:
        found.append(point._asdict())
        print(f"{curve.name}: {point}", file=sys.stderr, flush=True)
    return found


def series(
    points: list[dict[str, Any]], field: str, weights: str
) -> list[tuple[int, float, float]]:
    """(value, mean in %, standard deviation in %) of one line."""
    rows = []
    for value in sorted({p["value"] for p in points}):
        some = [100 * p[field] for p in points if p["value"] == value and p["weights"] == weights]
        rows.append((value, statistics.mean(some), statistics.stdev(some) if some[1:] else 0.0))
    return rows


def tables(asked: list[Curve], kept: dict[str, list[Point]]) -> str:
    """One Markdown table for each curve."""
    lines = []
    for curve in asked:
        points = [p for key, _ in keyed(curve) for p in kept.get(key, [])]
        if not points:
            continue
        lines += [
            f"\n{curve.title}\n",
            f"| {curve.axis} | readout, trained | untrained | vote, trained | untrained |",
            "|---|---|---|---|---|",
        ]
        columns = [
            series(points, field, weights)
            for field in ("readout_accuracy", "vote_accuracy")
            for weights in ("trained", "untrained")
        ]
        for cells in zip(*columns, strict=True):
            shown = " | ".join(f"{m:.1f}" + (f" ± {s:.1f}" if s else "") for _, m, s in cells)
            lines.append(f"| {cells[0][0]:,} | {shown} |")
    return "\n".join(lines)


def figure(asked: list[Curve], kept: dict[str, list[Point]], path: Path) -> None:
    """The curves side by side: errors, on logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [c for c in asked if all(kept.get(key) for key, _ in keyed(c))]
    if not shown:
        return
    drawn, panels = pyplot.subplots(
        1, len(shown), figsize=(3.4 * len(shown), 3.3), squeeze=False, layout="constrained"
    )
    for curve, panel in zip(shown, panels[0], strict=True):
        points = [p for key, _ in keyed(curve) for p in kept[key]]
        lines = [("readout_accuracy", "readout", "o")]
        if curve.settings[0].layer == "dense":
            lines.append(("vote_accuracy", "vote", "s"))
        for field, name, marker in lines:
            for weights, colour, style in (
                ("trained", "#0072B2", "-"),
                ("untrained", "#D55E00", "--"),
            ):
                rows = series(points, field, weights)
                panel.errorbar(
                    [value for value, _, _ in rows],
                    [100 - mean for _, mean, _ in rows],
                    yerr=[spread for _, _, spread in rows],
                    color=colour,
                    linestyle=style,
                    marker=marker,
                    markersize=4,
                    label=f"{name}, {weights}",
                )
        panel.set(xscale="log", yscale="log", xlabel=curve.axis, title=curve.title)
        panel.title.set_fontsize(9)
        panel.yaxis.set_major_formatter("{x:g} %")
        panel.yaxis.set_minor_formatter("{x:g} %")
        panel.tick_params(axis="y", which="both", labelsize=7)
        panel.grid(alpha=0.3, which="both")
        bottom, top = panel.get_ylim()
        panel.set_ylim(bottom, top * (top / bottom) ** 0.35)  # room for the legend
        panel.legend(fontsize=7)
    panels[0][0].set_ylabel("test images wrong")
    drawn.savefig(path, dpi=120)
    pyplot.close(drawn)


def main() -> None:
    """Compute what is missing, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("stdp_curves.json"))
    parser.add_argument("--figure", type=Path, default=Path("docs/stdp_curves.png"))
    parser.add_argument("--only", default="", help="curves whose name has this word in it")
    parser.add_argument("--show", action="store_true", help="compute nothing")
    parser.add_argument("--limit", type=int, help="training images of every curve, for a trial")
    asked = parser.parse_args()
    kept: dict[str, list[Point]] = {}
    if asked.out.exists():
        kept = json.loads(asked.out.read_text(encoding="utf-8"))
    wanted = curves(asked.limit)
    for curve in wanted:
        if asked.show or asked.only not in curve.name:
            continue
        data = experiment.load_data("mnist", curve.limit)
        for key, params in keyed(curve):
            if key in kept:
                continue
            kept[key] = compute(curve, params, data)
            part = asked.out.with_suffix(".part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(asked.out)
    print(tables(wanted, kept))
    figure(wanted, kept, asked.figure)


if __name__ == "__main__":
    main()
