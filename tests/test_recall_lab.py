"""Whole recalls: every memory, every damage, the scores, the parts, the stream and the exports."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from snncore import metrics
from snncore.hopfield import (
    KINDS,
    NoiseParams,
    PatternParams,
    Patterns,
    Probes,
    damage,
    random_patterns,
)
from snncore.recall_lab import (
    RULES,
    TOLERANCE,
    Ask,
    Picture,
    RecallParams,
    command,
    command_lacks,
    default_source,
    experiment,
    film,
    limit,
    load_patterns,
    npz,
    recall,
    rules_for,
    scores,
    scores_csv,
    script,
    spikes_of,
    stream,
)

RECALL = "snncore.recall_lab.recall"


def stored(count: int = 4, side: int = 8, seed: int = 0) -> Patterns:
    return random_patterns(count, (side, side), seed=seed)


def grey(count: int = 3, side: int = 9, channels: int = 0, seed: int = 0) -> Patterns:
    n = side * side * (channels or 1)
    values = torch.rand(count, n, generator=torch.Generator().manual_seed(seed))
    mode = "rgb" if channels else "grey"
    return Patterns(values, (side, side), tuple("abcdefgh"[:count]), mode)


def clean(patterns: Patterns) -> Probes:
    values = patterns.states.to(torch.float32)
    return Probes(values, torch.ones_like(values, dtype=torch.bool))


def small(rule: str = "modern", **changes: object) -> Ask:
    """Five icons of 16×16 pixels, each asked for twice."""
    values: dict[str, object] = {
        "dataset": "icons",
        "patterns": PatternParams(count=5, size=16, pick="first"),
        "noise": NoiseParams("flip", 0.2),
        "recall": RecallParams(rule=rule),
        "draws": 2,
        "seed": 3,
    }
    return Ask(**{**values, **changes})  # type: ignore[arg-type]


# --- every memory, every damage


@pytest.mark.parametrize("rule", RULES)
def test_every_memory_answers_every_kind_of_damage(rule: str) -> None:
    patterns = stored()
    for kind in KINDS:
        noise = NoiseParams(kind, 0.4)
        probes = damage(patterns, noise, seed=1)
        got = recall(patterns, probes, RecallParams(rule=rule), noise=noise)
        assert got.recalled.shape == (4, 64) and set(got.recalled.unique().tolist()) <= {-1, 1}
        for name in ("pixel_accuracy", "exact_fraction", "bound_pixel_accuracy", "seconds"):
            assert math.isfinite(getattr(got, name)), (kind, name)
        assert got.overlap_trace.shape == (len(got.trace_steps), 4)
        assert bool(torch.isfinite(got.energy).all())
        assert 0.0 <= got.pixel_accuracy <= 1.0 and got.weight_bytes > 0


@pytest.mark.parametrize("rule", RULES)
def test_clean_probes_of_unrelated_pictures_come_back(rule: str) -> None:
    patterns = stored(3, 20)
    got = recall(patterns, clean(patterns), RecallParams(rule=rule), noise=NoiseParams("flip", 0))
    assert (got.pixel_accuracy, got.exact_fraction) == (1.0, 1.0)
    assert got.overlap.tolist() == [1.0] * 3
    assert got.nearest.tolist() == [0, 1, 2]
    assert (got.probe_pixel_accuracy, got.bound_exact_fraction) == (1.0, 1.0)


@pytest.mark.parametrize("rule", rules_for("grey"))
@pytest.mark.parametrize("channels", [0, 3])
def test_grey_and_colour_come_back_from_gaussian_noise(rule: str, channels: int) -> None:
    patterns = grey(channels=channels, side=12)
    noise = NoiseParams("gaussian", 0.3)
    got = recall(patterns, damage(patterns, noise, seed=0), RecallParams(rule=rule), noise=noise)
    assert got.exact_fraction == 1.0
    assert got.psnr_db is not None and got.probe_psnr_db is not None
    assert got.psnr_db > 35 > 16 > got.probe_psnr_db
    assert got.ssim_mean is not None and 0.97 < got.ssim_mean <= 1.0


@pytest.mark.parametrize("rule", sorted(set(RULES) - set(rules_for("grey"))))
def test_memories_of_black_and_white_refuse_grey_with_the_cure(rule: str) -> None:
    with pytest.raises(ValueError, match=r"black and white pictures only.*use mode binary"):
        recall(grey(), clean(grey()), RecallParams(rule=rule))
    with pytest.raises(ValueError, match="or one of the rules modern, spiking"):
        load_patterns(small(rule, patterns=PatternParams(count=2, mode="grey")))


@pytest.mark.parametrize("rule", RULES)
def test_recall_of_a_batch_equals_recall_of_singles(rule: str) -> None:
    patterns = stored(6, 10)
    noise = NoiseParams("flip", 0.3)
    probes = damage(patterns, noise, seed=0)
    before = probes.values.clone()
    params = RecallParams(rule=rule)
    whole = recall(patterns, probes, params, noise=noise, seed=2)
    for b in (0, 5):
        number = torch.tensor([b])
        one = recall(patterns, probes.rows(slice(b, b + 1)), params, noise=noise, seed=2,
                     targets=number, samples=number)  # fmt: skip
        assert torch.equal(one.recalled[0], whole.recalled[b])
    assert torch.equal(probes.values, before)


@pytest.mark.data
def test_the_example_program_is_worse_than_its_own_input_on_fashion(mnist_root: object) -> None:
    """As measured for it: Fashion 10 at 30 % flips, 67 % of the pixels right, none exact."""
    source = default_source("fashion")
    ask = small(
        "seed-lif",
        dataset="fashion",
        split=source.split,
        patterns=PatternParams(count=10, pick=source.pick),
        noise=NoiseParams("flip", 0.3),
        draws=3,
    )
    got = experiment(ask).result
    assert got.pixel_accuracy == pytest.approx(0.672, abs=0.02)
    assert got.pixel_accuracy < got.probe_pixel_accuracy
    assert got.exact_fraction == 0.0
    assert got.bound_exact_fraction == 1.0


# --- scores


def test_scores_are_those_of_a_calculation_by_hand() -> None:
    wanted = torch.tensor([[1, 1, -1, -1, -1]], dtype=torch.int8)
    answer = torch.tensor([[1, -1, -1, -1, 1]], dtype=torch.int8)
    assert scores.right(answer, wanted, "binary").tolist() == [[True, False, True, True, False]]
    assert scores.overlap(answer, wanted, "binary").item() == pytest.approx(0.2)
    as_levels = scores.overlap((answer + 1) / 2, (wanted + 1) / 2, "grey")
    assert as_levels.item() == pytest.approx(0.2)  # the same number for black and white
    a, w = torch.tensor([[0.5, 0.2, 0.99]]), torch.tensor([[0.5 + 0.9 * TOLERANCE, 0.3, 1.0]])
    assert scores.right(a, w, "grey").tolist() == [[True, False, True]]


def test_psnr_and_ssim_are_those_of_the_metrics_and_capped() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(3, 300, generator=generator), torch.rand(3, 300, generator=generator)
    expected = [metrics.psnr(x, y) for x, y in zip(a.numpy(), b.numpy(), strict=True)]
    assert scores.psnr(b, a).tolist() == pytest.approx(expected, abs=1e-4)
    assert scores.psnr(a, a).tolist() == [scores.CAP_DB] * 3
    colour = scores.ssim(b, a, (10, 10, 3), most=2)
    x, y = (v.numpy().reshape(3, 10, 10, 3)[1] for v in (a, b))
    by_channel = [metrics.ssim(x[..., c], y[..., c]) for c in range(3)]
    assert colour[1] == pytest.approx(np.mean(by_channel), abs=1e-5)
    assert math.isnan(colour[2])


def test_the_ratio_of_many_is_that_of_their_mean_squared_error() -> None:
    wanted = torch.zeros(2, 4)
    answers = torch.tensor([[0.0] * 4, [0.1] * 4])  # squared errors 0 and 0.01
    pooled = scores.pooled(scores.psnr(answers, wanted))
    assert pooled == pytest.approx(-10 * math.log10(0.005), abs=1e-4)
    assert scores.pooled(scores.psnr(wanted, wanted)) == pytest.approx(scores.CAP_DB)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0, 3.0])
def test_no_memory_beats_the_best_possible_grey_levels(sigma: float) -> None:
    """Handwritten digits of 8×8: at σ = 0.3 most are sure, at 3 next to nothing is."""
    noise = NoiseParams("gaussian", sigma)
    patterns = load_patterns(
        small(dataset="digits", patterns=PatternParams(count=100, mode="grey", pick="first"))
    )
    targets = torch.arange(100).repeat(2)
    probes = damage(patterns, noise, targets=targets, seed=0)
    asked = [("modern", beta) for beta in (0.0, 3.0, 1000.0)] + [("spiking", 0.0)]
    for rule, beta in asked:
        params = RecallParams(rule=rule, beta=beta)
        got = recall(patterns, probes, params, noise=noise, targets=targets)
        assert got.psnr is not None and got.bound_psnr_db is not None and got.psnr_db is not None
        for mine, best in ((got.pixels, got.bound_pixels), (got.exact, got.bound_exact)):
            ahead = mine.float() - best.float()
            error = float(ahead.std()) / len(targets) ** 0.5
            assert float(ahead.mean()) <= 3 * error, (rule, beta)
        assert got.psnr_db <= got.bound_psnr_db + 0.3, (rule, beta)  # 200 probes err by that


def test_scores_count_unknown_pixels_as_background() -> None:
    states = -torch.ones(1, 12, dtype=torch.int8)
    patterns = Patterns(states, (3, 4), ("black",))
    values, known = states.float().clone(), torch.ones(1, 12, dtype=torch.bool)
    values[0, :3] = 1.0
    values[0, 11], known[0, 11] = 0.0, False
    got = recall(patterns, Probes(values, known), RecallParams(rule="hebb"))
    assert got.probe_pixel_accuracy == pytest.approx(0.75)
    assert got.background_pixel_accuracy == 1.0


def test_either_of_two_equal_pictures_is_right() -> None:
    one = stored(2, 10)
    patterns = Patterns(torch.cat([one.states, one.states[:1]]), one.shape, ("a", "b", "a again"))
    noise = NoiseParams("flip", 0.2)
    probes = damage(patterns, noise, seed=0)
    for rule in ("modern", "pseudo-inverse", "spiking", "dam"):
        got = recall(patterns, probes, RecallParams(rule=rule), noise=noise)
        assert got.exact.all() and got.bound_exact.all(), rule


@pytest.mark.parametrize("update", ["async", "sync"])
def test_from_a_start_beyond_one_the_energy_falls_from_the_first_update_on(update: str) -> None:
    patterns = random_patterns(40, (20, 20), seed=0)  # 50 of 400 pixels are what Hebb's rule holds
    noise = NoiseParams("gaussian", 1.0)
    targets = torch.arange(40)
    probes = damage(patterns, noise, targets=targets, seed=0)
    params = RecallParams(rule="hebb", update=update, steps=8)
    got = recall(patterns, probes, params, noise=noise, targets=targets)
    falls = got.energy if update == "async" else got.lyapunov
    assert bool((falls[1] > falls[0]).any())  # which holds the start, beyond ±1
    assert float(falls[1:].diff(dim=0).max()) <= 1e-3  # float32 at some hundred


# --- parts


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking", "spiking-attractor"])
def test_answering_in_parts_changes_nothing(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    patterns = stored(7, 8)
    noise = NoiseParams("flip", 0.3)
    probes = damage(patterns, noise, seed=0)
    whole = recall(patterns, probes, RecallParams(rule=rule), noise=noise)
    monkeypatch.setattr(sys.modules[RECALL], "PART", 2 * 64)
    parts = recall(patterns, probes, RecallParams(rule=rule), noise=noise)
    for name in ("recalled", "pixels", "exact", "nearest", "status", "bound_exact", "overlap"):
        assert torch.equal(getattr(whole, name), getattr(parts, name)), name
    assert whole.trace_steps == parts.trace_steps
    torch.testing.assert_close(whole.overlap_trace, parts.overlap_trace)
    torch.testing.assert_close(whole.energy, parts.energy)
    if whole.spikes is not None and parts.spikes is not None:
        assert torch.equal(whole.spikes.decision_step, parts.spikes.decision_step)
        assert len(parts.spikes.decision_step) == 7 and parts.recorded == 2
        assert torch.equal(whole.spikes.membrane[:, :2], parts.spikes.membrane)


# --- asking


def test_an_ask_is_its_digest() -> None:
    own = Picture.of(np.zeros((4, 5), dtype=np.uint8), "mine")
    ask = small(own=(own,))
    assert ask == small(own=(own,)) and hash(ask) == hash(small(own=(own,)))
    assert ask.digest == small(own=(own,)).digest
    dark = Picture.of(np.ones((4, 5), dtype=np.uint8), "mine")
    others = [
        small(),
        small(own=(dark,)),
        small(own=(own,), seed=4),
        small(own=(own,), chosen=(1,)),
        small(own=(own,), drawing=own),
        small("hebb", own=(own,)),
        small(own=(own,), noise=NoiseParams("erase", 0.2)),
    ]
    assert len({ask.digest, *(other.digest for other in others)}) == 8


def test_own_pictures_come_first_and_chosen_ones_in_the_order_of_choice() -> None:
    ramp = np.tile(np.arange(100, dtype=np.uint8), (50, 1))
    patterns = load_patterns(small(own=(Picture.of(ramp, "ramp"),), chosen=(4, 1)))
    icons = load_patterns(small())
    assert patterns.names == ("ramp", icons.names[4], icons.names[1])
    assert torch.equal(patterns.states[1:], icons.states[[4, 1]])
    assert patterns.states[0].reshape(16, 16)[0].tolist() == [-1] * 8 + [1] * 8


def test_a_drawing_is_the_question_itself() -> None:
    patterns = load_patterns(small())
    pixels = ((patterns.states[3].reshape(16, 16).numpy() > 0) * 255).astype(np.uint8)
    pixels[:2] = 255 - pixels[:2]
    answer = experiment(small("spiking", drawing=Picture.of(pixels)))
    assert answer.asked and answer.probes.values.shape == (1, 256)
    assert answer.result.targets.tolist() == [3]
    assert torch.equal(answer.result.recalled[0], patterns.states[3])
    assert any("no right answer" in note for note in answer.notes)


def test_equal_pictures_can_be_left_out() -> None:
    ask = small(chosen=(2, 1, 2), distinct=True)
    assert len(load_patterns(ask).states) == 2


def test_random_patterns_are_a_data_set_too() -> None:
    ask = small("hebb", dataset="random", patterns=PatternParams(count=6, size=20), draws=1)
    answer = experiment(ask)
    assert answer.patterns.states.shape == (6, 400)
    assert answer.result.exact_fraction == 1.0
    with pytest.raises(ValueError, match="random patterns are black and white"):
        load_patterns(dataclasses.replace(
            small(), dataset="random", patterns=PatternParams(count=6, mode="grey")))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draws": 0}, "draws must be in 1..1000, got 0"),
        ({"chosen": (0, 999)}, "chosen must be numbers in 0.."),
        ({"patterns": PatternParams(count=3, offset=5000)}, "offset must be < "),
        ({"dataset": "nosuch"}, "unknown data set 'nosuch'"),
        (
            {"dataset": "random", "patterns": PatternParams(count=100, size=256), "draws": 100},
            "use fewer draws, fewer pictures or a smaller size",
        ),
    ],
)
def test_what_cannot_be_asked_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_patterns(small(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "targets", "message"),
    [
        (torch.zeros(2, 5), None, "probes must be \\[B, 64\\]"),
        (torch.zeros(0, 64), None, "not empty"),
        (torch.full((1, 64), math.nan), None, "probes must be finite"),
        (torch.zeros(2, 64), torch.tensor([0]), "targets must have 2 entries"),
        (torch.zeros(1, 64), torch.tensor([4]), "targets must be in 0..3"),
    ],
)
def test_bad_probes_are_named(
    values: torch.Tensor, targets: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        recall(stored(), Probes(values, torch.ones_like(values, dtype=torch.bool)), targets=targets)


# --- stream and film


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking", "spiking-attractor", "seed-lif"])
def test_the_last_of_a_stream_is_the_answer(rule: str) -> None:
    ask = small(rule)
    snapshots = list(stream(ask, shown=4))
    assert all(s.answer is None for s in snapshots[:-1])
    fractions = [s.fraction for s in snapshots]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    last = snapshots[-1]
    assert last.answer is not None and last.done == last.probes == 10
    whole = experiment(ask)
    assert torch.equal(last.answer.result.recalled, whole.result.recalled)
    assert torch.equal(last.answer.probes.values, whole.probes.values)
    assert ((last.recalled > 0) == (whole.result.recalled[:4].numpy() > 0)).all()
    assert (snapshots[0].recalled == whole.probes.values[:4].numpy()).all()
    assert len(last.overlap) == len(last.answer.result.trace_steps)


def test_the_lights_of_an_answer_are_judged_by_its_own_noise_and_degree() -> None:
    def said(ask: Ask) -> dict[str, str]:
        return {light.name: light.sentence for light in experiment(ask).flight.lights}

    little, much = (said(small(noise=NoiseParams("flip", q))) for q in (0.05, 0.45))
    assert little["distance"] != much["distance"]
    ask = small("dam", recall=RecallParams(rule="dam", degree=5))
    assert "degree 5" in said(ask)["dam"]


def test_a_stream_in_parts_shows_finished_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    at_once = experiment(small("hebb"))
    monkeypatch.setattr(sys.modules[RECALL], "PART", 3 * 256)  # parts of 3, 3, 3 and 1
    snapshots = list(stream(small("hebb"), shown=5))
    assert sorted({s.done for s in snapshots}) == [0, 3, 6, 9, 10]
    answer = snapshots[-1].answer
    assert answer is not None
    early = next(s for s in snapshots if s.done == 3)
    assert (early.recalled[:3] == answer.result.recalled[:3].numpy()).all()
    assert (early.recalled[4] == answer.probes.values[4].numpy()).all()
    whole = [s.fraction for s in snapshots]
    assert whole == sorted(whole)
    assert torch.equal(answer.probes.values, at_once.probes.values)
    assert torch.equal(answer.result.recalled, at_once.result.recalled)


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking", "spiking-attractor", "seed-sync"])
def test_a_film_begins_at_the_probe_and_ends_at_the_answer(rule: str) -> None:
    ask = small(rule)
    answer = experiment(ask)
    frames = film(ask, answer, 7)
    assert (frames[0].pixels == answer.probes.values[7].numpy()).all()
    assert ((frames[-1].pixels > 0) == (answer.result.recalled[7].numpy() > 0)).all()
    assert [f.step for f in frames] == sorted({f.step for f in frames})
    assert frames[-1].overlap == pytest.approx(float(answer.result.overlap[7]), abs=0.25)
    assert frames[0].flips == 0
    assert len(film(ask, answer, 7, count=2)) == 2
    with pytest.raises(ValueError, match=r"which must be in 0\.\.9"):
        film(ask, answer, 10)


def test_the_spike_record_of_any_probe_can_be_had_again() -> None:
    ask = small("spiking")
    answer = experiment(ask)
    trace = spikes_of(ask, answer, 6)
    assert trace is not None and answer.result.spikes is not None
    assert int(trace.decision_step[0]) == int(answer.result.spikes.decision_step[6])
    assert spikes_of(small("hebb"), experiment(small("hebb")), 0) is None


def test_memories_that_go_by_distance_take_wrong_pictures_from_inverted_grey_pixels() -> None:
    for kind, lost in (("gaussian", range(1)), ("flip", range(4, 27))):  # 0 and 9 of 26
        ask = Ask(
            dataset="letters",
            patterns=PatternParams(count=26, size=12, mode="grey", pick="first"),
            noise=NoiseParams(kind, 0.3),
            recall=RecallParams(rule="spiking"),
        )
        r = experiment(ask).result
        assert int((r.nearest != r.targets).sum()) in lost and bool(r.bound_exact.all())
        assert bool(limit("spiking", "grey", kind)) == (kind == "flip")
    assert not limit("spiking", "binary", "flip") and not limit("hebb", "grey", "flip")
    assert "distance" in limit("modern", "rgb", "salt_pepper")


# --- exports


def test_the_archive_holds_pictures_scores_and_settings() -> None:
    own = Picture.of(np.arange(60, dtype=np.uint8).reshape(6, 10), "mine")
    ask = small("spiking", own=(own,))
    answer = experiment(ask)
    with np.load(io.BytesIO(npz(ask, answer)), allow_pickle=False) as held:
        assert held["patterns"].shape == (6, 16, 16)
        assert held["probes"].shape == held["recalled"].shape == held["known"].shape == (12, 16, 16)
        assert (held["own_0"] == own.array()).all()
        assert held["pixel_accuracy"].mean() == pytest.approx(answer.result.pixel_accuracy)
        assert '"rule": "spiking"' in str(held["settings"])


def test_the_table_has_a_line_for_each_probe() -> None:
    answer = experiment(small())
    rows = list(csv.DictReader(io.StringIO(scores_csv(answer))))
    assert [int(row["probe"]) for row in rows] == list(range(10))
    assert rows[7]["picture"] == answer.patterns.names[2]
    assert float(rows[7]["pixel_accuracy"]) == pytest.approx(float(answer.result.pixels[7]))


def test_the_program_to_take_along_finds_the_same_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask = small("spiking", noise=NoiseParams("flip", 0.45))
    text = script(ask, experiment(ask))
    exec(compile(text, "program", "exec"), {})
    assert "the same numbers" in capsys.readouterr().out
    other = text.replace("seed=3", "seed=4")
    with pytest.raises(AssertionError):
        exec(compile(other, "program", "exec"), {})


def test_the_program_runs_from_another_folder_as_its_first_lines_say(tmp_path: Path) -> None:
    own = Picture.of(np.arange(60, dtype=np.uint8).reshape(6, 10), "mine")
    ask = small("dam", own=(own,), drawing=own)
    answer = experiment(ask)
    program = tmp_path / "recall.py"
    program.write_text(script(ask, answer), encoding="utf-8")
    (tmp_path / "recall.npz").write_bytes(npz(ask, answer))
    line = re.search(r"^ {4}(.*python) recall\.py$", program.read_text(encoding="utf-8"), re.M)
    assert line is not None and line[1] == "PYTHONPATH=. .venv/bin/python"
    root = Path(__file__).parents[1]  # the folder of the repository
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, str(program)]
        return subprocess.run(
            words, cwd=root, env=bare | more, capture_output=True, text=True, timeout=120
        )

    done = run(PYTHONPATH=".")
    assert done.returncode == 0 and "the same numbers" in done.stdout, done.stderr
    lost = run()  # Python looks for modules beside the program, not in the current folder
    assert lost.returncode != 0 and len(lost.stderr.splitlines()) == 1
    assert "snncore" in lost.stderr and "first lines" in lost.stderr


def test_the_command_line_names_what_differs_from_the_defaults() -> None:
    ask = small("pseudo-inverse", recall=RecallParams(rule="pseudo-inverse", diagonal=0.5, beta=2))
    assert command(ask) == (
        "python -m snncore recall --dataset icons --count 5 --size 16 --rule pseudo-inverse "
        "--noise flip:0.2 --diagonal 0.5 --draws 2 --seed 3"
    )


def test_the_command_line_names_picked_pictures() -> None:
    ask = small(chosen=(4, 1))
    assert "--dataset icons --pictures 4,1 --size 16 " in command(ask)
    assert "--count" not in command(ask) and not command_lacks(ask)


def test_what_the_command_line_cannot_carry_is_named() -> None:
    own = Picture.of(np.zeros((6, 6), dtype=np.uint8), "mine")
    assert "your own picture." in command_lacks(small(own=(own,)))
    assert "your 2 own pictures and your drawing" in command_lacks(
        small(own=(own, own), drawing=own)
    )
    assert "program" in command_lacks(small(drawing=own))
    assert not command_lacks(small())
