"""Training of the classifier: at once where it is short, else a job; results kept for everybody.

A training is determined by its parameters and points, so its digest is its name: whoever asks for
the same gets the same computation, and what was computed lately is shown without any.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.inline import inline
from pages.components.job_panel import owner_id
from snncore import classifier
from snncore.classifier import ClassifierParams, Plane, Points, Snapshot
from snncore.jobs import Progress, Rejected, Ticket, get_manager
from snncore.params import digest, integer
from snncore.plots.classifier import Dots

KEY = "enc_k"
JOB = f"{KEY}_job"  # in the address: the training that is shown
KIND = "classifier"
_TICKET, _VIEW = f"{KEY}_ticket", f"{KEY}_view"  # where the job panel keeps them
_NAMED = f"{KEY}__named"  # in the session: the training that the address stands for
# Multiplications of a training that runs within the move of a slider: about 0.2 s on two cores.
SHORT = 60_000_000
FRAMES = 24  # maps kept of a training, to look back at
_MAP = 64  # cells per side of the map that is shown
_KEPT = 32


@dataclass(frozen=True)
class PageParams(ClassifierParams):
    """As much of the engine's ranges as a server with many visitors can offer."""

    n_points: int = integer(
        200, 20, 2000, "Points in all, to learn from and to test.", step=20, label="Points"
    )
    n_steps: int = integer(25, 5, 100, "Time to decide.", unit="steps", step=5, label="Time T")
    hidden: int = integer(
        0, 0, 64, "Neurons of a hidden layer; 0: the class neurons see the input.", step=4,
        label="Hidden neurons",
    )  # fmt: skip
    epochs: int = integer(40, 0, 200, "Passes over the training points.", step=5, label="Passes")


class Frame(NamedTuple):
    """The map at one moment of learning."""

    epoch: float
    plane: Plane


class Payload(NamedTuple):
    """What there is to show of a training; made once, shared between visitors, never changed."""

    identity: str
    snapshot: Snapshot
    plane: Plane  # the map of the model as it is now, fine in the end
    dots: Dots  # the test points and what the network now takes them for
    frames: tuple[Frame, ...]  # all there are, only in the end


class _Kept:
    """The results of the last trainings, of all visitors."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Payload] = OrderedDict()

    def get(self, identity: str) -> Payload | None:
        with self._lock:
            if identity in self._found:
                self._found.move_to_end(identity)
            return self._found.get(identity)

    def put(self, payload: Payload) -> None:
        with self._lock:
            self._found[payload.identity] = payload
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


kept = _Kept()  # not a Streamlit cache: those cannot be filled from a worker's thread


def identity_of(params: PageParams, own: str) -> str:
    """The name of a training; `own` is the digest of the visitor's points, "" for generated."""
    return digest("classifier", params, own)


def is_short(params: PageParams, points: Points | None) -> bool:
    """Whether a training may run within a page's run."""
    n = params.n_points if points is None else len(points.labels)
    outputs = params.n_classes if points is None else len(points.names)
    inputs = 2 if params.code == "raw" else 2 * params.fields
    fan = inputs * params.hidden + params.hidden * outputs if params.hidden else inputs * outputs
    return n * params.epochs * params.n_steps * (fan + 8) <= SHORT


def work(
    identity: str, params: PageParams, points: Points | None, every_s: float = 0.1
) -> Iterator[Progress]:
    """The training as a job: a map every `every_s` seconds, and in the end some of them."""
    yield Progress(0.0, "Drawing the points and the first weights")
    frames: list[Frame] = []
    drawn = points or classifier.make_points(params)
    asked = classifier.split(drawn, params).test
    for snapshot in classifier.train(params, points, every_s=every_s):
        frames.append(Frame(snapshot.epoch, _small(snapshot.plane)))
        answer = classifier.respond(drawn.points[asked], snapshot.model, asked)
        dots = Dots(drawn.points[asked], drawn.labels[asked], answer.winners, answer.counts)
        payload = Payload(identity, snapshot, snapshot.plane, dots, ())
        if snapshot.result is not None:
            fine = classifier.decision_map(snapshot.model, _MAP)
            payload = Payload(identity, snapshot, fine, dots, _spread(frames))
            kept.put(payload)
        done = snapshot.epoch / max(1, snapshot.epochs)
        yield Progress(done, f"Pass {snapshot.epoch:.0f} of {snapshot.epochs}", payload)


