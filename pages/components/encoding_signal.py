"""The signal panel of the Spike Encoding page: one signal through three signal codes."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import controls, frame
from pages.components.encoding_panel import View, equations, npz, settings
from pages.components.inline import inline
from pages.components.share import Download
from snncore import encoding, metrics
from snncore.encoding import DeltaParams, RateSignalParams, SendOnDeltaParams, SignalParams
from snncore.params import Params
from snncore.plots import encoding as plots

KEY = "enc_s"
PRESETS = {
    "Slow wave": SignalParams(shape="sine", cycles=2.0),
    "Jumps": SignalParams(shape="square", cycles=2.0),
    "Constant slope": SignalParams(shape="triangle", cycles=2.0),
    "Too fast": SignalParams(shape="sine", cycles=16.0),
}


class SignalRun(NamedTuple):
    """A signal [T], its spikes and what was read back, with the scores."""

    values: NDArray[np.float32]
    spikes: NDArray[np.int8]
    decoded: NDArray[np.float32]
    rmse: float
    max_error: float
    fastest: float  # largest change from one sample to the next


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def run(signal: SignalParams, name: str, own: Params, seed: int) -> SignalRun:
    """The signal through the code called `name`."""
    sent = encoding.transmit_signal(signal, encoding.get_code(name), own, seed=seed)
    values, decoded = sent.values[:, 0, 0], sent.decoded[:, 0, 0]
    return SignalRun(
        values,
        sent.spikes[:, 0, 0].astype(np.int8),
        decoded,
        metrics.rmse(values, decoded),
        float(np.abs(values - decoded).max()),
        float(np.abs(np.diff(values)).max()),
    )


def signal_panel() -> View:
    """A test signal through delta modulation, send-on-delta and a rate code."""
    first = {
        **controls.state_of(KEY, SignalParams()),
        **controls.state_of(KEY, SendOnDeltaParams()),
        **controls.state_of(f"{KEY}_rate", RateSignalParams()),
        f"{KEY}_seed": 0,
    }
    choices = {name: first | controls.state_of(KEY, p) for name, p in PRESETS.items()}
    controls.preset_row("enc_signal", choices, first)
    left, right = st.columns([1, 3], gap="large")
    with left:
        signal = controls.controls(SignalParams, KEY)
        theta = controls.controls(SendOnDeltaParams, KEY).threshold
        rate = controls.controls(RateSignalParams, f"{KEY}_rate")
        seed = int(st.number_input(
            "Seed", 0, 2**31 - 1, 0, key=f"{KEY}_seed", bind="query-params",
            help="Number that fixes the random spikes of the rate code.",
        ))  # fmt: skip
    used: dict[str, Params] = {
        "delta": DeltaParams(theta), "send_on_delta": SendOnDeltaParams(theta), "rate_signal": rate,
    }  # fmt: skip
    runs = {n: inline(lambda n=n: run(signal, n, used[n], seed)) for n in used}
    with right:
        for name, result in runs.items():
            _draw(name, result, None if name == "rate_signal" else theta, rate.window)
    link = {
        **controls.link_params(KEY, signal),
        **controls.link_params(KEY, SendOnDeltaParams(theta)),
        **controls.link_params(f"{KEY}_rate", rate),
        f"{KEY}_seed": seed or None,
    }
    where = (
        f"--shape {signal.shape} --cycles {signal.cycles} --amplitude {signal.amplitude} "
        f"--steps {signal.n_samples} --seed {seed}"
    )
    command = "\n".join(
        f"python -m snncore encode --code {n} {where}{settings(p)}" for n, p in used.items()
    )

    def arrays() -> bytes:
        first = next(iter(runs.values()))
        table = {"signal": first.values}
        for name, result in runs.items():
            table |= {f"spikes_{name}": result.spikes, f"decoded_{name}": result.decoded}
        return npz(table)

    def chart() -> bytes:
        first = runs["send_on_delta"]
        figure = plots.signal(first.values, first.decoded, first.spikes, theta=theta)
        return json.dumps(figure.to_dict(), indent=1).encode()

    return View(command, dict(link), [
        Download("Signal, spikes, reconstructions (NPZ)", arrays, "signal.npz", "application/zip"),
        Download("Send-on-delta chart (Vega-Lite)", chart, "signal.vl.json", "application/json"),
    ])  # fmt: skip


def _draw(name: str, result: SignalRun, theta: float | None, window: int) -> None:
    """One code: its name, chart, scores and whether its promise was kept."""
    code = encoding.get_code(name)
    events = int(np.count_nonzero(result.spikes))
    st.markdown(f"**{code.title}** — {code.idea}")
    st.altair_chart(
        plots.signal(
            result.values, result.decoded, result.spikes, theta=theta, dark=frame.is_dark()
        ),
        width="stretch",
        key=f"{KEY}_chart_{name}",
        alt=f"Signal, reconstruction and spikes of {code.title}",
    )
    st.markdown(
        f"**{events:,}** spikes, RMSE **{result.rmse:.3f}**, "
        f"largest error **{result.max_error:.3f}**"
    )
    st.caption(_verdict(name, result, theta, window, events))
    equations(code)


def _verdict(name: str, result: SignalRun, theta: float | None, window: int, events: int) -> str:
    if theta is None:
        return (
            "Smooth line: the signal; blue: read back, averaged over "
            f"{window} steps; orange marks: spikes."
        )
    marks = (
        "Smooth line: the signal; blue: read back; orange marks above: +1; pink marks below: −1; "
        "green band: signal ± θ. "
    )
    if name == "delta":
        if events == 0:
            return marks + (
                f"No spike at all: the fastest change, {result.fastest:.3f} per step, is below "
                f"θ = {theta:g}, so everything is lost."
            )
        return marks + f"Only changes of at least θ = {theta:g} within one step are noticed."
    if result.fastest <= theta:
        return marks + (
            f"The fastest change is {result.fastest:.4f} ≤ θ per step, so the error must stay "
            f"within θ = {theta:g}: it is at most {result.max_error:.4f}."
        )
    return marks + (
        f"Slope overload: the signal changes by up to {result.fastest:.4f} > θ = {theta:g} per "
        "step, faster than one spike per step can follow, so the bound θ need not hold: "
        f"the largest error is {result.max_error:.4f}."
    )
