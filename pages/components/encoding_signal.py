"""The signal panel of the Spike Encoding page: one signal through three codes, in three lanes."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import controls, encoding_codes, encoding_sections, frame, lesson
from pages.components import encoding_signal_presets as presets
from pages.components import encoding_signal_source as sources
from pages.components.chart import vega_chart
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_codes import Choice
from pages.components.encoding_files import elsewhere, elsewhere_link, spike_files
from pages.components.encoding_panel import View, equations, settings
from pages.components.encoding_section_base import quality_words
from pages.components.encoding_signal_presets import FIRST, SignalSending
from pages.components.encoding_signal_source import KEY, Source
from pages.components.sections import computed, number
from pages.components.share import Download
from snncore.plots.encoding_figures import Kind, lanes_figure
from snncore.plots.encoding_signal import LANE_HEIGHT, LEGEND_HEIGHT, Lane, lanes_chart
from snncore.transmission import Channel, Sent
from snncore.transmission.scores import Scores, scores


class Shown(NamedTuple):
    """One slot: what was chosen, and what came of it."""

    slot: Slot
    choice: Choice
    scores: Scores


@st.cache_data(max_entries=64, ttl=3600, max_size="48MB", show_spinner=False)
def cached_send(
    channel: Channel, identity: str, seed: int, _values: NDArray[np.float32]
) -> tuple[Sent, Scores]:
    """The signal called `identity` through a channel."""
    sent = channel.send(_values, seed=seed)
    return sent, scores(sent, channel)


def signal_panel() -> View:
    """A signal through three codes on one time axis, and the sections that look closer."""
    # The control of an infinite number starts the run again: until then it is remembered.
    st.session_state.setdefault(sources.LOST, []).extend(presets.begin())
    bar = st.container()
    source, sending = _source()
    left, right = st.columns([1, 2.9], gap="medium")
    shown: list[Shown] = []
    choices: dict[str, Choice] = {}
    with left, st.container(gap=None):
        st.space(LEGEND_HEIGHT)
        for letter, first in FIRST.items():
            # As high as a lane, so that each choice stands beside its own.
            with st.container(height=LANE_HEIGHT, border=False, gap="xxsmall"):
                choice = encoding_codes.slot(letter, "signal", KEY, first)
                if choice is None:
                    continue
                choices[letter] = choice
                result = _send(letter, choice, source, sending)
                if result is not None:
                    shown.append(result)
    link = presets.link_of(source.link, sending, choices)
    active = None if source.own else presets.preset_of(link)
    with bar:
        presets.preset_bar(active, choices)
        encoding_codes.say_lost(st.session_state.pop(sources.LOST, []))
    with right:
        _chart(shown, source)
    if active:
        st.markdown(f":material/visibility: **Notice:** {presets.PRESETS[active].notice}")
    _verdicts(shown, source)
    slots = tuple(part.slot for part in shown)
    bench = Bench(
        source.what, source.values, slots, sending.seed, 0, source.identity, frame.is_dark()
    )
    elsewhere(bench, KEY)
    encoding_sections.sections(bench)
    link |= elsewhere_link(KEY) | encoding_sections.open_sections()
    return _view(choices, source, sending, bench, link)


def _source() -> tuple[Source, SignalSending]:
    """Where the signal comes from, and how it is sent."""
    specs, values = SignalSending.specs(), dict(SignalSending().to_dict())

    def sending() -> int:
        with (
            st.popover(
                "Window and seed",
                icon=":material/tune:",
                key=f"{KEY}__more",
                help="Window and seed",
            ),
            lesson.aside(),
        ):
            for name, spec in specs.items():
                values[name] = controls.control(name, spec, values[name], KEY)
        return int(values["seed"])

    with lesson.settings("enc_s_source"):
        source = sources.choose(sending)
    return source, SignalSending(**values)  # type: ignore[arg-type]


def _send(letter: str, choice: Choice, source: Source, sending: SignalSending) -> Shown | None:
    """The signal through one slot; None where the code refuses it, in words."""
    steps = source.values.size

    def work() -> tuple[Channel, Sent, Scores]:
        channel = Channel(choice.code.name, choice.params, steps, window=min(sending.window, steps))
        try:
            sent = cached_send(channel, source.identity, sending.seed, source.values)
        except ValueError as reason:
            if choice.code.kind == "intensity":  # its time is one window
                raise ValueError(str(reason).replace("n_steps", "the window")) from reason
            raise
        return channel, *sent

    found = computed(work)
    if found is None:
        return None
    channel, sent, result = found
    return Shown(Slot(letter, channel, sent), choice, result)


def _numbers(s: Scores) -> str:
    """What it costs and how good it is, in few words."""
    return f"{number(s.spikes_per_value, 3)} spikes per sample, SNR {quality_words(s.snr_db)}"


def _chart(shown: list[Shown], source: Source) -> None:
    if not shown:
        st.info("None of the three codes can send this signal.", icon=":material/info:")
        return
    lanes = [as_lane(part.slot, part.scores) for part in shown]
    spec = lanes_chart(lanes, rate_hz=source.rate_hz, first=source.first, dark=frame.is_dark())
    words = "; ".join(
        f"{p.slot.letter}, {p.choice.code.title}: {p.scores.spikes:,} spikes, largest error "
        f"{number(p.scores.max_error, 3)}"
        for p in shown
    )
    vega_chart(
        spec=spec,
        width="stretch",
        key=f"{KEY}_lanes",
        alt=f"Signal, reconstruction and spikes over one time axis. {words}.",
    )


def as_lane(slot: Slot, known: Scores | None = None) -> Lane:
    """A slot as it is drawn; more than 127 spikes of a neuron in a step are drawn alike."""
    s = scores(slot.sent, slot.channel) if known is None else known
    silence = "" if s.spikes else ": no spike at all"
    return Lane(
        f"{slot.letter} {slot.channel.kind.title}{silence}",
        slot.sent.values[0],
        slot.sent.decoded[0],
        np.clip(slot.sent.spikes[:, 0], -127, 127).astype(np.int8),
        s.bound,
        _numbers(s),
    )


def _verdicts(shown: list[Shown], source: Source) -> None:
    """Under the lanes: what carries the information, the equations, and whether theory holds."""
    fastest = float(np.abs(np.diff(source.values)).max()) if source.values.size > 1 else 0.0
    words = [
        f"{source.what.capitalize()}, {source.values.size:,} samples.",
        source.notes,
        "Drag to move in time, Shift + wheel to zoom, double-click to go back.",
    ]
    st.caption(" ".join(word for word in words if word))
    for place, part in zip(st.columns(3, gap="medium"), shown, strict=False):
        with place:
            code = part.choice.code
            s = part.scores
            st.markdown(f"**{part.slot.letter} {code.title}.** {code.idea}")
            st.markdown(
                f"**{s.spikes:,}** spikes, **{number(s.spikes_per_value, 3)}** per sample  \n"
                f"SNR **{quality_words(s.snr_db)}**, R² **{number(s.r2, 3)}**  \n"
                f"RMSE **{number(s.rmse, 3)}**, largest error **{number(s.max_error, 3)}**"
            )
            equations(code)
            for sentence in verdict(part, fastest):
                st.caption(sentence)


def verdict(part: Shown, fastest: float) -> list[str]:
    """What theory promises of the error, and whether this signal let the code keep it."""
    code, s, channel = part.choice.code, part.scores, part.slot.channel
    said: list[str] = []
    if s.spikes == 0:
        said.append(
            f"**No spike at all**, so nothing but the side information arrives. The fastest change "
            f"here is {number(fastest, 3)} per sample."
        )
    if np.isfinite(s.bound):
        holds = f" ({code.bound_holds})" if code.bound_holds else ""
        within = s.max_error <= s.bound * (1 + 1e-4) + 1e-6
        if not s.bound_holds:
            ending = "**the condition is broken" + (
                "**, the error stays within the bound by luck." if within
                else ", and so is the bound.**"
            )  # fmt: skip
        else:
            ending = "the bound is kept." if within else "**the bound is broken.**"
        said.append(
            f"Theory: the error stays within ±{number(s.bound, 3)}{holds}. Here the fastest "
            f"change is {number(fastest, 3)} per sample and the largest error "
            f"{number(s.max_error, 3)}: {ending}"
        )
    if code.kind == "intensity":
        said.append(
            f"An intensity code: it sends the mean of each window of {channel.window} samples, "
            "and reads one value back for each."
        )
    return said


def _view(
    choices: dict[str, Choice],
    source: Source,
    sending: SignalSending,
    bench: Bench,
    link: dict[str, object],
) -> View:
    commands = []
    for choice in choices.values():
        window = ""
        if choice.code.kind == "intensity":
            window = f" --window {min(sending.window, source.values.size)}"
        commands.append(
            f"python -m snncore encode --code {choice.code.name}{settings(choice.params)} "
            f"{source.command}{window} --seed {sending.seed}"
        )

    recipe, rate_hz, first = bench.recipe, source.rate_hz, source.first

    def chart() -> bytes:
        lanes = lanes_chart(
            [as_lane(slot) for slot in recipe.bench().slots], rate_hz=rate_hz, first=first
        )
        tables = {name: table.to_dict("records") for name, table in lanes["datasets"].items()}
        return json.dumps({**lanes, "width": 900, "datasets": tables}, indent=1).encode()

    def drawn(kind: Kind) -> bytes:
        return lanes_figure([as_lane(slot) for slot in recipe.bench().slots], kind, first=first)

    return View(
        "\n".join(commands),
        link,
        [
            *spike_files(bench),
            Download("Figure (PNG)", lambda: drawn("png"), "signal.png", "image/png"),
            Download("Figure (SVG)", lambda: drawn("svg"), "signal.svg", "image/svg+xml"),
            Download("Chart (Vega-Lite)", chart, "signal.vl.json", "application/json"),
        ],
        "This link opens the page without your signal." if source.own else "",
    )
