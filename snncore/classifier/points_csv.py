"""The user's own points from a text file: x, y and a class in each row.

Cells are separated by comma, semicolon or tab; where it is no comma, decimal commas are understood.
A first row that is no point is a header: columns called x, y and label (or class) are then found
by name, else the first three are taken in this order. Classes are words or numbers. Lines that
begin with # are comments. Nothing is repaired: what cannot be used is an error with its line.
"""

from __future__ import annotations

import math

import numpy as np

from snncore.classifier.data import Points, fit_square
from snncore.classifier.params import MAX_CLASSES

MAX_ROWS = 50_000
MAX_MB = 8
LARGEST = 1e15  # of a coordinate: nothing overflows on the way
LEAST_POINTS = 2  # of a class: one to learn from, one to test
_LABEL = ("label", "class", "klasse", "target", "category", "y_true")
_NAME_LENGTH = 24


def read_points(data: bytes) -> Points:
    """Points from the bytes of a text file.

    Raises:
        ValueError: too large, no text, a row that is no point (with its line), a constant column,
            or not 2 to 6 classes of at least two points.
    """
    rows = [
        (number, line)
        for number, line in enumerate(_text(data).split("\n"), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows:
        raise ValueError("the file is empty; it must have rows of x, y and a class")
    mark = next((m for m in (";", "\t", ",") if m in rows[0][1]), ",")
    first = _cells(rows[0][1], mark)
    if len(first) < 3:
        raise ValueError(
            f"line {rows[0][0]}: a row must have three cells, x, y and a class, separated by "
            f"comma, semicolon or tab, got {_shown(rows[0][1])}"
        )
    columns = (0, 1, 2)
    if not (_is_number(first[0], mark) or _is_number(first[1], mark)):
        columns = _columns(first)
        rows = rows[1:]
    if len(rows) > MAX_ROWS:
        raise ValueError(
            f"the file must have at most {MAX_ROWS:,} points, got {len(rows):,}; keep a part"
        )
    if not rows:
        raise ValueError("the file has a header only; it must have rows of x, y and a class")
    coordinates = np.empty((len(rows), 2))
    words: list[str] = []
    for k, (number, line) in enumerate(rows):
        cells = _cells(line, mark)
        if len(cells) <= max(columns):
            raise ValueError(f"line {number}: a row must have x, y and a class, got {_shown(line)}")
        for axis, name in enumerate("xy"):
            coordinates[k, axis] = _number(cells[columns[axis]], name, number, mark)
        word = cells[columns[2]]
        if not word:
            raise ValueError(f"line {number}: the class is missing; fill it in, or delete the row")
        words.append(_class_name(word))
    return _classified(coordinates, words)


def _text(data: bytes) -> str:
    if len(data) > MAX_MB * 1_000_000:
        raise ValueError(
            f"the file must have at most {MAX_MB} MB, got {len(data) / 1e6:,.1f} MB; keep a part"
        )
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and b"\0" in data:
        raise ValueError("the file must be text, and this one is not; export it as CSV first")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        if wide:
            raise ValueError("the file must be text, and this one is damaged") from None
        text = data.decode("latin-1")  # any bytes are letters there: the numbers decide
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split(mark)]


def _shown(text: str) -> str:
    return repr(text.strip()[:40])


def _plain(cell: str, mark: str) -> str:
    return cell if mark == "," else cell.replace(",", ".")


def _is_number(cell: str, mark: str) -> bool:
    try:
        float(_plain(cell, mark))
    except ValueError:
        return False
    return True


def _number(cell: str, name: str, line: int, mark: str) -> float:
    if not _is_number(cell, mark):
        what = _shown(cell) if cell else "nothing"
        raise ValueError(f"line {line}: {name} must be a number, got {what}; correct it")
    value = float(_plain(cell, mark))
    if not abs(value) <= LARGEST:  # NaN too
        raise ValueError(
            f"line {line}: {name} must be finite and within ±{LARGEST:g}, got {cell}; correct it"
        )
    return value


def _columns(names: list[str]) -> tuple[int, int, int]:
    """Where x, y and the class are by the header; the first three where it does not say."""
    lower = [name.lower() for name in names]
    label = next((k for k, name in enumerate(lower) if name in _LABEL), None)
    if "x" in lower and "y" in lower and label is not None:
        return lower.index("x"), lower.index("y"), label
    return 0, 1, 2


def _class_name(word: str) -> str:
    """1, 1.0 and 1e0 are one class."""
    try:
        value = float(word)
    except ValueError:
        return word[:_NAME_LENGTH]
    return f"{value:g}" if math.isfinite(value) else word[:_NAME_LENGTH]


def _classified(coordinates: np.ndarray, words: list[str]) -> Points:
    for axis, name in enumerate("xy"):
        values = coordinates[:, axis]
        size = float(values.max() - values.min())
        if size <= 1e-9 * max(abs(float(values.max())), abs(float(values.min()))):
            raise ValueError(
                f"{name} must vary, got {values[0]:g} in all rows; use two columns that differ"
            )
    names = sorted(set(words), key=lambda w: (not _is_number(w, ","), _order(w), w))
    if not 2 <= len(names) <= MAX_CLASSES:
        some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise ValueError(
            f"the file must have 2 to {MAX_CLASSES} classes, got {len(names)} ({some}); is the "
            "third column the class?"
        )
    for name in names:
        if words.count(name) < LEAST_POINTS:
            raise ValueError(
                f"each class must have at least {LEAST_POINTS} points, got one of {name!r}; add "
                "points, or delete it"
            )
    numbers = {name: k for k, name in enumerate(names)}
    return fit_square(coordinates, np.array([numbers[w] for w in words]), tuple(names))


def _order(word: str) -> float:
    return float(word) if _is_number(word, ",") else 0.0
