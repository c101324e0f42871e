"""The loop of the LIF neuron, for both timings and all resets (see `snncore.neurons.lif`)."""

from __future__ import annotations

from typing import Any

from snncore.playground.scripts.blocks import Neuron
from snncore.playground.setup import Setup

_TITLE = """\
Leaky integrate-and-fire neuron:

    TAU_M dV/dt = -(V - V_REST) + R_M I(t);    V >= V_TH: spike, {reset}

While the current is constant, the solution is known: there is no integration error.
{timing}"""

_RESETS = {
    "value": "V = V_RESET, silent for T_REF",
    "subtract": "V is lowered by V_TH - V_RESET, silent for T_REF",
    "none": "no reset, silent for T_REF",
}

_RISE = '''

def rise(v, v_inf):
    """Time in ms from v to the threshold, when the voltage goes to v_inf."""
    if v_inf <= V_TH:  # reached at the end of a very long step only, by rounding
        return math.inf
    return TAU_M * math.log1p(max(0.0, V_TH - v) / (v_inf - V_TH))
'''

_EXACT_BEFORE = """\
    v, wait = V_REST, 0.0  # wait: ms of the refractory period that are left
"""
_EXACT = """\
        v_inf = V_REST + R_M * i
        silent = min(wait, DT)
        left = DT - silent
        end = v - (v_inf - v) * math.expm1(-left / TAU_M)
        # V moves one way only during a step: it is enough to look at its end.
        if left > 0 and (v > V_TH or end >= V_TH and v_inf > V_TH):
            first = min(silent + (0.0 if v >= V_TH else rise(v, v_inf)), DT)
            interval, more = 0.0, 0  # further spikes inside this step
            if v_inf > V_TH:
                interval = T_REF + rise(V_RESET, v_inf)
                more = math.floor((DT - first) / interval)
            spikes += [(k, k * DT + min(first + n * interval, DT)) for n in range(1 + more)]
            since = max(0.0, DT - first - more * interval)  # ms since the last one
            wait = max(0.0, T_REF - since)
            v = V_RESET - (v_inf - V_RESET) * math.expm1(-max(0.0, since - T_REF) / TAU_M)
        else:
            wait -= silent
            v = end if v > V_TH else min(end, V_TH)  # V_TH: at the rheobase, by rounding
"""

_GRID_BEFORE = """\
    part = -math.expm1(-DT / TAU_M)  # of the way to v_inf, in each step
    refractory_steps = math.floor(T_REF / DT + 0.5)
    v, wait = V_REST, 0  # wait: steps of the refractory period that are left
"""
_GRID_FIRST = """\
        before, v_inf = v, V_REST + R_M * i
        is_ready = wait == 0
        wait = max(wait - 1, 0)
"""
_GRID_MOVE = {
    "value": """\
        if is_ready:
            v = v + (v_inf - v) * part
""",
    "none": """\
        v = v + (v_inf - v) * part
""",
}
_GRID_SPIKE = """\
        if is_ready and v >= V_TH:
            offset = 0.0 if before >= V_TH else min(rise(before, v_inf), DT)
            spikes.append((k, k * DT + offset))
            wait = refractory_steps
"""
_GRID_RESET = {
    "value": """\
            v = V_RESET
""",
    "subtract": """\
            v = v - (V_TH - V_RESET)
""",
    "none": "",
}


def lif_block(setup: Setup) -> Neuron:
    """The neuron of its `timing` and `reset`."""
    neuron: Any = setup.neuron
    reset = _RESETS[neuron.reset]
    if not neuron.on_grid:
        timing = "Spikes, resets and refractory periods begin and end inside a step."
        return Neuron(_TITLE.format(reset=reset, timing=timing), "", _RISE, _EXACT_BEFORE, _EXACT)
    timing = "Threshold and reset are judged at the end of each step, T_REF is in whole steps."
    step = (
        _GRID_FIRST
        + _GRID_MOVE["none" if neuron.reset == "none" else "value"]
        + _GRID_SPIKE
        + _GRID_RESET[neuron.reset]
    )
    return Neuron(_TITLE.format(reset=reset, timing=timing), "", _RISE, _GRID_BEFORE, step)
