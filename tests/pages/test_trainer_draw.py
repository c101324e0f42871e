"""The player of a drawing: the bundled network answers at once, and bad input is said in words."""

from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components.canvas import Sheet
from pages.components.trainer import kept
from pages.components.trainer.draw_network import bundled
from pages.components.trainer.draw_player import payload
from pages.components.trainer.draw_source import SIDE, example
from snncore import models, trained
from snncore.datasets.drawing import write_drawing
from snncore.plots.training_reel import reel
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, words


def one() -> NDArray[np.uint8]:
    """A drawing of a 1."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[4:24, 13:16] = 255
    return pixels


def answer(app: AppTest) -> str:
    """The class that the panel says."""
    said = next(e.value for e in app.markdown if e.value.startswith("#### :primary["))
    return said.removeprefix("#### :primary[").split("]")[0]


def upload(app: AppTest, key: str, name: str, data: bytes) -> None:
    """Put one file into a box."""
    app.file_uploader(key=key).set_value((name, data, "application/octet-stream")).run()


def test_it_opens_with_a_drawn_seven_and_follows_a_new_drawing() -> None:
    app = open_page(PAGE)
    assert answer(app) == "7"
    assert "In 20 random draws" in words(app) and "MNIST images" in words(app)
    app.session_state["stdp_draw__sheet"] = Sheet(write_drawing(one()), 1)
    app.run()
    assert not app.exception and answer(app) == "1"
    assert app.query_params["stdp_drawing"] == write_drawing(one())
    again = open_page(PAGE, stdp_drawing=write_drawing(one()))
    assert answer(again) == "1"
    empty = np.zeros((SIDE, SIDE), np.uint8)
    app.session_state["stdp_draw__sheet"] = Sheet(write_drawing(empty), 2)
    app.run()
    assert not app.exception and "an empty canvas makes no spikes" in words(app)


def test_what_a_link_cannot_carry_is_said() -> None:
    app = open_page(PAGE)
    assert "exactly as you see it" in words(app)
    app.session_state["stdp_draw__sheet"] = Sheet(write_drawing(one() // 2), 1)
    app.run()
    assert not app.exception and answer(app) == "1"
    assert "this drawing's greys stay here" in words(app)
    assert "but not the greys of your drawing" in words(app.run())


def test_hostile_links_fall_back_with_a_word() -> None:
    app = open_page(
        PAGE,
        stdp_drawing="b9x9.<script>",
        stdp_draw_net="../../etc/passwd",
        stdp_draw_kind="file:///",
        stdp_draw_number="-1e99",
        stdp_draw_class="[x](javascript:0)",
    )
    assert answer(app) == "7" and "cannot be read" in words(app)
    assert app.get_by_key("stdp_draw_net").value == "bundled"


def test_a_network_from_a_file_answers_and_a_bad_file_is_explained() -> None:
    app = open_page(PAGE)
    app.get_by_key("stdp_draw_net").set_value("file").run()
    assert not app.exception and "has written" in words(app)
    upload(app, "stdp_draw_file", "bad.safetensors", b"no network")
    assert not app.exception and any("cannot be used" in e.value for e in app.error)
    data = Path(models.ALL[0].path).read_bytes()
    upload(app, "stdp_draw_file", "net.safetensors", data)
    assert not app.exception and answer(app) == "7" and "from your file" in words(app)
    assert all(isinstance(part, str) for part in app.session_state["stdp__draw_file"])
    kept.clear()  # read again from the upload
    app.run()
    assert not app.exception and answer(app) == "7" and "from your file" in words(app)


def test_a_photograph_of_dark_ink_is_read_and_a_bad_picture_is_explained() -> None:
    app = open_page(PAGE, stdp_draw_kind="draw")
    app.get_by_key("stdp_draw_kind").set_value("file").run()
    buffer = io.BytesIO()
    paper = 235 - (one() // 255 * 200).astype(np.uint8)
    Image.fromarray(paper).resize((140, 140)).save(buffer, "PNG")
    upload(app, "stdp_draw_picture", "one.png", buffer.getvalue())
    assert not app.exception and answer(app) == "1" and "inverted" in words(app)
    upload(app, "stdp_draw_picture", "two.png", b"no picture")
    assert not app.exception and any("cannot be used" in e.value for e in app.error)


def test_the_message_holds_the_film_and_is_small() -> None:
    net = bundled().trained
    picture = trained.prepare(example(), net.image_shape, "mnist").image
    film = reel(net, picture)
    data = payload(film)
    assert sum(len(str(value)) for value in data.values()) < 600_000
    raw = zlib.decompress(base64.b64decode(data["spikes"]))
    assert np.array_equal(np.frombuffer(raw, "<i4").reshape(-1, 5), film.spikes)
    bits = np.frombuffer(zlib.decompress(base64.b64decode(data["inputs"])), np.uint8)
    assert np.array_equal(np.unpackbits(bits)[: film.inputs.size], film.inputs.ravel())
    png = base64.b64decode(data["tiles"].partition(",")[2])
    with Image.open(io.BytesIO(png)) as sprite:
        assert sprite.size[0] == data["columns"] * data["tile"][1]


@pytest.mark.parametrize("kind", ["seven", "one"])
def test_the_bundled_network_reads_drawings_whatever_the_random_spikes(kind: str) -> None:
    drawn, want = (example(), 7) if kind == "seven" else (one(), 1)
    net = bundled().trained
    picture = trained.prepare(drawn, net.image_shape, "mnist").image
    found = trained.predict(net, np.repeat(picture[None], 20, axis=0))
    assert (found.classes == want).sum() >= 18
