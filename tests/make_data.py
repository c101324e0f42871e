"""Small data folders in the layouts of MNIST and GTSRB, for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def squares(k: int) -> np.ndarray:
    """k pictures of 6×6 pixels, all different."""
    return (np.arange(k * 36).reshape(k, 6, 6) % 251).astype(np.uint8)


def write_idx(folder: Path, count: int) -> None:
    """The four files of MNIST with `count` pictures of 6×6 each."""
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        head = np.array([0x803, count, 6, 6], dtype=">u4").tobytes()
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + squares(count).tobytes())
        head = np.array([0x801, count], dtype=">u4").tobytes()
        labels = np.arange(count, dtype=np.uint8) % 10
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())


def write_gtsrb(root: Path, tracks: int, frames: int = 2) -> None:
    """43 classes; each frame of 20×15 pixels is filled with the number of its track."""
    for label in range(43):
        folder = root / "gtsrb" / "GTSRB" / "Training" / f"{label:05d}"
        folder.mkdir(parents=True)
        for track in range(tracks):
            for frame in range(frames):
                picture = Image.new("RGB", (20, 15), (track, label, frame))
                picture.save(folder / f"{track:05d}_{frame:05d}.ppm")
