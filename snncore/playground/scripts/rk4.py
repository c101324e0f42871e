"""The loops of the neurons that are integrated by RK4 (see `snncore.neurons.rk4`)."""

from __future__ import annotations

from typing import Any

from snncore.neurons import eif, izhikevich
from snncore.neurons.model import pieces
from snncore.playground.scripts.blocks import Neuron, constant
from snncore.playground.setup import Setup

_TITLES = {
    "eif": """\
Exponential integrate-and-fire neuron:

    TAU_M dV/dt = -(V - V_REST) + DELTA_T exp((V - V_TH) / DELTA_T) + R_M I(t)
    V >= V_PEAK: spike, V = V_RESET, silent for T_REF""",
    "adex": """\
Adaptive exponential integrate-and-fire neuron (AdEx):

    TAU_M dV/dt = -(V - V_REST) + DELTA_T exp((V - V_TH) / DELTA_T) + R_M (I(t) - w)
    TAU_W dw/dt = A (V - V_REST) - w
    V >= V_PEAK: spike, V = V_RESET, w = w + B, silent for T_REF""",
    "izhikevich": """\
Izhikevich's neuron of 2003:

    dV/dt = 0.04 V^2 + 5 V + 140 - u + I(t) / C_M,    du/dt = A (B V - u)
    V >= V_PEAK: spike, V = C, u = u + D""",
}
_EXPONENTIAL_NOTE = """

The upstroke is steep, so the program integrates x = -log(1 + exp(-(V - V_TH) / DELTA_T)), which
reaches V = infinity at x = 0 with a finite speed, by the classical Runge-Kutta method (RK4). A step
is cut into pieces where x moves fast; it holds at most one spike; a second one comes at the
beginning of the next step."""
_ANGLE_NOTE = """

The upstroke is steep, so the program integrates the angle x of V = -62.5 + 25 tan(x / 2), which
turns through V = infinity with a finite speed, by the classical Runge-Kutta method (RK4). A step
is cut into pieces where x moves fast; it holds at most one spike; a second one comes at the
beginning of the next step."""

_EXPONENTIAL = '''

def to_x(v):
    if v >= V_PEAK:
        return X_PEAK
    u = (v - V_TH) / DELTA_T
    return u - math.log1p(math.exp(u)) if u < 0 else -math.log1p(math.exp(-u))


def to_v(x):
    x = min(x, -1e-30)
    return V_TH + DELTA_T * (x - math.log(-math.expm1(x)))


def slopes(x, w, i):
    """dx/dt and dw/dt under the current i."""
    v, e = to_v(x), -math.expm1(min(x, -1e-30))
    pull = {drive} - (v - V_REST)
    return (e * pull / DELTA_T + (1.0 - e)) / TAU_M, {adaptation}


def pace(x, w, i):
    """How many pieces per ms the way from here needs: a sharp upstroke bends within few x."""
    rate, rise = slopes(x, w, i)[0], math.exp(x)
    e = 1.0 - rise
    bend = abs(rise * (rate * TAU_M - rise) / max(e, 1e-8) + e) / TAU_M
    return max(abs(rate) / (1.0 - x), bend) / 0.3
'''
_HOLD = '''

def hold(w, ms):
    """w after some ms at the reset voltage."""
    held = A * (V_RESET - V_REST)
    return held + (w - held) * math.exp(-ms / TAU_W)
'''

_ANGLE = '''

def to_v(x):
    return -62.5 + 25.0 * math.tan(0.5 * x)


def to_x(v):
    return X_PEAK if v >= V_PEAK else 2.0 * math.atan((v + 62.5) / 25.0)


def slopes(x, u, i):
    """dx/dt and du/dt under the current i."""
    push = i / C_M - 16.25 - u  # 0.04 V^2 + 5 V + 140 is -16.25 at its bottom, V = -62.5
    v = to_v(min(x, 2.0 * math.atan(40.0)))
    return (1.0 - math.cos(x)) + push / 25.0 * (1.0 + math.cos(x)), A * (B * v - u)


def pace(x, u, i):
    """How many pieces per ms the way from here needs: x or its slope turn fast."""
    rate, push = slopes(x, u, i)[0], (i / C_M - 16.25 - u) / 25.0
    bend = 2 * rate * (1 + push) - 4 * push - rate * rate
    return math.sqrt(max(rate * rate, bend, 4 * abs(push))) / 0.3
'''

