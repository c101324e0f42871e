"""The pictures of a recall as columns of the gallery: from a finished answer, or under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.hopfield_gallery import Card, side_of
from pages.components.hopfield_scores import decibel, percent
from pages.components.inline import inline
from snncore.hopfield import CYCLE, MOVING
from snncore.plots import recall as figures
from snncore.recall_lab import Answer, Recall

MOST = 24  # columns of the gallery; all pictures count in the scores
MOST_NAMED = 200  # probes that may be looked at one by one
_SURE = 0.999  # above it nobody needs to be told how sure the best decoder is


class Look(NamedTuple):
    """How rows of numbers become pictures."""

    shape: tuple[int, int]
    mode: str
    side: int = side_of(MOST)  # pixels of the longer side, at most; a job sends them many times

    def png(self, values: NDArray[Any], **marks: Any) -> bytes:
        """One picture, no larger than the gallery shows it on a fine screen."""
        return figures.thumbnail(values, self.shape, mode=self.mode, side=self.side, **marks)


def kept_cards(answer: Answer, mark: bool, identity: str, own: bool) -> tuple[Card, ...]:
    """`cards_of` an answer of this identity, made once; own pictures are kept for their session."""
    keep = _kept_own if own else _kept
    return inline(lambda: keep(identity, mark, answer))


@st.cache_data(max_entries=24, ttl=1800, max_size="24MB", show_spinner=False)
def _kept(identity: str, mark: bool, _answer: Answer) -> tuple[Card, ...]:
    return cards_of(_answer, mark)


@st.cache_data(max_entries=4, ttl=1800, max_size="8MB", scope="session", show_spinner=False)
def _kept_own(identity: str, mark: bool, _answer: Answer) -> tuple[Card, ...]:
    return cards_of(_answer, mark)


def cards_of(answer: Answer, mark: bool) -> tuple[Card, ...]:
    """The first columns of a finished recall."""
    r = answer.result
    count = min(MOST, len(r.exact))
    look = Look(answer.patterns.shape, answer.patterns.mode, side_of(count))
    targets = r.targets[:count].numpy()
    wanted = answer.patterns.states.numpy()[targets]
    given, known = answer.probes.values[:count].numpy(), answer.probes.known[:count].numpy()
    recalled = r.recalled[:count].numpy()
    names = probe_names(answer)
    return tuple(
        Card(
            names[k],
            (
                look.png(wanted[k]),
                look.png(given[k], known=known[k]),
                look.png(recalled[k], truth=wanted[k] if mark else None),
            ),
            headline(r, k),
            bool(r.exact[k]),
            details(answer, k),
        )
        for k in range(count)
    )


def live_card(
    name: str,
    pictures: tuple[bytes, bytes, bytes],
    wanted: NDArray[Any],
    now: NDArray[Any],
    mode: str,
) -> Card:
    """A column while the network settles: how many of its pixels are right so far."""
    if mode == "binary":
        right = float((np.sign(now) == wanted).mean())
        return Card(name, pictures, f"{percent(right)} so far", None, ())
    rmse = float(np.sqrt(np.square(now - wanted).mean()))
    so_far = min(99.0, -20.0 * float(np.log10(max(rmse, 1e-5))))
    return Card(name, pictures, f"{decibel(so_far)} so far", None, ())


def probe_names(answer: Answer) -> list[str]:
    """What each probe is called: its picture's name, numbered where it is asked for repeatedly."""
    targets = answer.result.targets.tolist()
    names = answer.patterns.names
    repeated = len(set(targets)) < len(targets)
    seen: dict[int, int] = {}
    found = []
    for target in targets:
        seen[target] = seen.get(target, 0) + 1
        found.append(f"{names[target]} ({seen[target]})" if repeated else names[target])
    return found


def options(answer: Answer) -> list[str]:
    """What the selector of one picture offers: numbers make equal names differ."""
    return [f"{k + 1} {name}" for k, name in enumerate(probe_names(answer)[:MOST_NAMED])]


def first_look(answer: Answer) -> int:
    """The probe that the panels follow at first: the first that was not recalled."""
    exact = answer.result.exact[:MOST_NAMED].tolist()
    return exact.index(False) if False in exact else 0


def headline(r: Recall, k: int) -> str:
    """Right or not, and by how much."""
    if bool(r.exact[k]):
        return "✓ exact"
    if r.psnr is not None:
        return f"✗ {decibel(float(r.psnr[k]))}"
    wrong = round((1 - float(r.pixels[k])) * r.recalled.shape[1])
    return f"✗ {percent(float(r.pixels[k]))}, {wrong:,} wrong"


def details(answer: Answer, k: int) -> tuple[str, ...]:
    """Overlap, what else it looks like, and what the best decoder makes of the same input."""
    r = answer.result
    lines = [f"overlap {float(r.overlap[k]):.3f}"]
    if r.psnr is not None and r.ssim is not None and not bool(r.exact[k]):
        lines.append(f"{percent(float(r.pixels[k]))} of the pixels, SSIM {float(r.ssim[k]):.2f}")
    if not bool(r.exact[k]):
        other, target = int(r.nearest[k]), int(r.targets[k])
        if other != target:
            names = answer.patterns.names
            which = f" (number {other + 1})" if names.count(names[other]) > 1 else ""
            lines.append(f"looks like {names[other]}{which}")
        state = {MOVING: "still moving", CYCLE: "flickers between two states"}
        if r.spikes is None and int(r.status[k]) in state:
            lines.append(state[int(r.status[k])])
    if not answer.asked:
        right = bool(r.bound_exact[k])
        sure = float(r.bound.posterior[k].max()) if r.bound.posterior.shape[1] else 1.0
        word = "✓ exact" if right else f"✗ {percent(float(r.bound_pixels[k]))}"
        lines.append(f"best: {word}" + ("" if sure > _SURE else f" ({sure:.0%} sure)"))
    return tuple(lines)


def sheet(answer: Answer, title: str) -> bytes:
    """The gallery as one PNG for a report."""
    r, shape, mode = answer.result, answer.patterns.shape, answer.patterns.mode
    count = min(MOST, len(r.exact))
    targets = r.targets[:count].numpy()
    rows = [
        _tiles(answer.patterns.states.numpy()[targets], shape, mode),
        _tiles(
            answer.probes.values[:count].numpy(), shape, mode, answer.probes.known[:count].numpy()
        ),
        _tiles(r.recalled[:count].numpy(), shape, mode),
    ]
    scores = [f"{headline(r, k)}\noverlap {float(r.overlap[k]):.3f}" for k in range(count)]
    return figures.sheet(rows, probe_names(answer)[:count], scores, title=title)


def _tiles(
    rows: NDArray[Any],
    shape: tuple[int, int],
    mode: str,
    known: Sequence[NDArray[np.bool_]] | NDArray[np.bool_] | None = None,
) -> list[NDArray[np.uint8]]:
    return [
        figures.tile(row, shape, mode=mode, known=None if known is None else known[k])
        for k, row in enumerate(rows)
    ]
