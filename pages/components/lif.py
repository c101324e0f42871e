"""The LIF Playground's main view: cached runs, the row of numbers, the f–I curve."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import streamlit as st

from pages.components.chart import vega_chart
from pages.components.inline import inline
from pages.components.lif_concerns import concerns
from pages.components.lif_controls import FLASH
from pages.components.lif_run import DASH, HASH, cached_run
from snncore.playground import FICurve, Run, Setup, Summary, fi_curve
from snncore.plots import neuron as plots
from snncore.plots.firing import fi_chart
from snncore.simulate import RunParams
from snncore.stimuli import Recording, StimulusParams

FEW = "not enough spikes"


@st.cache_data(max_entries=64, ttl=3600, max_size="16MB", show_spinner=False, hash_funcs=HASH)
def cached_curve(setup: Setup) -> FICurve:
    """The f–I curve of `curve_setup`."""
    return fi_curve(setup)


def run(setup: Setup, recording: Recording | None) -> Run:
    """The run, from the cache or computed now."""
    return inline(lambda: cached_run(setup, recording))


def curve(setup: Setup) -> FICurve | str:
    """The f–I curve around this setup's operating point, or why the engine cannot compute it.

    It visits currents that the run does not, so a refusal is no reason to stop the page.
    """
    flat = curve_setup(setup)

    def guarded() -> FICurve | str:
        try:
            return cached_curve(flat)
        except ValueError as error:
            return str(error)

    return inline(guarded)


def curve_setup(setup: Setup) -> Setup:
    """Only what the curve depends on: a new duration or sine finds the curve in the cache."""
    s = setup.stimulus
    noise = StimulusParams(
        current=s.current, sigma_v=s.sigma_v, noise_intensity=s.noise_intensity,
        ou_std=s.ou_std, ou_tau=s.ou_tau,
        syn_current=s.syn_current, syn_rate_hz=s.syn_rate_hz, syn_tau=s.syn_tau,
    )  # fmt: skip
    dt = setup.run.dt
    steady = RunParams(dt=dt, duration=max(1000.0, dt), seed=setup.run.seed)
    return dataclasses.replace(setup, stimulus=noise, run=steady)


# Drive, picture and numbers fit on one screen of a laptop.
_COMPACT = """<style>
.st-key-lif_numbers [data-testid="stMetricValue"] {font-size: 1.6rem; line-height: 1.2;}
.st-key-lif_numbers [data-testid="stMetric"] {gap: 0;}
.st-key-lif_numbers [data-testid="stMetricDelta"] {font-size: 0.78rem;}
.st-key-lif__preset_names {min-width: 20rem;}
.st-key-lif__preset_names button, .st-key-lif__parts button {
  min-height: 1.7rem; padding: 0 0.55rem; font-size: 0.85rem;
}
.st-key-lif_equation .katex {font-size: 1.1em;}
.st-key-lif_equation .katex-display {margin: 0.3em 0 0.7em;}
@media (max-width: 640px) {
  .st-key-lif__presets > div:has(.st-key-lif__preset_names), .st-key-lif__preset_names {
    flex: 1 0 100%; min-width: 0;
  }
  .st-key-lif_equation .katex {font-size: 0.86em;}
}
</style>"""


def compact() -> None:
    """Smaller numbers and pills, less empty space, on this page."""
    st.html(_COMPACT)


class Number(NamedTuple):
    """One entry of the row of numbers."""

    label: str
    value: str
    note: str
    help: str


_THEORY = {
    "exact": "closed form",
    "quadrature": "by integration",
    "Siegert": "Siegert, noise",
    "quasi-static": "quasi-static",
    "none": "none known",
}


_MEASURED = {
    "rate_hz": "1 / interval",
    "last_rate_hz": "1 / last interval",
    "count_rate_hz": "by counting",
}


def fixed(number: float, digits: int) -> str:
    """`number` with these decimals, a dash where there is none."""
    return f"{number:.{digits}f}" if math.isfinite(number) else DASH


def rate_field(setup: Setup, summary: Summary) -> str:
    """Which of the measured rates is shown: the one that theory speaks of, where there is one.

    Without theory, a steady train is measured from spike to spike, too: counting would add the
    wait for the first spike and what is left at the end.
    """
    if summary.theory == "none" and setup.stimulus.is_constant and summary.rate_hz > 0:
        return "rate_hz"
    return summary.compared


def measured_rate(setup: Setup, summary: Summary) -> float:
    """That rate in Hz."""
    return float(getattr(summary, rate_field(setup, summary)))


def numbers(setup: Setup, summary: Summary) -> list[Number]:
    """Measured beside expected, in words where there is no number."""
    s = summary
    rate = measured_rate(setup, s)
    error, error_note = DASH, FEW if s.count < 2 else "no theory"
    if math.isfinite(s.relative_error):
        percent = 100 * s.relative_error
        error = f"{percent:+.2f} %" if abs(percent) < 10 else f"{percent:+.0f} %"
        error = "0 %" if abs(percent) < 1e-9 else error
        error_note = "of slow-drive theory" if s.theory == "quasi-static" else "rate vs theory"
        if s.theory == "Siegert" and s.count > 0 and math.isfinite(s.theory_cv):
            error_note = f"chance: ±{100 * s.theory_cv / math.sqrt(s.count):.0f} %"
    cv_note = f"theory {s.theory_cv:.3f}" if math.isfinite(s.theory_cv) else "of intervals"
    first, first_note = s.theory_first_spike_ms, "from the start"
    if not math.isfinite(s.first_spike_ms):
        first_note = "no spike"
    elif math.isfinite(first):
        first_note = f"theory {first:.3f}"
    theory_help = "In continuous time."
    if math.isfinite(s.theory_grid_rate_hz) and s.theory_grid_rate_hz != s.theory_rate_hz:
        theory_help += (
            " A simulation that looks for spikes only at the end of each step should give "
            f"{s.theory_grid_rate_hz:.2f} Hz."
        )
    return [
        Number("Spikes", f"{s.count:,}", f"{s.count_rate_hz:.4g} per second", "In the whole run."),
        Number(
            "Rate [Hz]",
            fixed(rate, 2),
            _MEASURED[rate_field(setup, s)],
            "Equal intervals are measured from spike to spike, irregular ones by counting; where "
            "the intervals still change, the last one is what theory speaks of.",
        ),
        Number("Theory [Hz]", fixed(s.theory_rate_hz, 2), _THEORY[s.theory], theory_help),
        Number(
            "Error",
            error,
            error_note,
            "Measured rate / theory − 1. It shrinks with the time step, and with noise with the "
            "length of the run. Quasi-static theory takes each moment's current for a constant "
            "one: where the drive changes within an interval, the theory is wrong, not the run.",
        ),
        Number(
            "CV",
            fixed(s.cv, 3),
            cv_note if math.isfinite(s.cv) else FEW,
            "Standard deviation of the intervals over their mean: 0 is a clock, 1 is pure chance.",
        ),
        Number(
            "First spike [ms]",
            fixed(s.first_spike_ms, 3),
            first_note,
            "When the voltage reaches the threshold, found inside the step.",
        ),
    ]


def picture_words(setup: Setup, summary: Summary) -> str:
    """What the picture of the run shows, for those who cannot see it."""
    rate = fixed(measured_rate(setup, summary), 1)
    spikes = "1 spike" if summary.count == 1 else f"{summary.count:,} spikes"
    return (
        f"{setup.kind.title}: voltage over time with {spikes}, {rate} Hz, in "
        f"{setup.run.duration:g} ms; below it the current."
    )


def number_row(setup: Setup, summary: Summary) -> None:
    """The numbers side by side, wrapping where the screen is narrow."""
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lif_numbers"):
        for n in numbers(setup, summary):
            st.metric(
                n.label, n.value, n.note, help=n.help, width=118,
                delta_color="off", delta_arrow="off",
            )  # fmt: skip


def remarks(setup: Setup, recording: Recording | None, result: Run, notice: str) -> None:
    """Under the picture: what was changed for the visitor, what to notice, what to beware of."""
    if notice:
        st.markdown(f":material/visibility: **What to notice:** {notice}")
    flash = st.session_state.pop(FLASH, "")
    if flash:
        st.info(flash, icon=":material/info:")
    for words in concerns(setup, recording, result):
        st.warning(words, icon=":material/lightbulb:")
    names = [
        f"{v.name} {v.label.lower().removesuffix(' ' + v.name)}"
        for v in plots.panel_variables(setup)
    ]
    middle = f" Middle: {', '.join(names)}." if names else ""
    bands = ", grey bands refractory periods" if getattr(setup.neuron, "t_ref", 0) else ""
    st.caption(
        f"Strokes are spikes{bands}.{middle} Drag to move in time, Shift + wheel to zoom, "
        "double-click to go back."
    )


def curve_panel(
    setup: Setup, summary: Summary, behind: Setup | None, behind_summary: Summary | None
) -> None:
    """The f–I curve of the neuron, with this run's place on it, and A's behind it."""
    found = curve(setup)
    if isinstance(found, str):
        st.info(f"There is no curve for this setting: {found}.", icon=":material/info:")
        return
    ghost = None
    if behind is not None and behind_summary is not None:
        other = curve(behind)
        if not isinstance(other, str):
            ghost = (other, measured_rate(behind, behind_summary))
    rate = measured_rate(setup, summary)
    spec = fi_chart(found, rate, behind=ghost, height=300)
    vega_chart(
        spec=spec,
        key="lif_fi_chart",
        alt=f"{setup.kind.title}: firing rate over constant current, simulated dots on the "
        f"theoretical line. This run: {fixed(rate, 1)} Hz.",
    )
    st.caption(" ".join(_curve_words(setup, found)))


def _curve_words(setup: Setup, found: FICurve) -> list[str]:
    short = found.duration < 999 and not setup.stimulus.is_noisy
    longer = " (longer where spikes are rare)" if short else ""
    words = [
        f"Each dot is {found.duration / 1000:.2g} s of simulation{longer} at a constant current."
    ]
    if math.isfinite(found.onset_na) and found.onset == "rheobase":
        words.append(f"Firing sets in at the rheobase, {found.onset_na:.4g} nA.")
    elif math.isfinite(found.onset_na):
        words.append(
            f"Dashed line: at {found.onset_na:.4g} nA rest loses its stability ({found.onset} "
            "bifurcation). A sudden step may start lasting firing already below it, where rest is "
            "possible, too."
        )
    if found.line_hz is None and found.noisy_hz is None:
        words.append("There is no closed theory of this rate: the dots are all there is.")
    elif found.line_hz is not None and found.theory == "quadrature":
        words.append("The line is an integral or a root of the equation, computed as a number.")
    fastest = max(float(found.measured_hz.max()), 1.0)
    if fastest * setup.run.dt > 30:
        words.append(
            "Where an interval is only a few time steps long the dots leave the line: shorten the "
            "time step."
        )
    if not setup.stimulus.is_steady:
        words.append("The diamond is this run's rate, drawn at the steady part of its drive.")
    return words
