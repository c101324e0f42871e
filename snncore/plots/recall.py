"""Figures of the Hopfield page: picture rows, energy and overlap, the spiking memory at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from snncore.plots.base import COLOURS, png

WRONG, UNKNOWN = COLOURS["spike"], COLOURS["reference"]
ON_OFF = ("#E69F00", COLOURS["voltage"])
TILE = 176  # pixels of a tile's longer side, at least: twice what a page shows, for fine screens


def _ink(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def tile(
    states: NDArray[Any], shape: tuple[int, int], *, truth: NDArray[Any] | None = None
) -> NDArray[np.uint8]:
    """RGB [h, w, 3] of states [N]: -1 black, +1 white, exactly 0 (unknown) grey-blue.

    Real values beyond ±1 widen the grey scale. With `truth` (±1 [N]) wrong pixels are orange.
    """
    values = states.astype(np.float32).reshape(shape)
    reach = max(1.0, float(np.abs(values).max()))
    grey = np.round((values / reach + 1.0) * 127.5).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgb[values == 0] = _ink(UNKNOWN)
    if truth is not None:
        rgb[np.sign(values) != truth.reshape(shape)] = _ink(WRONG)
    scale = -(-TILE // max(shape))
    return rgb.repeat(scale, axis=0).repeat(scale, axis=1)


def triptych(tiles: Sequence[NDArray[np.uint8]]) -> bytes:
    """PNG of tiles side by side, a transparent-looking gap of mid grey between them."""
    gap = np.full((tiles[0].shape[0], 10, 3), 128, dtype=np.uint8)
    parts = [tiles[0]]
    for one in tiles[1:]:
        parts += [gap, one]
    return png(np.concatenate(parts, axis=1))


def sheet(
    rows: Sequence[Sequence[NDArray[np.uint8]]], names: Sequence[str], scores: Sequence[str]
) -> bytes:
    """PNG for a report: three rows (stored, damaged, recalled), names above, scores below."""
    labels = ("stored", "damaged", "recalled")
    height, width = rows[0][0].shape[:2]
    left, gap, line = 110, 8, 26
    canvas = Image.new(
        "RGB",
        (left + len(names) * (width + gap), 2 * line + 3 * (height + gap)),
        (255, 255, 255),
    )
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(16)
    for r, row in enumerate(rows):
        y = line + r * (height + gap)
        draw.text((8, y + height // 2 - 8), labels[r], fill=(40, 40, 40), font=font)
        for k, one in enumerate(row):
            canvas.paste(Image.fromarray(one), (left + k * (width + gap), y))
    for k, (name, score) in enumerate(zip(names, scores, strict=True)):
        x = left + k * (width + gap) + width // 2
        draw.text((x, 4), name, fill=(40, 40, 40), font=font, anchor="ma")
        y = line + 3 * (height + gap)
        draw.text((x, y), score, fill=(40, 40, 40), font=font, anchor="ma")
    return png(np.asarray(canvas))


def trace_chart(
    values: NDArray[np.float32],
    names: Sequence[str],
    exact: NDArray[np.bool_],
    *,
    title: str,
    x_title: str,
    domain: tuple[float, float] | None = None,
) -> Any:
    """Lines of values [S, B] over the steps, one a picture; recalled ones green, others orange."""
    steps, count = values.shape
    table = pd.DataFrame(
        {
            "step": np.repeat(np.arange(steps), count),
            "value": values.reshape(-1),
            "picture": np.tile([f"{k + 1} {n}" for k, n in enumerate(names)], steps),
            "answer": np.tile(np.where(exact, "recalled", "not recalled"), steps),
        }
    )
    scale = alt.Scale(zero=False) if domain is None else alt.Scale(domain=list(domain))
    return (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=1.5, opacity=0.8)
        .encode(
            x=alt.X("step:Q", title=x_title, axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("value:Q", title=title, scale=scale),
            detail="picture:N",
            color=alt.Color(
                "answer:N",
                title=None,
                scale=alt.Scale(
                    domain=["recalled", "not recalled"],
                    range=[COLOURS["theory"], COLOURS["spike"]],
                ),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["picture", "step", alt.Tooltip("value:Q", format=".4g"), "answer"],
        )
        .properties(height=280)
    )


def race_chart(membrane: NDArray[np.float32], names: Sequence[str], winner: int, step: int) -> Any:
    """Membranes [T, P] of the memory units for one probe: who reaches the threshold first.

    Args:
        winner: the unit that answers, drawn strong; -1 for none.
        step: when it first fired (1..T), marked by a vertical line; 0 for never.
    """
    steps, count = membrane.shape
    table = pd.DataFrame(
        {
            "step": np.repeat(np.arange(1, steps + 1), count),
            "membrane": membrane.reshape(-1),
            "unit": np.tile([f"{k + 1} {n}" for k, n in enumerate(names)], steps),
            "role": np.tile(np.where(np.arange(count) == winner, "winner", "others"), steps),
        }
    )
    roles = alt.Scale(domain=["winner", "others"], range=[COLOURS["spike"], COLOURS["reference"]])
    lines = (
        alt.Chart(table)
        .mark_line(clip=True)  # after the decision the winner's membrane runs away
        .encode(
            x=alt.X("step:Q", title="time [steps]", scale=alt.Scale(domain=[0, steps])),
            y=alt.Y(
                "membrane:Q",
                title="membrane U [thresholds]",
                scale=alt.Scale(domain=[-1.1, 1.6]),
            ),
            detail="unit:N",
            color=alt.Color("role:N", title=None, scale=roles, legend=alt.Legend(orient="top")),
            strokeWidth=alt.condition("datum.role == 'winner'", alt.value(2.5), alt.value(1)),
            tooltip=["unit", "step", alt.Tooltip("membrane:Q", format=".3f")],
        )
    )
    threshold = (
        alt.Chart(pd.DataFrame({"y": [1.0]}))
        .mark_rule(strokeDash=[5, 4], color=COLOURS["threshold"])
        .encode(y="y:Q")
    )
    layers = [lines, threshold]
    if step > 0:
        mark = alt.Chart(
            pd.DataFrame({"x": [step], "y": [0.5], "text": [f"decision, step {step}"]})
        )
        layers += [
            mark.mark_rule(strokeDash=[2, 3], color=COLOURS["theory"]).encode(x="x:Q"),
            mark.mark_text(
                align="left", dx=6, color=COLOURS["theory"], fontSize=12, fontWeight="bold"
            ).encode(x="x:Q", y="y:Q", text="text:N"),
        ]
    return alt.layer(*layers).properties(height=300)


def memory_raster(spikes: NDArray[np.bool_], names: Sequence[str]) -> Any:
    """Spikes [T, P] of the memory units for one probe, one named row a unit."""
    labels = [f"{k + 1} {n}" for k, n in enumerate(names)]
    t, unit = np.nonzero(spikes)
    table = pd.DataFrame({"step": t + 1, "unit": [labels[u] for u in unit]})
    return (
        alt.Chart(table)
        .mark_tick(thickness=3, color=COLOURS["spike"])
        .encode(
            x=alt.X("step:Q", title="time [steps]", scale=alt.Scale(domain=[0, len(spikes)])),
            y=alt.Y(
                "unit:N",
                title=None,
                sort=labels,
                scale=alt.Scale(domain=labels),
                axis=alt.Axis(labelLimit=110, grid=True, labelOverlap=False),
            ),
            tooltip=["unit", "step"],
        )
        .properties(height=18 * len(labels) + 70)
    )


def visible_raster(spikes: NDArray[np.int8], *, dark: bool = False) -> bytes:
    """PNG of signed spikes [T, V]: time to the right, one row a pixel; ON orange, OFF blue."""
    cells = spikes.T
    rgb = np.empty((*cells.shape, 3), dtype=np.uint8)
    rgb[:] = (26, 33, 42) if dark else (243, 246, 249)
    rgb[cells > 0] = _ink(ON_OFF[0])
    rgb[cells < 0] = _ink("#56B4E9" if dark else ON_OFF[1])
    wide = max(1, 720 // cells.shape[1])
    return png(rgb.repeat(6, axis=0).repeat(wide, axis=1))
