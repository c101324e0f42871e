"""The results of sweeps: one Parquet file, one row a run, replaced as a whole after each run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from snncore.stdp import TrainParams

MOST_ROWS = 100_000
MOST_BYTES = 64 << 20
_KINDS = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "choice": pa.string()}
ABOUT: dict[str, Any] = {
    "key": pa.string(),
    "status": pa.string(),  # "done" or "failed"
    "error": pa.string(),
    "dataset": pa.string(),
    "limit": pa.int64(),
    "controls": pa.bool_(),
    "images_sha256": pa.string(),
    "version": pa.string(),
    "host": pa.string(),
    "ended": pa.string(),  # ISO 8601, UTC
}
FIGURES: dict[str, Any] = {
    name: pa.float64()
    for name in (
        "test_accuracy", "vote_accuracy", "weighted_vote_accuracy", "control_untrained_accuracy",
        "control_pixels_accuracy", "chance", "mean_spikes", "train_images_per_s",
        "count_images_per_s", "peak_mb", "total_seconds",
    )
}  # fmt: skip
PARAMS: dict[str, Any] = {name: _KINDS[spec.kind] for name, spec in TrainParams.specs().items()}
SCHEMA = pa.schema(
    [*ABOUT.items(), *PARAMS.items(), *FIGURES.items(), ("weights_sha256", "string")]
)


class Table:
    """The rows of a file, by the key of the run."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            ValueError: the file is no such table.
            OSError: it cannot be read.
        """
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}
        if path.exists():
            with open(path, "rb") as file:
                self.rows = {row["key"]: row for row in read_rows(file)}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this process writes to the file, no other does; ended with the process.

        Raises:
            ValueError: another one does.
        """
        if sys.platform == "win32":  # it has no such locks
            yield
            return
        import fcntl

        lock = self.path.with_name(f".{self.path.name}.lock")
        with open(lock, "wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"another sweep writes to {self.path}: wait for its end") from None
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Put a row in place of an older one of its key, and write the file.

        Raises:
            OSError: it cannot be written; the last good file stays as it was.
        """
        self.rows[row["key"]] = {name: row.get(name) for name in SCHEMA.names}
        part = self.path.with_name(f".{self.path.name}.part")
        try:
            with open(part, "wb") as file:
                pq.write_table(pa.Table.from_pylist(list(self.rows.values()), SCHEMA), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def read_rows(source: BinaryIO) -> list[dict[str, Any]]:
    """The rows of a file that may come from anywhere.

    Raises:
        ValueError: it is not a sweep's table, or too large.
    """
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if size > MOST_BYTES:
        raise ValueError(f"a sweep's table has at most {MOST_BYTES >> 20} MB, got {size >> 20}")
    try:
        file = pq.ParquetFile(source)
        if file.metadata.num_rows > MOST_ROWS:
            raise ValueError(f"a sweep's table has at most {MOST_ROWS:,} rows")
        unpacked = sum(
            file.metadata.row_group(k).total_byte_size for k in range(file.metadata.num_row_groups)
        )
        if unpacked > 4 * MOST_BYTES:
            raise ValueError(f"a sweep's table has at most {MOST_BYTES >> 18} MB unpacked")
        if missing := [
            name
            for name in ("key", "status", "test_accuracy")
            if name not in file.schema_arrow.names
        ]:
            raise ValueError(f"not the table of a sweep: it has no column {missing[0]!r}")
        known = [name for name in SCHEMA.names if name in file.schema_arrow.names]
        found = file.read(columns=known)
        found = found.cast(pa.schema([SCHEMA.field(name) for name in known]))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not the table of a sweep: {str(error).splitlines()[0]}") from error
    empty = dict.fromkeys(SCHEMA.names)
    return [{**empty, **row} for row in found.to_pylist()]
