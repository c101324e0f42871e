"""`bench`: the fields, the sizes, and that answers are judged, by spikes or by statistics."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from snncore import encoding, experiment
from snncore.cli import bench, bench_encode, bench_recall, bench_train, main
from snncore.neurons import LIFParams
from snncore.simulate import run_lif

PARAMS = LIFParams(tau_m=20, r_m=1, v_rest=0, v_reset=0, v_th=1, t_ref=0, timing="grid")


def test_bench_lif_reports_both_sides_and_the_limit():
    result = CliRunner().invoke(
        main, ["bench", "lif", "--neurons", "300", "--steps", "90", "--repeats", "2", "--json"]
    )
    found = json.loads(result.stdout)
    assert found["work"].startswith("300 LIF neurons x 90 steps")
    assert found["equal"] is True and found["equal_fraction"] > 0.9999
    assert found["ratio"] == found["ours_per_s"] / found["peer_per_s"] > 1
    assert found["fraction_of_limit"] == found["ours_per_s"] / found["limit_per_s"]


def test_sizes_are_those_of_two_benches_only():
    result = CliRunner().invoke(main, ["bench", "encode", "--neurons", "5"])
    assert (
        result.exit_code == 2
        and "--neurons and --steps belong to bench lif and train" in result.stderr
    )


def test_only_a_tie_excuses_another_spike():
    current = torch.full((60, 1, 2), 1.5)
    mine = run_lif(current, PARAMS, 1.0).spikes
    assert mine.sum() == 4 and bench._but_for_ties(mine, mine.clone(), current, PARAMS, 1.0)
    other = mine.clone()
    other[17, 0, 1] = True  # far below the threshold
    assert not bench._but_for_ties(mine, other, current, PARAMS, 1.0)
    # A current that lifts the first step onto the threshold up to the rounding of float32.
    current[0] = 1.0 / (1.0 - 0.951229424500714)
    mine = run_lif(current, PARAMS, 1.0).spikes
    other = mine.clone()
    other[0, 0, 0] = not mine[0, 0, 0]
    assert bench._but_for_ties(mine, other, current, PARAMS, 1.0)


def test_bench_encode_reports_both_sides_their_statistics_and_the_list():
    result = CliRunner().invoke(main, ["bench", "encode", "--repeats", "1", "--json"])
    found = json.loads(result.stdout)
    assert found["work"] == (
        "rate code, 256 x 784 intensities x 100 steps, cells "
        "(ours written as bool, snnTorch's as float32)"
    )
    assert found["peer"].startswith("snntorch") and found["equal"] is True
    assert found["ratio"] == found["ours_per_s"] / found["peer_per_s"] > 1
    assert found["fraction_of_limit"] == found["ours_per_s"] / found["limit_per_s"]
    assert found["events"] == pytest.approx(0.02 * 0.5 * 256 * 784 * 100, rel=0.02)
    assert found["events_ratio"] == pytest.approx(4, rel=0.02)
    assert found["events_per_s"] == found["events"] / found["events_seconds"]


def spikes_of(name: str, values: torch.Tensor) -> torch.Tensor:
    code = encoding.get_code(name)
    return code.encode(values, code.params(), n_steps=100).bool()


def test_bench_encode_tells_equal_statistics_from_others():
    values = torch.rand(256, 784, generator=torch.Generator().manual_seed(0))
    good = bench_encode.statistics(spikes_of("rate", values), values)
    assert good.within(bench_encode.LARGEST_Z)
    faint = bench_encode.statistics(spikes_of("rate", 0.995 * values), values)
    assert faint.mean.abs().max() > 5 and not faint.within(5)
    even = bench_encode.statistics(spikes_of("regular", values), values)
    assert even.variance.min() < -5
    twice = spikes_of("rate", values)
    twice[1::2] = twice[::2]  # the right mean, but every step comes again
    assert bench_encode.statistics(twice, values).pairs.abs().max() > 5


def test_bench_recall_reports_both_sides_and_the_same_answers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_recall, "DIGITS", 300)
    found = bench_recall.recall(1, side=40)
    assert "N = 1,600" in found["work"] and found["equal"] is True
    assert found["peer_weight_bytes"] == 1600**2 * 8
    assert found["weight_memory_ratio"] == found["peer_weight_bytes"] / found["weight_bytes"] > 500
    assert found["digits"].startswith("300 ") and found["digits_seconds"] > 0
    assert found["digits_exact"] > 0.9  # 300 pictures of 784 pixels, one Bayes-optimal step


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """120 pictures of 28 x 28 pixels in the place of MNIST."""
    digits = experiment.load_data("digits")
    images = np.pad(
        digits.train_images[:120].repeat(3, axis=1).repeat(3, axis=2), ((0,), (2,), (2,))
    )
    small = digits._replace(train_images=images, train_labels=digits.train_labels[:120])
    monkeypatch.setattr(bench_train.experiment, "load_data", lambda name: small)


@pytest.mark.usefixtures("few_images")
def test_bench_train_has_the_torch_definition_beside_it():
    found = bench_train.train_bench(1, neurons=20, steps=12)
    assert found["equal"] is True and "every step simulated" in found["work"]
    assert found["ours_per_s"] > 0 and found["peer_per_s"] > 0 and found["epoch_images"] == 120
    assert found["limit"]() > 0


@pytest.mark.usefixtures("few_images")
def test_bench_train_takes_turns_with_bindsnet(tmp_path: Path):
    answer = {"run_s": 2.0, "encode_s": 1.0, "input_spikes": 5.0, "mean_theta": 1.0}
    python = tmp_path / "python"  # answers as the worker does
    python.write_text(
        "#!/bin/sh\n"
        """echo '{"versions": {"bindsnet": "9"}}'\n"""
        f"while read n; do echo $n >> {tmp_path}/asked;"
        f" echo '{json.dumps(answer)}'; done\n"
    )
    python.chmod(0o755)
    found = bench_train.train_bench(2, neurons=20, steps=12, peer=str(python))
    asked = (tmp_path / "asked").read_text().split()
    assert asked == ["1", *2 * [str(bench_train.PEER_BATCHES)]]  # a warm-up, then two turns
    learnt = bench_train.PEER_BATCH * bench_train.PEER_BATCHES
    assert found["peer_per_s"] == learnt / 3.0  # from pixels, as ours
    assert found["peer_without_encoding_per_s"] == learnt / 2.0
    assert found["ratio_without_its_encoding"] == found["ours_per_s"] / (learnt / 2.0)
    assert found["equal"] is None and found["peer_output_spikes_per_image"] == 0  # same θ before
    middle = found["ours_per_s"] / found["peer_per_s"]
    assert found["ratio_lowest"] <= middle <= found["ratio_highest"]


@pytest.mark.usefixtures("few_images")
def test_a_peer_without_bindsnet_is_one_line():
    for python, word in ((sys.executable, "bindsnet"), ("/nowhere/python", "cannot be run")):
        result = CliRunner().invoke(main, ["bench", "train", "--neurons", "5", "--peer", python])
        assert result.exit_code == 2 and word in result.stderr.splitlines()[-1]
    other = CliRunner().invoke(main, ["bench", "lif", "--peer", sys.executable])
    assert other.exit_code == 2 and "--peer belongs to bench train" in other.stderr
