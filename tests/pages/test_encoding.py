"""The picture tab of Spike Encoding: every code, every preset, every odd picture."""

from __future__ import annotations

import io
import json
import re
import runpy
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import encoding as panel
from pages.components import encoding_codes as codes
from pages.components import encoding_files as files
from pages.components import encoding_source as sources
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_presets import FIRST, PRESET, PRESETS, preset_of
from pages.components.encoding_source import PictureParams
from snncore import encoding, metrics
from snncore.cli import main
from snncore.transmission import Channel, Sent
from tests.pages.opening import open_page

PAGE = "pages/2_Spike_Encoding.py"
NUMBERS = re.compile(r"\*\*([\d.e+-]+)\*\* spikes per pixel.*RMSE \*\*([\d.]+)\*\*", re.DOTALL)


def opened(**query: str) -> AppTest:
    return shown(open_page(PAGE, **query))


def shown(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def numbers(at: AppTest) -> list[tuple[float, float]]:
    """(spikes per pixel, RMSE) of the codes that are shown, read from the page."""
    found = [NUMBERS.search(m.value) for m in at.markdown]
    return [(float(f[1]), float(f[2])) for f in found if f]


def sent_by(choice: codes.Choice, params: PictureParams) -> tuple[Channel, Sent]:
    source = sources.fetch(params)
    channel = Channel(choice.code.name, choice.params, params.n_steps, source.values.shape)
    return channel, channel.send(source.values, seed=params.seed, first_sample=source.sample)


def expected(choice: codes.Choice, params: PictureParams) -> tuple[float, float]:
    """The engine's own numbers."""
    _, sent = sent_by(choice, params)
    count = np.abs(sent.spikes.astype(int)).sum()
    return float(count / sent.values.size), metrics.rmse(sent.values, sent.decoded)


def check(at: AppTest, wanted: list[tuple[float, float]]) -> None:
    got = numbers(at)
    assert len(got) == len(wanted)
    np.testing.assert_allclose([g[0] for g in got], [w[0] for w in wanted], rtol=5.1e-3)
    np.testing.assert_allclose([g[1] for g in got], [w[1] for w in wanted], atol=5.1e-4)


def choice(name: str) -> codes.Choice:
    code = encoding.get_code(name)
    return codes.Choice(code, code.params())


def texts(at: AppTest) -> str:
    return " ".join(c.value for c in at.code)


def png(pixels: np.ndarray | Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def upload(at: AppTest, data: bytes) -> AppTest:
    turn = at.session_state[sources.GENERATION]
    return at.file_uploader(key=f"enc_upload_{turn}").upload("own.png", data, "image/png").run()


def test_opens_on_a_preset_through_three_codes_with_the_engines_numbers() -> None:
    at = opened()
    check(at, [expected(choice(name), PictureParams()) for name in FIRST.values()])
    assert at.pills(key=PRESET).value == next(iter(PRESETS))
    assert any("Notice" in m.value for m in at.markdown)


def test_every_code_sends_the_picture_and_all_its_parameters_are_there() -> None:
    at = opened()
    for name, code in encoding.CODES.items():
        at.selectbox(key="enc_code_a").set_value(name).run()
        check(shown(at), [expected(choice(n), PictureParams())
                          for n in (name, FIRST["B"], FIRST["C"])])  # fmt: skip
        assert not at.warning, (name, [w.value for w in at.warning])
        for field in code.params.specs():
            assert at.get_by_key(f"enc_a_{name}_{field}") is not None


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


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
GREY = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)
PALETTE = Image.fromarray(np.repeat(GREY[:, :, None], 3, axis=2)).convert("P")
CLEAR = np.zeros((20, 30, 4), dtype=np.uint8)
ODD = {
    "16-bit": (png((GREY.astype(np.uint16) << 8) + 77), "16×16"),
    "palette": (png(PALETTE), "16×16"),
    "transparent palette": (png(PALETTE, transparency=3), "16×16"),
    "transparent": (png(CLEAR), "30×20"),
    "grey with alpha": (png(Image.fromarray(CLEAR).convert("LA")), "30×20"),
    "one bit": (png(Image.fromarray(GREY).convert("1")), "16×16"),
    "constant black": (png(np.zeros((24, 24), dtype=np.uint8)), "24×24"),
    "constant grey": (png(np.full((24, 24), 128, dtype=np.uint8)), "24×24"),
    "a line": (png(np.full((2, 300), 9, dtype=np.uint8)), "48×1"),
    "a column": (png(np.full((300, 1), 200, dtype=np.uint8)), "1×48"),
    "one pixel": (png(np.full((1, 1), 99, dtype=np.uint8)), "1×1"),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_pictures_are_shown_or_refused_in_words(kind: str) -> None:
    data, size = ODD[kind]
    at = upload(opened(enc_open_steps="true"), data)
    shown(at)
    assert any(f"Your picture, {size} pixels" in c.value for c in at.caption)
    refused = [w.value for w in at.warning]
    assert len(numbers(at)) + len(refused) == 3
    small = min(map(int, size.split("×"))) < 4
    assert len(refused) == small  # the retina's window does not fit
    assert all("Retina" in words and "choose a smaller size" in words for words in refused)
    for name in ("population_rate", "send_on_delta", "rank_order", "time_encoding", "bens_spiker"):
        at.selectbox(key="enc_code_a").set_value(name).run()
        shown(at)
        assert len(numbers(at)) + len(at.warning) == 3


def test_transparent_pixels_are_white() -> None:
    at = upload(opened(), ODD["transparent"][0])
    assert numbers(shown(at))[0] == (100.0, 0.0)  # every pixel fires in every step


@pytest.mark.parametrize(
    "data", [b"this is text", b"\x89PNG\r\n\x1a\nbroken", b"", png(NOISE)[:900]]
)
def test_bad_upload_is_a_message_and_the_page_goes_on(data: bytes) -> None:
    at = upload(opened(), data)
    assert not at.exception
    assert any("picture" in e.value for e in at.error)
    assert len(numbers(at)) == 3
    at.slider(key="enc_n_steps").set_value(60).run()  # it is still said in the next run
    assert len(at.error) == 1
    at.button(key="enc__back").click().run()
    assert len(numbers(shown(at))) == 3


def test_own_picture_survives_a_look_at_another_tab_and_reset_removes_it() -> None:
    at = opened()
    first = numbers(at)
    upload(at, png(np.full((30, 60), 255, dtype=np.uint8)))
    assert numbers(shown(at))[0] == (100.0, 0.0)
    assert any("48×24 pixels" in c.value for c in at.caption)
    assert any("without your picture" in m.value for m in at.markdown)
    at.session_state["enc_tab"] = "Signal"
    shown(at.run())
    at.session_state["enc_tab"] = "Picture"
    assert numbers(shown(at.run()))[0] == (100.0, 0.0)
    at.button(key="enc__reset").click().run()
    assert numbers(shown(at)) == first


def test_one_visitor_never_sees_the_picture_of_another() -> None:
    one, two = opened(), opened()
    upload(one, png(np.full((24, 24), 255, dtype=np.uint8)))
    upload(two, png(np.full((24, 24), 0, dtype=np.uint8)))
    assert numbers(shown(one))[0][0] == 100 and numbers(shown(two))[0][0] == 0
    assert numbers(opened())[0][0] not in (0, 100)


def test_camera_is_asked_for_only_on_request() -> None:
    at = opened()
    assert not at.get("camera_input")
    at.toggle(key="enc__camera_0").set_value(True).run()
    assert len(shown(at).get("camera_input")) == 1


def test_link_and_command_say_what_is_shown() -> None:
    at = opened()
    at.selectbox(key="enc_code_b").set_value("latency_rc").run()
    at.slider(key="enc_n_steps").set_value(60).run()
    said = texts(shown(at))
    assert "enc_n_steps=60" in said and "enc_code_b=Latency+%28RC%29" in said
    assert "--steps 60" in said and "--code latency_rc" in said


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_commands_numbers_are_those_of_the_page(name: str) -> None:
    preset = PRESETS[name]
    commands = files.picture_view("enc", preset.params(), *bench_of(name)).command.splitlines()
    assert len(commands) == 3
    for letter, line in zip(codes.LETTERS, commands, strict=True):
        words = shlex.split(line)
        assert words[:4] == ["python", "-m", "snncore", "encode"]
        result = CliRunner().invoke(main, [*words[3:], "--json"])
        assert result.exit_code == 0, result.output
        said = json.loads(result.output)
        _, sent = sent_by(preset.choice(letter), preset.params())
        assert said["spikes"] == int(np.abs(sent.spikes.astype(int)).sum())
        assert said["rmse"] == pytest.approx(metrics.rmse(sent.values, sent.decoded), rel=1e-5)


def bench_of(name: str) -> tuple[sources.Source, Bench]:
    preset = PRESETS[name]
    params, source = preset.params(), sources.fetch(preset.params())
    slots = []
    for letter in codes.LETTERS:
        channel, sent = sent_by(preset.choice(letter), params)
        slots.append(Slot(letter, channel, sent))
    bench = Bench(
        source.what, source.values, tuple(slots), params.seed, source.sample, source.identity, False
    )
    assert preset_of(params, slots) == name
    return source, bench


def test_a_link_restores_codes_parameters_source_and_open_sections() -> None:
    at = opened(
        enc_n_steps="60", enc_code_b="Latency (RC)", enc_b_latency_rc_threshold="0.3",
        enc_dataset="Road signs, drawn", enc_index="2", enc_seed="5", enc_open_steps="true",
        enc_copy="true", enc_copy_for="Norse",
    )  # fmt: skip
    assert at.slider(key="enc_n_steps").value == 60
    assert at.selectbox(key="enc_code_b").value == "latency_rc"
    assert at.selectbox(key="enc_dataset").value == "signs"
    assert at.get_by_key("enc_b_latency_rc_threshold").value == 0.3
    assert len(at.get("bidi_component")) == 1
    said = texts(at)
    assert "norse" in said
    for part in ("enc_open_steps=true", "enc_copy=true", "enc_copy_for=Norse", "enc_index=2",
                 "enc_seed=5", "enc_b_latency_rc_threshold=0.3"):  # fmt: skip
        assert part in said


def test_the_short_name_of_a_code_is_as_good_in_a_link() -> None:
    at = opened(enc_code_a="weighted_phase", enc_code_c="time_encoding")
    assert at.selectbox(key="enc_code_a").value == "weighted_phase"
    assert at.selectbox(key="enc_code_c").value == "time_encoding"
    assert not at.info


HOSTILE = {
    "enc_code_a": "no such <b>code</b>",
    "enc_code_b": "x" * 10_000,
    "enc_n_steps": "nan",
    "enc_side": "1e9",
    "enc_index": "-5",
    "enc_seed": "inf",
    "enc_dataset": "../../etc/passwd",
    "enc_c_retina_latency_threshold": "nan",
    "enc_tab": "nowhere",
    "enc_open_steps": "perhaps",
    "enc_copy_slot": "Z",
}


def test_a_hostile_address_is_said_and_the_usual_values_stand() -> None:
    at = opened(**HOSTILE)
    assert [at.selectbox(key=f"enc_code_{x}").value for x in "abc"] == list(FIRST.values())
    assert at.slider(key="enc_n_steps").value == 100
    words = " ".join(i.value for i in at.info)
    assert "no code is called" in words and "<b>" not in words and len(words) < 1000
    assert "must be finite" in words
    assert len(numbers(at)) == 3


@pytest.mark.parametrize("name", HOSTILE)
def test_each_hostile_value_alone_does_no_harm(name: str) -> None:
    assert len(numbers(opened(**{name: HOSTILE[name]}))) == 3


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


def test_exports_hold_what_is_shown() -> None:
    source, bench = bench_of("Event camera")
    view = files.picture_view("enc", PRESETS["Event camera"].params(), source, bench)
    held = {d.file_name: d.data() for d in view.downloads}
    assert held["pictures.png"].startswith(b"\x89PNG")
    with np.load(io.BytesIO(held["spikes.npz"]), allow_pickle=False) as stored:
        assert np.array_equal(stored["values"][0].reshape(source.values.shape), source.values)
        for slot in bench.slots:
            end = slot.letter.lower()
            assert np.array_equal(stored[f"spikes_{end}"], slot.sent.spikes)
            assert np.array_equal(stored[f"decoded_{end}"], slot.sent.decoded)
            table = held[f"spikes_{end}.csv"].decode().splitlines()
            assert len(table) == 1 + np.abs(slot.sent.spikes.astype(int)).sum()


def test_the_exported_program_finds_the_same_spikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, bench = bench_of("Three ways")
    view = files.picture_view("enc", PRESETS["Three ways"].params(), source, bench)
    (tmp_path / files.FILE).write_bytes(view.downloads[0].data())
    at = opened(enc_copy="true", enc_copy_slot="C", enc_copy_for="This project")
    program = next(c.value for c in at.code if "same spikes" in c.value)
    (tmp_path / "again.py").write_text(program, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("again.py")
    assert "same spikes: True" in capsys.readouterr().out


@pytest.mark.parametrize("library", ["snnTorch", "SpikingJelly", "Norse", "BindsNET"])
def test_snippets_load_the_chosen_slot(library: str) -> None:
    at = opened(enc_copy="true", enc_copy_slot="B", enc_copy_for=library)
    assert any('held["spikes_b"]' in c.value for c in at.code)


def test_retina_shows_edges_and_nothing_for_a_plain_picture() -> None:
    values = np.full((16, 16), 0.5, dtype=np.float32)
    plain = np.asarray(Image.open(io.BytesIO(panel.cached_retina.__wrapped__("", values))))
    assert set(np.unique(plain)) == {0, 128}  # the gap between the two maps is grey
    values[:, 8:] = 1.0
    edge = np.asarray(Image.open(io.BytesIO(panel.cached_retina.__wrapped__("", values))))
    assert edge.max() == 255
