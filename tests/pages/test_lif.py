"""The LIF Playground as a visitor uses it: sliders, presets, links, exports, silence."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import lif
from snncore.playground import PRESETS, Bench, play
from snncore.plots import neuron as plots
from snncore.simulate import RunParams
from tests.pages.opening import open_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/1_LIF_Playground.py"


@pytest.fixture
def page() -> AppTest:
    return open_page(PAGE)


def shown(at: AppTest) -> dict[str, str]:
    """Label → value of the row of numbers."""
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return {m.label: m.value for m in at.metric}


def texts(at: AppTest) -> str:
    words = [m.value for m in at.metric] + [m.delta for m in at.metric]
    return " ".join([*words, *(c.value for c in at.caption), *(x.value for x in at.latex)])


def test_it_opens_on_a_neuron_that_fires_as_theory_says(page):
    numbers = shown(page)
    assert numbers["Spikes"] == "16"
    assert numbers["Theory [Hz]"] == "33.64"
    assert float(numbers["Error"].split()[0]) == pytest.approx(-0.23, abs=0.02)
    assert numbers["First spike [ms]"] == "32.189"
    assert len(page.get("vega_lite_chart")) == 3
    assert any("33.64" in x.value for x in page.latex)


def test_a_slider_changes_the_numbers(page):
    page.slider(key="lif_current").set_value(3.0).run()
    # 1000 / (2 + 20·ln(25/10)) Hz
    assert shown(page)["Theory [Hz]"] == f"{1000 / (2 + 20 * math.log(2.5)):.2f}"
    assert int(shown(page)["Spikes"]) > 16


def test_noise_brings_in_siegert_and_the_seed_matters(page):
    page.slider(key="lif_sigma_v").set_value(3.0).run()
    first = shown(page)
    assert "Siegert" in texts(page)
    page.number_input(key="lif_seed").set_value(5).run()
    second = shown(page)
    assert first["Theory [Hz]"] == second["Theory [Hz]"]
    assert first["First spike [ms]"] != second["First spike [ms]"]


def test_silence_is_put_in_words_not_in_nan(page):
    page.slider(key="lif_current").set_value(0.0).run()
    numbers = shown(page)
    assert numbers["Spikes"] == "0" and numbers["CV"] == lif.DASH
    assert "not enough spikes" in texts(page)
    assert "nan" not in texts(page).lower() and "inf" not in texts(page).lower().split()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_shows_itself_and_reset_brings_the_start_back(page, name):
    page.button(key=f"lif__preset_{name}").click().run()
    expected = lif.numbers(play(*lif.parts(PRESETS[name])).summary)
    assert shown(page) == {n.label: n.value for n in expected}
    assert "nan" not in texts(page).lower()
    page.button(key="lif__reset").click().run()
    assert shown(page)["Theory [Hz]"] == "33.64"


@pytest.mark.parametrize(("mode", "theory"), [("subtract", "33.64"), ("none", lif.DASH)])
def test_every_reset_mode_works(mode, theory):
    at = open_page(PAGE, lif_reset=mode)
    assert shown(at)["Theory [Hz]"] == theory
    assert "nan" not in texts(at).lower()


def test_values_that_contradict_each_other_are_explained(page):
    page.slider(key="lif_v_reset").set_value(-40.0).run()
    assert not page.exception
    assert any("v_reset must be < v_th" in e.value for e in page.error)


def test_the_command_and_the_link_carry_exactly_what_was_changed(page):
    page.slider(key="lif_tau_m").set_value(30.0).run()
    page.slider(key="lif_size").set_value(50).run()
    codes = [c.value for c in page.code]
    assert "python -m snncore lif --tau-m 30" in codes
    assert any("lif_tau_m=30" in c and "lif_size=50" in c for c in codes)


def test_a_link_restores_the_state():
    at = open_page(PAGE, lif_current="1.4", lif_sigma_v="4.0")
    assert at.slider(key="lif_current").value == 1.4
    expected = lif.numbers(play(*lif.parts(Bench(current=1.4, sigma_v=4))).summary)
    assert shown(at) == {n.label: n.value for n in expected}


def test_the_exports_are_the_run(tmp_path):
    bench = PRESETS["Fluctuations"]
    result = play(*lif.parts(bench))
    files = {d.file_name: d.data() for d in lif.exports(bench)}
    rows = list(csv.DictReader(io.StringIO(files["lif.csv"].decode())))
    assert [k for k, r in enumerate(rows) if r["spike"] == "1"] == result.spike_steps.tolist()
    program = tmp_path / "lif_run.py"
    program.write_bytes(files["lif_run.py"])
    done = subprocess.run(
        [sys.executable, "-I", str(program)], capture_output=True, text=True, check=True
    )
    times = [line.split(",")[1] for line in done.stdout.splitlines()[1:]]
    assert times == [f"{t:.9f}" for t in result.spike_times] and len(times) > 5
    assert files["lif.png"].startswith(b"\x89PNG") and b"<svg" in files["lif.svg"]


def test_the_population_on_the_page_says_where_its_noise_comes_from(page):
    assert "because the drive above has none" in texts(page)
    page.slider(key="lif_sigma_v").set_value(3.0).run()
    assert "because the drive above has none" not in texts(page)


def test_thinning_keeps_every_peak_and_the_limit():
    t = np.arange(123_457.0)
    v = np.sin(t / 50)
    v[77_777], v[5] = 9.0, -9.0
    thin_t, thin_v = plots.thin(t, v)
    assert thin_t.size <= plots.MAX_POINTS
    assert 9.0 in thin_v and -9.0 in thin_v
    assert np.all(np.diff(thin_t) > 0) and np.array_equal(v[thin_t.astype(int)], thin_v)
    assert plots.thin(t[:100], v[:100])[0].size == 100


def test_a_fast_long_run_draws_a_bounded_number_of_marks():
    bench = Bench(current=10, t_ref=0, duration=20_000)
    neuron, stimulus, _ = lif.parts(bench)
    result = play(neuron, stimulus, RunParams(duration=20_000))
    assert len(result.spike_times) > 3000
    spec = plots.trace_chart(result, neuron)
    assert max(len(rows) for rows in spec["datasets"].values()) <= plots.MAX_POINTS
