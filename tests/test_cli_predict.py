"""`predict` and `export`: pictures, data sets, the bundled network, bad files, NIR."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from snncore import experiment
from snncore.cli import main


def command(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network trained on a few digits."""
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    words = ("--limit", "300", "--neurons", "20", "--no-controls", "--out", str(path))
    done = command("train", *words)
    assert done.exit_code == 0, done.stderr
    return path


def drawn(path: Path, *, dark: bool) -> Path:
    """A one, as a thick stroke, on a larger picture."""
    picture = np.zeros((60, 80), np.uint8)
    picture[10:50, 36:44] = 255
    Image.fromarray(255 - picture if dark else picture).save(path)
    return path


def test_an_answer_says_what_the_network_was_shown(network: Path, tmp_path: Path) -> None:
    light, dark = (drawn(tmp_path / f"{d}.png", dark=d) for d in (False, True))
    done = command("predict", str(network), str(light), str(dark), "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["predicted"][0] in found["class_names"] and len(found["scores"][0]) == 10
    assert found["pictures"] == [str(light), str(dark)]
    assert all(found["prepared"]) and found["prepared"][0] != found["prepared"][1]
    assert any("invert" in step.lower() for step in found["prepared"][1])
    best = int(np.argmax(found["scores"][0]))
    assert found["predicted"][0] == found["class_names"][best]


def test_the_test_images_of_a_data_set(network: Path) -> None:
    done = command("predict", str(network), "--dataset", "digits", "--count", "50", "--json")
    found = json.loads(done.stdout)
    labels = experiment.load_data("digits").test_labels[:50]
    right = np.mean(
        [int(name) == label for name, label in zip(found["predicted"], labels, strict=True)]
    )
    assert found["n"] == 50 and found["accuracy"] == pytest.approx(right) and right > 0.5


def test_a_blank_page_makes_no_neuron_spike_and_has_no_class(tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(blank)
    found = json.loads(command("predict", "--bundled", str(blank), "--json").stdout)
    assert found["spikes"] == [0] and found["predicted"] == [None] == found["vote"]


def test_the_bundled_network_needs_no_file(tmp_path: Path) -> None:
    done = command("predict", "--bundled", str(drawn(tmp_path / "one.png", dark=True)), "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["model"] == "mnist-400" and found["predicted"] == ["1"] == found["vote"]


def test_bad_files_are_one_line(network: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    part = tmp_path / "part.safetensors"
    part.write_bytes(network.read_bytes()[:500])
    for words, said in (
        ((), "CHECKPOINT"),
        ((str(network),), "either pictures or --dataset"),
        ((str(network), "nowhere.png"), "nowhere.png is not a file"),
        ((str(network), str(text)), ""),
        ((str(text), str(text)), "checkpoint"),
        ((str(part), str(text)), "cut off"),
        ((str(network), "--dataset", "digits", "--count", "-1"), "--count must be >= 0"),
        (("--bundled", "--dataset", "digits"), "images must be"),
    ):
        done = command("predict", *words)
        assert done.exit_code == 2 and said in done.stderr, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1


def test_export_writes_a_nir_graph_that_nir_reads(network: Path, tmp_path: Path) -> None:
    import nir

    out = tmp_path / "net.nir"
    done = command("export", str(network), "--nir", str(out), "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    graph = nir.read(out)
    assert set(graph.nodes) == set(found["nodes"]) and found["bytes"] == out.stat().st_size
    # A spike takes a part of the potential only: a leaky integrator and a threshold, not one LIF.
    assert {"LI", "Threshold"} <= set(found["nodes"].values())
    bad = command("export", str(network), "--nir", str(tmp_path / "no" / "net.nir"))
    assert bad.exit_code == 2 and "cannot be written" in bad.stderr
