"""Figures of the Spike Encoding page: rasters, pictures read back, signals, decision maps."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.blobs import CHANNELS, BlobResult, Response
from snncore.plots.base import COLOURS, INK, RASTER_INK, png, pool_time, to_uint8

RASTER_WIDTH, RASTER_HEIGHT = 640, 400  # pixels, about; each cell is a whole number of them
RASTER_ROWS = 200
CLASS_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
CLASS_SHAPES = ("circle", "square", "triangle-up", "diamond")
MAP_HEIGHT = 450  # with axes and legend: the plane is about square beside its notes
SIGNAL_HEIGHT = 240  # with the axis
_LINE_POINTS = 1000  # a longer signal is thinned for the chart only


def raster_rows(values: NDArray[np.float32], by_brightness: bool) -> NDArray[np.int64]:
    """Which neurons a raster shows, top first: all, or `RASTER_ROWS` of them evenly spaced."""
    order = np.argsort(-values, kind="stable") if by_brightness else np.arange(values.size)
    if order.size <= RASTER_ROWS:
        return order
    picks = (np.arange(RASTER_ROWS) * order.size) // RASTER_ROWS
    return order[picks]


def raster(spikes: NDArray[np.bool_], rows: NDArray[np.int64], *, dark: bool) -> bytes:
    """PNG of the neurons `rows` of spikes [T, N]: time to the right, the first row at the top."""
    cells = pool_time(spikes[:, rows], RASTER_WIDTH).T
    tall = max(1, RASTER_HEIGHT // cells.shape[0])
    wide = max(1, RASTER_WIDTH // cells.shape[1])
    ink = RASTER_INK[dark]
    rgb = np.empty((*cells.shape, 3), dtype=np.uint8)
    rgb[:] = (26, 33, 42) if dark else (243, 246, 249)
    rgb[cells] = tuple(int(ink[i : i + 2], 16) for i in (1, 3, 5))
    return png(rgb.repeat(tall, axis=0).repeat(wide, axis=1))


def picture(values: NDArray[np.float32], shape: tuple[int, int], *, side: int = 256) -> bytes:
    """PNG of values [N] in 0..1 (brighter is shown as white) as a picture about `side` px large."""
    pixels = to_uint8(values.reshape(shape), 0.0, 1.0)
    return png(pixels, scale=max(1, side // max(shape)))


def comparison(
    original: NDArray[np.float32], decoded: Sequence[NDArray[np.float32]], shape: tuple[int, int]
) -> bytes:
    """PNG of the original and what each code gave back, side by side."""
    gap = np.full((shape[0], max(1, shape[1] // 16)), 0.5, dtype=np.float32)
    tiles = [original.reshape(shape)]
    for values in decoded:
        tiles += [gap, values.reshape(shape)]
    return png(to_uint8(np.concatenate(tiles, axis=1), 0.0, 1.0), scale=max(1, 256 // max(shape)))


def signal(
    values: NDArray[np.float32],
    decoded: NDArray[np.float32],
    spikes: NDArray[np.int8],
    *,
    theta: float | None = None,
    dark: bool = False,
) -> alt.LayerChart | alt.FacetChart:
    """A signal [T], its reconstruction [T] as steps, the band ±θ around it, and the spikes [T].

    Spikes up stand above the curves, spikes down below them, so colour is not needed to tell them.
    """
    every = max(1, -(-values.size // _LINE_POINTS))
    step = np.arange(values.size)[::every]
    table = pd.DataFrame({"step": step, "signal": values[::every], "decoded": decoded[::every]})
    low = float(min(values.min(), decoded.min())) - 0.05
    high = float(max(values.max(), decoded.max())) + 0.05
    span = high - low
    x = alt.X("step:Q", title="time [steps]", scale=alt.Scale(domain=[0, values.size], nice=False))
    y_scale = alt.Scale(domain=[low - 0.16 * span, high + 0.16 * span], nice=False)
    base = alt.Chart(table).encode(x=x)
    layers: list[alt.Chart] = []
    if theta is not None:
        table["lower"], table["upper"] = table["signal"] - theta, table["signal"] + theta
        layers.append(
            base.mark_area(color=COLOURS["theory"], opacity=0.22).encode(
                y=alt.Y("lower:Q", scale=y_scale, title="value"), y2="upper:Q"
            )
        )
    grey = INK[dark]
    lines = base.transform_fold(["signal", "decoded"], as_=["curve", "value"])
    layers.append(
        lines.mark_line(interpolate="step-after", strokeWidth=1.8).encode(
            y=alt.Y("value:Q", scale=y_scale, title="value"),
            color=alt.Color(
                "curve:N",
                scale=alt.Scale(
                    domain=["signal", "decoded"],
                    range=[grey, "#56B4E9" if dark else COLOURS["voltage"]],
                ),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("step:Q"),
                alt.Tooltip("signal:Q", format=".3f"),
                alt.Tooltip("decoded:Q", format=".3f"),
            ],
        )
    )
    for sign, colour in ((1, COLOURS["spike"]), (-1, COLOURS["threshold"])):
        where = np.flatnonzero(spikes == sign)
        if where.size == 0:
            continue
        inner, outer = (
            (high + 0.03 * span, high + 0.13 * span)
            if sign > 0
            else (low - 0.03 * span, low - 0.13 * span)
        )
        marks = pd.DataFrame({"step": where, "from": inner, "to": outer})
        layers.append(
            alt.Chart(marks)
            .mark_rule(color=colour, strokeWidth=1.2)
            .encode(x=x, y=alt.Y("from:Q", scale=y_scale), y2="to:Q", tooltip=["step:Q"])
        )
    return alt.layer(*layers).properties(height=SIGNAL_HEIGHT)


def _blend(ink: str, strength: NDArray[np.float64], dark: bool) -> list[str]:
    """Hex colours between the background (0) and `ink` (1)."""
    paper = np.array([14, 17, 23] if dark else [255, 255, 255])
    full = np.array([int(ink[i : i + 2], 16) for i in (1, 3, 5)])
    mixed = np.rint(paper + strength[:, None] * (full - paper)).astype(int)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in mixed]


def decision_map(
    result: BlobResult,
    grid: Response,
    *,
    neuron: int | None = None,
    lines: Sequence[tuple[str, float, float, float, float]] = (),
    show: str = "test",
    dark: bool = False,
) -> alt.LayerChart | alt.FacetChart:
    """The plane coloured by the winning class (stronger: more spikes), with the points on it.

    Args:
        grid: response on size² cell centres, row 0 at the bottom.
        neuron: show this neuron's spike count instead of the winner.
        lines: (label, x0, y0, x1, y1) drawn over it, e.g. the exact lines of equal count.
        show: "test", "train" or "none": which points.
    """
    cells, classes = grid.counts.shape
    size = round(cells**0.5)
    winner = grid.winners if neuron is None else np.full(cells, neuron)
    count = grid.counts[np.arange(cells), winner]
    strength = 0.12 + 0.68 * count / max(1, int(count.max()))
    colour = np.empty(cells, dtype=object)
    for k in range(classes):
        mine = winner == k
        colour[mine] = _blend(CLASS_COLOURS[k], strength[mine], dark)
    edge = np.arange(size) / size
    table = pd.DataFrame(
        {
            "x": np.tile(edge, size), "x2": np.tile(edge + 1.06 / size, size),
            "y": np.repeat(edge, size), "y2": np.repeat(edge + 1.06 / size, size),
            "colour": colour, "class": [f"class {k + 1}" for k in grid.winners], "spikes": count,
        }
    )  # fmt: skip
    unit = alt.Scale(domain=[0, 1], nice=False)
    x, y = alt.X("x:Q", scale=unit, title="x"), alt.Y("y:Q", scale=unit, title="y")
    layers = [
        alt.Chart(table)
        .mark_rect(strokeWidth=0)
        .encode(
            x=x, x2="x2:Q", y=y, y2="y2:Q",
            fill=alt.Fill("colour:N", scale=None, legend=None), tooltip=["class:N", "spikes:Q"],
        )
    ]  # fmt: skip
    ink = INK[dark]
    if lines:
        drawn = pd.DataFrame(lines, columns=["label", "x", "y", "x2", "y2"])
        rules = alt.Chart(drawn).encode(x=x, y=y)
        layers.append(
            rules.mark_rule(color=ink, strokeDash=[5, 3]).encode(
                x2="x2:Q", y2="y2:Q", tooltip=["label:N"]
            )
        )
    if show != "none":
        blobs = result.blobs
        points, labels, response = (
            (blobs.test_points, blobs.test_labels, result.test)
            if show == "test"
            else (blobs.train_points, blobs.train_labels, result.train)
        )
        names = [f"class {k + 1}" for k in range(classes)]
        dots = pd.DataFrame(
            {
                "x": points[:, 0], "y": points[:, 1], "true class": [names[k] for k in labels],
                "winner": [names[k] for k in response.winners],
                "spikes": [" / ".join(map(str, row)) for row in response.counts],
            }
        )  # fmt: skip
        legend = alt.Legend(title=None, orient="top", symbolSize=130)
        base = alt.Chart(dots).encode(x=x, y=y, tooltip=["true class:N", "winner:N", "spikes:N"])
        layers.append(
            base.mark_point(
                filled=True, size=46, opacity=1, stroke="#FFFFFF", strokeWidth=1
            ).encode(
                color=alt.Color(
                    "true class:N",
                    scale=alt.Scale(domain=names, range=list(CLASS_COLOURS[:classes])),
                    legend=legend,
                ),
                shape=alt.Shape(
                    "true class:N",
                    scale=alt.Scale(domain=names, range=list(CLASS_SHAPES[:classes])),
                    legend=legend,
                ),
            )
        )
        wrong = base.transform_filter("datum['true class'] != datum.winner")
        layers.append(
            wrong.mark_point(shape="circle", filled=False, size=170, strokeWidth=2, color=ink)
        )
    return alt.layer(*layers).properties(height=MAP_HEIGHT)


def weights(values: NDArray[np.float32], *, dark: bool = False) -> alt.LayerChart | alt.FacetChart:
    """Weights [K, 4] as a table of numbers on colour, orange strengthening, blue weakening."""
    rows = [
        {"neuron": f"class {k + 1}", "channel": channel, "weight": float(values[k, f])}
        for k in range(len(values))
        for f, channel in enumerate(CHANNELS)
    ]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("channel:N", sort=list(CHANNELS), title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("neuron:N", title=None),
    )
    limit = 2 * float(np.abs(values).max()) or 1.0  # half the strength at most: numbers stand on it
    middle = "#1A212B" if dark else "#FFFFFF"
    shade = base.mark_rect().encode(
        color=alt.Color(
            "weight:Q",
            scale=alt.Scale(
                domain=[-limit, 0, limit], range=["#0072B2", middle, "#E69F00"], interpolate="rgb"
            ),
            legend=None,
        )
    )
    ink = INK[dark]
    numbers = base.mark_text(color=ink).encode(text=alt.Text("weight:Q", format="+.2f"))
    return (shade + numbers).properties(height=34 * len(values) + 30)


def tradeoff(
    titles: Sequence[str], cost: Sequence[float], psnr: Sequence[float], *, dark: bool = False
) -> alt.LayerChart | alt.FacetChart:
    """What each code costs (spikes per pixel, logarithmic) against what it keeps (PSNR in dB)."""
    rows = pd.DataFrame(
        {
            "code": [f"{slot}: {title}" for slot, title in zip("ABC", titles, strict=False)],
            "slot": list("ABC"[: len(titles)]),
            "cost": [max(c, 1e-3) for c in cost],
            "psnr": [min(p, 99.0) for p in psnr],  # a perfect copy has none
        }
    )
    base = alt.Chart(rows).encode(
        x=alt.X(
            "cost:Q",
            scale=alt.Scale(type="log", nice=True, padding=14),
            title="spikes per pixel",
            axis=alt.Axis(format="~g", tickCount=3),
        ),
        y=alt.Y("psnr:Q", scale=alt.Scale(zero=False, padding=14), title="PSNR [dB]"),
        tooltip=[
            "code:N",
            alt.Tooltip("cost:Q", format=".3g"),
            alt.Tooltip("psnr:Q", format=".1f"),
        ],
    )
    dots = base.mark_point(filled=True, size=90, opacity=1, color=COLOURS["spike"])
    names = base.mark_text(dx=11, fontWeight="bold", color=INK[dark]).encode(text="slot:N")
    return (dots + names).properties(height=210)
