"""The picture tab of Spike Encoding: every code and every preset, by the engine's numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pages.components import encoding as panel
from pages.components import encoding_codes as codes
from pages.components import encoding_source as sources
from pages.components.encoding_presets import FIRST, PRESET, PRESETS
from pages.components.encoding_source import PictureParams
from snncore import encoding
from snncore.plots import encoding_picture as plots
from snncore.plots.spike_frames import raster_rows
from tests.pages.picture_tab import check, choice, expected, numbers, opened, shown


def test_opens_on_a_preset_through_three_codes_with_the_engines_numbers() -> None:
    at = opened()
    check(at, [expected(choice(name), PictureParams()) for name in FIRST.values()])
    assert at.pills(key=PRESET).value == next(iter(PRESETS))
    assert any("Notice" in m.value for m in at.markdown)


def test_every_code_sends_the_picture_and_all_its_parameters_are_there() -> None:
    at, all_codes = opened(), codes.names("picture")
    for k in range(0, len(all_codes), 3):
        names = (all_codes * 2)[k : k + 3]  # the last visit is filled up
        for x, name in zip("abc", names, strict=True):
            at.session_state[f"enc_code_{x}"] = name
        check(shown(at.run()), [expected(choice(name), PictureParams()) for name in names])
        assert not at.warning, (names, [w.value for w in at.warning])
        for x, name in zip("abc", names, strict=True):
            for field in encoding.get_code(name).params.specs():
                assert at.get_by_key(f"enc_{x}_{name}_{field}") is not None
    assert set(all_codes) == set(encoding.CODES)


def test_more_steps_make_the_rate_code_better_and_dearer() -> None:
    at = opened()
    before = numbers(at)[0]
    at.slider(key="enc_n_steps").set_value(400).run()
    after = numbers(shown(at))[0]
    assert after[0] == pytest.approx(4 * before[0], rel=0.02)
    assert after[1] == pytest.approx(before[1] / 2, rel=0.1)  # √4


def test_seed_changes_only_the_random_code() -> None:
    at = opened()
    before = numbers(at)
    at.number_input(key="enc_seed").set_value(7).run()
    after = numbers(shown(at))
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_every_preset_shows_what_it_says_and_reset_leads_back() -> None:
    at = opened()
    first = numbers(at)
    for name, preset in list(PRESETS.items())[1:]:
        at.pills(key=PRESET).set_value(name).run()
        check(shown(at), [expected(preset.choice(x), preset.params()) for x in codes.LETTERS])
        assert at.pills(key=PRESET).value == name
        assert any(preset.notice in m.value for m in at.markdown)
        assert not at.warning and not at.info
    at.button(key="enc__reset").click().run()
    assert numbers(shown(at)) == first


def test_a_preset_also_sets_what_is_not_in_sight() -> None:
    at = opened()
    at.selectbox(key="enc_code_a").set_value("latency").run()
    at.number_input(key="enc_a_latency_threshold").set_value(0.5).run()
    at.selectbox(key="enc_code_a").set_value("rate").run()
    at.pills(key=PRESET).set_value("One spike each").run()
    default = encoding.get_code("latency").params().threshold
    assert shown(at).number_input(key="enc_a_latency_threshold").value == default


def test_no_preset_is_marked_once_something_was_changed() -> None:
    at = opened()
    at.slider(key="enc_n_steps").set_value(90).run()
    assert shown(at).pills(key=PRESET).value is None
    assert not any("Notice" in m.value for m in at.markdown)


class Measured:
    """Spikes per pixel and PSNR of the three codes of a preset."""

    def __init__(self, name: str) -> None:
        preset = PRESETS[name]
        pairs = [expected(preset.choice(x), preset.params()) for x in codes.LETTERS]
        self.spikes = [p[0] for p in pairs]
        self.psnr = [-20 * np.log10(p[1]) for p in pairs]


def test_what_the_presets_claim_is_measured() -> None:
    """Each sentence under a preset, as numbers."""
    m = Measured("Three ways")
    assert m.psnr[1] > m.psnr[0] + 10 and m.psnr[2] > 25
    assert max(Measured("One spike each").spikes) <= 1
    m = Measured("Slow rate")
    assert m.psnr[2] > max(m.psnr[:2]) + 15
    m = Measured("Chance or clock")
    assert max(m.spikes) < 1.02 * min(m.spikes)
    assert m.psnr[0] + 5 < m.psnr[1] and m.psnr[1] + 5 < m.psnr[2]
    m = Measured("A first glance")
    assert m.psnr[0] < m.psnr[1] < m.psnr[2]
    m = Measured("Bursts")
    assert m.psnr[0] < m.psnr[1] < m.psnr[2]
    m = Measured("Population")
    assert min(m.psnr[:2]) > m.psnr[2]
    m = Measured("Retina")
    assert m.spikes[0] > m.spikes[1] > m.spikes[2]
    m = Measured("Event camera")
    assert m.spikes[0] > m.spikes[1] > m.spikes[2] and m.psnr[0] > m.psnr[1] > m.psnr[2]
    params = PRESETS["A digit"].params()
    dark = float((sources.fetch(params).values == 0).mean())
    assert dark > 0.4 and Measured("A digit").spikes[1] <= 1 - dark
    m = Measured("A road sign")
    assert m.spikes[2] < 0.7 and m.psnr[2] < 20


def test_smaller_set_does_not_keep_a_number_that_it_lacks() -> None:
    at = opened()
    at.selectbox(key="enc_dataset").set_value("digits").run()
    at.number_input(key="enc_index").set_value(1000).run()
    shown(at)
    at.selectbox(key="enc_dataset").set_value("skimage").run()
    assert shown(at).session_state["enc_index"] == 0
    assert "no picture 1,000" in at.info[0].value
    assert not shown(at.run()).info


def test_what_the_address_asks_of_the_source_in_vain_is_said() -> None:
    at = opened(enc_side="1000", enc_n_steps="abc", enc_dataset="no <b>set</b>")
    said = at.info[0].value
    assert "1000" in said and "abc" in said and "no set is called" in said and "<b>" not in said
    assert "no picture 12 among" in opened(enc_index="12").info[0].value


def test_the_short_name_of_a_set_and_the_number_in_it_are_taken_from_a_link() -> None:
    at = opened(enc_dataset="digits", enc_index="1000", enc_side="64")
    assert at.selectbox(key="enc_dataset").value == "digits" and not at.info
    assert at.number_input(key="enc_index").value == 1000
    assert at.slider(key="enc_side").value == 64


def test_missing_data_set_is_said_and_a_bundled_one_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    at = opened()
    at.selectbox(key="enc_dataset").set_value("mnist").run()
    shown(at)
    assert any("bundled photographs" in w.value for w in at.warning)
    assert "Download it now" in [button.label for button in at.button]
    assert len(numbers(at)) == 3


def test_contradictory_parameters_end_their_own_slot_only() -> None:
    at = opened(enc_code_a="Burst")
    at.get_by_key("enc_a_burst_t_min").set_value(20).run()
    assert not at.exception
    assert any("do not fit together" in e.value for e in at.error)
    assert len(numbers(at)) == 2


def test_what_does_not_fit_is_refused_with_the_cure() -> None:
    at = opened(enc_code_a="Burst", enc_n_steps="10")
    assert len(numbers(at)) == 2
    assert "Burst" in at.warning[0].value and "steps" in at.warning[0].value


def test_what_would_take_long_is_refused_with_the_cure() -> None:
    at = opened(enc_code_a="Population (rate)", enc_side="96", enc_n_steps="400")
    at.get_by_key("enc_a_population_rate_fields").set_value(16).run()
    assert len(numbers(shown(at))) == 2
    assert any("smaller picture" in w.value for w in at.warning)
    at.selectbox(key="enc_code_a").set_value("gamma").run()
    assert len(numbers(shown(at))) == 3
    for field, value in (("max_rate", 5.0), ("order", 20)):
        at.get_by_key(f"enc_a_gamma_{field}").set_value(value).run()
    assert len(numbers(shown(at))) == 2
    assert any("lower order" in w.value for w in at.warning)


def test_each_thing_that_a_column_depends_on_changes_it() -> None:
    """The caches know a picture, its code, seed, order of rows, and the theme apart."""
    params = PictureParams(side=16, n_steps=20)
    source = sources.fetch(params)
    other = sources.fetch(PictureParams(side=16, n_steps=20, index=1))
    some = choice("rate")
    cases = [
        (some, params, source, False),
        (some, params, other, False),
        (choice("latency"), params, source, False),
        (some, dataclasses.replace(params, n_steps=30), source, False),
        (some, dataclasses.replace(params, seed=1), source, False),
        (some, params, source._replace(sample=5), False),
        (some, dataclasses.replace(params, sort=False), source, False),
        (some, params, source, True),
    ]
    seen = []
    for one, how, what, dark in cases:
        slot, shown_of = panel._send("A", one, how, what, dark)
        sent = slot.channel.send(what.values, seed=how.seed, first_sample=what.sample)
        assert np.array_equal(slot.sent.spikes, sent.spikes)
        rows = raster_rows(sent.spikes[:, 0], what.values, slot.channel, by_brightness=how.sort)
        chart = plots.raster_chart(sent.spikes[:, 0][:, rows], dark=dark)
        image = chart["layer"][0]["mark"]["url"]
        assert shown_of.raster["layer"][0]["mark"]["url"] == image
        assert shown_of.decoded == plots.picture(sent.decoded[0].reshape(what.values.shape))
        seen.append(image)
    assert len(set(seen)) == len(seen)


def test_the_chart_of_cost_and_quality_has_the_numbers_of_the_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []
    chart = plots.tradeoff
    monkeypatch.setattr(plots, "tradeoff", lambda *a, **k: drawn.append(a) or chart(*a, **k))
    got = numbers(opened())
    ((letters, titles, cost, psnr),) = drawn
    assert letters == list("ABC")
    assert titles == [encoding.get_code(name).title for name in FIRST.values()]
    np.testing.assert_allclose(cost, [g[0] for g in got], rtol=5.1e-3)
    np.testing.assert_allclose(psnr, [-20 * np.log10(g[1]) for g in got], atol=1.5)  # 3 decimals


def test_the_retina_is_that_of_the_picture() -> None:
    one, other = (sources.fetch(PictureParams(side=16, index=k)) for k in (0, 1))
    for source in (one, other):
        found = panel.cached_retina(source.identity, source.values)
        assert found == plots.retina_picture(source.values)
