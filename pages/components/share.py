"""The row under a page's title: the exact link, the equivalent command, and the downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st


class Download(NamedTuple):
    """A file that the visitor may take away; `data` may be a function that makes it on demand."""

    label: str
    data: bytes | Callable[[], bytes]
    file_name: str
    mime: str


def share_bar(
    *,
    command: str,
    params: Mapping[str, object],
    downloads: Sequence[Download],
    missing: str = "",
    lacking: str = "",
) -> None:
    """Draw the row.

    Args:
        command: the command line that computes the same, e.g. "python -m snncore lif --tau-m 20".
        params: names and values of the address, as `controls.link_params` gives them; None is
            left out.
        downloads: files for the Export button; without any, the button is not drawn.
        missing: what the link cannot carry, in a sentence.
        lacking: what the command cannot carry, in a sentence.
    """
    with st.container(horizontal=True, gap="small", key="share_bar"):
        with st.popover("Share", icon=":material/link:", key="share_link", width="content"):
            url = st.context.url
            st.markdown(missing or "This link opens the page exactly as you see it now.")
            st.code(exact_link(url, params), language=None, wrap_lines=True)
            if url is None:
                st.caption("Add it to the address of this page.")
        with st.popover("Command", icon=":material/terminal:", key="share_command"):
            same = "The same computation in a terminal, in the folder of this project:"
            st.markdown(lacking or same)
            st.code(command, language="bash", wrap_lines=True)
        if downloads:
            with st.popover("Export", icon=":material/download:", key="share_export"):
                for item in downloads:
                    st.download_button(
                        item.label,
                        item.data,
                        file_name=item.file_name,
                        mime=item.mime,
                        key=f"share_export_{item.file_name}",
                        on_click="ignore",  # a download changes nothing on the page
                        width="stretch",
                    )


def exact_link(url: str | None, params: Mapping[str, object]) -> str:
    """`url` (None outside a browser: a relative link) with `params` as its query."""
    query = urlencode([
        (name, _word(one))
        for name, value in params.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])  # several: one by one
    ])  # fmt: skip
    base = "" if url is None else url.split("?", 1)[0]
    return f"{base}?{query}" if query else base or "?"


def _word(value: object) -> str:
    """How Streamlit spells a value in an address."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
