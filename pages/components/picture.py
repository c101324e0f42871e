"""Pictures that travel with the page's own messages."""

from __future__ import annotations

import base64
from typing import Any

import streamlit as st


def picture(
    png: bytes,
    *,
    alt: str,
    caption: str | None = None,
    width: Any = "stretch",
    place: Any = st,
) -> None:
    """Show PNG bytes in `place` (the current container).

    Given bytes, Streamlit serves a picture from an address that dies with the next rerun; a
    browser that asks a moment too late (a slider in motion, a live training) shows a hole. A data
    address has no such moment. Our pictures have at most some 100 kB.
    """
    address = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    place.image(address, caption=caption, width=width, alt=alt)
