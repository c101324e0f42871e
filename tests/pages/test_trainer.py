"""The trainer page: preview, a whole run on the bundled digits, cancel, shared runs, bad files."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from snncore import experiment, trained
from snncore.jobs import get_manager
from snncore.stdp import TrainParams
from tests.pages.opening import open_page

PAGE = "pages/4_STDP_MNIST_Trainer.py"


def run_until(app: AppTest, condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Rerun the page until it shows what is waited for."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the page did not get there in time"
        pause.wait(0.1)
        app.run()
        assert not app.exception, app.exception


def words(app: AppTest) -> str:
    return " ".join(e.value for e in [*app.markdown, *app.caption, *app.error, *app.warning])


def test_the_page_opens_on_an_untrained_working_example() -> None:
    app = open_page(PAGE)
    assert "Before learning" in words(app)
    assert not app.get_by_key("stdp_run_start").disabled


def test_a_run_on_the_digits_ends_with_accuracies_and_a_confusion_matrix() -> None:
    app = open_page(PAGE, stdp_epochs="3", stdp_neurons="40", stdp_seed="11")
    app.get_by_key("stdp_run_start").click().run()
    run_until(app, lambda: len(app.metric) >= 4)
    shown = {m.label: m.value for m in app.metric}
    accuracy = float(shown["Readout"].rstrip("%")) / 100
    assert accuracy > 0.7  # chance is 0.1
    assert "Confusion matrix" in words(app)
    ticket = app.query_params["job"]
    again = open_page(PAGE, job=ticket[0] if isinstance(ticket, list) else ticket)
    assert {m.label: m.value for m in again.metric} == shown  # the link leads back to the result


def test_cancel_stops_a_run() -> None:
    app = open_page(PAGE, stdp_epochs="50", stdp_neurons="350", stdp_seed="12")
    app.get_by_key("stdp_run_start").click().run()
    app.get_by_key("stdp_run_cancel").click().run()
    run_until(app, lambda: any("Cancelled" in e.value for e in app.info))
    run_until(app, lambda: get_manager().stats().running == 0)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.npz", b"", "empty"),
        ("text.npz", b"not a zip file at all", "npz"),
    ],
)
def test_a_bad_file_is_explained_and_the_page_goes_on(name: str, data: bytes, message: str) -> None:
    app = open_page(PAGE)
    app.file_uploader(key="stdp_npz").upload(name, data, "application/octet-stream").run()
    assert not app.exception
    assert any(message in e.value for e in app.error)
    assert not app.get_by_key("stdp_run_start").disabled


def test_values_out_of_range_in_a_link_fall_back_to_valid_ones() -> None:
    app = open_page(PAGE, stdp_neurons="nan", stdp_epochs="-5", stdp_theta="1e308")
    assert app.get_by_key("stdp_neurons").value == 100
    assert app.get_by_key("stdp_epochs").value == 10


def test_own_pictures_can_be_trained_on(tmp_path: object) -> None:
    words_ = np.arange(60 * 64, dtype=np.uint32) * np.uint32(2654435761)
    x = (words_ >> np.uint32(24)).astype(np.uint8).reshape(60, 8, 8)
    buffer = io.BytesIO()
    np.savez(buffer, x_train=x, y_train=np.arange(60) % 3, x_test=x[:9], y_test=np.arange(9) % 3)
    app = open_page(PAGE, stdp_epochs="1", stdp_neurons="20", stdp_seed="13")
    app.file_uploader(key="stdp_npz").upload("own.npz", buffer.getvalue(), "application/zip").run()
    assert any("60 training" in e.value for e in app.success)
    app.get_by_key("stdp_run_start").click().run()
    run_until(app, lambda: len(app.metric) >= 4)


def test_a_run_is_described_by_its_own_parameters_not_by_the_controls() -> None:
    app = open_page(PAGE, stdp_epochs="1", stdp_neurons="20", stdp_seed="14")
    app.get_by_key("stdp_run_start").click().run()
    run_until(app, lambda: len(app.metric) >= 4)
    assert not app.info
    app.get_by_key("stdp_retina").set_value("raw").run()
    assert any("This run: 20 neurons, 1 pass, on_off input" in e.value for e in app.info)


def test_the_command_names_the_upload_and_the_values_that_differ() -> None:
    buffer = io.BytesIO()
    x = np.tile(np.arange(64, dtype=np.uint8).reshape(1, 8, 8) * 4, (12, 1, 1))
    y = np.arange(12) % 2
    np.savez(buffer, x_train=x, y_train=y, x_test=x, y_test=y)
    app = open_page(PAGE, stdp_neurons="50")
    app.file_uploader(key="stdp_npz").upload("own.npz", buffer.getvalue(), "application/zip").run()
    commands = [c.value for c in app.code if c.value.startswith("python -m snncore train")]
    assert commands and "--dataset FILE.npz" in commands[0] and "--neurons 50" in commands[0]


def test_an_exported_network_classifies_an_uploaded_picture() -> None:
    images = experiment.load_data("digits")
    params = TrainParams(neurons=30, epochs=4, batch=25)
    last = list(experiment.run(images, params))[-1]
    assert last.result is not None and last.snapshot is not None
    model, png = io.BytesIO(), io.BytesIO()
    trained.save(model, "digits", 1397, params, last.snapshot, last.result.trained)
    zero = images.test_images[int(np.flatnonzero(images.test_labels == 0)[0])]
    Image.fromarray(zero).resize((64, 64)).save(png, "PNG")
    app = open_page(PAGE)
    app.file_uploader(key="stdp_model").upload("n.safetensors", model.getvalue(), "x/y")
    app.file_uploader(key="stdp_picture").upload("0.png", png.getvalue(), "image/png")
    app.run()
    assert not app.exception
    assert "Linear readout: **0**" in words(app)


def test_a_file_that_is_no_network_is_refused_on_the_page() -> None:
    app = open_page(PAGE)
    app.file_uploader(key="stdp_model").upload("n.safetensors", b"not a network", "x/y")
    app.file_uploader(key="stdp_picture").upload("0.png", b"not a picture", "image/png")
    app.run()
    assert not app.exception and any("not a checkpoint" in e.value for e in app.error)


def test_the_run_is_looked_after_from_other_pages() -> None:
    app = open_page(PAGE, stdp_epochs="50", stdp_neurons="1600", stdp_seed="15")
    app.get_by_key("stdp_run_start").click().run()
    app.switch_page("pages/1_LIF_Playground.py").run()
    assert not app.exception and "Training under way" in words(app)
    app.switch_page(PAGE).run()
    app.get_by_key("stdp_run_cancel").click().run()
    run_until(app, lambda: get_manager().stats().running == 0)
