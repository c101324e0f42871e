"""Programs to take along: they run, they repeat the spikes, and libraries get what they expect."""

import csv
import io
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from snncore import datasets, encoding
from snncore.transmission import (
    LIBRARIES,
    Channel,
    archive,
    events_csv,
    scores,
    script,
    tensor_snippet,
)

ROOT = Path(__file__).resolve().parents[1]


def digit() -> np.ndarray:
    return datasets.to_float(datasets.load("digits").images[3:4])[0]


def channel_of(name: str, n_steps: int = 40) -> Channel:
    return Channel(name, encoding.get_code(name).params(), n_steps, (8, 8))


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def run_in(folder: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_repeats_spikes_and_scores_in_a_fresh_interpreter(tmp_path):
    channel = Channel("gamma", encoding.get_code("gamma").params(max_rate=0.3), 60, (8, 8))
    sent = channel.send(digit(), seed=11, first_sample=3)
    (tmp_path / "spikes.npz").write_bytes(archive(sent, channel))
    lines = run_in(tmp_path, script(channel, 11, 3)).splitlines()
    assert lines[0] == "same spikes: True"
    printed = dict(line.split(": ") for line in lines[1:])
    for name, value in scores(sent, channel)._asdict().items():
        assert float(printed[name]) == pytest.approx(float(value), rel=1e-5, nan_ok=True)


def test_the_script_repeats_several_pictures_of_one_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pictures = datasets.to_float(datasets.load("digits").images[3:6])[:, :, :6]  # not square
    channel = Channel("rate", encoding.get_code("rate").params(), 40, (8, 6))
    Path("spikes.npz").write_bytes(archive(channel.send(pictures, seed=4), channel))
    exec(script(channel, 4), {"__name__": "script"})
    assert capsys.readouterr().out.startswith("same spikes: True\n")


def test_another_seed_would_be_noticed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    channel = channel_of("poisson")
    Path("spikes.npz").write_bytes(archive(channel.send(digit(), seed=1), channel))
    exec(script(channel, 2), {"__name__": "script"})
    assert capsys.readouterr().out.startswith("same spikes: False\n")


@pytest.mark.parametrize("name", list(encoding.CODES))
def test_the_script_of_every_code_repeats_it(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    picture = datasets.to_float(datasets.resize(datasets.load("skimage").images[1:2], 16))[0]
    channel = Channel(name, encoding.get_code(name).params(), 100, (16, 16))
    sent = channel.send(picture, seed=7, first_sample=2)
    held = {"values": sent.values, "spikes_b": sent.spikes}  # as a file with several codes has it
    np.savez("three.npz", **held)
    exec(script(channel, 7, 2, file="three.npz", suffix="_b"), {"__name__": "script"})
    assert capsys.readouterr().out.startswith("same spikes: True\n")


def test_the_script_of_a_signal_repeats_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    signal = encoding.make_signal(encoding.SignalParams()).numpy().reshape(-1)
    channel = Channel("latency", encoding.LatencyParams(), len(signal), None, 25)
    Path("spikes.npz").write_bytes(archive(channel.send(signal), channel))
    exec(script(channel), {"__name__": "script"})
    assert capsys.readouterr().out.startswith("same spikes: True\n")


def test_the_archive_says_what_it_holds_without_pickles():
    channel = channel_of("rate")
    sent = channel.send(digit(), seed=5)
    with np.load(io.BytesIO(archive(sent, channel)), allow_pickle=False) as held:
        assert set(held) == {"values", "spikes", "decoded", "channel"}
        assert held["spikes"].shape == (40, 1, 64) and held["spikes"].dtype == np.bool_
        assert '"code": "rate"' in str(held["channel"]) and '"seed": 5' in str(held["channel"])


@pytest.mark.parametrize("name", ["rate", "poisson", "send_on_delta"])
def test_snntorch_runs_on_the_exported_spikes(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    channel = channel_of(name)
    sent = channel.send(digit())
    Path("spikes.npz").write_bytes(archive(sent, channel))
    found = {}
    exec(tensor_snippet("snntorch", channel), found)
    assert found["x"].dtype == torch.float32
    assert np.array_equal(found["x"].numpy(), sent.spikes.astype(np.float32))
    assert found["out"].shape == sent.spikes.shape
    assert set(found["out"].unique().tolist()) <= {0.0, 1.0}


class Recorder:
    """Stands for a layer of a library that is not installed; keeps what it was given."""

    def __init__(self, *args, **kwargs):
        self.arguments = kwargs

    def __call__(self, x):
        Recorder.seen = x
        return (x, None) if Recorder.pairs else x


@pytest.mark.parametrize("library", ["spikingjelly", "norse"])
def test_other_libraries_get_float_tensors_with_time_first(library, tmp_path, monkeypatch):
    """Multi-step layers of both take [T, B, *] (their documentation); Norse returns a state too."""
    monkeypatch.chdir(tmp_path)
    channel = channel_of("poisson")
    sent = channel.send(digit())
    Path("spikes.npz").write_bytes(archive(sent, channel))
    modules = {
        "spikingjelly": ["spikingjelly", "spikingjelly.activation_based"],
        "norse": ["norse", "norse.torch"],
    }[library]
    for name in modules:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    last = sys.modules[modules[-1]]
    monkeypatch.setattr(sys.modules[modules[0]], modules[-1].split(".")[-1], last, raising=False)
    neuron = types.SimpleNamespace(LIFNode=Recorder)
    last.LIF, last.neuron = Recorder, neuron
    last.functional = types.SimpleNamespace(reset_net=lambda layer: None)
    monkeypatch.setattr(Recorder, "pairs", library == "norse", raising=False)
    found = {}
    exec(tensor_snippet(library), found)
    assert Recorder.seen.shape == (40, 1, 64) and Recorder.seen.dtype == torch.float32
    assert np.array_equal(found["out"].numpy(), sent.spikes.astype(np.float32))


@pytest.mark.parametrize("library", list(LIBRARIES))
def test_every_snippet_is_a_program_that_loads_the_named_file(library):
    text = tensor_snippet(library, channel_of("rate"), file="mine.npz", suffix="_a")
    compile(text, library, "exec")
    assert 'np.load("mine.npz"' in text and 'held["spikes_a"]' in text
    assert "[T, B, N] = [40, B, 64]" in text


@pytest.mark.parametrize(
    ("name", "maps"), [("rate", 1), ("retina_latency", 2), ("population_rate", None)]
)
def test_the_view_as_pictures_puts_every_neuron_on_its_pixel(name, maps):
    channel = channel_of(name)
    maps = maps or channel.n_neurons // 64
    text = tensor_snippet("snntorch", channel)
    view = next(line for line in text.splitlines() if "For convolutions" in line)
    neurons = torch.arange(channel.n_neurons).view(1, 1, -1)
    seen = eval(view.split("x = ")[1], {"x": neurons})
    assert seen.shape == (1, 1, maps, 8, 8)
    where = read(events_csv(channel.send(digit()), channel))
    for event in where[:200]:
        row, column = int(event["row"]), int(event["column"])
        assert int(event["neuron"]) in seen[0, 0, :, row, column].tolist()


def test_a_line_camera_and_a_signal_are_not_viewed_as_pictures():
    assert "convolutions" not in tensor_snippet("snntorch", channel_of("delta"))
    signal = Channel("delta", encoding.DeltaParams(), 50)
    assert "convolutions" not in tensor_snippet("snntorch", signal)


def test_an_unknown_library_is_named():
    with pytest.raises(ValueError, match="library must be one of snntorch, spikingjelly"):
        tensor_snippet("keras")


def test_events_are_the_spikes_in_the_order_of_time():
    channel = channel_of("send_on_delta")
    sent = channel.send(digit())
    events = read(events_csv(sent, channel))
    step, _, neuron = np.nonzero(sent.spikes)
    assert [int(e["step"]) for e in events] == step.tolist()
    assert [int(e["row"]) for e in events] == neuron.tolist()  # a row of the picture each
    assert {e["column"] for e in events} == {""}
    assert [int(e["sign"]) for e in events] == sent.spikes[sent.spikes != 0].tolist()


def test_events_of_counts_come_once_for_each_spike_and_name_the_sample():
    channel = channel_of("poisson")
    sent = channel.send(np.ones((2, 8, 8), dtype=np.float32), seed=1, first_sample=9)
    events = read(events_csv(sent, channel))
    assert len(events) == sent.spikes.sum() > np.count_nonzero(sent.spikes)
    assert {e["sample"] for e in events} == {"9", "10"}


def test_silence_is_a_table_without_lines():
    channel = channel_of("rate")
    black = channel.send(np.zeros((8, 8), dtype=np.float32))
    assert events_csv(black, channel) == b"step,sample,neuron,row,column,sign\n"
