"""What tells the instruments' work apart, and what a session keeps of it: never the pictures."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import torch

from pages.components import hopfield_section_base as base
from pages.components import hopfield_section_landscape
from pages.components import section_jobs as jobs
from tests.pages.opening import chart_data
from tests.pages.test_hopfield_sections import NAMES, finish, json_of, show, shown, words


def held(thing: Any) -> int:
    """Bytes of the largest array or tensor that a function keeps alive."""
    seen: set[int] = set()
    stack, largest = [thing], 0
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, torch.Tensor):
            largest = max(largest, one.untyped_storage().nbytes())
        elif isinstance(one, np.ndarray):
            largest = max(largest, one.nbytes)
        elif isinstance(one, FunctionType):
            stack += [cell.cell_contents for cell in one.__closure__ or ()]
        elif isinstance(one, (tuple, list)):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
    return largest


def test_sections_keep_no_pictures_in_what_redraws_or_downloads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: dict[str, Any] = {}

    def panel(key: str, *, submit: Any, draw: Any, **rest: Any) -> None:
        drawn[key] = (submit, draw)

    monkeypatch.setattr(jobs, "job_panel", panel)
    monkeypatch.setattr(hopfield_section_landscape, "_QUICK", 0)
    show(*NAMES, count=6, hop_bas_what="The page's pictures")
    assert len(drawn) == 6
    for key, (submit, draw) in drawn.items():
        assert held(draw) == 0, key
        assert held(submit) <= 256 * 4, key  # one probe, which the landscape starts from


OWN = [[[0, 255] * 8] * 16]  # one picture of stripes
OTHER = [[[0, 255] * 8] * 15 + [[255, 0] * 8]]  # with another last row


@pytest.fixture
def identities(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Opens all instruments on a bench, and gives the identity of the work of each."""
    found: dict[str, str] = {}

    def job(key: str, label: str, identity: str, *rest: Any) -> None:
        found[key] = identity

    monkeypatch.setattr(base, "job", job)
    monkeypatch.setattr(base, "at_once", lambda identity, work: None)
    monkeypatch.setattr(hopfield_section_landscape, "_QUICK", 0)

    def of(what: str = base.PAGE, rule: str = "hebb", **bench: Any) -> dict[str, str]:
        found.clear()
        sources = {f"{key}_what": what for key in ("hop_bas", "hop_spur", "hop_temp")}
        show(*NAMES, rule=rule, bench=bench, **sources)
        assert len(found) == 6
        return dict(found)

    return of


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {key for key in one if one[key] != other[key]}


ALL = {"hop_cmp", "hop_cap", "hop_bas", "hop_land", "hop_states", "hop_temp"}


def test_work_on_other_pictures_damage_or_draws_has_another_identity(
    identities: Callable[..., dict[str, str]],
) -> None:
    first = identities(own=OWN)
    assert identities(own=OWN) == first
    assert changed(first, identities(own=OTHER)) == ALL - {"hop_cap"}  # which draws its own
    assert changed(first, identities(own=OWN, seed=4)) == ALL
    # The others take the pictures only, and damage them in their own way.
    assert changed(first, identities(own=OWN, strength=0.2)) == {"hop_cmp", "hop_land"}


def test_work_on_random_patterns_does_not_depend_on_the_pages_pictures(
    identities: Callable[..., dict[str, str]],
) -> None:
    first = identities(base.RANDOM, own=OWN)
    other = identities(base.RANDOM, own=OTHER, strength=0.2)
    assert changed(first, other) == {"hop_cmp", "hop_land"}
    assert changed(first, identities(base.RANDOM, own=OWN, seed=4)) == ALL


def test_settings_that_a_memory_does_not_read_make_no_result_an_earlier_one(
    identities: Callable[..., dict[str, str]],
) -> None:
    first = identities(rule="dam")
    spiking = {"rate": 0.3}
    assert changed(first, identities(rule="dam", spiking=spiking)) == {"hop_cmp"}  # with spikes
    assert changed(first, identities(rule="dam", recall={"beta": 5.0})) == {"hop_cmp"}
    follow = {"hop_cmp", "hop_bas", "hop_land", "hop_states"}  # those that take the page's memory
    assert changed(first, identities(rule="dam", recall={"degree": 4})) == follow


def test_a_choice_of_nothing_comes_back_from_its_link() -> None:
    for name, key in (("compare", "hop_cmp_rules"), ("capacity", "hop_cap_rules")):
        at = show(name, **{key: ""})
        assert at.session_state["link"] == {f"hop_open_{name}": True, key: ""}
        assert "Choose at least one memory" in words(at) and not at.button


def test_the_diamond_on_a_map_follows_the_page() -> None:
    small = {"hop_bas_n": "100", "hop_bas_columns": "5", "hop_bas_rows": "3", "hop_bas_probes": "2"}
    at = show("basin", **small)
    finish(at, "hop_bas")
    seen = []
    for count, strength in ((8, 0.3), (12, 0.1)):
        at.query_params["bench"] = json_of(
            rule="hebb", count=count, mode="binary", kind="flip", strength=strength
        )
        shown(at.run())
        here = chart_data(at)["here"].iloc[0]
        seen.append((here["x"], here["y"]))
        assert "The diamond" in words(at) and "earlier setting" not in words(at)
    at.query_params["bench"] = json_of(
        rule="hebb", count=12, mode="binary", kind="flip", strength=1.0
    )
    shown(at.run())  # beyond the map's last row: no diamond, and no word of one
    assert "The diamond" not in words(at) and not len(chart_data(at).get("here", ()))
    assert seen == [(8 / 256, 0.3), (12 / 256, 0.1)]
    at.query_params["bench"] = json_of(rule="hebb", count=3, mode="binary", kind="erase")
    shown(at.run())  # its damage has no place on the map, which is still of what is set
    assert "The diamond" not in words(at) and "earlier setting" not in words(at)
    assert not len(chart_data(at).get("here", ()))
