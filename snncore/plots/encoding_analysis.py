"""Charts of the encoding page's analyses: rate against distortion, damage, intervals, progress.

The three slots keep their colour and their shape in all of them: A blue circles, B red squares,
C pink triangles. Theory is green.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Array, Chart, axis, finite, layer, log_ticks, span, tip

SLOT_COLOURS = {"A": "voltage", "B": "spike", "C": "threshold"}
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_MORE = (
    "#0072B2", "#D55E00", "#CC79A7", "#009E73", "#8C5602", "#6B747E", "#2E8BC0", "#B8442E",
)  # fmt: skip
_MOST_CODES = len(_SHAPES) * len(_MORE)
_PERFECT_ROOM = 6.0  # dB between the best finite point and those of perfect copies


class Operating(NamedTuple):
    """One setting of one code: what it costs and what it gives."""

    code: str  # as the legend calls it
    spikes: float  # per value
    quality: float  # dB; infinite for a perfect copy
    setting: str  # in words, for the tooltip


def distortion_chart(
    points: Sequence[Operating],
    here: Mapping[str, Operating],
    front: Sequence[Operating],
    quality: str,
    unit: str,
    *,
    dark: bool = False,
    height: int = 400,
) -> Chart:
    """Quality over spikes per value: a line for each code, the slots' own points as large letters.

    Args:
        points: of all codes, each code's in the order of its settings.
        here: letter of a slot → where it stands.
        front: the points that no other beats, by growing number of spikes.
        quality: "PSNR" or "SNR".
        unit: what a value is: "pixel" or "sample".

    Points without spikes or quality are left out. Perfect copies stand on a line of their own at
    the top.
    """
    every = [*points, *here.values()]
    drawn = [p for p in every if p.spikes > 0 and not math.isnan(p.quality)]
    known = finite([p.quality for p in drawn])
    perfect = math.nan
    if any(math.isinf(p.quality) for p in drawn):
        perfect = (float(known.max()) if known.size else 30.0) + _PERFECT_ROOM
    cost = [p.spikes for p in drawn] or [0.1, 1.0]
    x_span = (min(cost) / 1.4, max(cost) * 1.4)
    y_span = span(known, [perfect])
    x = axis("x", f"Spikes per {unit}", x_span, log=True)
    x["axis"]["values"] = log_ticks(*x_span)
    y = axis("y", f"{quality} [dB]", y_span)
    codes = list(dict.fromkeys(p.code for p in drawn))
    look = {
        "color": _nominal("code", codes, [_MORE[k % len(_MORE)] for k in range(len(codes))]),
        "shape": _nominal("code", codes, [_SHAPES[k % len(_SHAPES)] for k in range(len(codes))]),
    }
    tips = [
        {"field": "code", "type": "nominal", "title": "Code"},
        {"field": "setting", "type": "nominal", "title": "Setting"},
        tip("x", f"Spikes per {unit}", ".3~g"),
        {"field": "told", "type": "nominal", "title": quality},
    ]
    data = {
        "points": _points([p for p in points if p in drawn], perfect),
        "here": _points([p for p in here.values() if p in drawn], perfect),
    }
    letters = [letter for letter, p in here.items() if p in drawn]
    data["here"]["letter"] = letters
    layers = [
        layer("points", "line", {"strokeWidth": 1.4, "opacity": 0.7, "clip": True}, x=x, y=y,
              color=look["color"], order={"field": "place", "type": "quantitative"}),
        layer("points", "point", {"filled": True, "size": 42, "opacity": 0.9, "clip": True},
              x=x, y=y, tooltip=tips, **look),
    ]  # fmt: skip
    kept = [p for p in front if p.spikes > 0 and not math.isnan(p.quality)]
    if len(kept) > 1:
        data["front"] = _points(kept, perfect)
        style: Chart = {
            "strokeDash": [5, 4], "strokeWidth": 1.6, "interpolate": "step-after",
            "color": COLOURS["reference"], "clip": True,
        }  # fmt: skip
        order = {"field": "place", "type": "quantitative"}
        layers.insert(0, layer("front", "line", style, x=x, y=y, order=order))
    if not math.isnan(perfect):
        data["perfect"] = pd.DataFrame({"y": [perfect], "text": ["perfect copy"]})
        layers += [
            layer("perfect", "rule", {"strokeDash": [2, 3], "color": COLOURS["reference"]}, y=y),
            layer("perfect", "text", {"align": "left", "x": 4, "dy": -7, "color": INK[dark]}, y=y,
                  text={"field": "text", "type": "nominal"}),
        ]  # fmt: skip
    layers += [
        layer("here", "point", {"filled": False, "size": 330, "strokeWidth": 2.2, "shape": "circle",
                                "color": INK[dark]}, x=x, y=y, tooltip=tips),
        layer("here", "text", {"fontWeight": "bold", "dy": -19, "color": INK[dark], "fontSize": 13},
              x=x, y=y, text={"field": "letter", "type": "nominal"}),
    ]  # fmt: skip
    return {"datasets": data, "height": height, "layer": layers}


def _nominal(field: str, domain: Sequence[str], values: Sequence[str]) -> Chart:
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(domain), "range": list(values)},
        "legend": {
            "title": None, "orient": "bottom", "labelLimit": 220,
            "columns": {"signal": "width < 420 ? 1 : 3"},
        },
    }  # fmt: skip


def _points(points: Sequence[Operating], perfect: float) -> pd.DataFrame:
    return pd.DataFrame({
        "x": [p.spikes for p in points],
        "y": [perfect if math.isinf(p.quality) else p.quality for p in points],
        "told": [
            "perfect copy" if math.isinf(p.quality) else f"{p.quality:.2f} dB" for p in points
        ],
        "code": [p.code for p in points],
        "setting": [p.setting for p in points],
        "place": range(len(points)),
    })  # fmt: skip


def budget_chart(
    spikes: ArrayLike,
    quality: ArrayLike,
    best: tuple[float, float],
    now: tuple[float, float],
    budget: float,
    titles: tuple[str, str],
) -> Chart:
    """Everything that a search tried, the budget as a line, the best and the present setting.

    Args:
        titles: of the axes, with units.
    """
    x, y = np.asarray(spikes, dtype=np.float64), np.asarray(quality, dtype=np.float64)
    return curves(
        [
            Series("Tried", x, y, "voltage", "dots"),
            Series("Now in the slot", np.array([now[0]]), np.array([now[1]]), "threshold",
                   "diamond"),
            Series("Best within the budget", np.array([best[0]]), np.array([best[1]]), "spike",
                   "diamond"),
        ],
        *titles,
        marks=[Mark("Budget", budget, "x", "reference")],
        log_x=True,
        height=300,
        columns=2,
    )  # fmt: skip


class SlotCurve(NamedTuple):
    """A slot's curve: x and y [K], with error bars [K] where there are some."""

    letter: str
    title: str
    x: Array
    y: Array
    error: Array | None = None


