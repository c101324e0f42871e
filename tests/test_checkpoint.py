"""Checkpoints: exact round trip, and every bad file refused with its cause and cure."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from snncore import checkpoint
from snncore.checkpoint import TensorSpec, load, save

TENSORS = {
    "weights": torch.arange(12, dtype=torch.float32).reshape(3, 4) / 7,
    "theta": torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64),
    "counts": torch.tensor([1, -2, 3], dtype=torch.int64),
    "alive": torch.tensor([True, False, True]),
}
META = {"params": {"tau_m": 20.0, "neurons": 3}, "seen": 100, "dataset": "digits"}


def file_of(**changes: Any) -> bytes:
    """The bytes of a good checkpoint, with entries of its description replaced."""
    description = {"schema": "snncore/1", "version": "0", "kind": "stdp", "meta": {}} | changes
    return raw({"w": np.ones(3, np.float32)}, {"snncore": json.dumps(description)})


def raw(arrays: dict[str, np.ndarray], metadata: dict[str, str] | None) -> bytes:
    return safetensors.numpy.save(arrays, metadata)


def with_header(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def described(entry: dict[str, object], body: bytes) -> bytes:
    """A file whose only tensor is described by `entry`."""
    text = json.dumps({"schema": "snncore/1", "version": "0", "kind": "stdp", "meta": {}})
    return with_header({"__metadata__": {"snncore": text}, "w": entry}, body)


def good() -> bytes:
    buffer = io.BytesIO()
    save(buffer, "stdp", TENSORS, META)
    return buffer.getvalue()


def test_round_trip_is_exact_through_file_buffer_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    save(path, "stdp", TENSORS, META)
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        back = load(source, "stdp")
        assert back.meta == META and back.kind == "stdp" and back.version == "0.1.0"
        assert set(back.tensors) == set(TENSORS)
        for name, tensor in TENSORS.items():
            assert back.tensors[name].dtype == tensor.dtype
            assert torch.equal(back.tensors[name], tensor)


def test_views_and_shared_memory_are_saved_as_they_look() -> None:
    base = torch.arange(6.0).reshape(2, 3)
    buffer = io.BytesIO()
    save(buffer, "k", {"a": base, "b": base.t(), "c": base[:, 1]}, {})
    back = load(buffer.getvalue()).tensors
    assert torch.equal(back["b"], base.t()) and torch.equal(back["c"], base[:, 1])


def test_equal_content_gives_equal_bytes() -> None:
    assert good() == good()


def test_a_failed_write_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.safetensors"
    save(path, "stdp", TENSORS, META)
    before = path.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(path, "stdp", {"w": torch.zeros(5)}, {})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.safetensors"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"", "only 0 bytes"),
        (lambda: b"PK\x03\x04" + bytes(100), "not a checkpoint of this program"),
        (lambda: b"just a text file, renamed", "its header claims"),
        (lambda: pickle.dumps({"w": 1}) + bytes(50), "not a checkpoint of this program"),
        (lambda: (1 << 60).to_bytes(8, "little"), "claims 1152921504606846976 bytes"),
        (lambda: (500).to_bytes(8, "little") + b"{}", "or cut off"),
        (lambda: with_header(b"\xff\xfe{"), "not JSON"),
        (lambda: with_header(b"[" * 5000), "not JSON"),
        (lambda: with_header([1, 2]), "not a JSON object"),
        (lambda: raw({"w": np.ones(3, np.float32)}, None), "was not made by this program"),
        (lambda: raw({"w": np.ones(3, np.float32)}, {"snncore": "{"}), "not JSON"),
        (lambda: raw({"w": np.ones(3, np.float32)}, {"snncore": "7"}), "not a JSON object"),
        (lambda: file_of(schema="snncore/2"), "schema 'snncore/2', this program reads 'snncore/1'"),
        (lambda: file_of(schema=None), "schema None"),
        (lambda: file_of(meta=[1]), "lacks 'meta'"),
        (lambda: file_of(kind=3), "lacks 'kind'"),
        (lambda: file_of(kind="hopfield"), "of kind 'hopfield', but 'stdp' is needed"),
        (lambda: good()[:-1], "cut off or damaged"),
        (lambda: good() + b"\0", "described: damaged"),
        (
            lambda: described(
                {"dtype": "F32", "shape": [10**5, 10**5], "data_offsets": [0, 4]}, bytes(4)
            ),
            r"F32 \[100000, 100000\], which does not match the 4 bytes",
        ),
        (
            lambda: described({"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}, bytes(4)),
            "does not match|damaged",
        ),
        (
            lambda: described({"dtype": "OBJ", "shape": [1], "data_offsets": [0, 4]}, bytes(4)),
            "damaged description",
        ),
        (lambda: described({"dtype": "F32"}, b""), "damaged description"),
        (
            lambda: described({"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}, bytes(4)),
            "damaged",
        ),
        (
            lambda: described({"dtype": "F32", "shape": "ab", "data_offsets": [0, 4]}, bytes(4)),
            "damaged description",
        ),
    ],
)
def test_bad_files_are_refused_with_the_cause(make: Callable[[], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(make(), "stdp")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_non_finite_weights_are_refused_both_ways(value: float) -> None:
    bad = torch.tensor([1.0, value, value])
    with pytest.raises(ValueError, match="'w' must be finite, got 2 NaN or infinite values"):
        save(io.BytesIO(), "k", {"w": bad}, {})
    text = json.dumps({"schema": "snncore/1", "version": "0", "kind": "k", "meta": {}})
    with pytest.raises(ValueError, match="'w' must be finite, got 2 NaN or infinite values"):
        load(raw({"w": bad.numpy()}, {"snncore": text}))


def test_every_single_flipped_byte_of_the_header_is_refused_or_harmless() -> None:
    """A damaged header must end in ValueError, never in another exception or a huge allocation."""
    data = good()
    size = 8 + int.from_bytes(data[:8], "little")
    refused = 0
    for position in range(0, size, 3):
        broken = bytearray(data)
        broken[position] ^= 0x15
        try:
            load(bytes(broken), "stdp")
        except ValueError:
            refused += 1
    assert refused > size / 6


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"bias": TensorSpec(torch.float32, (3,))}, "lacks tensor 'bias'"),
        ({"weights": TensorSpec(torch.float64, (3, 4))}, "must be torch.float64 3×4, got"),
        ({"weights": TensorSpec(torch.float32, (3, 5))}, r"3×5, got torch.float32 3×4"),
        ({"weights": TensorSpec(torch.float32, (None,))}, r"any, got torch.float32 3×4"),
    ],
)
def test_tensors_of_another_model_are_refused(spec: dict[str, TensorSpec], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(good(), specs=spec)


def test_any_size_fits_an_open_dimension() -> None:
    load(good(), specs={"weights": TensorSpec(torch.float32, (None, 4))})


def test_an_upload_has_a_size_limit_and_a_file_of_ones_own_has_none(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    path.write_bytes(good())
    load(path, max_bytes=100)
    for source in (good(), io.BytesIO(good())):
        with pytest.raises(ValueError, match=r"at most 0.0001 MB here; .* command line"):
            load(source, max_bytes=100)


@pytest.mark.parametrize(
    ("tensors", "meta", "message"),
    [
        ({}, {}, "must not be empty"),
        ({"w": torch.ones(2, dtype=torch.complex64)}, {}, "real number type, got torch.complex64"),
        ({"w": torch.ones(2)}, {"loss": float("nan")}, "plain finite JSON"),
        ({"w": torch.ones(2)}, {"f": object()}, "plain finite JSON"),
    ],
)
def test_bad_contents_are_not_written(
    tmp_path: Path, tensors: dict[str, torch.Tensor], meta: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        save(tmp_path / "x", "k", tensors, meta)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.safetensors")
