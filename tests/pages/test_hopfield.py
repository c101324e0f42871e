"""The Hopfield page: a working example, each memory, missing data, uploads, presets."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from urllib.parse import parse_qs

import click.testing
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import hopfield as hop
from snncore import datasets
from snncore.cli import main
from snncore.hopfield import RULES, PatternParams, RecallParams
from tests.pages.opening import open_page

PAGE = "pages/3_Hopfield_Recall.py"


def scores(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def words(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.success, *app.warning, *app.info, *app.error]
    return "\n".join(str(part.value) for part in parts)


def test_opens_on_icons_recalled_by_spikes_without_an_error() -> None:
    app = open_page(PAGE)
    assert scores(app)["Pixels right"] == "100 %"
    assert scores(app)["Without an error"] == "8 of 8"
    assert scores(app)["Best possible"] == "100 %"
    assert scores(app)["Damaged input"].startswith("69") or scores(app)["Damaged input"][:2] == "70"
    assert "without one wrong pixel" in app.success[0].value
    assert "0.138" in words(app)


def test_hebb_fails_on_icons_and_the_page_says_that_the_network_is_at_fault() -> None:
    app = open_page(PAGE)
    app.button(key="hop__preset_Why Hebb fails").click().run()
    assert not app.exception
    assert app.selectbox(key="hop_rule").value == "hebb"
    assert scores(app)["Without an error"] != "8 of 8"
    assert "restores **all of them**" in app.warning[0].value
    assert "network is at fault" in app.warning[0].value
    assert "drift away" in words(app)
    app.button(key="hop__reset").click().run()
    assert app.selectbox(key="hop_rule").value == "spiking"
    assert scores(app)["Without an error"] == "8 of 8"


def test_where_the_information_is_gone_the_noise_is_at_fault() -> None:
    app = open_page(PAGE, hop_dataset="digits", hop_share="0.45", hop_rule="modern", hop_beta="0.1")
    assert "noise is at fault" in words(app) or "Both are at fault" in words(app)
    assert "restores **all of them**" not in words(app)


@pytest.mark.parametrize("name", list(hop.PRESETS))
def test_every_preset_draws_a_page(name: str) -> None:
    app = open_page(PAGE)
    app.button(key=f"hop__preset_{name}").click().run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="hop_dataset").value == hop.PRESETS[name].dataset
    assert app.selectbox(key="hop_rule").value == hop.PRESETS[name].rule


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("tab", ["Step by step", "Spikes", "Equations", "Compare all memories"])
def test_every_memory_shows_its_inside(rule: str, tab: str) -> None:
    app = open_page(PAGE, hop_rule=rule, hop_count="3", hop_size="16", hop_tab=tab)
    assert not app.error
    if tab == "Equations":
        assert len(app.latex) >= 1
    if tab == "Spikes" and rule == "spiking":
        assert 1 <= int(scores(app)["Decision at step"]) <= 32


def test_comparison_has_all_memories_the_bound_and_the_baselines() -> None:
    app = open_page(PAGE, hop_tab="Compare all memories", hop_share="0.1")
    table = app.dataframe[0].value
    assert set(RULES) < set(table["memory"])
    assert {"best possible", "damaged input as it is", "one blank picture"} < set(table["memory"])
    by_name = table.set_index("memory")["exact"]
    assert by_name["spiking"] == by_name["best possible"] == 100
    assert by_name["hebb"] < 50


def test_another_draw_changes_the_damage() -> None:
    app = open_page(PAGE)
    before = scores(app)["Damaged input"], app.number_input(key="hop_seed").value
    app.button(key="hop_again").click().run()
    assert app.number_input(key="hop_seed").value == before[1] + 1
    assert not app.exception


def test_gaussian_noise_has_a_strength_of_its_own() -> None:
    app = open_page(PAGE, hop_kind="gaussian", hop_sigma="2.0")
    assert app.slider(key="hop_sigma").value == 2.0
    assert "gaussian:2" in "\n".join(c.value for c in app.code)


def test_missing_data_is_said_and_icons_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    app = open_page(PAGE, hop_dataset="mnist")
    assert "bundled icons" in app.warning[0].value
    assert "mnist" in app.warning[0].value.lower()
    assert scores(app)["Without an error"] == "8 of 8"
    assert "--dataset icons" in "\n".join(c.value for c in app.code)


@pytest.mark.data
def test_mnist_is_recalled_where_it_is_present(mnist_root: object) -> None:
    app = open_page(PAGE, hop_dataset="mnist", hop_count="10")
    assert scores(app)["Without an error"] == "10 of 10"


def test_own_pictures_are_stored_beside_the_others_and_bad_ones_refused() -> None:
    app = open_page(PAGE, hop_count="3")
    buffer = io.BytesIO()
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (80, 1))
    Image.fromarray(ramp).save(buffer, "PNG")
    app.file_uploader(key="hop_own").upload("mine.png", buffer.getvalue(), "image/png").run()
    assert not app.exception
    assert scores(app)["Without an error"] == "4 of 4"
    assert "yours 1" in words(app)
    app = open_page(PAGE, hop_count="3")
    app.file_uploader(key="hop_own").upload("text.png", b"not a picture", "image/png").run()
    assert not app.exception
    assert r"text\.png: " in app.error[0].value
    assert scores(app)["Without an error"] == "3 of 3"


def test_values_that_do_not_exist_in_the_address_fall_back() -> None:
    app = open_page(PAGE, hop_share="nan", hop_rule="magic", hop_count="-5")
    assert scores(app)["Without an error"] == "8 of 8"


def test_the_command_repeats_what_the_page_computes() -> None:
    p = hop.PageParams(dataset="signs", rule="pseudo-inverse", diagonal=0.3, kind="erase")
    assert p.command() == (
        "python -m snncore recall --dataset signs --count 8 --rule pseudo-inverse "
        "--noise erase:0.3 --diagonal 0.3 --seed 0"
    )


def test_exports_hold_the_pictures() -> None:
    from pages.components import hopfield_views as views

    answer = hop.run(hop.PageParams(count=3, size=16), ())
    with np.load(io.BytesIO(hop.npz(answer)), allow_pickle=False) as arrays:
        assert arrays["recalled"].shape == (3, 16, 16)
        assert arrays["names"].shape == (3,)
    assert Image.open(io.BytesIO(views.sheet(answer))).size[0] > 3 * 176


def test_every_data_set_of_the_catalogue_can_be_chosen() -> None:
    assert hop.PageParams.specs()["dataset"].options == datasets.NAMES


@pytest.mark.parametrize(("share", "text"), [(1.0, "100 %"), (0.0, "0 %"), (0.99997, "99.9 %")])
def test_only_all_right_is_called_100_percent(share: float, text: str) -> None:
    from pages.components import hopfield_views as views

    assert views.percent(share) == text


CHOICES = [
    (name, option)
    for name, spec in hop.PageParams.specs().items()
    for option in spec.options
    if spec.kind == "choice"
]
NEEDS = {"update": {"rule": "hebb"}}  # a choice that only another choice puts on the page


def command_line(command: str, *more: str) -> click.testing.Result:
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "snncore"]
    return CliRunner().invoke(main, [*words[3:], *more])


@pytest.mark.parametrize(("name", "option"), CHOICES)
def test_every_choice_draws_a_page_whose_command_the_terminal_takes(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))  # the large sets are missing
    small = {"hop_count": "3", "hop_size": "16"}
    needed = {f"hop_{k}": v for k, v in NEEDS.get(name, {}).items()}
    app = open_page(PAGE, **small, **needed, **{f"hop_{name}": option})
    assert not app.error
    command = next(c.value for c in app.code if c.value.startswith("python -m snncore recall"))
    missing = name == "dataset" and option not in ("digits", "skimage", "icons", "signs")
    spelled = "icons" if missing else option
    default = getattr(RecallParams() if name == "update" else PatternParams(), name, None)
    assert (spelled in command) == (option != default), command
    result = command_line(command, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    shown = float(scores(app)["Pixels right"].removesuffix(" %"))
    assert shown == pytest.approx(100 * report["pixel_accuracy"], abs=0.06)


def test_every_control_of_every_memory_is_in_the_command() -> None:
    for rule, names in hop.RULE_CONTROLS.items():
        other = {"update": "async", "steps": 7, "diagonal": 0.3, "beta": 0.1}
        other |= {"time_steps": 20, "rate": 0.25}
        p = hop.PageParams.from_dict({"rule": rule, "threshold": "otsu", "size": 16, **other})
        for name in ("threshold", "size", *names):
            assert f"--{name.replace('_', '-')} {getattr(p, name)}" in p.command()
        assert command_line(p.command(), "--json").exit_code == 0


def link(app: AppTest) -> str:
    """The exact link of the share row."""
    return next(c.value for c in app.code if c.value.startswith(("?", "http")))


def test_the_link_carries_the_open_tab_and_the_picture_looked_at() -> None:
    app = open_page(PAGE)
    assert "hop_tab" not in link(app) and "hop_look" not in link(app)
    third = app.selectbox(key="hop_look").options[2]
    app = open_page(PAGE, hop_tab="Spikes", hop_look=third)
    assert app.selectbox(key="hop_look").value == third
    carried = parse_qs(link(app).split("?", 1)[1])
    assert carried == {"hop_tab": ["Spikes"], "hop_look": [third]}
    assert "hop_look" not in link(open_page(PAGE, hop_tab="Equations"))


class _File:
    """An upload that counts how often it is read."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.file_id, self.content, self.reads = name, name, content, 0

    def getvalue(self) -> bytes:
        self.reads += 1
        return self.content


def test_uploads_are_read_once_and_no_more_than_eight() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.eye(80, dtype=np.uint8) * 255).save(buffer, "PNG")
    files = [_File("a_*b*_[x](y).png", b"not a picture")]
    files += [_File(f"{k}.png", buffer.getvalue()) for k in range(9)]
    first = hop.read_uploads(files)
    assert first == hop.read_uploads(files)
    assert len(first.pictures) == hop.MAX_OWN - 1 and len(first.pictures[0]) == 64 * 64
    assert [f.reads for f in files] == [1] * hop.MAX_OWN + [0] * 2
    assert first.refused[0].startswith(r"a\_\*b\*\_\[x\]\(y\)\.png: ")


def test_too_many_uploads_are_said() -> None:
    app = open_page(PAGE, hop_count="3", hop_size="16")
    buffer = io.BytesIO()
    Image.fromarray(np.eye(80, dtype=np.uint8) * 255).save(buffer, "PNG")
    many = [(f"{k}.png", buffer.getvalue(), "image/png") for k in range(9)]
    app.file_uploader(key="hop_own").set_value(many).run()
    assert not app.exception
    assert any("Only the first 8 are used" in w.value for w in app.warning)
    assert scores(app)["Without an error"].endswith(" of 11")
