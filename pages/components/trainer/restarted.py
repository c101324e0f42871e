"""A link to a training that the server no longer runs: say where it stood, and go on from there."""

from __future__ import annotations

import streamlit as st

from pages.components.inline import inline
from pages.components.job_panel import owner_id
from pages.components.trainer import job, kept, lasting, resume, source
from pages.components.trainer.presets import KEY, SIZE, Preset, layer_of, values_of
from snncore.jobs import Rejected

_OFFER = f"{KEY}__offer"  # what was read last: (mark of the file, words or "")


def offer(watch: str) -> bool:
    """Draw the offer for the training of this link; False when there is none on disk."""
    mark = lasting.mark(watch)
    if mark is None:
        return False
    known = st.session_state.get(_OFFER)
    if known is None or known[0] != mark:  # a file is read once, not at each redrawing
        entry = inline(lambda: lasting.find(watch))
        known = (mark, "" if entry is None else lasting.words(watch, entry))
        st.session_state[_OFFER] = known
    if not known[1]:
        return False
    st.warning(known[1], icon=":material/restart_alt:")
    st.button(
        "Continue",
        icon=":material/resume:",
        type="primary",
        key=f"{KEY}__after_restart",
        on_click=_go_on,
        args=(watch,),
    )
    return True


def _go_on(watch: str) -> None:
    """Callback: the training goes on under its old link, and the controls take its settings."""
    entry = lasting.find(watch)
    if entry is None:
        resume.tell("This training is no longer kept here: press Start to compute it again.")
        return
    run = entry.run
    kept.put(entry)
    resume.started(run)
    size = source.Size(entry.n_images, *source.SIZES[run.dataset][1:])
    try:
        ticket = job.submit(owner_id(), run, size, None, kept.get(run.identity), watch)
    except (Rejected, ValueError) as reason:
        resume.tell(str(reason))
        return
    st.session_state.update(values_of(Preset("", run.dataset, run.limit, run.params, "")))
    st.session_state[SIZE] = (*layer_of(run.params), run.dataset)
    st.session_state[f"{job.PANEL}_ticket"] = ticket.id
    st.session_state.pop(f"{job.PANEL}_view", None)
    # Where somebody began it anew, this is their run: the page puts its link there.
    st.query_params.pop(job.JOB, None)
