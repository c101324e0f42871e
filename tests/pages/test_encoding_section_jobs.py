"""Jobs, caches and files of the sections: whose result is shown, what a session keeps of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.components import encoding_files, encoding_signal
from pages.components import encoding_player as player
from pages.components import encoding_section_base as base
from pages.components import encoding_section_damage as damage
from pages.components import encoding_section_progress as progress
from pages.components import encoding_section_statistics as statistics
from pages.components import section_jobs as jobs
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_codes import Choice
from pages.components.encoding_signal_presets import SignalSending
from pages.components.encoding_signal_source import Source as Signal
from pages.components.encoding_source import PictureParams
from pages.components.encoding_source import Source as Picture
from snncore import encoding, metrics
from snncore.transmission import Channel, damaged, interval_histogram, robustness, unfolding
from tests.pages.opening import chart_data, open_page
from tests.pages.test_encoding_sections import (
    PAGE,
    STEPS,
    channel,
    picture,
    sent,
    show,
    shown,
    signal,
    wait,
    words,
)

LARGE = np.tile(picture(), (6, 6))  # its searches and curves are jobs
SLOTS = ("rate", "latency", "weighted_phase")


def change(at: AppTest, old: str, new: str) -> AppTest:
    """Another bench on the same page."""
    wanted = at.query_params["bench"]
    text = wanted if isinstance(wanted, str) else wanted[0]
    assert old in text
    at.query_params["bench"] = text.replace(old, new)
    return shown(at.run())


def labels(at: AppTest) -> list[str]:
    return [b.label for kind in ("button", "download_button") for b in at.get(kind)]


def alts(at: AppTest) -> str:
    return " ".join(c.proto.alt for c in at.get("vega_lite_chart"))


def bench_of(values: np.ndarray, *names: str, steps: int = STEPS) -> Bench:
    slots = []
    for letter, name in zip("ABC", names, strict=False):
        params = encoding.get_code(name).params()
        shape = values.shape if values.ndim == 2 else None
        one = Channel(name, params, steps if shape else len(values), shape, 20)
        slots.append(Slot(letter, one, one.send(values, seed=3, first_sample=1)))
    return Bench("test", values, tuple(slots), 3, 1, "digest", False)


# ---- whose result ------------------------------------------------------------------------------


def test_a_gallery_in_one_tab_is_not_the_other_tabs() -> None:
    at = shown(
        open_page(
            PAGE, enc_open_gallery="true", enc_side="8", enc_n_steps="10", enc_s_n_samples="50"
        )
    )
    at.button(key="enc_gallery_start").click().run()
    wait(shown(at))
    assert len(at.dataframe) == 1 and "SSIM" in at.dataframe[0].value
    at.session_state["enc_tab"] = "Signal"
    shown(at.run())
    assert not at.dataframe and "of this link" not in words(at)
    at.button(key="enc_s_gallery_start").click().run()
    wait(shown(at))
    assert len(at.dataframe) == 1 and "SSIM" not in at.dataframe[0].value
    at.session_state["enc_tab"] = "Picture"
    shown(at.run())
    assert "SSIM" in at.dataframe[0].value and "earlier setting" not in words(at)


def test_an_older_curve_of_damage_keeps_its_codes_and_its_kind() -> None:
    at = show(LARGE, SLOTS, "damage")
    at.button(key="enc_damage_start").click().run()
    wait(shown(at))
    before, table = alts(at), chart_data(at)
    for name in SLOTS:
        assert encoding.get_code(name).title in before
    assert "share of the spikes lost" in before and "Data (CSV)" in labels(at)
    change(at, '"latency"', '"burst"')
    at.get_by_key("enc_damage_kind").set_value("jitter").run()
    shown(at)
    assert alts(at) == before
    now = chart_data(at)
    assert set(table) - set(now) == {"m0"}  # the level set above is of another kind
    assert all(now[name].equals(table[name]) for name in now)
    for k, slot in enumerate(bench_of(LARGE, *SLOTS).slots):
        levels = damage._LEVELS["lost"]
        wanted = robustness(slot.channel, slot.sent, levels, "delete", range(3))
        assert now[f"s{k}"]["y"].to_numpy() == pytest.approx(wanted.psnr_db, rel=1e-4)
    assert "of an earlier setting" in words(at) and "Data (CSV)" not in labels(at)


def test_an_older_search_keeps_its_code_its_budget_and_offers_nothing() -> None:
    at = show(LARGE, SLOTS, "budget", query={"enc_tune_budget_A": "7"})
    at.button(key="enc_tune_start").click().run()
    wait(shown(at))
    said = next(m.value for m in at.markdown if "the best of" in m.value)
    assert said.startswith("**A Rate (Bernoulli)**") and "within 7 spikes per pixel" in said
    assert "Take it over into slot A" in labels(at) and "Data (CSV)" in labels(at)
    change(at, '"rate"', '"burst"')
    assert said in [m.value for m in at.markdown]
    at.number_input(key="enc_tune_budget_A").set_value(3.0).run()
    assert said in [m.value for m in shown(at).markdown]
    assert "of an earlier setting" in words(at)
    assert not any("Take it over" in label or "CSV" in label for label in labels(at))


def test_an_older_rate_distortion_does_not_mark_the_slots_of_now() -> None:
    at = show(LARGE, SLOTS, "distortion")
    at.button(key="enc_rd_start").click().run()
    wait(shown(at))

    before = chart_data(at)
    assert len(before["here"]) == 3 and "Data (CSV)" in labels(at)
    change(at, '"latency"', '"burst"')
    after = chart_data(at)
    assert after["points"].equals(before["points"]) and len(after["here"]) == 0
    assert "of an earlier setting" in words(at) and "Data (CSV)" not in labels(at)


@pytest.mark.parametrize("key", ["enc_damage", "enc_gallery", "enc_tune", "enc_rd"])
def test_a_link_shows_no_work_on_another_visitors_picture(key: str) -> None:
    first = show(LARGE, SLOTS, "damage")
    first.button(key="enc_damage_start").click().run()
    wait(shown(first))
    watch = first.query_params["enc_damage_job"]
    names = ("damage", "gallery", "budget", "distortion")
    other = show(
        1 - LARGE,
        SLOTS,
        *names,
        query={f"{key}_job": watch if isinstance(watch, str) else watch[0]},
    )
    assert "of another input or setting" in words(other)
    assert not any("CSV" in label for label in labels(other))


def test_damage_of_a_large_picture_is_a_job_that_shows_the_engines_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = encoding.get_code("population_rate").params()
    big = Channel("population_rate", params, 400, (80, 80))  # takes half a second
    values = np.tile(picture(), (8, 8))
    assert damage._work(Slot("A", big, big.send(values))) > damage._QUICK_WORK
    monkeypatch.setattr(damage, "_QUICK_WORK", 0)
    at = show(picture(), SLOTS, "damage", query={"enc_damage_lost": "0.4"})
    assert not at.get("image")
    at.button(key="enc_hurt_start").click().run()
    wait(shown(at))
    assert len(at.get("image")) == 6
    for name in SLOTS:
        clean = sent(picture(), name)
        worse = damaged(channel(picture(), name), clean, "delete", 0.4, 0)
        counts = [int(np.abs(s.spikes.astype(int)).sum()) for s in (clean, worse)]
        assert f"{counts[0]:,} spikes sent, {counts[1]:,} arrived." in words(at)
        assert f"**{base.quality_words(metrics.psnr(worse.values, worse.decoded))}**" in words(at)


# ---- what the session keeps --------------------------------------------------------------------


def held(thing: Any) -> int:
    """Bytes of the largest array that a function keeps alive by its cells and arguments."""
    seen: set[int] = set()
    stack, largest = [thing], 0
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            largest = max(largest, one.nbytes)
            stack.append(one.base)
        elif isinstance(one, FunctionType):
            stack += [cell.cell_contents for cell in one.__closure__ or ()]
            stack += one.__defaults__ or ()
        elif isinstance(one, partial):
            stack += [one.func, *one.args, *one.keywords.values()]
        elif isinstance(one, MethodType):
            stack.append(one.__self__)
        elif isinstance(one, (tuple, list, set)):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
    return largest


def test_held_sees_through_closures() -> None:
    big = np.zeros(1000)

    def inner() -> np.ndarray:
        return big

    assert held(lambda: inner()) == held(partial(inner)) == held([{"a": inner}]) == 8000


def choices(bench: Bench) -> dict[str, Choice]:
    return {s.letter: Choice(s.channel.kind, s.channel.params) for s in bench.slots}


@pytest.mark.parametrize("kind", ["picture", "signal"])
def test_files_of_the_share_row_keep_the_input_and_encode_again(kind: str) -> None:
    if kind == "picture":
        bench = bench_of(picture(), *SLOTS)
        source = Picture(bench.values, "test", "digest", 1, False)
        view = encoding_files.picture_view("enc", PictureParams(), source, bench)
    else:
        bench = bench_of(signal(), "delta", "send_on_delta", "rate")._replace(sample=0)
        bench = bench.recipe.bench()
        own = Signal("test", bench.values, "digest", "--wave sine", {})
        view = encoding_signal._view(choices(bench), own, SignalSending(), bench, {})
    files = {d.file_name: d.data for d in view.downloads}
    assert len(files) == {"picture": 6, "signal": 7}[kind]
    for name, data in files.items():
        assert held(data) <= bench.values.nbytes, name
        assert callable(data) and data()
    spikes = files["spikes.npz"]
    assert callable(spikes)
    with np.load(io.BytesIO(spikes()), allow_pickle=False) as stored:
        for slot in bench.slots:
            assert np.array_equal(stored[f"spikes_{slot.letter.lower()}"], slot.sent.spikes)


@pytest.mark.parametrize("values", [picture(), LARGE, signal()], ids=["small", "large", "signal"])
def test_sections_keep_no_spikes_in_their_files_and_jobs(
    values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {}
    button, panel = st.download_button, jobs.job_panel

    def keep_file(label: str, data: Any, **more: Any) -> bool:
        kept[more["key"]] = data
        return button(label, data, **more)

    def keep_job(key: str, **more: Any) -> Any:
        kept[f"{key} start"], kept[f"{key} draw"] = more["submit"], more["draw"]
        return panel(key, **more)

    monkeypatch.setattr(st, "download_button", keep_file)
    monkeypatch.setattr(jobs, "job_panel", keep_job)
    codes = ("poisson", *SLOTS[1:]) if values.ndim == 2 else ("delta", "rate", "sigma_delta")
    names = ("distortion", "budget", "damage", "intervals", "information", "progress", "gallery")
    show(values, codes, *names)
    assert len(kept) >= 4
    for name, function in kept.items():
        # Histograms have up to some thousand bins, whatever the input.
        assert held(function) <= max(values.nbytes, 16_000), name


# ---- files -------------------------------------------------------------------------------------


def files_of(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> dict[str, bytes]:
    """The files that a page offers, made."""
    found: dict[str, Any] = {}

    def keep(label: str, data: Any, **more: Any) -> bool:
        del label
        found[more["file_name"]] = data
        return False

    monkeypatch.setattr(st, "download_button", keep)
    run()
    return {name: data() for name, data in found.items()}


def test_the_damage_file_holds_the_engines_curve_column_by_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = picture()
    files = files_of(monkeypatch, lambda: show(values, ("rate", "burst"), "damage"))
    rows = list(csv.DictReader(io.StringIO(files["damage.csv"].decode())))
    levels = tuple(float(row["level"]) for row in rows)
    assert levels == damage._LEVELS["lost"]
    for letter, name in (("a", "rate"), ("b", "burst")):
        wanted = robustness(channel(values, name), sent(values, name), levels, "delete", range(3))
        for field in ("psnr_db", "psnr_error", "rmse", "rmse_error"):
            column = [float(row[f"{letter}_{name}_{field}"] or "inf") for row in rows]
            assert column == pytest.approx(list(getattr(wanted, field)), rel=1e-6), field


def test_the_progress_file_holds_the_engines_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    values = picture()
    files = files_of(monkeypatch, lambda: show(values, ("rate",), "progress"))
    rows = list(csv.DictReader(io.StringIO(files["progress.csv"].decode())))
    wanted = unfolding(channel(values, "rate"), sent(values, "rate"), 25)
    for field in ("steps", "spikes", "psnr_db", "rmse"):
        column = [float(row[f"a_rate_{field}"]) for row in rows]
        assert column == pytest.approx(list(getattr(wanted, field)), rel=1e-6), field


# ---- caches ------------------------------------------------------------------------------------


def test_an_identity_tells_apart_whatever_decides_the_result() -> None:
    bench = bench_of(picture(), "poisson")
    one = bench.slots[0].channel
    other = channel(picture(), "poisson", max_rate=0.5)
    same = base.identity("name", bench, [one], 1)
    assert same == base.identity("name", bench._replace(what="other words", dark=True), [one], 1)
    different = [
        base.identity("other", bench, [one], 1),
        base.identity("name", bench._replace(identity="other"), [one], 1),
        base.identity("name", bench._replace(seed=4), [one], 1),
        base.identity("name", bench._replace(sample=2), [one], 1),
        base.identity("name", bench, [other], 1),
        base.identity("name", bench, [one, other], 1),
        base.identity("name", bench, [one], 2),
    ]
    assert len({same, *different}) == 1 + len(different)


def test_the_player_never_plays_other_spikes_than_asked_for() -> None:
    values = picture()
    first = channel(values, "rate")
    other = channel(values, "poisson")
    keys = [
        ("one", "A", first, 0, 0),
        ("two", "A", first, 0, 0),
        ("one", "B", first, 0, 0),
        ("one", "A", other, 0, 0),
        ("one", "A", first, 1, 0),
        ("one", "A", first, 0, 1),
    ]
    for identity, letter, one, seed, sample in keys:
        seen = values if identity == "one" else 1 - values
        message = one.send(seen, seed=seed, first_sample=sample)
        got = player.cached_payload(identity, letter, one, seed, sample, seen, message)
        assert got == player.payload(letter, one, seen, message), (identity, letter, seed, sample)


def test_damage_is_that_of_the_draw_the_level_and_the_kind_asked_for() -> None:
    values = picture()
    slots = [Slot("A", channel(values, n), sent(values, n)) for n in ("rate", "poisson")]
    first: tuple[Any, ...] = ("one", slots[0], "lost", 0.3, 0)
    changes = [{}, {0: "two", 1: slots[1]}, {2: "jitter"}, {3: 0.5}, {4: 1}]
    for changed in changes:
        identity, slot, kind, level, draw = (changed.get(k, v) for k, v in enumerate(first))
        got = damage.cached_hurt(identity, slot, kind, level, draw, values)
        wanted = damaged(slot.channel, slot.sent, damage._KINDS[kind], level, draw)
        assert np.array_equal(got.worse.reshape(1, -1), wanted.decoded), changed
        assert got.counts[1] == int(np.abs(wanted.spikes.astype(int)).sum())


def test_intervals_are_those_of_the_channel_the_value_the_trains_and_the_seed() -> None:
    one, other = channel(picture(), "rate"), channel(picture(), "poisson")
    first: tuple[Any, ...] = (one, 0.3, 40, 0)
    for changed in ({}, {0: other}, {1: 0.6}, {2: 60}, {3: 1}):
        code, value, trains, seed = (changed.get(k, v) for k, v in enumerate(first))
        got = statistics.cached_intervals(code, value, trains, seed)
        wanted = interval_histogram(code, value, n_trains=trains, seed=seed)
        assert got.intervals == wanted.intervals and np.array_equal(got.observed, wanted.observed)


def test_a_code_that_is_slow_to_read_is_read_back_at_fewer_moments() -> None:
    params = encoding.get_code("population_rate").params()
    big = Channel("population_rate", params, 400, (96, 96))
    assert player.moments(big) == 6
    assert player.moments(channel(picture(), "population_rate")) == 25
    values = np.tile(picture(), (9, 9))[:80, :80]
    slow = Channel("population_rate", params, 200, values.shape)
    slot = Slot("A", slow, slow.send(values))
    assert len(progress._unfolding("slow", slot).steps) == player.moments(slow) < 25
