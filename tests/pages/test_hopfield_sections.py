"""The instruments below the recall: each opens by its address and shows the engine's numbers."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_section_spurious as section_spurious
from pages.components import hopfield_sections
from pages.components.hopfield_section_compare import Line, Table, markdown
from snncore.hopfield import NoiseParams, PatternParams, RuleParams
from snncore.recall_lab import RULES, Ask, experiment, load_patterns
from snncore.recall_lab.compare import Row
from snncore.recall_lab.spurious import SpuriousParams, spurious
from tests.pages.opening import chart_data

NAMES = [section.name for section in hopfield_sections.SECTIONS]


def _script() -> None:
    import json

    import numpy as np
    import streamlit as st

    from pages.components.hopfield_bench import RecallBench
    from pages.components.hopfield_sections import open_sections, sections
    from snncore.hopfield import NoiseParams, PatternParams, SpikingParams
    from snncore.recall_lab import Ask, Picture, RecallParams, experiment

    wanted = json.loads(st.query_params["bench"])
    ask = Ask(
        dataset="icons",
        patterns=PatternParams(count=wanted["count"], size=16, mode=wanted["mode"]),
        noise=NoiseParams(wanted["kind"], wanted.get("strength", 0.3)),
        recall=RecallParams(rule=wanted["rule"], **wanted.get("recall", {})),
        spiking=SpikingParams(**wanted.get("spiking", {})),
        seed=wanted.get("seed", 3),
        own=tuple(Picture.of(np.array(rows, np.uint8)) for rows in wanted.get("own", ())),
    )
    answer = experiment(ask)
    sections(RecallBench(ask, answer, ask.digest, ask.seed, False, 0, False))
    st.session_state["link"] = open_sections()


def show(
    *names: str,
    rule: str = "hebb",
    count: int = 3,
    mode: str = "binary",
    kind: str = "flip",
    bench: dict[str, object] | None = None,
    **query: str,
) -> AppTest:
    """The list of sections with these open, on a page of its own; `bench`: more of its settings."""
    at = AppTest.from_function(_script, default_timeout=120)
    at.query_params["bench"] = json_of(
        rule=rule, count=count, mode=mode, kind=kind, **(bench or {})
    )  # fmt: skip
    for name in names:
        at.query_params[hopfield_sections.open_key(name)] = "true"
    for name, value in query.items():
        at.query_params[name] = value
    return shown(at.run())


def json_of(**values: object) -> str:
    return json.dumps(values)


def shown(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def words(at: AppTest) -> str:
    return " ".join(e.value for kind in ("markdown", "caption", "info") for e in at.get(kind))


def finish(at: AppTest, key: str) -> AppTest:
    """Press the button of a job and wait for its end."""
    at.button(key=f"{key}_start").click().run()
    deadline = time.monotonic() + 60
    while "Finished" not in words(shown(at)) and time.monotonic() < deadline:
        time.sleep(0.1)
        at.run()
    assert "Finished" in words(at), words(at)
    return at


def labels(at: AppTest) -> list[str]:
    return [b.label for kind in ("button", "download_button") for b in at.get(kind)]


def test_closed_sections_compute_nothing_and_say_nothing() -> None:
    at = show()
    assert not at.get("vega_lite_chart") and not at.button
    assert at.session_state["link"] == {}


def test_every_section_opens_by_its_address_and_stands_in_the_link() -> None:
    at = show(*NAMES)
    assert len(NAMES) == 7
    for name in NAMES:
        assert at.session_state["link"][hopfield_sections.open_key(name)] is True
    assert "As on the page" not in at.session_state["link"].values()  # what is usual is not said


def test_the_words_name_every_memory_with_its_source() -> None:
    said = words(show("words", rule="dam"))
    for rule in RULES.values():
        assert f"**{rule.title}**" in said and rule.reference in said
    assert said.count("on the page now") == 1


def test_the_link_carries_what_was_chosen_and_nothing_else() -> None:
    assert show("compare").session_state["link"] == {"hop_open_compare": True}
    few = show("compare", hop_cmp_rules=[RULES["hebb"].title])  # type: ignore[arg-type]
    assert few.session_state["link"]["hop_cmp_rules"] == [RULES["hebb"].title]
    at = show("basin", hop_bas_probes="5", hop_bas_what="The page's pictures")
    assert at.session_state["link"] == {
        "hop_open_basin": True, "hop_bas_probes": 5, "hop_bas_what": "The page's pictures",
    }  # fmt: skip


def test_an_address_with_nonsense_falls_back_to_what_is_usual() -> None:
    bad = {
        "hop_land_a": "999 nobody", "hop_land_cells": "1e999", "hop_land_rule": "Nobody",
        "hop_cap_n": "nan", "hop_cap_rules": "Nobody", "hop_cap_measure": "<b>",
        "hop_cmp_rules": "Nobody", "hop_bas_what": "x", "hop_temp_rows": "-1", "hop_dial_t": "9",
    }  # fmt: skip
    at = show(*NAMES, **bad)
    assert at.selectbox(key="hop_land_a").value.startswith("1 ")
    assert at.slider(key="hop_cap_n").value == 500
    assert "m = 0.997" in words(at)  # T = 0.3


# ---- comparison ----------------------------------------------------------------------------------


def test_the_comparison_has_a_row_for_each_memory_and_three_yardsticks() -> None:
    chosen = ("hebb", "modern", "seed-sync")
    at = show("compare", hop_cmp_rules=[RULES[n].title for n in chosen])  # type: ignore[arg-type]
    finish(at, "hop_cmp")
    (table,) = at.dataframe
    titles = table.value["Memory"].tolist()
    assert titles[:3] == [RULES[n].title for n in chosen]
    assert titles[3:] == ["★ Best possible", "The input as it is", "One blank picture"]
    rows = table.value.set_index("Memory")
    assert rows.loc["★ Best possible", "Below"] == pytest.approx(0.0)
    assert rows["Below"].to_numpy() == pytest.approx(
        rows.loc["★ Best possible", "Pixels"] - rows["Pixels"].to_numpy()
    )
    assert 60 < rows.loc["The input as it is", "Pixels"] < 80  # 30 % of the pixels are flipped
    ask = Ask("icons", patterns=PatternParams(count=3, size=16), noise=NoiseParams("flip", 0.3),
              seed=3)  # fmt: skip
    for name in chosen:
        alone = experiment(ask.with_rule(name)).result
        shown_there = rows.loc[RULES[name].title]
        assert shown_there["Pixels"] == pytest.approx(100 * alone.pixel_accuracy)
        assert shown_there["Exact"] == pytest.approx(100 * alone.exact_fraction)
    assert "PSNR" not in table.value  # of black and white pictures it says nothing new
    assert {"Data (CSV)", "Table (Markdown)"} <= set(labels(at))
    assert len(at.get("image")) + len(at.get("imgs")) == 7  # stored, three answers, yardsticks


def test_the_table_for_a_report_has_dashes_where_there_is_no_number() -> None:
    nothing = np.zeros(0, np.float32)
    rows = [
        Row("hebb", "Hebb", "rule", 0.9, 0.5, None, None, 3, 0.012, 2048, nothing),
        Row("bound", "Best", "bound", 1.0, 1.0, None, None, None, None, None, nothing),
    ]
    table = Table(tuple(Line(row, b"") for row in rows), "", "binary", "a", b"", 1.0)
    lines = markdown(table).splitlines()
    assert lines[2] == "| Hebb | 90.00 % | 50.0 % | 3 | 12 | 2.05 |"
    assert lines[3] == "| ★ Best possible | 100.00 % | 100.0 % | – | – | – |"


def test_grey_pictures_are_compared_by_the_memories_that_can_store_them() -> None:
    at = show("compare", rule="modern", mode="grey", kind="gaussian")
    offered = next(p for p in at.get("button_group") if p.key == "hop_cmp_rules").options
    able = [r.title for r in RULES.values() if "grey" in r.modes]
    assert [getattr(o, "content", o) for o in offered] == able
    assert "black and white pictures only" in words(at)
    finish(at, "hop_cmp")
    assert "PSNR" in at.dataframe[0].value


# ---- the instruments -----------------------------------------------------------------------------


def test_the_laboratory_draws_theory_at_once_and_points_when_asked() -> None:
    small = {"hop_cap_n": "100", "hop_cap_points": "4", "hop_cap_probes": "5"}
    at = show("capacity", **small)
    assert "Theory alone" in words(at)
    before = set(chart_data(at))
    finish(at, "hop_cap")
    data = chart_data(at)
    assert set(data) - before and "at least half of the pictures" in words(at)
    assert "Data (CSV)" in labels(at)


def test_what_cannot_be_stored_is_refused_with_the_name_of_its_control() -> None:
    at = show("capacity", hop_cap_n="4000", hop_cap_load_to="1.5")
    (said,) = [info.value for info in at.info]
    assert said.startswith("Load up to must be <= 1.25") and not at.button


@pytest.mark.parametrize("rule", ["dam", "exponential"])
def test_memories_beyond_n_have_an_axis_of_powers(rule: str) -> None:
    at = show("capacity", hop_cap_rules=[RULES[rule].title], hop_cap_points="4")  # type: ignore[arg-type]
    chart = at.get("vega_lite_chart")[0]
    assert '"type":"log"' in chart.proto.spec.replace(" ", "")


@pytest.mark.parametrize("what", ["Random patterns", "The page's pictures"])
def test_the_basins_are_a_map_with_two_borders(what: str) -> None:
    small = {"hop_bas_n": "100", "hop_bas_columns": "3", "hop_bas_rows": "3", "hop_bas_probes": "2"}
    at = show("basin", hop_bas_what=what, **small)
    finish(at, "hop_bas")
    data = chart_data(at)
    assert {"line0", "line1"} <= set(data)
    z = data["cells"]["z"]
    assert len(z) == 9 and z.between(0, 1).all()
    assert z.iloc[0] == 1.0  # no flips and the smallest load: the picture itself


def test_the_landscape_has_the_recalls_way_and_a_barrier() -> None:
    at = show("landscape", hop_land_cells="9", hop_land_orders="1")
    surface, way = chart_data(at, 0), chart_data(at, 1)
    assert {"path", "ends", "stored", "cells"} <= set(surface)
    assert way["s0"]["x"].iloc[[0, -1]].tolist() == [0.0, 100.0]
    assert "White crosses" in words(at)


def test_the_same_picture_twice_spans_no_plane() -> None:
    at = show("landscape")
    name = at.selectbox(key="hop_land_a").value
    at.selectbox(key="hop_land_b").set_value(name).run()
    assert "Both are the same picture" in words(shown(at))
    assert not at.get("vega_lite_chart")


def test_one_picture_alone_is_said_in_words() -> None:
    at = show("landscape", "basin", hop_bas_what="The page's pictures", count=1)
    assert "two stored pictures" in words(at) and "at least two" in words(at)


def test_the_finder_names_what_it_found() -> None:
    at = show("spurious", hop_spur_starts="30", hop_spur_what="Random patterns")
    finish(at, "hop_states")
    assert "Where it came to rest" in words(at) and "30 starts" in words(at)
    assert len(at.get("image")) + len(at.get("imgs")) >= 1


def test_states_of_pictures_that_share_a_part_are_not_called_spin_glasses() -> None:
    """Hebb's couplings of twelve icons come to rest in what the icons share, or its negative."""
    icons = load_patterns(Ask(dataset="icons", patterns=PatternParams(count=12, size=32)))
    *_, found = spurious(SpuriousParams(starts=30), RuleParams(rule="hebb"), icons)
    shared = torch.where(icons.states.float().sum(dim=0) > 0, 1.0, -1.0)
    likeness = torch.from_numpy(found.states).float() @ shared / len(shared)
    assert set(found.kind) == {"other"} and bool((likeness.abs() > 0.9).all())
    assert {section_spurious._title(kind, True) for kind in found.kind} == {"Other state"}
    assert section_spurious._title("other", False) == "Other state (spin glass)"


