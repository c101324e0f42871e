"""The trainer page: what it opens with, presets, layers, rules, addresses, a whole run, cancel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.trainer import cost, job, kept, presets, share, source
from pages.components.trainer.controls import TITLES, Chosen, groups
from snncore.cli.train import train
from snncore.cli.train_settings import advised, asked
from snncore.jobs import Progress, Ticket, get_manager
from snncore.stdp import TrainParams
from snncore.stdp.rules import RULES
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, SMALL, finished, run_until, shown, start, words


def command(app: object) -> str:
    """The command that the page offers for the same run."""
    return next(c.value for c in app.code if c.value.startswith("python -m snncore train"))  # type: ignore[attr-defined]


def watch_of(app: AppTest) -> str:
    """The id of the run in the page's address."""
    found = app.query_params["job"]
    return found[0] if isinstance(found, list) else found


def no_work() -> Iterator[Progress]:
    """A job that ends before its first report."""
    return iter(())


def test_it_opens_on_an_untrained_layer_the_estimate_and_its_equation() -> None:
    app = open_page(PAGE)
    said = words(app)
    assert "Before learning" in said and "MB of memory" in said
    assert presets.first().notice in said
    assert not app.get_by_key("stdp_run_start").disabled
    assert any("hat x - w" in e.value for e in app.latex)
    assert not app.error and not app.warning


def test_every_parameter_of_the_engine_has_a_control() -> None:
    placed = [name for names in groups().values() for name in names]
    main = {"layer", "neurons", "filters", "epochs", "rule", "retina", "code", "readout", "seed"}
    assert sorted([*placed, *main]) == sorted(TrainParams.specs())


def test_every_choice_is_spelled_out() -> None:
    for name, spec in TrainParams.specs().items():
        if spec.kind == "choice":
            assert set(TITLES[name]) == set(spec.options), name


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with the bundled digits only: the same pages, quickly, wherever this runs."""
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))


@pytest.mark.usefixtures("no_files")
def test_presets_set_every_control_and_the_command_says_the_same() -> None:
    app = open_page(PAGE)
    for preset in presets.PRESETS:
        app.get_by_key("stdp__preset").set_value(preset.name).run()
        assert not app.exception, app.exception
        assert preset.notice in words(app)
        for name, value in presets.as_learnt(preset).params.to_dict().items():
            assert app.session_state[f"stdp_{name}"] == value, (preset.name, name)
        assert app.get_by_key("stdp_dataset").value == preset.dataset
        assert "--dataset digits" in command(app)  # what Start learns here
    assert "--rule seed" in command(app)
    app.get_by_key("stdp__reset").click().run()
    assert presets.first().notice in words(app)


OWN_FILE = source.Upload(b"", "0" * 64, source.Size(60, 9, 8, 8, 3))


def same_run(dataset: str, params: TrainParams) -> bool:
    """Whether the page's command, read by the command line, means these parameters and data."""
    own = dataset == "FILE.npz"
    preset = presets.Preset("", "digits" if own else dataset, 50, params, "")
    said = share.command(Chosen(preset, OWN_FILE if own else None, "")).split()
    context = train.make_context("train", said[4:])
    given = asked(context, {name: context.params[name] for name in TrainParams.specs()})
    read = context.params["dataset"], context.params["limit"], advised(given, dataset)
    # The size of the other kind of layer is without meaning.
    other = "filters" if params.layer == "dense" else "neurons"
    return read == (dataset, 50, replace(params, **{other: getattr(read[2], other)}))


def test_the_command_means_the_same_run_for_every_data_set_layer_and_preset() -> None:
    for dataset in (*source.SETS, "FILE.npz"):
        for layer, units in (("dense", 100), ("dense", 1600), ("conv", 64), ("conv", 128)):
            usual = presets.recommended(layer, units, dataset)
            elsewhere = presets.recommended(layer, units, "mnist")
            for params in (
                usual,
                elsewhere,
                replace(usual, theta=elsewhere.theta, seed=3),
                replace(usual, rate_last=0.1 / 3),  # many digits
            ):
                assert same_run(dataset, params), (dataset, params)
    for preset in presets.PRESETS:
        assert same_run(preset.dataset, preset.params), preset.name


@pytest.mark.usefixtures("no_files")
def test_a_preset_of_an_absent_data_set_is_learnt_with_values_for_the_bundled_one() -> None:
    for preset in presets.PRESETS:
        here = presets.as_learnt(preset)
        assert here.dataset == "digits"
        size = source.size_of(here.dataset, here.limit, None)
        assert not cost.refusal(here.params, size), preset.name
        # The link asks for what was chosen, with its own values.
        absent = "" if preset.dataset == "digits" else preset.dataset
        link = share.link(Chosen(here, None, absent))
        for key, value in presets.values_of(preset).items():
            name = key.removeprefix("stdp_")
            said = TITLES[name][str(value)] if name in TITLES else value
            opened = presets.values_of(presets.first())[key]
            assert link.get(key, said if value == opened else None) == said, (preset.name, key)


def test_each_rule_shows_its_own_equation() -> None:
    app = open_page(PAGE)
    for key, rule in RULES.items():
        app.get_by_key("stdp_rule").set_value(key).run()
        assert not app.exception, app.exception
        assert any(rule.equation in e.value for e in app.latex), key
        assert rule.label in words(app)


