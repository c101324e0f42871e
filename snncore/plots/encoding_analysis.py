"""Charts of the encoding page's analyses: budget, damage, intervals, information, progress.

The three slots keep their colours in all of them: A blue, B red, C pink. Theory is green.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Array, Chart, axis, finite, layer, tip

_LEGEND: Chart = {"signal": "width < 420 ? 1 : 2"}  # columns; one on a phone
SLOT_COLOURS = {"A": "voltage", "B": "spike", "C": "threshold"}


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
        columns=_LEGEND,
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
    columns: int | Chart = _LEGEND,
    step: bool = False,
    log_x: bool = False,
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
    across = finite(*(one.x for one in found), [at])
    x_span = None
    if across.size and not log_x and across.min() < across.max():
        x_span = (float(across.min()), float(across.max()))
    return curves(
        series, *titles, marks=marks, height=height, columns=columns, x_span=x_span, log_x=log_x
    )


def interval_chart(
    k: ArrayLike,
    observed: ArrayLike,
    error: ArrayLike,
    law: ArrayLike | None,
    law_name: str,
    *,
    height: int = 270,
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
        columns=1,
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
        "axis": {"labelLimit": {"expr": "width < 420 ? 110 : 260"}},
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
        "height": 100 + 46 * max(1, len(table)),
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