@pytest.mark.parametrize("rule", ["modern", "spiking"])
def test_spurious_states_are_looked_for_in_a_memory_of_two_values(rule: str) -> None:
    at = show("spurious", rule=rule)
    assert at.selectbox(key="hop_spur_rule").value == RULES["hebb"].title
    assert RULES["modern"].title not in at.selectbox(key="hop_spur_rule").options
    assert "blends of pictures" in words(at)


def test_the_dial_reads_the_curve_and_the_diagram_fills() -> None:
    small = {"hop_temp_n": "100", "hop_temp_columns": "2", "hop_temp_rows": "2"}
    at = show("temperature", hop_dial_t="0.5", **small, hop_temp_sweeps="10")
    said = re.search(r"m = (0\.\d+)", words(at))
    assert said and float(said[1]) == pytest.approx(0.9575, abs=6e-4)  # m = tanh(m/T)
    finish(at, "hop_temp")
    assert {"line0", "line1", "line2"} <= set(chart_data(at, 1))


def test_a_spiking_memory_is_surveyed_through_its_counterpart() -> None:
    at = show("landscape", rule="spiking", hop_land_cells="9")
    assert "counterpart without spikes" in words(at)
    assert RULES["modern"].title in words(at)


def test_grey_pictures_get_a_hint_where_a_memory_cannot_store_them() -> None:
    at = show("landscape", rule="modern", mode="grey", kind="gaussian", hop_land_rule="Hebb")
    assert "black and white pictures only" in words(at)


@pytest.mark.parametrize("name", ["basin", "spurious", "temperature"])
def test_instruments_that_flip_pixels_say_so_for_grey_pictures(name: str) -> None:
    key = {"basin": "hop_bas", "spurious": "hop_spur", "temperature": "hop_temp"}[name]
    own = {f"{key}_what": "The page's pictures"}
    at = show(name, rule="modern", mode="grey", kind="gaussian", **own)
    assert "needs black and white pictures" in words(at) and not at.button


def test_a_map_of_an_earlier_setting_is_called_so() -> None:
    small = {"hop_bas_n": "100", "hop_bas_columns": "3", "hop_bas_rows": "3", "hop_bas_probes": "2"}
    at = show("basin", **small)
    finish(at, "hop_bas")
    at.get_by_key("hop_bas_probes").set_value(4).run()
    assert "of an earlier setting" in words(shown(at))
    assert "Data (CSV)" not in labels(at)
