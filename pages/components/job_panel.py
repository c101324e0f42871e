"""Start, watch and cancel one long computation; the page's address leads back to it.

The computation runs in `snncore.jobs`, not in the page's script, so it survives reruns, reloads
and lost connections. The panel looks at it about once a second while it is active, less often in a
crowd.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from typing import Any, get_args

import streamlit as st

from pages.components.status import connected
from snncore.jobs import JobManager, JobView, Kind, Rejected, Ticket, get_manager

POLL_RUNNING_S = 1.0
KEEP_ALIVE_S = 30.0
POLL_QUEUED_S = 3.0  # others come first: spare the server
_CROWD = 12  # so many look as often as that; of more, each looks less often,
_SLOWEST = 10.0  # up to so many times
_NAMES: dict[Kind, str] = {
    "computation": "training",
    "download": "download",
    "sweep": "analysis",
    "classifier": "classifier",
    "recall": "recall",
}


def job_panel(
    job_key: str,
    *,
    submit: Callable[[str], Ticket],
    draw: Callable[[Any, bool], None],
    label: str = "Start training",
    ticket_param: str = "job",
    kind: Kind = "computation",
    gone: Callable[[str], bool] | None = None,
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
        ticket_param: name in the address that carries the computation's watch id. Whoever follows
            that link joins with a ticket of their own: they see the same, and their Cancel stops
            nothing for the others.
        kind: which manager does the work.
        gone: called with the watch id of a link whose computation is not kept any more; draws what
            there is to offer instead, and returns False when there is nothing.

    Returns:
        The view of this run, so that the page may offer downloads when its state is "done"; None
        when nothing was started yet or the link's computation is no longer kept.
    """
    manager = get_manager(kind)
    view, lost = _current(kind, job_key, ticket_param)
    active = view is not None and view.active
    refusal, name = None, f"{job_key}_start"
    if st.session_state.get(name) and not active:  # pressed: this run shows already what follows
        refusal = _submit(submit, job_key, ticket_param)
        if refusal is None:
            view, lost = _current(kind, job_key, ticket_param)
            active = view is not None and view.active
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(label, icon=":material/play_arrow:", type="primary", key=name, disabled=active)
        cancel = active and st.button("Cancel", icon=":material/stop:", key=f"{job_key}_cancel")
    if cancel and view is not None:
        manager.cancel(view.ticket)
        st.rerun()
    if refusal is not None:
        st.warning(refusal, icon=":material/hourglass_disabled:")
    elif lost and not (gone and gone(st.query_params[ticket_param])):
        st.info(
            "The computation of this link is no longer kept here: the server was started again, or "
            "nobody looked at it for ten minutes. Your settings are in this page's address: press "
            f"*{label}* to compute it again."
        )
    if view is not None:
        _watch(manager, view, draw, f"{job_key}_looked")
    return view


def owner_id() -> str:
    """This browser session's secret name, as the owner of computations."""
    owner = str(st.session_state.setdefault("_owner", secrets.token_urlsafe(16)))
    _session(owner)
    return owner


def _owner_gone(owner: str) -> None:
    for kind in get_args(Kind):
        get_manager(kind).owner_gone(owner)


@st.cache_resource(scope="session", on_release=_owner_gone, show_spinner=False)
def _session(owner: str) -> str:
    """Released when the browser's connection ends, which hints that its visitor has left."""
    return owner


def keep_alive(*, without: Kind | None = None) -> None:
    """Look after this session's computations from whatever page it is on.

    Draws, in the current container, a line for each but the one of the kind `without`.
    Without it a computation would be stopped some minutes after its visitor went to another page.
    """
    kept: dict[Kind, str] = st.session_state.get("_alive", {})
    for kind, ticket in [item for item in kept.items() if item[0] != without]:
        view = get_manager(kind).get(ticket)
        if view is None or not view.active:
            del kept[kind]
        else:
            _alive_line(kind, ticket)


@st.fragment(run_every=KEEP_ALIVE_S)
def _alive_line(kind: Kind, ticket: str) -> None:
    view = get_manager(kind).get(ticket)
    if view is None or not view.active:
        st.caption(f":material/check: The {_NAMES[kind]} has ended.")
        return
    done = 0.0 if view.snapshot is None else view.snapshot.fraction
    name = _NAMES[kind].capitalize()
    st.caption(f":material/model_training: {name} under way, {done:.0%}")


def _current(kind: Kind, job_key: str, ticket_param: str) -> tuple[JobView | None, bool]:
    """The view of the computation in the address, or of this session's last; and if it was lost.

    Coming back from another page, the address has lost its watch id: it is put back.
    """
    manager = get_manager(kind)
    watch = st.query_params.get(ticket_param)
    mine = st.session_state.get(f"{job_key}_ticket")
    view = manager.get(mine) if mine else None
    if watch and (view is None or view.watch != watch):
        try:
            joined = manager.join(owner_id(), watch)
        except Rejected as refusal:  # it is there, but too many look on
            st.warning(str(refusal), icon=":material/hourglass_disabled:")
            return None, False
        kept = st.session_state.get(f"{job_key}_view")
        if joined is None:
            # A finished result stays with the session even after the manager has forgotten it.
            return (kept, False) if kept is not None and kept.watch == watch else (None, True)
        st.session_state[f"{job_key}_ticket"] = joined.id
        view = manager.get(joined.id)
    if view is None:
        return st.session_state.get(f"{job_key}_view"), False
    if watch != view.watch:
        st.query_params[ticket_param] = view.watch
    if view.active:
        st.session_state.setdefault("_alive", {})[kind] = view.ticket
    st.session_state[f"{job_key}_view"] = None if view.active else view
    return view, False


