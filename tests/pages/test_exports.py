"""Share, Command and Export: the same three, with the same order of files, on every page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import open_page

PAGES = {
    "pages/1_LIF_Playground.py": {},
    "pages/2_Spike_Encoding.py": {},
    "pages/2_Spike_Encoding.py signal": {"enc_tab": "Signal"},
    "pages/2_Spike_Encoding.py points": {"enc_tab": "Classifier"},
    "pages/3_Hopfield_Recall.py": {},
}
KINDS = [("csv", "npz"), ("png", "svg", "json"), ("py", "nir", "safetensors")]
SCRIPT = """
from pages.components.share import Download, share_bar
share_bar(command="x", params={{}}, downloads=[
    Download(name, b"x", name, "text/plain") for name in {names!r}
])
"""


def files(app: AppTest) -> list[str]:
    """The files of the Export menu, from top to bottom."""
    keys = [b.key for b in app.get("download_button")]
    return [k.removeprefix("share_export_") for k in keys if k and k.startswith("share_export_")]


def popovers(app: AppTest) -> dict[str, bool]:
    """The buttons of the row, and whether each can be pressed."""
    found = {p.proto.popover.label: not p.proto.popover.disabled for p in app.get("popover")}
    return {name: on for name, on in found.items() if name in ("Share", "Command", "Export")}


def kind(name: str) -> int:
    return next(k for k, endings in enumerate(KINDS) if name.rsplit(".", 1)[1] in endings)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_has_data_and_a_figure_in_the_same_order(page: str) -> None:
    app = open_page(page.split()[0], **PAGES[page])
    assert list(popovers(app)) == ["Share", "Command", "Export"]
    names = files(app)
    assert [kind(name) for name in names] == sorted(kind(name) for name in names)
    endings = {name.rsplit(".", 1)[1] for name in names}
    assert endings & {"csv", "npz"} and "png" in endings


def test_where_nothing_can_be_exported_yet_the_button_stands_there_and_says_so() -> None:
    app = open_page("pages/4_STDP_MNIST_Trainer.py")
    assert popovers(app) == {"Share": True, "Command": True, "Export": False}
    assert files(app) == []


def test_files_are_sorted_by_kind_and_keep_their_order_within_it() -> None:
    names = ["b.py", "z.svg", "a.png", "c.nir", "y.csv", "x.vl.json", "d.npz", "e.safetensors"]
    at = AppTest.from_string(SCRIPT.format(names=names)).run()
    assert not at.exception, at.exception
    assert files(at) == [
        "y.csv", "d.npz", "z.svg", "a.png", "x.vl.json", "b.py", "c.nir", "e.safetensors"
    ]  # fmt: skip
