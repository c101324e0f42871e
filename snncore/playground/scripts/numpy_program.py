"""A run as a Python program that needs nothing but numpy and gives the same spikes and voltages.

The program does in plain Python what the engine does: the same random numbers, the same arithmetic
in the same order. It is meant to be read, changed and handed in as homework, so only what the run
uses appears in it.
"""

from __future__ import annotations

from collections.abc import Callable

from snncore.playground.scripts.blocks import Neuron, constant, constants, import_lines
from snncore.playground.scripts.current import current_block
from snncore.playground.scripts.hodgkin_huxley import hodgkin_huxley_block
from snncore.playground.scripts.lif import lif_block
from snncore.playground.scripts.linear import linear_block
from snncore.playground.scripts.qif import qif_block
from snncore.playground.scripts.rk4 import fitzhugh_nagumo_block, resetting_block
from snncore.playground.setup import Setup
from snncore.stimuli import Recording

BLOCKS: dict[str, Callable[[Setup], Neuron]] = {
    "lif": lif_block,
    "adaptive": linear_block,
    "synaptic": linear_block,
    "alpha": linear_block,
    "eif": resetting_block,
    "adex": resetting_block,
    "izhikevich": resetting_block,
    "qif": qif_block,
    "fitzhugh_nagumo": fitzhugh_nagumo_block,
    "hodgkin_huxley": hodgkin_huxley_block,
}

_TOP = '''"""{title}

Prints one line per spike: the number of its step and its time in ms. With a file name as argument,
it also writes every step there as CSV. Needs numpy only. Units: ms, mV, MΩ, nA, Hz.
"""

'''

_SIMULATE = '''

def simulate(current):
    """The voltage after each step, and (step, time in ms) of each spike."""
    voltages, spikes = [], []
{before}    for k, i in enumerate(current.tolist()):
{step}        voltages.append(v)
    return voltages, spikes
'''

_MAIN = """

current = drive()
voltages, spikes = simulate(current)
print("step,time_ms")
for step, time in spikes:
    print(f"{step},{time:.10f}")
if len(sys.argv) > 1:
    with_spike = {step for step, _ in spikes}
    with open(sys.argv[1], "w") as file:
        file.write("t,current,v,spike\\n")
        for k in range(STEPS):
            file.write(f"{(k + 1) * DT:.10g},{current[k]},{voltages[k]},{int(k in with_spike)}\\n")
"""


def numpy_script(setup: Setup, recording: Recording | None = None) -> str:
    """The text of a program that repeats `play(setup, recording)`.

    Equal up to what the functions of numpy, Python and the engine differ by (1e-16). Spikes notice
    it only where the voltage just reaches the threshold, or where a chaotic neuron amplifies it.
    A recording of more than 2,000 points is read from `recording.csv` beside the program (see
    `recording_csv`).
    """
    neuron = BLOCKS[setup.model](setup)
    current = current_block(setup, recording)
    return (
        _TOP.format(title=neuron.title)
        + import_lines({"import math", "import sys", *current.imports})
        + "\nimport numpy as np\n\n"
        + constants(setup.neuron)
        + constant("dt", setup.run.dt, "ms")
        + constant("steps", setup.run.n_steps)
        + neuron.constants
        + current.constants
        + current.functions
        + "\n"
        + current.drive
        + neuron.functions
        + _SIMULATE.format(before=neuron.before, step=neuron.step)
        + _MAIN
    )
