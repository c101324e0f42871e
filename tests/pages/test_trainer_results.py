"""Results of a run on the page: figures, the matrix and its images, fields, comparison, files."""

from __future__ import annotations

import io

import numpy as np
from streamlit.testing.v1 import AppTest

from pages.components.trainer import results_files
from pages.components.trainer.compare_panel import differences
from pages.components.trainer.payload import Run
from snncore.stdp import TrainParams
from tests.pages.opening import chart_data, open_page
from tests.pages.trainer_runs import PAGE, SMALL, finished, run_until, shown, start, words


def ran(**query: str) -> AppTest:
    """The page with a small finished run."""
    app = open_page(PAGE, **{**SMALL, **query})
    start(app)
    run_until(app, lambda: finished(app) and len(app.metric) >= 4)
    return app


def test_a_finished_run_shows_its_figures_its_mistakes_its_fields_and_its_files() -> None:
    app = ran(stdp_seed="41")
    payload = shown(app)
    assert payload is not None and payload.result is not None
    result = payload.result
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["Linear readout"] == f"{result.test_accuracy:.2%}"
    assert metrics["Weighted vote"] == f"{result.weighted_vote_accuracy:.2%}"
    assert metrics["Vote"] == f"{result.vote_accuracy:.2%}"
    assert "What to notice" in words(app)
    tables = [chart_data(app, k) for k in range(len(app.get("vega_lite_chart")))]
    cells = next(table["cells"] for table in tables if "cells" in table)
    assert np.array_equal(cells["images"].to_numpy().reshape(10, 10), result.confusion)
    # The first cell that is shown is the most frequent mistake; another one can be chosen.
    wrong = result.confusion.copy()
    np.fill_diagonal(wrong, 0)
    true, answer = (int(app.get_by_key(f"stdp_res_{k}").value) for k in ("true", "answer"))
    assert wrong[true, answer] == wrong.max()
    app.get_by_key("stdp_res_true").set_value(3)
    app.get_by_key("stdp_res_answer").set_value(3).run()
    count = int(result.confusion[3, 3])
    alt = " ".join(str(image.proto.imgs[0].caption) for image in app.get("image"))
    assert f"{count} image" in alt and "(right)" in alt
    app.get_by_key("stdp_res_by").set_value("vote").run()
    assert not app.exception
    # Closed boxes are not drawn; open, the scores are those of what the matrix shows.
    assert "Precision" not in words(app) and "Fitting the readout" not in words(app)
    app.session_state["stdp_res_scores"] = app.session_state["stdp_res_fit"] = True
    app.run()
    assert f"{result.vote_report.macro[1]:.1%}" in words(app)
    assert "Fitting the readout" in words(app) and result.weights_sha256[:12] in words(app)
    app.get_by_key("stdp_res_by").set_value("readout").run()
    assert f"{result.report.macro[1]:.1%}" in words(app)
    # Its spikes: the player takes this run's network and this test image.
    app.get_by_key("stdp_res_spikes").click().run()
    assert not app.exception
    assert app.get_by_key("stdp_draw_net").value == "run"
    assert app.get_by_key("stdp_draw_kind").value == "test" and "test image" in words(app)

    view = app.session_state["stdp_run_view"]
    files = {f.file_name: f.data for f in results_files.downloads(view)}
    assert {"accuracies.csv", "answers.csv", "confusion.svg", "fields.png"} <= set(files)

    def made(name: str) -> bytes:
        data = files[name]
        return data if isinstance(data, bytes) else data()

    csv = made("answers.csv").decode().splitlines()
    assert csv[0] == "image,readout,vote,true" and len(csv) == payload.n_test + 1
    rows = np.array([line.split(",") for line in csv[1:]], dtype=int)
    assert (rows[:, 1] == rows[:, 3]).mean() == result.test_accuracy
    with np.load(io.BytesIO(made("features.npz"))) as arrays:
        assert arrays["counts"].shape == (payload.n_test, 20)
        assert np.array_equal(arrays["predictions"], result.predictions)

    opened = open_page(PAGE, job=view.watch, stdp_gal="true", stdp_cmp="true")
    said = words(opened)
    assert "What each neuron looks for" in said and "Threshold" in said
    assert "Finished runs of this session" in said  # one run only: nothing to compare with yet


def test_two_runs_are_compared_and_found_again_after_a_reload() -> None:
    app = ran(stdp_seed="42")
    app.get_by_key("stdp_seed").set_value(43)
    start(app)
    run_until(app, lambda: finished(app) and shown(app).run.params.seed == 43)  # type: ignore[union-attr]
    app.run()
    watches = app.query_params["stdp_cmp_runs"]
    assert len(watches) == 2
    again = open_page(PAGE, stdp_cmp="true", stdp_cmp_runs=watches)  # type: ignore[arg-type]
    assert "seed 42" in words(again) and "seed 43" in words(again)


def test_what_differs_between_runs_is_named_and_nothing_else() -> None:
    first = Run("digits", 0, TrainParams(seed=1))
    second = Run("digits", 500, TrainParams(seed=1, neurons=40))
    assert differences([first, second]) == ["images all, neurons 100", "images 500, neurons 40"]
    assert differences([first]) == ["–"]


def test_foreign_watch_ids_in_a_link_are_ignored() -> None:
    app = open_page(PAGE, stdp_cmp_runs="nobody", stdp_gal="true", stdp_gal_unit="99999999")
    assert not app.exception and "Receptive" not in " ".join(e.value for e in app.error)
    assert "stdp_cmp_runs" not in app.query_params
