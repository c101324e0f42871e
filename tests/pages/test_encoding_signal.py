"""The signal tab: any three codes on one signal, from a wave, a file or a sound."""

from __future__ import annotations

import dataclasses
import io
import json
import wave

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import encoding_codes as codes
from pages.components import encoding_signal as panel
from pages.components import encoding_signal_presets as presets
from pages.components import encoding_signal_source as sources
from pages.components.encoding_panel import View
from pages.components.sections import number
from snncore import encoding
from snncore.transmission import Channel, scores
from tests.pages.opening import open_page

PAGE = "pages/2_Spike_Encoding.py"
SIGNAL_CODES = codes.names("signal")
GROUPS = [SIGNAL_CODES[k : k + 3] for k in range(0, len(SIGNAL_CODES), 3)]


def slots(group: tuple[str, ...]) -> dict[str, str]:
    """The address that puts these codes into the slots."""
    return {f"enc_s_code_{letter}": name for letter, name in zip("abc", group, strict=False)}


def _script() -> None:
    import streamlit as st

    from pages.components.encoding_signal import signal_panel

    st.session_state["view"] = signal_panel()


def show(**query: str) -> AppTest:
    """The tab on a page of its own."""
    at = AppTest.from_function(_script, default_timeout=120)
    for name, value in query.items():
        at.query_params[name] = value
    return shown(at.run())


def shown(at: AppTest, *, errors: bool = False) -> AppTest:
    assert not at.exception, at.exception
    assert errors or not at.error, [e.value for e in at.error]
    return at


def view(at: AppTest) -> View:
    return at.session_state["view"]


def words(at: AppTest) -> str:
    return " ".join(e.value for kind in ("markdown", "caption", "info") for e in at.get(kind))


def lanes(at: AppTest) -> dict:
    """The chart of the lanes."""
    return json.loads(at.get("vega_lite_chart")[0].proto.spec)


def numbers(at: AppTest) -> list[str]:
    """The numbers below the three lanes."""
    return [m.value for m in at.markdown if "** per sample" in m.value]


def first(letter: str) -> Channel:
    name = presets.FIRST[letter]
    return Channel(name, encoding.get_code(name).params(), sources.FIRST_WAVE.n_samples)


def first_values() -> np.ndarray:
    return encoding.make_signal(sources.FIRST_WAVE).numpy().reshape(-1)


def wav(seconds: float = 1.0, rate: int = 8000, channels: int = 1, level: int = 20_000) -> bytes:
    t = np.arange(round(seconds * rate)) / rate
    tone = (np.sin(2 * np.pi * 220 * t) * level).astype("<i2")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(tone, channels).tobytes())
    return held.getvalue()


def upload(kind: str, data: bytes, name: str, **query: str) -> AppTest:
    at = show(enc_s_source=kind, **query)
    key, mime = ("csv", "text/csv") if kind == sources.CSV else ("wav", "audio/wav")
    at.file_uploader(key=f"enc_s_{key}_0").upload(name, data, mime).run()
    return shown(at, errors=True)


def test_opens_on_three_codes_with_the_engines_numbers():
    at = show()
    assert len(lanes(at)["layer"]) == 3
    for letter in presets.FIRST:
        channel = first(letter)
        s = scores(channel.send(first_values()), channel)
        assert f"**{s.spikes:,}** spikes, **{number(s.spikes_per_value, 3)}** per sample" in words(
            at
        )
        assert f"RMSE **{number(s.rmse, 3)}**" in words(at)
    assert at.session_state[presets.PRESET] == "Chirp" and "**Notice:**" in words(at)
    assert view(at).params == {}  # what the tab opens with needs no address


@pytest.mark.parametrize("group", GROUPS, ids="-".join)
def test_every_code_stands_in_a_slot_with_its_own_numbers(group):
    at = show(**slots(group))
    assert not {"nan", "inf"} & set(words(at).lower().split())
    for letter, name, command in zip("ABC", group, view(at).command.splitlines(), strict=False):
        code = encoding.get_code(name)
        assert at.selectbox(key=f"enc_s_code_{letter.lower()}").value == name
        assert any(m.value.startswith(f"**{letter} {code.title}.**") for m in at.markdown)
        channel = Channel(name, code.params(), 400)
        s = scores(channel.send(first_values()), channel)
        assert f"**{s.spikes:,}** spikes, **{number(s.spikes_per_value, 3)}**" in words(at)
        assert f"--code {name} " in command
        assert (" --window 20" in command) == (code.kind == "intensity")


def test_picture_codes_are_not_offered_for_a_signal():
    assert "retina_latency" not in SIGNAL_CODES
    at = show(enc_s_code_a="retina_latency")
    assert at.selectbox(key="enc_s_code_a").value == presets.FIRST["A"]
    assert "no code is called" in at.info[0].value


