"""The loops of the linear neurons with a second variable (see `snncore.neurons.linear`)."""

from __future__ import annotations

from typing import Any

from snncore.playground.scripts.blocks import Neuron
from snncore.playground.setup import Setup

_TITLES = {
    "adaptive": """\
Leaky integrate-and-fire neuron with adaptive threshold:

    TAU_M dV/dt = -(V - V_REST) + R_M I(t),    TAU_THETA dtheta/dt = -(theta - V_TH)
    V >= theta: spike, V = V_RESET, theta = theta + THETA_JUMP, silent for T_REF""",
    "synaptic": """\
Leaky integrate-and-fire neuron behind an exponential synapse:

    TAU_SYN ds/dt = -s + I(t),    TAU_M dV/dt = -(V - V_REST) + R_M s
    V >= V_TH: spike, V = V_RESET, silent for T_REF""",
    "alpha": """\
Leaky integrate-and-fire neuron behind an alpha-function synapse:

    TAU_SYN dx/dt = -x + I(t),    TAU_SYN ds/dt = -s + x,    TAU_M dV/dt = -(V - V_REST) + R_M s
    V >= V_TH: spike, V = V_RESET, silent for T_REF""",
}
_NOTE = """

While the current is constant, the solution is known: there is no integration error.
"""
_TIMING = {
    "exact": "Spikes, resets and refractory periods lie inside the steps.",
    "grid": "Spike and reset are judged at the end of each step, T_REF is in whole steps.",
}

_ADAPTIVE = '''

def evolve(state, ms, i):
    """The state after some ms of the current i, without a spike."""
    v, theta = state
    v_inf = V_REST + R_M * i
    return v_inf + (v - v_inf) * math.exp(-ms / TAU_M), hold(state, ms, i)[1]


def hold(state, ms, i):
    """The same in the refractory period: the voltage stays, the threshold decays."""
    v, theta = state
    return v, V_TH + (theta - V_TH) * math.exp(-ms / TAU_THETA)


def distance(state):
    """Voltage above the threshold."""
    return state[0] - state[1]


def after_spike(state):
    return V_RESET, state[1] + THETA_JUMP
'''

_SYNAPTIC = '''

def filtered(ms):
    """What a decaying synaptic current of 1 adds to V / R_M within some ms."""
    {filtered}


def evolve(state, ms, i):
    """The state after some ms of the current i, without a spike."""
    v, s = state
    v_inf = V_REST + R_M * i
    v = v_inf + (v - v_inf) * math.exp(-ms / TAU_M) + R_M * (s - i) * filtered(ms)
    return v, hold(state, ms, i)[1]


def hold(state, ms, i):
    """The same in the refractory period: the voltage stays, the synapse goes on."""
    v, s = state
    return v, i + (s - i) * math.exp(-ms / TAU_SYN)


def distance(state):
    """Voltage above the threshold."""
    return state[0] - V_TH


def after_spike(state):
    return V_RESET, state[1]
'''

_ALPHA = '''

def filtered(ms):
    """What a decaying synaptic current of 1 adds to V / R_M within some ms."""
    {filtered}


def filtered_twice(ms):
    """The same for a decaying x of 1, which reaches V through s."""
    {twice}
    slower = math.exp(-ms / max(TAU_M, TAU_SYN))
    return ms * ms / (TAU_M * TAU_SYN) * slower * mean


def evolve(state, ms, i):
    """The state after some ms of the current i, without a spike."""
    v, s, x = state
    v_inf = V_REST + R_M * i
    synapse = (s - i) * filtered(ms) + (x - i) * filtered_twice(ms)
    v = v_inf + (v - v_inf) * math.exp(-ms / TAU_M) + R_M * synapse
    return v, *hold(state, ms, i)[1:]


def hold(state, ms, i):
    """The same in the refractory period: the voltage stays, the synapse goes on."""
    v, s, x = state
    left = math.exp(-ms / TAU_SYN)
    return v, i + (s - i + (x - i) * ms / TAU_SYN) * left, i + (x - i) * left


def distance(state):
    """Voltage above the threshold."""
    return state[0] - V_TH


def after_spike(state):
    return V_RESET, *state[1:]
'''

