"""`python -m snncore encode`: one JSON object, honest numbers, one line for bad arguments."""

import json
import math
import subprocess
import sys
import wave

import numpy as np
import pytest
import torchvision
from click.testing import CliRunner
from PIL import Image

from snncore import datasets, encoding, metrics
from snncore.cli import download, main
from snncore.cli.encode import read_settings
from snncore.transmission import Channel, scores
from tests.make_data import write_idx

CARRY_SIGNALS = [code.name for code in encoding.CODES.values() if code.kind != "picture"]


def run(*words: str):
    return CliRunner().invoke(main, ["encode", *words])


def report(*words: str) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def refused(*words: str) -> str:
    result = run(*words, "--json")
    assert result.exit_code == 2 and result.stdout == ""
    lines = [line for line in result.stderr.strip().splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in result.stderr
    return lines[0]


def save(folder, pixels: np.ndarray, name: str = "picture.png", **options) -> str:
    file = folder / name
    Image.fromarray(pixels).save(file, **options)
    return str(file)


def save_wav(folder, samples: np.ndarray, rate: int = 8000) -> str:
    file = folder / "sound.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
    return str(file)


# The list


def test_the_list_describes_every_code():
    result = run("--list", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert isinstance(rows, list) and len(rows) >= 20
    assert [row["name"] for row in rows] == list(encoding.CODES)
    for row in rows:
        code = encoding.get_code(row["name"])
        assert row["family"] in encoding.code.FAMILIES and row["reference"] and row["equation"]
        flags = (row["invertible"], row["silent_at_zero"], row["stochastic"])
        assert flags == (code.invertible, code.silent_at_zero, code.stochastic)
        for parameter in row["parameters"]:
            assert {"name", "unit", "range", "default", "help"} <= set(parameter)
            low, high = parameter["range"][0], parameter["range"][-1]
            if not isinstance(low, str):
                assert low <= parameter["default"] <= high
            else:
                assert parameter["default"] in parameter["range"]


def test_the_list_for_people_has_a_line_for_each_code():
    lines = run("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(encoding.CODES)


# Every code on every input


@pytest.mark.parametrize("code", list(encoding.CODES))
def test_every_code_sends_a_picture_and_repeats_itself(code):
    words = ("--code", code, "--image", "camera", "--size", "24", "--steps", "100", "--seed", "1")
    a, b = report(*words), report(*words)
    del a["seconds"], b["seconds"]
    assert a == b
    assert a["spikes"] > 0 and 0 < a["sparsity"] < 1
    assert a["rmse"] > 0 and -1 <= a["ssim"] <= 1 and a["psnr_db"] is not None
    assert {"cv", "fano", "snr_db", "r2", "max_error", "bound", "law_cv", "silent"} <= set(a)
    assert (a["steps"], a["values"], a["kind"]) == (100, 576, encoding.get_code(code).kind)


@pytest.mark.parametrize("code", CARRY_SIGNALS)
def test_every_code_but_those_of_pictures_sends_a_signal(code):
    got = report("--code", code, "--signal", "chirp", "--steps", "300", "--seed", "1")
    assert got["signal"]["n_samples"] == got["steps"] == got["values"] == 300
    assert got["spikes"] > 0 and got["ssim"] is None
    assert ("window" in got) == (encoding.get_code(code).kind == "intensity")


def test_poisson_has_the_irregularity_of_its_law():
    """The command of the issue: some 100 spikes per pixel, thousands of pixels."""
    got = report("--code", "poisson", "--image", "camera", "--size", "64", "--steps", "200",
                 "--seed", "0")  # fmt: skip
    assert got["cv"] == pytest.approx(1, abs=0.03)  # 2 % short: trains end before long intervals
    assert got["fano"] == pytest.approx(1, abs=0.02)
    assert (got["law_cv"], got["law_fano"]) == (1, 1)
    assert got["measured"] > 3000


def test_numbers_are_those_of_the_engine():
    got = report("--dataset", "digits", "--code", "rate", "--steps", "100", "--seed", "3")
    values = datasets.to_float(datasets.load("digits").images[:1])
    channel = Channel("rate", encoding.RateParams(), 100, (8, 8))
    found = scores(channel.send(values, seed=3), channel)
    for name, value in found._asdict().items():
        if math.isfinite(value):
            assert got[name] == pytest.approx(value)
        else:
            assert got[name] is None
    assert got["psnr_db"] == pytest.approx(-20 * np.log10(got["rmse"]))


def test_settings_reach_the_code():
    half = report("--code", "rate", "--set", "gain=0.5", "--count", "50")
    full = report("--code", "rate", "--count", "50")
    assert half["params"] == {"gain": 0.5}
    assert half["spikes"] / full["spikes"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("code", ["poisson", "send_on_delta"])
def test_batches_change_nothing(code, monkeypatch):
    words = ("--count", "30", "--index", "5", "--code", code, "--jitter", "2", "--information")
    whole = report(*words)
    monkeypatch.setattr("snncore.cli.encode._BATCH_CELLS", 7 * 64 * 100)
    parts = report(*words)
    for got in (whole, parts):
        del got["seconds"]
    assert whole.pop("damaged") == pytest.approx(parts.pop("damaged"))
    assert whole.pop("information") == parts.pop("information")
    numbers = [name for name, value in whole.items() if isinstance(value, float)]
    assert {name: whole[name] for name in numbers} == pytest.approx(
        {name: parts[name] for name in numbers}
    )
    assert whole["spikes"] == parts["spikes"]


def test_a_perfect_copy_says_so_instead_of_an_infinite_psnr(tmp_path):
    black = tmp_path / "black.npz"
    pictures, labels = np.zeros((4, 8, 8), dtype=np.uint8), np.array([0, 1, 0, 1])
    np.savez(black, x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)
    got = report("--dataset", str(black))
    assert got["spikes"] == 0 and got["rmse"] == 0
    assert got["psnr_db"] is None and got["snr_db"] is None and got["exact"] is True
    assert report()["exact"] is False


def test_information_damage_and_tuning_are_reported_when_asked_for():
    words = ("--image", "horse", "--size", "32", "--code", "latency")
    plain = report(*words)
    assert not {"information", "damaged", "tuned"} & set(plain)
    got = report(*words, "--information", "--delete", "0.3")
    assert got["spikes"] == plain["spikes"]  # the clean numbers stay in their place
    assert 0.6 < got["damaged"]["spikes"] / got["spikes"] < 0.8
    assert got["damaged"]["rmse"] > got["rmse"]
    assert got["information"]["bits_per_value"] <= got["information"]["entropy_bits"] + 0.02
    tuned = report("--code", "send_on_delta", "--signal", "sine", "--tune", "0.1")
    assert tuned["spikes_per_value"] <= 0.1
    assert tuned["params"]["threshold"] == tuned["tuned"]["setting"]


# Files


def test_a_picture_file_is_shrunk_in_proportion(tmp_path):
    file = save(tmp_path, np.full((40, 80), 128, dtype=np.uint8))
    got = report("--image", file, "--size", "20", "--code", "latency", "--steps", "256")
    assert (got["height"], got["width"], got["values"]) == (10, 20, 200)
    assert got["spikes_per_value"] == 1
    assert got["rmse"] < 0.5 / 255 + 1e-6


def test_pictures_are_shrunk_in_proportion_and_never_enlarged():
    assert datasets.fitted_size(100, 50, 20) == (20, 10)
    assert datasets.fitted_size(8, 8, 64) == (8, 8)
    assert datasets.fitted_size(1000, 1, 10) == (10, 1)


def odd_pictures() -> dict[str, Image.Image]:
    grey = np.tile(np.linspace(0, 255, 16).astype(np.uint8), (16, 1))
    palette = Image.fromarray(grey).convert("P")
    clear = np.dstack([grey, grey, grey, np.tile(np.uint8(0), (16, 16))])
    return {
        "16-bit": Image.fromarray(np.tile(np.linspace(0, 65535, 16).astype(np.uint16), (16, 1))),
        "palette": palette,
        "transparent": Image.fromarray(clear),
        "constant": Image.fromarray(np.full((16, 16), 77, dtype=np.uint8)),
        "1x1": Image.fromarray(np.full((1, 1), 200, dtype=np.uint8)),
        "line": Image.fromarray(np.full((1, 16), 200, dtype=np.uint8)),
    }


@pytest.mark.parametrize("kind", list(odd_pictures()))
@pytest.mark.parametrize("code", ["rate", "retina_latency", "rank_order", "delta", "burst"])
def test_odd_pictures_are_sent_or_refused_in_one_line(code, kind, tmp_path):
    file = tmp_path / "odd.png"
    odd_pictures()[kind].save(file)
    result = run("--image", str(file), "--code", code, "--steps", "50", "--information", "--json")
    if result.exit_code == 0:
        got = json.loads(result.stdout)
        assert got["rmse"] >= 0 and got["values"] == got["height"] * got["width"]
    else:
        assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
        assert code == "retina_latency"  # it needs neighbours; all others take any picture


def test_sixteen_bits_keep_their_upper_eight_and_transparency_is_white(tmp_path):
    for kind, mean in (("16-bit", 0.5), ("transparent", 1.0)):
        file = tmp_path / f"{kind}.png"
        odd_pictures()[kind].save(file)
        assert report("--image", str(file), "--code", "regular", "--steps", "400")[
            "spikes_per_value"
        ] / 400 == pytest.approx(mean, abs=0.01)


def test_a_sound_is_cut_by_start_and_seconds(tmp_path):
    tone = 0.5 * np.sin(np.arange(8000) * 0.05)
    file = save_wav(tmp_path, np.stack([tone, tone], axis=1))
    got = report("--wav", file, "--code", "send_on_delta", "--start", "0.25", "--seconds", "0.1")
    assert (got["rate_hz"], got["start_s"], got["steps"]) == (8000, 0.25, 800)
    assert "2 channels" in got["note"]
    assert got["max_error"] <= got["bound"] + 1e-6
    short = report("--wav", file, "--code", "send_on_delta", "--steps", "100")
    assert short["steps"] == 100


def test_an_hour_of_sound_is_refused_by_its_length_and_a_piece_of_it_read(tmp_path):
    file = tmp_path / "hour.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", ""))
        sound.writeframes(bytes([128]) * (8000 * 3600))
    line = refused("--wav", str(file), "--code", "delta")
    assert "at most 120 s" in line and "--start and --seconds" in line
    got = report("--wav", str(file), "--code", "rate_signal", "--start", "1800", "--seconds", "0.5")
    assert got["steps"] == 4000 and got["snr_db"] is None  # silence has no power


def test_a_column_of_a_table_is_scaled_and_cut(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("t,level\n" + "".join(f"{k},{20 + k % 50}\n" for k in range(400)))
    got = report("--csv", str(file), "--code", "send_on_delta", "--start", "100", "--steps", "200")
    assert (got["column"], got["scale"], got["steps"]) == ("level", [20, 69], 200)
    assert got["spikes"] > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n2\nthree\n", "line 3: the value must be a number"),
        ("", "empty"),
        ("word\n", "no row of numbers follows"),
        ("0.5\n", "at least two"),
        ("1\n\n2\nnan\n", "line 4"),
    ],
)
def test_a_bad_table_is_named_with_its_line(text, message, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    assert message in refused("--csv", str(file), "--code", "delta")


def test_a_constant_signal_is_silent_for_codes_of_change(tmp_path):
    file = tmp_path / "flat.csv"
    file.write_text("3\n" * 100)
    got = report("--csv", str(file), "--code", "send_on_delta")
    assert got["spikes"] == 0 and got["exact"] is True and got["snr_db"] is None


def test_out_and_events_hold_what_was_sent(tmp_path):
    file, table = tmp_path / "spikes.npz", tmp_path / "events.csv"
    got = report("--code", "poisson", "--steps", "20", "--out", str(file), "--events", str(table))
    with np.load(file, allow_pickle=False) as held:
        assert held["spikes"].shape == (20, 1, 64)
        assert held["spikes"].sum() == got["spikes"]
        assert metrics.rmse(held["values"], held["decoded"]) == pytest.approx(got["rmse"])
    assert len(table.read_text().splitlines()) == got["spikes"] + 1


def test_the_script_is_the_program_that_repeats_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ("--code", "gamma", "--steps", "30", "--seed", "4", "--out", "mine.npz")
    report(*words)
    program = run(*words, "--script").stdout
    exec(program, {"__name__": "script"})
    assert capsys.readouterr().out.startswith("same spikes: True\n")


# Bad arguments


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--code", "morse"], "unknown code 'morse'"),
        (["--dataset", "nonsense"], "unknown data set 'nonsense'"),
        (["--steps", "0"], "--steps"),
        (["--steps", "many"], "--steps"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--set", "gain"], "--set takes NAME=VALUE"),
        (["--set", "gain=nan"], "gain must be finite"),
        (["--set", "gain=2"], "gain must be <= 1"),
        (["--set", "theta=1"], "code rate has no parameter 'theta'; it has gain"),
        (["--code", "latency", "--steps", "1"], "--steps must be a whole number >= 2"),
        (["--code", "fade_in", "--steps", "5"], "--steps must be >= 1/threshold"),
        (["--code", "delta", "--dataset", "digits", "--steps", "7"], "--steps must be >= 8"),
        (["--index", "1397"], "--index + --count must be <= 1397"),
        (["--count", "-3"], "--count"),
        (["--image", "/no/such.png"], "cannot read --image /no/such.png"),
        (["--image", "cameraman"], "one of astronaut, camera, coffee, horse"),
        (["--image", __file__], "must be a PNG or JPEG file"),
        (["--image", "camera", "--index", "1"], "--index and --count belong to --dataset"),
        (["--image", "camera", "--signal", "sine"], "give one input only"),
        (["--code", "delta", "--steps", "10"], "--steps must be >= 50 steps, got 10"),
        (["--code", "delta", "--steps", "50000"], "--steps must be <= 20000 steps"),
        (["--code", "delta", "--signal", "wiggle"], "wiggle"),
        (["--code", "delta", "--size", "20"], "--size belongs to --image and --dataset"),
        (["--code", "delta", "--start", "3"], "--start belongs to --wav and --csv"),
        (["--code", "retina_latency", "--signal", "sine"], "encodes pictures, not a signal"),
        (["--signal", "sine", "--window", "500"], "--window must be in 1..400"),
        (["--wav", "/no/such.wav"], "cannot read /no/such.wav"),
        (["--wav", __file__], "must be a WAV file"),
        (["--csv", "/no/such.csv"], "cannot read --csv /no/such.csv"),
        (["--csv", "x.csv", "--start", "0.5"], "--start must be a whole number of rows"),
        (["--jitter", "-1"], "sigma must be in 0..10000"),
        (["--delete", "1.5"], "share must be in 0..1"),
        (["--tune", "0"], "budget must be > 0"),
        (["--code", "latency", "--tune", "1e-9"], "budget must be >= "),
        (["--device", "abacus"], "device must be one of"),
        (["--out", "/no/such/folder/x.npz"], "cannot be written"),
        (["--events", "/no/such/folder/x.csv"], "cannot be written"),
        (["--script"], "give one of them"),
        (["--dataset", "skimage", "--steps", "20000"], "steps × neurons must be <="),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(words, message):
    assert message in refused(*words)


def test_out_refuses_more_than_one_batch(monkeypatch, tmp_path):
    monkeypatch.setattr("snncore.cli.encode._BATCH_CELLS", 7 * 64 * 100)
    assert "one batch" in refused("--count", "30", "--out", str(tmp_path / "x.npz"))


def test_settings_are_read_in_the_types_of_the_parameters():
    params = read_settings(encoding.get_code("delta"), ("threshold=0.25", "off_spikes=no"))
    assert params == encoding.DeltaParams(0.25, padding=True, off_spikes=False)


def test_as_a_program_it_prints_json_only():
    done = subprocess.run(
        [sys.executable, "-m", "snncore", "encode", "--steps", "10", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 1


def test_a_missing_set_is_fetched_first_and_without_network_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [tmp_path.as_uri() + "/none/"])
    assert "mnist could not be downloaded" in refused("--dataset", "mnist")


def test_a_set_that_comes_with_the_first_use_is_then_encoded(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    fetched = []

    def fetch(name):
        fetched.append(name)
        write_idx(tmp_path / "MNIST" / "raw", 3)

    monkeypatch.setattr(download, "fetch", fetch)
    for _ in range(2):
        assert report("--dataset", "mnist", "--steps", "5")["images"] == 1
    assert fetched == ["mnist"]
    report("--image", save(tmp_path, np.full((8, 8), 128, dtype=np.uint8)))
    assert fetched == ["mnist"]  # a picture needs no set