def test_what_the_address_asks_of_the_signal_in_vain_is_said():
    at = show(enc_s_n_samples="99999999", enc_s_shape="nan", enc_s_window="-3", enc_s_source="TV")
    said = at.info[0].value
    for part in ("99999999", "Shape", "Window", "TV"):
        assert part in said
    assert not shown(at.run()).info  # once
    assert "must be finite" in show(enc_s_n_samples="1e999").info[0].value
    assert not show(enc_s_n_samples="500", enc_s_shape="sine", enc_s_source="Wave").info


def test_one_axis_of_time_for_all_lanes_and_a_strip_of_spikes_in_each():
    chart = lanes(show())
    domains, images = set(), 0
    for lane in chart["layer"]:
        for layer in lane["layer"]:
            if "x" in layer.get("encoding", {}):
                domains.add(tuple(layer["encoding"]["x"]["scale"]["domain"]))
            images += layer["mark"]["type"] == "image"
    assert domains == {(0.0, 400.0)} and images == 3


def test_the_bound_is_said_to_hold_or_to_be_broken():
    kept = show(enc_s_shape="sine", enc_s_cycles="2")
    assert "the bound is kept" in words(kept) and "is broken" not in words(kept)
    assert "**No spike at all**" in words(kept)  # delta modulation forgets a slow wave
    broken = show(enc_s_shape="sine", enc_s_cycles="16")
    assert "the condition is broken, and so is the bound" in words(broken)


@pytest.fixture(scope="module")
def visited() -> AppTest:
    """One visit for many presets: whatever was shown before, a preset sets all."""
    return show(enc_s_window="7", enc_s_code_a="burst", enc_s_seed="3")


@pytest.mark.parametrize("name", presets.PRESETS)
def test_presets_set_everything_and_are_marked(visited, name):
    visited.button_group(key=presets.PRESET).set_value(name).run()
    preset = presets.PRESETS[name]
    assert shown(visited).session_state[presets.PRESET] == name
    assert preset.notice in words(visited)
    chosen = [visited.selectbox(key=f"enc_s_code_{x}").value for x in "abc"]
    assert chosen == [code for code, _ in preset.codes]
    found = numbers(visited)
    expected = [f"**{s.spikes:,}** spikes" for s in of(name).values()]
    assert all(e in n for e, n in zip(expected, found, strict=True))


def test_the_link_of_a_preset_leads_back_to_it(visited):
    visited.button_group(key=presets.PRESET).set_value("Fast").run()
    params = view(shown(visited)).params
    again = show(**{key: str(value) for key, value in params.items()})
    assert again.session_state[presets.PRESET] == "Fast" and len(params) == 5


def of(name: str) -> dict[str, object]:
    """Letter → scores of a preset's slots."""
    preset = presets.PRESETS[name]
    params = dataclasses.replace(sources.FIRST_WAVE, **preset.wave)
    values = encoding.make_signal(params).numpy().reshape(-1)
    found = {}
    for letter, (code, changed) in zip("ABC", preset.codes, strict=True):
        channel = Channel(code, encoding.get_code(code).params(**changed), values.size)
        found[letter] = scores(channel.send(values), channel)
    return found


def test_what_the_presets_say_is_so():
    slow = of("Slow")
    assert slow["A"].spikes == 0 and slow["B"].max_error <= slow["B"].bound * 1.001
    jumps = of("Jumps")
    assert jumps["A"].max_error > 5 * jumps["A"].bound and jumps["B"].max_error < 0.01
    fast = of("Fast")
    assert fast["A"].max_error > fast["A"].bound
    assert fast["B"].max_error <= fast["B"].bound * 1.001
    assert fast["B"].spikes == pytest.approx(fast["A"].spikes / 2, rel=0.1)
    windows = of("Windows")
    assert windows["B"].spikes < windows["A"].spikes / 9 and windows["B"].rmse < windows["A"].rmse
    chance = of("Chance")
    assert chance["A"].rmse > chance["B"].rmse > chance["C"].rmse
    spikes = [s.spikes for s in chance.values()]
    assert max(spikes) < 1.15 * min(spikes)
    events = of("Events")
    assert events["C"].spikes > 4 * max(events["A"].spikes, events["B"].spikes)
    syllables = of("Syllables")
    assert syllables["C"].snr_db < 0 < 5 < min(syllables["A"].snr_db, syllables["B"].snr_db)


def test_reset_restores_the_opening():
    at = show(enc_s_code_b="burst", enc_s_shape="noise", enc_s_seed="4")
    at.button(key="enc_s__reset").click().run()
    assert view(shown(at)).params == {}
    assert at.session_state[presets.PRESET] == "Chirp"


