"""Training of the classifier: at once where it is short, else a job; results kept for everybody.

A training is determined by its parameters and points, so its digest is its name: whoever asks for
the same gets the same computation, and what was computed lately is shown without any. What is
learnt from a visitor's own points is kept in that visitor's session only.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.encoding_classifier_kept import (
    KEY,
    Frame,
    Payload,
    cached_for_all,
    cached_for_session,
    is_own,
    kept,
    remember,
)
from pages.components.inline import inline
from pages.components.job_panel import owner_id
from snncore import classifier
from snncore.classifier import ClassifierParams, Plane, Points, Result
from snncore.jobs import Progress, Rejected, Ticket, get_manager
from snncore.params import digest, integer
from snncore.plots.classifier import Dots

JOB = f"{KEY}_job"  # in the address: the training that is shown
KIND = "classifier"
_TICKET, _VIEW = f"{KEY}_ticket", f"{KEY}_view"  # where the job panel keeps them
_NAMED = f"{KEY}__named"  # in the session: the training that the address stands for
_STARTED = f"{KEY}__started"  # in the session: the trainings that it asked for
SHORT_S = 0.3  # of one core: a training that runs within the move of a slider
MODEST_S = 1.0  # one that starts by itself, as a job
FRAMES = 24  # maps kept of a training, to look back at
MAP = 64  # cells per side of the map that is shown
_BATCH = 32  # points per step of learning
# Seconds of one core, measured on a server with two: per step of learning, per pass, per
# multiplication, per input cell (step x point x field) that a spike is drawn for; and the rest.
_STEP_S, _PASS_S, _PRODUCT_S, _DRAW_S, _REST_S = 4e-4, 1e-3, 8e-10, 1.3e-8, 0.03
_EVALUATIONS = 4096 + 2 * 1024  # points of the maps, besides those of the data


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


def identity_of(params: PageParams, own: str) -> str:
    """The name of a training; `own` is the digest of the visitor's points, "" for generated."""
    return digest("classifier", params, own)


def seconds_of(params: PageParams, points: Points | None) -> float:
    """About how long a training takes one core."""
    n = params.n_points if points is None else len(points.labels)
    outputs = params.n_classes if points is None else len(points.names)
    inputs = 2 if params.code == "raw" else 2 * params.fields
    fan = inputs * params.hidden + params.hidden * outputs if params.hidden else inputs * outputs
    learnt_from = math.ceil(n * (1 - params.test_share))
    seen = params.epochs * learnt_from * params.n_steps
    steps = params.epochs * math.ceil(learnt_from / _BATCH)
    looked = params.n_steps * (3 * n + _EVALUATIONS)
    drawn = (seen + looked / 2) * inputs if params.code == "rate" else 0
    return (
        _REST_S + _STEP_S * steps + _PASS_S * params.epochs + _DRAW_S * drawn
        + _PRODUCT_S * (seen * (fan + 8) + looked * params.hidden)
    )  # fmt: skip


def is_short(params: PageParams, points: Points | None) -> bool:
    """Whether a training may run within a page's run."""
    return seconds_of(params, points) <= SHORT_S


def is_modest(params: PageParams, points: Points | None) -> bool:
    """Whether a job of it may start without being asked for."""
    return seconds_of(params, points) <= MODEST_S


