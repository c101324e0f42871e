"""The pictures that are learnt: a data set of this machine, or the visitor's own file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.hopfield_kept import Kept
from pages.components.hopfield_kept import size_of as bytes_of
from pages.components.trainer.payload import OWN, Run
from snncore import datasets, experiment

BUNDLED = "digits"
SETS = {
    "digits": "Digits 8×8 (bundled)",
    "mnist": "MNIST",
    "fashion": "Fashion-MNIST",
    "gtsrb": "Road signs (GTSRB)",
}
# (training images, test images, height, width, classes), the most that a set has.
SIZES = {
    "digits": (1_397, 400, 8, 8, 10),
    "mnist": (60_000, 10_000, 28, 28, 10),
    "fashion": (60_000, 10_000, 28, 28, 10),
    "gtsrb": (39_209, 12_630, 32, 32, 43),
}
_CHECKED = "stdp__checked"
_FILE = "stdp_npz"


def is_here(name: str) -> bool:
    """Whether a data set is on this machine."""
    return any(info.name == name and info.present for info in datasets.catalogue())


class Size(NamedTuple):
    """How much there is to learn from."""

    n_train: int
    n_test: int
    height: int
    width: int
    classes: int


class Upload(NamedTuple):
    """A visitor's file that was read and found good."""

    data: bytes
    sha256: str
    size: Size


def size_of(dataset: str, limit: int, upload: Upload | None) -> Size:
    """How many images of which size, without loading them."""
    size = Size(*SIZES[dataset]) if upload is None else upload.size
    return size._replace(n_train=min(size.n_train, limit) if limit else size.n_train)


def own_file() -> Upload | None:
    """The box for a file; what is good in it, else None with the reason on the page."""
    file = st.file_uploader(
        "Your own images (.npz, at most 64 MB)",
        type=[".npz"],
        key=_FILE,
        max_upload_size=64,
        help="Arrays x_train, y_train, x_test, y_test; x uint8 or 0..1, [n, height, width].",
    )
    if file is None:
        return None
    known = st.session_state.get(_CHECKED)
    if known is None or known[0] != file.file_id:  # once, not at every run of the page
        known = (file.file_id, *_check(file))
        st.session_state[_CHECKED] = known
    _, facts, words = known
    if facts is None:
        st.error(words)
        return None
    st.success(words)
    return Upload(file.getvalue(), *facts)


def unusable() -> str:
    """What is wrong with the visitor's own file; "" if it is good or there is none."""
    file, known = st.session_state.get(_FILE), st.session_state.get(_CHECKED)
    if file is None or known is None or known[0] != file.file_id or known[1] is not None:
        return ""
    return str(known[2])


def _check(file: Any) -> tuple[tuple[str, Size] | None, str]:
    """Digest and size of a good file, else None; and what to tell the visitor."""
    try:
        datasets.files.check_upload("npz", file.size)
        data = file.getvalue()
        first, second = datasets.files.read_npz(data)
        found = experiment.from_sets(first, second)  # can it be learnt at all?
    except ValueError as error:
        return None, f"Your file cannot be used: {error}."
    images = found.train_images
    size = Size(len(images), len(found.test_images), *images.shape[1:], len(found.class_names))
    return (hashlib.sha256(data).hexdigest(), size), (
        f"Your file: {size.n_train:,} training and {size.n_test:,} test images of {size.width} × "
        f"{size.height} pixels, {size.classes} classes. Press Start to learn them."
    )


def data_of(run: Run, upload: Upload | None) -> experiment.Data:
    """Images and labels of a run.

    Raises:
        ValueError: the set is not here, or it is of a file that this visitor does not have.
    """
    if run.dataset != OWN:
        return experiment.load_data(run.dataset, run.limit)
    if upload is None or upload.sha256 != run.upload_sha:
        raise ValueError("this run learnt another visitor's file; only they can see its images")
    return experiment.from_sets(*datasets.files.read_npz(upload.data), run.limit)


class Shown(NamedTuple):
    """The test images of a run, for the eye."""

    images: NDArray[np.uint8]  # [S, H, W]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]


# Test images of visitors' files by the file's digest: a file is read once, not at every run of
# the page, and no session holds its pictures.
_ROOM = 64 << 20  # bytes
_read_files = Kept(budget=_ROOM, most=4)


def in_session() -> Upload | None:
    """The visitor's own file, if there is one and it is good."""
    file, known = st.session_state.get(_FILE), st.session_state.get(_CHECKED)
    if file is None or known is None or known[0] != file.file_id or known[1] is None:
        return None
    return Upload(file.getvalue(), *known[1])


def uploaded(sha256: str) -> Upload | None:
    """The visitor's file of this digest, if it is in their session."""
    upload = in_session()
    return upload if upload is not None and upload.sha256 == sha256 else None


def shape_of_tests(run: Run) -> tuple[int, int] | None:
    """Height and width of the run's test images, None where they are not at hand; reads nothing."""
    if run.dataset != OWN:
        return SIZES[run.dataset][2:4] if is_here(run.dataset) else None
    upload = uploaded(run.upload_sha)
    return None if upload is None else (upload.size.height, upload.size.width)


def test_images(run: Run) -> Shown | None:
    """The run's test images; None for who does not have the file that it learnt."""
    if run.dataset != OWN:
        return _tests(run.dataset)
    upload = uploaded(run.upload_sha)
    return None if upload is None else _own_tests(upload)


def _own_tests(upload: Upload) -> Shown:
    found: Any = _read_files.get(upload.sha256)
    if not isinstance(found, Shown):
        first, second = datasets.files.read_npz(upload.data)
        found = Shown(datasets.to_grey(second.images), second.labels, first.class_names)
        if 2 * bytes_of(found) < _ROOM:  # a larger one is read each time
            _read_files.put(upload.sha256, found)
    return found


@lru_cache(maxsize=2)
def _tests(name: str) -> Shown:
    found = datasets.load(name, "test")
    return Shown(datasets.to_grey(found.images), found.labels, found.class_names)