def test_a_link_restores_all_and_says_all():
    query = {
        "enc_s_shape": "speech", "enc_s_n_samples": "600", "enc_s_code_b": "Burst",
        "enc_s_b_burst_n_max": "3", "enc_s_window": "30", "enc_s_seed": "5",
        "enc_open_information": "true", "enc_info_levels": "8",
    }  # fmt: skip
    at = show(**query)
    assert at.number_input(key="enc_s_n_samples").value == 600
    params = {name: str(value) for name, value in view(at).params.items()}
    assert params == {**query, "enc_open_information": "True"}
    command = view(at).command.splitlines()[1]
    assert "--code burst --set n_max=3 --signal speech --steps 600" in command
    assert "--signal-seed 5" in command and command.endswith("--window 30 --seed 5")


def test_the_seed_makes_random_signals_and_random_spikes():
    a, b = show(enc_s_shape="noise"), show(enc_s_shape="noise", enc_s_seed="1")
    assert numbers(a) != numbers(b)
    assert numbers(show(enc_s_seed="1")) == numbers(show())  # neither wave nor codes are random


@pytest.mark.parametrize(
    "query",
    [
        {
            "enc_s_code_a": "x" * 10_000, "enc_s_shape": "nan", "enc_s_n_samples": "1e9",
            "enc_s_cycles": "nan", "enc_s_window": "-3", "enc_s_b_send_on_delta_threshold": "0",
        },
        {"enc_s_source": "[](javascript:x)", "enc_s_n_samples": "1e999", "enc_s_window": "1e999"},
        {"enc_s_source": "CSV file", "enc_s_start": "1e999", "enc_s_length": "9" * 400},
        {"enc_s_source": "Sound", "enc_s_start_s": "inf", "enc_s_seconds": "1e999",
         "enc_s_rate": "7"},
    ],
    ids=["wave", "no source", "CSV", "sound"],
)  # fmt: skip
def test_a_hostile_address_opens_the_page(query):
    assert len(show(**query).get("vega_lite_chart")) == 1


def test_a_signal_from_a_file_is_the_one_that_is_sent():
    data = "\n".join(f"{10 + 5 * np.sin(k / 40):.6f}" for k in range(2000)).encode()
    at = upload(sources.CSV, data, "own.csv", enc_s_start="200", enc_s_length="500")
    assert not at.error
    assert "Your file, 500 samples" in words(at) and "0 means 5, 1 means 15" in words(at)
    assert "Samples 200 to 699 of 2,000" in words(at)
    values = (0.5 + 0.5 * np.sin(np.arange(200, 700) / 40)).astype(np.float32)
    channel = Channel("send_on_delta", encoding.get_code("send_on_delta").params(), 500)
    assert f"**{scores(channel.send(values), channel).spikes:,}** spikes" in words(at)
    assert "--csv YOUR_FILE.csv --start 200" in view(at).command
    assert "without your signal" in view(at).missing
    assert at.session_state[presets.PRESET] is None
    at.button_group(key=presets.PRESET).set_value("Slow").run()
    assert "Your file" not in words(shown(at)) and view(at).missing == ""


def test_a_column_can_be_chosen_and_its_heading_is_only_text():
    rows = "".join(f"{k / 100},{k % 9},{k % 5}\n" for k in range(300))
    at = upload(sources.CSV, f"t_s,[a](b),second\n{rows}".encode(), "own.csv")
    assert not at.error
    assert "](" not in words(at).replace("\\]\\(", "")
    before = words(at)
    box = next(s for s in at.selectbox if s.label == "Column")
    box.set_value("second").run()
    assert words(shown(at)) != before and "1 means 4" in words(at)
    axis = lanes(at)["layer"][0]["layer"][0]["encoding"]["x"]
    assert "seconds" in axis["title"] and "/ 100" in axis["axis"]["labelExpr"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"time,value\nhello,world\n", "must be a number"),
        (b"\xff\xfe\x00binary\x00", ""),
        (b"7\n", "at least two"),
        (b"1\n2\nnan\n4\n", ""),
    ],
)
def test_a_file_that_cannot_be_used_is_said_and_the_wave_stays(data, said):
    at = upload(sources.CSV, data, "bad.csv")
    assert len(at.error) == 1 and said in at.error[0].value
    assert "cannot be used" in at.error[0].value
    assert "a wave, until there is a file" in words(at).lower()
    assert len(at.get("vega_lite_chart")) == 1


@pytest.mark.parametrize("data", [b"1\n2\n", b"5\n" * 40], ids=["two samples", "constant"])
def test_two_samples_and_a_constant_are_sent_or_refused_in_words(data):
    at = upload(sources.CSV, data, "short.csv")
    for group in GROUPS:
        for key, name in slots(group).items():
            at.session_state[key] = name
        shown(at.run())
        assert "Your file" in words(at) and len(numbers(at)) + len(at.info) == 3
        assert all("The window must be" in e.value for e in at.info)
        assert not {"nan", "inf"} & set(words(at).lower().split())


