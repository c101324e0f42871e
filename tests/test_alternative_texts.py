"""No figure of the pages is drawn without words for those who do not see it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURES = {"vega_lite_chart", "altair_chart", "pyplot", "image", "picture", "vega_chart"}


def wordless(source: str) -> list[int]:
    """Lines of calls that draw a figure without an `alt` (or with one that says nothing)."""
    return [
        call.lineno
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and (name := getattr(call.func, "attr", getattr(call.func, "id", ""))) in FIGURES
        and (name != "picture" or isinstance(call.func, ast.Name))  # plots.picture makes the PNG
        and not any(
            (word.arg == "alt" and getattr(word.value, "value", "words")) or word.arg is None
            for word in call.keywords
        )
    ]


def test_every_figure_of_the_pages_has_an_alternative_text() -> None:
    files = [ROOT / "dashboard.py", *(ROOT / "pages").rglob("*.py")]
    found = {str(f.relative_to(ROOT)): wordless(f.read_text(encoding="utf-8")) for f in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_figure_without_words_is_found() -> None:
    assert wordless("st.image(x)") == [1]
    assert wordless("vega_chart(spec=s, alt='')") == [1]
    assert wordless("picture(png, alt='Spikes')") == []
