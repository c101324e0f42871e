"""Checkpoints: tensors in safetensors format with one JSON description; loading runs no code.

File: 8 bytes header size (little endian), JSON header (name → dtype, shape, byte range, plus
`__metadata__`), raw tensor bytes. Our description is the metadata entry "snncore": a JSON object
with `schema` ("snncore/1"), `version` (of the program that wrote it), `kind` (what it is, e.g.
"stdp") and `meta` (parameters and history). Every size is checked against the bytes that are there
before anything is allocated from it.
"""

from __future__ import annotations

import io
import json
import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse
from safetensors.torch import save as serialise

from snncore import __version__

SCHEMA = "snncore/1"
MAX_BYTES = 64_000_000  # of an upload; files on the user's own disk may be larger
MAX_HEADER = 1 << 20
_DTYPES = {
    "F32": torch.float32,
    "F64": torch.float64,  # CPU: files are written from and read into its memory
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True)
class Checkpoint:
    """What a file held: tensors on the CPU by name, and the description."""

    tensors: dict[str, torch.Tensor]
    meta: dict[str, Any]
    kind: str
    version: str


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a reader expects of one tensor; None in `shape` stands for any size ≥ 1."""

    dtype: torch.dtype
    shape: tuple[int | None, ...]


def save(
    target: str | os.PathLike[str] | BinaryIO,
    kind: str,
    tensors: Mapping[str, torch.Tensor],
    meta: Mapping[str, Any],
) -> None:
    """Write a checkpoint; a file appears complete or not at all (`.part`, then renamed).

    Args:
        target: path, or a binary file object.
        kind: what this is, e.g. "stdp"; `load` can insist on it.
        tensors: name → tensor on any device; all float values finite.
        meta: plain JSON values (a `Params.to_dict()`, counters, the seed).

    Raises:
        ValueError: no tensors, a non-finite value, a dtype that the format lacks, or `meta` that
            is not plain JSON.
    """
    if not tensors:
        raise ValueError("tensors must not be empty: a checkpoint of nothing is a mistake")
    plain = {}
    for name, tensor in tensors.items():
        if tensor.dtype not in _DTYPES.values():
            raise ValueError(f"tensor {name!r} must be of a real number type, got {tensor.dtype}")
        _check_finite(name, tensor)
        plain[name] = tensor.detach().cpu().contiguous().clone()
    try:
        text = json.dumps(
            {"schema": SCHEMA, "version": __version__, "kind": kind, "meta": dict(meta)},
            allow_nan=False,
            sort_keys=True,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"meta must be plain finite JSON values: {error}") from None
    data = serialise(plain, metadata={"snncore": text})
    if isinstance(target, str | os.PathLike):
        _write_atomically(Path(target), data)
    else:
        target.write(data)


def load(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    kind: str | None = None,
    *,
    specs: Mapping[str, TensorSpec] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Checkpoint:
    """Read a checkpoint and check all of it.

    Args:
        source: path, bytes (an upload), or a binary file object.
        kind: the kind that is wanted; another one is refused.
        specs: tensors that must be there, with their type and shape; others are ignored.
        max_bytes: limit for bytes and file objects; a path may be of any size.

    Raises:
        ValueError: not a checkpoint of ours, damaged, too large, non-finite, or of another kind,
            schema, type or shape. The text says which and what to do.
        FileNotFoundError: the path does not exist.
    """
    data = _read(source, max_bytes)
    header, body_start = _header(data)
    description = _description(header)
    _check_layout(header, len(data) - body_start)
    found = description["kind"]
    if kind is not None and found != kind:
        raise ValueError(f"this checkpoint is of kind {found!r}, but {kind!r} is needed here")
    try:
        tensors = parse(data)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ValueError(f"the checkpoint is damaged ({error}); save it again") from None
    for name, tensor in tensors.items():
        _check_finite(name, tensor)
    for name, spec in (specs or {}).items():
        _check_spec(name, tensors.get(name), spec)
    return Checkpoint(tensors, description["meta"], found, description["version"])


def _write_atomically(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _read(source: str | os.PathLike[str] | bytes | BinaryIO, max_bytes: int) -> bytes:
    if isinstance(source, str | os.PathLike):
        return Path(source).read_bytes()
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(
            f"a checkpoint may have at most {max_bytes / 1e6:g} MB here; "
            "give a larger one to the command line"
        )
    return data


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The parsed JSON header and where the tensors' bytes begin."""
    wrong = "not a checkpoint of this program (a .safetensors file made by its export)"
    if len(data) < 8:
        raise ValueError(f"{wrong}: the file has only {len(data)} bytes")
    size = int.from_bytes(data[:8], "little")
    if size > MAX_HEADER:
        raise ValueError(f"{wrong}: its header claims {size} bytes, at most {MAX_HEADER} are used")
    if 8 + size > len(data):
        raise ValueError(
            f"{wrong}, or cut off: its header claims {size} bytes, {len(data) - 8} are there"
        )
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError):
        raise ValueError(f"{wrong}: its header is not JSON") from None
    if not isinstance(header, dict):
        raise ValueError(f"{wrong}: its header is not a JSON object")
    return header, 8 + size


