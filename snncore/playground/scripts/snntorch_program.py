"""A run as a snnTorch program: the same neuron in the words of a library for learning networks.

snnTorch has no units: its voltage is ours counted from V_reset, so that its reset to zero is our
reset, and its input is what one step adds to the voltage. It is run in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snncore.neurons import decay
from snncore.playground.scripts.blocks import Neuron, constant, constants, import_lines
from snncore.playground.scripts.current import current_block
from snncore.playground.setup import Setup
from snncore.stimuli import Recording

_TOP = '''"""{title}

Prints one line per spike: the number of its step and the time in ms at the end of that step.

What is not as in the playground:
{differences}
"""

{imports}
import numpy as np
import snntorch as snn
import torch

torch.set_default_dtype(torch.float64)  # CPU: one neuron, as precise as in the playground

'''
_ALWAYS = (
    "snnTorch judges a spike at the end of a step and resets there (timing grid)",
    "it fires above the threshold, the playground at it",
)
_BY_HAND = "it knows no refractory period: the loop below holds the voltage by hand"
_EXACT = "the playground's run has timing exact: its spikes lie inside the steps, a little earlier"

_SIMULATE = '''

@torch.no_grad()
def simulate(current):
    """The steps that end with a spike."""
    current, spikes = torch.from_numpy(current), []
{before}    for k in range(STEPS):
{step}    return spikes


print("step,time_ms")
for k in simulate(drive()):
    print(f"{{k}},{{(k + 1) * DT:.10g}}")
'''

_LEAKY = """\
    beta = torch.tensor(math.exp(-DT / TAU_M))
    theta = torch.tensor(V_TH - V_RESET)
    neuron = snn.Leaky(beta=beta, threshold=theta, reset_mechanism="{mechanism}", reset_delay=False)
    x = (1 - beta) * (V_REST - V_RESET + R_M * current)  # what each step adds
    mem = torch.full((1,), V_REST - V_RESET)  # the voltage, counted from V_RESET
"""
_WAIT = """\
    wait, refractory_steps = 0, math.floor(T_REF / DT + 0.5)
"""
_HOLD = """\
        if wait > 0:
            wait -= 1
            continue
"""
_STEP = """\
        spk, mem = neuron(x[k : k + 1], mem)
        if spk:
            spikes.append(k)
"""
_FOLLOW = """\
        spk, mem = neuron(x[k : k + 1], mem)
        if wait > 0:  # without a reset the voltage goes on, but cannot fire
            wait -= 1
        elif spk:
            spikes.append(k)
            wait = refractory_steps
"""
_START_WAIT = """\
            wait = refractory_steps
"""


def _lif(setup: Setup) -> Neuron:
    p: Any = setup.neuron
    mechanism = {"value": "zero", "subtract": "subtract", "none": "none"}[p.reset]
    if mechanism != "none":
        _check_start(p)
    before, step = _LEAKY.format(mechanism=mechanism), _STEP
    if p.t_ref > 0:
        before += _WAIT
        step = _FOLLOW if mechanism == "none" else _HOLD + _STEP + _START_WAIT
    return Neuron("The leaky integrate-and-fire neuron as snnTorch's Leaky.", "", "", before, step)


def _check_subtraction(setup: Setup, peak: float) -> None:
    p: Any = setup.neuron
    beta, theta = decay(p, setup.run.dt), p.v_th - p.v_reset
    x = (1.0 - beta) * (p.v_rest - p.v_reset + p.r_m * peak)
    if beta * theta + x >= 2.0 * theta:
        raise ValueError(
            "the voltage is above the threshold even after a subtraction, and there snnTorch "
            "subtracts once more before it judges the next spike; lower the current (its peak is "
            f"{peak:.4g} nA) or shorten dt"
        )


def _check_start(p: Any) -> None:
    if p.v_rest >= p.v_th:
        raise ValueError(
            f"v_rest must be < v_th ({p.v_th:g} mV) for a snnTorch program, got {p.v_rest:g}: "
            "snnTorch resets a voltage that starts above the threshold without a spike"
        )


_SYNAPTIC = """\
    alpha, beta = torch.tensor(math.exp(-DT / TAU_SYN)), torch.tensor(math.exp(-DT / TAU_M))
    theta = torch.tensor(V_TH - V_RESET)
    neuron = snn.Synaptic(
        alpha=alpha, beta=beta, threshold=theta, reset_mechanism="zero", reset_delay=False
    )
    # A step of constant current I with the synaptic current s at its beginning:
    #     V - V_REST  becomes  beta (V - V_REST) + a s + b I,    s  becomes  alpha s + (1 - alpha) I
    a = R_M * {gain}
    b = R_M * (1 - beta) - a
    # snnTorch's input for which its mem is this V, counted from V_RESET:
    pull = (1 - beta) * (V_REST - V_RESET)
    before = torch.cat([torch.zeros(1), current[:-1]])
    x = (1 - alpha) * pull + b * current + (a * (1 - alpha) - alpha * b) * before
    syn, mem = torch.full((1,), pull), torch.full((1,), V_REST - V_RESET)
    wait, refractory_steps = 0, math.floor(T_REF / DT + 0.5)
