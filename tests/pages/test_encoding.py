"""The Spike Encoding page: opens on a working example, and every control does what it says."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import encoding as panel
from pages.components import encoding_blobs as blobs_panel
from snncore import datasets, encoding, metrics
from snncore.blobs import BlobParams, classify
from tests.pages.opening import open_page

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard.py"
PAGE = "pages/2_Spike_Encoding.py"


def opened(tab: str = "") -> AppTest:
    at = open_page(PAGE)
    if tab:
        at.session_state["enc_tab"] = tab
    return shown(at.run())


def shown(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def scores(at: AppTest) -> list[tuple[float, float]]:
    """(spikes per pixel, RMSE) of the three codes, read from the page."""
    found = [
        re.search(r"\*\*([\d.]+)\*\* spikes per pixel\s+RMSE \*\*([\d.]+)\*\*", m.value)
        for m in at.markdown
    ]
    return [(float(f[1]), float(f[2])) for f in found if f]


def metric(at: AppTest, label: str) -> str:
    return next(m.value for m in at.metric if m.label == label)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_opens_on_a_picture_through_three_codes_with_the_engines_numbers():
    at = opened()
    params = panel.PictureParams()
    values = panel.fetch(params)[0]
    expected = []
    for name in (params.code_a, params.code_b, params.code_c):
        code = encoding.get_code(name)
        sent = encoding.transmit_images(values[None], code, code.params(), n_steps=100)
        expected.append((sent.spikes.sum() / values.size, metrics.rmse(sent.values, sent.decoded)))
    got = scores(at)
    assert len(got) == 3
    np.testing.assert_allclose([g[0] for g in got], [e[0] for e in expected], rtol=5e-3)
    np.testing.assert_allclose([g[1] for g in got], [e[1] for e in expected], atol=5e-4)
    assert len(at.latex) == 6


def test_more_steps_make_the_rate_code_better_and_dearer():
    at = opened()
    before = scores(at)[0]
    at.slider(key="enc_n_steps").set_value(400).run()
    after = scores(shown(at))[0]
    assert after[0] == pytest.approx(4 * before[0], rel=0.02)
    assert after[1] == pytest.approx(before[1] / 2, rel=0.1)  # √4


def test_seed_changes_only_the_random_code():
    at = opened()
    before = scores(at)
    at.number_input(key="enc_seed").set_value(7).run()
    after = scores(shown(at))
    assert after[0][0] != before[0][0]
    assert after[1:] == before[1:]


def test_presets_set_and_reset_restores_everything():
    at = opened()
    first = scores(at)
    at.button(key="enc_picture__preset_One spike each").click().run()
    few = scores(shown(at))
    assert all(spikes <= 1 for spikes, _ in few[:2])
    assert at.selectbox(key="enc_code_a").value == "latency"
    at.number_input(key="enc_a_latency_threshold").set_value(0.5).run()
    assert scores(shown(at))[0][0] < few[0][0]
    at.button(key="enc_picture__reset").click().run()
    assert scores(shown(at)) == first


def test_smaller_set_does_not_keep_a_number_that_it_lacks():
    at = opened()
    at.selectbox(key="enc_dataset").set_value("digits").run()
    at.number_input(key="enc_index").set_value(1000).run()
    shown(at)
    at.selectbox(key="enc_dataset").set_value("skimage").run()
    assert shown(at).session_state["enc_index"] == 0


def test_missing_data_set_is_said_and_a_bundled_one_is_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    at = opened()
    at.selectbox(key="enc_dataset").set_value("mnist").run()
    shown(at)
    assert any("bundled photographs" in w.value for w in at.warning)
    assert "Download it now" in [button.label for button in at.button]
    assert len(scores(at)) == 3


def test_own_picture_is_used_and_reset_removes_it():
    at = opened()
    first = scores(at)
    white = png(np.full((30, 60), 255, dtype=np.uint8))
    at.file_uploader(key="enc_upload_0").upload("white.png", white, "image/png").run()
    got = scores(shown(at))
    assert got[0] == (100.0, 0.0)  # every pixel fires in every step
    assert any("48×24 pixels" in c.value for c in at.caption)
    at.button(key="enc_picture__reset").click().run()
    assert scores(shown(at)) == first


@pytest.mark.parametrize("data", [b"this is text", b"\x89PNG\r\n\x1a\nbroken"])
def test_bad_upload_is_a_message_not_a_crash(data):
    at = opened()
    at.file_uploader(key="enc_upload_0").upload("a.png", data, "image/png").run()
    assert not at.exception
    assert any("picture" in e.value for e in at.error)


def test_link_and_command_say_what_is_shown():
    at = opened()
    at.selectbox(key="enc_code_b").set_value("latency_rc").run()
    at.slider(key="enc_n_steps").set_value(60).run()
    texts = [c.value for c in shown(at).code]
    assert any("enc_n_steps=60" in t and "enc_code_b=Latency+%28RC%29" in t for t in texts)
    assert any("--steps 60" in t and "--code latency_rc" in t for t in texts)


def test_a_link_restores_the_state():
    at = shown(open_page(PAGE, enc_n_steps="60", enc_code_b="Latency (RC)"))
    assert at.slider(key="enc_n_steps").value == 60
    assert at.selectbox(key="enc_code_b").value == "latency_rc"


def test_signal_tab_shows_the_bound_and_its_breach():
    at = opened("Signal")
    assert len(at.get("vega_lite_chart")) == 3
    at.button(key="enc_signal__preset_Slow wave").click().run()
    captions = [c.value for c in shown(at).caption]
    assert any("must stay within θ" in c for c in captions)
    assert any("No spike at all" in c for c in captions)
    at.button(key="enc_signal__preset_Too fast").click().run()
    assert any("Slope overload" in c.value for c in shown(at).caption)


def test_signal_scores_are_the_engines():
    at = opened("Signal")
    code = encoding.get_code("send_on_delta")
    sent = encoding.transmit_signal(encoding.SignalParams(), code, code.params())
    events = int(np.count_nonzero(sent.spikes))
    error = metrics.rmse(sent.values, sent.decoded)
    assert any(f"**{events}** spikes, RMSE **{error:.3f}**" in m.value for m in at.markdown)


def test_blobs_tab_shows_trained_and_control_accuracy():
    at = opened("Blobs")
    result = classify(BlobParams())
    assert metric(at, "Test") == f"{100 * result.test_accuracy:.3g} %"
    assert metric(at, "Untrained") == f"{100 * result.control_accuracy:.3g} %"
    at.button(key="enc_blobs__preset_Untrained").click().run()
    assert float(metric(shown(at), "Test").split()[0]) < 60
    at.button(key="enc_blobs__reset").click().run()
    assert metric(shown(at), "Test") == f"{100 * result.test_accuracy:.3g} %"


def test_neuron_view_falls_back_when_the_neuron_is_gone():
    at = opened("Blobs")
    at.session_state["enc_b_map"] = 3
    shown(at.run())
    at.slider(key="enc_b_n_classes").set_value(2).run()
    assert shown(at).session_state["enc_b_map"] == 0


def test_a_preset_also_sets_what_is_not_in_sight():
    at = opened()
    at.selectbox(key="enc_code_a").set_value("latency").run()
    at.number_input(key="enc_a_latency_threshold").set_value(0.5).run()
    at.selectbox(key="enc_code_a").set_value("rate").run()
    at.button(key="enc_picture__preset_One spike each").click().run()
    default = encoding.get_code("latency").params().threshold
    assert shown(at).number_input(key="enc_a_latency_threshold").value == default


def most_expensive() -> blobs_panel.PageParams:
    specs = blobs_panel.PageParams.specs()
    most = {n: int(specs[n].hi) for n in ("n_classes", "n_points", "n_steps", "copies", "epochs")}
    return blobs_panel.PageParams(**most)


def test_no_blobs_that_the_page_offers_take_long():
    blobs_panel.run.__wrapped__(blobs_panel.PageParams())  # the kernels are compiled
    start = time.perf_counter()
    blobs_panel.run.__wrapped__(most_expensive())
    assert time.perf_counter() - start < 2  # about 0.2 s where nothing else runs


def test_a_link_cannot_ask_for_more_blobs_than_the_page_offers():
    wish = {"n_points": "2000", "n_steps": "200", "copies": "8", "epochs": "999"}
    at = shown(open_page(PAGE, enc_tab="Blobs", **{f"enc_b_{n}": v for n, v in wish.items()}))
    limits = blobs_panel.PageParams.specs()
    for name, value in wish.items():
        assert at.slider(key=f"enc_b_{name}").value <= limits[name].hi < float(value)
    assert metric(at, "Test")


def test_exports_hold_what_is_shown():
    params = panel.PictureParams(dataset="digits", n_steps=20)
    values, _ = panel.fetch(params)
    chosen = []
    for name in (params.code_a, params.code_b, params.code_c):
        code = encoding.get_code(name)
        chosen.append((code, code.params(), panel.send(values, code, code.params(), params, False)))
    view = panel._view(params, values, chosen, own=False)
    file, figure = (d.data() for d in view.downloads)
    with np.load(io.BytesIO(file), allow_pickle=False) as held:
        assert held["spikes_a_rate"].sum() == chosen[0][2].spikes
        assert np.array_equal(held["original"], values)
    assert figure.startswith(b"\x89PNG")
    assert datasets.load("digits").images.shape[1:] == values.shape
