"""What is fuzzed: every parser of something that a visitor can send, and the one rule for all.

A parser gives its result or raises ValueError, quickly and in little memory: nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pages.components.lif_compare import decode
from snncore import params, trained
from snncore.classifier import ClassifierParams
from snncore.classifier.model_file import load_model
from snncore.classifier.points_csv import read_points
from snncore.datasets.drawing import read_drawing, read_link
from snncore.datasets.files import read_image, read_npz
from snncore.datasets.series import read_series
from snncore.datasets.sound import read_wav
from snncore.playground import Setup
from snncore.stdp import TrainParams
from snncore.stimuli.csv_file import read_csv
from tests.fuzz import seeds

Parse = Callable[[bytes], Any]


@dataclass(frozen=True)
class Target:
    """A parser, valid inputs, words that it knows, and how damage is brought past checksums."""

    parse: Parse
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()
    mend: Callable[[bytes], bytes] | None = None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _settings(data: bytes) -> None:
    """Parameters as JSON, as every door takes them: links, files, the command line."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(values, dict):
        return
    for door in (TrainParams.from_dict, ClassifierParams.from_dict, Setup.from_dict):
        try:
            door(values)
        except ValueError:
            continue


def _words(data: bytes) -> None:
    """A value in the address for each parameter of the trainer."""
    for name, spec in TrainParams.specs().items():
        try:
            params.parse(name, _text(data), spec)
        except ValueError:
            continue


_NUMBERS = (
    b"nan",
    b"inf",
    b"-1",
    b"1e999",
    b"0x10",
    b"1e308",
    b"-0",
    b"9" * 30,
    b"1_0",
    b"\xd9\xa3",
)
_JSON = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"null",
    b"true",
    b"\\u0000",
    b"\\ud800",
    *_NUMBERS,
)
_NPY = (
    b"'descr': '|O'",
    b"'<f8'",
    b"'|u1'",
    b"(1000000000, 5, 5)",
    b"True",
    b"\x93NUMPY",
    b"(-1,)",
)
_WAV = (b"RIFF", b"RF64", b"WAVE", b"fmt ", b"data", b"\xff\xff\xff\xff", b"\0\0\0\0")
_CSV = (
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b'"',
    b"\0",
    b"\xff\xfe",
    b"# ",
    b"time",
    b"label",
    *_NUMBERS,
)
_TENSORS = (b'"F64"', b'"F16"', b'"BF16"', b'"I8"', b'"data_offsets"', b"__metadata__", *_JSON)
_CHUNKS = (
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"tRNS",
    b"acTL",
    b"iCCP",
    b"zTXt",
    b"eXIf",
    b"\0\0\0\0",
    b"IEND",
)
_DRAWING = (b"28x28:", b"g", b"-", b"_", b"=", b":", b"1000x1000", b"A" * 50)

TARGETS: dict[str, Target] = {
    "png": Target(read_image, lambda: seeds.pictures("PNG"), _CHUNKS, seeds.png_again),
    "jpeg": Target(
        read_image, lambda: seeds.pictures("JPEG"), (b"\xff\xd8", b"\xff\xda", b"\xff\xe1")
    ),
    "npz": Target(read_npz, lambda: [seeds.npz(seeds.arrays())], (b"PK\x03\x04", b"PK\x05\x06")),
    "npy in npz": Target(
        lambda data: read_npz(seeds.npz({**seeds.arrays(), "x_train.npy": data})),
        lambda: [seeds.arrays()["x_train.npy"], seeds.arrays()["y_train.npy"]],
        _NPY,
    ),
    "checkpoint": Target(
        trained.load,
        lambda: [*seeds.checkpoints(), seeds.other_checkpoint()],
        _TENSORS,
        seeds.header_again,
    ),
    "classifier": Target(load_model, seeds.classifiers, _TENSORS, seeds.header_again),
    "current csv": Target(read_csv, seeds.tables, _CSV),
    "series csv": Target(read_series, seeds.tables, _CSV),
    "points csv": Target(read_points, seeds.tables, _CSV),
    "wav": Target(read_wav, seeds.sounds, _WAV),
    "drawing": Target(lambda data: read_drawing(_text(data)), seeds.drawings, _DRAWING),
    "drawing link": Target(lambda data: read_link(_text(data)), seeds.drawings, _DRAWING),
    "setting link": Target(lambda data: decode(_text(data)), seeds.settings, _JSON),
    "settings": Target(_settings, seeds.settings, _JSON),
    "address": Target(_words, lambda: [b"10", b"0.5", b"trace", b"true"], _NUMBERS),
}


@cache
def seeds_of(name: str) -> tuple[bytes, ...]:
    """The valid inputs of a target, made once."""
    return tuple(TARGETS[name].seeds())


def check(name: str, data: bytes) -> bool:
    """Whether the parser took it; raises whatever is not a ValueError."""
    try:
        TARGETS[name].parse(data)
    except ValueError:
        return False
    return True
