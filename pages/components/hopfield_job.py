"""Recall on the page: at once where it is short, else a job whose pictures come in as it settles.

A recall is determined by its question, so the digest of that is its name: whoever asks the same
gets the same computation, and what was computed lately is shown without any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.hopfield_cards import MOST, Look, live_card
from pages.components.hopfield_cost import estimate_seconds, size_of
from pages.components.hopfield_gallery import Card
from pages.components.hopfield_kept import kept
from pages.components.hopfield_params import KEY
from pages.components.job_panel import owner_id
from snncore.hopfield import Patterns
from snncore.jobs import JobView, Progress, Rejected, Ticket, get_manager
from snncore.recall_lab import Answer, Ask, load_patterns, stream
from snncore.recall_lab.session import Questions

JOB = f"{KEY}_job"  # in the address: the recall that is shown
KIND = "recall"
_TICKET, _VIEW = f"{KEY}_ticket", f"{KEY}_view"  # where the job panel keeps them
SHORT_S = 0.3  # of one core: a recall that runs within the move of a slider
MODEST_S = 8.0  # one that starts by itself, as a job
EVERY_S = 0.2  # between two sets of pictures of a job


class Live(NamedTuple):
    """What a recall under way shows; made once in the worker's thread, never changed."""

    identity: str
    cards: tuple[Card, ...]
    shape: tuple[int, int]
    overlap: NDArray[np.float32]  # mean over the pictures, one value a step so far


def work(ask: Ask) -> Iterator[Progress]:
    """The recall as a job: pictures so far, a few times a second."""
    identity = ask.digest
    yield Progress(0.0, "Storing the pictures")
    patterns = load_patterns(ask)
    rows = _Rows(ask, patterns)
    shown_at = 0.0
    for at in stream(ask, shown=MOST, patterns=patterns):
        if at.answer is not None:
            kept.put(identity, at.answer)
        words = f"Step {at.step} of {at.of}"
        if at.probes > MOST:
            words += f", {at.done:,} of {at.probes:,} pictures"
        payload = None
        if at.answer is not None or time.monotonic() - shown_at > EVERY_S:
            payload = Live(identity, rows.cards(at.recalled), patterns.shape, at.overlap)
            shown_at = time.monotonic()
        yield Progress(at.fraction, words, payload)


class _Rows:
    """The first columns of the gallery; originals and questions become pictures once."""

    def __init__(self, ask: Ask, patterns: Patterns) -> None:
        questions = Questions(ask, patterns)
        count = min(MOST, len(questions.targets))
        asked = questions.part(0, count)
        targets = questions.targets[:count].numpy()
        self._look = Look(patterns.shape, patterns.mode)
        self._names = [patterns.names[k] for k in targets.tolist()]
        self._wanted = patterns.states.numpy()[targets]
        given, known = asked.values.numpy(), asked.known.numpy()
        self._fixed = [
            (self._look.png(wanted), self._look.png(given[k], known=known[k]))
            for k, wanted in enumerate(self._wanted)
        ]

    def cards(self, now: NDArray[np.float32]) -> tuple[Card, ...]:
        """The columns with the answers so far [V, N]."""
        return tuple(
            live_card(
                self._names[k],
                (*self._fixed[k], self._look.png(now[k])),
                self._wanted[k],
                now[k],
                self._look.mode,
            )
            for k in range(len(self._fixed))
        )


def is_short(ask: Ask) -> bool:
    """Whether it may run within a page's run."""
    return estimate_seconds(ask) <= SHORT_S


def answered(ask: Ask) -> Answer:
    """The result, computed now unless it is kept."""
    identity = ask.digest
    found = kept.get(identity)
    if found is None:
        # With a viewer: the curve of all pictures needs some moments between start and end.
        *_, last = stream(ask, shown=1)
        if last.answer is None:
            raise RuntimeError("a recall ended without its answer")
        found = last.answer
        kept.put(identity, found)
    return found


def submit(owner: str, ask: Ask) -> Ticket:
    """Ask for a recall; equal ones are computed once, unless the answer is no longer kept.

    A job that is done holds no answer, and the manager would give it out for minutes: who finds it
    without its answer takes the next turn, a job of another name, which the others find too.
    """
    manager, size = get_manager(KIND), size_of(ask)
    held = 24 * size.probes * size.pixels + 12 * size.patterns * (size.pixels + size.probes)
    for turn in count():
        key = f"{ask.digest}.{turn}" if turn else ask.digest
        ticket = manager.submit(owner, key, lambda: work(ask), held + (16 << 20))
        if not _lost(manager.get(ticket.id)):
            break
    return ticket


def identity_of(key: str) -> str:
    """Digest of the question that a job of this name answers."""
    return key.partition(".")[0]


def is_again(view: JobView) -> bool:
    """Whether the job computes what was computed lately and is no longer kept."""
    return identity_of(view.key) != view.key


def _lost(view: JobView | None) -> bool:
    """Whether the job has ended and its answer is not kept any more."""
    if view is None or view.state != "done":
        return False
    return kept.get(identity_of(view.key)) is None


def settle(ask: Ask, *, start: bool = False) -> str:
    """Before the job panel: forget what is of other settings; start what is wanted.

    A link's recall is joined only if it is the one of these very settings and pictures: nobody
    sees what another visitor uploaded. Returns why nothing was started or shown, or "".
    """
    identity, manager = ask.digest, get_manager(KIND)
    ticket, watch = st.session_state.get(_TICKET), st.query_params.get(JOB)
    view: JobView | None = manager.get(ticket) if ticket else None
    view = view or st.session_state.get(_VIEW)
    if view is not None and identity_of(view.key) != identity:
        if view.active:  # others who watch it keep it
            manager.cancel(view.ticket)
        forget()
        view, watch = None, None
    watched = manager.key_of(watch) if watch else None
    if watched is not None and identity_of(watched) != identity:
        _unname()  # before the job panel joins it
    elif watch and watched is not None and view is None:
        try:
            joined = manager.join(owner_id(), watch)
        except Rejected as reason:
            return str(reason)
        if joined is not None:
            st.session_state[_TICKET] = joined.id
            view = manager.get(joined.id)
    lost = _lost(view)
    if lost:
        forget()
        view = None
    start = start or (view is None and estimate_seconds(ask) <= MODEST_S)
    if start and (view is None or not view.active):
        forget()
        try:
            st.session_state[_TICKET] = submit(owner_id(), ask).id
        except (Rejected, ValueError) as reason:
            return str(reason)
    elif lost:
        return "The answer of this recall is no longer kept here: *Recall* computes it again."
    return ""


def forget() -> None:
    """No job is shown any more, nor named in the address."""
    for key in (_TICKET, _VIEW):
        st.session_state.pop(key, None)
    _unname()


def leave(ask: Ask) -> None:
    """The page shows the answer to `ask`: a job of earlier settings is given back."""
    ticket = st.session_state.get(_TICKET)
    view = get_manager(KIND).get(ticket) if ticket else None
    if view is not None and identity_of(view.key) == ask.digest:
        return
    if view is not None and view.active:
        get_manager(KIND).cancel(view.ticket)
    forget()


def _unname() -> None:
    if JOB in st.query_params:
        del st.query_params[JOB]
