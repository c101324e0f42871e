"""`classify`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from snncore.classifier import load_model
from snncore.cli import main


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["classify", *words])


def test_defaults_print_one_object_with_the_controls() -> None:
    done = command("--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["test_accuracy"] >= 0.99 and found["data"] == "blobs"
    assert (found["points"], found["n_train"], found["n_test"]) == (200, 140, 60)
    assert set(found["controls"]) == {
        "untrained", "seed_network", "raw_linear", "nearest_centroid", "chance",
        "fields_linear", "nearest_neighbours",
    }  # fmt: skip
    assert found["controls"]["seed_network"] == 0.84 and found["controls"]["chance"] == 0.5
    for name in ("code", "rule", "hidden", "epochs", "seed", "train_accuracy", "seconds"):
        assert name in found
    assert sum(map(sum, found["confusion"])) == 60
    assert "100 %" in done.stderr


def test_each_data_set_gets_what_suits_it_and_keeps_what_is_given(tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    done = command("--data", "spirals", "--epochs", "2", "--fields", "5", "--out", str(out))
    assert done.exit_code == 0, done.stderr
    model = load_model(out)
    params = model.params
    assert (params.n_classes, params.n_points, params.hidden) == (3, 1500, 32)
    assert (params.epochs, params.fields) == (2, 5)


def test_own_points_are_learnt(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    rows = [f"{k % 10},{k // 10},{'low' if k // 10 < 3 else 'high'}" for k in range(60)]
    path.write_text("\n".join(rows))
    done = command("--points", str(path), "--epochs", "30", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["data"] == "own" and found["points"] == 60 and found["n_classes"] == 2
    assert found["classes"] == ["high", "low"] and found["points_file"] == str(path)
    assert found["test_accuracy"] > 0.8 and "noise" not in found


def test_a_trained_network_is_judged_on_other_points(tmp_path: Path) -> None:
    """Own points whose classes appear in the file in another order than in training."""
    out, path = tmp_path / "net.safetensors", tmp_path / "own.csv"
    rows = [f"{k % 10},{k // 10},{'low' if k // 10 < 3 else 'high'}" for k in range(60)]
    path.write_text("\n".join(rows))
    done = command("--points", str(path), "--epochs", "30", "--out", str(out), "--json")
    taught = json.loads(done.stdout)
    same = json.loads(command("--model", str(out), "--points", str(path), "--json").stdout)
    right = (
        taught["train_accuracy"] * taught["n_train"] + taught["test_accuracy"] * taught["n_test"]
    )
    assert same["accuracy"] * 60 == pytest.approx(right) and same["points"] == 60
    part = tmp_path / "part.csv"  # a smaller square of its own: read in the model's
    part.write_text("\n".join(rows[23:48]))
    fewer = json.loads(command("--model", str(out), "--points", str(part), "--json").stdout)
    assert fewer["accuracy"] > 0.75 and sum(map(sum, fewer["confusion"])) == 25
    for words, said in (
        (("--data", "moons"), "classes must be those of the model"),
        ((), "--model needs points"),
        (("--points", str(path), "--beta", "0.5"), "--model says it: leave out --beta"),
        (("--points", str(path), "--out", str(out)), "--model learns nothing"),
    ):
        done = command("--model", str(out), *words)
        assert done.exit_code == 2 and said in done.stderr and not done.stdout
    far = tmp_path / "far.csv"
    far.write_text("\n".join([*rows, "99,3,low"]))
    done = command("--model", str(out), "--points", str(far))
    assert done.exit_code == 2 and "1 of 61 do not" in done.stderr


def test_a_network_of_generated_points_is_judged_on_fresh_ones(tmp_path: Path) -> None:
    out = tmp_path / "net.safetensors"
    assert command("--data", "moons", "--epochs", "5", "--out", str(out)).exit_code == 0
    words = ("--model", str(out), "--data", "moons", "--noise", "0.05", "--seed", "7")
    found = json.loads(command(*words, "--json").stdout)
    assert found["points"] == 1000 and found["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "moons", "--n-classes", "3"), "n_classes must be 2 for moons"),
        (("--data", "stars"), "stars"),
        (("--n-steps", "0"), "n_steps must be >= 5"),
        (("--beta", "nan"), "beta must be finite"),
        (("--points", "/nowhere.csv"), "cannot read --points"),
        (("--points", "/nowhere.csv", "--data", "moons"), "give one of them"),
        (("--out", "/nowhere/x"), "cannot be written"),
        (("--points", "f", "--noise", "3"), "leave out --noise"),
        (
            ("--points", "f", "--n-points", "777", "--n-classes", "4"),
            "leave out --n-classes, --n-points",
        ),
        (("--model", "/nowhere", "--data", "moons"), "cannot read --model"),
    ],
)
def test_bad_arguments_are_one_line_and_status_2(words: tuple[str, ...], said: str) -> None:
    done = command(*words)
    assert done.exit_code == 2 and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and done.stdout == ""


def test_a_bad_file_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("1,2,a\n3,x,b\n")
    done = command("--points", str(path))
    assert done.exit_code == 2 and "line 2: y must be a number" in done.stderr
