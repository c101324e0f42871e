"""The constant current at which a model begins to fire, in closed form where there is one.

A neuron at rest under a slowly growing current loses its rest in one of two ways (Izhikevich 2007,
ch. 4): rest meets a threshold and both vanish (the rheobase: a saddle-node, or a threshold that is
built in), or rest begins to oscillate (Hopf). Up to there a sudden step may make it fire before:
once, or for ever where firing and rest coexist.

AdEx (Touboul & Brette 2008, doi 10.1007/s00422-008-0267-4), with α = a·R and V(e) = V_T + Δ_T ln e:
    saddle-node at e = 1 + α;   Hopf at e = 1 + τ_m/τ_w where that comes first, α > τ_m/τ_w
Izhikevich 2003:
    saddle-node (5 − b)²/0.16 − 140 in his units;   Hopf at V = (a − 5)/0.08 where b > a
FitzHugh–Nagumo (FitzHugh 1961), dv/dt = v − v³/3 − w + I, dw/dt = ε(v + a − b·w):
    Hopf at v = −√(1 − bε), and again at the positive root, where firing ends;
    saddle-node at v = −√(1 − 1/b) where that comes first, bε > 1/b
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from snncore.theory.lif import rheobase


class Onset(NamedTuple):
    """Where firing sets in under a slowly growing constant current."""

    current_na: float  # NaN where it is not known
    kind: str  # "rheobase" (threshold or saddle-node), "Hopf", or "" where it is not known
    end_na: float = math.nan  # where rest is stable again; NaN where it never is, or is not known


UNKNOWN = Onset(math.nan, "")


def threshold_onset(params: Any) -> Onset:
    """Of a neuron with a built-in threshold: (V_th − V_rest)/R."""
    return Onset(rheobase(params), "rheobase")


def eif_onset(params: Any) -> Onset:
    """(V_T − V_rest − Δ_T)/R: the highest current that the leak can take away."""
    return Onset((params.v_th - params.v_rest - params.delta_t) / params.r_m, "rheobase")


def qif_onset(params: Any) -> Onset:
    """a_0·((V_c − V_rest)/2)²/R: the parabola's depth."""
    return Onset(params.a_0 * ((params.v_c - params.v_rest) / 2.0) ** 2 / params.r_m, "rheobase")


def adex_onset(params: Any) -> Onset:
    """Saddle-node or Hopf, whichever comes first (see the top of this file)."""
    p = params
    coupling, ratio = p.a * p.r_m, p.tau_m / p.tau_w
    hopf = coupling > ratio
    if not hopf and coupling <= -1.0:
        return UNKNOWN  # adaptation pushes harder than the leak holds: there is no stable rest
    steepness = 1.0 + (ratio if hopf else coupling)
    v = p.v_th + p.delta_t * math.log(steepness)
    current = (1.0 + coupling) * (v - p.v_rest) - p.delta_t * steepness
    return Onset(current / p.r_m, "Hopf" if hopf else "rheobase")


def izhikevich_onset(params: Any) -> Onset:
    """Saddle-node or Hopf, whichever comes first; unknown for a ≤ 0, where rest is no rest."""
    a, b = params.a, params.b
    if a <= 0:
        return UNKNOWN
    hopf = b > a
    v = (a - 5.0) / 0.08 if hopf else (b - 5.0) / 0.08
    return Onset(
        -(0.04 * v * v + (5.0 - b) * v + 140.0) * params.c_m, "Hopf" if hopf else "rheobase"
    )


def fitzhugh_nagumo_onset(params: Any) -> Onset:
    """Saddle-node or Hopf, whichever comes first; unknown for b = 0, where v rests at −a always."""
    a, b = params.a, params.b
    if b == 0:
        return UNKNOWN

    def resting_current(v: float) -> float:
        return ((v + a) / b - v + v**3 / 3.0) / params.gain

    if b * params.epsilon < 1.0 / b:
        v = math.sqrt(1.0 - b * params.epsilon)
        return Onset(resting_current(-v), "Hopf", resting_current(v))
    return Onset(resting_current(-math.sqrt(1.0 - 1.0 / b)), "rheobase")
