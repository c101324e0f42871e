"""What every result for notebooks can do."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import Any


class Shown:
    """A result: one line as text, a picture and a table in a notebook."""

    def rows(self) -> dict[str, Any]:
        """Names and numbers of the table."""
        raise NotImplementedError

    def png(self) -> bytes:
        """The picture, PNG."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_bytes(self.png())

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={_text(value)}" for name, value in self.rows().items())
        return f"{type(self).__name__}({told})"

    def _repr_png_(self) -> bytes:
        return self.png()

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td>{html.escape(_text(value))}</td></tr>"
            for name, value in self.rows().items()
        )
        picture = base64.b64encode(self.png()).decode()
        image = f"<img alt='{type(self).__name__}' style='max-width:640px' "
        return f"<div>{image}src='data:image/png;base64,{picture}'><table>{cells}</table></div>"


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
