"""A run as a Python program that needs nothing but numpy and gives the same spikes.

The program does in plain Python what the engine does: the same generator, the same arithmetic in
the same order. It is meant to be read, changed and handed in as homework.
"""

from __future__ import annotations

from snncore import rng
from snncore.neurons import LIFParams
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams, noise_current_std

_HEAD = '''"""A leaky integrate-and-fire neuron: tau dV/dt = -(V - V_rest) + R I(t).

Prints one line per spike: the step at whose end it was detected, and the time (ms) at which the
voltage reached the threshold inside that step. Units: ms, mV, MOhm, nA, Hz.
"""

import math
from statistics import NormalDist

import numpy as np

'''

_NOISE = '''

def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 (Salmon et al. 2011): a counter and a key give four random 32-bit words."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (p1 >> shift) ^ c1 ^ np.uint64(k0), p1 & mask,
            (p0 >> shift) ^ c3 ^ np.uint64(k1), p0 & mask,
        )
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3], axis=1).ravel()


def white_noise(count):
    """Standard normal numbers: the quantiles of 23-bit uniform numbers."""
    block = np.arange((count + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(block)
    words = philox(block, zero, zero, zero + np.uint64(STREAM), SEED % 2**32, SEED >> 32)
    uniform = ((words[:count] >> np.uint64(9)).astype(float) + 0.5) / 2**23
    quantile = NormalDist().inv_cdf
    return np.array([quantile(u) for u in uniform]).astype(np.float32).astype(float)
'''

_CURRENT = """

t = (np.arange(STEPS) + 0.5) * DT  # the middle of each step
current = (
    np.full(STEPS, CURRENT)
    + np.where((t >= STEP_ON) & (t < STEP_OFF), STEP_CURRENT, 0.0)
    + (0.0 + AMPLITUDE * np.sin((2.0 * math.pi * FREQUENCY_HZ / 1000.0) * t + math.radians(PHASE)))
)
"""

_ADD_NOISE = "current = current + NOISE_STD * white_noise(STEPS)\n"

_LOOP = """
beta = math.exp(-DT / TAU_M)
refractory_steps = math.floor(T_REF / DT + 0.5)
v, wait = V_REST, 0
print("step,time_ms")
for k, i in enumerate(current.tolist()):
    before, v_inf = v, V_REST + R_M * i
    ready = wait == 0
    wait = max(wait - 1, 0)
"""

_INTEGRATE = {
    "value": """    if not ready:
        continue
    v = v_inf + (v - v_inf) * beta
    if v >= V_TH:
""",
    "none": """    v = v_inf + (v - v_inf) * beta
    if ready and v >= V_TH:
""",
}

_SPIKE = """        s = 0.0
        if before < V_TH:
            s = TAU_M * math.log((v_inf - before) / (v_inf - V_TH))
        print(f"{k},{k * DT + min(s, DT):.9f}")
        wait = refractory_steps
"""

_RESET = {
    "value": "        v = V_RESET\n",
    "subtract": "        v = v - (V_TH - V_RESET)\n",
    "none": "",
}


def numpy_script(neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> str:
    """The program text for one run of `play`; its output is "step,time_ms" lines.

    Equal up to what numpy's own sine may differ by between machines (1e-16, which no spike
    notices unless the voltage only just reaches the threshold).
    """
    constants: dict[str, object] = {
        "TAU_M": neuron.tau_m,
        "R_M": neuron.r_m,
        "V_REST": neuron.v_rest,
        "V_RESET": neuron.v_reset,
        "V_TH": neuron.v_th,
        "T_REF": neuron.t_ref,
        "DT": run.dt,
        "STEPS": run.n_steps,
        "CURRENT": stimulus.current,
        "STEP_CURRENT": stimulus.step_current,
        "STEP_ON": stimulus.step_on,
        "STEP_OFF": stimulus.step_off,
        "AMPLITUDE": stimulus.amplitude,
        "FREQUENCY_HZ": stimulus.frequency_hz,
        "PHASE": stimulus.phase,
    }
    noisy = stimulus.sigma_v > 0
    head = _HEAD if noisy else _HEAD.replace("from statistics import NormalDist\n", "")
    if noisy:
        constants["SEED"] = run.seed
        constants["STREAM"] = rng.stream("current")
        # What makes the voltage spread by sigma_v mV: sigma_v / R * sqrt((1 + beta) / (1 - beta)).
        constants["NOISE_STD"] = noise_current_std(stimulus.sigma_v, neuron, run.dt)
    lines = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    return (
        head
        + lines
        + (_NOISE if noisy else "")
        + _CURRENT
        + (_ADD_NOISE if noisy else "")
        + _LOOP
        + _INTEGRATE["none" if neuron.reset == "none" else "value"]
        + _SPIKE
        + _RESET[neuron.reset]
    )
