"""The STDP window of a learning rule: what one pair of spikes does to a weight."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from snncore.plots.base import COLOURS
from snncore.plots.vega import Array, Chart, Key, axis, columns, layer, span, tip

_LINES = ("voltage", "spike", "theory")  # of up to three weights


def stdp_window(lag_ms: Array, changes: Mapping[str, ArrayLike]) -> Chart:
    """Change of a weight over t_post − t_pre, one line for each weight before the pair.

    Args:
        lag_ms: [n] ascending; at 0 the presynaptic spike counts as the earlier one.
        changes: what the legend says (at most three) → Δw [n].

    Lines are broken at the lag 0, where most rules jump.
    """
    key = Key({name: _LINES[k] for k, name in enumerate(changes)}, columns=2)
    values = {name: np.asarray(value, dtype=np.float64) for name, value in changes.items()}
    bounds = span(*values.values(), [0.0])
    x = axis("lag", "t_post − t_pre [ms]", (float(lag_ms[0]), float(lag_ms[-1])))
    tables, layers = {}, []
    for name, value in values.items():
        for side, part in (("after", lag_ms < 0), ("before", lag_ms >= 0)):
            tables[f"{name} {side}"] = columns({"lag": lag_ms[part], "change": value[part]})
            layers.append(
                layer(
                    f"{name} {side}",
                    "line",
                    {"strokeWidth": 2},
                    x=x,
                    y=axis("change", "Δw", bounds, format="~g", tickCount=5),
                    color=key(name),
                    tooltip=[tip("lag", "t_post − t_pre [ms]"), tip("change", "Δw")],
                )
            )
    zero = {"color": COLOURS["reference"], "strokeWidth": 1, "opacity": 0.6}
    tables["zero"] = columns({"lag": [0.0], "change": [0.0]})
    layers.append(layer("zero", "rule", zero, x={"field": "lag", "type": "quantitative"}))
    layers.append(layer("zero", "rule", zero, y={"field": "change", "type": "quantitative"}))
    return {"datasets": tables, "height": 220, "layer": layers}
