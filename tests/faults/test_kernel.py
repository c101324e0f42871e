"""An exception in a kernel: in the middle of a training, and in a page's own short work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pages.components.trainer import job, kept
from pages.components.trainer.payload import Run
from snncore import experiment
from snncore.experiment import weights_sha256
from snncore.jobs import get_manager
from snncore.kernels import dense, lif, lif_exact, models
from snncore.stdp import TrainParams, train
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, finished, run_until, start, words

Says = Callable[[str], None]
SEED = "4711"  # no other test's
SMALL = {
    "stdp_dataset": "digits",
    "stdp_neurons": "20",
    "stdp_epochs": "30",
    "stdp_limit": "300",
    "stdp_seed": SEED,
}


def trouble(app: object) -> str:
    return " ".join(e.value for kind in (app.error, app.warning) for e in kind)  # type: ignore[attr-defined]


def test_in_the_middle_of_a_training(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel raises in the middle of a training."""
    app = open_page(PAGE, **SMALL)
    real = dense.learn_batch_

    def breaks(*args: object) -> object:
        if any(e.snapshot.seen for e in _kept()):
            raise ZeroDivisionError("inside the kernel")
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(dense, "learn_batch_", breaks)
        start(app)
        run_until(app, lambda: bool(app.error))
    said = trouble(app)
    says(f"{said} … {next(c.value for c in app.caption if 'goes on after' in c.value)}")
    assert "ZeroDivisionError" in said and "inside" not in said and "kept" in said
    assert "goes on after" in words(app)  # nothing that was learnt is lost
    start(app)
    run_until(app, lambda: finished(app))
    (entry,) = _kept()
    assert weights_sha256(entry.snapshot.layers) == _learn(entry.run)


def _kept() -> list[kept.Finished]:
    """This test's run, as far as it came."""
    entries = [entry.answer for entry in tuple(kept._kept._found.values())]
    found = [entry for entry in entries if isinstance(entry, kept.Finished)]
    return [entry for entry in found if str(entry.run.params.seed) == SEED]


def _learn(run: Run) -> str:
    """Weights of the same training without any interruption."""
    data = experiment.load_data(run.dataset, run.limit)
    *_, last = train(data.train_images, run.params, every_s=1e6)
    return weights_sha256(last.layers)


def test_in_a_page_s_own_work(says: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel raises in a page's own short work."""
    app = open_page("pages/1_LIF_Playground.py", lif_current="2.4")

    def breaks(*_: object, **__: object) -> object:
        raise ZeroDivisionError("inside the kernel")

    with monkeypatch.context() as patched:
        patched.setattr(lif, "run_columns", breaks)
        patched.setattr(lif_exact, "run_exact", breaks)
        patched.setattr(models, "run_models", breaks)
        app.get_by_key("lif_tau_m").set_value(33.0).run()
        said = trouble(app)
        says(said)
        assert "ZeroDivisionError" in said and "inside" not in said and not app.exception
    app.run()  # the next look at the same settings
    assert not trouble(app) and not app.exception
    assert app.get_by_key("lif_tau_m").value == 33.0
    assert app.get_by_key("lif_current").value == 2.4


def test_others_train_meanwhile() -> None:
    """After all of this the process's own queue takes the next job."""
    run = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=4712))
    manager = get_manager(job.KIND)
    ticket = manager.submit("someone", run.identity, lambda: job.work(run, None, None))
    view = manager.wait(ticket.id, 60.0)
    assert view is not None and view.state == "done", view
