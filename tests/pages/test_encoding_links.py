"""What leaves the picture tab and comes back: links, commands, files, programs; bad addresses."""

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

from pages.components import encoding_codes as codes
from pages.components import encoding_files as files
from pages.components.encoding_presets import FIRST, PRESETS
from snncore import metrics
from snncore.cli import main
from tests.pages.opening import components
from tests.pages.picture_tab import bench_of, numbers, opened, sent_by, shown, texts


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
    assert len(components(at)) == 1
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


@pytest.mark.parametrize("group", ["enc_[a-c]_|enc_code", "enc_(n|si|i|se|d)", "enc_(t|o|copy)"])
def test_hostile_values_of_one_kind_alone_do_no_harm(group: str) -> None:
    some = {name: value for name, value in HOSTILE.items() if re.match(group, name)}
    assert some and len(numbers(opened(**some))) == 3


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
