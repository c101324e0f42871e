"""What the classifier learns from and how: data, network and rule as controls, own points."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import streamlit as st

from pages.components.controls import control, label_of, state_of
from pages.components.encoding_classifier_job import PageParams
from pages.components.encoding_classifier_kept import KEY, cached_for_session, shown
from pages.components.inline import inline
from pages.components.lesson import offer
from pages.components.text import plain
from snncore.classifier import ClassifierParams, Points, read_points
from snncore.params import Value, parse

DATA = {
    "blobs": "Blobs", "moons": "Moons", "circles": "Circles", "spirals": "Spirals",
    "own": "Your CSV",
}  # fmt: skip
MAX_MB, MAX_ROWS = 5, 5000
_TOP_CLASSES = {"blobs": 6, "spirals": 4}
_MOST_COMPLAINTS = 3
_NETWORK = ("code", "hidden", "rule", "decision")
_MORE = ("fields", "n_steps", "beta", "epochs", "learning_rate", "test_share")
EXAMPLE = "x,y,label\n0.1,0.2,red\n0.9,0.7,blue\n0.2,0.1,red\n0.8,0.9,blue\n"


class Chosen(NamedTuple):
    """What is to be learnt, or why nothing can be."""

    params: PageParams
    points: Points | None  # the visitor's own
    own: str  # their digest, "" for generated ones
    problem: str  # why there is nothing to learn, "" if there is


def suited(data: str) -> PageParams:
    """What the page shows first of a data set."""
    return PageParams(**ClassifierParams.suited(data).to_dict())


def unusable() -> list[str]:
    """What a fresh address asks for in vain, in words safe in Markdown; Streamlit drops it."""
    found = []
    for name, spec in PageParams.specs().items():
        key = f"{KEY}_{name}"
        text = st.query_params.get(key)
        if text is None:
            continue
        try:
            if name == "data" and text not in DATA.values():
                raise ValueError(f"no data set is called {text}")
            if name != "data":
                parse(label_of(name, spec), text, spec)
        except ValueError as error:
            found.append(plain(str(error)))
    return found[:_MOST_COMPLAINTS]


def choices() -> Chosen:
    """Draw the controls."""
    offer(f"{KEY}_data", "Data")
    data = st.segmented_control(
        "Data", list(DATA), default="blobs", required=True, key=f"{KEY}_data",
        bind="query-params", format_func=DATA.__getitem__, on_change=_data_changed, wrap=True,
        help="Points of two to six classes in the plane. The network learns from a part of them "
        "and is tested on the rest.",
    )  # fmt: skip
    data = str(data or "blobs")
    first, specs = suited(data), PageParams.specs()
    values: dict[str, Any] = {"data": data, "n_classes": first.n_classes}
    points, own = None, ""

    def draw(*names: str) -> None:
        for name in names:
            values[name] = control(name, specs[name], getattr(first, name), KEY)

    if data == "own":
        points, own = _own_points()
    else:
        if data in _TOP_CLASSES:
            values["n_classes"] = _classes(_TOP_CLASSES[data], first.n_classes)
        draw("noise", "n_points")
    _seed_row(draw)
    draw(*_NETWORK)
    with st.expander("Fields, time, leak, learning", key=f"{KEY}_more"):
        draw(*_MORE)
    try:
        params = PageParams(**values)
    except ValueError as error:
        problem = f"These values do not fit together: {error}. Change one of them, or press Reset."
        return Chosen(first, None, "", problem)
    if data == "own" and points is None:
        return Chosen(params, None, "", "Choose a file to the left: x, y and a class in each row.")
    return Chosen(params, points, own, "")


def link(params: PageParams) -> dict[str, Value]:
    """Names and values that the address must carry: what differs from the data set's own."""
    first = suited(params.data).to_dict()
    found = {n: v for n, v in params.to_dict().items() if v != first[n]}
    return {k: v for k, v in state_of(KEY, params).items() if k[len(KEY) + 1 :] in found} | (
        {f"{KEY}_data": DATA[params.data]} if params.data != "blobs" else {}
    )


def _classes(top: int, first: int) -> int:
    key = f"{KEY}_n_classes"
    if not 2 <= int(st.session_state.get(key) or first) <= top:
        st.session_state[key] = first
    offer(key, "Classes")
    chosen = st.segmented_control(
        "Classes", list(range(2, top + 1)), default=first, required=True, key=key,
        bind="query-params", help="One output neuron for each.", wrap=True,
    )  # fmt: skip
    return int(chosen or first)


def _seed_row(draw: Any) -> None:
    """The seed, and a button that takes the next."""
    number, button = st.columns([2.2, 1], gap="small", vertical_alignment="bottom")
    with number:
        draw("seed")
    button.button(
        "New", key=f"{KEY}__again", on_click=_next_seed, width="stretch",
        help="Other points, first weights and spikes: the next seed.",
    )  # fmt: skip


def _next_seed() -> None:
    key = f"{KEY}_seed"
    st.session_state[key] = (int(st.session_state.get(key, 42)) + 1) % 2**31


def _data_changed() -> None:
    """A data set comes with its own number of points, noise and network."""
    first = suited(str(st.session_state.get(f"{KEY}_data") or "blobs"))
    for name in ("n_classes", "n_points", "noise", "hidden", *_MORE):
        st.session_state[f"{KEY}_{name}"] = getattr(first, name)


def _own_points() -> tuple[Points | None, str]:
    file = st.file_uploader(
        f"Points (CSV, at most {MAX_MB} MB)", type=[".csv", ".tsv", ".txt"], key=f"{KEY}_file",
        max_upload_size=MAX_MB,
        help="Three columns: x, y and the class, as a word or a number. Two to six classes; a "
        "first line with names is understood.",
    )  # fmt: skip
    if file is None:
        st.caption(
            "No file yet. It is not part of the link, and nobody else sees it. The server forgets "
            "it, and what is learnt from it, about ten minutes after you leave."
        )
        st.download_button(
            "Example of such a file", EXAMPLE, file_name="points.csv", mime="text/csv",
            key=f"{KEY}_example", on_click="ignore", type="tertiary",
        )  # fmt: skip
        return None, ""
    data = file.getvalue()
    own = hashlib.sha256(data).hexdigest()
    points = inline(lambda: _read(own, data))
    if isinstance(points, str):
        words = " ".join(plain(word) for word in points.split())
        st.error(f"{plain(file.name)} cannot be used: {words}.")
        return None, ""
    x0, x1, y0, y1 = points.bounds
    classes = ", ".join(shown(name) for name in points.names)
    st.caption(
        f"{len(points.labels)} points of {len(points.names)} classes ({classes}), scaled to the "
        f"unit square: x from {x0:.4g} to {x1:.4g}, y from {y0:.4g} to {y1:.4g}."
    )
    return points, own


@cached_for_session
def _read(own: str, _data: bytes) -> Points | str:
    """The points of a file with this digest, or why it has none."""
    if len(_data) > MAX_MB * 1_000_000:
        return f"the file must have at most {MAX_MB} MB, got {len(_data) / 1e6:.1f} MB"
    try:
        points = read_points(_data)
    except ValueError as error:
        return str(error)
    if len(points.labels) > MAX_ROWS:
        return (
            f"on this page a file must have at most {MAX_ROWS:,} rows, got "
            f"{len(points.labels):,}; thin it out, or use the command line"
        )
    return points
