"""What the three panels of the Spike Encoding page share: their view, equations, files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.share import Download
from snncore.encoding import Code
from snncore.params import Params


class View(NamedTuple):
    """What a panel tells the row of Share, Command and Export."""

    command: str
    params: dict[str, object]
    downloads: list[Download]


def settings(params: Params) -> str:
    """The words that give a code's changed parameters to the command line."""
    return "".join(f" --set {name}={value}" for name, value in params.changed().items())


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def equations(code: Code) -> None:
    """The encoder's and the decoder's equation, side by side where there is room."""
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        for part in code.equation.split(r", \qquad "):
            st.latex(r"\footnotesize " + part, width="content")
