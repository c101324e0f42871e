"""What the tests of the trainer page share: small runs, waiting for them, words on the page."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from pages.components.trainer.job import payload_of
from pages.components.trainer.payload import Payload

PAGE = "pages/4_STDP_MNIST_Trainer.py"
SMALL = {"stdp_neurons": "20", "stdp_epochs": "1", "stdp_limit": "300", "stdp_feature_steps": "30"}


def run_until(app: AppTest, condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Rerun the page until it shows what is waited for."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"the page did not get there in time: {words(app)[:500]}"
        pause.wait(0.1)
        app.run()
        assert not app.exception, app.exception


def words(app: AppTest) -> str:
    """All that is written on the page."""
    kinds = (app.markdown, app.caption, app.error, app.warning, app.info, app.success)
    return " ".join(e.value for kind in kinds for e in kind)


def shown(app: AppTest) -> Payload | None:
    """What the session keeps of a run that has ended."""
    return payload_of(getattr(app.session_state, "stdp_run_view", None))


def finished(app: AppTest) -> bool:
    """Whether the run has ended with a result."""
    found = shown(app)
    return found is not None and found.result is not None


def start(app: AppTest) -> None:
    """Press Start, as soon as the page has seen that nothing runs."""
    run_until(app, lambda: not app.get_by_key("stdp_run_start").disabled)
    app.get_by_key("stdp_run_start").click().run()
    assert not app.exception, app.exception


def npz(
    images: NDArray[np.generic], labels: NDArray[np.int64], test: int = 9, **extra: object
) -> bytes:
    """A file of one's own; the first `test` images are tested on."""
    buffer = io.BytesIO()
    np.savez(
        buffer, x_train=images, y_train=labels, x_test=images[:test], y_test=labels[:test], **extra
    )
    return buffer.getvalue()


def noise(count: int, side: int = 8) -> NDArray[np.uint8]:
    """Images that are different from each other, the same each time."""
    mixed = np.arange(count * side * side, dtype=np.uint32) * np.uint32(2654435761)
    return (mixed >> np.uint32(24)).astype(np.uint8).reshape(count, side, side)
