"""Three rows of pictures: what was stored, what the memory was asked with, what it answered.

On a wide screen each picture is a column of the three rows; on a phone each becomes a card with
the three side by side. One block of HTML holds them all, so that a network that settles may send
new answers several times a second. Its texts come from file names too: they are escaped here.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

ROWS = ("Original", "Corrupted", "Recalled")
_LINE = 8  # columns beside each other, at most
_LEAST, _WIDEST = 80, 210  # pixels of a picture on the screen
_LARGE = 4  # cards that are shown about `_WIDEST` wide; more are shown some 100 pixels wide

_CSS = """<style>
.hop-rows {display: flex; flex-wrap: wrap; gap: 0.9rem 0.6rem; container-type: inline-size;
  position: relative; padding-left: 5.2rem;}
.hop-list {display: contents;}
.hop-card {width: var(--hop-card); margin: 0; display: flex; flex-direction: column; gap: 4px;
  font-size: 0.8rem; line-height: 1.3;}
.hop-card .three {display: flex; flex-direction: column; gap: 4px;}
.hop-card img {width: 100%; height: auto; display: block; border-radius: 3px;
  image-rendering: var(--hop-render); outline: 1px solid rgba(128, 128, 128, 0.35);}
.hop-card .name {font-weight: 600; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis;}
.hop-card .say {opacity: 0.85; font-variant-numeric: tabular-nums;}
.hop-card .good {color: #00795A; font-weight: 600;}
.hop-card .bad {color: #B84A00; font-weight: 600;}
.hop-dark .good {color: #35C79B;}
.hop-dark .bad {color: #FF9A55;}
.hop-side {position: absolute; left: 0; top: 0; width: 4.9rem; display: flex;
  flex-direction: column; font-size: 0.8rem;
  font-weight: 600; opacity: 0.8; padding-top: 1.3rem;}
.hop-side span {height: calc(var(--hop-card) * var(--hop-ratio) + 4px);
  display: flex; align-items: center;}
.hop-looked .name {text-decoration: underline; text-underline-offset: 3px;}
@media (max-width: 640px) {
  .hop-side {display: none;}
  .hop-rows {padding-left: 0;}
  .hop-list {display: contents;}
.hop-card {width: 100%;}
  .hop-card .three {flex-direction: row;}
  .hop-card .three > div {flex: 1;}
}
</style>"""


class Card(NamedTuple):
    """One picture's column."""

    name: str
    pictures: tuple[bytes, bytes, bytes]  # PNG: original, corrupted, recalled
    verdict: str  # first line below, e.g. "✓ exact"
    good: bool | None  # green, orange, or plain while it is not known
    lines: tuple[str, ...]  # below it


def side_of(count: int) -> int:
    """Pixels that the longer side of each of so many pictures need not exceed."""
    return 256 if count <= _LARGE else 128


def gallery(cards: Sequence[Card], *, shape: tuple[int, int], dark: bool, looked: int = -1) -> None:
    """Draw the rows.

    Args:
        shape: height and width of the pictures, in their own pixels.
        looked: number of the card that the panels below follow.
    """
    # As many in a line as fit with at least `_LEAST` pixels each, and no wider than `_WIDEST`.
    line = min(len(cards), _LINE)
    card = f"clamp({_LEAST}px, calc(100cqw / {line} - 0.65rem), {_WIDEST}px)"
    # Enlarged pixels keep their edges; a picture that is shrunk is smoothed by the browser.
    wide = _WIDEST if len(cards) <= _LARGE else _LEAST + 16
    render = "pixelated" if shape[1] <= wide else "auto"
    style = f"--hop-card: {card}; --hop-ratio: {shape[0] / shape[1]:.4f}; --hop-render: {render}"
    names = "".join(f"<span>{row}</span>" for row in ROWS)
    body = "".join(_card(card, k == looked) for k, card in enumerate(cards))
    theme = "hop-rows hop-dark" if dark else "hop-rows"
    st.html(_CSS)
    with st.container(key="hop_gallery"):
        st.html(
            f'<div class="{theme}" style="{style}"><div class="hop-side" aria-hidden="true">'
            f'{names}</div><div class="hop-list" role="list" aria-label="Pictures">{body}</div>'
            "</div>"
        )


def _card(card: Card, looked: bool) -> str:
    name = escape(card.name)
    images = "".join(
        f'<div><img src="{_address(png)}" alt="{name}, {row.lower()}"></div>'
        for row, png in zip(ROWS, card.pictures, strict=True)
    )
    tone = {True: "good", False: "bad", None: "say"}[card.good]
    lines = "".join(f'<div class="say">{escape(line)}</div>' for line in card.lines)
    return (
        f'<figure class="hop-card{" hop-looked" if looked else ""}" role="listitem" '
        f'aria-label="{name}">'
        f'<div class="name" title="{name}">{name}</div><div class="three">{images}</div>'
        f'<figcaption><div class="{tone}">{escape(card.verdict)}</div>{lines}</figcaption></figure>'
    )


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
