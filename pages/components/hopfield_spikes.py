"""Inside the spiking memories: rasters, the race to the threshold, reaction times, the cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.chart import vega_chart
from pages.components.glossary import meaning
from pages.components.hopfield_bench import RecallBench
from pages.components.inline import inline
from pages.components.text import plain
from snncore.hopfield import SpikingTrace
from snncore.hopfield.spiking_race import race
from snncore.plots import recall_spikes as figures
from snncore.recall_lab import RULES

MOST_UNITS = 8  # rows of memory units in the raster
MOST_LINES = 24
MOST_PIXELS = 60  # rows of the raster: more would be thinner than three pixels of the page
MOST_PROBES = 2000


def spikes_panel(bench: RecallBench) -> None:
    """What the cells did for the chosen input, and how long all inputs took."""
    trace = bench.answer.result.spikes
    if trace is None:
        st.info(
            "This memory computes with signs and numbers, not with spikes. Choose "
            f"**{RULES['spiking'].title}** or **{RULES['spiking-attractor'].title}** as the memory "
            "to watch neurons decide.",
            icon=":material/bolt:",
        )
        return
    if bench.which >= bench.answer.result.recorded:
        st.info(
            f"Spikes are kept of the first {bench.answer.result.recorded} inputs, to save memory. "
            "Choose one of them under *Look at*.",
            icon=":material/info:",
        )
        return
    if bench.rule == "spiking-attractor":
        _attractor(bench, trace)
    else:
        _memory(bench, trace)
    _cost(bench, trace)


def _names(bench: RecallBench, units: np.ndarray) -> list[str]:
    return [f"{u + 1} {bench.names[u]}".strip() for u in units.tolist()]


def _pixels(bench: RecallBench, trace: SpikingTrace) -> np.ndarray:
    """Spikes [T, V] of the shown pixels, those that end bright at the top."""
    shown = trace.visible_pixels.numpy()
    answer = trace.readout[bench.which].numpy()[shown]
    order = figures.order_of(answer)
    rows = order[np.linspace(0, len(order) - 1, min(MOST_PIXELS, len(order))).round().astype(int)]
    spikes: np.ndarray = trace.visible_spikes[:, bench.which].numpy()[:, rows]
    return spikes


def _metrics(bench: RecallBench, trace: SpikingTrace, winner: str, step: int, label: str) -> None:
    decided = trace.decision_step[trace.decision_step > 0]
    with st.container(horizontal=True, gap="medium", key="hop_spk_numbers"):
        st.metric(
            "Winner", plain(winner), width="content",
            help=meaning("Race of the memory units"),
        )  # fmt: skip
        st.metric(label, str(step or "never"), width="content", help=meaning("Decision step"))
        mean = f"{float(decided.float().mean()):.1f}" if len(decided) else "–"
        st.metric("Mean of all inputs", mean, width="content")
        per_pixel = float(trace.spikes_per_pixel[bench.which])
        st.metric("Spikes per pixel", f"{per_pixel:.1f}", width="content")


def _memory(bench: RecallBench, trace: SpikingTrace) -> None:
    b = bench.which
    winner, step = int(trace.winner[b]), int(trace.decision_step[b])
    units, membrane = trace.units[b].numpy(), trace.membrane[:, b].numpy()
    ahead = membrane[: max(1, step)].max(axis=0) + 100.0 * (units == winner)
    lines = np.argsort(-ahead, kind="stable")[:MOST_LINES]
    rows = lines[:MOST_UNITS]
    who = bench.names[winner] if winner >= 0 else "nobody"
    _metrics(bench, trace, who, step, "Decision at step")
    mark = (step - 0.5, f"decision, step {step}") if step else None
    pixels = _pixels(bench, trace)
    vega_chart(
        spec=figures.raster_chart(
            pixels,
            trace.memory_spikes[:, b].numpy()[:, rows],
            _names(bench, units[rows]),
            mark,
            dark=bench.dark,
        ),
        key="hop_spk_raster",
        width="stretch",
        alt=f"Spikes of {len(pixels[0])} pixels and of {len(rows)} memory units.",
    )
    until = (
        "After it the winner's feedback takes over, and every pixel holds one colour"
        if bench.mode == "binary"
        else "After it the input is shut off, and the winner's feedback makes each pixel fire at "
        "the rate that is its grey level"
    )
    st.caption(
        f"Each row is a pixel ({len(pixels[0])} of {len(trace.readout[b]):,}): "
        "orange a spike of its ON cell (bright), blue of its OFF cell (dark), sorted by the "
        f"answer. Before the decision the noisy input drives them. {until}. Below: the memory "
        "units, one for each stored picture."
    )
    vega_chart(
        spec=figures.course_chart(
            membrane[:, lines],
            _names(bench, units[lines]),
            int(np.flatnonzero(units[lines] == winner)[0]) if winner >= 0 else -1,
            "Membrane U",
            level=(1.0, "threshold"),
            mark=mark,
            bounds=(-1.1, 1.6),
            dark=bench.dark,
        ),
        key="hop_spk_race",
        width="stretch",
        alt=f"Membranes of {len(lines)} memory units over time; the winner: {who}.",
    )
    st.caption(
        "The race: each membrane gathers evidence for its picture. Whoever crosses the threshold "
        "first inhibits all others. Rising urgency lifts all alike, so it changes when the race "
        "ends, not who leads."
    )
    _reaction(bench, trace)


def _reaction(bench: RecallBench, trace: SpikingTrace) -> None:
    expected = inline(lambda: _expected(bench.identity, bench))
    count = len(expected.drift)
    targets = bench.answer.result.targets[:count]
    steps = trace.decision_step[:count].numpy()
    st.markdown("**Reaction times**")
    vega_chart(
        spec=figures.reaction_chart(
            expected.drift, steps, (trace.winner[:count] == targets).numpy(),
            (expected.grid, expected.line), bench.which, dark=bench.dark,
        ),
        key="hop_spk_reaction",
        width="stretch",
        alt=f"Decision steps of {count} inputs over the drift of the leading memory unit.",
    )  # fmt: skip
    never = int((steps == 0).sum())
    st.caption(
        "Easy inputs to the right: the leading unit rises fast and fires early. Hard ones to the "
        "left take longer, as people do. The line is the theory U = d·t + u·t(t+1)/2 = 1, without "
        "a free parameter." + (f" {never} inputs were never decided." if never else "")
    )


class _Expected(NamedTuple):
    """When the inputs should be decided; a few numbers, so that many are kept."""

    drift: NDArray[np.float64]  # of the leading unit, one for each input
    grid: NDArray[np.float64]  # drifts of the theory's line
    line: NDArray[np.float64]  # steps there


@st.cache_data(max_entries=64, ttl=1800, max_size="8MB", show_spinner=False)
def _expected(identity: str, _bench: RecallBench) -> _Expected:
    """The theory of one recall: with many stored pictures it takes as long as a short recall."""
    probes = _bench.answer.probes.rows(slice(0, MOST_PROBES))
    found = race(_bench.answer.patterns, probes, _bench.ask.spiking)
    drift = found.drift.numpy().astype(np.float64)
    grid = np.linspace(min(0.0, float(drift.min())), max(1e-3, float(drift.max())), 60)
    line = found.step(found.drift.new_tensor(grid)).numpy().astype(np.float64)
    return _Expected(drift, grid, line)


def _attractor(bench: RecallBench, trace: SpikingTrace) -> None:
    b, p = bench.which, bench.ask.attractor
    winner, step = int(trace.winner[b]), int(trace.decision_step[b])
    cue = max(1, round(p.cue * p.time_steps))
    who = bench.names[winner] if winner >= 0 else "nothing (silent)"
    _metrics(bench, trace, who, step, "Settled at step")
    mark = (float(cue), f"input ends, step {cue}") if cue < p.time_steps else None
    vega_chart(
        spec=figures.raster_chart(
            _pixels(bench, trace), np.zeros((p.time_steps, 0), dtype=bool), (), mark,
            dark=bench.dark,
        ),
        key="hop_spk_raster",
        width="stretch",
        alt=f"Spikes of some pixels; the input ends at step {cue}.",
    )  # fmt: skip
    st.caption(
        "Orange: spikes of ON cells (white), blue: of OFF cells (black), sorted by the answer. "
        "There are no memory units: pixels drive pixels. After the input ends, only what the "
        "couplings hold up goes on firing, and that is the answer."
    )
    units, overlap = trace.units[b].numpy(), trace.overlap[:, b].numpy()
    lines = np.argsort(-overlap[-1] - 100.0 * (units == winner), kind="stable")[:MOST_LINES]
    vega_chart(
        spec=figures.course_chart(
            overlap[:, lines],
            _names(bench, units[lines]),
            int(np.flatnonzero(units[lines] == winner)[0]) if winner >= 0 else -1,
            "Overlap ξ·r/N",
            mark=mark,
            dark=bench.dark,
        ),
        key="hop_spk_race",
        width="stretch",
        alt=f"Overlap of the activity with {len(lines)} stored pictures; most like: {who}.",
    )
    st.caption(
        "How like each stored picture the activity is (r: the trace that spikes leave in the "
        "synapses). Hebb's couplings let pictures that are alike rise together and end in their "
        "mixture; the pseudo-inverse lets one win."
    )


def _cost(bench: RecallBench, trace: SpikingTrace) -> None:
    count, n = bench.answer.patterns.states.shape
    events = float(trace.synaptic_events.mean())
    dense = float(trace.spikes_per_pixel.mean()) * n * (n - 1)
    if not events:
        return
    st.markdown(
        f"**Cost.** {events:,.0f} synaptic events for an input: every spike reaches "
        + (
            f"the {count:,} memory units, every memory spike the {n:,} pixels."
            if bench.rule == "spiking"
            else "the couplings through their factors."
        )
        + f" A dense network of {n:,} × {n:,} synapses would have {dense:,.0f} with the same "
        f"spikes, **{dense / events:,.0f} times** as many."
    )
