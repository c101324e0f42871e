"""The analyses below the main view: labelled sections that compute only while they are open."""

from __future__ import annotations

from pages.components import lif_challenge as challenge
from pages.components import lif_section_accuracy as numerics
from pages.components import lif_section_base as base
from pages.components import lif_section_map as maps
from pages.components import lif_section_population as many
from pages.components import lif_section_response as tuning
from pages.components import lif_section_trains as trains
from pages.components import lif_section_trials as again
from pages.components import lif_section_voltage as voltage
from pages.components import sections as shared
from pages.components.lif_player import PlayerParams, player
from pages.components.lif_run import cached_run
from pages.components.lif_section_base import Bench, Section
from snncore.params import Value
from snncore.playground import PopulationParams, Setup
from snncore.playground.challenge import START, Challenge, Injection
from snncore.playground.convergence import ConvergenceParams
from snncore.playground.phase_plane import PhasePlaneParams
from snncore.playground.response import ResponseParams
from snncore.playground.sta import STAParams
from snncore.playground.trials import TrialsParams
from snncore.stimuli import Recording


def _step_by_step(bench: Bench) -> None:
    run = base.computed(lambda: cached_run(bench.setup, bench.recording))
    if run is not None:
        player(bench.setup, run, bench.dark)


def _challenge(bench: Bench) -> None:
    challenge.challenge_panel(bench.setup, bench.recording)


SECTIONS: tuple[Section, ...] = (
    Section(
        "steps",
        "Step by step",
        ":material/play_circle:",
        "What happens in each time step, and why?",
        _step_by_step,
        (("lif_player", PlayerParams()),),
    ),
    Section(
        "regularity",
        "Regularity of the spikes",
        ":material/bar_chart:",
        "Does the neuron fire like a clock, like pure chance, or in bursts?",
        trains.regularity,
    ),
    Section(
        "trials",
        "Repeated trials",
        ":material/repeat:",
        "If the same drive comes again, do the spikes come at the same times?",
        again.repeated,
        (("lif_trials", TrialsParams()),),
    ),
    Section(
        "cause",
        "What makes it fire",
        ":material/bolt:",
        "What does the current do just before a spike?",
        again.cause,
        (("lif_sta", STAParams()),),
    ),
    Section(
        "density",
        "Distribution of the voltage",
        ":material/ssid_chart:",
        "How much of its time does the voltage spend where?",
        voltage.distribution,
    ),
    Section(
        "plane",
        "Phase plane",
        ":material/route:",
        "Where does the state of the neuron want to go from each place?",
        voltage.flow,
        (("lif_plane", PhasePlaneParams()),),
    ),
    Section(
        "response",
        "Frequency response",
        ":material/graphic_eq:",
        "Which rhythms of the current reach the voltage, and how late?",
        tuning.frequency_response,
        (("lif_response", ResponseParams()),),
    ),
    Section(
        "map",
        "Map over two parameters",
        ":material/grid_on:",
        "How does the firing depend on any two parameters at once?",
        maps.two_parameters,
    ),
    Section(
        "accuracy",
        "Accuracy of the simulation",
        ":material/speed:",
        "Is the time step short enough, and what would a simpler integrator make of it?",
        numerics.accuracy,
        (("lif_accuracy", ConvergenceParams()),),
    ),
    Section(
        "population",
        "A population of such neurons",
        ":material/grain:",
        "What do many neurons do together that one does not?",
        many.crowd,
        (("lif", PopulationParams()),),
    ),
    Section(
        "challenge",
        "Challenge: which neuron is it?",
        ":material/trophy:",
        "Can you find the parameters of a hidden neuron by experiment?",
        _challenge,
        (
            (challenge.KEY, Challenge()),
            (challenge.KEY, Injection()),
            (challenge.KEY, START),  # the guess
        ),
    ),
)


def open_key(name: str) -> str:
    """The key of a section's expander, which is also its name in the address."""
    return f"lif_open_{name}"


def open_sections() -> dict[str, Value]:
    """Names and values of the address that restore the open sections and what is set in them."""
    found = shared.open_values(SECTIONS, open_key)
    if open_key("map") in found:
        found |= maps.link_values()
    return found


def sections(setup: Setup, recording: Recording | None, dark: bool) -> None:
    """Draw the list; a closed section costs nothing."""
    shared.show(SECTIONS, Bench(setup, recording, dark), open_key)