_RK4 = '''

def rk4(x, w, h, i):
    """One Runge-Kutta step of h ms."""
    k1, m1 = slopes(x, w, i)
    k2, m2 = slopes(x + 0.5 * h * k1, w + 0.5 * h * m1, i)
    k3, m3 = slopes(x + 0.5 * h * k2, w + 0.5 * h * m2, i)
    k4, m4 = slopes(x + h * k3, w + h * m3, i)
    return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), w + h / 6 * (m1 + 2 * (m2 + m3) + m4)
'''
CUBIC = '''

def cubic(r, a, da, b, db):
    """The cubic with values a, b and slopes da, db at r = 0 and 1."""
    return a + r * (da + r * (3 * (b - a) - 2 * da - db + r * (da + db - 2 * (b - a))))


def root(a, da, b, db):
    """Where in 0..1 this cubic rises through 0, by bisection."""
    low, high = 0.0, 0.0 if a >= 0 else 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if cubic(middle, a, da, b, db) < 0:
            low = middle
        else:
            high = middle
    return high
'''
_ADVANCE = '''

def meeting(x, w, h, x1, w1, i):
    """ms until x gets to the peak, at most h, and w there; x1 and w1 are the state after h.

    RK4 with x in the place of time (Henon 1982), half of the way that is left at a time. Where x
    does not rise all the way, the cubic through both ends of the piece serves instead.
    """
    ms, at, there = 0.0, x, w
    for n in range(9):
        way = (X_PEAK - at) * (0.5 if n < 8 else 1.0)
        f1, g1 = slopes(at, there, i)
        if f1 <= 0 or ms >= 2 * h:
            break
        f2, g2 = slopes(at + 0.5 * way, there + 0.5 * way * g1 / f1, i)
        if f2 <= 0:
            break
        f3, g3 = slopes(at + 0.5 * way, there + 0.5 * way * g2 / f2, i)
        if f3 <= 0:
            break
        f4, g4 = slopes(at + way, there + way * g3 / f3, i)
        if f4 <= 0:
            break
        ms += way / 6 * (1 / f1 + 2 * (1 / f2 + 1 / f3) + 1 / f4)
        there += way / 6 * (g1 / f1 + 2 * (g2 / f2 + g3 / f3) + g4 / f4)
        at += way
        if n == 8 and ms < 2 * h:
            return min(ms, h), there
    (f, g), (f1, g1) = slopes(x, w, i), slopes(x1, w1, i)
    r = root(x - X_PEAK, h * f, x1 - X_PEAK, h * f1)
    return r * h, cubic(r, w, h * g, w1, h * g1)


def advance(x, w, ms, i):
    """The state after these ms, or at the peak, and when it got there (None: it did not)."""
    if ms > 0 and x >= X_PEAK:
        return X_PEAK, w, 0.0
    left = ms
    while left > 0:
        count = math.ceil(left * max(PIECES / DT, pace(x, w, i)) * (1 - 2**-40))
        h = left / count if count > 1 else left
        x1, w1 = rk4(x, w, h, i)
        if x1 >= X_PEAK:
            moment, w = meeting(x, w, h, x1, w1, i)
            return X_PEAK, w, ms - left + moment
        x, w = x1, w1
        left = left - h if count > 1 else 0.0
    return x, w, None
'''

_WITH_REST = """\
        silent = min(wait, DT)
        x, w, moment = advance(to_x(v), {held_silent}, DT - silent, i)
        wait -= silent
        if moment is not None:
            spikes.append((k, k * DT + silent + moment))
            left = DT - silent - moment
            pause = min(T_REF, left)
            x, w, _ = advance(to_x(V_RESET), {held_pause}, left - pause, i)
            wait = T_REF - pause
        v = V_PEAK if x >= X_PEAK else to_v(x)
"""
_WITHOUT_REST = """\
        x, u, moment = advance(to_x(v), u, DT, i)
        if moment is not None:
            spikes.append((k, k * DT + moment))
            x, u, _ = advance(to_x(C), u + D, DT - moment, i)
        v = V_PEAK if x >= X_PEAK else to_v(x)
"""

