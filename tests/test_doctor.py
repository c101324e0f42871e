"""The doctor: a sound machine, and one test for each thing that can be wrong with it."""

from __future__ import annotations

import importlib
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from snncore import doctor
from snncore.doctor import Finding


def findings(name: str) -> list[Finding]:
    return [one for one in doctor.examine() if one.name == name]


def test_this_machine_is_sound() -> None:
    found = list(doctor.examine())
    assert {one.name for one in found} == set(doctor.CHECKS)
    assert [one for one in found if one.state == "bad"] == []


def test_another_python_is_noted_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PYTHONS", ((3, 0), (3, 1)))
    assert findings("python")[0].state == "note"
    monkeypatch.setattr(doctor, "PYTHONS", ((4, 0), (4, 1)))
    assert findings("python")[0].state == "bad" and "4.0 to 4.1" in findings("python")[0].cure


def test_missing_and_old_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(
        "no-such-package>=1  # why\nnumpy>=99\nclick\nnot-for-this-one>=3; python_version < '3'\n"
    )
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    missing, old = findings("packages")
    assert missing.state == old.state == "bad"
    assert "no-such-package is missing" in missing.found and ">=99" in old.found
    assert missing.cure == doctor.INSTALL
    (tmp_path / "requirements.txt").unlink()
    assert findings("packages")[0].state == "note"


def test_libraries_that_do_not_fit_together_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def broken(name: str) -> object:
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name)

    monkeypatch.setattr(importlib, "import_module", broken)
    only = findings("libraries")
    assert [one.state for one in only] == ["bad"]
    assert "torchvision does not load: operator" in only[0].found and "one index" in only[0].cure


def test_a_device_that_is_not_there_is_a_finding_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SNNCORE_DEVICE", "quantum")
    assert findings("device")[0].state == "bad" and "quantum" in findings("device")[0].found


def test_little_memory_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snncore.device.memory_bytes", lambda: 512 << 20)
    assert findings("memory")[0] == Finding(
        "memory", "note", "512 MB", "a server that has shown all pages takes 1000 MB"
    )


def test_kernels_that_cannot_be_kept_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert findings("kernels")[0].state == "note" and "not kept" in findings("kernels")[0].found


def test_missing_data_comes_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path / "new"))
    first, second = findings("data")
    assert first.state == "ok" and "digits" in first.found
    assert second.state == "note" and "python -m snncore download mnist" in second.cure


def test_no_browser_and_a_taken_port_are_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert findings("browser")[0].state == "note"
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        monkeypatch.setattr(doctor, "PORT", server.getsockname()[1])
        assert findings("port")[0].state == "note"
    assert findings("port")[0].state == "ok"


def run(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, with `path` searched for libraries first."""
    first = [] if path is None else [f"import sys; sys.path.insert(0, {str(path)!r});"]
    code = " ".join([*first, "import runpy; runpy.run_module('snncore', run_name='__main__')"])
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )


def test_the_command_reports_as_text_and_json() -> None:
    text = run("doctor")
    assert text.returncode == 0 and text.stdout.endswith("All is well.\n"), text.stdout
    told = json.loads(run("doctor", "--json").stdout)
    assert told["fine"] and {one["name"] for one in told["findings"]} == set(doctor.CHECKS)


def test_with_a_broken_library_the_doctor_still_runs_and_others_point_to_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no such file: libtorch')")
    found = run("doctor", path=tmp_path)
    assert found.returncode == 1 and "torch does not load: no such file" in found.stdout
    other = run("devices", path=tmp_path)
    assert other.returncode == 2 and "Traceback" not in other.stderr
    assert "`python -m snncore doctor` says what to fix" in other.stderr
