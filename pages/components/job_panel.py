"""Start, watch and cancel one long computation; the page's address leads back to it.

The computation runs in `snncore.jobs`, not in the page's script, so it survives reruns, reloads
and lost connections. The panel looks at it about once a second while it is active.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from snncore.jobs import JobManager, JobView, Rejected, Ticket, get_manager

POLL_RUNNING_S = 1.0
POLL_QUEUED_S = 3.0  # others come first: spare the server


def job_panel(
    job_key: str,
    *,
    submit: Callable[[str], Ticket],
    draw: Callable[[Any, bool], None],
    label: str = "Start training",
    ticket_param: str = "job",
) -> JobView | None:
    """Draw the panel in the current container and return what the visitor's ticket shows.

    Args:
        job_key: prefix of the widgets' keys; one panel per key and page.
        submit: called with the visitor's owner id when Start is pressed, after all controls
            above were read; usually `lambda owner: get_manager().submit(owner, digest(...),
            start, est_bytes)`. May raise Rejected or ValueError, which are shown.
        draw: called with the latest payload and whether it is the final one, each time the panel
            looks; skipped while the payload is None. It draws into the panel, inside a fragment:
            charts and images need no keys, but must not write outside the panel.
        label: text of the Start button.
        ticket_param: name in the address that carries the ticket; whoever has that link watches
            the same computation and may cancel this ticket.

    Returns:
        The view of this run, so that the page may offer downloads when its state is "done"; None
        when nothing was started yet or the link's computation is no longer kept.
    """
    manager = get_manager()
    view, lost = _current(manager, job_key, ticket_param)
    active = view is not None and view.active
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        start = st.button(
            label,
            icon=":material/play_arrow:",
            type="primary",
            key=f"{job_key}_start",
            disabled=active,
        )
        cancel = active and st.button("Cancel", icon=":material/stop:", key=f"{job_key}_cancel")
    if cancel and view is not None:
        manager.cancel(view.ticket)
        st.rerun()
    if start and not active:
        refusal = _submit(submit, job_key, ticket_param)
        if refusal is None:
            st.rerun()
        st.warning(refusal, icon=":material/hourglass_disabled:")
    elif lost:
        st.info(
            "The computation of this link is no longer kept here: results stay for ten minutes "
            f"after the last look. Press *{label}* to compute it again."
        )
    if view is not None:
        _watch(manager, view, draw)
    return view


def owner_id() -> str:
    """This browser session's secret name, as the owner of computations."""
    return str(st.session_state.setdefault("_owner", secrets.token_urlsafe(16)))


def _current(manager: JobManager, job_key: str, ticket_param: str) -> tuple[JobView | None, bool]:
    """The view of the address's ticket, or of this session's last one; and whether it was lost.

    Coming back from another page, the address has lost its ticket: it is put back.
    """
    ticket = st.query_params.get(ticket_param) or st.session_state.get(f"{job_key}_ticket")
    if not ticket:
        return None, False
    view = manager.get(ticket)
    if view is None:
        kept = st.session_state.get(f"{job_key}_view")
        if kept is None or kept.ticket != ticket:
            return None, True
        return kept, False
    if st.query_params.get(ticket_param) != ticket:
        st.query_params[ticket_param] = ticket
    st.session_state[f"{job_key}_ticket"] = ticket
    # A finished result stays with the session even after the manager has forgotten it.
    st.session_state[f"{job_key}_view"] = None if view.active else view
    return view, False


def _submit(submit: Callable[[str], Ticket], job_key: str, ticket_param: str) -> str | None:
    """Ask for the computation; the words of the refusal, or None when it was accepted."""
    try:
        ticket = submit(owner_id())
    except (Rejected, ValueError) as reason:
        return str(reason)
    st.session_state[f"{job_key}_ticket"] = ticket.id
    st.query_params[ticket_param] = ticket.id
    return None


def _watch(manager: JobManager, first: JobView, draw: Callable[[Any, bool], None]) -> None:
    """The part that redraws itself while there is something to come."""
    every = None
    if first.active:
        every = POLL_QUEUED_S if first.position > 1 else POLL_RUNNING_S

    @st.fragment(run_every=every)
    def panel() -> None:
        view = manager.get(first.ticket) or first
        if view.state != first.state:
            st.rerun()  # the buttons and the pace of looking change with the state
        _status(view, idle=manager.stats().running == 0)
        if view.snapshot is not None and view.snapshot.payload is not None:
            draw(view.snapshot.payload, view.state == "done")

    panel()


def _status(view: JobView, *, idle: bool) -> None:
    """One line or bar on how it stands; `idle` when nothing is running at this moment."""
    if view.state == "queued":
        words = "You are next" if view.position == 1 else f"Number {view.position} in the queue"
        if view.position == 1 and idle:
            words = "Starting"
        st.progress(0.0, f"{words}{_eta(view.eta_s, 'until the result')}")
    elif view.state == "running":
        snapshot = view.snapshot
        text = snapshot.text if snapshot is not None and snapshot.text else "Starting"
        fraction = snapshot.fraction if snapshot is not None else 0.0
        st.progress(fraction, f"{text}{_eta(view.eta_s, 'left')}")
    elif view.state == "failed":
        st.error(view.error, icon=":material/error:")
    elif view.state == "cancelled":
        st.info(view.error or "Cancelled. What was reached until then is shown below.")
    else:
        st.caption(f":material/check: Finished in {duration(view.elapsed_s)}.")
    if view.active:
        others = view.watchers - 1
        shared = ""
        if others > 0:
            whom = "one other visitor" if others == 1 else f"{others} other visitors"
            shared = f" Shared with {whom}: the same computation runs only once."
        st.caption(f"You may leave or reload: this page's address leads back here.{shared}")


def _eta(seconds: float | None, what: str) -> str:
    return "" if seconds is None else f" · about {duration(seconds)} {what}"


def duration(seconds: float) -> str:
    """Seconds in words for a person: "8 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
