"""Where the picture comes from: a bundled or downloaded set, a file of the visitor, the camera.

A visitor's own picture stays in their session: the address and the shared caches never carry it
by name, only the digest of its pixels tells one from another.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import controls, lesson
from pages.components.encoding_panel import attempt
from pages.components.fetch import present_or_offer
from pages.components.inline import inline
from snncore import datasets
from snncore.params import Params, choice, flag, integer

KEY = "enc"
OWN, GENERATION = "enc__own", "enc__uploads"
LOST = "enc__lost"  # what the address asked for in vain, until it is said
ABSENT = "enc__absent"  # that there is no picture of the number asked for, until it is said
_KEPT_SIDE = 256  # of an own picture: larger than any that is sent


@dataclasses.dataclass(frozen=True)
class PictureParams(Params):
    """What is sent, and for how long."""

    dataset: str = choice("skimage", datasets.NAMES, "Where the picture comes from.", label="Set")
    index: int = integer(0, 0, 69_999, "Its number in the set.", label="Picture")
    side: int = integer(48, 8, 96, "Larger pictures are shrunk to this.", unit="px", step=8)
    n_steps: int = integer(
        100, 10, 400, "Length of the spike trains.", unit="steps", step=10, label="Time"
    )
    seed: int = integer(0, 0, 2**31 - 1, "Number that fixes all random spikes.")
    sort: bool = flag(True, "Brightest pixel at the top of the rasters.", label="Sort rasters")


class Source(NamedTuple):
    """One picture, ready to be sent."""

    values: NDArray[np.float32]  # [H, W] in 0..1
    what: str
    identity: str  # digest of the values
    sample: int  # its number in the set; 0 for an own picture
    own: bool


class _Own(NamedTuple):
    """A visitor's picture, as the session keeps it while other tabs are looked at."""

    what: str
    pixels: NDArray[np.uint8] | None = None  # grey [H, W]; None before the file was read
    data: bytes | None = None  # the file, until it was read
    problem: str = ""  # why it cannot be used


def choose() -> tuple[PictureParams, Source]:
    """The controls of the source, and the picture that they choose."""
    specs, first = PictureParams.specs(), PictureParams().to_dict()
    places = st.columns([1.3, 0.9, 1, 1.1, 1.1], vertical_alignment="bottom")
    titles = dataset_titles()
    with places[0]:
        lesson.offer(f"{KEY}_dataset", "Set")
        name = st.selectbox(
            "Set",
            datasets.NAMES,
            format_func=lambda n: titles.get(n, str(n)),
            index=datasets.NAMES.index(str(first["dataset"])),
            key=f"{KEY}_dataset",
            bind="query-params",
            help=specs["dataset"].help,
        )
    if not present_or_offer(name, "the bundled photographs", KEY):
        name = str(first["dataset"])
    count = inline(lambda: len(datasets.load(name).images))
    asked = int(st.session_state.get(f"{KEY}_index", 0))
    if not 0 <= asked < count:  # the number was one of a larger set
        st.session_state[f"{KEY}_index"] = 0
        st.session_state[ABSENT] = (
            f"{titles[name]}: no picture {asked:,} among its {count:,}, which are counted from 0. "
            "This is picture 0."
        )
    values: dict[str, Any] = {"dataset": name}
    specs["index"] = dataclasses.replace(specs["index"], hi=count - 1)
    for place, field in zip(places[1:4], ("index", "side", "n_steps"), strict=True):
        with place:
            values[field] = controls.control(field, specs[field], first[field], KEY)
    with places[4], st.container(horizontal=True, gap="xsmall"):
        own = _own_picture()
        with (
            st.popover(
                "Seed, rasters", icon=":material/tune:", key=f"{KEY}__more", help="Seed, rasters"
            ),
            lesson.aside(),
        ):
            for field in ("seed", "sort"):
                values[field] = controls.control(field, specs[field], first[field], KEY)
    params = PictureParams(**values)
    if own is not None and own.pixels is not None:
        return params, source_of(own.pixels, params.side, own.what, own=True)
    return params, inline(lambda: fetch(params))


def dataset_titles() -> dict[str, str]:
    """Names of the image sets → what the page calls them."""
    return {info.name: info.title for info in datasets.catalogue()}


def fetch(params: PictureParams) -> Source:
    """The chosen picture of a set."""
    pictures = datasets.load(params.dataset)
    what = pictures.class_names[pictures.labels[params.index]]
    return source_of(pictures.images[params.index], params.side, what, sample=params.index)


def source_of(
    image: NDArray[np.uint8], side: int, what: str, *, sample: int = 0, own: bool = False
) -> Source:
    """A grey or RGB picture as float32 in 0..1, its longer side at most `side`."""
    grey = datasets.to_grey(image[None])
    size = datasets.fitted_size(grey.shape[1], grey.shape[2], side)
    values = datasets.to_float(datasets.resize(grey, size))[0]
    identity = hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()
    return Source(values, what, identity, sample, own)


def forget_own() -> None:
    """Back to the pictures of the sets; new keys empty the uploader and the camera."""
    st.session_state.pop(OWN, None)
    st.session_state[GENERATION] = st.session_state.get(GENERATION, 0) + 1


def _own_picture() -> _Own | None:
    """The button for an own picture, and the picture if there is one."""
    turn = st.session_state.setdefault(GENERATION, 0)
    with st.popover(
        "Own", icon=":material/add_photo_alternate:", key=f"{KEY}__own",
        help="A picture of yours, from a file or the camera.",
    ):  # fmt: skip
        key = f"{KEY}_upload_{turn}"
        st.file_uploader(
            "PNG or JPEG, at most 10 MB and 16 million pixels",
            type=[".png", ".jpg", ".jpeg"],
            key=key,
            max_upload_size=10,
            on_change=_picked,
            args=(key, "your picture"),
        )
        # The browser asks for permission when the camera appears, so only on request.
        if st.toggle("Use the camera", key=f"{KEY}__camera_{turn}"):
            key = f"{KEY}_shot_{turn}"
            st.camera_input(
                "Take a picture", key=key, on_change=_picked, args=(key, "your camera picture")
            )
        st.caption(
            "Colours become grey. Your picture stays in this session: the link opens the page "
            "without it."
        )
        own: _Own | None = st.session_state.get(OWN)
        if own is not None:
            st.button(
                "Back to the set", icon=":material/undo:", key=f"{KEY}__back", on_click=forget_own
            )
    if own is not None and own.data is not None:
        own = _read(own)
        st.session_state[OWN] = own
    return own


def _picked(key: str, what: str) -> None:
    """Callback: a file was chosen, or taken out of the box again."""
    file = st.session_state.get(key)
    if file is None:
        st.session_state.pop(OWN, None)
    else:
        st.session_state[OWN] = _Own(what, data=file.getvalue())


def _read(own: _Own) -> _Own:
    """Its grey pixels, at most `_KEPT_SIDE` on a side, or why there are none."""

    def work() -> NDArray[np.uint8]:
        grey = datasets.to_grey(
            datasets.files.read_image(own.data or b"", least=2 * _KEPT_SIDE)[None]
        )
        size = datasets.fitted_size(grey.shape[1], grey.shape[2], _KEPT_SIDE)
        return datasets.resize(grey, size)[0]

    found = attempt(work)
    if isinstance(found, ValueError):
        return _Own(own.what, problem=str(found))
    return _Own(own.what, found)


def own_problem() -> str:
    """Why the visitor's picture cannot be shown; "" where it can or there is none."""
    own: _Own | None = st.session_state.get(OWN)
    return "" if own is None else own.problem
