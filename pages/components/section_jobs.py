"""Work of the sections below a page: quick work from a cache, longer work as a job with a button.

Whatever is shown carries the identity of what it is of, so that a section never shows the result of
another setting, or of another visitor, as its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import streamlit as st

from pages.components.job_panel import job_panel
from pages.components.sections import computed, hint
from snncore.jobs import Progress, Ticket, get_manager


class Payload(NamedTuple):
    """What a job shows, and the identity of what it is of."""

    identity: str
    found: Any


Work = Callable[[], Iterator[Progress]]


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False)
def _now(identity: str, _work: Work) -> Any:
    """The last payload of work that takes no time."""
    *_, last = _work()
    return last.payload


def at_once(identity: str, work: Work) -> Any:
    """The result of quick work, from the cache or computed now; None where it is refused."""
    return computed(lambda: _now(identity, work))


def job(
    key: str,
    label: str,
    identity: str,
    work: Work,
    draw: Callable[[Any, bool], None],
    n_bytes: int,
) -> Any:
    """Longer work as a job with a button; its result once it is there, else None.

    Args:
        work: yields `Progress` whose payload is what `draw` shows. The payload says by itself what
            it is of: the page may have moved on when it is drawn.
        draw: takes a payload, and whether it is of what the page shows now. The session keeps it:
            it must hold no spikes.
    """
    asked: set[str] = st.session_state.setdefault(f"{key}_asked", set())

    def start() -> Iterator[Progress]:
        for progress in work():
            payload = None if progress.payload is None else Payload(identity, progress.payload)
            yield Progress(progress.fraction, progress.text, payload)

    def submit(owner: str) -> Ticket:
        ticket = get_manager("sweep").submit(owner, identity, start, n_bytes)
        asked.add(identity)
        return ticket

    def show(payload: Any, final: bool) -> None:
        del final
        of = payload.identity if isinstance(payload, Payload) else None  # other pages have jobs too
        if of == identity:
            asked.add(identity)
            draw(payload.found, True)
        elif of in asked:
            draw(payload.found, False)
            st.caption("**This is of an earlier setting**: compute it again to follow the page.")
        else:  # a link to the work of another visitor, perhaps on their own picture
            hint("The computation of this link is of another input or setting.")

    view = job_panel(
        key, submit=submit, draw=show, label=label, ticket_param=f"{key}_job", kind="sweep"
    )
    if view is None or view.snapshot is None or view.snapshot.payload is None:
        return None
    payload = view.snapshot.payload
    now = isinstance(payload, Payload) and payload.identity == identity
    return payload.found if now and view.state == "done" else None


def started(key: str) -> bool:
    """Whether a job of this key was started in this session, or is in the address."""
    return f"{key}_job" in st.query_params or bool(st.session_state.get(f"{key}_ticket"))