def _submit(submit: Callable[[str], Ticket], job_key: str, ticket_param: str) -> str | None:
    """Ask for the computation; the words of the refusal, or None when it was accepted."""
    try:
        ticket = submit(owner_id())
    except (Rejected, ValueError) as reason:
        return str(reason)
    st.session_state[f"{job_key}_ticket"] = ticket.id
    st.query_params.pop(ticket_param, None)  # the next run puts the new watch id there
    return None


def _watch(
    manager: JobManager, first: JobView, draw: Callable[[Any, bool], None], looked: str
) -> None:
    """The part that redraws itself while there is something to come.

    Args:
        looked: key of the session's state: the ticket whose panel has looked already.
    """
    is_new = st.session_state.get(looked) != first.ticket
    every = _every(first, manager.stats().awaited, connected() if is_new else 0)
    looks = 0

    @st.fragment(run_every=every)
    def panel() -> None:
        nonlocal looks
        view, people = manager.get(first.ticket), manager.stats().awaited
        looks += 1
        if looks > 1 and first.active:  # the first is part of the page's own run
            st.session_state[looked] = first.ticket
            if view is not None and _is_off(every, view, people):
                st.rerun()
        if first.active and (view is None or _differs(view, first)):
            st.rerun()  # the buttons and the pace of looking change
        view = view or first
        _status(view, idle=manager.stats().running == 0)
        if view.snapshot is not None and view.snapshot.payload is not None:
            draw(view.snapshot.payload, view.state == "done")

    panel()


def _every(view: JobView, people: int, here: int) -> float | None:
    """Seconds between two looks, None when there is nothing to come: `pace`, by chance somewhat
    more or less in a crowd, as those who begin together must not look together.

    Args:
        people: who wait for a result now.
        here: who are connected: in a lecture hall they all begin within a second, and who is first
            sees nobody else waiting. Their first looks are spread over the time that suits as many.
    """
    usual, full = pace(view, people), pace(view, max(people, here))
    if usual is None or full is None or max(people, here) <= _CROWD:
        return usual
    many = usual >= 0.5 * full
    return random.uniform(0.5 * full if many else usual, 1.5 * full if many else full)


def _is_off(every: float | None, view: JobView, people: int) -> bool:
    """Whether many have come, or left, since the pace was chosen."""
    usual = pace(view, people)
    return every is not None and usual is not None and not 0.66 <= usual / every <= 2.5


def _differs(now: JobView, before: JobView) -> bool:
    """Whether more of the page than this panel has to follow: whoever was next and is being served
    now is looked at as often as before, with the same buttons."""
    return now.active != before.active or pace(now, 0) != pace(before, 0)


def pace(view: JobView, people: int) -> float | None:
    """Seconds between two looks, None when there is nothing to come: the more people wait,
    the less often each looks, so that looking costs the server about the same."""
    if not view.active:
        return None
    usual = POLL_QUEUED_S if view.position > 1 else POLL_RUNNING_S
    return usual * min(_SLOWEST, max(1.0, people / _CROWD))


def _status(view: JobView, *, idle: bool) -> None:
    """One line or bar on how it stands; `idle` when nothing is running at this moment."""
    if view.state == "queued":
        words = "You are next" if view.position == 1 else f"Number {view.position} in the queue"
        if view.position == 1 and idle:
            words = "Starting"
        if view.position == 1 and view.short_of_memory:
            words = "Waiting for memory that other computations use"
        st.progress(0.0, f"{words}{_eta(view.eta_s, 'until the result')}")
    elif view.state == "running":
        snapshot = view.snapshot
        text = snapshot.text if snapshot is not None and snapshot.text else "Starting"
        fraction = snapshot.fraction if snapshot is not None else 0.0
        st.progress(fraction, f"{text}{_eta(view.eta_s, 'left')}")
    elif view.state == "failed":
        st.error(view.error, icon=":material/error:")
    elif view.state == "cancelled":
        st.info(view.error or (_LEFT if view.watchers else _STOPPED))
    else:
        st.caption(f":material/check: Finished in {duration(view.elapsed_s)}.")
    if view.active:
        others = view.watchers - 1
        shared = ""
        if others > 0:
            whom = "one other visitor" if others == 1 else f"{others} other visitors"
            shared = (
                f" Shared with {whom} (after a reload perhaps this page itself): the same "
                "computation runs only once."
            )
        st.caption(
            "You may look at other pages or reload: this page's address leads back here. "
            f"Closing the tab stops it after some minutes.{shared}"
        )


_STOPPED = "Cancelled. What was reached until then is shown below."
_LEFT = (
    "Cancelled for you. The run goes on for others who watch it (perhaps another tab of yours, or "
    "this page before a reload). What was reached until now is shown below."
)


def _eta(seconds: float | None, what: str) -> str:
    return "" if seconds is None else f" · about {duration(seconds)} {what}"


def duration(seconds: float) -> str:
    """Seconds in words for a person: "8 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
