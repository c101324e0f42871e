"""What `encode` sends: pictures of a set or a file, a made signal, a sound, a column of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import datasets, encoding
from snncore.cli.download import ensure
from snncore.datasets import series, sound
from snncore.encoding import Code, SignalParams

_SOURCES = ("image", "dataset", "signal", "wav", "csv")
_ONLY = {  # options that belong to some inputs: what they would otherwise be silent about
    "size": ("image", "dataset"),
    "start": ("wav", "csv"),
    "seconds": ("wav",),
    "normalise": ("wav",),
    "column": ("csv",),
}


class Given(NamedTuple):
    """Pictures float32 [S, H, W] or a signal [T], both in 0..1."""

    values: NDArray[np.float32]
    first_sample: int  # number of the first picture in its set
    source: dict[str, Any]  # what the report says of it

    @property
    def is_picture(self) -> bool:
        """Whether these are pictures, not a signal."""
        return self.values.ndim == 3


def read_input(code: Code, wanted: Mapping[str, Any], steps: int | None) -> Given:
    """The input that the options ask for; by default a digit, or a chirp for a signal code.

    Raises:
        ValueError: contradictory options, or an input that cannot be read.
    """
    chosen = [name for name in _SOURCES if wanted[name] is not None]
    if len(chosen) > 1:
        raise ValueError(f"give one input only, got --{' and --'.join(chosen)}")
    source = chosen[0] if chosen else ("signal" if code.kind == "signal" else "dataset")
    for option, inputs in _ONLY.items():
        if wanted[option] and source not in inputs:
            raise ValueError(f"--{option} belongs to --{' and --'.join(inputs)}")
    if source in ("image", "dataset"):
        return _pictures(source, wanted)
    if source == "signal":
        return _made(wanted, steps)
    return _sound(wanted, steps) if source == "wav" else _column(wanted, steps)


def _pictures(source: str, wanted: Mapping[str, Any]) -> Given:
    first, count = wanted["index"], wanted["count"]
    if source == "image":
        if (first, count) != (0, 1):
            raise ValueError("--image is one picture: --index and --count belong to --dataset")
        images, report = _image(wanted["image"])
    else:
        name = wanted["dataset"] or "digits"
        ensure(name)
        images = datasets.load(name, wanted["split"]).images
        report = {"dataset": name, "split": wanted["split"], "index": first}
        if first + count > len(images):
            raise ValueError(
                f"--index + --count must be <= {len(images)} pictures, got {first + count}"
            )
    grey = datasets.to_grey(images[first : first + count])
    if wanted["size"] is not None:
        size = datasets.fitted_size(grey.shape[1], grey.shape[2], wanted["size"])
        grey = datasets.resize(grey, size)
    report |= {"images": count, "height": grey.shape[1], "width": grey.shape[2]}
    return Given(datasets.to_float(grey), first, report)


def _image(name: str) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """A bundled photograph or the picture in a file, as a set of one."""
    photographs = datasets.load("skimage")
    if name in photographs.class_names:
        at = photographs.class_names.index(name)
        return photographs.images[at : at + 1], {"image": name}
    cure = f"; an image is a PNG or JPEG file or one of {', '.join(photographs.class_names)}"
    data = _bytes(name, "--image", cure)
    return datasets.files.read_image(data)[None], {"image": name}


def _made(wanted: Mapping[str, Any], steps: int | None) -> Given:
    names = [name for name in SignalParams.specs() if name in wanted]
    values = {name: wanted[name] for name in names}
    values["seed"] = wanted["signal_seed"]
    if wanted["signal"] is not None:
        values["shape"] = wanted["signal"]
    if steps is not None:
        values["n_samples"] = steps
    try:
        params = SignalParams.from_dict(values)
    except ValueError as error:  # the engine's word for the option
        raise ValueError(str(error).replace("n_samples", "--steps")) from error
    signal = encoding.make_signal(params).numpy().reshape(-1)
    return Given(signal, 0, {"signal": params.to_dict()})


def _sound(wanted: Mapping[str, Any], steps: int | None) -> Given:
    start = wanted["start"] or 0.0
    try:
        heard = sound.read_wav_file(wanted["wav"], start_s=start, seconds=wanted["seconds"])
    except ValueError as error:  # the engine's words for the options
        words = re.sub(r"\bseconds\b", "--seconds", str(error).replace("start_s", "--start"))
        raise ValueError(f"--wav: {words}") from error
    signal = sound.as_signal(heard, n_samples=steps, normalise=wanted["normalise"])
    report = {"wav": wanted["wav"], "rate_hz": heard.rate_hz, "start_s": heard.start_s}
    return Given(signal, 0, report | ({"note": heard.note} if heard.note else {}))


def _column(wanted: Mapping[str, Any], steps: int | None) -> Given:
    start = wanted["start"] or 0.0
    if start != int(start):
        raise ValueError(f"--start must be a whole number of rows for --csv, got {start:g}")
    path = wanted["csv"]
    data = _bytes(path, "--csv", "")
    held = series.read_series(data, Path(path).stem, column=wanted["column"] or "", limit=False)
    signal = held.unit_values(int(start), steps)
    report = {"csv": path, "column": held.name, "scale": [held.minimum, held.maximum]}
    return Given(signal, 0, report | ({"note": held.note} if held.note else {}))


def _bytes(name: str, option: str, cure: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {option} {name}: {error.strerror or error}{cure}") from error
