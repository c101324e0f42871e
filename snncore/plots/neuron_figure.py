"""The trace of the LIF Playground as a file for a report or a slide."""

from __future__ import annotations

import io
import threading
from typing import Literal

from snncore.playground import Run, Setup
from snncore.plots.base import COLOURS
from snncore.plots.neuron import MOVING_THRESHOLD, panel_variables, spike_strokes, threshold
from snncore.plots.vega import thin

_LOCK = threading.Lock()  # matplotlib is not thread-safe
_DASHES = ("-", "--", ":", "-.")


def figure(setup: Setup, run: Run, kind: Literal["png", "svg"], behind: Run | None = None) -> bytes:
    """Voltage, further variables and current, one above the other; the same run, the same file.

    Args:
        behind: another run, "A", whose voltage is drawn dashed and grey behind this one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    duration = float(run.t[-1])
    variables = panel_variables(setup)
    heights = [3, 1.4, 1] if variables else [3, 1]
    with _LOCK:
        fig = Figure(figsize=(8, 1.1 * sum(heights)), layout="constrained", dpi=200)
        FigureCanvasAgg(fig)
        rows = fig.subplots(len(heights), 1, sharex=True, height_ratios=heights)
        upper, lower = rows[0], rows[-1]
        if behind is not None:
            upper.plot(
                *thin(behind.t, behind.v), color=COLOURS["reference"], linewidth=1,
                linestyle="--", label="A",
            )  # fmt: skip
        upper.plot(*thin(run.t, run.v), color=COLOURS["voltage"], linewidth=1)
        if behind is not None:
            upper.legend(frameon=False, loc="upper right")
        level = threshold(setup)
        style = {"color": COLOURS["threshold"], "linestyle": "--", "linewidth": 1}
        if MOVING_THRESHOLD in run.others:
            upper.plot(*thin(run.t, run.others[MOVING_THRESHOLD]), **style)
        elif level is not None:
            upper.axhline(level, **style)
        times, base, top = spike_strokes(setup, run)
        upper.vlines(times, base, top, color=COLOURS["spike"], linewidth=1.2)
        unit = setup.kind.variables[0].unit
        upper.set_ylabel(f"Voltage [{unit}]" if unit else "v")
        for k, variable in enumerate(variables):
            rows[1].plot(
                *thin(run.t, run.others[variable.name]), color=COLOURS["theory"],
                linewidth=1, linestyle=_DASHES[k % len(_DASHES)], label=variable.name,
            )  # fmt: skip
        if variables:
            unit = variables[0].unit
            rows[1].set_ylabel(f"[{unit}]" if unit else "")
            rows[1].legend(frameon=False, loc="upper right", ncols=len(variables))
        lower.plot(
            *thin(run.t, run.current), color=COLOURS["current"], linewidth=1, drawstyle="steps-pre"
        )
        lower.set_ylabel("Current [nA]")
        lower.set_xlabel("Time [ms]")
        lower.set_xlim(0, duration)
        for axes in rows:
            axes.spines[["top", "right"]].set_visible(False)
        buffer = io.BytesIO()
        # No date inside: the same run gives the same file.
        fig.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
        return buffer.getvalue()
