"""The LIF Playground's main view: cached runs, the row of numbers, the f–I curve, warnings."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import streamlit as st

from pages.components.inline import inline
from pages.components.lif_controls import FLASH
from snncore.playground import FICurve, Run, Setup, Summary, fi_curve, play
from snncore.plots import neuron as plots
from snncore.simulate import RunParams
from snncore.stimuli import Recording, StimulusParams

DASH = "–"
FEW = "not enough spikes"
# Streamlit would hash the recording's samples, of long ones only a part: its digest is exact.
HASH: dict[Any, Callable[[Any], Any]] = {Recording: attrgetter("digest")}
_FAST_HZ = 1000.0  # no neuron keeps up such a rate


@st.cache_data(max_entries=64, ttl=3600, max_size="64MB", show_spinner=False, hash_funcs=HASH)
def cached_run(setup: Setup, recording: Recording | None) -> Run:
    """One neuron's run."""
    return play(setup, recording)


@st.cache_data(max_entries=64, ttl=3600, max_size="16MB", show_spinner=False)
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
[data-testid="stMainBlockContainer"] {padding-top: 3.4rem;}
.st-key-lif_numbers [data-testid="stMetricValue"] {font-size: 1.6rem; line-height: 1.2;}
.st-key-lif_numbers [data-testid="stMetric"] {gap: 0;}
.st-key-lif__preset_names {min-width: 20rem;}
.st-key-lif__preset_names button, .st-key-lif__parts button {
  min-height: 1.7rem; padding: 0 0.55rem; font-size: 0.85rem;
}
.st-key-lif_equation .katex {font-size: 1.1em;}
.st-key-lif_equation .katex-display {overflow-x: auto; overflow-y: hidden; margin: 0.2em 0;}
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


