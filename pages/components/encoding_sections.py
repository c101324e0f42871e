"""The analyses below pictures and signals: labelled sections that compute only while open."""

from __future__ import annotations

from pages.components import encoding_section_damage as damage
from pages.components import encoding_section_distortion as distortion
from pages.components import encoding_section_gallery as gallery
from pages.components import encoding_section_glossary as glossary
from pages.components import encoding_section_progress as progress
from pages.components import encoding_section_statistics as statistics
from pages.components import encoding_section_tuning as tuning
from pages.components import sections as shared
from pages.components.encoding_bench import Bench
from pages.components.sections import Section

SECTIONS: tuple[Section, ...] = (
    Section(
        "codes",
        "What are these codes?",
        ":material/menu_book:",
        "Where do the three codes come from, and what can they do?",
        glossary.codes,
    ),
    Section(
        "distortion",
        "Rate against distortion",
        ":material/show_chart:",
        "What quality does a code reach for how many spikes?",
        distortion.curves,
        ((distortion.KEY, distortion.DistortionParams()),),
    ),
    Section(
        "budget",
        "Best setting under a budget of spikes",
        ":material/savings:",
        "How should a code be set if spikes are dear?",
        tuning.budget,
    ),
    Section(
        "damage",
        "Jitter and lost spikes",
        ":material/heart_broken:",
        "How much is still read if spikes come late, get lost, or are added on the way?",
        damage.harm,
        ((damage.KEY, damage.DamageParams()),),
    ),
    Section(
        "intervals",
        "Intervals against their law",
        ":material/bar_chart:",
        "If one value is sent again and again, when do the spikes come, and what does theory say?",
        statistics.intervals,
        (("enc_iv", statistics.IntervalParams()),),
    ),
    Section(
        "information",
        "Information",
        ":material/functions:",
        "How many bits about the input arrive, and how many does one spike carry?",
        statistics.bits,
        (("enc_info", statistics.InformationParams()),),
    ),
    Section(
        "progress",
        "As time goes on",
        ":material/hourglass_top:",
        "Which code is early: how much is known after a part of the time?",
        progress.early,
    ),
    Section(
        "gallery",
        "All codes on this input",
        ":material/apps:",
        "What does every code make of it?",
        gallery.all_codes,
    ),
)


def open_key(name: str) -> str:
    """The key of a section's expander, which is also its name in the address."""
    return f"enc_open_{name}"


def open_sections() -> dict[str, object]:
    """Names and values of the address that restore the open sections and what is set in them."""
    found: dict[str, object] = dict(shared.open_values(SECTIONS, open_key))
    if open_key("distortion") in found:
        found |= distortion.link_values()
    if open_key("budget") in found:
        found |= tuning.link_values()
    return found


def sections(bench: Bench) -> None:
    """Draw the list; a closed section costs nothing."""
    shared.show(SECTIONS, bench, open_key)
