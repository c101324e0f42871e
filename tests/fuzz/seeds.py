"""Valid files to start from, made by code: small, and of every kind that a parser takes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import numpy as np
import torch
from PIL import Image

from pages.components.lif_compare import encode
from snncore import checkpoint
from snncore.classifier import ClassifierParams
from snncore.classifier.model_file import save_model
from snncore.classifier.session import train as train_classifier
from snncore.datasets.drawing import write_drawing
from snncore.playground import Setup
from snncore.stdp import TrainParams, train
from snncore.trained import save


def pictures(kind: str) -> list[bytes]:
    """PNG or JPEG files of several modes, one of them turned by EXIF."""
    pixels = np.arange(48 * 3, dtype=np.uint8).reshape(6, 8, 3)
    modes = ("L", "RGB", "RGBA", "P", "1", "I;16", "LA") if kind == "PNG" else ("L", "RGB", "CMYK")
    found = []
    for mode in modes:
        if mode == "I;16":
            picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 200)
        else:
            picture = Image.fromarray(pixels).convert(mode)
        exif = Image.Exif()
        exif[0x0112] = 6
        file = io.BytesIO()
        picture.save(file, kind, exif=exif)
        found.append(file.getvalue())
    return found


def arrays(n: int = 6) -> dict[str, bytes]:
    """The members of an images npz as .npy files."""
    found = {}
    for name, count in (("train", n), ("test", 3)):
        for letter, values in (
            ("x", (np.arange(count * 25) % 256).astype(np.uint8).reshape(count, 5, 5)),
            ("y", np.arange(count) % 3),
        ):
            file = io.BytesIO()
            np.save(file, values)
            found[f"{letter}_{name}.npy"] = file.getvalue()
    return found


def npz(members: dict[str, bytes]) -> bytes:
    """A zip file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def checkpoints() -> list[bytes]:
    """A run of a dense layer that was stopped, and one of filters."""
    images = (np.arange(12 * 100) % 251).astype(np.uint8).reshape(12, 10, 10)
    found = []
    for params in (
        TrainParams(neurons=4, batch=6, steps=10),
        TrainParams(layer="conv", filters=3, filter_size=3, grid=2, batch=6, theta=0.5),
    ):
        *_, last = train(images, params)
        file = io.BytesIO()
        save(file, "own", 12, params, last)
        found.append(file.getvalue())
    return found


def other_checkpoint() -> bytes:
    """A file of another kind."""
    file = io.BytesIO()
    checkpoint.save(file, "other", {"x": torch.zeros(3)}, {"a": 1})
    return file.getvalue()


def classifiers() -> list[bytes]:
    """A trained classifier of points."""
    params = ClassifierParams.suited("blobs", epochs=1)
    *_, last = train_classifier(params)
    file = io.BytesIO()
    save_model(file, last.model)
    return [file.getvalue()]


def sounds() -> list[bytes]:
    """WAV files of 8, 16, 24 and 32 bits, floats, two channels."""
    found = []
    for code, bits, channels in ((1, 8, 1), (1, 16, 2), (1, 24, 1), (3, 32, 1), (0xFFFE, 16, 1)):
        frame = channels * bits // 8
        form = struct.pack("<HHIIHH", code, channels, 8000, 8000 * frame, frame, bits)
        if code == 0xFFFE:
            form += struct.pack("<HHI", 22, bits, 4) + struct.pack("<H", 1) + b"\0" * 14
        data = bytes(range(64)) * frame
        body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
        body += b"LIST" + struct.pack("<I", 4) + b"INFO"
        body += b"data" + struct.pack("<I", len(data)) + data
        found.append(b"RIFF" + struct.pack("<I", len(body)) + body)
    return found


def tables() -> list[bytes]:
    """Text files of numbers: currents, series and points, in several fashions."""
    return [
        b"time_ms,current_nA\n0,1.5\n1,2.5\n2,0\n3,-1\n",
        b"t [s]; I [pA]\n0,000;1,5\n0,001;2,5\n0,002;3\n",
        b"# 0 comment\n0\t1e-1\n1\t2e0\n2\t3\n",
        b"1\n2\n3.5\n4\n",
        b"time,value,other\n0,1,9\n1,2,8\n2,3,7\n",
        b"x,y,label\n0,0,a\n1,1,b\n0.1,0,a\n1,0.9,b\n",
        "x;y;klasse\n0,5;1;\u00e4\n1;1;b\n0;1;\u00e4\n2;2;b\n".encode(),
        b"\xef\xbb\xbf1,2,0\r\n3,4,1\r\n1,2.5,0\r\n3,4.5,1\r\n",
        "1,2\n3,4\n".encode("utf-16"),
    ]


def drawings() -> list[bytes]:
    """Drawings as they stand in a link, and as the browser sends them."""
    grey = (np.arange(64) * 4 % 256).astype(np.uint8).reshape(8, 8)
    return [
        write_drawing(grey).encode(),
        write_drawing(255 * (grey > 90).astype(np.uint8)).encode(),
        b"",
        b"28x28:",
    ]


def settings() -> list[bytes]:
    """JSON objects of parameters."""
    return [
        encode(Setup()).encode(),
        encode(Setup.of("adex", dt=0.05)).encode(),
    ] + [
        json.dumps(values).encode()
        for values in (
            {"neurons": 100, "rule": "trace", "batch": 50, "theta": 10.0, "layer": "dense"},
            {"data": "blobs", "n_neurons": 10, "epochs": 5},
        )
    ]


def png_again(data: bytes) -> bytes:
    """The chunks of a damaged PNG with their checksums made right, so that damage gets deeper."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return out


def header_again(data: bytes) -> bytes:
    """A safetensors file whose first eight bytes tell the length of its changed header."""
    end = data.rfind(b"}", 8, 8 + 20_000) + 1
    return struct.pack("<Q", max(0, end - 8)) + data[8:]
