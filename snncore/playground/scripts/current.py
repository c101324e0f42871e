"""The program's current: the parts of the stimulus that are on, and the noise word for word.

Each part repeats `snncore.stimuli`: the same middle of each step, the same random words.
"""

from __future__ import annotations

import textwrap

from snncore import rng
from snncore.playground.scripts.blocks import Current, constant, constants
from snncore.playground.setup import Setup
from snncore.stimuli import PARTS, Recording

MAX_LITERAL = 2000  # points of a recording that stand in the program itself
RECORDING_FILE = "recording.csv"  # where the program looks for a longer one

_DRIVE = '''
def drive():
    """The current in nA during each step, taken at the middle of the step."""
    t = (np.arange(STEPS) + 0.5) * DT
    current = np.full(STEPS, CURRENT)
'''

_PARTS = {
    "Step": """\
    current += np.where((t >= STEP_ON) & (t < STEP_OFF), STEP_CURRENT, 0.0)
""",
    "Ramp": """\
    current += RAMP_CURRENT * np.clip((t - RAMP_ON) / (RAMP_OFF - RAMP_ON), 0.0, 1.0)
""",
    "Pulses": """\
    since = t - PULSE_ON
    is_on = (since >= 0) & (np.mod(since, PULSE_PERIOD) < PULSE_WIDTH)
    current += np.where(is_on, PULSE_CURRENT, 0.0)
""",
    "Sine": """\
    angle = (2.0 * math.pi * FREQUENCY_HZ / 1000.0) * (t - SINE_ON) + math.radians(PHASE)
    current += np.where(t >= SINE_ON, SINE_OFFSET + AMPLITUDE * np.sin(angle), 0.0)
""",
    "Chirp": """\
    slope = CHIRP_TO_HZ - CHIRP_FROM_HZ
    cycles = (CHIRP_FROM_HZ * t + slope * t * t / (2.0 * STEPS * DT)) / 1000.0
    current += CHIRP_CURRENT * np.sin(2.0 * math.pi * cycles)
""",
}
_RECORDING = """\
    current += CSV_GAIN * recorded(t)
"""
# In the order in which the engine adds them: a sum of floats depends on it.
_NOISES = {
    "White noise": """\
    current += WHITE_STD * normal(WHITE_STREAM)
""",
    "Slow noise (OU)": """\
    current += OU_STD * ornstein_uhlenbeck()
""",
    "Synaptic input": """\
    current += SYN_CURRENT * synapses()
""",
}

_PHILOX = '''

def random_words(stream):
    """One random 32-bit number per step: Philox4x32-10 (Salmon et al. 2011), four per counter."""
    mask, half = np.uint64(2**32 - 1), np.uint64(32)
    c0 = np.arange((STEPS + 3) // 4, dtype=np.uint64)
    c1 = c2 = np.zeros_like(c0)
    c3 = np.full_like(c0, stream)
    k0, k1 = SEED % 2**32, SEED >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1 = (p1 >> half) ^ c1 ^ np.uint64(k0), p1 & mask
        c2, c3 = (p0 >> half) ^ c3 ^ np.uint64(k1), p0 & mask
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([c0, c1, c2, c3], axis=1).ravel()[:STEPS]
'''

_NORMAL = '''

def normal(stream):
    """One standard normal number per step: the quantile of a 23-bit uniform number."""
    uniform = ((random_words(stream) >> np.uint64(9)).astype(float) + 0.5) / 2**23
    quantile = NormalDist().inv_cdf
    return np.array([quantile(u) for u in uniform.tolist()]).astype(np.float32).astype(float)
'''

_LEAKY_SUM = '''

def leaky_sum(x, keep):
    """y[k] = x[k] + keep * y[k - 1]."""
    y, total = np.empty(STEPS), 0.0
    for k, value in enumerate(x.tolist()):
        total = value + keep * total
        y[k] = total
    return y
'''

_OU = '''

def ornstein_uhlenbeck():
    """Noise with a memory of OU_TAU and standard deviation 1, stationary from the start."""
    z = normal(OU_STREAM)
    x = math.sqrt(-math.expm1(-2.0 * DT / OU_TAU)) * z
    x[0] = z[0]
    return leaky_sum(x, math.exp(-DT / OU_TAU))
'''

