"""The Hopfield page: a working example, every memory with every damage, links, missing data."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_cards as cards
from pages.components import hopfield_files as files
from pages.components import hopfield_job as job
from pages.components import hopfield_scores as page_scores
from pages.components.hopfield_kept import Kept, kept, size_of
from pages.components.hopfield_params import SETS, PageParams, suited
from snncore import datasets, jobs
from snncore.cli import main
from snncore.datasets.drawing import write_drawing
from snncore.hopfield.noise import KINDS
from snncore.jobs import JobManager, Limits
from snncore.recall_lab import RULES, Answer, experiment
from tests.pages.opening import open_page

PAGE = "pages/3_Hopfield_Recall.py"
TINY = {"hop_dataset": "icons", "hop_count": "3", "hop_size": "16"}


@pytest.fixture(autouse=True)
def own_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobManager]:
    """A manager of this test's own, and no results from before."""
    manager = JobManager(Limits(max_queue=2), reap_every_s=0)
    monkeypatch.setattr(jobs, "_managers", {**jobs._managers, job.KIND: manager})
    kept.clear()
    yield manager
    manager.close()


def shown(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not app.error, [e.value for e in app.error]
    return app


def opened(**query: str) -> AppTest:
    return shown(open_page(PAGE, **query))


def settled(app: AppTest) -> AppTest:
    """Look again until the job of the page has brought its answer."""
    deadline = time.monotonic() + 60.0
    while "Exact" not in scores(app) and time.monotonic() < deadline:
        time.sleep(0.05)
        app.run()
    return shown(app)


def scores(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def words(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.success, *app.warning, *app.info, *app.error]
    return "\n".join(str(part.value) for part in parts)


def rows(app: AppTest) -> str:
    """The block of HTML with the three rows."""
    found = [h.proto.body for h in app.get("html") if 'class="hop-rows' in h.proto.body]
    assert len(found) == 1
    return str(found[0])


def pictures(app: AppTest) -> list[np.ndarray[Any, Any]]:
    """All pictures of the rows, in their order."""
    import base64

    texts = re.findall(r'src="data:image/png;base64,([^"]+)"', rows(app))
    found = [Image.open(io.BytesIO(base64.b64decode(text))) for text in texts]
    return [np.asarray(image.convert("RGB")) for image in found]


def link(app: AppTest) -> dict[str, list[str]]:
    """What the exact link of the share row carries."""
    url = next(c.value for c in app.code if c.value.startswith(("?", "http")))
    return parse_qs(url.split("?", 1)[1]) if "?" in url else {}


def command(app: AppTest) -> str:
    return str(next(c.value for c in app.code if c.value.startswith("python -m snncore recall")))


def test_opens_on_four_photographs_that_spikes_restore_without_an_error() -> None:
    app = opened()
    found = scores(app)
    assert found["Exact"] == found["Best, exact"] == "4 of 4"
    assert found["Pixels right"] == found["Best possible"] == "100 %"
    assert abs(float(found["Input as it is"].removesuffix(" %")) - 70) < 1
    assert "without one wrong pixel" in app.success[0].value
    shown_pictures = pictures(app)
    assert len(shown_pictures) == 12
    for k in range(4):
        original, corrupted, recalled = shown_pictures[3 * k : 3 * k + 3]
        assert (original == recalled).all()
        assert 0.25 < (original != corrupted).any(axis=2).mean() < 0.35
    assert rows(app).count("✓ exact") == 8  # the answer, and the best possible one
    assert link(app) == {}


def test_hebb_fails_on_icons_and_the_page_says_that_the_network_is_at_fault() -> None:
    app = opened()
    app.pills(key="hop__preset").set_value("Why Hebb fails").run()
    assert shown(app).selectbox(key="hop_rule").value == "hebb"
    good, of = scores(app)["Exact"].split(" of ")
    assert int(good) < int(of) / 2
    assert "restores **all of them**" in app.warning[0].value
    assert "network is at fault" in app.warning[0].value
    assert rows(app).count("best: ✓ exact") == int(of)
    app.button(key="hop__reset").click().run()
    assert shown(app).selectbox(key="hop_rule").value == "spiking"
    assert scores(app)["Exact"] == "4 of 4"


def test_wrong_pixels_are_orange_only_where_they_are_marked() -> None:
    app = opened(**{**TINY, "hop_count": "8"}, hop_rule="hebb")
    marked = pictures(app)
    app.toggle(key="hop_mark").set_value(False).run()
    plain = pictures(shown(app))
    orange = np.array([213, 94, 0])
    seen = [(m == orange).all(axis=2).sum() for m in marked]
    assert sum(seen[2::3]) > 0 and sum(seen[0::3]) == sum(seen[1::3]) == 0
    assert all((p != orange).any(axis=2).all() for p in plain)
    for k in range(8):  # what is marked is what is wrong
        wrong = (plain[3 * k] != plain[3 * k + 2]).any(axis=2).sum()
        assert seen[3 * k + 2] == wrong
    assert link(app)["hop_mark"] == ["false"]


def test_where_the_information_is_gone_the_noise_is_at_fault() -> None:
    app = opened(hop_dataset="digits", hop_share="0.45", hop_rule="modern")
    assert "noise is at fault" in words(app) or "Both are at fault" in words(app)
    assert "restores **all of them**" not in words(app)


def test_every_memory_and_every_damage_on_the_page() -> None:
    app = opened(**TINY)
    pairs = [(rule, "flip") for rule in RULES] + [
        ("hebb", kind) for kind in KINDS if kind != "flip"
    ]
    for rule, kind in pairs:
        app.selectbox(key="hop_rule").set_value(rule)
        app.selectbox(key="hop_kind").set_value(kind).run()
        shown(app)
        assert f"--rule {rule} " in command(app) and f"--noise {kind}:" in command(app)
        assert scores(app)["Exact"].endswith(" of 3")
        assert rows(app).count("<img") == 9
        assert not app.warning or "at fault" in app.warning[0].value, app.warning[0].value


def test_every_memory_meets_every_damage() -> None:
    first = PageParams(dataset="icons", count=3, size=8)
    for rule in RULES:
        for kind in KINDS:
            answer = experiment(dataclasses.replace(first, rule=rule, kind=kind).ask())
            assert answer.result.recalled.shape == (3, 64)
            assert len(cards.cards_of(answer, mark=True)) == 3, (rule, kind)


@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_grey_and_colour_are_stored_by_memories_that_can_and_refused_in_words(mode: str) -> None:
    app = opened(**{**TINY, "hop_dataset": "signs"}, hop_mode=mode, hop_kind="gaussian",
                 hop_sigma="0.2", hop_rule="modern")  # fmt: skip
    assert scores(app)["Exact"] == "3 of 3" and scores(app)["PSNR"] == "perfect"
    assert pictures(app)[0].shape == (16, 16, 3)
    colourful = any((p[..., 0] != p[..., 1]).any() for p in pictures(app)[0::3])
    assert colourful == (mode == "rgb")
    app.selectbox(key="hop_rule").set_value("hebb").run()
    assert "black" in shown(app).warning[0].value.lower()
    assert "PSNR" not in scores(app)
    app.button(key="hop__to_spiking").click().run()
    assert shown(app).selectbox(key="hop_rule").value == "spiking"
    assert float(scores(app)["PSNR"].split()[0]) > 25


def test_unknown_pixels_are_blue_and_said() -> None:
    app = opened(**TINY, hop_kind="crop", hop_share="0.5")
    blue = np.array([0x6B, 0x74, 0x7E])
    given = pictures(app)[1]
    assert (given[8:] == blue).all() and not (given[:8] == blue).all(axis=2).any()
    assert "Grey-blue: unknown" in words(app)


def test_strength_place_and_paint_are_asked_for_where_they_matter() -> None:
    app = opened(**TINY)
    keys = {"share": "flip", "sigma": "gaussian", "place": "crop", "paint": "occlude"}
    for field, kind in keys.items():
        app.selectbox(key="hop_kind").set_value(kind).run()
        drawn = [w.key for w in (*app.slider, *app.number_input, *app.selectbox, *app.button_group)]
        assert f"hop_{field}" in drawn, (field, drawn)
        if field != "share":
            assert ("hop_share" in drawn) == (kind != "gaussian")
    app.selectbox(key="hop_kind").set_value("flip").run()
    drawn = [w.key for w in (*app.selectbox, *app.button_group)]
    assert "hop_place" not in drawn and "hop_paint" not in drawn


def test_another_draw_changes_the_damage_and_the_link() -> None:
    app = opened(**TINY)
    before = pictures(app)
    app.button(key="hop__again").click().run()
    after = pictures(shown(app))
    assert (before[0] == after[0]).all() and (before[1] != after[1]).any()
    assert link(app)["hop_seed"] == ["1"]


def test_a_data_set_comes_with_its_own_size_and_its_title_is_in_the_address() -> None:
    app = opened()
    app.selectbox(key="hop_dataset").set_value("digits").run()
    p = suited("digits")
    assert (p.size, p.count) == (8, 10)
    assert scores(shown(app))["Exact"].endswith(" of 10")
    assert link(app) == {"hop_dataset": ["Digits 8×8"]}
    again = opened(hop_dataset="Digits 8×8")
    assert scores(again) == scores(app)


@pytest.mark.parametrize(
    "query",
    [
        {"hop_share": "nan"}, {"hop_rule": "magic"}, {"hop_count": "-5"}, {"hop_size": "1e400"},
        {"hop_kind": "<b>flip</b>"}, {"hop_dataset": "../../etc/passwd"}, {"hop_look": "99 nobody"},
        {"hop_tab": "Nowhere"}, {"hop_seed": "9" * 400}, {"hop_beta": "inf"}, {"hop_job": "x" * 99},
        {"hop_mode": "purple"}, {"hop_drawn": "b32x32.!!"}, {"hop_picked": "-1"},
    ],
    ids=lambda q: next(iter(q.items()))[0],
)  # fmt: skip
def test_what_does_not_exist_in_the_address_falls_back_with_words(query: dict[str, str]) -> None:
    app = open_page(PAGE, **query)
    assert scores(app)["Exact"] == "4 of 4"
    name = next(iter(query))
    if name.removeprefix("hop_") in PageParams.specs():
        assert "asks for what there is not here" in words(app)
        assert "<b>" not in words(app)


def test_values_that_contradict_each_other_are_said_and_the_page_stands() -> None:
    app = open_page(PAGE, **TINY, hop_time_steps="3")
    assert app.error or scores(app)["Exact"]
    app = open_page(PAGE, hop_dataset="digits", hop_offset="50000")
    assert any("Offset must be" in e.value for e in app.error)


def test_too_much_at_once_is_refused_with_the_cure() -> None:
    app = open_page(PAGE, hop_dataset="digits", hop_count="1700", hop_size="128")
    assert "choose a smaller size" in app.error[0].value
    assert command(app)


def test_missing_data_is_said_and_photographs_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    app = opened(hop_dataset="mnist")
    assert "bundled photographs" in app.warning[0].value and "MNIST" in app.warning[0].value
    assert scores(app)["Exact"] == "4 of 4"
    assert "--dataset skimage" in command(app)
    assert "Three thousand digits" not in app.pills(key="hop__preset").options


def test_names_from_outside_are_shown_as_they_are_and_not_run() -> None:
    from pages.components.hopfield_gallery import Card, _card

    card = Card('<script>"x"', (b"1", b"2", b"3"), "✗ <b>", False, ("looks like <i>",))
    html = _card(card, looked=True)
    assert "<script>" not in html and "<b>" not in html and "<i>" not in html
    assert "&lt;script&gt;&quot;x&quot;" in html


def test_every_data_set_of_the_catalogue_can_be_chosen() -> None:
    assert SETS[:-1] == datasets.NAMES and PageParams.specs()["dataset"].options == SETS


@pytest.mark.parametrize(("share", "text"), [(1.0, "100 %"), (0.0, "0 %"), (0.99997, "99.9 %")])
def test_only_all_right_is_called_100_percent(share: float, text: str) -> None:
    assert page_scores.percent(share) == text


COMMANDS = [
    {"hop_rule": "pseudo-inverse", "hop_diagonal": "0.3"},
    {"hop_rule": "dam", "hop_degree": "4", "hop_update": "async"},
    {"hop_rule": "hebb", "hop_update": "block", "hop_block": "0.5", "hop_temperature": "0.2"},
    {"hop_rule": "spiking", "hop_time_steps": "16", "hop_kind": "occlude", "hop_place": "top",
     "hop_paint": "white"},
    {"hop_rule": "modern", "hop_mode": "grey", "hop_form": "dot", "hop_kind": "gaussian"},
    {"hop_dataset": "random", "hop_count": "5", "hop_draws": "2"},
    {"hop_rule": "spiking-attractor", "hop_time_steps": "40", "hop_couplings": "hebb",
     "hop_cue": "0.4", "hop_rate": "0.6"},
    {"hop_rule": "seed-sync", "hop_kind": "gaussian", "hop_sigma": "3"},
    {"hop_dataset": "letters", "hop_threshold": "otsu", "hop_offset": "4", "hop_pick": "classes"},
]  # fmt: skip


@pytest.mark.parametrize("query", COMMANDS, ids=lambda q: "-".join(q.values()))
def test_the_command_computes_what_the_page_shows(query: dict[str, str]) -> None:
    app = opened(**{**TINY, **query})
    text = command(app)
    assert shlex.split(text)[:3] == ["python", "-m", "snncore"]
    result = CliRunner().invoke(main, [*shlex.split(text)[3:], "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    right = float(scores(app)["Pixels right"].removesuffix(" %"))
    assert right == pytest.approx(100 * report["pixel_accuracy"], abs=0.11)
    again = opened(**{name: value[0] for name, value in link(app).items()})
    assert command(again) == text and scores(again) == scores(app)


def test_files_are_made_from_the_question_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = PageParams(dataset="icons", count=3, size=16).ask()
    made = {item.file_name: item for item in files.downloads(ask)}
    monkeypatch.setattr(files, "answered", experiment)
    with np.load(io.BytesIO(made["recall.npz"].data()), allow_pickle=False) as arrays:  # type: ignore[operator]
        assert arrays["recalled"].shape == (3, 16, 16) and arrays["names"].shape == (3,)
    table = made["recall.csv"].data().decode().splitlines()  # type: ignore[operator]
    assert len(table) == 4 and table[0].startswith("probe,picture,")
    assert Image.open(io.BytesIO(made["recall.png"].data())).size[0] > 3 * 176  # type: ignore[operator]
    compile(made["recall.py"].data(), "recall.py", "exec")  # type: ignore[operator]
    held = [cell.cell_contents for item in made.values() for cell in item.data.__closure__ or ()]  # type: ignore[union-attr]
    assert sum(size_of(value) for value in held) == 0  # no arrays wait in the session


def test_the_link_carries_the_open_tab_and_the_picture_looked_at() -> None:
    app = opened(**TINY)
    third = app.selectbox(key="hop_look").options[2]
    app = opened(**TINY, hop_tab="Equations", hop_look=third)
    assert app.selectbox(key="hop_look").value == third
    assert link(app)["hop_tab"] == ["Equations"] and link(app)["hop_look"] == [third]
    assert len(app.latex) >= 1


def test_kept_answers_stay_within_their_budget() -> None:
    asks = [PageParams(dataset="icons", count=2, size=16, seed=s).ask() for s in range(4)]
    answers = [experiment(ask) for ask in asks]
    size = size_of(answers[0])
    assert size > 4 * 2 * 256  # at least the probes
    held = Kept(budget=2 * size + size // 2)
    for ask, answer in zip(asks[:2], answers[:2], strict=True):
        held.put(ask.digest, answer)
    assert held.get(asks[0].digest) is answers[0]
    held.put(asks[2].digest, answers[2])
    assert held.get(asks[1].digest) is None and held.get(asks[0].digest) is answers[0]
    assert held.held() <= 2 * size + size // 2
    tight = Kept(budget=size - 1)
    with pytest.raises(ValueError, match="choose fewer pictures or a smaller size"):
        tight.put(asks[3].digest, answers[3])
    assert tight.get(asks[3].digest) is None and tight.held() == 0


def test_longer_recalls_run_as_a_job_whose_pictures_arrive(
    monkeypatch: pytest.MonkeyPatch, own_manager: JobManager
) -> None:
    monkeypatch.setattr(job, "SHORT_S", 0.0)
    app = open_page(PAGE, **TINY)
    assert scores(settled(app))["Exact"] == "3 of 3"
    ask = PageParams(dataset="icons", count=3, size=16).ask()
    assert kept.get(ask.digest) is not None
    ticket = own_manager.submit("me", ask.digest, lambda: job.work(ask))
    view = own_manager.get(ticket.id)
    assert ticket.joined and view is not None and view.state == "done"
    live = view.snapshot.payload  # type: ignore[union-attr]
    assert isinstance(live, job.Live) and len(live.cards) == 3
    # What is kept for ten minutes holds no answer, and small pictures only.
    assert not any(isinstance(part, Answer) for part in parts_of(live))
    assert size_of(live) + sum(len(p) for p in parts_of(live) if isinstance(p, bytes)) < 20_000


def parts_of(value: Any) -> Iterator[Any]:
    """The value and all that is within it."""
    yield value
    if isinstance(value, tuple):
        for item in value:
            yield from parts_of(item)


def test_a_job_shows_pictures_on_the_way_and_its_last_are_the_answer() -> None:
    ask = PageParams(dataset="icons", count=3, size=16).ask()
    seen = [p for p in job.work(ask) if p.payload is not None]
    answer = kept.get(ask.digest)
    assert answer is not None
    final = seen[-1].payload
    stored = cards.cards_of(answer, mark=False)
    assert [c.pictures for c in final.cards] == [c.pictures for c in stored]
    assert seen[-1].fraction == 1.0
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)
    assert len(final.overlap) > 1 and final.overlap[-1] > final.overlap[0]


def test_what_takes_minutes_waits_to_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "SHORT_S", 0.0)
    monkeypatch.setattr(job, "MODEST_S", 0.0)
    app = opened(**TINY)
    assert "Press *Recall*" in words(app) and "Exact" not in scores(app)
    app.button(key="hop_start").click().run()
    assert scores(settled(app))["Exact"] == "3 of 3"


def test_nobody_joins_a_recall_of_other_settings_by_its_link(
    monkeypatch: pytest.MonkeyPatch, own_manager: JobManager
) -> None:
    monkeypatch.setattr(job, "SHORT_S", 0.0)
    monkeypatch.setattr(job, "MODEST_S", 0.0)
    other = PageParams(dataset="icons", count=4, size=16).ask()
    ticket = own_manager.submit("somebody", other.digest, lambda: job.work(other))
    view = own_manager.get(ticket.id)
    assert view is not None
    app = opened(**TINY, hop_job=view.watch)
    assert "Press *Recall*" in words(app)
    assert "hop-rows" not in "".join(
        h.proto.body for h in app.get("html") if "<img" in h.proto.body
    )


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_own_pictures_are_stored_before_the_others_and_bad_ones_refused() -> None:
    app = opened(**TINY)
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (100, 1))
    app.file_uploader(key="hop_own_files_0").upload("my ramp.png", png(ramp), "image/png").run()
    assert scores(shown(app))["Exact"].endswith(" of 4")
    assert rows(app).index("my ramp") < rows(app).index("heart")
    first = pictures(app)[0]
    assert (first[:, :6] == 0).all() and (first[:, 10:] == 255).all()  # dark left, bright right
    assert "without one picture of your own" in words(app)  # what the link cannot carry
    assert "leave the server's memory 30 minutes after" in words(app)
    app.file_uploader(key="hop_own_files_1").upload("text.png", b"not a picture", "image/png").run()
    assert not app.exception
    assert any("text" in e.value for e in app.error)
    assert scores(app)["Exact"].endswith(" of 4")
    app.button(key="hop__reset").click().run()
    assert scores(shown(app))["Exact"] == "4 of 4" and "my ramp" not in rows(app)


def test_a_drawing_in_the_link_is_the_question_and_no_answer_is_called_right() -> None:
    drawing = np.zeros((16, 16), dtype=np.uint8)
    drawing[4:12, 4:12] = 255
    app = opened(**TINY, hop_ask=write_drawing(drawing))
    assert rows(app).count("<img") == 3
    assert "Your drawing is the question" in words(app)
    asked = pictures(app)[1]
    assert (asked[..., 0] == drawing).all()
    assert "best:" not in rows(app)
    assert link(app)["hop_ask"] == [write_drawing(drawing)]
