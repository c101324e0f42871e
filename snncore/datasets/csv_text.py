"""What all readers of tables share: bytes to text, text to rows, rows to cells.

Lines that begin with # or % are comments. Decimal commas are understood where something else
separates the cells.
"""

from __future__ import annotations

import re
from itertools import islice

MAX_MB = 32
MAX_LINES = 1_000_000
LARGEST = 1e15  # of any number: nothing overflows on the way
COMMENT = ("#", "%")
NO_ROW = re.compile(r"^(?:\s*%.*|[^\S\n]+)$", re.MULTILINE)  # that numpy would not pass over
TIME_NAME = re.compile(r"^(t|time|zeit|temps)(?![a-z])", re.IGNORECASE)


def decoded(data: bytes) -> str:
    """The text of a file, with one sort of line ends.

    Raises:
        ValueError: no text, or damaged.
    """
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


def to_text(data: bytes, rows: str) -> str:
    """The file as text with \\n between lines; refused by size before anything is decoded.

    Args:
        rows: what the rows should be of, for the messages ("time and current").

    Raises:
        ValueError: too large, too many lines, empty, or no text.
    """
    thin = "keep every tenth row, or cut the piece that you need"
    if len(data) > MAX_MB * 1_000_000:
        raise ValueError(
            f"the file must have at most {MAX_MB} MB, got {len(data) / 1e6:,.0f} MB; {thin}"
        )
    text = decoded(data).rstrip()
    count = text.count("\n") + 1
    if count > MAX_LINES:
        raise ValueError(f"the file must have at most {MAX_LINES:,} lines, got {count:,}; {thin}")
    if not text.strip():
        raise ValueError(f"the file is empty; it must have rows of {rows}")
    return text


def is_row(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith(COMMENT)


def line_of(lines: list[str], first: int, row: int) -> int:
    """Number, from 1, of the line that holds the row numbered `row` from line index `first` on."""
    rows = (k for k in range(first, len(lines)) if is_row(lines[k]))
    return 1 + next(islice(rows, row, None))


def separator(line: str) -> str:
    """What separates the cells of a line."""
    return next((mark for mark in (";", "\t", ",") if mark in line), ",")


def split_cells(line: str, mark: str) -> list[str]:
    """The cells of a line; empty ones at its end are of no column."""
    cells = [cell.strip().strip('"').strip() for cell in line.split(mark)]
    while len(cells) > 2 and not cells[-1]:
        cells.pop()
    return cells


def plain(cell: str, mark: str) -> str:
    """A cell with a point for its decimal comma, where the comma does not separate."""
    return cell if mark == "," else cell.replace(",", ".")


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a point or a comma in it."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def is_plain_number(cell: str) -> bool:
    """Whether numpy reads it too: Python alone knows 1_000 and the digits of other scripts."""
    return is_number(cell) and cell.isascii() and "_" not in cell


def shown(text: str) -> str:
    """A piece of the file for a message, quoted and not too long."""
    return repr(text.strip()[:40])