_SYNAPSES = '''

def synapses():
    """Poisson arrivals that decay with SYN_TAU: the mean of the current over each step."""
    mean = SYN_RATE_HZ / 1000.0 * DT
    edges, below, n = [], 0.0, 0  # edges: P(at most n arrivals), in units of 2**-32
    while not edges or edges[-1] < 2**32:
        below += math.exp((n * math.log(mean) if n else 0.0) - mean - math.lgamma(n + 1))
        edges.append(round(below * 2**32))
        n += 1
    arrivals = np.searchsorted(np.array(edges), random_words(SYN_STREAM).astype(np.int64), "right")
    step_mean = -math.expm1(-DT / SYN_TAU) * SYN_TAU / DT
    return leaky_sum(step_mean * arrivals, math.exp(-DT / SYN_TAU))
'''

_AT = '''

def recorded(t):
    """The recorded current at times t: each value holds until the next one, 0 outside."""
    row = np.searchsorted(RECORDED_MS, t, side="right") - 1
    inside = (row >= 0) & (t < 2.0 * RECORDED_MS[-1] - RECORDED_MS[-2])
    return np.where(inside, RECORDED_NA[np.maximum(row, 0)], 0.0)
'''

_READ = """
try:
    RECORDED_MS, RECORDED_NA = np.loadtxt({file!r}, delimiter=",", skiprows=1, unpack=True)
except FileNotFoundError:
    sys.exit("put {file} beside this program: {points:,} rows of t_ms,current_na under a header")
"""


def current_block(setup: Setup, recording: Recording | None) -> Current:
    """The current of `setup`; only the parts that are on appear."""
    stimulus, run = setup.stimulus, setup.run
    is_on = {title for title, part in PARTS.items() if part.is_on(stimulus)}
    fixed = constants(stimulus, ["current"])
    drive = _DRIVE
    for title, text in _PARTS.items():
        if title in is_on:
            fixed += constants(stimulus, PARTS[title].fields)
            drive += text
    functions = ""
    if recording is not None:
        fixed += constants(stimulus, ["csv_gain"])
        drive += _RECORDING
        functions += _table(recording) + _AT
    noises = [title for title in _NOISES if title in is_on]
    if noises:
        fixed += constant("seed", run.seed)
        functions += _PHILOX
    if {"White noise", "Slow noise (OU)"} & is_on:
        functions += _NORMAL
    if {"Slow noise (OU)", "Synaptic input"} & is_on:
        functions += _LEAKY_SUM
    for title in noises:
        drive += _NOISES[title]
    if "White noise" in is_on:
        fixed += constant("white_std", stimulus.white_std(setup.membrane, run.dt), _white(setup))
        fixed += constant("white_stream", rng.stream("current"))
    if "Slow noise (OU)" in is_on:
        fixed += constants(stimulus, PARTS["Slow noise (OU)"].fields)
        fixed += constant("ou_stream", rng.stream("coloured"))
        functions += _OU
    if "Synaptic input" in is_on:
        fixed += constants(stimulus, PARTS["Synaptic input"].fields)
        fixed += constant("syn_stream", rng.stream("synapse"))
        functions += _SYNAPSES
    imports = set()
    if {"White noise", "Slow noise (OU)"} & is_on:
        imports.add("from statistics import NormalDist")
    if recording is not None and recording.t.size > MAX_LITERAL:
        imports.add("import sys")
    return Current(fixed, functions, drive + "    return current\n", imports)


def _white(setup: Setup) -> str:
    """What the standard deviation of a step's current comes from."""
    s = setup.stimulus
    causes = [f"moves the voltage by {s.sigma_v!r} mV"] if s.sigma_v else []
    if s.noise_intensity:
        causes.append(f"{s.noise_intensity!r} nA·√ms / √DT")
    return "nA in each step: " + " and ".join(causes)


def _table(recording: Recording) -> str:
    if recording.t.size > MAX_LITERAL:
        return _READ.format(file=RECORDING_FILE, points=recording.t.size)
    columns = {"RECORDED_MS": recording.t, "RECORDED_NA": recording.current}
    text = ""
    for name, values in columns.items():
        rows = textwrap.fill(
            ", ".join(map(repr, values.tolist())),
            width=100, initial_indent="    ", subsequent_indent="    ",
        )  # fmt: skip
        text += f"\n{name} = np.array([\n{rows}\n])\n"
    return text


def recording_csv(recording: Recording) -> str:
    """The file that a program with a long recording reads: t_ms, current_na."""
    rows = zip(recording.t.tolist(), recording.current.tolist(), strict=True)
    return "t_ms,current_na\n" + "".join(f"{t!r},{i!r}\n" for t, i in rows)
