"""A data set's download is cut in the middle: a second try, never a half file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from snncore import datasets
from tests.faults.desk import until
from tests.test_downloads import Server, left_over, root, server  # noqa: F401

Says = Callable[[str], None]
SCRIPT = """
import streamlit as st
from pages.components.fetch import present_or_offer
st.slider("setting", 0, 10, 3, key="setting")
st.text("here" if present_or_offer("mnist", "the bundled digits", "x") else "not here")
"""


def test_cut_in_the_middle_then_tried_again(
    server: Server,  # noqa: F811
    root: Path,  # noqa: F811
    says: Says,
) -> None:
    """The connection of a download is closed in the middle; pressed again."""
    app = AppTest.from_string(SCRIPT, default_timeout=60).run()
    app.slider(key="setting").set_value(8).run()
    server.cut = {"train-images-idx3-ubyte.gz"}
    app.button(key="x_fetch_start").click().run()
    until(app, lambda: bool(app.error))
    says(app.error[0].value.replace(server.url, "URL/"))
    assert "cut off" in app.error[0].value or "Incomplete" in app.error[0].value
    assert "check the network" in app.error[0].value
    assert app.text[0].value == "not here" and "goes on with the bundled" in app.warning[0].value
    assert "train-images-idx3-ubyte" not in left_over(root)
    server.cut = set()
    server.asked.clear()
    app.button(key="x_fetch_start").click().run()
    until(app, lambda: app.text[0].value == "here")
    assert "train-labels-idx1-ubyte.gz" not in server.asked  # what had come whole stays
    assert len(datasets.load("mnist").labels) == 9 and app.slider(key="setting").value == 8


def test_the_scratch_of_a_killed_download_is_removed(
    server: Server,  # noqa: F811
    root: Path,  # noqa: F811
) -> None:
    """The process is killed while it downloads: its scratch goes, that of others stays."""
    for name, age in ((".download-dead", 2 * 86_400), (".download-alive", 60)):
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "half.gz").write_bytes(b"half")
        os.utime(folder, (time.time() - age,) * 2)
    list(datasets.download("mnist"))
    assert {p.name for p in root.glob(".download-*")} == {".download-alive"}
    with pytest.raises(datasets.DatasetMissing):
        datasets.load("fashion")
