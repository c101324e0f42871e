"""Step by step: the way of one probe from the input to the answer, played in the browser.

Some moments are sent once, packed, when the player comes in sight; play, pause, step and scrub then
happen in the visitor's browser (`hopfield_player.js`), so the server has no part in it.
"""

from __future__ import annotations

import base64
import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import players
from pages.components.hopfield_bench import RecallBench
from pages.components.hopfield_cost import estimate_seconds, size_of
from pages.components.hopfield_job import SHORT_S, answered
from pages.components.inline import inline
from pages.components.section_jobs import job
from pages.components.sections import hint
from snncore.jobs import Progress
from snncore.params import digest
from snncore.plots.recall_reel import FRAMES, GREY_SIDE, Reel, reel
from snncore.recall_lab import TOLERANCE, Ask, Picture

MAX_BYTES = 1_000_000  # of one message
_DIGITS = 5
_VIEW = "hop_play_view"
_WORDS = (
    "Space plays and pauses, the arrow keys step (with Shift ten frames), Home and End go to the "
    "ends; or click into a curve. Everything runs in your browser."
)
_FRAME_S = 2e-8  # of one core, to read a moment out and to pack it, for each of its numbers

_component = players.player_component(
    "hopfield_player", Path(__file__), "frame", "player_controls.js"
)


def player_panel(bench: RecallBench) -> None:
    """Draw the player for the probe that the bench looks at; a film that takes long on demand."""
    ask, which, dark = bench.ask, bench.which, bench.dark
    if seconds_of(ask) <= SHORT_S:
        height, width = bench.answer.patterns.shape
        _when_seen(ask, which, bench.own, dark, height, width)
        return
    hint("This recall is long: its film is made when you ask for it.")
    job(
        "hop_play",
        "Make the film",
        digest("film", bench.identity, which),
        lambda: _work(ask, which),
        lambda data, _: _show(data, dark),
        FRAMES * 16 * bench.answer.patterns.states.shape[1],
    )


@st.fragment
def _when_seen(ask: Ask, which: int, own: bool, dark: bool, height: int, width: int) -> None:
    """The player; its film, half of the page's work, is made when the browser has it in sight."""
    name = f"{ask.digest}-{which}"
    if players.is_wanted(_VIEW, name):
        keep = _cached_own if own else _cached  # own pictures are kept for their session only
        _show(inline(lambda: keep(ask.digest, which, ask)), dark)
    else:
        data = {"wait": name, "height": height, "width": width, "dark": dark}
        players.mount(_component, _VIEW, data)
        st.caption(_WORDS)


def seconds_of(ask: Ask) -> float:
    """About how long one probe takes once more: the memory is built anew, pictures are kept."""
    one = dataclasses.replace(ask, drawing=Picture(bytes(64), (8, 8)))
    return estimate_seconds(one) + FRAMES * _FRAME_S * size_of(one).pixels


def _show(data: dict[str, Any], dark: bool) -> None:
    players.mount(_component, _VIEW, data | {"dark": dark})
    words = _WORDS
    moments = int(data["of"])
    if len(data["steps"]) < moments:
        words += f" Shown are {len(data['steps'])} of {moments} moments."
    if data["binary"] and data["racers"]:
        words += " A pixel that has not spiked yet shows the input."
    if data["shrunk"]:
        words += f" The pictures are shrunk to {GREY_SIDE} pixels here; the numbers are not."
    st.caption(words)


def _work(ask: Ask, which: int) -> Iterator[Progress]:
    """The film as a job; the answer is looked up, for the session may not hold it."""
    yield Progress(0.0, "Recalling this picture once more")
    yield Progress(1.0, "", payload(reel(ask, answered(ask), which)))


@st.cache_data(max_entries=24, ttl=1800, max_size="24MB", show_spinner=False)
def _cached(identity: str, which: int, _ask: Ask) -> dict[str, Any]:
    return payload(reel(_ask, answered(_ask), which))


@st.cache_data(max_entries=4, ttl=1800, max_size="8MB", scope="session", show_spinner=False)
def _cached_own(identity: str, which: int, _ask: Ask) -> dict[str, Any]:
    return payload(reel(_ask, answered(_ask), which))


def payload(film: Reel) -> dict[str, Any]:
    """What the browser gets: at most `MAX_BYTES`; a longer film loses every second frame."""
    keep = np.arange(len(film.steps))
    frames = _pack(film.frames)
    while len(frames) > MAX_BYTES * 0.9 and len(keep) > 2:
        keep = np.unique(np.append(keep[::2], keep[-1]))
        frames = _pack(film.frames[keep])
    shape = film.stored.shape
    flips = np.add.reduceat(film.flips, np.append(0, keep[:-1] + 1))  # also those left out
    return {
        "target": film.target,
        "rival": film.rival,
        "steps": film.steps[keep].tolist(),
        "of": film.of,
        "height": shape[0],
        "width": shape[1],
        "channels": 3 if len(shape) == 3 else 1,
        "numbers": film.numbers,
        "binary": film.binary,
        "near": int(TOLERANCE * 255),  # grey levels within which a pixel is right, or the same
        "frames": frames,
        "stored": _pack(film.stored),
        "given": _pack(film.given),
        "known": _pack(film.known.astype(np.uint8)),
        "overlap": _short(film.overlap[keep]),
        "rivalOverlap": _short(film.rival_overlap[keep] if film.rival else film.rival_overlap),
        "right": _short(film.right[keep], 7),
        "flips": flips.tolist(),
        "energy": _short(film.energy[keep] if film.energy.size else film.energy, 9),
        "racers": [
            {
                "name": one.name,
                "role": one.role,
                "steps": one.steps.tolist(),
                "values": _short(one.values.astype(np.float64)),
            }
            for one in film.racers
        ],
        "decision": film.decision,
        "shrunk": film.shrunk,
    }


def _pack(array: NDArray[np.uint8]) -> str:
    """Bytes as base64 of their deflated form."""
    data = np.ascontiguousarray(array).tobytes()
    return base64.b64encode(zlib.compress(data, 1)).decode("ascii")


def _short(values: NDArray[np.float64], digits: int = _DIGITS) -> list[float]:
    """Numbers with so many digits: a third of the bytes."""
    return [float(f"{value:.{digits}g}") for value in values.tolist()]
