"""The LIF Playground as a visitor uses it: models, drive, presets, links, A and B, bad input."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from pages.components import (
    lif,
    lif_compare,
    lif_concerns,
    lif_controls,
    lif_files,
    lif_presets,
    lif_recording,
    lif_run,
    undo,
)
from pages.components.lif_sections import SECTIONS
from pages.components.share import Download
from snncore.cli import main
from snncore.neurons import MODELS, LIFParams
from snncore.playground import PRESETS, Run, Setup, play, snntorch_script
from snncore.plots import neuron as plots
from snncore.plots.vega import MAX_POINTS
from snncore.simulate import RunParams
from snncore.stimuli import PARTS, Recording, StimulusParams
from tests.pages.opening import chart_data, open_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/1_LIF_Playground.py"


@pytest.fixture
def page() -> AppTest:
    return open_page(PAGE)


@pytest.fixture(scope="module")
def visited() -> AppTest:
    """One visit for many presets: whatever was shown before, a preset sets all."""
    return open_page(PAGE)


def shown(at: AppTest) -> dict[str, str]:
    """Label → value of the row of numbers."""
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return {m.label: m.value for m in at.metric}


def texts(at: AppTest) -> str:
    words = [m.value for m in at.metric] + [m.delta for m in at.metric]
    for kind in (at.caption, at.latex, at.markdown, at.warning, at.info, at.error):
        words += [element.value for element in kind]
    return " ".join(words)


def without_nan(at: AppTest) -> None:
    words = texts(at).lower().replace("$", " ").split()
    assert not {"nan", "inf", "-inf"} & set(words)


def expected(setup: Setup) -> dict[str, str]:
    return {n.label: n.value for n in lif.numbers(setup, play(setup).summary)}


def model_of(at: AppTest) -> str:
    return str(at.session_state["lif_model"])


# What it opens on, and what a slider does


def test_it_opens_on_a_neuron_that_fires_as_theory_says(page):
    numbers = shown(page)
    assert numbers["Spikes"] == "16"
    assert numbers["Theory [Hz]"] == "33.64"
    assert abs(float(numbers["Error"].split()[0])) < 0.3
    assert numbers["First spike [ms]"] == "32.189"
    assert len(page.get("vega_lite_chart")) == 2
    assert any("33.64" in x.value for x in page.latex)


def test_a_slider_changes_the_numbers(page):
    page.slider(key="lif_current").set_value(3.0).run()
    # 1000 / (2 + 20·ln(25/10)) Hz
    assert shown(page)["Theory [Hz]"] == f"{1000 / (2 + 20 * math.log(2.5)):.2f}"
    assert int(shown(page)["Spikes"]) > 16


def test_silence_is_put_in_words_not_in_nan(page):
    page.slider(key="lif_current").set_value(0.0).run()
    numbers = shown(page)
    assert numbers["Spikes"] == "0" and numbers["CV"] == lif_run.DASH
    assert "not enough spikes" in texts(page)
    assert any("rheobase, 2 nA" in w.value for w in page.warning)
    without_nan(page)


@pytest.mark.parametrize(("mode", "theory"), [("subtract", "33.64"), ("none", lif_run.DASH)])
def test_every_reset_mode_works(mode, theory):
    at = open_page(PAGE, lif_reset=mode, lif_timing="grid")
    assert shown(at)["Theory [Hz]"] == theory
    without_nan(at)


# Models


def test_no_model_shares_a_widget_with_the_drive_or_the_run():
    rest = {*StimulusParams.specs(), *RunParams.specs()}
    for name, model in MODELS.items():
        assert not set(model.params.specs()) & rest, name
    keys = [
        lif_controls.model_key(name, field)
        for name, model in MODELS.items()
        for field in model.params.specs()
    ] + [f"lif_{field}" for field in rest]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_chosen_on_the_page_fires_and_shows_all_it_has(visited, name):
    visited.button(key="lif__reset").click().run()
    visited.selectbox(key="lif_model").set_value(name).run()
    numbers = shown(visited)
    assert int(numbers["Spikes"].replace(",", "")) > 0
    assert model_of(visited) == name
    for field in MODELS[name].params.specs():
        assert visited.get_by_key(lif_controls.model_key(name, field)) is not None
    assert "I(t) &=" in visited.latex[0].value
    without_nan(visited)


def test_a_change_of_the_model_keeps_a_drive_that_still_means_something(page):
    page.slider(key="lif_current").set_value(3.0).run()
    page.selectbox(key="lif_model").set_value("adaptive").run()
    shown(page)
    assert page.session_state["lif_current"] == 3.0
    page.selectbox(key="lif_model").set_value("lif").run()
    assert page.slider(key="lif_current").value == 3.0


def test_a_drive_that_silences_the_new_model_is_exchanged_and_that_is_said(page):
    page.slider(key="lif_current").set_value(-1.0).run()
    page.selectbox(key="lif_model").set_value("adex").run()
    assert int(shown(page)["Spikes"]) > 0
    assert any("fires at most once under the drive that was set" in i.value for i in page.info)
    page.run()  # the words stay for one picture only
    assert not any("fires at most once" in i.value for i in page.info)


def test_voltage_noise_becomes_current_noise_where_there_is_no_passive_membrane():
    at = open_page(PAGE, lif_sigma_v="2.0")
    at.selectbox(key="lif_model").set_value("hodgkin_huxley").run()
    shown(at)
    assert any("no passive membrane" in i.value for i in at.info)
    assert at.session_state["lif_noise_intensity"] > 0
    assert "lif_sigma_v" not in {s.key for s in at.slider}


@pytest.mark.parametrize("named", ["hodgkin_huxley", MODELS["hodgkin_huxley"].title])
def test_voltage_noise_in_a_link_to_such_a_model_becomes_current_noise_too(named):
    at = open_page(PAGE, lif_model=named, lif_sigma_v="3", hodgkin_huxley_celsius="10")
    shown(at)
    assert any("no passive membrane" in i.value for i in at.info)
    assert at.slider(key="lif_noise_intensity").value == 0.5
    assert at.slider(key="hodgkin_huxley_celsius").value == 10.0
    assert at.query_params["hodgkin_huxley_celsius"] == "10"  # a reload keeps it
    at.selectbox(key="lif_model").set_value("lif").run()
    assert at.slider(key="lif_sigma_v").value == 0.0


def test_each_model_keeps_its_own_parameters(page):
    page.slider(key="lif_tau_m").set_value(30.0).run()
    page.selectbox(key="lif_model").set_value("adaptive").run()
    assert page.slider(key="adaptive_tau_m").value == 20.0
    page.selectbox(key="lif_model").set_value("lif").run()
    assert page.slider(key="lif_tau_m").value == 30.0


# The drive by parts


@pytest.mark.parametrize("title", PARTS)
def test_a_part_is_added_with_a_typical_value_and_removed_to_nothing(visited, title):
    part, page = PARTS[title], visited
    page.button(key="lif__reset").click().run()
    pills = page.pills(key=lif_controls.PARTS_KEY)
    before = list(pills.value)
    if title not in before:
        pills.set_value([*before, title]).run()
        shown(page)
        assert page.session_state[f"lif_{part.switch}"] == part.typical
    for field in part.fields:
        assert page.get_by_key(f"lif_{field}") is not None
    page.pills(key=lif_controls.PARTS_KEY).set_value([]).run()
    shown(page)
    assert page.session_state[f"lif_{part.switch}"] == 0
    assert any("I(t) &= 0" in x.value for x in page.latex)


def test_a_part_stays_open_while_its_slider_passes_zero(page):
    page.pills(key=lif_controls.PARTS_KEY).set_value(["Constant", "Sine"]).run()
    page.slider(key="lif_amplitude").set_value(0.0).run()
    assert page.pills(key=lif_controls.PARTS_KEY).value == ["Constant", "Sine"]
    assert page.slider(key="lif_amplitude").value == 0.0
    assert page.query_params[lif_controls.PARTS_PARAM] == "current,amplitude"


def test_a_link_opens_the_parts_that_it_sets_and_no_others():
    at = open_page(PAGE, lif_current="0.0", lif_ou_std="0.4", lif_frequency_hz="33")
    shown(at)
    assert at.pills(key=lif_controls.PARTS_KEY).value == ["Slow noise (OU)"]
    at.pills(key=lif_controls.PARTS_KEY).set_value(["Sine"]).run()
    assert at.slider(key="lif_frequency_hz").value == 10.0  # a closed part's value is not kept


def test_values_of_another_model_in_a_link_do_not_come_back_later():
    at = open_page(PAGE, lif_model="adaptive", lif_tau_m="35", adaptive_tau_m="25")
    assert at.slider(key="adaptive_tau_m").value == 25.0
    at.selectbox(key="lif_model").set_value("lif").run()
    assert at.slider(key="lif_tau_m").value == 20.0


@pytest.mark.parametrize("value", ["nan", "1e99", "abc", "", "<b>"])
def test_nonsense_in_the_address_is_the_default(value):
    names = ("lif_model", "lif_current", "lif_amplitude", lif_controls.PARTS_PARAM, "lif_tau_m")
    at = open_page(PAGE, **{name: value for name in names})
    assert shown(at)["First spike [ms]"] in ("32.189", lif_run.DASH)
    assert model_of(at) == "lif"


# Presets


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_shows_itself_says_what_to_notice_and_is_marked(visited, name):
    preset = PRESETS[name]
    visited.selectbox(key=lif_presets.GROUP).set_value(preset.group).run()
    visited.pills(key=lif_presets.PRESET).set_value(name).run()
    assert shown(visited) == expected(preset.setup)
    assert preset.notice in texts(visited)
    assert visited.pills(key=lif_presets.PRESET).value == name
    without_nan(visited)


def test_presets_are_different_settings():
    setups = [preset.setup for preset in PRESETS.values()]
    assert len(set(setups)) == len(setups)
    assert {setup.model for setup in setups} <= set(MODELS)


def test_the_notice_goes_with_the_first_change_and_reset_brings_the_start_back(page):
    page.pills(key=lif_presets.PRESET).set_value("Sine").run()
    assert PRESETS["Sine"].notice in texts(page)
    page.slider(key="lif_tau_m").set_value(25.0).run()
    assert "What to notice" not in texts(page)
    assert page.pills(key=lif_presets.PRESET).value is None
    page.selectbox(key=lif_presets.GROUP).set_value(lif_presets.GROUPS[-1]).run()
    page.button(key="lif__reset").click().run()
    assert shown(page) == expected(Setup())
    assert page.selectbox(key=lif_presets.GROUP).value == lif_presets.GROUPS[0]


def test_undo_goes_back_step_by_step_also_from_a_contradiction(page):
    page.pills(key=lif_presets.PRESET).set_value("Step").run()
    page.slider(key="lif_tau_m").set_value(25.0).run()
    page.slider(key="lif_v_reset").set_value(-40.0).run()
    assert page.error
    page.button(key="lif__undo").click().run()
    assert shown(page) == expected(Setup.of(**{**PRESETS["Step"].setup.to_dict(), "tau_m": 25.0}))
    page.button(key="lif__undo").click().run()
    assert shown(page) == expected(PRESETS["Step"].setup)
    page.button(key="lif__undo").click().run()
    assert shown(page) == expected(Setup())
    assert page.button(key="lif__undo").disabled


def test_a_double_click_on_undo_stops_at_the_first_setting(page, monkeypatch):
    page.slider(key="lif_tau_m").set_value(25.0).run()
    once = undo._undo

    clicks = []

    def twice(*args) -> None:  # both clicks arrive before the page has drawn what the first does
        for _ in range(2):
            once(*args)
            clicks.append(1)

    monkeypatch.setattr(undo, "_undo", twice)
    page.run()  # the button that is drawn now calls it
    page.button(key="lif__undo").click().run()
    assert len(clicks) == 2
    assert shown(page) == expected(Setup())
    assert page.button(key="lif__undo").disabled


def test_undo_remembers_a_hundred_settings(page):
    for k in range(3):
        page.session_state["lif__history"] = [
            Setup.of("lif", duration=float(100 + j)) for j in range(99 + k)
        ]
        page.run()
        assert len(page.session_state["lif__history"]) == 100
        assert page.session_state["lif__history"][-1] == Setup()


def test_a_new_model_after_an_untouched_preset_shows_what_it_is_known_for(page):
    page.selectbox(key="lif_model").set_value("izhikevich").run()
    assert shown(page) == expected(lif_presets.usual("izhikevich"))
    assert page.pills(key=lif_presets.PRESET).value is not None
    assert page.selectbox(key=lif_presets.GROUP).value in lif_presets.GROUPS


# Links, commands, exports


def test_the_command_and_the_link_carry_exactly_what_was_changed(page):
    page.slider(key="lif_tau_m").set_value(30.0).run()
    codes = [c.value for c in page.code]
    assert "python -m snncore lif --tau-m 30" in codes
    assert "?lif_tau_m=30" in codes


def widgets(at: AppTest) -> dict[str, Any]:
    """Everything on the page that holds a value, by its key."""
    kinds = ("slider", "number_input", "selectbox", "toggle", "segmented_control")
    return {w.key: w for kind in kinds for w in getattr(at, kind)}


def change(widget: Any) -> None:
    """Set a widget to another value than it has."""
    if widget.type == "toggle":
        widget.set_value(not widget.value)
    elif widget.type in ("selectbox", "button_group"):
        other = next(o for o in widget.options if o not in (widget.value, str(widget.value)))
        widget.set_value(type(widget.value)(other))
    else:
        step = widget.step
        widget.set_value(widget.value + (step if widget.value + step <= widget.max else -step))


@pytest.mark.parametrize("name", [section.name for section in SECTIONS])
def test_the_link_carries_all_that_is_set_in_an_open_section(name):
    small = {"lif_duration": "200", "lif_size": "20", "lif_trials_n_trials": "5"}
    at = open_page(PAGE, **{f"lif_open_{name}": "true"}, **small)
    own = widgets(at).keys() - widgets(open_page(PAGE)).keys()
    if name == "challenge":
        at.selectbox(key="challenge_kind").set_value("ramp").run()
        own |= {"challenge_strength"}
    for key in own - {"challenge_kind"}:
        change(widgets(at)[key])
    at.run()
    assert not at.exception
    link = next(c.value for c in at.code if c.value.startswith("?"))
    assert own <= parse_qs(link[1:]).keys()


def spelled(setup: Setup) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else
        f"{value:.10g}" if isinstance(value, float) else str(value)
        for name, value in lif_controls.link_of(setup).items()
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["Frozen noise", *{p.group: n for n, p in PRESETS.items()}.values()]
)
def test_the_link_of_a_setting_leads_back_to_it(name):
    setup = PRESETS[name].setup
    at = open_page(PAGE, **spelled(setup))
    assert shown(at) == expected(setup)
    assert PRESETS[name].notice in texts(at)


@pytest.mark.parametrize("name", PRESETS)
def test_the_command_of_a_setting_computes_the_same(name):
    setup = PRESETS[name].setup
    words = lif_files.command(setup, None).split()[3:]
    answer = CliRunner().invoke(main, [*words, "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["count"] == play(setup).summary.count


def content(file: Download) -> bytes:
    return file.data() if callable(file.data) else file.data


def test_the_exports_are_the_run(tmp_path):
    setup = PRESETS["Noise-induced firing"].setup
    result = play(setup)
    files = {d.file_name: content(d) for d in lif_files.downloads(setup, None)}
    rows = list(csv.DictReader(io.StringIO(files["lif.csv"].decode())))
    assert [k for k, r in enumerate(rows) if r["spike"] == "1"] == result.spike_steps.tolist()
    program = tmp_path / "lif_run.py"
    program.write_bytes(files["lif_run.py"])
    done = subprocess.run(
        [sys.executable, "-I", str(program)], capture_output=True, text=True, check=True
    )
    times = [float(line.split(",")[1]) for line in done.stdout.splitlines()[1:]]
    assert times == pytest.approx(result.spike_times, abs=2e-9) and len(times) > 5
    assert files["lif.png"].startswith(b"\x89PNG") and b"<svg" in files["lif.svg"]


def test_no_file_is_written_before_it_is_asked_for():
    files = lif_files.downloads(Setup(), None)
    assert files and all(callable(file.data) for file in files)
    text = next(content(f) for f in files if f.file_name == "lif_snntorch.py").decode()
    assert "snntorch" in text
    impossible = Setup.of(reset="subtract", timing="grid", current=10.0, r_m=50.0, dt=5.0)
    with pytest.raises(ValueError, match="snnTorch"):
        snntorch_script(impossible)
    assert "lif_snntorch.py" not in {f.file_name for f in lif_files.downloads(impossible, None)}


def test_a_file_above_the_limit_is_refused_in_the_words_of_the_engine():
    answer = lif_recording._read(b"0,1\n" * 8_400_000, "mine.csv", "ms", "nA")
    assert isinstance(answer, str) and "at most 32 MB" in answer


def test_snntorch_is_offered_where_it_has_the_neuron():
    def offered(model: str) -> bool:
        names = [d.file_name for d in lif_files.downloads(Setup.of(model), None)]
        return f"{model}_snntorch.py" in names

    assert offered("lif") and offered("synaptic")
    assert not offered("hodgkin_huxley")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_exported_as_a_figure(name):
    setup = lif_presets.usual(name)
    files = {d.file_name: d for d in lif_files.downloads(setup, None)}
    assert content(files[f"{name}.png"]).startswith(b"\x89PNG")
    assert content(files[f"{name}.csv"]).startswith(b"t_ms,")


# A and B


def test_a_is_kept_in_the_link_and_compared(page):
    page.button(key="lif_keep").click().run()
    page.slider(key="lif_current").set_value(3.0).run()
    assert shown(page)["Spikes"] == "24"
    assert "Constant [nA]: 2.5 → 3" in texts(page)
    assert "| Spikes | 16 | 24 | +8 |" in texts(page)
    kept = lif_compare.decode(page.query_params[lif_compare.PARAM])
    assert kept == Setup()
    link = next(c.value for c in page.code if c.value.startswith("?"))
    assert "lif_a=" in link and "lif_current=3" in link


def test_a_is_drawn_behind_the_picture_and_the_curve(page):
    page.button(key="lif_keep").click().run()
    page.slider(key="lif_r_m").set_value(14.0).run()
    before, after = play(Setup()), play(Setup.of(r_m=14.0))
    picture, curve = chart_data(page, 0), chart_data(page, 1)
    assert picture["voltage_a"]["v"].min() == before.v.min()
    assert picture["spikes_a"]["t"].tolist() == pytest.approx(before.spike_times)
    assert picture["spikes"]["t"].tolist() == pytest.approx(after.spike_times)
    (rate,) = curve["here_a"]["f"]
    assert rate == pytest.approx(before.summary.rate_hz)
    # No spike below v_th − v_rest = R · I: A's curve begins at the higher current.
    first = [c.loc[c["f"] > 0, "i"].min() for c in (curve["line_a"], curve["theory"])]
    assert first == pytest.approx([20 / 10, 20 / 14], rel=0.05)
    page.button(key="lif_remove_a").click().run()
    assert "voltage_a" not in chart_data(page, 0) and "line_a" not in chart_data(page, 1)


def test_swap_exchanges_a_and_b_and_remove_forgets_a(page):
    page.button(key="lif_keep").click().run()
    page.pills(key=lif_presets.PRESET).set_value("Step").run()
    page.button(key="lif_swap").click().run()
    assert shown(page) == expected(Setup())
    assert lif_compare.decode(page.query_params[lif_compare.PARAM]) == PRESETS["Step"].setup
    page.button(key="lif_swap").click().run()
    assert shown(page) == expected(PRESETS["Step"].setup)
    page.button(key="lif_remove_a").click().run()
    assert lif_compare.PARAM not in page.query_params
    assert "**A and B**" not in texts(page)


@pytest.mark.parametrize("name", MODELS)
def test_a_and_b_may_be_different_models(visited, name):
    usual = lif_presets.usual(name)
    visited.query_params[lif_compare.PARAM] = lif_compare.encode(usual)
    visited.run()
    shown(visited)
    assert f"| Spikes | {play(usual).summary.count} |" in texts(visited)
    without_nan(visited)
    visited.button(key="lif_remove_a").click().run()


HOSTILE = [
    "",
    "null",
    "[]",
    "{",
    "[" * 3000,
    '{"model":' * 500,
    "x" * 100_000,
    '{"model": []}',
    '{"model": "<img src=x>"}',
    '{"cls": 1}',
    '{"self": 1, "model": "lif"}',
    '{"model": "lif", "tau_m": NaN}',
    '{"model": "lif", "tau_m": 1e999}',
    '{"model": "lif", "tau_m": -1}',
    '{"model": "lif", "tau_m": "20"}',
    '{"model": "lif", "tau_m": {"a": 1}}',
    '{"model": "lif", "nonsense": 1}',
    '{"model": "lif", "v_reset": 0}',
    '{"model": "lif", "duration": 1e5, "dt": 1e-9}',
    '{"tau_m": 20, "[click](http://x)": 1}',
    '{"dt": 1e300}',
    '{"current": ' + "9" * 500 + "}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_a_is_a_value_error(text):
    with pytest.raises(ValueError):
        lif_compare.decode(text)


NO_RUN = '{"model": "hodgkin_huxley", "sigma_v": 2}'  # a setup, but its noise has no meaning


@pytest.mark.parametrize("text", [HOSTILE[4], HOSTILE[6], HOSTILE[8], HOSTILE[19], NO_RUN])
def test_a_hostile_a_is_explained_and_the_page_goes_on(text):
    at = open_page(PAGE, lif_a=text)
    assert not at.exception
    assert shown(at)["Spikes"] == "16"
    assert any("cannot be used" in w.value for w in at.warning)
    assert not re.search(r"\](?<!\\\])\(http|(?<!\\)<img", texts(at))
    at.button(key="lif_remove_bad_a").click().run()
    assert not at.warning


# The visitor's own file


def with_file(data: bytes, name: str = "mine.csv", at: AppTest | None = None) -> AppTest:
    at = at or open_page(PAGE)
    at.pills(key=lif_controls.PARTS_KEY).set_value(["Constant", lif_controls.FILE]).run()
    at.file_uploader(key="lif_file").upload(name, data, "text/csv").run()
    return at


def test_a_file_drives_the_neuron():
    rows = "".join(f"{t},{1.5 if 100 <= t < 300 else -1}\n" for t in range(0, 500, 10))
    at = with_file(f"time_ms,current_nA\n{rows}".encode())
    recording = Recording.from_csv(f"time_ms,current_nA\n{rows}".encode(), "mine.csv")
    numbers = {n.label: n.value for n in lif.numbers(Setup(), play(Setup(), recording).summary)}
    assert shown(at) == numbers != expected(Setup())
    assert "not part of the link" in texts(at)
    assert "What to notice" not in texts(at)  # it is no preset any more
    assert any("--stimulus-csv" in c.value for c in at.code)
    at.slider(key="lif_csv_gain").set_value(0.0).run()
    assert shown(at)["Spikes"] == "16"


def test_undo_swap_and_a_preset_of_another_drive_know_what_becomes_of_a_file():
    at = with_file(b"t_ms,i_nA\n0,1\n100,3\n200,0\n")
    with_it = shown(at)
    at.button(key="lif_keep").click().run()
    at.slider(key="lif_tau_m").set_value(25.0).run()
    changed = shown(at)
    assert changed != with_it
    at.button(key="lif__undo").click().run()
    assert lif_controls.FILE in at.pills(key=lif_controls.PARTS_KEY).value
    assert shown(at) == with_it
    at.slider(key="lif_tau_m").set_value(25.0).run()
    at.button(key="lif_swap").click().run()
    assert shown(at) == with_it
    at.button(key="lif_swap").click().run()
    assert shown(at) == changed
    at.pills(key=lif_presets.PRESET).set_value("Sine").run()
    assert shown(at) == expected(PRESETS["Sine"].setup)  # a preset is without the file


def test_a_file_is_forgotten_with_its_part():
    at = with_file(b"t_ms,i_nA\n0,1\n100,3\n200,0\n")
    for leave in ("pills", "preset", "reset"):
        assert lif_recording.READ in at.session_state
        if leave == "pills":
            at.pills(key=lif_controls.PARTS_KEY).set_value(["Constant"]).run()
        elif leave == "preset":
            at.pills(key=lif_presets.PRESET).set_value("Sine").run()
        else:
            at.button(key="lif__reset").click().run()
        shown(at)
        assert lif_recording.READ not in at.session_state
        with_file(b"t_ms,i_nA\n0,1\n100,3\n200,0\n", at=at)


def test_the_units_of_a_file_can_be_said():
    rows = "".join(
        f"{t / 1000},{1500 if 0.1 <= t / 1000 < 0.3 else 0}\n" for t in range(0, 500, 10)
    )
    at = with_file(rows.encode())
    at.selectbox(key="lif_file_time").set_value("s").run()
    at.selectbox(key="lif_file_current").set_value("pA").run()
    shown(at)
    assert "0 to 1\\.5 nA" in texts(at)  # with the escapes of Markdown
    assert any("--stimulus-time-unit s --stimulus-current-unit pA" in c.value for c in at.code)


def test_a_name_of_a_file_cannot_become_markup():
    at = with_file(b"t,i\n1,2\n1,3\n", name="[click](x) **b** $x$.csv")
    assert any("cannot be used" in e.value and "[click](" not in e.value for e in at.error)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"I am not a table",
        b"t,i\n1,2\n1,3\n",  # the same time twice
        b"t,i\n5,2\n1,3\n",  # unsorted
        b"t,i\n1,2\n2,\n3,4\n",  # a hole
        b"t,i\n1,nan\n2,3\n",
        b"t,i\n1,inf\n2,3\n",
        b"t\n1\n2\n",
        b"\x00\xff\xfe\x89PNG",
        b"t,i\n" + b"".join(b"%d,50000\n" % t for t in range(10)),  # surely pA
    ],
)
def test_a_bad_file_is_explained_and_the_page_goes_on(visited, data):
    visited.button(key="lif__reset").click().run()
    at = with_file(data, at=visited)
    assert not at.exception
    assert any("mine" in e.value and "cannot be used" in e.value for e in at.error)
    assert {m.label: m.value for m in at.metric}["Spikes"] == "16"


def test_two_recordings_of_a_million_rows_that_differ_in_one_are_two_runs():
    # Streamlit's own hash looks at a sample of an array of this size.
    t = np.arange(600_000) * 0.1
    one, other = np.zeros_like(t), np.zeros_like(t)
    one[1000:3000] = other[1000:3000] = 3.0
    other[2000] = 9.0
    setup = Setup.of("lif", current=0.0, duration=400.0)
    first = lif_run.cached_run(setup, Recording("a", t, one))
    assert lif_run.cached_run(setup, Recording("b", t, other)).current.max() == 9.0
    again = lif_run.cached_run(setup, Recording("c", t, one))
    assert again.current.max() == 3.0 == first.current.max()


def test_the_sections_look_at_the_page_s_run_and_compute_none_again(monkeypatch):
    asked = []

    def watched(setup: Setup, recording: Recording | None) -> Run:
        asked.append(setup)
        return play(setup, recording)

    monkeypatch.setattr(lif_run, "play", watched)
    names = ("steps", "regularity", "density")
    at = open_page(PAGE, lif_tau_m="17.5", **{f"lif_open_{name}": "true" for name in names})
    at.button(key="lif_keep").click().run()
    assert Setup.of(tau_m=17.5) in asked
    assert len(asked) == len(set(asked))


# Bad input


def test_values_that_contradict_each_other_are_explained_and_reset_helps(page):
    page.slider(key="lif_v_reset").set_value(-40.0).run()
    assert not page.exception
    assert any("v_reset must be < v_th" in e.value for e in page.error)
    page.button(key="lif__reset").click().run()
    assert shown(page)["Spikes"] == "16"


def test_what_the_engine_refuses_is_explained_beside_the_picture(monkeypatch):
    def refuse(setup: Setup, recording: Recording | None) -> None:
        raise ValueError("dt must be shorter or the current weaker")

    monkeypatch.setattr(lif, "cached_run", refuse)
    at = open_page(PAGE)
    assert any("dt must be shorter" in e.value for e in at.error)
    assert not at.metric and at.get_by_key("lif__reset") is not None


def test_a_curve_that_cannot_be_computed_stops_nothing(monkeypatch):
    def refuse(setup: Setup) -> None:
        raise ValueError("the currents of the curve are too strong")

    monkeypatch.setattr(lif, "cached_curve", refuse)
    at = open_page(PAGE)
    assert shown(at)["Spikes"] == "16"
    assert any("There is no curve for this setting" in i.value for i in at.info)
    assert at.get_by_key("lif_keep") is not None


def concerns(**values) -> str:
    setup = Setup.of(**values)
    return " ".join(lif_concerns.concerns(setup, None, play(setup)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dt": 10.0, "tau_m": 5.0, "current": 3.0}, "longer than the membrane time constant"),
        ({"current": 10.0, "t_ref": 0.0, "tau_m": 0.5}, "neurons reach a few hundred"),
        ({"current": 1.99}, "rheobase, 2 nA"),
        ({"current": 2.5, "duration": 20.0}, "does not last long enough"),
        ({"step_current": 1.0, "step_on": 900.0, "step_off": 950.0}, "after the end of the run"),
        ({"amplitude": 1.0, "frequency_hz": 500.0, "dt": 0.5}, "its shape is lost"),
        ({"v_rest": -45.0}, "without any current"),
        ({"model": "hodgkin_huxley", "dt": 2.0}, "shape of a spike"),
        ({"model": "fitzhugh_nagumo"}, "depolarisation block"),
        ({"model": "hodgkin_huxley", "current": 0.1}, "gives way to firing at 0.9775 nA"),
        ({"timing": "grid", "dt": 5.0, "current": 4.0}, "on the grid a spike waits"),
    ],
)
def test_a_setting_that_means_trouble_is_explained(values, words):
    assert words in concerns(**values)


def test_the_default_gives_no_cause_for_concern():
    assert concerns() == ""


# Charts


def test_a_fast_long_run_draws_a_bounded_number_of_marks():
    setup = Setup.of("lif", current=10.0, t_ref=0.0, duration=20_000.0)
    result = play(setup)
    assert len(result.spike_times) > 3000
    spec = plots.trace_chart(setup, result, behind=result)
    assert max(len(c) for rows in spec["datasets"].values() for c in rows.values()) <= MAX_POINTS


def test_grey_bands_last_from_each_spike_for_the_refractory_period():
    setup = Setup.of(t_ref=7.5)
    result = play(setup)
    bands = plots.trace_chart(setup, result)["datasets"]["bands"]
    assert bands["t"].tolist() == result.spike_times.tolist()
    assert (bands["end"] - bands["t"]).tolist() == pytest.approx([7.5] * len(bands["t"]), abs=1e-9)
    assert bands["v"].max() < bands["top"].min()


@pytest.mark.parametrize("name", MODELS)
def test_the_chart_of_a_model_shows_its_further_variables(name):
    setup = lif_presets.usual(name)
    result = play(setup)
    data = plots.trace_chart(setup, result)["datasets"]
    for variable in plots.panel_variables(setup):
        assert f"v_{variable.name}" in data
    assert all(np.isfinite(column).all() for column in data["voltage"].values())
    if "theta" in result.others:  # a threshold that moves is a line
        assert len(np.unique(data["threshold"]["v"])) > 10


def test_defaults_of_the_page_are_those_of_the_engine():
    assert Setup() == Setup("lif", LIFParams(), StimulusParams(), RunParams())
    assert lif_controls.link_of(Setup()) == {}


def test_an_address_with_values_that_cannot_be_is_told_about():
    at = open_page(PAGE, lif_current="50", lif_tau_m="nan", lif_model="nonsense")
    words = " ".join(i.value for i in at.info)
    assert "no model is called nonsense" in words
    words = words.replace("\\", "")
    assert "Constant [nA] must be <= 10 nA, got 50" in words and "must be finite" in words
    assert shown(at)["Theory [Hz]"] == "33.64"
    assert not any("address" in i.value for i in open_page(PAGE, lif_current="3").info)


def test_a_file_that_covers_next_to_nothing_of_the_run_raises_a_doubt():
    t, current = np.array([0.0, 0.25, 0.5]), np.ones(3)
    short = Recording("s.csv", t, current)
    setup = Setup.of()
    words = " ".join(lif_concerns.concerns(setup, short, play(setup, short)))
    assert "Your file lasts 0.5 ms of a run of 500 ms" in words
    assert "Your file" not in " ".join(lif_concerns.concerns(setup, None, play(setup)))
