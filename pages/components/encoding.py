"""The picture panel of the Spike Encoding page: one picture through three codes, side by side."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import encoding_codes as codes
from pages.components import encoding_presets as presets
from pages.components import encoding_source as sources
from pages.components import frame, sight
from pages.components.chart import vega_chart
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_codes import LETTERS, SLOT_HEAD, Choice
from pages.components.encoding_files import elsewhere, picture_view
from pages.components.encoding_panel import View, attempt
from pages.components.encoding_player import player_section
from pages.components.encoding_presets import FIRST
from pages.components.encoding_sections import open_key, sections
from pages.components.encoding_source import KEY, PictureParams, Source
from pages.components.glossary import meaning
from pages.components.lesson import settings
from pages.components.picture import picture
from pages.components.sections import is_wanted
from pages.components.text import plain
from snncore import encoding, metrics
from snncore.encoding import Code
from snncore.plots import encoding_picture as plots
from snncore.plots.spike_frames import counts, raster_rows
from snncore.plots.vega import Chart
from snncore.transmission import Channel, Sent
from snncore.transmission.scores import bound

MAX_CELLS = 1 << 25  # steps × neurons of one code on this page: about a second of work
MAX_DRAWN = 1 << 24  # spikes × work for each: about half a second of a code of many spikes
NUMBERS_HELP = (
    "How well the picture comes back:\n"
    "- **RMSE**: typical error of a pixel, where black is 0 and white is 1.\n"
    "- **PSNR**: the same in decibels, 20·log₁₀(1/RMSE): 20 dB is poor, 40 dB is hard to tell "
    "from the original.\n"
    "- **SSIM**: likeness of structure, 1 is equal.\n"
    "- **Largest error** of any pixel; where theory knows a limit, it stands after ≤."
)


class Quality(NamedTuple):
    """Cost and quality of what was read back."""

    spikes: int
    per_pixel: float
    rmse: float
    psnr_db: float
    ssim: float  # NaN for pictures too small for it
    max_error: float
    bound: float  # of the largest error; NaN where theory knows none


class Shown(NamedTuple):
    """What one code's column shows."""

    decoded: bytes  # PNG
    counts: bytes  # PNG
    most: int  # spikes of the busiest pixel
    raster: Chart
    rows: int  # neurons in the raster
    signed: bool  # whether it has spikes of −1
    quality: Quality


def picture_panel() -> View:
    """One picture through three codes."""
    st.session_state.setdefault(sources.LOST, []).extend(presets.begin())
    shelf = st.container(gap="xsmall")
    with settings("enc_source"):
        params, source = sources.choose()
    with st.container(key="enc__flow"):
        columns = st.columns(4, gap="medium")
    with st.container():
        below = sight.is_seen("enc_spikes", "the spikes")  # below the pictures in all columns
    with columns[0]:
        _original(source)
    dark = frame.is_dark()
    slots, shown = [], []
    for letter, column in zip(LETTERS, columns[1:], strict=True):
        with column:
            found = _column(letter, params, source, dark)
            if found is not None:
                slots.append(found[0])
                shown.append(found[1])
                if below:
                    _spikes(*found, sort=params.sort)
    if below:
        with columns[0]:
            _retina(source)
            _tradeoff(slots, shown, dark)
    with shelf:
        presets.preset_bar(params, slots, own=source.own)
        _remarks()
    bench = Bench(
        source.what, source.values, tuple(slots), params.seed, source.sample, source.identity, dark
    )
    if is_wanted(open_key):  # else the place of all three
        _formulas(slots)
        player_section(bench)
        sections(bench)
    elsewhere(bench, KEY)
    return picture_view(KEY, params, source, bench)


def _remarks() -> None:
    """What could not be done as asked."""
    codes.say_lost(st.session_state.pop(sources.LOST, []))
    absent = st.session_state.pop(sources.ABSENT, "")
    if absent:
        st.info(absent, icon=":material/info:")
    problem = sources.own_problem()
    if problem:
        st.error(f"Your picture cannot be used: {problem}. The page shows one of its own.")


