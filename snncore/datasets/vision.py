"""MNIST, Fashion-MNIST and GTSRB, read with torchvision from a folder that holds them.

torchvision is imported inside the functions: it takes a second, and a page that shows bundled
pictures must work where it is missing or broken.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from snncore.datasets.images import DatasetMissing, ImageSet, Split, image_set, resize

IDX_FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST"}  # torchvision's folder and class name
_IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
GTSRB_SIDE = 32
_TEST_EVERY = 5  # where GTSRB's own test part is missing, each fifth track stands in for it
GTSRB_CLASSES = (
    *(f"speed limit {limit}" for limit in (20, 30, 50, 60, 70, 80)),
    "end of speed limit 80",
    *(f"speed limit {limit}" for limit in (100, 120)),
    "no overtaking",
    "no overtaking by lorries",
    "priority at the next junction",
    "priority road",
    "give way",
    "stop",
    "no vehicles",
    "no lorries",
    "no entry",
    "danger",
    "bend to the left",
    "bend to the right",
    "double bend",
    "bumpy road",
    "slippery road",
    "road narrows",
    "road works",
    "traffic lights",
    "pedestrians",
    "children",
    "bicycles",
    "ice or snow",
    "wild animals",
    "end of limits",
    "turn right ahead",
    "turn left ahead",
    "straight ahead",
    "straight or right",
    "straight or left",
    "keep right",
    "keep left",
    "roundabout",
    "end of no overtaking",
    "end of no overtaking by lorries",
)


def torchvision_datasets() -> Any:
    """The module `torchvision.datasets`, or DatasetMissing with the cure."""
    try:
        import torchvision.datasets
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        # A torchvision built for another torch fails in each of these ways.
        raise DatasetMissing(
            f"torchvision, which reads this data set, cannot be imported ({error}); reinstall it "
            "together with torch: pip install --force-reinstall torch torchvision"
        ) from error
    return torchvision.datasets


def present(name: str, root: Path) -> bool:
    """Whether `load` would find whole files of "mnist", "fashion" or "gtsrb" under `root`."""
    if name == "gtsrb":
        return (root / "gtsrb" / "GTSRB" / "Training" / "00000").is_dir()
    folder = root / IDX_FOLDERS[name] / "raw"
    return all(idx_whole(folder / file) for pair in _IDX_FILES.values() for file in pair)


def idx_whole(path: Path) -> bool:
    """Whether an idx file is as long as its header says: 2 zeros, type 8, rank, dimensions."""
    try:
        state = path.stat()
    except OSError:
        return False
    return _idx_whole(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=64)  # every run of a page asks, for eight files at a time
def _idx_whole(path: Path, length: int, changed_ns: int) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    if len(head) < 8 or head[:3] != b"\x00\x00\x08" or head[3] not in (1, 3):
        return False
    if len(head) < 4 + 4 * head[3]:
        return False
    shape = struct.unpack(f">{head[3]}I", head[4 : 4 + 4 * head[3]])
    return length == 4 + 4 * head[3] + math.prod(shape)


def idx_set(name: str, split: Split, root: Path) -> ImageSet:
    """ "mnist" or "fashion": uint8 [60000 | 10000, 28, 28], the arrays that torchvision reads."""
    kind = IDX_FOLDERS[name]
    if not present(name, root):
        found = (root / kind / "raw").is_dir()
        raise DatasetMissing(
            f"{name} is {'incomplete' if found else 'not'} in {root}; {cure(name)}"
        )
    with _damage(name, root):
        dataset = getattr(torchvision_datasets(), kind)(str(root), train=split == "train")
        images, labels = dataset.data.numpy(), dataset.targets.numpy()
        classes = tuple(str(k) for k in range(10)) if name == "mnist" else tuple(dataset.classes)
        return image_set(name, images, labels, classes, split, _IDX_SOURCE[name])


_IDX_SOURCE = {
    "mnist": "MNIST (LeCun, Cortes & Burges 1998): handwritten digits of 28×28 pixels, "
    "60,000 for training and 10,000 for testing.",
    "fashion": "Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): articles of clothing of 28×28 pixels, "
    "60,000 for training and 10,000 for testing.",
}


def gtsrb_set(split: Split, root: Path) -> ImageSet:
    """German road signs, resized to uint8 [S, 32, 32, 3].

    Frames of one track show the same sign seconds apart. Where the official test part is missing,
    whole tracks are therefore set aside: of each class every fifth, in the order of their numbers.
    """
    if not present("gtsrb", root):
        raise DatasetMissing(f"gtsrb is not in {root}; {cure('gtsrb')}")
    base = root / "gtsrb"
    official = (base / "GTSRB" / "Final_Test" / "Images").is_dir()
    official = official and (base / "GT-final_test.csv").is_file()
    part = split if official else "train"
    with _damage("gtsrb", root):
        dataset = torchvision_datasets().GTSRB(str(root), split=part)
        if official and split == "test":
            chosen = list(range(len(dataset)))
        else:
            chosen = _by_track(base / "GTSRB" / "Training", len(dataset), split, whole=official)
        pairs = [dataset[k] for k in chosen]
        images = [resize(np.asarray(picture)[None], GTSRB_SIDE)[0] for picture, _ in pairs]
        labels = np.array([label for _, label in pairs], dtype=np.int64)
        how = "official test part" if official else "test part: every fifth track of each class"
        return image_set(
            "gtsrb",
            np.stack(images),
            labels,
            GTSRB_CLASSES,
            split,
            "German Traffic Sign Recognition Benchmark (Stallkamp et al. 2012), resized to "
            f"32×32 pixels; {how}.",
        )


def _by_track(folder: Path, count: int, split: Split, *, whole: bool) -> list[int]:
    """Numbers of the samples that belong to `split`, in torchvision's order (class, file name).

    A file TTTTT_FFFFF.ppm is frame F of track T.
    """
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    if [entry.name for entry in classes] != [f"{k:05d}" for k in range(len(GTSRB_CLASSES))]:
        raise ValueError(f"{folder} must hold the folders 00000 to 00042")
    chosen, number = [], 0
    for entry in classes:
        frames = sorted(path.name for path in entry.iterdir() if path.name.endswith(".ppm"))
        tracks = sorted({frame.split("_")[0] for frame in frames})
        test_tracks = set(tracks[_TEST_EVERY - 1 :: _TEST_EVERY])
        for frame in frames:
            if whole or (frame.split("_")[0] in test_tracks) == (split == "test"):
                chosen.append(number)
            number += 1
    if number != count:
        raise ValueError(f"{folder} holds {number} pictures, torchvision finds {count}")
    return chosen


def cure(name: str) -> str:
    """What to do about a data set that is not here."""
    return (
        f"run `python -m snncore download {name}`, or set SNNCORE_DATA to a folder that has it "
        "in torchvision's layout"
    )


@contextmanager
def _damage(name: str, root: Path) -> Iterator[None]:
    """Whatever the readers say of a damaged file becomes one clear error with the cure."""
    try:
        yield
    except DatasetMissing:
        raise
    except (OSError, RuntimeError, ValueError, AssertionError, LookupError, SyntaxError) as error:
        raise DatasetMissing(
            f"{name} in {root} is damaged ({error}); delete it there, then {cure(name)}"
        ) from error
