"""The row under a page's title: the exact link, the equivalent command, and the downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from pages.components import lesson


class Download(NamedTuple):
    """A file that the visitor may take away; `data` may be a function that makes it on demand."""

    label: str
    data: bytes | Callable[[], bytes]
    file_name: str
    mime: str


class _Kind(NamedTuple):
    """Files that stand together in the menu."""

    icon: str
    endings: tuple[str, ...]  # none: all others


_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_EXPORT = ":material/download:"
_KINDS = (
    _Kind(":material/table:", (".csv", ".npz")),
    _Kind(":material/image:", (".png", ".svg", ".vl.json")),
    _Kind(":material/code:", ()),
)


def _kind(item: Download) -> int:
    """Its place in `_KINDS`."""
    name = item.file_name
    return next(
        k for k, kind in enumerate(_KINDS) if not kind.endings or name.endswith(kind.endings)
    )


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
        downloads: files for the Export button; without any it cannot be pressed.
        missing: what the link cannot carry, in a sentence.
        lacking: what the command cannot carry, in a sentence.
    """

    @st.fragment  # opening one of the three makes its content, and nothing else
    def bar() -> None:
        with st.container(horizontal=True, gap="small", key="share_bar"):
            if link := opened("Share", ":material/link:", "share_link"):
                with link:
                    _link(params, missing)
            if line := opened("Command", ":material/terminal:", "share_command"):
                with line:
                    same = "The same computation in a terminal, in the folder of this project:"
                    st.markdown(lacking or same)
                    st.code(command, language="bash", wrap_lines=True)
            if not downloads:
                st.popover(
                    "Export", icon=_EXPORT, key="share_export", width="content", disabled=True,
                    help="There is nothing to export yet.",
                )  # fmt: skip
            elif files := opened("Export", _EXPORT, "share_export"):
                with files:
                    _files(downloads)

    bar()


def opened(label: str, icon: str, key: str) -> DeltaGenerator | None:
    """A popover button; the popover while it is open, else None: closed ones cost no content.

    Draw it in a fragment: opening and closing runs what is around it again.
    """
    box = st.popover(label, icon=icon, key=key, width="content", on_change="rerun")
    return box if is_open(box) else None


def is_open(box: PopoverContainer) -> bool:
    """Whether the visitor has it open; tests without a browser, which cannot, replace this."""
    return bool(box.open)


def _link(params: Mapping[str, object], missing: str) -> None:
    here = {**params, **lesson.link()}
    url = st.context.url
    st.markdown(missing or "This link opens the page exactly as you see it now.")
    st.code(exact_link(url, here), language=None, wrap_lines=True)
    if url is None:
        st.caption("Add it to the address of this page.")
    elif urlsplit(url).hostname in _OWN_MACHINE:
        st.caption(
            "*localhost* is the machine of whoever opens the link: for others, put the name or "
            "number of this one in its place (the *Network URL* that the server printed)."
        )
    lesson.maker(lambda more: exact_link(url, {**params, **more}))


def _files(downloads: Sequence[Download]) -> None:
    for item in sorted(downloads, key=_kind):  # data, figures, programs: the same on every page
        st.download_button(
            item.label,
            item.data,
            icon=_KINDS[_kind(item)].icon,
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