@st.cache_data(max_entries=64, ttl=3600, max_size="96MB", show_spinner=False)
def cached_sent(
    identity: str, channel: Channel, seed: int, sample: int, _values: NDArray[np.float32]
) -> Sent:
    """The picture through one code. `identity` is the digest of its pixels: equal for equal ones
    only, so no visitor is shown another's picture."""
    cells = channel.n_steps * channel.n_neurons
    if cells > MAX_CELLS:
        raise ValueError(
            f"steps × neurons must be <= {MAX_CELLS:,} on this page, got {cells:,}; "
            "choose a smaller picture, fewer steps or fewer neurons per pixel"
        )
    work = _drawn(channel, float(_values.sum()))
    if work > MAX_DRAWN:
        raise ValueError(
            f"spikes × work for each must be <= {MAX_DRAWN:,} on this page, got about {work:,}; "
            "choose a smaller picture, fewer steps, a lower max_rate or a lower order"
        )
    return channel.send(_values, seed=seed, first_sample=sample)


def _drawn(channel: Channel, total: float) -> int:
    """Expected spikes of a code that may send several in a step, each weighed by the numbers that
    its interval takes; 0 for the others, whose time follows their cells."""
    values = channel.params.to_dict()
    rate, order = float(values.get("max_rate", 1.0)), int(values.get("order", 1))
    return round(channel.n_steps * total * rate * (1 + order / 8)) if rate > 1 else 0


@st.cache_data(max_entries=128, ttl=3600, max_size="32MB", show_spinner=False)
def cached_shown(
    identity: str,
    channel: Channel,
    seed: int,
    sample: int,
    sort: bool,
    dark: bool,
    _values: NDArray[np.float32],
    _sent: Sent,
) -> Shown:
    """Pictures and numbers of what was sent."""
    spikes = _sent.spikes[:, 0]
    each = counts(spikes, channel)
    rows = raster_rows(spikes, _values, channel, by_brightness=sort)
    most = int(each.max())
    return Shown(
        plots.picture(_sent.decoded[0].reshape(_values.shape)),
        plots.count_picture(each, most),
        most,
        plots.raster_chart(spikes[:, rows], dark=dark),
        len(rows),
        bool((spikes < 0).any()),
        quality(_values, _sent, channel),
    )


def quality(values: NDArray[np.float32], sent: Sent, channel: Channel) -> Quality:
    """The numbers of one column."""
    back = sent.decoded[0].reshape(values.shape)
    spikes = int(np.abs(sent.spikes.astype(np.int16, copy=False)).sum())
    return Quality(
        spikes,
        spikes / values.size,
        metrics.rmse(values, back),
        metrics.psnr(values, back),
        metrics.ssim(values, back),
        metrics.max_error(values, back),
        bound(channel),
    )


@st.cache_data(max_entries=64, ttl=3600, max_size="8MB", show_spinner=False)
def cached_retina(identity: str, _values: NDArray[np.float32]) -> bytes:
    """What the retina makes of the picture."""
    return plots.retina_picture(_values)


def _original(source: Source) -> None:
    """The picture as it is."""
    height, width = source.values.shape
    with st.container(
        height=SLOT_HEAD, border=False, vertical_alignment="bottom", gap="xxsmall",
        key="enc__original",
    ):  # fmt: skip
        st.markdown("**Original**")
        st.caption(f"{plain(source.what.capitalize())}, {width}×{height} pixels")
    picture(plots.picture(source.values), alt=f"The picture to encode: {source.what}")


def _retina(source: Source) -> None:
    """What the retina makes of the picture."""
    st.markdown("**Through the retina**", help=meaning("DoG"))
    found = attempt(lambda: cached_retina(source.identity, source.values))
    if isinstance(found, ValueError):
        st.caption(f"Not possible: {found}.")
        return
    picture(found, alt="ON and OFF maps of the retina: the edges of the picture")
    st.caption(
        "Left: ON cells answer where it is brighter than around; right: OFF cells, where it is "
        "darker. The retina code sends these edges, the others send the pixels."
    )


