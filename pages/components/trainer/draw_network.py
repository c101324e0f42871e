"""Which network classifies the visitor's picture: the bundled one, this page's run, or a file."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import streamlit as st

from pages.components.sections import computed
from pages.components.trainer import kept
from pages.components.trainer.job import payload_of
from pages.components.trainer.payload import OWN, Run
from snncore import models
from snncore.datasets.files import check_upload
from snncore.jobs import JobView
from snncore.stdp import TrainParams
from snncore.trained import SavedRun, Trained

NET = "stdp_draw_net"
NET_FILE = "stdp_draw_file"
_READ = "stdp__draw_file"
BUNDLED, RUN, FILE = "bundled", "run", "file"
_NAMES = {BUNDLED: "Bundled", RUN: "This run", FILE: "From a file"}
_BUNDLED_MODEL = models.NAMES[0]


class Network(NamedTuple):
    """A network that can classify, and where it comes from."""

    identity: str
    words: str
    trained: Trained
    run: Run  # whose test images it can be shown


def network(view: JobView | None) -> Network | None:
    """Draw the choice; the chosen network, or None with the reason on the page."""
    options = [BUNDLED, RUN, FILE] if _run_of(view) is not None else [BUNDLED, FILE]
    if st.session_state.get(NET) not in options:
        wanted = st.query_params.get(NET, BUNDLED)
        st.session_state[NET] = wanted if wanted in options else BUNDLED
    chosen = st.segmented_control(
        "Network", options, format_func=_NAMES.__getitem__, key=NET, required=True,
        help="The bundled network learnt MNIST with this page's own rule. After a run you can ask "
        "the network that you have just trained, or one from a file.",
    )  # fmt: skip
    if chosen == RUN:
        return _of_run(view)
    if chosen == FILE:
        return _of_file()
    return computed(bundled)


def bundled() -> Network:
    """The network that comes with this project."""
    saved = models.load(_BUNDLED_MODEL)
    if saved.trained is None:
        raise ValueError(f"the bundled network {_BUNDLED_MODEL} has no readout")
    accuracy = saved.figures.get("test_accuracy")
    measured = "" if accuracy is None else f", {accuracy:.1%} of MNIST's test images right"
    return Network(
        f"bundled {_BUNDLED_MODEL}",
        f"{_size(saved.params)}, trained on {saved.n_images:,} MNIST images{measured}",
        saved.trained,
        Run(saved.dataset, 0, saved.params),
    )


def _size(params: TrainParams) -> str:
    if params.layer == "conv":
        second = f" + {params.filters_2}" if params.filters_2 else ""
        return f"{params.filters}{second} filters of {params.filter_size}×{params.filter_size}"
    return f"{params.neurons} neurons"


def _run_of(view: JobView | None) -> Run | None:
    """The finished run that the page shows."""
    payload = payload_of(view)
    return None if payload is None or payload.result is None else payload.run


def _of_run(view: JobView | None) -> Network | None:
    run = _run_of(view)
    found = None if run is None else kept.get(run.identity)
    if run is None or found is None or found.trained is None:
        st.info(
            "The network of this run is no longer kept on the server. Press *Start* to train it "
            "again: equal settings give the same network.",
            icon=":material/info:",
        )
        return None
    return Network(run.identity, run.words, found.trained, run)


def _of_file() -> Network | None:
    file: Any = st.file_uploader(
        "Network (.safetensors, at most 64 MB)",
        type=[".safetensors"],
        key=NET_FILE,
        help="From this page's Export, or `python -m snncore train --out FILE`. Nothing in the "
        "file is executed.",
    )
    if file is None:
        st.caption("Choose a file that this page or the command line has written.")
        return None
    known = st.session_state.get(_READ)
    if known is None or known[0] != file.file_id:
        known = (file.file_id, *_read(file))
        st.session_state[_READ] = known
    _, digest, words = known
    if words:
        st.error(words)
        return None
    return _network_in(kept.from_file(digest, file.getvalue), digest)


def _read(file: Any) -> tuple[str, str]:
    """Digest of a file and what is wrong with it, "" if nothing; the network is in `kept`."""
    try:
        check_upload("checkpoint", file.size)
        digest = hashlib.sha256(file.getvalue()).hexdigest()[:32]
        saved = kept.from_file(digest, file.getvalue)
    except ValueError as error:
        return "", f"This file cannot be used: {error}."
    if saved.trained is None:
        return "", (
            "This file holds an unfinished run, which cannot classify yet. "
            "Resume it on this page or with `python -m snncore train --resume`."
        )
    return digest, ""


def _network_in(saved: SavedRun, digest: str) -> Network | None:
    if saved.trained is None:
        return None
    named = saved.dataset if saved.dataset in ("digits", "mnist", "fashion", "gtsrb") else OWN
    return Network(
        f"file {digest}",
        f"{_size(saved.params)} from your file",
        saved.trained,
        Run(named, 0, saved.params, upload_sha="" if named != OWN else "unknown"),
    )
