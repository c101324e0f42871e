"""The player of the picture tab: the browser gets each spike once, packed, and never too much."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from pages.components import encoding_player as player
from pages.components import encoding_source as sources
from pages.components.encoding_source import PictureParams
from snncore import encoding, metrics
from snncore.plots import encoding_picture, encoding_signal
from snncore.plots.base import COLOURS, RASTER_INK
from snncore.plots.spike_frames import counts
from snncore.transmission import Channel, Sent
from tests.pages.opening import components, open_page
from tests.pages.test_frame import contrast

PAGE = "pages/2_Spike_Encoding.py"


def unpack(text: str, kind: str) -> NDArray[Any]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=kind)


def sent(
    name: str, params: PictureParams | None = None
) -> tuple[Channel, NDArray[np.float32], Sent]:
    params = params or PictureParams(side=24, n_steps=60)
    values = sources.fetch(params).values
    channel = Channel(name, encoding.get_code(name).params(), params.n_steps, values.shape)
    return channel, values, channel.send(values)


def data_of(at: AppTest) -> dict[str, Any]:
    component = components(at)
    assert len(component) == 1
    found: dict[str, Any] = json.loads(component[0].proto.json)
    return found


@pytest.mark.parametrize("name", encoding.CODES)
def test_the_browser_gets_every_spike_of_every_code_once(name: str) -> None:
    channel, values, message = sent(name)
    data = player.payload("A", channel, values, message)
    film = unpack(data["frames"], "<i2").reshape(60, *values.shape)
    spikes = message.spikes[:, 0]
    assert np.array_equal(np.abs(film).sum(axis=0), counts(spikes, channel))
    assert data["most"] == np.abs(film).sum(axis=0).max()
    assert data["brightest"] == np.abs(film).max()
    assert data["signed"] == bool((film < 0).any())
    raster = unpack(data["raster"], "i1").reshape(60, data["rows"])
    assert data["rows"] <= player.MAX_RASTER and raster.any()
    # What is read back at the end is what the page shows.
    read = unpack(data["read"], "u1").reshape(len(data["after"]), *values.shape)
    assert data["after"][-1] == 60
    final = np.rint(np.clip(message.decoded[0].reshape(values.shape), 0, 1) * 255)
    assert np.array_equal(read[-1], final)
    assert data["psnr"][-1] == pytest.approx(metrics.psnr(values, message.decoded[0].reshape(
        values.shape)), abs=0.051)  # fmt: skip


def test_a_perfect_copy_has_no_number_of_decibels_and_the_message_stays_json() -> None:
    channel, values, _ = sent("latency")
    white = np.ones_like(values)
    data = player.payload("A", channel, white, channel.send(white))
    assert data["psnr"][-1] is None
    json.loads(json.dumps(data, allow_nan=False))


def test_large_pictures_share_frames_and_the_message_stays_small() -> None:
    params = PictureParams(side=96, n_steps=400)
    channel, values, message = sent("rate", params)
    group = player.group_of(400, values.size)
    assert group == 4 and -(-400 // group) * values.size <= player.MAX_CELLS
    data = player.payload("A", channel, values, message)
    film = unpack(data["frames"], "<i2").reshape(-1, *values.shape)
    assert len(film) == 100 and film.max() > 1
    assert np.array_equal(film.sum(axis=0), counts(message.spikes[:, 0], channel))
    assert len(json.dumps(data)) < 1_500_000


def test_closed_it_costs_nothing_and_open_it_plays_all_three() -> None:
    at = open_page(PAGE)
    assert not components(at)
    at = open_page(PAGE, enc_open_steps="true")
    data = data_of(at)
    assert [slot["letter"] for slot in data["slots"]] == ["A", "B", "C"]
    assert (data["steps"], data["group"], data["height"], data["width"]) == (100, 1, 48, 48)
    assert any("Everything runs in your browser" in c.value for c in at.caption)


def test_merged_steps_are_said() -> None:
    at = open_page(PAGE, enc_open_steps="true", enc_side="96", enc_n_steps="400")
    assert data_of(at)["group"] == 4
    assert any("one frame shows 4 steps together" in c.value for c in at.caption)


def test_a_code_that_cannot_send_the_picture_is_left_out() -> None:
    at = open_page(PAGE, enc_open_steps="true", enc_code_a="Burst", enc_n_steps="10")
    assert not at.exception
    assert [slot["letter"] for slot in data_of(at)["slots"]] == ["B", "C"]


def test_marks_are_seen_on_both_backgrounds() -> None:
    script = (Path(player.__file__).parent / "encoding_player.js").read_text(encoding="utf-8")
    assert f'"{RASTER_INK[True]}" : "{RASTER_INK[False]}"' in script
    assert f'rgb("{COLOURS["minus"]}")' in script
    papers = {False: "#F3F6F9", True: "#1A212B"}
    for dark, paper in papers.items():
        rgb = [int(paper[i : i + 2], 16) for i in (1, 3, 5)]
        assert f"[{', '.join(map(str, rgb))}]" in script
        assert tuple(rgb) == encoding_picture._PAPER[dark] == encoding_signal._PAPER[dark]
        for ink in (RASTER_INK[dark], COLOURS["minus"], COLOURS["spike"]):
            assert contrast(ink, paper) >= 3, (ink, paper)
