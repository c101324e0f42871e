"""The sections below pictures and signals: what they show is what the engine computed."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import encoding_codes as codes
from pages.components import encoding_section_base as base
from pages.components import encoding_section_tuning as tuning
from pages.components import encoding_sections
from pages.components.encoding_section_damage import DamageParams
from pages.components.encoding_signal_presets import SignalSending
from pages.components.encoding_source import PictureParams
from snncore import encoding, metrics
from snncore.encoding import SignalParams
from snncore.transmission import (
    Channel,
    damaged,
    information,
    interval_histogram,
    tune,
    unfolding,
)
from tests.pages.opening import open_page

NAMES = [section.name for section in encoding_sections.SECTIONS]
PAGE = "pages/2_Spike_Encoding.py"
SIDE, STEPS = 10, 40
PICTURE_CODES, SIGNAL_CODES = codes.names("picture"), codes.names("signal")


def _script() -> None:
    import hashlib
    import json

    import numpy as np
    import streamlit as st

    from pages.components.encoding_bench import Bench, Slot
    from pages.components.encoding_sections import open_sections, sections
    from snncore import encoding
    from snncore.transmission import Channel

    wanted = json.loads(st.query_params["bench"])
    values = np.array(wanted["values"], dtype=np.float32)
    shape = values.shape if values.ndim == 2 else None
    slots = []
    for letter, name in zip("ABC", wanted["codes"], strict=False):
        params = encoding.get_code(name).params(**wanted["params"].get(name, {}))
        steps = wanted["steps"] if shape else len(values)
        channel = Channel(name, params, steps, shape, min(20, steps))
        slots.append(Slot(letter, channel, channel.send(values, seed=3, first_sample=1)))
    identity = hashlib.sha256(values.tobytes()).hexdigest()
    sections(Bench("test", values, tuple(slots), 3, 1, identity, wanted["dark"]))
    st.session_state["link"] = open_sections()


def picture() -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    return (0.1 + 0.8 * (0.5 + 0.5 * np.sin(5 * x) * np.cos(4 * y))).astype(np.float32)


def signal() -> np.ndarray:
    return encoding.make_signal(SignalParams(n_samples=200)).numpy().reshape(-1)


def show(
    values: np.ndarray,
    slots: tuple[str, ...],
    *names: str,
    params: dict[str, dict[str, float]] | None = None,
    dark: bool = False,
    query: dict[str, str] | None = None,
) -> AppTest:
    """The list of sections with these open, on a page of its own."""
    at = AppTest.from_function(_script, default_timeout=120)
    at.query_params["bench"] = json.dumps({
        "values": values.tolist(), "codes": slots, "params": params or {}, "steps": STEPS,
        "dark": dark,
    })  # fmt: skip
    for name in names:
        at.query_params[encoding_sections.open_key(name)] = "true"
    for name, value in (query or {}).items():
        at.query_params[name] = value
    return shown(at.run())


def shown(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def channel(values: np.ndarray, name: str, **params: float) -> Channel:
    own = encoding.get_code(name).params(**params)
    if values.ndim == 2:
        return Channel(name, own, STEPS, values.shape)
    return Channel(name, own, len(values), None, 20)


def sent(values: np.ndarray, name: str):
    return channel(values, name).send(values, seed=3, first_sample=1)


def words(at: AppTest) -> str:
    return " ".join(e.value for kind in ("markdown", "caption", "info") for e in at.get(kind))


def cells(at: AppTest, name: str) -> list[str]:
    """The cells after the name of one row of the tables."""
    rows = [
        line for m in at.markdown for line in m.value.splitlines() if line.startswith(f"| {name}")
    ]
    assert len(rows) == 1, (name, words(at))
    return [cell.strip() for cell in rows[0].strip("|").split("|")][1:]


def charts(at: AppTest) -> int:
    return len(at.get("vega_lite_chart"))


def wait(at: AppTest, word: str = "Finished") -> AppTest:
    deadline = time.monotonic() + 60
    while word not in words(at) and time.monotonic() < deadline:
        time.sleep(0.2)
        shown(at.run())
    assert word in words(at)
    return at


def sound(at: AppTest) -> None:
    said = words(at).lower().replace("|", " ").replace("*", " ").split()
    bad = [k for k, word in enumerate(said) if word.strip(".,") in ("nan", "inf", "-inf")]
    assert not bad, said[bad[0] - 8 : bad[0] + 4]


GROUPS = [
    (kind, able[k : k + 3])
    for kind, able in (("picture", PICTURE_CODES), ("signal", SIGNAL_CODES))
    for k in range(0, len(able), 3)
]


@pytest.mark.parametrize(
    ("kind", "group"), GROUPS, ids=lambda v: v if isinstance(v, str) else "-".join(v)
)
def test_every_section_opens_for_every_code(kind, group):
    at = show(picture() if kind == "picture" else signal(), group, *NAMES)
    assert charts(at) >= 3
    sound(at)


def test_closed_sections_compute_nothing(monkeypatch):
    def forbidden(*_: object) -> None:
        raise AssertionError("computed while closed")

    monkeypatch.setattr(base, "computed", forbidden)
    monkeypatch.setattr(base, "at_once", forbidden)
    at = show(picture(), ("rate", "latency", "burst"))
    assert charts(at) == 0 and len(at.expander) == len(NAMES)


@pytest.mark.parametrize(
    ("values", "dark"),
    [
        (np.full((SIDE, SIDE), 0.4, np.float32), True),
        (np.zeros((SIDE, SIDE), np.float32), False),
        (np.full((1, 1), 0.7, np.float32), False),
        (np.full(100, 0.5, np.float32), True),
        (np.zeros(1, np.float32), False),
        (np.array([0.0, 1.0], np.float32), False),
    ],
    ids=["grey", "black", "one pixel", "constant", "one sample", "two samples"],
)
def test_inputs_with_nothing_in_them_are_put_in_words(values, dark):
    slots = ("rate", "weighted_phase", "burst") if values.ndim == 2 else (
        "send_on_delta", "rate", "sigma_delta",
    )  # fmt: skip
    at = show(values, slots, *NAMES, dark=dark)
    sound(at)
    if values.size < 16:
        assert "too few values" in words(at)


def test_a_link_opens_sections_with_what_is_set_in_them():
    query = {
        "enc_damage_kind": "jitter", "enc_damage_jitter": "4", "enc_rd_quality": "SNR",
        "enc_iv_value": "0.6", "enc_s_tune_slot": "B",
    }  # fmt: skip
    at = show(
        signal(), ("delta", "send_on_delta", "rate"),
        "damage", "distortion", "intervals", "budget", query=query,
    )  # fmt: skip
    link = at.session_state["link"]
    assert {k: str(v) for k, v in link.items() if k in query} == {
        **query,
        "enc_damage_jitter": "4.0",
    }
    assert link["enc_open_damage"] and "enc_open_gallery" not in link


def test_the_glossary_speaks_of_the_codes_in_the_slots():
    at = show(picture(), ("rate", "latency", "retina_latency"), "codes")
    for name in ("rate", "latency", "retina_latency"):
        code = encoding.get_code(name)
        assert f"Source: {code.reference}." in words(at)
    facts = [m.value for m in at.markdown if "Neurons here" in m.value]
    assert [("Random: **yes**" in f, "Neurons here: **200**" in f) for f in facts] == [
        (True, False), (False, False), (False, True),
    ]  # fmt: skip
    bound = encoding.get_code("latency").bound(encoding.LatencyParams(), STEPS)
    assert f"Largest error in theory: **±{base.number(bound, 3)}" in facts[1]


def test_rate_distortion_of_a_signal_is_drawn_at_once_with_the_slots_and_the_front():
    at = show(signal(), ("delta", "send_on_delta", "rate_signal"), "distortion")
    spec = json.loads(at.get("vega_lite_chart")[0].proto.spec)
    assert "PSNR [dB]" in json.dumps(spec)
    tables = {d.name for d in at.get("vega_lite_chart")[0].proto.datasets}
    assert {"points", "here", "front"} <= tables
    more = show(
        signal(), ("delta", "send_on_delta", "rate_signal"), "distortion",
        query={"enc_s_rd_more": codes.label("burst")},
    )  # fmt: skip
    assert at.get("vega_lite_chart")[0].proto.alt != more.get("vega_lite_chart")[0].proto.alt
    assert "Burst" in more.get("vega_lite_chart")[0].proto.alt
    assert more.session_state["link"]["enc_s_rd_more"] == [codes.label("burst")]


def test_a_long_rate_distortion_is_a_job_after_a_preview():
    values = np.tile(picture(), (5, 5))
    at = show(values, ("rate", "latency", "burst"), "distortion", query={"enc_rd_points": "24"})
    assert "A preview with 4 settings" in words(at) and charts(at) == 1
    at.button(key="enc_rd_start").click().run()
    wait(shown(at))
    assert charts(at) == 1 and "A preview" not in words(at)
    assert any(b.label == "Data (CSV)" for b in at.get("download_button"))
    wanted = at.query_params["bench"]
    text = wanted if isinstance(wanted, str) else wanted[0]
    at.query_params["bench"] = text.replace('"burst"', '"gamma"')
    shown(at.run())
    assert "of an earlier setting" in words(at)


def test_a_budget_finds_the_engines_best_and_puts_it_into_the_slot():
    at = open_page(
        PAGE, enc_tab="Signal", enc_open_budget="true", enc_s_tune_slot="B",
        enc_s_tune_budget_B="0.2", enc_tune_budget_B="7", enc_tune_slot="A",  # of the picture
    )  # fmt: skip
    shown(at)
    values = encoding.make_signal(SignalParams(cycles=5.5)).numpy().reshape(-1)
    first = Channel("send_on_delta", encoding.SendOnDeltaParams(), 400)
    *_, last = tune(values, first, 0.2)
    found = last.tuned
    assert f"Threshold θ = {found.setting:.4g}" in words(at)
    at.button(key="enc_s_tune_take").click().run()
    shown(at)
    kept = at.number_input(key="enc_s_b_send_on_delta_threshold").value
    assert kept == pytest.approx(found.setting, rel=1e-6)
    assert f"**{found.scores.spikes:,}** spikes" in words(at)


def test_a_budget_that_nothing_fits_names_the_cheapest():
    at = show(
        signal(), ("rate", "latency", "burst"), "budget", query={"enc_s_tune_budget_A": "0.00001"}
    )
    assert "Budget must be >=" in words(at) and charts(at) == 0


def test_damage_shows_what_the_engine_reads_from_the_damaged_spikes():
    values = picture()
    at = show(
        values, ("rate", "latency", "weighted_phase"), "damage",
        query={"enc_damage_lost": "0.4", "enc_damage_draw": "2"},
    )  # fmt: skip
    for name in ("rate", "latency", "weighted_phase"):
        clean = sent(values, name)
        worse = damaged(channel(values, name), clean, "delete", 0.4, 2)
        after = metrics.psnr(worse.values, worse.decoded)
        counts = [int(np.abs(s.spikes.astype(int)).sum()) for s in (clean, worse)]
        assert f"{counts[0]:,} spikes sent, {counts[1]:,} arrived." in words(at)
        assert f"**{base.quality_words(after)}**" in words(at)
    assert len(at.get("image")) == 6 and charts(at) == 1


@pytest.mark.parametrize("kind", DamageParams.specs()["kind"].options)
def test_every_damage_has_its_curve_for_signals_with_signs(kind):
    at = show(
        signal(), ("send_on_delta", "sigma_delta", "population_rate"), "damage",
        query={"enc_damage_kind": kind},
    )  # fmt: skip
    assert charts(at) == 2  # lanes, and the curve
    assert "Mean of 3 draws" in words(at)


def test_a_clean_channel_is_not_hurt_by_no_damage():
    at = show(
        picture(), ("weighted_phase", "latency", "rate"), "damage", query={"enc_damage_lost": "0"}
    )
    for name in ("weighted_phase", "latency", "rate"):
        clean = sent(picture(), name)
        same = base.quality_words(metrics.psnr(clean.values, clean.decoded))
        assert f"PSNR {same} → **{same}**" in words(at)


def test_intervals_stand_beside_their_law():
    at = show(
        picture(), ("rate", "regular", "poisson"), "intervals",
        query={"enc_iv_value": "0.25", "enc_iv_trains": "100"},
    )  # fmt: skip
    h = interval_histogram(channel(picture(), "rate"), 0.25, n_trains=100, seed=3)
    assert cells(at, "A: spikes per step")[1] == "0.25"
    assert cells(at, "A: CV")[1] == base.number(math.sqrt(0.75))  # √(1 − p)
    assert cells(at, "A: Fano")[1] == base.number(0.75)  # 1 − p
    assert cells(at, "A: CV")[0].startswith(base.number(h.cv))
    assert cells(at, "B: CV")[:2] == ["0 ± 0", "0"]
    assert charts(at) == 3 and f"{h.intervals:,} intervals" in words(at)


def test_information_is_the_engines_and_a_lower_bound():
    values = picture()
    at = show(values, ("rate", "weighted_phase", "latency"), "information")
    for k, name in enumerate(("rate", "weighted_phase", "latency")):
        found = information(sent(values, name), channel(values, name), 16)
        assert cells(at, "Bits per value")[k].startswith(base.number(found.bits_per_value, 3))
        assert cells(at, "Bits per spike")[k] == base.number(found.bits_per_spike, 3)
    assert "lower bound" in words(at) and found.estimator in words(at)


def test_progress_says_which_code_is_early():
    values = picture()
    at = show(values, ("latency", "rate", "weighted_phase"), "progress")
    u = unfolding(channel(values, "latency"), sent(values, "latency"), 25)
    assert f"of {u.steps[-1]} steps" in words(at) and f"of {u.spikes[-1]:,} spikes" in words(at)
    assert charts(at) == 2


def test_the_gallery_holds_every_code_and_gives_one_to_a_slot():
    at = show(picture(), ("rate", "latency", "retina_latency"), "gallery")
    at.button(key="enc_gallery_start").click().run()
    wait(shown(at))
    (table,) = at.dataframe
    assert set(table.value["Code"]) == {c.title for c in encoding.CODES.values()} - {
        encoding.get_code(n).title for n in _refused(picture())
    }
    row = table.value.set_index("Code").loc["Rate (Bernoulli)"]
    clean = sent(picture(), "rate")
    assert row["PSNR"] == pytest.approx(metrics.psnr(clean.values, clean.decoded))
    assert str(row["Read back"]).startswith("data:image/png;base64,")
    at.selectbox(key="enc_gallery_put").set_value("burst").run()
    at.button(key="enc_gallery_put_B").click().run()
    assert at.session_state["enc_code_b"] == "burst"


def _refused(values: np.ndarray) -> list[str]:
    refused = []
    for name in encoding.CODES:
        try:
            channel(values, name).send(values)
        except ValueError:
            refused.append(name)
    return refused


def test_the_gallery_of_a_signal_draws_small_curves():
    at = show(signal(), ("delta", "send_on_delta", "rate"), "gallery")
    at.button(key="enc_s_gallery_start").click().run()
    wait(shown(at))
    (table,) = at.dataframe
    assert len(table.value) == len(SIGNAL_CODES) and "SSIM" not in table.value
    assert "encodes pictures, not a signal" in words(at)


def test_sections_stand_below_pictures_on_the_page():
    at = open_page(PAGE, enc_open_codes="true", enc_open_intervals="true")
    shown(at)
    assert "Where do the three codes come from" in words(at)
    assert any("enc_open_intervals=true" in c.value for c in at.code)


def test_the_tabs_controls_can_hold_what_is_taken_over():
    for name, cls in (("n_steps", PictureParams), ("window", SignalSending)):
        spec = cls.specs()[name]
        assert tuning._LIMITS[name] == (spec.lo, spec.hi)
    at = show(picture(), ("first_spike", "rank_order", "latency"), "budget")
    assert "best of" in words(at) or "Find the best setting" in [b.label for b in at.button]