def slot_curves(
    found: Sequence[SlotCurve],
    titles: tuple[str, str],
    *,
    at: float = math.nan,
    at_name: str = "",
    height: int = 300,
    step: bool = False,
    zero: bool = False,
) -> Chart:
    """A curve for each slot with a band of ±1 standard error; perfect copies are left out.

    Args:
        titles: of the axes, with units.
        at: a place on the x axis to mark, called `at_name`.
        step: values hold until the next one.
    """
    series = []
    for one in found:
        low = high = None
        if one.error is not None:
            low, high = one.y - one.error, one.y + one.error
        series.append(
            Series(f"{one.letter} {one.title}", one.x, one.y, SLOT_COLOURS[one.letter],
                   "step" if step else "line", low, high)
        )  # fmt: skip
    marks = [Mark(at_name, at)] if at_name else []
    return curves(series, *titles, marks=marks, height=height, columns=2, zero=zero)


def interval_chart(
    k: ArrayLike,
    observed: ArrayLike,
    error: ArrayLike,
    law: ArrayLike | None,
    law_name: str,
    *,
    height: int = 240,
) -> Chart:
    """Shares of intervals of 1, 2, … steps as bars with ±1 standard error, the law as a line.

    Args:
        k: [K] whole steps.
        law: [K] probabilities; None where the code has no law.
    """
    steps = np.asarray(k, dtype=np.float64)
    share, chance = np.asarray(observed, np.float64), np.asarray(error, np.float64)
    edges = np.append(steps - 0.5, steps[-1:] + 0.5)
    series = [Series("Simulation", edges, share, "voltage", "bars")]
    if law is not None:
        short = np.full(steps.size, np.nan)
        known = np.asarray(law, dtype=np.float64)[: steps.size]
        short[: known.size] = known
        series.append(Series(f"Law: {law_name}", steps, short, "theory", "line"))
        series.append(Series(f"Law: {law_name}", steps, short, "theory", "dots"))
    chart = curves(
        series,
        "Interval [steps]",
        "Probability",
        x_span=(float(edges[0]), float(edges[-1])) if steps.size else (0.0, 1.0),
        zero=True,
        height=height,
        columns=2,
    )
    if steps.size and chart["layer"]:
        chart["datasets"]["chance"] = pd.DataFrame({
            "x": steps, "low": np.maximum(share - chance, 0.0), "high": share + chance,
        })  # fmt: skip
        x = chart["layer"][0]["encoding"]["x"]
        y = chart["layer"][0]["encoding"]["y"] | {"field": "low"}
        bars = layer(
            "chance", "rule", {"color": COLOURS["reference"], "clip": True},
            x=x, y=y, y2={"field": "high"},
        )  # fmt: skip
        chart["layer"].insert(1, bars)
    return chart


