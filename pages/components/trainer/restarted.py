"""A link to a training that the server no longer runs: say where it stood, and go on from there."""

from __future__ import annotations

import streamlit as st

from pages.components.job_panel import owner_id
from pages.components.trainer import job, kept, lasting, resume, source
from pages.components.trainer.presets import KEY, SIZE, Preset, layer_of, values_of
from snncore.jobs import Rejected


def offer(watch: str) -> bool:
    """Draw the offer for the training of this link; False when there is none on disk."""
    entry = lasting.find(watch)
    if entry is None:
        return False
    st.warning(lasting.words(watch, entry), icon=":material/restart_alt:")
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
