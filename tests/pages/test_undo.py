"""Undo and Redo on every page: a control, a preset and Reset, back and forth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import open_page

SCRIPT = """
import streamlit as st
from pages.components import undo
from pages.components.sections import set_state
n = st.number_input("n", 0, 999, 0, key="n")
bad = st.toggle("bad", key="bad")
undo.buttons("demo", None if bad else {"n": n, "bad": False}, set_state)
"""


class Case(NamedTuple):
    """A page (or tab), one of its controls, one of its presets."""

    page: str
    key: str
    control: str
    value: Any
    preset: str
    query: Mapping[str, str] = MappingProxyType({})


CASES = {
    "lif": Case("pages/1_LIF_Playground.py", "lif", "lif_tau_m", 30.0, "Step"),
    "picture": Case(
        "pages/2_Spike_Encoding.py", "enc", "enc_b_latency_threshold", 0.3, "Bursts"
    ),
    "signal": Case(
        "pages/2_Spike_Encoding.py", "enc_s", "enc_s_cycles", 3.0, "Jumps", {"enc_tab": "Signal"}
    ),
    "classifier": Case(
        "pages/2_Spike_Encoding.py", "enc_k", "enc_k_noise", 0.05, "Staircase",
        {"enc_tab": "Classifier"},
    ),
    "hopfield": Case("pages/3_Hopfield_Recall.py", "hop", "hop_share", 0.2, "Half hidden"),
    "stdp": Case("pages/4_STDP_MNIST_Trainer.py", "stdp", "stdp_epochs", 3, "best conv"),
}  # fmt: skip


def button(app: AppTest, case: Case, name: str) -> Any:
    return app.button(key=f"{case.key}__{name}")


def state(app: AppTest, case: Case) -> dict[str, Any]:
    """What the page's link says: all that was set."""
    (link,) = [c.value for c in app.code if c.value.startswith(("?", "http"))][:1]
    # Which parts of the drive are open is also said by their values.
    link = re.sub("[?&]lif_parts=current", "", link).replace("?", "")
    return {"link": link, case.control: app.get_by_key(case.control).value if shown(app, case)
            else None}  # fmt: skip


def shown(app: AppTest, case: Case) -> bool:
    try:
        return app.get_by_key(case.control) is not None
    except KeyError:
        return False


@pytest.mark.parametrize("name", CASES)
def test_a_control_a_preset_and_reset_are_undone_and_done_again(name: str) -> None:
    case = CASES[name]
    app = open_page(case.page, **case.query)
    assert button(app, case, "undo").disabled and button(app, case, "redo").disabled
    seen = [state(app, case)]
    app.get_by_key(case.control).set_value(case.value).run()
    seen.append(state(app, case))
    app.pills(key=f"{case.key}__preset").set_value(case.preset).run()
    seen.append(state(app, case))
    button(app, case, "reset").click().run()
    assert not app.exception, app.exception
    assert state(app, case) == seen[0]
    assert seen[1] != seen[0] and seen[2] not in seen[:2]
    for before in (seen[2], seen[1], seen[0]):
        button(app, case, "undo").click().run()
        assert not app.exception, app.exception
        assert state(app, case) == before
    assert button(app, case, "undo").disabled
    for after in (seen[1], seen[2], seen[0]):
        button(app, case, "redo").click().run()
        assert state(app, case) == after
    assert button(app, case, "redo").disabled and not button(app, case, "undo").disabled


def test_who_changes_something_after_undo_starts_another_road() -> None:
    at = AppTest.from_string(SCRIPT).run()
    for n in (1, 2, 3):
        at.number_input(key="n").set_value(n).run()
    at.button(key="demo__undo").click().run()
    at.button(key="demo__undo").click().run()
    assert at.number_input(key="n").value == 1
    at.number_input(key="n").set_value(7).run()
    assert at.button(key="demo__redo").disabled
    at.button(key="demo__undo").click().run()
    assert at.number_input(key="n").value == 1


def test_from_a_contradiction_undo_leads_to_the_last_setting_that_fitted() -> None:
    at = AppTest.from_string(SCRIPT).run()
    at.number_input(key="n").set_value(1).run()
    at.toggle(key="bad").set_value(True).run()
    at.button(key="demo__undo").click().run()
    assert (at.number_input(key="n").value, at.toggle(key="bad").value) == (1, False)
    at.button(key="demo__undo").click().run()
    assert at.number_input(key="n").value == 0
    assert at.button(key="demo__undo").disabled


def test_a_hundred_settings_are_remembered_and_no_more() -> None:
    at = AppTest.from_string(SCRIPT).run()
    at.session_state["demo__history"] = [{"n": k, "bad": False} for k in range(500)]
    at.run()
    assert len(at.session_state["demo__history"]) == 100


def test_hopfield_keeps_the_pictures_that_were_picked() -> None:
    app = open_page("pages/3_Hopfield_Recall.py", hop_picked="0.2")
    app.pills(key="hop__preset").set_value("Half hidden").run()
    assert "hop_picked" not in app.query_params
    button(app, CASES["hopfield"], "undo").click().run()
    assert not app.exception, app.exception
    assert app.query_params["hop_picked"] in ("0.2", ["0.2"])
