"""Section: a measure over any two parameters, computed as a job with a map that fills in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.chart import vega_chart
from pages.components.controls import label_of, limits
from pages.components.job_panel import job_panel
from pages.components.lif_run import HASH
from pages.components.lif_section_base import Bench
from snncore.jobs import Progress, Ticket, get_manager
from snncore.params import Spec, Value, digest
from snncore.playground import Setup
from snncore.playground.heatmap import (
    MEASURES,
    Heatmap,
    HeatmapParams,
    axis_range,
    check_time,
    fields,
    heatmap,
    value_of,
)
from snncore.plots.heat import heat_map
from snncore.stimuli import Recording

KEY = "lif_map"
_RESOLUTIONS = (50, 100)
_PREVIEWS = (50, 25)  # cells per side
_PREVIEW_WORK = 15_000_000  # neuron-steps: 0.1 s (measured) of the LIF neuron
_FAVOURITES = ("current", "tau_m", "r_m", "v_th", "t_ref", "sigma_v")


class Payload(NamedTuple):
    """What a job shows: the map so far, and what it is a map of."""

    identity: str
    params: HeatmapParams
    titles: tuple[str, str, str]
    here: tuple[float, float]
    found: Heatmap


def two_parameters(bench: Bench) -> None:
    """Choose the axes, compute, watch the map fill in."""
    params = _choices(bench)
    if params is None:
        return
    setup, recording = bench.setup, bench.recording
    identity = _identity(setup, params, recording)
    view = job_panel(
        KEY,
        submit=lambda owner: _submit(owner, setup, params, recording),
        draw=lambda payload, final: _draw(payload, final, identity, dark=bench.dark),
        label="Compute the map",
        ticket_param=f"{KEY}_job",
        kind="sweep",
    )
    if view is None:
        _preview(bench, params)
    elif view.state == "done" and view.snapshot is not None:
        base.download("lif_map", lambda: _columns(view.snapshot.payload))


@st.cache_data(max_entries=16, ttl=3600, max_size="8MB", show_spinner=False, hash_funcs=HASH)
def cached_preview(setup: Setup, params: HeatmapParams, recording: Recording | None) -> Payload:
    """A coarse map, at once."""
    *_, last = _work(setup, params, recording, _identity(setup, params, recording))
    payload: Payload = last.payload
    return payload


def _preview(bench: Bench, params: HeatmapParams) -> None:
    """Before the first job: a coarse map where that takes no time."""
    setup, steps = bench.setup, bench.setup.run.n_steps
    st.caption(
        f"{params.n} × {params.n} neurons, each simulated for {setup.run.duration:g} ms with the "
        "drive above."
    )
    side = next((n for n in _PREVIEWS if n * n * steps <= _PREVIEW_WORK), 0)
    if setup.model != "lif" or not side:
        return
    coarse = dataclasses.replace(params, n=side)
    payload = base.computed(lambda: cached_preview(setup, coarse, bench.recording))
    if payload is not None:
        _draw(payload, True, payload.identity, dark=bench.dark)
        st.caption(f"This is a preview of {side} × {side} cells.")
        base.download("lif_map", lambda: _columns(payload))


def link_values() -> dict[str, Value]:
    """What the address must carry to restore the choices, also the ranges of their defaults."""
    found = {
        key: st.session_state[key]
        for key in (f"{KEY}_{name}" for name in ("x", "y", "measure", "n"))
        if key in st.session_state
    }
    for name in st.session_state.get(f"{KEY}_axes", ()):
        for key in (f"{KEY}_from_{name}", f"{KEY}_to_{name}"):
            if key in st.session_state:
                found[key] = st.session_state[key]
    return found


def _choices(bench: Bench) -> HeatmapParams | None:
    """The controls: two axes with their ranges, the measure, the resolution."""
    known = fields(bench.setup, bench.recording)
    names = [n for n in _FAVOURITES if n in known] + [n for n in known if n not in _FAVOURITES]
    axes = {label_of(name, known[name]): name for name in names}
    measures = {words: name for name, (words, _) in MEASURES.items()}
    chosen: dict[str, Any] = {}
    for side in ("x", "y"):
        axis, low, high, other = st.columns([2, 1, 1, 1.4])
        with axis:
            title = "Horizontal parameter" if side == "x" else "Vertical parameter"
            name = axes[_choice(title, list(axes), side, 0 if side == "x" else 1)]
        chosen[side] = name
        start, end = axis_range(bench.setup, name)
        if side == "x" or name != chosen["x"]:  # else `_problem` says so
            with low:
                start = _end(name, known[name], "from", start)
            with high:
                end = _end(name, known[name], "to", end)
        chosen[f"{side}_from"], chosen[f"{side}_to"] = start, end
        with other:
            if side == "x":
                chosen["measure"] = measures[_choice("Measure", list(measures), "measure", 0)]
            else:
                chosen["n"] = _cells_per_side()
    st.session_state[f"{KEY}_axes"] = (chosen["x"], chosen["y"])
    problem = _problem(chosen, known)
    if problem:
        base.hint(problem)
        return None
    return HeatmapParams(**chosen)


def _problem(chosen: dict[str, Any], known: dict[str, Spec]) -> str:
    """Why there is no such map, in the words of the page; "" where there is one."""
    if chosen["x"] == chosen["y"]:
        return "Both axes are the same parameter: choose another for one of them."
    for side in ("x", "y"):
        name, low, high = chosen[side], chosen[f"{side}_from"], chosen[f"{side}_to"]
        label, spec = label_of(name, known[name]), known[name]
        if low >= high:
            return f"{label} must go from a smaller to a larger number, got {low:g} to {high:g}."
        if low < spec.lo or high > spec.hi or (spec.lo_open and low == spec.lo):
            sign = ">" if spec.lo_open else ">="
            return (
                f"{label} must be {sign} {spec.lo:g} and <= {spec.hi:g}, got {low:g} to {high:g}."
            )
    return ""


def _choice(title: str, options: list[str], name: str, first: int) -> str:
    """A list whose chosen words stand in the address."""
    key = f"{KEY}_{name}"
    if st.session_state.get(key, options[first]) not in options:  # of another model
        del st.session_state[key]
    return str(st.selectbox(title, options, index=first, key=key, bind="query-params"))


def _cells_per_side() -> int:
    n = st.segmented_control(
        "Cells per side",
        _RESOLUTIONS,
        default=100,
        required=True,
        key=f"{KEY}_n",
        bind="query-params",
    )
    return int(n or 100)


def _end(name: str, spec: Spec, end: str, default: float) -> float:
    """One end of an axis; each parameter remembers its own range."""
    low, high, step = limits(name, spec, default)
    value = st.number_input(
        end.capitalize(),
        min_value=float(low) if not spec.lo_open else None,
        max_value=float(high),
        value=float(f"{default:.4g}"),
        step=float(step),
        format="%g",
        key=f"{KEY}_{end}_{name}",
        bind="query-params",
    )
    return float(f"{value:.10g}")


def _identity(setup: Setup, params: HeatmapParams, recording: Recording | None) -> str:
    """Equal for equal work: such maps are computed once for all visitors."""
    data = None if recording is None else recording.digest
    return digest("lif map", setup.to_dict(), params.to_dict(), data)


def _submit(owner: str, setup: Setup, params: HeatmapParams, recording: Recording | None) -> Ticket:
    check_time(setup, params)
    identity = _identity(setup, params, recording)
    size = 8 * (setup.run.n_steps * (params.n + 20) + 8 * params.n**2)
    return get_manager("sweep").submit(
        owner, identity, lambda: _work(setup, params, recording, identity), size
    )


def _work(
    setup: Setup, params: HeatmapParams, recording: Recording | None, identity: str
) -> Iterator[Progress]:
    known = fields(setup, recording)
    words, unit = MEASURES[params.measure]
    titles = (
        label_of(params.x, known[params.x]),
        label_of(params.y, known[params.y]),
        f"{words} [{unit}]" if unit else words,
    )
    here = (value_of(setup, params.x), value_of(setup, params.y))
    yield Progress(0.0, "Preparing the drive")
    for found in heatmap(setup, params, recording):
        payload = Payload(identity, params, titles, here, found)
        yield Progress(found.done / params.n, f"{found.done} of {params.n} rows", payload)


def _draw(payload: Payload, final: bool, identity: str, *, dark: bool) -> None:
    found = payload.found
    inside = all(
        axis[0] <= at <= axis[-1] for axis, at in zip((found.x, found.y), payload.here, strict=True)
    )
    lines = {}
    if found.onset is not None and len(found.onset):
        lines["Rheobase (theory)"] = (found.onset[:, 0], found.onset[:, 1])
    spec = heat_map(
        found.x,
        found.y,
        found.values,
        payload.titles,
        lines=lines,
        here=payload.here if inside else None,
        dark=dark,
    )
    vega_chart(
        spec=spec,
        alt=f"Map of {payload.titles[2]} over {payload.titles[0]} and {payload.titles[1]}.",
        width="stretch",
    )
    words = []
    if payload.identity != identity:
        words.append("**This map is of an earlier setting**: compute it again to follow the page.")
    if not inside:
        words.append("Your setting lies outside these ranges.")
    if final and not found.valid.all():
        share = 1.0 - float(found.valid.mean())
        words.append(f"Grey: {share:.0%} of the cells, which are no possible neuron or drive.")
    if final and (np.isnan(found.values) & found.valid).any():
        words.append("Grey where there are too few spikes for this measure.")
    if lines:
        words.append("The line is where a constant current begins to make the neuron fire.")
    if words:
        st.caption(" ".join(words))


def _columns(payload: Payload) -> dict[str, Any]:
    found = payload.found
    x, y = np.meshgrid(found.x, found.y)
    return {payload.params.x: x, payload.params.y: y, payload.params.measure: found.values}
