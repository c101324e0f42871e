"""The exported programs: run in a fresh interpreter, they give what the engine gives."""

from __future__ import annotations

import ast
import csv
import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from snncore.neurons import MODELS
from snncore.playground import Setup, numpy_script, play, recording_csv, snntorch_script
from snncore.stimuli import Recording

# Every field away from its default, so that a forgotten one shows.
PARTS = {
    "constant": {"current": 2.7},
    "step": {"current": 1.1, "step_current": 2.2, "step_on": 33.3, "step_off": 120.05},
    "ramp": {"current": 0.4, "ramp_current": 4.0, "ramp_on": 21, "ramp_off": 171},
    "pulses": {
        "current": 1.2, "pulse_current": 6.0, "pulse_on": 13, "pulse_width": 4.2,
        "pulse_period": 21,
    },
    "sine": {
        "current": 0.9, "amplitude": 1.9, "frequency_hz": 13, "phase": -77, "sine_offset": 1.1,
        "sine_on": 31,
    },
    "chirp": {"current": 2.1, "chirp_current": 1.7, "chirp_from_hz": 3, "chirp_to_hz": 41},
    "white noise": {"current": 2.1, "sigma_v": 3.1, "noise_intensity": 1.3, "seed": 2**40 + 7},
    "OU noise": {"current": 2.1, "ou_std": 1.1, "ou_tau": 7, "seed": 3},
    "synaptic input": {
        "current": 0.5, "syn_current": 0.4, "syn_rate_hz": 1700, "syn_tau": 3.5, "seed": 11,
    },
    "inhibition, many arrivals per step": {
        "current": 6.5, "syn_current": -0.05, "syn_rate_hz": 20000, "syn_tau": 4.0, "dt": 0.5,
    },
    "every noise, frozen": {
        "current": 1.9, "sigma_v": 2.0, "ou_std": 0.5, "syn_current": 0.2, "frozen": True,
    },
}  # fmt: skip
EDGES = {"tau_m": 9.7, "r_m": 11, "v_rest": -70.5, "v_reset": -66.0, "v_th": -51.0, "t_ref": 1.7}


def written(text: str, folder: Path) -> Path:
    file = folder / "run.py"
    file.write_text(text, encoding="utf-8")
    return file