_FILTERED = {
    True: "return ms / TAU_M * math.exp(-ms / TAU_M)",
    False: """\
gap = abs(1 / TAU_M - 1 / TAU_SYN)
    return math.exp(-ms / max(TAU_M, TAU_SYN)) * -math.expm1(-gap * ms) / (TAU_M * gap)""",
}
# Of u·e^(-xu) over 0..1 where the synapse is the faster one, of (1 − u)·e^(-xu) where it is not.
_MEAN = """\
x = abs(1 / TAU_M - 1 / TAU_SYN) * ms
    if x < 0.5:  # a series: the closed form below would lose its digits
        mean = sum((-x) ** n / math.factorial(n) / {terms} for n in range(16))
    else:
        mean = {closed}"""
_TWICE = {
    True: _MEAN.format(terms="(n + 2)", closed="(1 - math.exp(-x) * (1 + x)) / x**2"),
    False: _MEAN.format(terms="((n + 1) * (n + 2))", closed="(x + math.expm1(-x)) / x**2"),
}

_CROSSING = '''

def crossing(start, ms, i):
    """When within these ms the state reaches the threshold, by bisection."""
    low, high = 0.0, 0.0 if distance(start) >= 0 else ms
    for _ in range(60):
        middle = 0.5 * (low + high)
        if distance(evolve(start, middle, i)) < 0:
            low = middle
        else:
            high = middle
    return high
'''

_EXACT_BEFORE = """\
    state, wait = {start}, 0.0  # wait: ms of the refractory period that are left
"""
_EXACT = """\
        silent = min(wait, DT)
        left = DT - silent
        start = hold(state, silent, i)
        state = evolve(start, left, i)
        wait -= silent
        if left > 0 and (distance(state) >= 0 or distance(start) >= 0):
            moment = crossing(start, left, i)
            spikes.append((k, k * DT + silent + moment))
            pause = min(T_REF, left - moment)
            state = hold(after_spike(evolve(start, moment, i)), pause, i)
            state = evolve(state, left - moment - pause, i)
            wait = T_REF - pause
        v = state[0]
"""
_GRID_BEFORE = """\
    refractory_steps = math.floor(T_REF / DT + 0.5)
    state, wait = {start}, 0  # wait: steps of the refractory period that are left
"""
_GRID = """\
        start, is_ready = state, wait == 0
        state = evolve(start, DT, i) if is_ready else hold(start, DT, i)
        wait = max(wait - 1, 0)
        if is_ready and distance(state) >= 0:
            spikes.append((k, k * DT + crossing(start, DT, i)))
            state = after_spike(state)
            wait = refractory_steps
        v = state[0]
"""
_STARTS = {
    "adaptive": "(V_REST, V_TH)",
    "synaptic": "(V_REST, 0.0)",
    "alpha": "(V_REST, 0.0, 0.0)",
}


def linear_block(setup: Setup) -> Neuron:
    """The neuron with adaptive threshold, synaptic current or alpha synapse."""
    p: Any = setup.neuron
    functions = _ADAPTIVE
    if setup.model != "adaptive":
        filtered = _FILTERED[p.tau_m == p.tau_syn]
        functions = _SYNAPTIC.format(filtered=filtered)
        if setup.model == "alpha":
            functions = _ALPHA.format(filtered=filtered, twice=_TWICE[p.tau_syn < p.tau_m])
    before, step = (_GRID_BEFORE, _GRID) if p.timing == "grid" else (_EXACT_BEFORE, _EXACT)
    return Neuron(
        title=_TITLES[setup.model] + _NOTE + _TIMING[p.timing],
        constants="",
        functions=functions + _CROSSING,
        before=before.format(start=_STARTS[setup.model]),
        step=step,
    )
