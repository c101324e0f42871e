"""`python -m snncore lif`: numbers, exit status and messages."""

import json
import math
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from snncore.cli import bench, main
from snncore.neurons import MODELS


def run(*words):
    return CliRunner().invoke(main, ["lif", *words])


def answer(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_example_of_the_help_agrees_with_theory():
    a = answer("--current", "2.5", "--duration", "500")
    assert a["count"] == 16 == len(a["spike_times_ms"])
    assert a["count_rate_hz"] == 32.0
    assert a["rate_hz"] == pytest.approx(1000 / a["isi_ms"])
    assert a["theory_rate_hz"] == pytest.approx(33.6407116302)
    assert abs(a["relative_error"]) < 0.004
    assert a["first_spike_ms"] == pytest.approx(a["theory_first_spike_ms"], abs=1e-9)
    assert a["theory"] == "exact" and a["device"] == "cpu"


def test_the_example_of_epfls_exercise_by_every_option():
    words = "--current 3 --r-m 10 --tau-m 8 --v-rest -70 --v-reset -65 --v-th -50 --t-ref 3"
    a = answer(*words.split(), "--duration-ms", "1000", "--dt", "0.1")
    assert a["theory_rate_hz"] == pytest.approx(96.802368, abs=5e-7)
    assert a["rate_hz"] == pytest.approx(96.802368, abs=5e-7)  # timing inside the step is exact
    assert a["isi_ms"] == pytest.approx(3 + 8 * math.log(15 / 10 * 5 / 3), abs=1e-9)
    assert a["count"] == 96 == len(a["spike_times_ms"])
    assert a["cv"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("current", ["2.05", "0"])
def test_one_spike_has_no_rate(current):
    a = answer("--current", current, "--duration", "80")
    assert a["count"] == (current != "0")
    assert a["rate_hz"] == 0 and a["isi_ms"] is None


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_runs_from_the_command_line(name):
    a = answer("--model", name, "--duration", "200")
    assert a["model"] == name and a["count"] == len(a["spike_times_ms"])


def test_an_option_of_another_model_is_refused_by_name():
    result = run("--model", "hodgkin_huxley", "--t-ref", "3")
    assert result.exit_code == 2
    assert result.stderr == "error: model hodgkin_huxley has no parameter t_ref\n"


def test_a_recorded_current_drives_the_neuron(tmp_path):
    file = tmp_path / "current.csv"
    file.write_text("time,current\n0,0\n100,0\n101,3\n300,3\n")
    a = answer("--current", "0", "--stimulus-csv", str(file), "--duration", "300")
    assert a["count"] > 3 and min(a["spike_times_ms"]) > 100
    file.write_text("0,0\n0.1,0\n0.101,3000\n0.3,3000\n")
    units = ("--stimulus-time-unit", "s", "--stimulus-current-unit", "pA")
    b = answer("--current", "0", "--stimulus-csv", str(file), "--duration", "300", *units)
    assert b["spike_times_ms"] == pytest.approx(a["spike_times_ms"], abs=1e-6)
    file.write_text("0,0\n5,1\n3,1\n")
    result = run("--stimulus-csv", str(file))
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and "time" in result.stderr
    result = run("--stimulus-csv", str(tmp_path / "none.csv"))
    assert result.exit_code == 2 and "cannot read --stimulus-csv" in result.stderr


def test_nests_numbers_come_out_of_the_command_line():
    nest = ["--v-rest", "0", "--v-reset", "0", "--v-th", "15", "--tau-m", "10", "--t-ref", "2"]
    a = answer(*nest, "--r-m", "40", "--current", "1", "--dt", "0.125", "--duration", "50")
    assert a["first_spike_ms"] == pytest.approx(4.700036292457356, abs=1e-13)
    b = answer(*nest, "--r-m", "2", "--current", "7.5", "--sigma-v", "0.8660254037844386")
    assert b["theory"] == "Siegert"
    assert b["theory_rate_hz"] == pytest.approx(27.1095934379, abs=1e-8)


def test_what_is_not_known_is_null():
    a = answer("--current", "0")
    assert a["count"] == 0 and a["rate_hz"] == 0 and a["isi_ms"] is None
    assert a["cv"] is None and a["first_spike_ms"] is None and a["theory_first_spike_ms"] is None


def test_the_same_seed_is_the_same_run_and_another_is_another():
    noisy = ("--current", "2", "--sigma-v", "3")
    first = answer(*noisy, "--seed", "7")
    assert first == answer(*noisy, "--seed", "7")
    assert first["spike_times_ms"] != answer(*noisy, "--seed", "8")["spike_times_ms"]


def test_lines_for_people():
    result = run()
    assert result.exit_code == 0
    assert "theory_rate_hz" in result.stdout and "33.6407" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--tau-m", "nan"), "tau_m must be finite, got nan"),
        (("--tau-m", "-5"), "tau_m must be > 0 ms, got -5.0"),
        (("--duration", "-1"), "duration must be >= 1 ms, got -1.0"),
        (("--dt", "0"), "dt must be > 0 ms, got 0.0"),
        (("--current", "inf"), "current must be finite"),
        (("--seed", "-1"), "seed must be >= 0, got -1"),
        (("--v-reset", "-40"), "v_reset must be < v_th"),
        (("--duration", "100000", "--dt", "0.001"), "at most 1,000,000 steps"),
        (("--reset", "hard"), "hard"),
        (("--csv", "/nowhere/at/all.csv"), "cannot write --csv"),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(words, message):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_the_table_goes_to_a_file(tmp_path):
    file = tmp_path / "run.csv"
    assert run("--csv", str(file), "--duration", "100").exit_code == 0
    lines = file.read_text().splitlines()
    assert lines[0] == "t_ms,current_na,v_mv,spike" and len(lines) == 1001


def test_the_snntorch_option_prints_a_program_or_says_why_there_is_none():
    result = run("--snntorch", "--timing", "grid")
    assert result.exit_code == 0 and "snntorch" in result.stdout
    compile(result.stdout, "script", "exec")
    refused = run("--snntorch", "--model", "hodgkin_huxley")
    assert refused.exit_code == 2 and refused.stdout == "" and refused.stderr.count("\n") == 1
    both = run("--snntorch", "--json")
    assert both.exit_code == 2 and "give one of them" in both.stderr


def test_the_script_option_prints_a_program():
    result = run("--script", "--sigma-v", "2", "--seed", "5")
    assert result.exit_code == 0
    compile(result.stdout, "script", "exec")
    assert "SEED = 5" in result.stdout


def test_a_fresh_process_prints_one_object_and_nothing_else():
    done = subprocess.run(
        [sys.executable, "-m", "snncore", "lif", "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, "SNNCORE_DEVICE": "cpu"},
    )  # fmt: skip
    assert json.loads(done.stdout)["count"] == 16
    assert done.stderr == ""


def test_a_number_of_400_digits_is_one_line():
    result = CliRunner().invoke(main, ["train", "--neurons", "9" * 400])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: neurons must be") and result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/x.npz"), "/x.npz: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_cannot_be_written_is_one_line_from_any_command(error, line, monkeypatch):
    def fail(**values):
        raise error

    monkeypatch.setattr(main.commands["devices"], "callback", fail)
    result = CliRunner().invoke(main, ["devices"])
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("error: cannot write") and line in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_machine_that_does_not_count_memory_reports_no_peak(monkeypatch):
    assert bench.peak_mb() > 50
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert bench.peak_mb() is None


def test_the_peak_is_that_of_the_work_not_of_the_limits_probe(monkeypatch):
    order = []
    figures = {"ours_per_s": 6.0, "peer_per_s": 2.0, "limit": lambda: order.append("limit") or 9.0}
    monkeypatch.setitem(bench._BENCHES, "lif", lambda repeats: dict(figures))
    monkeypatch.setattr(bench, "peak_mb", lambda: order.append("peak") or 100.0)
    result = CliRunner().invoke(main, ["bench", "lif", "--json"])
    got = json.loads(result.stdout)
    assert order == ["peak", "limit"]
    assert (got["ratio"], got["limit_per_s"], got["peak_mb"]) == (3.0, 9.0, 100.0)
    assert "limit" not in got


def test_help_tells_apart_what_one_letter_means_in_different_models():
    words = " ".join(CliRunner().invoke(main, ["lif", "--help"]).stdout.split())
    assert "[nA; adex: 0.0805] | How strongly u follows the voltage" in words
    assert "[izhikevich: 0.2]" in words  # its b has no current's unit


def test_a_reader_that_leaves_early_gets_no_traceback():
    command = f"{sys.executable} -m snncore lif --script | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
