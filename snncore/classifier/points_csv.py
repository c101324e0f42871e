"""The user's own points from a text file: x, y and a class in each row.

Cells are separated by comma, semicolon or tab; where it is no comma, decimal commas are understood.
A first row that is no point is a header: columns called x, y and label (or class) are then found
by name, else the first three are taken in this order. Classes are words or numbers; 1, 1.0 and 1e0
are one. A cell in quotes may hold the separator. Lines that begin with # are comments. Nothing is
repaired: what cannot be used is an error with its line.
"""

from __future__ import annotations

import csv
from decimal import Context, Decimal, InvalidOperation

import numpy as np

from snncore.classifier.data import Points, fit_square
from snncore.classifier.params import MAX_CLASSES
from snncore.datasets.csv_text import decoded

MAX_ROWS = 50_000
MAX_MB = 8
LARGEST = 1e15  # of a coordinate: nothing overflows on the way
LEAST_POINTS = 2  # of a class: one to learn from, one to test
_LABEL = ("label", "class", "klasse", "target", "category", "y_true")
MAX_LINES = 2 * MAX_ROWS  # with blank ones and comments
MAX_LINE = 10_000  # characters
MAX_CELLS = 200
MAX_NAME = 100  # characters of a class
_EXACT = Context(prec=MAX_NAME)  # digits: nothing is rounded
_PLAIN = 30  # digits that a number as a class is written out with


def read_points(data: bytes) -> Points:
    """Points from the bytes of a text file.

    Raises:
        ValueError: too large, no text, a row that is no point (with its line), a constant column,
            or not 2 to 6 classes of at least two points.
    """
    rows = _lines(_text(data))
    if not rows:
        raise ValueError("the file is empty; it must have rows of x, y and a class")
    marks = (m for m in (";", "\t", ",") if len(next(csv.reader([rows[0][1]], delimiter=m))) >= 3)
    mark = next(marks, ",")
    first = _cells(*rows[0], mark)
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
    labels = np.empty(len(rows), np.int64)
    seen: dict[str, int] = {}
    for k, (number, line) in enumerate(rows):
        cells = _cells(number, line, mark)
        if len(cells) <= max(columns):
            raise ValueError(f"line {number}: a row must have x, y and a class, got {_shown(line)}")
        for axis, name in enumerate("xy"):
            coordinates[k, axis] = _number(cells[columns[axis]], name, number, mark)
        word = cells[columns[2]]
        if not word:
            raise ValueError(f"line {number}: the class is missing; fill it in, or delete the row")
        labels[k] = seen.setdefault(_class_name(word, number), len(seen))
        if len(seen) > MAX_CLASSES:
            raise _no_classes(list(seen), f" up to line {number}")
    return _classified(coordinates, labels, list(seen))


def _lines(text: str) -> list[tuple[int, str]]:
    """Numbers and lines that are no comments and not blank; limits before anything is taken apart.

    Raises:
        ValueError: too many lines, or one that is too long.
    """
    n_lines = text.count("\n") + 1
    if n_lines > MAX_LINES:
        raise ValueError(
            f"the file must have at most {MAX_ROWS:,} points in {MAX_LINES:,} lines, got "
            f"{n_lines:,} lines; keep a part"
        )
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            raise ValueError(
                f"line {number}: a line must have at most {MAX_LINE:,} characters, got "
                f"{len(line):,}; keep x, y and the class"
            )
        if line.strip() and not line.lstrip().startswith("#"):
            rows.append((number, line))
    return rows


def _text(data: bytes) -> str:
    if len(data) > MAX_MB * 1_000_000:
        raise ValueError(
            f"the file must have at most {MAX_MB} MB, got {len(data) / 1e6:,.1f} MB; keep a part"
        )
    return decoded(data)


def _cells(number: int, line: str, mark: str) -> list[str]:
    if line.count(mark) >= MAX_CELLS:
        raise ValueError(
            f"line {number}: a row must have at most {MAX_CELLS} cells, got "
            f"{line.count(mark) + 1:,}; keep x, y and the class"
        )
    try:
        cells = next(csv.reader([line], delimiter=mark, skipinitialspace=True, strict=True))
    except csv.Error:
        raise ValueError(
            f"line {number}: a quoted cell must end in its line, before a separator, got "
            f"{_shown(line)}; correct the quotes"
        ) from None
    return [cell.strip() for cell in cells]


def _shown(text: str) -> str:
    return repr(text.strip()[:40])


def _plain(cell: str, mark: str) -> str:
    return cell if mark == "," else cell.replace(",", ".")


def _is_number(cell: str, mark: str) -> bool:
    if not cell.isascii() or "_" in cell:  # 1_0: Python's own way to write 10
        return False
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


def _class_name(word: str, line: int) -> str:
    """A class as it is written; numbers in one form: 1 for 1.0 and 1e0."""
    if len(word) > MAX_NAME:
        raise ValueError(
            f"line {line}: a class must have at most {MAX_NAME} characters, got {len(word):,}; "
            "give it a shorter name"
        )
    value = _value(word)
    if value is None:
        return word
    exact = value.normalize(_EXACT)
    if exact == 0:
        return "0"
    return format(exact, "f") if abs(exact.adjusted()) < _PLAIN else str(exact)


def _value(word: str) -> Decimal | None:
    """The number that a word is, exactly; None: it is none."""
    if not _is_number(word, ","):
        return None
    try:
        value = Decimal(word)
    except InvalidOperation:  # an exponent without end
        return None
    return value if value.is_finite() else None


def _no_classes(names: list[str], where: str) -> ValueError:
    some = ", ".join(name[:24] for name in names)
    return ValueError(
        f"the file must have 2 to {MAX_CLASSES} classes, got {len(names)}{where} ({some}); is the "
        "third column the class?"
    )


def _classified(coordinates: np.ndarray, labels: np.ndarray, seen: list[str]) -> Points:
    """Points with their classes in order: numbers by their value, then words."""
    for axis, name in enumerate("xy"):
        values = coordinates[:, axis]
        size = float(values.max() - values.min())
        if size <= 1e-9 * max(abs(float(values.max())), abs(float(values.min()))):
            raise ValueError(
                f"{name} must vary, got {values[0]:g} in all rows; use two columns that differ"
            )
    if len(seen) < 2:
        raise _no_classes(seen, "")
    for k, n in enumerate(np.bincount(labels)):
        if n < LEAST_POINTS:
            raise ValueError(
                f"each class must have at least {LEAST_POINTS} points, got one of {seen[k]!r}; add "
                "points, or delete it"
            )
    names = sorted(seen, key=_order)
    places = np.array([names.index(name) for name in seen])
    return fit_square(coordinates, places[labels], tuple(names))


def _order(word: str) -> tuple[bool, Decimal, str]:
    value = _value(word)
    return value is None, value or Decimal(0), word
