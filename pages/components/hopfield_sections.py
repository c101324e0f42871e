"""The instruments below the recall: labelled sections that compute only while open."""

from __future__ import annotations

from pages.components import hopfield_section_basin as basin
from pages.components import hopfield_section_capacity as capacity
from pages.components import hopfield_section_compare as compare
from pages.components import hopfield_section_landscape as landscape
from pages.components import hopfield_section_spurious as spurious
from pages.components import hopfield_section_temperature as temperature
from pages.components import hopfield_section_words as glossary
from pages.components import sections as shared
from pages.components.hopfield_bench import RecallBench
from pages.components.sections import Section
from snncore.recall_lab.basin import BasinParams
from snncore.recall_lab.landscape import LandscapeParams
from snncore.recall_lab.spurious import SpuriousParams
from snncore.recall_lab.temperature import TemperatureParams

SECTIONS: tuple[Section, ...] = (
    Section(
        "compare",
        "All memories on the same pictures",
        ":material/leaderboard:",
        "Which memory restores most, and which reaches the best possible?",
        compare.side_by_side,
    ),
    Section(
        "capacity",
        "Capacity laboratory",
        ":material/inventory_2:",
        "How many pictures fit before a memory breaks down?",
        capacity.laboratory,
        ((capacity.KEY, capacity.LabParams()),),
    ),
    Section(
        "basin",
        "Basins of attraction",
        ":material/target:",
        "From how far away does a memory still find its picture?",
        basin.basins,
        ((basin.KEY, BasinParams()),),
    ),
    Section(
        "landscape",
        "Energy landscape",
        ":material/landscape:",
        "What do the valleys look like that recall rolls into?",
        landscape.surface,
        ((landscape.KEY, LandscapeParams()),),
    ),
    Section(
        "spurious",
        "Spurious states",
        ":material/blur_on:",
        "Where does a memory come to rest that nobody stored?",
        spurious.finder,
        ((spurious.KEY, SpuriousParams()),),
    ),
    Section(
        "temperature",
        "Temperature",
        ":material/thermostat:",
        "How much noise inside the network does a memory survive?",
        temperature.warmth,
        ((temperature.KEY, TemperatureParams()), (temperature.DIAL, temperature.DialParams())),
    ),
    Section(
        "words",
        "What do these words mean?",
        ":material/menu_book:",
        "Which memories are there, where do they come from, and how are things called?",
        glossary.glossary,
    ),
)
_MORE = {
    "compare": compare,
    "capacity": capacity,
    "basin": basin,
    "landscape": landscape,
    "spurious": spurious,
    "temperature": temperature,
}  # sections with choices that no parameter set holds


def open_key(name: str) -> str:
    """The key of a section's expander, which is also its name in the address."""
    return f"hop_open_{name}"


def open_sections() -> dict[str, object]:
    """Names and values of the address that restore the open sections and what is set in them."""
    found: dict[str, object] = dict(shared.open_values(SECTIONS, open_key))
    for name, module in _MORE.items():
        if open_key(name) in found:
            found |= module.link_values()
    return found


def sections(bench: RecallBench) -> None:
    """Draw the list; a closed section costs nothing."""
    shared.show(SECTIONS, bench, open_key)
