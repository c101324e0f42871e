"""Rate against distortion: what quality each code reaches for how many spikes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Chart, axis, finite, layer, log_ticks, span, tip

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
# Seven colours and six shapes: 42 codes that can be told apart.
_MORE = (
    "#0072B2", "#D55E00", "#CC79A7", "#009E73", "#8C5602", "#6B747E", "#2E8BC0",
)  # fmt: skip
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
