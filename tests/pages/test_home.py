"""Home: what it says, that it is there at once, and that its pictures show what they claim."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import frame, home, status
from snncore.device import cpu_count
from snncore.jobs import Progress, get_manager
from snncore.plots import glances, vignettes
from tests.pages.opening import open_page


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that nobody has visited."""
    monkeypatch.setattr(home, "_futures", {})


def open_home() -> AppTest:
    return open_page()


def test_home_names_every_page_the_device_and_the_data() -> None:
    at = open_home()
    assert [title.value for title in at.title] == ["Spiking Lab"]
    links = {link.proto.label for link in at.get("page_link")}
    words = " ".join([*links, *(m.value for m in at.markdown)])
    for page in list(frame.PAGES.values())[1:]:
        assert page.title in words
    assert "Computing on" in words and "Digits 8×8" in words
    assert "python -m snncore --help" in [code.value for code in at.code]


def test_every_link_leads_to_a_page() -> None:
    links = [link.proto for link in open_home().get("page_link")]
    assert len(links) == 5 + 4  # the navigation and the cards
    assert {link.page for link in links} == {
        "",
        "LIF_Playground",
        "Spike_Encoding",
        "Hopfield_Recall",
        "STDP_MNIST_Trainer",
    }


@pytest.mark.usefixtures("fresh")
def test_home_does_not_wait_for_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow() -> glances.Vignette:
        assert release.wait(30)
        return glances.lif()

    monkeypatch.setattr(glances, "MAKERS", dict.fromkeys(glances.MAKERS, slow))
    try:
        at = open_home()  # would time out if it waited
        assert len(at.get("image")) == 0 and not home.all_done()
    finally:
        release.set()
    for future in home._futures.values():
        future.result(30)
    assert len(at.run().get("image")) == 4


@pytest.mark.usefixtures("fresh")
def test_a_picture_that_fails_is_left_out_and_tried_again_at_the_next_visit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> glances.Vignette:
        raise OSError("disk full")

    vignette = glances.lif()
    with monkeypatch.context() as patch:
        patch.setattr(glances, "MAKERS", dict.fromkeys(glances.MAKERS, broken))
        at = open_home()
        for future in home._futures.values():
            assert isinstance(future.exception(30), OSError)
        assert home.all_done() and not any(home.picture(name) for name in glances.MAKERS)
        assert "disk full" in caplog.text
    monkeypatch.setattr(glances, "MAKERS", dict.fromkeys(glances.MAKERS, lambda: vignette))
    assert not at.run().exception
    for future in home._futures.values():
        assert future.result(30) is vignette
    assert len(at.run().get("image")) == 4


@pytest.mark.usefixtures("fresh")
def test_ten_first_visitors_share_one_set_of_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    made, vignette, together = [], glances.lif(), threading.Barrier(10)

    def maker(name: str) -> Callable[[], glances.Vignette]:
        return lambda: (made.append(name), vignette)[1]

    monkeypatch.setattr(glances, "MAKERS", {name: maker(name) for name in glances.MAKERS})

    def visit() -> None:
        together.wait(30)
        home.start()

    visitors = [threading.Thread(target=visit) for _ in range(10)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(30)
    for future in home._futures.values():
        future.result(30)
    assert sorted(made) == sorted(glances.MAKERS)
    assert home.all_done() and all(home.picture(name) is vignette for name in glances.MAKERS)


@pytest.mark.parametrize("maker", glances.MAKERS.values(), ids=list(glances.MAKERS))
def test_each_picture_is_computed_for_both_themes_and_described(
    maker: Callable[[], glances.Vignette],
) -> None:
    vignette = maker()
    for data in (vignette.light, vignette.dark):
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (vignettes.WIDTH, vignettes.HEIGHT)
    assert vignette.light != vignette.dark
    assert vignette.alt.endswith(".") and vignette.caption.endswith(".")


def test_the_neuron_s_caption_counts_its_spikes() -> None:
    # 2.6 nA · 10 MΩ = 26 mV above rest; threshold at 20 mV, reset at 5 mV, τ 20 ms, 2 ms silence:
    # first spike after 20·ln(26/6) = 29.3 ms, then every 2 + 20·ln(21/6) = 27.1 ms.
    expected = 1 + int((150 - 29.3) // 27.1)
    assert glances.lif().caption == f"2.6 nA for 150 ms: {expected} spikes."


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_trace_marks_each_spike_where_it_happens() -> None:
    v, spikes = np.linspace(-70, -50, 101, dtype=np.float32), np.zeros(101, bool)
    silent = pixels(vignettes.trace(v, spikes, -50.0))
    spikes[50] = True
    fired = pixels(vignettes.trace(v, spikes, -50.0))
    columns = np.flatnonzero((silent != fired).any(axis=(0, 2)))
    assert abs(columns.mean() - vignettes.WIDTH / 2) < 3 and len(columns) < 8


def test_stages_show_the_pictures_in_order() -> None:
    black, white = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    shown = pixels(vignettes.stages([black, white, black]))
    middle = shown[vignettes.HEIGHT // 2].mean(axis=1)
    assert middle[60] == 0 and middle[vignettes.WIDTH // 2] == 255 and middle[-60] == 0


def test_the_hosts_panel_says_how_busy_the_server_is():
    at = open_home()
    at.session_state["home_server"] = True
    at.run()
    tables = [m.value for m in at.markdown if m.value.startswith("| ")]
    assert not at.exception and len(tables) == 2
    assert f"of {cpu_count()} places" in tables[0] and "GB" in tables[0]
    assert [line.split("|")[1].strip() for line in tables[1].splitlines()[2:]] == [
        "Trainings", "Downloads", "Analyses", "Classifiers", "Recalls",
    ]  # fmt: skip


def test_the_hosts_panel_counts_running_work():
    go = threading.Event()

    def work():
        while not go.wait(0.01):
            yield Progress(0.5, "")

    manager = get_manager("sweep")
    ticket = manager.submit("somebody", "a key of this test", lambda: iter(work()))
    try:
        deadline = time.monotonic() + 10
        while manager.stats().running == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        (line,) = [line for line in status.work() if line[0] == "Analyses"]
        assert line[1:3] == ("1", "0")
    finally:
        go.set()
        manager.cancel(ticket.id)


def test_a_closed_panel_costs_one_message():
    at = open_home()
    assert not [m for m in at.markdown if "places" in m.value]
