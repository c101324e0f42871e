"""The analysis sections of the LIF Playground: what they show is what the engine computed."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import lif_compare, lif_files, lif_sections
from pages.components import lif_section_base as base
from pages.components import lif_section_map as maps
from pages.components import lif_section_trains as trains
from pages.components.lif_section_base import Row
from snncore import spike_trains
from snncore.neurons import MODELS
from snncore.playground import PopulationParams, Setup, play, population
from snncore.playground.budget import most_steps
from snncore.playground.density import density
from snncore.playground.heatmap import HeatmapParams, heatmap
from snncore.playground.phase_plane import PhasePlaneParams, phase_plane
from snncore.playground.response import ResponseParams, response
from snncore.playground.sta import STAParams, sta
from snncore.playground.trials import TrialsParams, trials
from snncore.plots.base import COLOURS
from snncore.theory.first_passage import interval_law
from tests.pages.opening import open_page
from tests.pages.test_frame import contrast

NAMES = [section.name for section in lif_sections.SECTIONS]
SHORT = {"duration": 200.0}
FEW = {"lif_size": "20", "lif_trials_n_trials": "5", "lif_response_points": "5"}
PAGE = "pages/1_LIF_Playground.py"


def _script() -> None:
    import json

    import streamlit as st

    from pages.components.lif_sections import open_sections, sections
    from snncore.playground import Setup
    from snncore.stimuli import Recording

    rows = st.query_params.get("recording")
    recording = None if rows is None else Recording.from_csv(rows.encode(), "own.csv")
    sections(Setup.from_dict(json.loads(st.query_params["setup"])), recording, False)
    st.session_state["link"] = open_sections()


def show(setup: Setup, *names: str, **query: str) -> AppTest:
    """The list of sections with these open, on a page of its own."""
    at = AppTest.from_function(_script, default_timeout=120)
    at.query_params["setup"] = json.dumps(setup.to_dict())
    for name in names:
        at.query_params[lif_sections.open_key(name)] = "true"
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def words(at: AppTest) -> str:
    return " ".join(e.value for kind in ("markdown", "caption", "info") for e in at.get(kind))


def cells(at: AppTest, name: str) -> list[str]:
    """The cells after the name of one row of the tables of numbers."""
    rows = [
        line for m in at.markdown for line in m.value.splitlines() if line.startswith(f"| {name}")
    ]
    assert len(rows) == 1, (name, words(at))
    return [cell.strip() for cell in rows[0].strip("|").split("|")][1:]


def charts(at: AppTest) -> int:
    return len(at.get("vega_lite_chart"))


@pytest.mark.parametrize("model", MODELS)
def test_every_section_opens_for_every_model(model):
    at = show(Setup.of(model, **SHORT), *(n for n in NAMES if n != "challenge"), **FEW)
    assert charts(at) >= 5
    said = words(at).lower().replace("|", " ").split()
    assert not {"nan", "inf", "-inf", "nan,"} & set(said)


def test_every_section_takes_a_recorded_current():
    rows = "t_ms,current_na\n" + "".join(f"{10 * k},{2.5 + (k % 3)}\n" for k in range(20))
    for name in NAMES:
        if name not in ("challenge", "map"):
            alone = show(Setup.of(current=0.0, duration=100.0), name, recording=rows, **FEW)
            # The cause of spikes asks for noise, the steps are no chart.
            assert charts(alone) >= 1 or name in ("cause", "steps"), name
    at = show(Setup.of(current=0.0, **SHORT), "regularity", recording=rows)
    silent = show(Setup.of(current=0.0, **SHORT), "regularity")
    assert "Not enough spikes" in words(silent)  # the spikes above come from the file
    other = show(Setup.of(current=0.0, **SHORT), "regularity", recording=rows.replace("4.5", "3"))
    assert cells(other, "Rate, 1") != cells(at, "Rate, 1")  # the cache tells files apart


def test_closed_sections_compute_nothing(monkeypatch):
    def forbidden(*_: object) -> None:
        raise AssertionError("computed while closed")

    for name in ("cached_run", "computed"):
        monkeypatch.setattr(base, name, forbidden)
    at = show(Setup())
    assert charts(at) == 0
    assert len(at.expander) == len(NAMES)


def test_a_link_opens_sections_with_what_is_set_in_them():
    at = show(Setup(), "trials", "map", lif_trials_n_trials="7", lif_map_x="Refractory [ms]")
    link = at.session_state["link"]
    assert link["lif_open_trials"] and link["lif_open_map"] and "lif_open_cause" not in link
    assert link["lif_trials_n_trials"] == 7
    assert link["lif_map_x"] == "Refractory [ms]"
    again = show(Setup(), **{n: "true" if v is True else str(v) for n, v in link.items()})
    assert again.session_state["link"] == link
    assert again.session_state["link"] == link
    assert again.slider(key="lif_trials_n_trials").value == 7


def test_regularity_shows_the_measures_of_the_longer_run_it_speaks_of():
    setup = Setup.of(current=1.8, sigma_v=3.0, duration=300.0)
    at = show(setup, "regularity")
    long = trains.longer(setup, play(setup), None)
    assert long.run.duration > 1000
    times = play(long).spike_times
    assert f"{len(times):,} spikes" in words(at)
    assert cells(at, "CV2")[0] == base.number(spike_trains.cv2(times))
    assert cells(at, "LV")[0] == base.number(spike_trains.lv(times))
    theory = play(setup).summary.theory_cv
    assert cells(at, "CV of")[1] == base.number(theory)
    assert charts(at) == 5


def test_a_clock_has_no_spread_and_its_theory_says_so():
    at = show(Setup.of(current=2.5), "regularity")
    assert cells(at, "CV2")[1:] == ["0", "0"]
    assert cells(at, "Rate")[1] == "33.64"


def test_a_drive_that_does_not_go_on_is_not_lengthened():
    for values in ({"step_current": 1.0}, {"ramp_current": 1.0}, {"chirp_current": 1.0}):
        setup = Setup.of(current=2.5, **values)
        assert trains.longer(setup, play(setup), None) == setup
    setup = Setup.of(current=2.5, amplitude=0.5)
    assert trains.longer(setup, play(setup), None).run.duration > setup.run.duration


def test_a_run_too_long_for_a_page_is_refused_with_the_cure():
    at = open_page(PAGE, lif_duration="100000", lif_dt="0.1")
    assert len(at.error) == 1
    assert "shorten it, enlarge dt, or take the command line" in at.error[0].value
    # A longer run for the statistics keeps within the limit, too.
    slow = Setup.of("eif", tau_m=0.5, current=0.3, dt=10.0, duration=1000.0)
    shown = play(Setup.of(current=2.5))
    shown = shown._replace(summary=dataclasses.replace(shown.summary, count=2))
    assert trains.longer(slow, shown, None).run.n_steps <= most_steps(slow)


def test_intervals_under_noise_are_drawn_with_their_law():
    at = show(Setup.of(current=1.8, sigma_v=3.0), "regularity")
    specs = [e.proto.spec for e in at.get("vega_lite_chart")]
    assert sum('"Theory"' in spec and "Interval [ms]" in spec for spec in specs) == 1
    assert interval_law(Setup().neuron, 1.8, 3.0, 0.1).t.size > 100


@pytest.mark.parametrize("current", [0.0, 1.9])
def test_silence_is_put_in_words_with_the_current_that_is_needed(current):
    at = show(Setup.of(current=current, **SHORT), "regularity")
    assert charts(at) == 0
    assert "Not enough spikes (0): raise the current above the rheobase (2 nA)" in words(at)


def test_silence_in_spite_of_enough_current_is_not_told_to_raise_it():
    at = show(Setup.of(current=2.5, duration=20.0), "regularity")
    assert "reaches the rheobase (2 nA) already" in words(at)


def test_trials_show_the_engine_s_agreement():
    setup = Setup.of(current=1.8, sigma_v=3.0, frozen=True, **SHORT)
    at = show(setup, "trials", lif_trials_n_trials="12")
    found = trials(setup, TrialsParams(n_trials=12))
    assert cells(at, "Reliability at 3 ms")[0] == base.number(found.reliability)
    assert cells(at, "Reliability by chance")[0] == base.number(found.chance)
    assert "Frozen noise is **on**" in words(at)


def test_a_button_freezes_the_noise_of_the_page():
    at = open_page(PAGE, lif_sigma_v="3", lif_current="1.8", lif_open_trials="true")
    assert "Frozen noise is **off**" in words(at)
    at.button(key="lif_fix_frozen").click().run()
    assert not at.exception
    assert "Frozen noise is **on**" in words(at)


def test_without_noise_the_cause_of_spikes_offers_noise():
    at = open_page(PAGE, lif_open_cause="true")
    assert "This needs noise" in words(at)
    before = charts(at)
    at.button(key="lif_fix_sta").click().run()
    assert not at.exception and "This needs noise" not in words(at)
    assert charts(at) == before + 1


def test_the_spike_triggered_average_is_the_engine_s():
    setup = Setup.of(current=1.4, sigma_v=4.0, **SHORT)
    at = show(setup, "cause", lif_sta_window="60")
    found = sta(setup, STAParams(window=60.0))
    assert f"{found.n_spikes:,} spikes" in words(at)
    assert "here it is 1.5" in words(at)  # (20 − 14) mV / 4 mV


def test_the_density_section_holds_the_engine_s_numbers():
    setup = Setup.of(current=1.8, sigma_v=3.0, **SHORT)
    at = show(setup, "density")
    found = density(setup)
    assert cells(at, "σ without threshold")[:2] == [base.number(found.free_std), "3"]
    assert cells(at, "Distance to Fokker")[0] == base.number(found.fokker_planck_distance)


def test_the_voltage_s_density_has_colours_that_can_be_seen():
    at = show(Setup.of(current=1.8, sigma_v=3.0, **SHORT), "density")
    (drawn,) = at.get("vega_lite_chart")
    colours = set(re.findall(r"#[0-9A-Fa-f]{6}", drawn.proto.spec))
    assert COLOURS["voltage"] in colours and COLOURS["theory"] in colours
    for colour in colours:
        assert contrast(colour, "#FFFFFF") >= 3 and contrast(colour, "#0E1117") >= 3, colour


def test_gain_and_phase_are_those_of_an_rc_filter():
    at = show(Setup(), "response", lif_response_points="5")
    found = response(Setup(), ResponseParams(points=5))
    gain = 10.0 / math.sqrt(1 + (2 * math.pi * 0.001 * 20.0) ** 2)  # R/√(1 + (ωτ)²) at 1 Hz
    assert cells(at, "Gain at 1 Hz")[:2] == [base.number(found.gain[0]), base.number(gain)]
    assert cells(at, "Phase at 500 Hz")[1] == base.number(found.theory_phase_deg[-1])


def test_the_seed_demo_s_euler_rate_is_shown_with_its_error():
    demo = {"tau_m": 10.0, "r_m": 100.0, "v_rest": -65.0, "v_reset": -70.0, "t_ref": 0.0}
    at = show(Setup.of(current=1.5, duration=100.0, **demo), "accuracy")
    # Forward Euler at 0.1 ms fires every 1.4 ms; in closed form it is every 1.381503 ms.
    assert cells(at, "forward Euler")[:2] == ["714.3", "−1.3\u00a0%"]
    assert cells(at, "exact |")[:2] == ["723.8", "0\u00a0%"]
    assert charts(at) == 2


def test_the_phase_plane_names_the_resting_points_of_the_engine():
    setup = Setup.of("fitzhugh_nagumo", current=0.0, **SHORT)
    at = show(setup, "plane")
    (rest,) = phase_plane(setup, PhasePlaneParams()).rests
    place = [base.number(rest.v), base.number(rest.second)]
    assert cells(at, rest.kind)[:2] == place
    assert charts(at) == 1
    line = show(Setup.of(current=2.5, **SHORT), "plane")
    assert cells(line, "stable, above the threshold")[:2] == ["−45", "−0.05"]  # −1/τ
    axon = show(Setup.of("hodgkin_huxley", **SHORT), "plane")
    assert charts(axon) == 0 and "does not fit on a plane" in words(axon)


def test_contradicting_controls_end_their_section_only():
    at = show(Setup(), "response", "population", lif_response_low_hz="900", lif_size="20")
    assert "do not fit together" in words(at)
    assert charts(at) == 1  # of the population, which stands below


def test_the_population_section_is_the_engine_s():
    setup = Setup.of(current=2.2, **SHORT)
    at = show(setup, "population", lif_size="30", lif_spread="10")
    found = population(setup, PopulationParams(size=30, spread=10.0))
    assert cells(at, "Mean rate")[0] == base.number(found.mean_rate_hz)
    assert "different by 10 %" in words(at)


def test_the_map_is_a_job_that_ends_in_the_engine_s_map():
    setup = Setup.of(seed=11, **SHORT)
    at = show(setup, "map", lif_map_n="50", lif_map_measure="Spikes")
    assert "50 × 50 neurons" in words(at)
    assert "preview of 50 × 50 cells" in words(at) and charts(at) == 1
    at.button(key="lif_map_start").click().run()
    deadline = time.monotonic() + 60
    while "Finished" not in words(at) and time.monotonic() < deadline:
        time.sleep(0.2)
        at.run()
    assert "Finished" in words(at) and charts(at) == 1
    params = HeatmapParams(x_from=1.25, x_to=3.75, y_from=10, y_to=30, n=50, measure="count")
    *_, last = heatmap(setup, params)
    payload = at.session_state["lif_map_view"].snapshot.payload
    assert np.array_equal(payload.found.values, last.values) and last.done == 50
    assert payload.here == (2.5, 20.0)
    lines = base.csv_bytes(maps._columns(payload)).decode().splitlines()
    assert lines[0] == "current,tau_m,count" and len(lines) == 2501
    # Another setting: the old map stays, and says that it is of another one.
    at.query_params["setup"] = json.dumps(Setup.of(seed=11, t_ref=5.0, **SHORT).to_dict())
    at.run()
    assert "of an earlier setting" in words(at)


def test_a_map_that_would_hold_up_others_is_not_started():
    at = show(Setup.of("hodgkin_huxley", duration=5000.0), "map")
    at.button(key="lif_map_start").click().run()
    (warning,) = at.warning
    assert "shorten it, take 50 cells per side, or enlarge dt" in warning.value
    assert "lif_map_job" not in at.query_params and charts(at) == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lif_map_from_tau_m": "-5"}, "Membrane τ [ms] must be > 0 and <= 200, got"),
        (
            {"lif_map_from_current": "4", "lif_map_to_current": "2"},
            "Constant [nA] must go from a smaller to a larger number, got 4 to 2.",
        ),
        ({"lif_map_y": "Constant [nA]"}, "Both axes are the same parameter"),
    ],
)
def test_an_impossible_range_of_a_map_is_named_as_on_the_page(values, said):
    at = show(Setup.of(**SHORT), "map", **values)
    assert said in words(at)
    assert not at.button and charts(at) == 0


def test_a_map_with_impossible_cells_says_so():
    setup = Setup.of(**SHORT)
    at = show(setup, "map", lif_map_n="50", lif_map_x="Reset to [mV]", lif_map_y="Threshold [mV]",
              lif_map_from_v_reset="-70", lif_map_to_v_reset="-40",
              lif_map_from_v_th="-60", lif_map_to_v_th="-40")  # fmt: skip
    at.button(key="lif_map_start").click().run()
    deadline = time.monotonic() + 60
    while "Finished" not in words(at) and time.monotonic() < deadline:
        time.sleep(0.2)
        at.run()
    assert "are no possible neuron or drive" in words(at)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "–"), (math.inf, "–"), (0.0, "0"), (12.3456, "12.35"), (-3.0, "−3"),
        (1.5e-7, "1.50·10⁻⁷"), (123456.0, "1.23·10⁵"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_reading(value, shown):
    assert base.number(value) == shown


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (Row("", 1.1, 1.0), "+10\u00a0%"),
        (Row("", 0.9, 1.0), "−10\u00a0%"),
        (Row("", 1.0, 1.0), "0\u00a0%"),
        (Row("", 0.1, 0.0), "+0.1"),
        (Row("", -52.1, -52.0, absolute=True), "−0.1"),
        (Row("", 1.0, math.nan), "–"),
        (Row("", math.nan, 1.0), "–"),
    ],
)
def test_errors_are_in_percent_where_that_means_something(row, shown):
    assert base.error_words(row) == shown


def test_the_figure_to_take_away_shows_a_as_the_page_does():
    setup, a = Setup.of(**SHORT), Setup.of(current=3.0, **SHORT)

    def svg(*behind: Setup) -> str:
        files = {d.file_name: d for d in lif_files.downloads(setup, None, *behind)}
        return files["lif.svg"].data().decode()

    assert 'id="legend' not in svg() and COLOURS["reference"].lower() not in svg()
    assert 'id="legend' in svg(a) and COLOURS["reference"].lower() in svg(a)


@pytest.mark.parametrize(("model", "drawn"), [("lif", True), ("fitzhugh_nagumo", False)])
def test_the_page_gives_its_a_to_the_files(monkeypatch, model, drawn):
    seen = []
    real = lif_files.downloads
    monkeypatch.setattr(lif_files, "downloads", lambda *args: seen.append(args) or real(*args))
    a = Setup.of(model, current=3.0)
    open_page(PAGE, lif_a=lif_compare.encode(a))
    assert seen[-1] == (Setup(), None, a if drawn else None)  # no mV, no common axis


def test_pictures_say_in_words_what_is_in_them():
    at = open_page(PAGE, lif_current="3")
    run, curve, *_ = [chart.proto.alt for chart in at.get("vega_lite_chart")]
    known = play(Setup.of(current=3.0)).summary
    rate = f"{known.rate_hz:.1f} Hz"
    assert f"{known.count} spikes, {rate}, in 500 ms" in run and Setup().kind.title in run
    assert f"This run: {rate}" in curve


def test_files_have_empty_cells_where_there_is_no_value():
    text = base.csv_bytes({"a": [1.0, math.nan, 2.5], "b": np.array([1, 2])}).decode()
    assert text == "a,b\n1,1\n,2\n2.5,\n"
