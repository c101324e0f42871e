"""Files on the trainer page: own images, good and bad; checkpoints to go on from."""

from __future__ import annotations

import io

import numpy as np
import pytest

from pages.components.trainer import kept
from pages.components.trainer.payload import OWN, Run
from pages.components.trainer.source import data_of
from snncore import experiment, trained
from snncore.stdp import TrainParams, train
from tests.pages.opening import open_page
from tests.pages.trainer_runs import (
    PAGE,
    SMALL,
    finished,
    noise,
    npz,
    run_until,
    shown,
    start,
    words,
)

NAN = noise(30).astype(np.float32) / 255.0
NAN[3, 2, 1] = np.nan
THREE = np.arange(30) % 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"not a zip file at all", "npz"),
        (npz(noise(30), np.zeros(30, np.int64)), "2 classes"),
        (npz(NAN, THREE), "got nan"),
    ],
    ids=["empty", "text", "one class", "NaN"],
)
def test_a_file_that_cannot_be_learnt_is_explained_and_the_page_goes_on(
    data: bytes, message: str
) -> None:
    app = open_page(PAGE)
    app.file_uploader(key="stdp_npz").upload("own.npz", data, "application/zip").run()
    assert any("Take it away, or choose another one" in w.value for w in app.warning)
    start(app)  # not the data set that stands in the controls beside it
    assert any("Nothing was started" in w.value for w in app.warning)
    assert "job" not in app.query_params
    assert not app.exception
    assert any(message in e.value for e in app.error), words(app)
    assert not app.get_by_key("stdp_run_start").disabled


@pytest.mark.parametrize(
    ("images", "count"), [(noise(60), 60), (np.zeros((60, 8, 8), np.uint8), 60), (noise(3), 3)],
    ids=["noise", "all black", "three images"],
)  # fmt: skip
def test_strange_images_are_learnt_but_for_those_without_any_light(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], count: int
) -> None:
    app = open_page(PAGE, **{**SMALL, "stdp_limit": "0"}, stdp_seed="13")
    data = npz(images, np.arange(count) % 3, test=min(9, count))
    app.file_uploader(key="stdp_npz").upload("own.npz", data, "application/zip").run()
    if images.max() == 0:  # said at once
        assert any("all be black" in e.value for e in app.error)
        assert not app.success and "FILE.npz" not in " ".join(c.value for c in app.code)
        return
    assert any(f"{count} training" in e.value for e in app.success)
    assert "FILE.npz" in " ".join(c.value for c in app.code)
    start(app)
    run_until(app, lambda: finished(app) or bool(app.error))
    assert not app.error, words(app)
    found = shown(app)
    assert found is not None and found.result is not None
    assert found.n_train == count and found.n_test == len(found.result.predictions) == min(9, count)
    assert "your file, 20 neurons, 1 pass" in found.run.words


def test_a_visitor_without_the_file_does_not_see_its_images() -> None:
    with pytest.raises(ValueError, match="another visitor"):
        data_of(Run(OWN, 0, TrainParams(), "0" * 64), None)


def stopped_run() -> tuple[bytes, trained.SavedRun, str]:
    """A run of three passes that was stopped in its second, and its weights at the end."""
    data = experiment.load_data("digits", 300)
    params = TrainParams(neurons=20, epochs=3, seed=21, feature_steps=30)
    buffer, last = io.BytesIO(), None
    for snapshot in train(data.train_images, params, every_s=0.0):
        if not buffer.tell() and snapshot.seen > 400:
            trained.save(
                buffer, "digits", 300, params, snapshot,
                images_sha256=experiment.images_sha256(data),
            )  # fmt: skip
        last = snapshot
    assert last is not None
    return (
        buffer.getvalue(),
        trained.load(buffer.getvalue()),
        experiment.weights_sha256(last.layers),
    )


def test_a_checkpoint_goes_on_as_if_it_had_never_stopped() -> None:
    data, saved, expected = stopped_run()
    app = open_page(PAGE, stdp_seed="1")
    app.file_uploader(key="stdp_checkpoint").upload("run.safetensors", data, "x/y").run()
    assert not app.exception
    assert any("not finished" in e.value for e in app.success), words(app)
    # The session holds words, no network: what is no longer kept is read again from the upload.
    assert all(isinstance(part, str) for part in app.session_state["stdp__resume"])
    kept.clear()
    app.get_by_key("stdp__use_checkpoint").click().run()
    assert app.session_state["stdp_seed"] == 21 and app.session_state["stdp_limit"] == 300
    assert f"goes on after {saved.snapshot.seen}" in words(app)
    start(app)
    run_until(app, lambda: finished(app))
    found = shown(app)
    assert found is not None and found.result is not None
    assert found.result.weights_sha256 == expected


def test_a_checkpoint_of_other_images_is_refused() -> None:
    data, _, _ = stopped_run()
    app = open_page(PAGE)
    app.file_uploader(key="stdp_checkpoint").upload("run.safetensors", data, "x/y").run()
    app.get_by_key("stdp__use_checkpoint").click().run()
    app.get_by_key("stdp_limit").set_value(299).run()
    start(app)
    run_until(app, lambda: any("learnt other images" in e.value for e in app.error))


@pytest.mark.parametrize("data", [b"", b"no checkpoint", None], ids=["empty", "text", "cut off"])
def test_a_broken_checkpoint_is_refused_in_words(data: bytes | None) -> None:
    data = stopped_run()[0][:-100] if data is None else data
    app = open_page(PAGE)
    app.file_uploader(key="stdp_checkpoint").upload("run.safetensors", data, "x/y").run()
    assert not app.exception
    assert any("cannot be resumed" in e.value for e in app.error)


def test_a_finished_run_goes_on_for_more_passes() -> None:
    app = open_page(PAGE, **SMALL, stdp_seed="22")
    start(app)
    run_until(app, lambda: finished(app))
    app.run()
    app.get_by_key("stdp__more_passes").set_value(2).run()
    app.get_by_key("stdp__continue").click().run()
    run_until(app, lambda: finished(app))
    found = shown(app)
    assert found is not None and found.run.params.epochs == 3 and found.run.resumed
    assert found.seen == 3 * found.n_train
    entry = kept.get(found.run.identity)
    assert entry is not None and entry.trained is not None
