"""Parameters of the spiking attractor."""

from __future__ import annotations

from dataclasses import dataclass

from snncore.params import Params, choice, integer, number


@dataclass(frozen=True)
class AttractorParams(Params):
    """The recurrent spiking memory's time and synapses; time in steps, voltage threshold 1."""

    rule: str = choice(
        "pseudo-inverse",
        ("pseudo-inverse", "hebb"),
        "Couplings between the pixels: those that undo overlaps, or Hebb's, which mix pictures "
        "that are alike.",
        label="Couplings",
    )
    time_steps: int = integer(
        60, 8, 400, "How long the network runs, T.", unit="steps", step=4, label="Time"
    )
    cue: float = number(
        0.5,
        0.0,
        1.0,
        "Share of the time in which the probe drives the cells; then they run freely.",
        step=0.05,
        lo_open=True,
        label="Cue",
    )
    rate: float = number(
        0.5,
        0.0,
        1.0,
        "Spikes per step that reach a pixel's cells from the probe.",
        step=0.05,
        lo_open=True,
        label="Input rate",
    )
    drive: str = choice(
        "regular",
        ("regular", "random"),
        "Whether input spikes come at even intervals or at random.",
        label="Input spikes",
    )
    diagonal: float = number(
        0.0,
        0.0,
        1.0,
        "Share D of the self-coupling that is kept (pseudo-inverse).",
        step=0.05,
        label="Self-coupling D",
    )
    w_in: float = number(
        0.6, 0.1, 10.0, "Synapse from the probe to its pixel's cells.", step=0.1, label="w_in"
    )
    w_recurrent: float = number(
        3.0,
        0.0,
        10.0,
        "Strength of the couplings; below about 1.5 activity dies when the cue ends.",
        step=0.1,
        label="w_rec",
    )
    decay: float = number(
        0.8, 0.0, 1.0, "Membrane decay β per step.", step=0.05, label="β membrane"
    )
    trace: float = number(
        0.85,
        0.0,
        0.99,
        "Decay per step of the synaptic trace that a spike leaves.",
        step=0.05,
        label="Synaptic decay",
    )