def numbers(summary: Summary) -> list[Number]:
    """Measured beside expected, in words where there is no number."""
    s = summary
    rate = measured_rate(s)
    error, error_note = DASH, FEW if s.count < 2 else "no theory"
    if math.isfinite(s.relative_error):
        percent = 100 * s.relative_error
        error = f"{percent:+.2f} %" if abs(percent) < 10 else f"{percent:+.0f} %"
        error = "0 %" if abs(percent) < 1e-9 else error
        error_note = "rate vs theory"
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
            _MEASURED[s.compared],
            "Equal intervals are measured from spike to spike, irregular ones by counting; where "
            "the intervals still change, the last one is what theory speaks of.",
        ),
        Number("Theory [Hz]", fixed(s.theory_rate_hz, 2), _THEORY[s.theory], theory_help),
        Number(
            "Error",
            error,
            error_note,
            "Measured rate / theory − 1. It shrinks with the time step, and with noise with the "
            "length of the run.",
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


def number_row(summary: Summary) -> None:
    """The numbers side by side, wrapping where the screen is narrow."""
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lif_numbers"):
        for n in numbers(summary):
            st.metric(
                n.label, n.value, n.note, help=n.help, width=118,
                delta_color="off", delta_arrow="off",
            )  # fmt: skip


def measured_rate(summary: Summary) -> float:
    """The rate that is held against theory."""
    return float(getattr(summary, summary.compared))


def concerns(setup: Setup, recording: Recording | None, result: Run) -> list[str]:
    """What a visitor should know of this setting: why it is silent, too coarse or not of nature."""
    s, n, dt, end = setup.stimulus, result.summary, setup.run.dt, setup.run.duration
    words = []
    membrane = setup.membrane
    if membrane is not None and dt > membrane.tau_m:
        words.append(
            f"The time step ({dt:g} ms) is longer than the membrane time constant "
            f"({membrane.tau_m:g} ms): the voltage does all its moving within one step, and the "
            "drive is too coarse. Choose a step of at most a tenth of it."
        )
    if n.count >= 2 and n.isi_ms > 0 and n.count_rate_hz > _FAST_HZ:
        words.append(
            f"{n.count_rate_hz:,.0f} spikes per second: neurons reach a few hundred. Lower the "
            "current, or lengthen the refractory period."
        )
    elif n.count >= 2 and n.isi_ms < 10 * dt:
        words.append(
            f"An interval is only {n.isi_ms / dt:.1f} time steps long: shorten the time step to "
            "see where the spikes really are."
        )
    if s.amplitude and s.frequency_hz * dt > 100:
        words.append(
            f"A cycle of the sine ({1000 / s.frequency_hz:g} ms) has fewer than ten time steps of "
            f"{dt:g} ms: its shape is lost."
        )
    for title, level, on in (
        ("step", s.step_current, s.step_on),
        ("ramp", s.ramp_current, s.ramp_on),
        ("first pulse", s.pulse_current, s.pulse_on),
        ("sine", s.amplitude, s.sine_on),
    ):
        if level and on >= end:
            words.append(
                f"The {title} begins at {on:g} ms, after the end of the run ({end:g} ms): lengthen "
                "the run or let it begin earlier."
            )
    if recording is not None and recording.t[0] >= end:
        words.append(
            f"Your file begins at {recording.t[0]:g} ms, after the end of the run ({end:g} ms)."
        )
    neuron: Any = setup.neuron
    if hasattr(neuron, "v_rest") and hasattr(neuron, "v_th") and neuron.v_rest >= neuron.v_th:
        words.append(
            "The resting voltage lies at or above the threshold: this neuron fires without any "
            "current."
        )
    if n.count == 1 and s.is_constant and s.current > n.rheobase_na:
        words.append(
            "One spike and no more: a current that is too strong holds the voltage up "
            "(depolarisation block). Or the run is too short for a second spike."
        )
    if n.count == 0:
        words.append(silence(setup, result))
    return words


def silence(setup: Setup, result: Run) -> str:
    """Why there is no spike, and what to do about it."""
    rheobase = result.summary.rheobase_na
    peak = float(result.wave.max())
    if not math.isfinite(rheobase):
        return "No spike. Raise the current, add noise or lengthen the run."
    if peak <= rheobase:
        return (
            f"No spike: the drive reaches {peak:.4g} nA, and this neuron needs more than its "
            f"rheobase, {rheobase:.4g} nA. Raise the current or add noise."
        )
    return (
        f"No spike although the drive reaches {peak:.4g} nA, above the rheobase of "
        f"{rheobase:.4g} nA: it does not last long enough. Lengthen it or the run."
    )


def remarks(setup: Setup, recording: Recording | None, result: Run, notice: str) -> None:
    """Under the picture: what was changed for the visitor, what to notice, what to beware of."""
    if notice:
        st.markdown(f":material/visibility: **What to notice:** {notice}")
    flash = st.session_state.pop(FLASH, "")
    if flash:
        st.info(flash, icon=":material/info:")
    for words in concerns(setup, recording, result):
        st.warning(words, icon=":material/lightbulb:")
    names = [f"{v.name}: {v.label}" for v in plots.panel_variables(setup)]
    middle = f" Middle: {', '.join(names)}." if names else ""
    st.caption(
        f"Strokes are spikes, grey bands refractory periods.{middle} Drag to move in time, Shift + "
        "wheel to zoom, double-click to go back."
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
            ghost = (other, behind.stimulus.current, measured_rate(behind_summary))
    spec = plots.fi_chart(
        found, setup.stimulus.current, measured_rate(summary), behind=ghost, height=300
    )
    st.vega_lite_chart(
        spec=spec,
        key="lif_fi_chart",
        alt="Firing rate over constant current: simulated dots on the theoretical line.",
    )
    st.caption(" ".join(_curve_words(setup, found)))


def _curve_words(setup: Setup, found: FICurve) -> list[str]:
    words = [f"Each dot is {found.duration / 1000:.2g} s of simulation at a constant current."]
    if math.isfinite(found.onset_na):
        name = "rheobase" if found.onset == "rheobase" else f"{found.onset} bifurcation"
        words.append(f"Firing sets in at the {name}, {found.onset_na:.4g} nA.")
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
        words.append(
            "The diamond is this run's mean rate, drawn at the constant part of its drive."
        )
    return words