def execute(file: Path, *arguments: str) -> list[dict[str, str]]:
    """The printed table, from an interpreter that sees neither this folder nor the user's."""
    output = subprocess.run(
        [sys.executable, "-I", str(file), *arguments],
        cwd=file.parent, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return list(csv.DictReader(io.StringIO(output)))


def same_run(setup: Setup, folder: Path, recording: Recording | None = None) -> int:
    """Compare the program's two outputs with `play`; the number of spikes."""
    run = play(setup, recording)
    file = written(numpy_script(setup, recording), folder)
    rows = execute(file, "trace.csv")
    assert [int(row["step"]) for row in rows] == run.spike_steps.tolist()
    times = np.array([float(row["time_ms"]) for row in rows])
    np.testing.assert_allclose(times, run.spike_times, rtol=0, atol=1e-9)
    table = np.genfromtxt(folder / "trace.csv", delimiter=",", names=True)
    np.testing.assert_allclose(table["t"], run.t, rtol=1e-9)
    np.testing.assert_allclose(table["current"], run.current, rtol=0, atol=1e-9)
    np.testing.assert_allclose(table["v"], run.v, rtol=0, atol=1e-9)
    assert np.flatnonzero(table["spike"]).tolist() == np.unique(run.spike_steps).tolist()
    return len(rows)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_drive_gives_the_same_run_in_a_fresh_interpreter(part, tmp_path):
    values = {"dt": 0.05, "duration": 200, **EDGES, **PARTS[part]}
    assert same_run(Setup.of(**values), tmp_path) >= 3


@pytest.mark.parametrize(
    ("timing", "reset", "t_ref"),
    [*itertools.product(["exact", "grid"], ["value", "subtract", "none"], [1.7]),
     ("exact", "value", 0), ("grid", "subtract", 0)],
)  # fmt: skip
def test_every_timing_and_reset_of_the_lif_neuron(timing, reset, t_ref, tmp_path):
    setup = Setup.of(
        timing=timing, reset=reset, **{**EDGES, "t_ref": t_ref}, current=2.0, sigma_v=4.0,
        amplitude=1.0, dt=0.2, duration=300,
    )  # fmt: skip
    assert same_run(setup, tmp_path) >= 5


# A drive that changes, so that an error in any part of the equations shows, and long steps.
MODEL_RUNS = {
    "adaptive": {"current": 3.5, "t_ref": 1.7},
    "adaptive, grid": {"current": 3.5, "t_ref": 1.7, "timing": "grid"},
    "synaptic": {"current": 3.0, "tau_syn": 7},
    "synaptic, equal time constants, grid": {"current": 3.0, "tau_syn": 20, "timing": "grid"},
    "alpha": {"current": 3.0, "dt": 0.4},
    "alpha, slow synapse": {"current": 3.0, "tau_syn": 31, "tau_m": 9},
    "alpha, equal time constants, grid": {"current": 3.0, "tau_syn": 20, "timing": "grid"},
    "eif": {"current": 0.7},
    "adex": {"current": 1.0, "t_ref": 1.3, "b": 0.06},
    "adex, step in pieces": {"current": 1.0, "dt": 2.5},
    "eif, sharp upstroke, strong drive": {"current": 5.0, "delta_t": 0.1, "dt": 0.5},
    "eif, strong noise on a low peak": {
        "tau_m": 138, "r_m": 650, "delta_t": 0.45, "v_peak": 0.0004, "sigma_v": 4.5,
        "noise_intensity": 0.9, "dt": 1.0, "duration": 600,
    },
    "eif, rests above the peak": {"current": 4.0, "v_rest": 20.0, "t_ref": 0, "dt": 0.5},
    "adex, sharp upstroke, fast membrane": {"current": 2.0, "delta_t": 0.5, "tau_m": 3, "dt": 1},
    "qif": {"current": 0.9},
    "qif, rest between pulses": {
        "current": 0.1, "pulse_current": 4.0, "pulse_on": 5, "pulse_width": 8, "dt": 0.2,
    },
    "izhikevich": {"current": 1.2},
    "izhikevich, step in pieces": {"current": 1.2, "a": 0.1, "b": 0.26, "c": -60, "dt": 0.3},
    "izhikevich, strong noise": {"current": 1.0, "noise_intensity": 40, "dt": 0.5},
    "fitzhugh_nagumo": {"current": 0.7, "tau_ms": 1.1},
    "fitzhugh_nagumo, step in pieces": {"current": 0.7, "dt": 0.7},
    "hodgkin_huxley": {"current": 1.1, "celsius": 7.1},
}  # fmt: skip


@pytest.mark.parametrize("case", MODEL_RUNS)
def test_every_model_gives_the_same_run(case, tmp_path):
    model = case.split(",")[0]
    wave = {"amplitude": 0.3, "frequency_hz": 23, "duration": 150, "dt": 0.1, "ou_std": 0.1}
    setup = Setup.of(model, **{**wave, **MODEL_RUNS[case]})
    assert same_run(setup, tmp_path) >= 3


def test_no_model_is_forgotten():
    assert {case.split(",")[0] for case in MODEL_RUNS} | {"lif"} == set(MODELS)


def test_several_spikes_in_one_step(tmp_path):
    setup = Setup.of(tau_m=5, r_m=100, t_ref=0.3, current=9.0, dt=2.5, duration=100)
    run = play(setup)
    assert len(run.spike_steps) > 2 * len(set(run.spike_steps.tolist()))  # the event under test
    same_run(setup, tmp_path)


@pytest.mark.parametrize("points", [7, 2000])
def test_a_recording_stands_in_the_program(points, tmp_path):
    t = np.cumsum(np.linspace(0.05, 0.15, points)) * (180.0 / points / 0.1)
    recording = Recording("mine", t, 2.5 + np.sin(t / 9.0))
    setup = Setup.of(current=0.3, csv_gain=1.2, duration=250)
    assert same_run(setup, tmp_path, recording) >= 3


def test_a_long_recording_is_read_from_the_file_beside_the_program(tmp_path):
    t = np.arange(2001) * 0.1
    recording = Recording("mine", t, 2.5 + np.sin(t / 9.0))
    setup = Setup.of(current=0.3, duration=250)
    file = written(numpy_script(setup, recording), tmp_path)
    missing = subprocess.run([sys.executable, "-I", str(file)], cwd=tmp_path, capture_output=True)
    assert missing.returncode == 1
    assert missing.stderr.decode().strip() == (
        "put recording.csv beside this program: 2,001 rows of t_ms,current_na under a header"
    )
    (tmp_path / "recording.csv").write_text(recording_csv(recording))
    assert same_run(setup, tmp_path, recording) >= 3


def test_a_silent_run_prints_the_header_only(tmp_path):
    assert same_run(Setup.of(current=0), tmp_path) == 0


def test_only_what_the_run_uses_appears():
    text = numpy_script(Setup.of(current=2.5))
    for word in ("random", "NormalDist", "SEED", "SINE", "STEP_ON", "AMPLITUDE", "snncore"):
        assert word not in text
    assert len(text.splitlines()) < 90


@pytest.mark.parametrize("model", MODELS)
def test_the_program_of_everything_at_once_is_a_printable_page_without_clashing_names(model):
    everything = {k: v for values in PARTS.values() for k, v in values.items()}
    if Setup.of(model).membrane is None:
        del everything["sigma_v"]
    recording = Recording("mine", np.arange(50) / 3, np.arange(50) / 7)
    text = numpy_script(Setup.of(model, **everything), recording)
    tree = ast.parse(text)
    assert max(map(len, text.splitlines())) <= 100
    names = [t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets
             if isinstance(t, ast.Name)]  # fmt: skip
    names += [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names))


