"""Figures of the Spike Encoding page: rasters, pictures read back, signals."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import COLOURS, INK, RASTER_INK, png, pool_time, to_uint8

RASTER_WIDTH, RASTER_HEIGHT = 640, 400  # pixels, about; each cell is a whole number of them
RASTER_ROWS = 200
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