def _column(
    letter: str, params: PictureParams, source: Source, dark: bool
) -> tuple[Slot, Shown] | None:
    """Choice of a code, the picture read back, its numbers; None where refused."""
    choice = codes.slot(letter, "picture", KEY, FIRST[letter])
    if choice is None:
        return None
    result = attempt(lambda: _send(letter, choice, params, source, dark))
    if isinstance(result, ValueError):
        st.warning(f"{choice.code.title} cannot send this picture: {result}.")
        return None
    slot, shown = result
    title = choice.code.title
    picture(shown.decoded, alt=f"Picture read back from {title}: {shown.quality.psnr_db:.1f} dB")
    st.markdown(number_lines(shown.quality), help=NUMBERS_HELP)
    return slot, shown


def _spikes(slot: Slot, shown: Shown, *, sort: bool) -> None:
    """The raster of a code, and how many spikes each pixel sends."""
    code = slot.channel.kind
    vega_chart(
        spec=shown.raster,
        key=f"{KEY}_raster_{slot.letter}",
        alt=f"Spike raster of {code.title}: {shown.quality.spikes:,} spikes",
        width="stretch",
    )
    st.caption(_raster_words(code, shown, sort))
    picture(shown.counts, alt=f"Spikes of each pixel with {code.title}: 0 to {shown.most:,}")
    st.caption(f"Spikes of each pixel: 0 (violet) to {shown.most:,} (yellow).")


def _send(
    letter: str, choice: Choice, params: PictureParams, source: Source, dark: bool
) -> tuple[Slot, Shown]:
    height, width = source.values.shape
    channel = Channel(choice.code.name, choice.params, params.n_steps, (height, width))
    key = (source.identity, channel, params.seed, source.sample)
    sent = cached_sent(*key, source.values)
    return Slot(letter, channel, sent), cached_shown(*key, params.sort, dark, source.values, sent)


def number_lines(s: Quality) -> str:
    """Cost and quality in four short lines."""
    psnr = "perfect" if math.isinf(s.psnr_db) else f"{s.psnr_db:.1f} dB"
    worst = f"Largest error **{s.max_error:.3f}**"
    if math.isfinite(s.bound):
        worst += f" ≤ {s.bound:.3f}"
    lines = [
        f"**{s.per_pixel:.3g}** spikes per pixel",
        f"PSNR **{psnr}**" + (f", SSIM **{s.ssim:.2f}**" if math.isfinite(s.ssim) else ""),
        f"RMSE **{s.rmse:.3f}**",
        worst,
    ]
    return "  \n".join(lines)


def _formulas(slots: list[Slot]) -> None:
    """How each code works: in a sentence, and as the equations of its encoder and decoder."""
    with st.container(key="grid3_enc_formulas"):
        for name in dict.fromkeys(slot.channel.code for slot in slots):
            code = encoding.get_code(name)
            letters = ", ".join(slot.letter for slot in slots if slot.channel.code == name)
            st.markdown(f"**{letters}: {code.title}.** {code.idea}")
            parts = code.equation.split(r", \qquad ")
            for part in (*parts, "")[:2]:  # each row has three cells
                st.latex(rf"\footnotesize {part}")


def _raster_words(code: Code, shown: Shown, sort: bool) -> str:
    if code.kind == "signal":
        rows = f"{shown.rows} rows of the picture, which moves past a line of sensors"
    elif code.family == "retina":
        rows = f"{shown.rows} cells" + (", the earliest on top" if sort else ", ON above OFF")
    else:
        order = "brightest pixel" if sort else "first pixel"
        rows = f"{shown.rows} neurons, {order} on top"
    signs = " Pink: −1, a step down." if shown.signed else ""
    return f"{rows}; {shown.quality.spikes:,} spikes in all.{signs}"


def _tradeoff(slots: list[Slot], shown: list[Shown], dark: bool) -> None:
    vega_chart(
        spec=plots.tradeoff(
            [slot.letter for slot in slots],
            [slot.channel.kind.title for slot in slots],
            [s.quality.per_pixel for s in shown],
            [s.quality.psnr_db for s in shown],
            dark=dark,
        ),
        key=f"{KEY}_tradeoff",
        alt="Spikes per pixel against PSNR: "
        + "; ".join(
            f"{slot.letter} {s.quality.per_pixel:.3g}, {s.quality.psnr_db:.1f} dB"
            for slot, s in zip(slots, shown, strict=True)
        ),
        width="stretch",
    )
    st.caption("What each code costs, and how much it keeps: best is top left.")
