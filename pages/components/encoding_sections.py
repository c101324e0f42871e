"""The analyses below pictures and signals: labelled sections that compute only while open."""

from __future__ import annotations

from pages.components import encoding_section_glossary as glossary
from pages.components import sections as shared
from pages.components.encoding_bench import Bench
from pages.components.sections import Section
from snncore.params import Value

SECTIONS: tuple[Section, ...] = (
    Section(
        "codes",
        "What are these codes?",
        ":material/menu_book:",
        "Where do the three codes come from, and what can they do?",
        glossary.codes,
    ),
)


def open_key(name: str) -> str:
    """The key of a section's expander, which is also its name in the address."""
    return f"enc_open_{name}"


def open_sections() -> dict[str, Value]:
    """Names and values of the address that restore the open sections and what is set in them."""
    return shared.open_values(SECTIONS, open_key)


def sections(bench: Bench) -> None:
    """Draw the list; a closed section costs nothing."""
    shared.show(SECTIONS, bench, open_key)
