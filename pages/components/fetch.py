"""A data set that is not on this machine: say so, and offer to download it here and now."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from snncore import datasets
from snncore.jobs import Progress, get_manager
from snncore.params import digest

from .job_panel import job_panel


def present_or_offer(name: str, fallback: str, key: str) -> bool:
    """Whether data set `name` is here; if not, the cure, a download button and its progress.

    `fallback` names what the page goes on with, `key` prefixes the button's key.
    """
    info = next(i for i in datasets.catalogue() if i.name == name)
    if info.present:
        return True
    st.warning(
        f"{info.note} Until then this page goes on with {fallback}.", icon=":material/database:"
    )

    def fetch() -> Iterator[Progress]:
        for step in datasets.download(name):
            yield Progress(step.done_bytes / max(1, step.total_bytes), step.text)

    job_panel(
        f"{key}_fetch",
        submit=lambda owner: get_manager("download").submit(owner, digest(name), fetch),
        draw=lambda payload, done: None,
        label="Download it now",
        ticket_param="download",
        kind="download",
    )
    return False