def test_a_sound_is_read_from_its_start_on_in_seconds():
    at = upload(sources.SOUND, wav(2.0), "a.wav", enc_s_start_s="0.5", enc_s_seconds="0.05")
    assert not at.error
    assert "Your sound, 400 samples" in words(at) and "of 2 s" in words(at)
    axis = lanes(at)["layer"][0]["layer"][0]["encoding"]["x"]
    assert "(datum.value + 4000) / 8000" in axis["axis"]["labelExpr"]
    assert "--start 0.5 --seconds 0.05 --steps 400 --normalise" in view(at).command
    slower = upload(sources.SOUND, wav(0.3), "a.wav", enc_s_rate="2,000")
    assert "Your sound, 200 samples" in words(slower)
    assert view(slower).params["enc_s_rate"] == "2,000"
    stereo = upload(sources.SOUND, wav(0.3, channels=2), "b.wav")
    assert "2 channels" in words(stereo)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"no sound", "WAV file"), (b"", "empty"), (wav(0.2)[:30], ""), (wav(0.0), "")],
)
def test_a_sound_that_cannot_be_used_is_said(data, said):
    at = upload(sources.SOUND, data, "bad.wav")
    assert len(at.error) == 1 and said in at.error[0].value


def test_a_part_of_a_minute_of_sound_is_read_and_silence_is_said():
    minute = wav(60.0, rate=8000)
    at = upload(sources.SOUND, minute, "minute.wav", enc_s_start_s="50")
    assert not at.error and "of 60 s" in words(at)
    beyond = upload(sources.SOUND, wav(), "a.wav", enc_s_start_s="5")
    assert "length of the sound" in beyond.error[0].value
    silent = upload(sources.SOUND, wav(level=0), "silent.wav")
    assert not silent.error and "This part is silent" in words(silent)


def test_no_more_of_a_sound_is_kept_than_is_used():
    at = upload(sources.SOUND, wav(5.0), "a.wav", enc_s_seconds="5")
    assert not at.error and "at most 20,000 samples are used" in words(at).lower()
    kept = at.session_state[sources.READ][1].samples
    assert kept.size == sources.MAX_SAMPLES and kept.base is None


def test_a_recording_is_used_like_a_file():
    at = show(enc_s_source=sources.SOUND)
    at.session_state["enc_s__microphone"] = True
    at.run()
    at.get_by_key("enc_s_mic_0").set_value(("a.wav", wav(0.5), "audio/wav")).run()
    assert "Your sound, 800 samples" in words(shown(at))


def test_each_thing_that_a_lane_depends_on_changes_it():
    """The cache knows signal, code, parameters and seed apart."""
    values = first_values()
    kind = encoding.get_code("inhomogeneous_poisson").params
    channel = Channel("inhomogeneous_poisson", kind(), values.size)
    seen = []
    for ch, signal, seed in [
        (channel, values, 0), (channel, values, 1), (channel, values[::-1].copy(), 0),
        (Channel("inhomogeneous_poisson", kind(max_rate=0.7), values.size), values, 0),
        (Channel("rate_signal", encoding.get_code("rate_signal").params(), values.size), values, 0),
    ]:  # fmt: skip
        sent, found = panel.cached_send(ch, sources._digest(signal), seed, signal)
        again = ch.send(signal, seed=seed)
        assert np.array_equal(sent.spikes, again.spikes) and found == scores(again, ch)
        seen.append(sent.spikes.tobytes())
    assert len(set(seen)) == len(seen)


def test_files_hold_what_is_shown():
    at = show()
    files = {d.file_name: d for d in view(at).downloads}
    with np.load(io.BytesIO(files["spikes.npz"].data())) as held:
        np.testing.assert_array_equal(held["values"][0], first_values())
        np.testing.assert_array_equal(held["spikes_b"], first("B").send(first_values()).spikes)
    chart = json.loads(files["signal.vl.json"].data())
    assert len(chart["layer"]) == 3 and chart["datasets"]["name0"]
    assert files["signal.png"].data()[:8] == b"\x89PNG\r\n\x1a\n"
    assert b"<svg" in files["signal.svg"].data()


def test_a_control_changes_what_is_sent_and_the_preset_is_left():
    at = show()
    before = numbers(at)
    at.slider(key="enc_s_cycles").set_value(7.0).run()
    assert numbers(shown(at)) != before and at.session_state[presets.PRESET] is None


def test_the_tab_is_part_of_the_page():
    at = open_page(PAGE, enc_tab="Signal", enc_s_shape="sine")
    assert not at.exception and any("enc_s_shape=sine" in c.value for c in at.code)
    assert panel.KEY == "enc_s"
