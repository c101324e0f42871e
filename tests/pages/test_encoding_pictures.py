"""Visitors' own pictures on the picture tab: odd ones, broken ones, and whose they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import encoding as panel
from pages.components import encoding_source as sources
from snncore import datasets, encoding
from snncore.transmission import Channel
from tests.pages.picture_tab import numbers, opened, shown


def png(pixels: np.ndarray | Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def upload(at: AppTest, data: bytes) -> AppTest:
    turn = at.session_state[sources.GENERATION]
    return at.file_uploader(key=f"enc_upload_{turn}").upload("own.png", data, "image/png").run()


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
GREY = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)
PALETTE = Image.fromarray(np.repeat(GREY[:, :, None], 3, axis=2)).convert("P")
CLEAR = np.zeros((20, 30, 4), dtype=np.uint8)
ODD = {
    "16-bit": (png((GREY.astype(np.uint16) << 8) + 77), "16×16"),
    "palette": (png(PALETTE), "16×16"),
    "transparent palette": (png(PALETTE, transparency=3), "16×16"),
    "transparent": (png(CLEAR), "30×20"),
    "grey with alpha": (png(Image.fromarray(CLEAR).convert("LA")), "30×20"),
    "one bit": (png(Image.fromarray(GREY).convert("1")), "16×16"),
    "constant black": (png(np.zeros((24, 24), dtype=np.uint8)), "24×24"),
    "constant grey": (png(np.full((24, 24), 128, dtype=np.uint8)), "24×24"),
    "a line": (png(np.full((2, 300), 9, dtype=np.uint8)), "48×1"),
    "a column": (png(np.full((300, 1), 200, dtype=np.uint8)), "1×48"),
    "one pixel": (png(np.full((1, 1), 99, dtype=np.uint8)), "1×1"),
}


@pytest.mark.parametrize("kind", ["16-bit", "transparent palette", "one pixel"])
def test_odd_pictures_are_shown_or_refused_in_words(kind: str) -> None:
    data, size = ODD[kind]
    at = upload(opened(enc_open_steps="true"), data)
    shown(at)
    assert any(f"Your picture, {size} pixels" in c.value for c in at.caption)
    refused = [w.value for w in at.warning]
    assert len(numbers(at)) + len(refused) == 3
    small = min(map(int, size.split("×"))) < 4
    assert len(refused) == small  # the retina's window does not fit
    assert all("Retina" in words and "choose a smaller size" in words for words in refused)


@pytest.mark.parametrize("kind", ODD)
def test_every_code_sends_odd_pictures_or_refuses_them_in_words(kind: str) -> None:
    data, size = ODD[kind]
    source = sources.source_of(datasets.files.read_image(data), 48, "odd", own=True)
    assert "{1}×{0}".format(*source.values.shape) == size
    for code in encoding.CODES.values():
        channel = Channel(code.name, code.params(), 60, source.values.shape)
        if min(source.values.shape) < 4 and code.family == "retina":
            with pytest.raises(ValueError, match="choose a smaller size"):
                channel.send(source.values)
            continue
        shown_of = panel.quality(source.values, channel.send(source.values), channel)
        assert np.isfinite([shown_of.rmse, shown_of.max_error, shown_of.per_pixel]).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_photograph_is_made_small_while_it_is_read(kind: str) -> None:
    left = np.zeros((1200, 2000, 3), dtype=np.uint8)
    left[:, :1000] = 255
    held, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 3  # taken upside down
    Image.fromarray(left).save(held, kind, exif=exif)
    small = datasets.files.read_image(held.getvalue(), least=500)
    assert 500 <= small.shape[1] <= 700
    whole = datasets.files.read_image(held.getvalue())
    assert whole.shape == left.shape
    for pixels in (small, whole):
        width = pixels.shape[1]
        assert pixels[:, : width // 2 - 8].max() < 8 and pixels[:, width // 2 + 8 :].min() > 247


def test_transparent_pixels_are_white() -> None:
    at = upload(opened(), ODD["transparent"][0])
    assert numbers(shown(at))[0] == (100.0, 0.0)  # every pixel fires in every step


@pytest.mark.parametrize(
    "data", [b"this is text", b"\x89PNG\r\n\x1a\nbroken", b"", png(NOISE)[:900]]
)
def test_bad_upload_is_a_message_and_the_page_goes_on(data: bytes) -> None:
    at = upload(opened(), data)
    assert not at.exception
    assert any("picture" in e.value for e in at.error)
    assert len(numbers(at)) == 3
    at.slider(key="enc_n_steps").set_value(60).run()  # it is still said in the next run
    assert len(at.error) == 1
    at.button(key="enc__back").click().run()
    assert len(numbers(shown(at))) == 3


def test_own_picture_survives_a_look_at_another_tab_and_reset_removes_it() -> None:
    at = opened()
    first = numbers(at)
    upload(at, png(np.full((30, 60), 255, dtype=np.uint8)))
    assert numbers(shown(at))[0] == (100.0, 0.0)
    assert any("48×24 pixels" in c.value for c in at.caption)
    assert any("without your picture" in m.value for m in at.markdown)
    at.session_state["enc_tab"] = "Signal"
    shown(at.run())
    at.session_state["enc_tab"] = "Picture"
    assert numbers(shown(at.run()))[0] == (100.0, 0.0)
    at.button(key="enc__reset").click().run()
    assert numbers(shown(at)) == first


def test_one_visitor_never_sees_the_picture_of_another() -> None:
    one, two = opened(), opened()
    upload(one, png(np.full((24, 24), 255, dtype=np.uint8)))
    upload(two, png(np.full((24, 24), 0, dtype=np.uint8)))
    assert numbers(shown(one))[0][0] == 100 and numbers(shown(two))[0][0] == 0
    assert numbers(opened())[0][0] not in (0, 100)


def test_camera_is_asked_for_only_on_request() -> None:
    at = opened()
    assert not at.get("camera_input")
    at.toggle(key="enc__camera_0").set_value(True).run()
    assert len(shown(at).get("camera_input")) == 1