def information_chart(
    names: Sequence[str],
    bits: ArrayLike,
    error: ArrayLike,
    entropy: ArrayLike,
    shuffled: ArrayLike,
    *,
    dark: bool = False,
) -> Chart:
    """Bits per value of each slot as a bar, with ±1 standard error, what there is, and the control.

    Args:
        names: one per slot.
        entropy: bits of the values themselves: no bar can be longer.
        shuffled: what the same estimate gives for shuffled pairs.
    """
    table = pd.DataFrame({
        "name": list(names),
        "bits": np.asarray(bits, dtype=np.float64),
        "error": np.asarray(error, dtype=np.float64),
        "entropy": np.asarray(entropy, dtype=np.float64),
        "shuffled": np.asarray(shuffled, dtype=np.float64),
        "zero": 0.0,
    }).dropna(subset=["bits"])  # fmt: skip
    table["low"], table["high"] = table["bits"] - table["error"], table["bits"] + table["error"]
    end = max(0.1, 1.08 * float(np.nanmax([*table["entropy"], *table["high"], 0.0])))
    floor = min(0.0, 1.2 * float(np.nanmin([*table["shuffled"], *table["low"], 0.0])))
    x = axis("bits", "Bits per value", (floor, end))
    y: Chart = {
        "field": "name", "type": "nominal", "title": None, "sort": list(names),
        "axis": {"labelLimit": 150},
    }  # fmt: skip
    names_of_marks = {
        "Read back": COLOURS["voltage"],
        "In the values (entropy)": COLOURS["theory"],
        "Shuffled control": COLOURS["spike"],
    }
    colour = {
        "scale": {"domain": list(names_of_marks), "range": list(names_of_marks.values())},
        "type": "nominal",
        "legend": {"title": None, "orient": "top",
                   "columns": {"signal": "width < 300 ? 1 : 3"}, "labelLimit": 220},
    }  # fmt: skip

    def named(name: str) -> Chart:
        return {**colour, "datum": name}

    tips = [tip("bits", "Read back"), tip("entropy", "Entropy"), tip("shuffled", "Shuffled")]
    return {
        "datasets": {"table": table},
        "height": 70 + 44 * max(1, len(table)),
        "layer": [
            layer("table", "bar", {"height": 20, "opacity": 0.85}, x=x, x2={"field": "zero"}, y=y,
                  color=named("Read back"), tooltip=tips),
            layer("table", "rule", {"strokeWidth": 2, "color": INK[dark]},
                  x={**x, "field": "low"}, x2={"field": "high"}, y=y),
            layer("table", "tick", {"thickness": 3, "size": 32}, x={**x, "field": "entropy"}, y=y,
                  color=named("In the values (entropy)"), tooltip=tips),
            layer("table", "tick", {"thickness": 3, "size": 32}, x={**x, "field": "shuffled"}, y=y,
                  color=named("Shuffled control"), tooltip=tips),
        ],
    }  # fmt: skip