def _description(header: Mapping[str, Any]) -> dict[str, Any]:
    metadata = header.get("__metadata__")
    text = metadata.get("snncore") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ValueError(
            "this safetensors file was not made by this program (it has no 'snncore' entry); "
            "use one from its export or from `python -m snncore train --out`"
        )
    try:
        description = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the checkpoint's description is not JSON; save it again") from None
    if not isinstance(description, dict):
        raise ValueError("the checkpoint's description is not a JSON object; save it again")
    schema = description.get("schema")
    if schema != SCHEMA:
        raise ValueError(
            f"the checkpoint has schema {schema!r}, this program reads {SCHEMA!r}; "
            "open it with the version that wrote it, or train again"
        )
    for name, wanted in (("kind", str), ("version", str), ("meta", dict)):
        if not isinstance(description.get(name), wanted):
            raise ValueError(f"the checkpoint's description lacks {name!r}; save it again")
    return description


def _check_layout(header: Mapping[str, Any], body: int) -> None:
    """Every tensor's shape × type must be exactly the bytes that the file has for it."""
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            size = math.prod(entry["shape"]) * _DTYPES[entry["dtype"]].itemsize
            first, last = entry["data_offsets"]
            fits = 0 <= first <= last <= body and last - first == size
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"tensor {name!r} has a damaged description; save it again") from None
        if not fits:
            raise ValueError(
                f"tensor {name!r} is described as {entry['dtype']} {entry['shape']}, which does "
                f"not match the {body} bytes that are there: the file is cut off or damaged"
            )
        end = max(end, last)
    if end != body:
        raise ValueError(f"the file has {body} bytes of tensors, {end} are described: damaged")


def _check_finite(name: str, tensor: torch.Tensor) -> None:
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        count = int((~torch.isfinite(tensor)).sum())
        raise ValueError(f"tensor {name!r} must be finite, got {count} NaN or infinite values")


def _check_spec(name: str, tensor: torch.Tensor | None, spec: TensorSpec) -> None:
    if tensor is None:
        raise ValueError(f"the checkpoint lacks tensor {name!r}; it is of another model")
    wanted = "×".join("any" if n is None else str(n) for n in spec.shape)
    got = "×".join(str(n) for n in tensor.shape)
    sizes = zip(tensor.shape, spec.shape, strict=False)
    if (
        tensor.dtype != spec.dtype
        or tensor.ndim != len(spec.shape)
        or any(have < 1 or (want is not None and have != want) for have, want in sizes)
    ):
        raise ValueError(f"tensor {name!r} must be {spec.dtype} {wanted}, got {tensor.dtype} {got}")
