"""How much an analysis or a page's run may compute, so that a visitor does not wait."""

from __future__ import annotations

from collections.abc import Sequence

from snncore import theory
from snncore.neurons import LIFParams
from snncore.playground.setup import Setup

# ns that a step of one neuron takes among many (measured, in one piece), without its noise.
STEP_NS = {
    "lif": 15, "adaptive": 180, "synaptic": 190, "alpha": 210, "eif": 540, "adex": 580,
    "qif": 140, "izhikevich": 330, "fitzhugh_nagumo": 140, "hodgkin_huxley": 480,
}  # fmt: skip
_NOISE_NS = 25  # of a normal number for each neuron and step
_SPIKE = 4.0  # what finding and listing a spike costs beside a step of the LIF neuron
_MAP_LIF_NS = 4  # a step of a map's LIF neurons, several at once and under common noise
# A run on a page: half a second of one core, and 20 MB in a cache that all visitors share.
_RUN_NS, _RUN_STEPS = 0.5e9, 600_000
_KEPT_NS = 800  # what a step costs beside the equations: drive, noise, voltages that are kept


def neuron_steps(setup: Setup, of_lif: int) -> int:
    """As much work with the setup's neuron as `of_lif` steps are with an ordinary LIF neuron.

    Both with noise of their own.
    """
    step_ns = _NOISE_NS + STEP_NS[setup.model] * setup.pieces
    cost = step_ns / (_NOISE_NS + STEP_NS["lif"]) * _crowding(setup)
    return max(1, int(of_lif / cost))


def map_seconds(corners: Sequence[Setup], cells: int) -> float:
    """What a map takes of one core, where neurons between these corners share their noise."""
    each = [
        (_MAP_LIF_NS if s.model == "lif" else STEP_NS[s.model] * s.pieces) * _crowding(s)
        for s in corners
    ]
    return 1e-9 * cells * corners[0].run.n_steps * sum(each) / len(each)


def _crowding(setup: Setup) -> float:
    """How much dearer a step is because it holds many spikes; only the LIF neuron has no end."""
    if not isinstance(setup.neuron, LIFParams) or setup.neuron.reset == "none":
        return 1.0
    rate_hz = float(theory.rate_hz(setup.neuron, setup.stimulus.mean_current))
    per_step = min(rate_hz / 1000.0 * setup.run.dt, 1e6)  # many, where the rate has no limit
    return max(1.0, _SPIKE * per_step)


def most_steps(setup: Setup) -> int:
    """The longest run of this neuron, in steps of this dt, that follows a slider."""
    step_ns = _KEPT_NS + STEP_NS[setup.model] * setup.pieces
    return max(1, min(_RUN_STEPS, int(_RUN_NS / step_ns)))


def check_steps(setup: Setup) -> None:
    """Refuse a run that would hold up a page and its other visitors; the engine takes longer ones.

    Raises:
        ValueError: more than `most_steps`, with the cure.
    """
    most, run = most_steps(setup), setup.run
    if run.n_steps > most:
        raise ValueError(
            f"duration must be <= {most * run.dt:,.10g} ms here (at most {most:,} steps of "
            f"{run.dt:g} ms with this model), got {run.duration:g}; shorten it, enlarge dt, or "
            "take the command line, which computes more"
        )