SNNTORCH = {
    "lif": {"current": 2.0, "sigma_v": 4.0},
    "lif, subtract, no refractory period": {"reset": "subtract", "t_ref": 0, "current": 3.3},
    "lif, none": {"reset": "none", "current": 2.0, "amplitude": 1.0},
    "lif, on the grid already": {"timing": "grid", "current": 2.0, "sigma_v": 1.0},
    "synaptic": {"current": 2.0, "sigma_v": 4.0, "tau_syn": 3.0},
    "synaptic, equal time constants": {"current": 3.0, "amplitude": 1.0, "tau_syn": 9.7},
    "adaptive": {"current": 4.0, "sigma_v": 4.0},
    "adaptive, no refractory period": {"current": 4.0, "amplitude": 1.0, "t_ref": 0},
}


def snntorch_setup(case: str, **more: object) -> Setup:
    values = {**EDGES, "dt": 0.2, "duration": 300, **SNNTORCH[case], **more}
    return Setup.of(case.split(",")[0], **values)


# All in one interpreter: importing snnTorch takes longer than everything else.
RUN_ALL = """
import runpy, sys
for name in sys.argv[1:]:
    print("==")
    runpy.run_path(name)
"""


@pytest.fixture(scope="module")
def snntorch_rows(tmp_path_factory) -> dict[str, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("snntorch")
    names = [f"{k}.py" for k in range(len(SNNTORCH))]
    for name, case in zip(names, SNNTORCH, strict=True):
        text = snntorch_script(snntorch_setup(case))
        (folder / name).write_text(text, encoding="utf-8")
    output = subprocess.run(
        [sys.executable, "-I", "-c", RUN_ALL, *names],
        cwd=folder, capture_output=True, text=True, check=True, timeout=120,
    ).stdout.split("==\n")[1:]  # fmt: skip
    return {
        case: list(csv.DictReader(io.StringIO(text)))
        for case, text in zip(SNNTORCH, output, strict=True)
    }


@pytest.mark.parametrize("case", SNNTORCH)
def test_the_snntorch_program_gives_the_spikes_of_the_grid(case, snntorch_rows):
    expected = play(snntorch_setup(case, timing="grid")).spike_steps.tolist()
    rows = snntorch_rows[case]
    assert [int(row["step"]) for row in rows] == expected and len(expected) >= 5
    assert float(rows[0]["time_ms"]) == pytest.approx((expected[0] + 1) * 0.2)


def test_the_snntorch_program_says_what_differs():
    text = snntorch_script(Setup.of())
    head = text[: text.index("import")]
    for words in ("above the threshold", "refractory", "timing grid", "timing exact"):
        assert words in head
    assert "timing exact" not in snntorch_script(Setup.of(timing="grid"))
    assert "refractory" not in snntorch_script(Setup.of(t_ref=0))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"reset": "subtract", "current": 9.0, "r_m": 150, "tau_m": 2}, "subtracts once more"),
        ({"v_rest": -40.0}, "v_rest must be < v_th"),
    ],
)
def test_what_snntorch_does_otherwise_is_refused_with_the_reason(values, reason):
    with pytest.raises(ValueError, match=reason):
        snntorch_script(Setup.of(**values))


@pytest.mark.parametrize("model", [m for m in MODELS if m not in ("lif", "synaptic", "adaptive")])
def test_models_that_snntorch_has_not_are_refused_with_the_reason(model):
    with pytest.raises(ValueError, match=r"snnTorch has no equivalent of the model .*: .*numpy"):
        snntorch_script(Setup.of(model))