_FITZHUGH_NAGUMO = """\
FitzHugh and Nagumo's neuron (v and w are numbers without unit):

    TAU_MS dv/dt = v - v^3 / 3 - w + GAIN I(t),    TAU_MS dw/dt = EPSILON (v + A - B w)

A spike is an upward crossing of V_TH; there is no reset. Integrated by the classical Runge-Kutta
method (RK4); the moment of a crossing is read from the cubic through both ends of the step."""

_FITZHUGH_NAGUMO_SLOPES = '''

def slopes(v, w, i):
    """dv/dt and dw/dt under the current i."""
    return (v - v * v * v / 3 - w + GAIN * i) / TAU_MS, EPSILON * (v + A - B * w) / TAU_MS
'''
_FITZHUGH_NAGUMO_STEP = """\
        has_fired = False  # at most one spike in a step
        for piece in range(PIECES):
            v1, w1 = rk4(v, w, h, i)
            if v < V_TH <= v1 and not has_fired:
                dv, dv1 = slopes(v, w, i)[0], slopes(v1, w1, i)[0]
                r = root(v - V_TH, h * dv, v1 - V_TH, h * dv1)
                spikes.append((k, k * DT + (piece + r) * h))
                has_fired = True
            v, w = v1, w1
"""


def start_constants(setup: Setup, names: str) -> str:
    """Where the run starts, and into how many pieces a step is cut."""
    values = [float(value) for value in setup.kind.rest(setup.neuron)]
    text = ""
    for name, value in zip(names.split(), values, strict=True):
        text += constant(f"{name}_start", value, "at rest, without a current")
    return text + piece_constant(setup)


def piece_constant(setup: Setup) -> str:
    """Into how many pieces a step is cut at least."""
    longest = setup.kind.longest_step
    count = 1 if longest is None else pieces(setup.run.dt, float(longest(setup.neuron)))
    return constant("pieces", count, "of a step, for the integration")


def resetting_block(setup: Setup) -> Neuron:
    """EIF, AdEx and Izhikevich's neuron."""
    title = _TITLES[setup.model]
    neuron: Any = setup.neuron
    if setup.model == "izhikevich":
        return Neuron(
            title=title + _ANGLE_NOTE,
            constants=start_constants(setup, "v u")
            + constant("x_peak", float(izhikevich.angle(neuron.v_peak, neuron)), "at V_PEAK"),
            functions=_ANGLE + _RK4 + CUBIC + _ADVANCE,
            before="    v, u = V_START, U_START\n",
            step=_WITHOUT_REST,
        )
    adex = setup.model == "adex"
    functions = _EXPONENTIAL.format(
        drive="R_M * (i - w)" if adex else "R_M * i",
        adaptation="(A * (v - V_REST) - w) / TAU_W" if adex else "0.0",
    )
    rest = "    v, w, wait = V_REST, 0.0, 0.0  # wait: ms of the refractory period left\n"
    return Neuron(
        title=title + _EXPONENTIAL_NOTE,
        constants=piece_constant(setup)
        + constant("x_peak", float(eif.x_of(neuron.v_peak, neuron)), "at V_PEAK"),
        functions=functions + (_HOLD if adex else "") + _RK4 + CUBIC + _ADVANCE,
        before=rest if adex else rest.replace("left\n", "left; w: none here\n"),
        step=_WITH_REST.format(
            held_silent="hold(w, silent)" if adex else "w",
            held_pause="hold(w + B, pause)" if adex else "w",
        ),
    )


def fitzhugh_nagumo_block(setup: Setup) -> Neuron:
    """FitzHugh and Nagumo's neuron."""
    return Neuron(
        title=_FITZHUGH_NAGUMO,
        constants=start_constants(setup, "v w"),
        functions=_FITZHUGH_NAGUMO_SLOPES + _RK4 + CUBIC,
        before="    v, w, h = V_START, W_START, DT / PIECES\n",
        step=_FITZHUGH_NAGUMO_STEP,
    )
