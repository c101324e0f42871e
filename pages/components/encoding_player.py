"""Step by step: the spikes of all slots at once, played in the browser.

Everything that is shown is sent once, packed: the spikes of each frame at each pixel, a raster,
and the picture read back after some of the steps. Play, pause, step and scrub then happen in the
visitor's browser (`encoding_player.js`); the server has no part in it.
"""

from __future__ import annotations

import base64
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike, NDArray

from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_panel import attempt
from pages.components.players import player_component
from snncore.params import Value
from snncore.plots.heat import VIRIDIS
from snncore.plots.spike_frames import frames, merged, raster_rows
from snncore.transmission import Channel, Sent, unfolding

OPEN = "enc_open_steps"  # the section's key, and its name in the address
MAX_CELLS = 1 << 20  # frames × pixels of one slot: about 0.3 MB on the way
MAX_RASTER = 60  # rows of the raster
_MOMENTS = 25  # pictures read back on the way …
_WORK = 4_000_000  # … fewer where a code has more steps × neurons than this

_component = player_component("encoding_player", Path(__file__), "frame", "player_controls.js")


def player_section(bench: Bench) -> None:
    """The section with the player; closed, it costs nothing."""
    box = st.expander(
        "Step by step", icon=":material/play_circle:", key=OPEN, on_change="rerun",
        bind="query-params",
    )  # fmt: skip
    if not box.open:
        return
    with box:
        st.markdown("How do the spikes arrive, and when is the picture there?")
        player(bench)


def open_player() -> dict[str, Value]:
    """Name and value of the address that open the section."""
    return {OPEN: True} if st.session_state.get(OPEN, False) else {}


def player(bench: Bench) -> None:
    """Draw the player for the slots of `bench`."""
    if not bench.slots:
        st.info("There is nothing to play: no code can send this picture.")
        return
    packed = [attempt(lambda s=s: _packed(bench, s)) for s in bench.slots]
    for one in packed:
        if isinstance(one, ValueError):
            st.info(f"Not shown: {one}.", icon=":material/info:")
    shown = [one for one in packed if not isinstance(one, ValueError)]
    n_steps = bench.slots[0].channel.n_steps
    group = group_of(n_steps, bench.values.size)
    _component(
        key="encoding_player_view",
        data={
            "steps": n_steps,
            "group": group,
            "height": bench.values.shape[0],
            "width": bench.values.shape[1],
            "dark": bench.dark,
            "colours": list(VIRIDIS),
            "slots": shown,
        },
    )
    words = (
        "Space plays and pauses, the arrow keys step (with Shift ten frames), Home and End go to "
        "the ends; or click into a raster. Everything runs in your browser."
    )
    if group > 1:
        words += f" The picture is large: one frame shows {group} steps together."
    st.caption(words)


def group_of(n_steps: int, pixels: int) -> int:
    """Steps in one frame."""
    return merged(n_steps, MAX_CELLS // pixels)


def _packed(bench: Bench, slot: Slot) -> dict[str, Any]:
    return cached_payload(
        bench.identity, slot.letter, slot.channel, bench.seed, bench.sample, bench.values, slot.sent
    )


@st.cache_data(max_entries=24, ttl=1800, max_size="32MB", show_spinner=False)
def cached_payload(
    identity: str,
    letter: str,
    channel: Channel,
    seed: int,
    sample: int,
    _values: NDArray[np.float32],
    _sent: Sent,
) -> dict[str, Any]:
    """`payload` for what the digest, the channel and the seeds determine."""
    return payload(letter, channel, _values, _sent)


def payload(
    letter: str, channel: Channel, values: NDArray[np.float32], sent: Sent
) -> dict[str, Any]:
    """What the browser gets of one slot.

    frames: int16 [F, H·W], the signed spikes of each frame at each pixel; raster: int8 [F, rows];
    read: uint8 [K, H·W], the picture read back after the first `after[k]` steps.
    """
    spikes = sent.spikes[:, 0]
    group = group_of(len(spikes), values.size)
    each = frames(spikes, channel, group=group)
    rows = raster_rows(spikes, values, channel)
    if rows.size > MAX_RASTER:
        rows = rows[(np.arange(MAX_RASTER) * rows.size) // MAX_RASTER]
    starts = np.arange(0, len(spikes), group)
    up = np.logical_or.reduceat(spikes[:, rows] > 0, starts, axis=0)
    down = np.logical_or.reduceat(spikes[:, rows] < 0, starts, axis=0)
    so_far = unfolding(channel, sent, moments(channel))
    return {
        "letter": letter,
        "title": channel.kind.title,
        "frames": _pack(each, "<i2"),
        "most": int(np.abs(each).sum(axis=0, dtype=np.int64).max(initial=0)),
        "brightest": int(np.abs(each).max(initial=0)),
        "signed": bool((each < 0).any()),
        "rows": int(rows.size),
        "raster": _pack(np.where(up, 1, np.where(down, -1, 0)), "i1"),
        "after": so_far.steps.tolist(),
        "psnr": [None if math.isinf(p) else round(float(p), 1) for p in so_far.psnr_db],
        "read": _pack(so_far.frames, "u1"),
    }


def moments(channel: Channel) -> int:
    """Moments at which it is read back: fewer where one takes long."""
    cells = channel.n_steps * channel.n_neurons
    return max(6, min(_MOMENTS, _MOMENTS * _WORK // cells))


def _pack(array: ArrayLike | None, kind: str) -> str:
    """Numbers as base64 of their deflated bytes."""
    data = np.ascontiguousarray(array, dtype=np.dtype(kind)).tobytes()
    return base64.b64encode(zlib.compress(data, 1)).decode("ascii")
