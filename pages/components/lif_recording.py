"""The visitor's own current: a CSV file, its units, and why it cannot be used."""

from __future__ import annotations

import streamlit as st

from pages.components.inline import inline
from pages.components.text import plain
from snncore.stimuli import Recording

MAX_MB = 32
READ = "lif__read_file"  # in the session: what was asked for last, and what came of it
_TIME_UNITS, _CURRENT_UNITS = ("ms", "s", "µs"), ("nA", "pA", "µA")


def file_panel() -> Recording | None:
    """Ask for a file; None while there is none that can be used, with the reason in words."""
    file = st.file_uploader(
        f"Current over time (CSV, at most {MAX_MB} MB)",
        type=[".csv", ".tsv", ".txt"],
        key="lif_file",
        max_upload_size=MAX_MB,
        help="Two columns, time and current, separated by comma, semicolon or tab. A value holds "
        "until the next row; outside the recording the current is 0. Units in the header, such as "
        "`time_s,current_pA`, are understood.",
    )
    left, right = st.columns(2)
    time_unit = left.selectbox("Time in", _TIME_UNITS, key="lif_file_time")
    current_unit = right.selectbox("Current in", _CURRENT_UNITS, key="lif_file_current")
    if file is None:
        forget_file()
        st.caption("No file yet: this part adds nothing.")
        return None
    asked = (file.file_id, time_unit, current_unit)
    known = st.session_state.get(READ)
    if known is None or known[0] != asked:
        data, name = file.getvalue(), file.name
        known = (asked, inline(lambda: _read(data, name, time_unit, current_unit)))
        st.session_state[READ] = known
    answer: Recording | str = known[1]
    if isinstance(answer, str):
        st.error(f"{plain(file.name)} cannot be used: {answer}")
        return None
    st.caption(
        f"{plain_words(answer.summary)}. The file is not part of the link: whoever opens it must "
        "upload the file, too."
    )
    return answer


def forget_file() -> None:
    """Free the recording (up to some ten MB) of a visitor who works without it now."""
    st.session_state.pop(READ, None)


def units() -> tuple[str, str]:
    """The units of time and current that the visitor chose."""
    state = st.session_state
    return state.get("lif_file_time", _TIME_UNITS[0]), state.get(
        "lif_file_current", _CURRENT_UNITS[0]
    )


def _read(data: bytes, name: str, time_unit: str, current_unit: str) -> Recording | str:
    try:
        return Recording.from_csv(data, name, time_unit, current_unit)
    except ValueError as error:
        return plain_words(str(error))


def plain_words(text: str) -> str:
    """An error of the engine, which may quote the file, safe to stand in Markdown."""
    return " ".join(plain(word) for word in text.split())
