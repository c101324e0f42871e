"""The firing patterns of the AdEx model, with the parameters of Naud et al. (2008), table 1.

Naud, Marcille, Clopath & Gerstner 2008, Biol. Cybern. 99:335, doi 10.1007/s00422-008-0264-7. Their
capacity (pF) and conductance (nS) are here a time constant and a resistance.
"""

from __future__ import annotations

from snncore.playground.presets.preset import Preset, preset


def _pattern(
    notice: str, group: str, capacity: float, leak: float, v_rest: float, a: float, tau_w: float,
    b: float, v_reset: float, current: float, duration: float = 500,
) -> Preset:  # fmt: skip
    """In the units of the table: pF, nS, mV, nS, ms, pA, mV, pA."""
    return preset(
        "adex", group, notice,
        tau_m=capacity / leak, r_m=1000.0 / leak, v_rest=v_rest, v_th=-50, delta_t=2, v_peak=0,
        a=a / 1000.0, tau_w=tau_w, b=b / 1000.0, v_reset=v_reset,
        current=0, step_current=current / 1000.0, step_on=20, step_off=duration - 20,
        duration=duration,
    )  # fmt: skip


PRESETS: dict[str, Preset] = {
    "AdEx tonic": _pattern(
        "Without a jump b the adaptation follows the voltage only, and the intervals stay equal.",
        "AdEx patterns", 200, 10, -70, 2, 30, 0, -58, 500,
    ),
    "AdEx adapting": _pattern(
        "Each spike adds 60 pA to w, which fades in 300 ms: the intervals grow.",
        "Adaptation", 200, 12, -70, 2, 300, 60, -58, 500,
    ),
    "AdEx initial burst": _pattern(
        "Three quick spikes, then single ones: by then w has grown to where it stays.",
        "AdEx patterns", 130, 18, -58, 4, 150, 120, -50, 400,
    ),
    "AdEx bursting": _pattern(
        "The reset lies above V_T, so a spike follows a spike until w has grown enough to end it.",
        "Bursting", 200, 10, -58, 2, 120, 100, -46, 210,
    ),
    "AdEx delayed accelerating": _pattern(
        "With a negative, w turns into a current that pushes: the spikes come ever faster.",
        "AdEx patterns", 200, 12, -70, -10, 300, 0, -58, 300,
    ),
    "AdEx delayed bursting": _pattern(
        "The slow push of a negative a delays the first burst; then bursts repeat regularly.",
        "Bursting", 100, 10, -65, -10, 90, 30, -47, 110,
    ),
    "AdEx transient": _pattern(
        "A single spike loads w so much that the same current never brings a second one.",
        "AdEx patterns", 100, 10, -65, 10, 90, 100, -47, 180,
    ),
    "AdEx irregular": _pattern(
        "No noise at all, and yet no two intervals are alike: a chaotic map from spike to spike.",
        "AdEx patterns", 100, 12, -60, -11, 130, 30, -48, 160, duration=1000,
    ),
}  # fmt: skip
