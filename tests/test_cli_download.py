"""`python -m snncore download`, with a data set that is already there and one that cannot come."""

from __future__ import annotations

import json

import pytest
import torchvision

from snncore.cli import download, main
from tests.make_data import write_idx


def run(capsys, *args: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the command."""
    with pytest.raises(SystemExit) as stopped:
        main.main(["download", *args])
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


def test_progress_goes_to_stderr_and_one_json_object_to_stdout(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_idx(tmp_path / "MNIST" / "raw", 3)
    status, out, err = run(capsys, "mnist", "digits", "--json")
    assert status == 0
    assert json.loads(out) == {"root": str(tmp_path), "names": ["mnist", "digits"]}
    assert "mnist is complete" in err and "already there" in err and "comes with" in err


def test_no_network_ends_with_status_2_and_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [tmp_path.as_uri() + "/"])
    status, out, err = run(capsys, "mnist")
    assert status == 2 and out == ""
    assert err.startswith("error: mnist could not be downloaded") and err.count("\n") == 1


def test_unknown_names_end_with_status_2_before_anything_is_fetched(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path / "none"))
    monkeypatch.setattr(download, "fetch", lambda name: pytest.fail("it fetched"))
    status, out, err = run(capsys, "mnist", "cifar")
    assert status == 2 and out == ""
    assert err == (
        "error: unknown data set 'cifar'; it must be one of digits, skimage, icons, signs, "
        "letters, mnist, fashion, gtsrb\n"
    )
    assert run(capsys)[0] == 2


def test_a_data_set_is_fetched_on_its_first_use_only(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    fetched: list[str] = []
    monkeypatch.setattr(download, "fetch", fetched.append)
    download.ensure("mnist")
    write_idx(tmp_path / "MNIST" / "raw", 3)
    for name in ("mnist", "digits", "mine.npz"):
        download.ensure(name)
    assert fetched == ["mnist"]
