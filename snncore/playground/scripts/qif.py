"""The loop of the quadratic integrate-and-fire neuron (see `snncore.neurons.qif`)."""

from __future__ import annotations

from snncore.playground.scripts.blocks import Neuron
from snncore.playground.setup import Setup

_TITLE = """\
Quadratic integrate-and-fire neuron:

    TAU_M dV/dt = A_0 (V - V_REST) (V - V_C) + R_M I(t)
    V >= V_PEAK: spike, V = V_RESET, silent for T_REF

With z = V - (V_REST + V_C) / 2 this is dz/dt = K z^2 + q, whose solution under a constant current
is a tangent (a hyperbolic one for q < 0): there is no integration error. A step holds at most one
spike; a second one comes at the beginning of the next step."""

_CONSTANTS = """\
K = A_0 / TAU_M
MIDDLE = 0.5 * (V_REST + V_C)
Z_PEAK = V_PEAK - MIDDLE
"""

_FUNCTIONS = '''

def flow(z, ms, q):
    """z after these ms, without a spike."""
    speed = math.sqrt(abs(K * q))
    c, s = 1.0, ms
    if q > 0 and speed > 1e-12:
        c, s = math.cos(speed * ms), math.sin(speed * ms) / speed
    elif speed > 1e-12:
        s = math.tanh(speed * ms) / speed
    return (z * c + q * s) / (c - K * z * s)


def time_to_peak(z, q):
    """ms until z reaches the peak; infinite if it never does."""
    speed = math.sqrt(abs(K * q))
    far, pace = Z_PEAK - z, q + K * z * Z_PEAK
    if far <= 0:
        return 0.0
    if speed < 1e-12:
        return far / pace if pace > 0 else math.inf
    if q > 0:
        return math.atan2(speed * far, pace) / speed
    if K * z > speed:  # above the unstable fixed point
        return math.atanh(min(1.0, speed * far / pace)) / speed
    return math.inf
'''

_BEFORE = """\
    v, wait = V_REST, 0.0  # wait: ms of the refractory period that are left
"""
_STEP = """\
        q = R_M * i / TAU_M - K * (0.5 * (V_C - V_REST)) ** 2
        z, silent = v - MIDDLE, min(wait, DT)
        left = DT - silent
        wait -= silent
        moment = time_to_peak(z, q)
        if left > 0 and moment <= left:
            spikes.append((k, k * DT + silent + moment))
            pause = min(T_REF, left - moment)
            z, left = V_RESET - MIDDLE, left - moment - pause
            wait = T_REF - pause
            if time_to_peak(z, q) <= left:  # again within the same step: wait at the peak
                z, left = Z_PEAK, 0.0
        v = flow(z, left, q) + MIDDLE
"""


def qif_block(setup: Setup) -> Neuron:
    """The quadratic neuron."""
    return Neuron(_TITLE, _CONSTANTS, _FUNCTIONS, _BEFORE, _STEP)
