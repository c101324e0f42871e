"""Words from outside (file names, class names) made safe to stand in Markdown."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
MAX_WORD = 80


def plain(text: str) -> str:
    """`text` as Markdown that shows just these characters: no link, image, formula or icon.

    Line breaks and control characters become spaces; what is longer than 80 characters is cut.
    """
    words = "".join(c if c.isprintable() else " " for c in text)
    if len(words) > MAX_WORD:
        words = words[: MAX_WORD - 1] + "…"
    return _SPECIAL.sub(r"\\\1", words)