def test_a_convolutional_layer_has_filters_instead_of_neurons_and_its_own_values() -> None:
    app = open_page(PAGE)
    assert "stdp_filter_size" not in [e.key for e in app.number_input] + [e.key for e in app.slider]
    app.get_by_key("stdp_layer").set_value("conv").run()
    assert not app.exception, app.exception
    keys = [e.key for e in [*app.number_input, *app.slider]]
    assert "stdp_filters" in keys and "stdp_filter_size" in keys and "stdp_neurons" not in keys
    usual = presets.recommended("conv", int(app.get_by_key("stdp_filters").value), "digits")
    assert app.session_state["stdp_theta"] == usual.theta
    assert "--layer conv" in command(app)


def test_values_left_as_recommended_follow_the_size_and_those_that_were_set_stay() -> None:
    app = open_page(PAGE)
    app.get_by_key("stdp_neurons").set_value(100).run()
    app.get_by_key("stdp_seed").set_value(7).run()
    for units in (400, 1600, 100):
        app.get_by_key("stdp_neurons").set_value(units).run()
        assert app.session_state["stdp_batch"] == presets.recommended("dense", units).batch
        assert app.session_state["stdp_seed"] == 7
        assert app.session_state["stdp_neurons"] == units
        assert app.session_state["stdp_epochs"] == presets.first().params.epochs  # the preset's own


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"stdp_neurons": "nan", "stdp_epochs": "-5", "stdp_theta": "1e308"}, "must be finite"),
        ({"stdp_rule": "magic", "stdp_dataset": "/etc/passwd"}, "must be one of"),
        ({"stdp_rate_first": "0.001", "stdp_rate_last": "0.9"}, "rate"),
        ({"stdp_neurons": "9" * 400, "stdp_limit": "-1"}, "must be finite"),
    ],
)
def test_an_address_that_asks_for_the_impossible_gets_the_usual_and_a_word(
    query: dict[str, str], complaint: str
) -> None:
    app = open_page(PAGE, **query)
    assert any("This address asks for" in e.value for e in app.warning)
    assert complaint in words(app).replace("\\", "")
    assert not app.get_by_key("stdp_run_start").disabled
    opened = presets.first()
    assert app.get_by_key("stdp_neurons").value == opened.params.neurons
    assert app.session_state["stdp_epochs"] == opened.params.epochs


def test_a_run_too_large_or_too_long_is_refused_with_its_number() -> None:
    app = open_page(
        PAGE, stdp_competition="none", stdp_neurons="6400", stdp_epochs="50", stdp_steps="400"
    )
    refused = [e.value for e in app.warning if "This run" in e.value]
    assert refused and any(unit in refused[0] for unit in (" GB", " min", " h")), words(app)
    start(app)
    assert get_manager().stats().running == 0
    assert sum("This run" in e.value for e in app.warning) == 2  # said again at the button


def test_a_run_on_the_digits_ends_with_a_result_that_its_link_leads_back_to() -> None:
    app = open_page(PAGE, **SMALL, stdp_seed="11")
    start(app)
    run_until(app, lambda: finished(app))
    found = shown(app)
    assert found is not None and found.result is not None
    assert found.result.trained is None  # the weights are kept once, not in every session
    assert found.result.test_accuracy > 0.5  # chance is 0.1
    assert found.pictures is not None and found.n_train == 300
    ticket = app.query_params["job"]
    again = open_page(PAGE, job=ticket[0] if isinstance(ticket, list) else ticket)
    assert finished(again)
    other = next(e.value for e in again.info if "This run: " in e.value)
    assert "digits (300 images), 20 neurons" in other
    assert other.endswith("*Start* computes it.")  # this one has ended: at once


def test_cancel_stops_a_run_and_start_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(PAGE, stdp_epochs="50", stdp_neurons="350", stdp_seed="12")
    start(app)
    run_until(app, lambda: "Learning" in words(app) and " presentations learnt" in words(app))
    run_until(app, lambda: "0 of" not in words(app).split(" presentations learnt")[0][-12:])
    app.get_by_key("stdp_run_cancel").click().run()
    run_until(app, lambda: any("Cancelled" in e.value for e in app.info))
    run_until(app, lambda: get_manager().stats().running == 0)
    assert "goes on after" in words(app)
    # Another visitor, with the same settings, has stopped nothing.
    stranger = open_page(PAGE, stdp_epochs="50", stdp_neurons="350", stdp_seed="12")
    assert "goes on after" not in words(stranger) and "Before learning" in words(stranger)
    # Who has may also want to see the beginning again.
    app.get_by_key("stdp__over").click().run()
    assert "goes on after" not in words(app)
    assert not any(b.key == "stdp__over" for b in app.button)
    # The worker's last snapshot may come after the click: the same run's, it does not count.
    old = kept.get(job.identity_of(get_manager("computation").key_of(watch_of(app)) or ""))
    assert old is not None
    kept.put(old._replace(snapshot=old.snapshot._replace(seen=old.snapshot.seen + 1)))
    app.run()
    assert "goes on after" not in words(app)
    begun: list[object] = []

    def submit(owner: str, *asked: object) -> Ticket:
        begun.append(asked[-1])
        return get_manager("computation").submit(owner, f"ends at once {len(begun)}", no_work, 1)

    monkeypatch.setattr(job, "submit", submit)
    for _ in range(2):  # nothing of the new run is kept yet: it is still wanted from its beginning
        start(app)
        run_until(app, lambda: get_manager("computation").stats().running == 0)
    assert begun == [None, None]


def test_the_run_is_looked_after_from_other_pages() -> None:
    app = open_page(PAGE, stdp_epochs="50", stdp_neurons="1600", stdp_seed="15")
    start(app)
    app.switch_page("pages/1_LIF_Playground.py").run()
    assert not app.exception and "Training under way" in words(app)
    app.switch_page(PAGE).run()
    app.get_by_key("stdp_run_cancel").click().run()
    run_until(app, lambda: get_manager().stats().running == 0)
