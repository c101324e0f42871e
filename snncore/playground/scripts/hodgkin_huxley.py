"""The loop of Hodgkin and Huxley's neuron (see `snncore.neurons.hodgkin_huxley`)."""

from __future__ import annotations

from snncore.playground.scripts.blocks import Neuron
from snncore.playground.scripts.rk4 import CUBIC, start_constants
from snncore.playground.setup import Setup

_TITLE = """\
Hodgkin and Huxley's neuron:

    C_M dV/dt = -G_NA m^3 h (V - E_NA) - G_K n^4 (V - E_K) - G_L (V - E_L) + I(t) / AREA
    dx/dt = PHI (alpha_x(V) (1 - x) - beta_x(V) x)  for the gates x = m, h, n

A spike is an upward crossing of V_TH; there is no reset. While the voltage is held the gates relax
exponentially, and the other way round: half a piece of the gates, a piece of the voltage, half a
piece of the gates (Rush & Larsen 1978; Strang 1968). A whole piece and two half ones combine to
order 4: (4 fine - coarse) / 3."""

_FUNCTIONS = '''

def ramp(x):
    """x / (1 - exp(-x)), also at 0."""
    return 1 + x / 2 + x * x / 12 if abs(x) < 1e-3 else x / -math.expm1(-x)


def rates(v):
    """(alpha, beta) of m, h and n per ms at 6.3 degrees (Hodgkin & Huxley 1952, rest at -65 mV)."""
    v = min(max(v, -300.0), 300.0)
    return (
        (ramp((v + 40) / 10), 4 * math.exp(-(v + 65) / 18)),
        (0.07 * math.exp(-(v + 65) / 20), 1 / (1 + math.exp(-(v + 35) / 10))),
        (0.1 * ramp((v + 55) / 10), 0.125 * math.exp(-(v + 65) / 80)),
    )


def relax(gates, v, ms):
    """The gates after some ms at the voltage v."""
    after = []
    for x, (alpha, beta) in zip(gates, rates(v)):
        settled = alpha / (alpha + beta)
        after.append(settled + (x - settled) * math.exp(-PHI * ms * (alpha + beta)))
    return after


def membrane(gates, i):
    """Conductance and pull: C_M dV/dt = pull - conductance V."""
    m, h, n = gates
    sodium, potassium = G_NA * m**3 * h, G_K * n**4
    pull = sodium * E_NA + potassium * E_K + G_L * E_L + i * 1e5 / AREA
    return sodium + potassium + G_L, pull


def strang(v, gates, ms, i):
    """Voltage and gates after some ms, to order 2."""
    gates = relax(gates, v, ms / 2)
    conductance, pull = membrane(gates, i)
    x = conductance * ms / C_M
    v = v * math.exp(-x) + pull * ms / C_M * (-math.expm1(-x) / x if x > 0 else 1.0)
    return v, relax(gates, v, ms / 2)


def slope(v, gates, i):
    """dV/dt."""
    conductance, pull = membrane(gates, i)
    return (pull - conductance * v) / C_M
'''

_BEFORE = """\
    v, gates, ms = V_START, [M_START, H_START, N_START], DT / PIECES
"""
_STEP = """\
        has_fired = False  # at most one spike in a step
        for piece in range(PIECES):
            coarse_v, coarse = strang(v, gates, ms, i)
            fine_v, fine = strang(*strang(v, gates, ms / 2, i), ms / 2, i)
            v1 = (4 * fine_v - coarse_v) / 3
            after = [min(max((4 * f - c) / 3, 0.0), 1.0) for f, c in zip(fine, coarse)]
            if v < V_TH <= v1 and not has_fired:
                r = root(v - V_TH, ms * slope(v, gates, i), v1 - V_TH, ms * slope(v1, after, i))
                spikes.append((k, k * DT + (piece + r) * ms))
                has_fired = True
            v, gates = v1, after
"""


def hodgkin_huxley_block(setup: Setup) -> Neuron:
    """Hodgkin and Huxley's neuron."""
    phi = "PHI = 3.0 ** ((CELSIUS - 6.3) / 10.0)  # the gates' speed at this temperature\n"
    return Neuron(
        title=_TITLE,
        constants=phi + start_constants(setup, "v m h n"),
        functions=_FUNCTIONS + CUBIC,
        before=_BEFORE,
        step=_STEP,
    )