def work(
    identity: str,
    params: PageParams,
    points: Points | None,
    every_s: float = 0.1,
    *,
    live: bool = True,
) -> Iterator[Progress]:
    """The training as a job: a map every `every_s` seconds, and in the end some of them.

    Where it is not `live`, only the end is shown, and what is under way has no payload.
    """
    yield Progress(0.0, "Drawing the points and the first weights")
    frames: list[Frame] = []
    drawn = points or classifier.make_points(params)
    for snapshot in classifier.train(params, points, every_s=every_s):
        if snapshot.scored:
            frames.append(Frame(snapshot.epoch, _small(snapshot.plane)))
        payload = None
        if snapshot.result is not None:
            fine = classifier.decision_map(snapshot.model, MAP)
            payload = Payload(identity, snapshot, fine, _asked(snapshot.result), _spread(frames))
            if live and not is_own(payload):
                kept.put(payload)
        elif live:
            asked = classifier.split(drawn, params).test
            answer = classifier.respond(drawn.points[asked], snapshot.model, asked)
            dots = Dots(drawn.points[asked], drawn.labels[asked], answer.winners, answer.counts)
            payload = Payload(identity, snapshot, snapshot.plane, dots, ())
        done = snapshot.epoch / max(1, snapshot.epochs)
        yield Progress(done, f"Pass {snapshot.epoch:.0f} of {snapshot.epochs}", payload)


def _asked(result: Result) -> Dots:
    test = result.parts.test
    labels = result.points.labels[test]
    return Dots(result.points.points[test], labels, result.test.winners, result.test.counts)


def trained(identity: str, params: PageParams, points: Points | None) -> Payload:
    """The result of a short training, in this run."""
    found = inline(lambda: _last(identity, params, points))
    remember(found)
    return found


def untrained(identity: str, params: PageParams, points: Points | None) -> Payload:
    """The network before learning, on the same points."""
    cached = _untrained_own if params.data == "own" else _untrained
    return inline(lambda: cached(identity, dataclasses.replace(params, epochs=0), points))


@cached_for_all
def _untrained(identity: str, params: PageParams, _points: Points | None) -> Payload:
    return _last(f"{identity} untrained", params, _points)


@cached_for_session
def _untrained_own(identity: str, params: PageParams, _points: Points | None) -> Payload:
    return _last(f"{identity} untrained", params, _points)


def _last(identity: str, params: PageParams, points: Points | None) -> Payload:
    *_, last = work(identity, params, points, math.inf, live=False)
    payload: Payload = last.payload
    return payload


def submit(owner: str, identity: str, params: PageParams, points: Points | None) -> Ticket:
    """Ask for a training; equal ones are computed once."""
    _started().add(identity)
    n = params.n_points if points is None else len(points.labels)
    size = 4 * n * params.n_steps * (2 * params.fields + params.hidden) + (8 << 20)
    return get_manager(KIND).submit(owner, identity, lambda: work(identity, params, points), size)


def settle(identity: str, params: PageParams, points: Points | None, *, start: bool) -> str:
    """Before the job panel: forget what is of other settings; start what is wanted.

    A link's training is joined only if it is the one of these very settings and points: nobody
    sees what another visitor trains on. A modest one starts by itself, unless it was cancelled.
    Returns why it could not be started, or "".
    """
    manager = get_manager(KIND)
    if st.session_state.get(_NAMED, identity) != identity:  # the settings have changed since
        _unname()
    ticket, watch = st.session_state.get(_TICKET), st.query_params.get(JOB)
    view = manager.get(ticket) if ticket else None
    view = view or st.session_state.get(_VIEW)
    if view is not None and view.key != identity and not (view.active and is_mine(view.key)):
        if view.active:  # others started it: this only leaves
            manager.cancel(view.ticket)
        forget()
        view, watch = None, None
    if watch and manager.key_of(watch) not in (None, identity, view and view.key):
        _unname()  # before the job panel joins it
    elif watch and view is None and not start:
        try:
            joined = manager.join(owner_id(), watch)
        except Rejected as reason:
            return str(reason)
        if joined is not None:
            view = manager.get(joined.id)
            st.session_state[_TICKET] = joined.id
    start = start or (view is None and is_modest(params, points))
    if start and (view is None or not view.active):
        forget()
        try:
            st.session_state[_TICKET] = submit(owner_id(), identity, params, points).id
        except (Rejected, ValueError) as reason:
            return str(reason)
    return ""


def _started() -> set[str]:
    found: set[str] = st.session_state.setdefault(_STARTED, set())
    return found


def is_mine(identity: str) -> bool:
    """Whether this session asked for that training."""
    return identity in _started()


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