"""
_GAIN = {
    True: "DT / TAU_M * beta",
    False: "(alpha - beta) / (1 - TAU_M / TAU_SYN)",
}
_SYNAPTIC_STEP = """\
        spk, syn, moved = neuron(x[k : k + 1], syn, mem)
        if wait > 0:  # the synapse goes on, the voltage is held
            wait -= 1
            continue
        mem = moved
        if spk:
            spikes.append(k)
            wait = refractory_steps
"""


def _synaptic(setup: Setup) -> Neuron:
    p: Any = setup.neuron
    _check_start(p)
    gain = _GAIN[p.tau_m == p.tau_syn]
    title = "The leaky integrate-and-fire neuron with synaptic current as snnTorch's Synaptic."
    return Neuron(title, "", "", _SYNAPTIC.format(gain=gain), _SYNAPTIC_STEP)


_ADAPTIVE = """\
    beta = torch.tensor(math.exp(-DT / TAU_M))
    neuron = snn.Leaky(beta=beta, threshold=torch.tensor(V_TH - V_RESET), reset_mechanism="none")
    x = (1 - beta) * (V_REST - V_RESET + R_M * current)  # what each step adds
    mem = torch.full((1,), V_REST - V_RESET)  # the voltage, counted from V_RESET
    theta, gamma = V_TH, math.exp(-DT / TAU_THETA)
    wait, refractory_steps = 0, math.floor(T_REF / DT + 0.5)
"""
_ADAPTIVE_STEP = """\
        theta = V_TH + (theta - V_TH) * gamma
        if wait > 0:
            wait -= 1
            continue
        neuron.threshold = torch.tensor(theta - V_RESET)
        spk, mem = neuron(x[k : k + 1], mem)
        if spk:
            spikes.append(k)
            mem = torch.zeros(1)
            theta += THETA_JUMP
            wait = refractory_steps
"""


def _adaptive(setup: Setup) -> Neuron:
    title = "The leaky integrate-and-fire neuron with adaptive threshold, around snnTorch's Leaky."
    return Neuron(title, "", "", _ADAPTIVE, _ADAPTIVE_STEP)


_EQUIVALENT: dict[str, Callable[[Setup], Neuron]] = {
    "lif": _lif,
    "synaptic": _synaptic,
    "adaptive": _adaptive,
}
_MORE = {
    "adaptive": "its threshold is fixed: the loop below moves it at each step, and does the reset",
}
_NONE = {
    "alpha": "snnTorch's Alpha adds the difference of two exponentials to the voltage at once; a "
    "membrane behind an alpha-function current has a third time constant",
}


def check_snntorch(setup: Setup, recording: Recording | None = None) -> None:
    """Whether there is such a program, without writing it.

    Raises:
        ValueError: snnTorch has no such neuron, or acts otherwise under this drive; with the
            reason.
    """
    if setup.model not in _EQUIVALENT:
        reason = _NONE.get(setup.model, "its neurons are linear between spikes, this one is not")
        raise ValueError(
            f"snnTorch has no equivalent of the model {setup.kind.title}: {reason}; export the "
            "numpy program instead"
        )
    _EQUIVALENT[setup.model](setup)
    if getattr(setup.neuron, "reset", "") == "subtract":
        _check_subtraction(setup, float(setup.drive(recording).max()))


def snntorch_script(setup: Setup, recording: Recording | None = None) -> str:
    """The text of a snnTorch program with the spikes of `play` on the grid (timing "grid").

    Raises:
        ValueError: there is none (`check_snntorch`).
    """
    check_snntorch(setup, recording)
    p: Any = setup.neuron
    neuron = _EQUIVALENT[setup.model](setup)
    differences = [*_ALWAYS]
    if p.t_ref > 0:
        differences.append(_BY_HAND)
    if setup.model in _MORE:
        differences.append(_MORE[setup.model])
    if p.timing == "exact" and getattr(p, "reset", "value") != "none":
        differences.append(_EXACT)
    current = current_block(setup, recording)
    return (
        _TOP.format(
            title=neuron.title,
            differences="\n".join(f"- {text}" for text in differences),
            imports=import_lines({"import math", *current.imports}),
        )
        + constants(setup.neuron)
        + constant("dt", setup.run.dt, "ms")
        + constant("steps", setup.run.n_steps)
        + current.constants
        + current.functions
        + "\n"
        + current.drive
        + _SIMULATE.format(before=neuron.before, step=neuron.step)
    )
