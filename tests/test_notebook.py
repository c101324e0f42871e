"""snncore as a library: results that show themselves, the example programs, the API reference."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import snncore
from snncore.notebook import Shown

ROOT = Path(__file__).resolve().parents[1]


def shows(result: Shown) -> str:
    """Its line, after its picture and table were looked at."""
    picture = Image.open(io.BytesIO(result.png()))
    assert min(picture.size) >= 80 and len(np.unique(np.asarray(picture.convert("L")))) > 1
    table = result._repr_html_()
    assert all(f">{name}</th>" in table for name in result.rows()) and "data:image/png" in table
    return repr(result)


def test_a_neuron_shows_itself_and_agrees_with_theory() -> None:
    run = snncore.lif(current=2.5, duration=500.0)
    assert shows(run).startswith("Neuron(model=lif, spikes=")
    assert run.summary.rate_hz == pytest.approx(run.summary.theory_rate_hz, rel=0.02)
    assert len(run.t) == len(run.v) and len(run.spikes) == run.summary.count > 3


def test_other_models_and_wrong_settings() -> None:
    assert snncore.lif("izhikevich", current=10.0).setup.model == "izhikevich"
    with pytest.raises(ValueError, match="curent"):
        snncore.lif(curent=2.0)
    with pytest.raises(ValueError, match="model must be one of"):
        snncore.lif("lfi")


@pytest.mark.parametrize("code", ["poisson", "latency"])
def test_a_picture_becomes_spikes(code: str) -> None:
    ramp = np.linspace(0, 255, 60).reshape(6, 10).astype(np.uint8)
    sent = snncore.encode(ramp, code, steps=200, seed=1)
    assert shows(sent).startswith(f"Encoded(code={code}, steps=200, neurons=60")
    assert sent.spikes.shape == (200, 60) and sent.decoded.shape == (6, 10)
    assert np.corrcoef(sent.decoded.ravel(), ramp.ravel())[0, 1] > 0.9


def test_a_signal_becomes_spikes() -> None:
    wave = 0.5 + 0.4 * np.sin(np.arange(300) / 20)
    sent = snncore.encode(wave, "delta")
    assert shows(sent) and sent.spikes.shape == (300, 1) and sent.decoded.shape == (300,)
    for wrong in (np.zeros((2, 2, 2)), np.zeros(())):
        with pytest.raises(ValueError, match=r"picture \[H, W\] or a signal \[T\]"):
            snncore.encode(wrong)
    with pytest.raises(ValueError):
        snncore.encode(wave, "delta", treshold=0.1)


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking"])
def test_a_memory_restores_pictures(rule: str) -> None:
    answer = snncore.recall("icons", rule=rule, noise="flip:0.1", count=3)
    assert shows(answer).startswith(f"Recalled(rule={rule}, pictures=3, noise=flip:0.1")
    assert answer.answer.result.pixel_accuracy > 0.95
    with pytest.raises(ValueError, match="recall has no setting cuont"):
        snncore.recall("icons", cuont=3)
    with pytest.raises(ValueError, match="rule must be one of"):
        snncore.recall("icons", rule="hopfeld")


@pytest.mark.parametrize("settings", [{"neurons": 20}, {"layer": "conv", "filters": 6, "grid": 1,
                                                        "filter_size": 3}])  # fmt: skip
def test_a_layer_learns(settings: dict[str, object], tmp_path: Path) -> None:
    told: list[float] = []
    net = snncore.train(
        "digits", limit=300, epochs=1, progress=lambda share, _: told.append(share), **settings
    )
    assert shows(net).startswith(f"Network(layer={settings.get('layer', 'dense')}, units=")
    assert net.result.test_accuracy > net.result.chance + 0.2 and told[-1] == 1.0
    assert net.predict(np.zeros((2, 8, 8), np.uint8)).shape == (2,)
    assert net.confusion_png()[:4] == b"\x89PNG" and len(net.confused) == 5
    net.save(tmp_path / "fields.png")
    assert (tmp_path / "fields.png").read_bytes() == net.png()


def test_a_plain_import_is_quick_and_knows_its_functions() -> None:
    words = "import sys, snncore; assert 'torch' not in sys.modules; print(dir(snncore))"
    said = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(f"'{name}'" in said.stdout for name in ("encode", "lif", "recall", "train"))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = snncore.trian  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", sorted(p.stem for p in (ROOT / "tests/examples").glob("[a-z]*.py"))
)
def test_the_examples_run(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    said = subprocess.run(
        [sys.executable, "-m", f"tests.examples.{name}"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert said.stdout and list(tmp_path.glob("*.png"))


def test_the_reference_has_every_public_function(tmp_path: Path) -> None:
    """`pdoc snncore -o docs/api`, as the README says."""
    words = [sys.executable, "-m", "pdoc", "snncore.notebook", "snncore.stdp", "-o", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    page = (tmp_path / "snncore" / "notebook.html").read_text()
    for name in ("lif", "encode", "recall", "train", "Network.predict"):
        assert f'id="{name}"' in page
    assert "learn" in (tmp_path / "snncore" / "stdp.html").read_text()