def trained(identity: str, params: PageParams, points: Points | None) -> Payload:
    """The result of a short training, in this run."""
    found = kept.get(identity)
    if found is None:
        found = inline(lambda: _last(identity, params, points))
    return found


def untrained(identity: str, params: PageParams, points: Points | None) -> Payload:
    """The network before learning, on the same points."""
    return inline(lambda: _untrained(identity, dataclasses.replace(params, epochs=0), points))


@st.cache_resource(max_entries=32, ttl=3600, show_spinner=False)
def _untrained(identity: str, params: PageParams, _points: Points | None) -> Payload:
    return _last(f"{identity} untrained", params, _points)


def _last(identity: str, params: PageParams, points: Points | None) -> Payload:
    *_, last = work(identity, params, points, 0.01)
    payload: Payload = last.payload
    return payload


def submit(owner: str, identity: str, params: PageParams, points: Points | None) -> Ticket:
    """Ask for a training; equal ones are computed once."""
    n = params.n_points if points is None else len(points.labels)
    size = 4 * n * params.n_steps * (2 * params.fields + params.hidden) + (8 << 20)
    return get_manager(KIND).submit(owner, identity, lambda: work(identity, params, points), size)


def settle(identity: str, params: PageParams, points: Points | None, *, start: bool) -> str:
    """Before the job panel: forget a job of other settings; start one that a link or preset wants.

    Returns why it could not be started, or "".
    """
    manager = get_manager(KIND)
    if st.session_state.get(_NAMED, identity) != identity:  # the settings have changed since
        _unname()
    ticket, watch = st.session_state.get(_TICKET), st.query_params.get(JOB)
    view = manager.get(ticket) if ticket else None
    view = view or st.session_state.get(_VIEW)
    if view is None and watch and not start:
        try:
            joined = manager.join(owner_id(), watch)
        except Rejected as reason:
            return str(reason)
        view = None if joined is None else manager.get(joined.id)
        if joined is not None:
            st.session_state[_TICKET] = joined.id
        start = joined is None  # the link shows a result that is no longer kept: the same again
    if view is not None and not view.active and view.key != identity:
        forget()
        view = None
    if start and (view is None or not view.active):
        forget()
        try:
            st.session_state[_TICKET] = submit(owner_id(), identity, params, points).id
        except (Rejected, ValueError) as reason:
            return str(reason)
    return ""


def forget() -> None:
    """No job is shown any more, nor named in the address; one under way goes on."""
    for key in (_TICKET, _VIEW):
        st.session_state.pop(key, None)
    _unname()


def name(identity: str, *, short: bool) -> str | None:
    """A result is shown: the address says so, and whoever opens it gets it computed if need be.

    Short ones need no word: they are computed wherever their settings are opened.
    """
    if short:
        _unname()
        return None
    st.session_state[_NAMED] = identity
    if JOB not in st.query_params:
        st.query_params[JOB] = "result"
    return str(st.query_params[JOB])


def _unname() -> None:
    st.session_state.pop(_NAMED, None)
    if JOB in st.query_params:
        del st.query_params[JOB]


def _small(plane: Plane) -> Plane:
    """The same in as few bytes as it can be shown from; 32×32 cells take 4 to 8 kB."""
    top = np.iinfo(np.uint8).max
    return Plane(
        np.minimum(plane.counts, top).astype(np.uint8),
        plane.first[..., :0],
        plane.winners.astype(np.uint8),
        plane.confidence.astype(np.float16),
    )


def _spread(frames: list[Frame]) -> tuple[Frame, ...]:
    """At most `FRAMES`, the first and the last among them, denser at the start of learning."""
    if len(frames) <= FRAMES:
        return tuple(frames)
    share = np.linspace(0, 1, FRAMES) ** 2
    chosen: NDArray[np.int64] = np.unique(np.rint(share * (len(frames) - 1)).astype(np.int64))
    return tuple(frames[i] for i in chosen)
