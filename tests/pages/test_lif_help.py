"""The leaky bucket of the help: a picture for each theme, and its table."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

from streamlit.testing.v1 import AppTest

from pages.components.lif_help import ALT, drawing


def script() -> None:
    """A page with nothing but the bucket."""
    from pages.components.lif_help import analogies

    analogies()


def test_the_help_shows_the_bucket_and_names_each_part() -> None:
    at = AppTest.from_function(script, default_timeout=60).run()
    assert not at.exception, at.exception
    image = at.get("image")[0].proto.imgs[0]
    assert image.alt == ALT
    assert image.url.startswith("data:image/svg+xml;base64,")
    assert base64.b64decode(image.url.split(",")[1]).decode() == drawing(False)
    table = at.markdown[1].value
    for word in ("Membrane potential", "Leak", "Threshold", "Spike", "Refractory"):
        assert word in table


def test_the_drawing_is_well_formed_and_follows_the_theme() -> None:
    light, dark = drawing(False), drawing(True)
    for text in (light, dark):
        root = ET.fromstring(text)
        assert root.tag.endswith("svg")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")  # asks nobody
    assert light != dark
