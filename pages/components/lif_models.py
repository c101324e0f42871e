"""Each neuron model's equations as rows of aligned LaTeX, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snncore.neurons import MODELS
from snncore.params import Params

_UNITS = {"MΩ": r"\text{M}\Omega", "µS": r"\mu\text{S}", "/mV": r"\text{mV}^{-1}"}


def dynamics(neuron: Params) -> list[str]:
    """Rows of the model that `neuron` belongs to: its equations, then its reset."""
    name = next(name for name, model in MODELS.items() if model.params is type(neuron))
    return _DYNAMICS[name](neuron)


def _num(value: float, unit: str) -> str:
    """A number with its unit."""
    return rf"{value:g}\," + _UNITS.get(unit, rf"\text{{{unit}}}")


def _from(symbol: str, value: float) -> str:
    """A distance from a voltage, e.g. (V + 70 mV)."""
    return rf"({symbol} {-value:+g}\,\text{{mV}})"


def _spike(level: str, *jumps: str) -> str:
    return rf"V \ge {level}:&\quad " + r",\quad ".join(jumps)


def _reset(p: Any) -> str:
    return rf"V \leftarrow {_num(p.v_reset, 'mV')}"


def _leak(p: Any, current: str) -> str:
    return (
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V &= -{_from('V', p.v_rest)} "
        rf"+ {_num(p.r_m, 'MΩ')}\cdot {current}"
    )


def _lif(p: Any) -> list[str]:
    if p.reset == "none":
        return [_leak(p, "I(t)")]
    drop = rf"V \leftarrow V - {_num(p.v_th - p.v_reset, 'mV')}"
    return [
        _leak(p, "I(t)"),
        _spike(_num(p.v_th, "mV"), _reset(p) if p.reset == "value" else drop),
    ]


def _adaptive(p: Any) -> list[str]:
    lift = rf"\theta \leftarrow \theta {p.theta_jump:+g}\,\text{{mV}}"
    return [
        _leak(p, "I(t)"),
        rf"{_num(p.tau_theta, 'ms')}\cdot\dot\theta &= -" + _from(r"\theta", p.v_th),
        _spike(r"\theta", _reset(p), lift),
    ]


def _synaptic(p: Any) -> list[str]:
    return [
        _leak(p, r"I_\text{syn}"),
        rf"{_num(p.tau_syn, 'ms')}\cdot\dot I_\text{{syn}} &= -I_\text{{syn}} + I(t)",
        _spike(_num(p.v_th, "mV"), _reset(p)),
    ]


def _alpha(p: Any) -> list[str]:
    tau = _num(p.tau_syn, "ms")
    return [
        _leak(p, r"I_\text{syn}"),
        rf"{tau}\cdot\dot I_\text{{syn}} &= -I_\text{{syn}} + x",
        rf"{tau}\cdot\dot x &= -x + I(t)",
        _spike(_num(p.v_th, "mV"), _reset(p)),
    ]


def _exponential(p: Any, current: str) -> list[str]:
    return [
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V &= -{_from('V', p.v_rest)} "
        rf"+ {_num(p.r_m, 'MΩ')}\cdot {current}",
        rf"&\quad + {_num(p.delta_t, 'mV')}\cdot "
        rf"e^{{{_from('V', p.v_th)}/{_num(p.delta_t, 'mV')}}}",
    ]


def _eif(p: Any) -> list[str]:
    return [*_exponential(p, "I(t)"), _spike(_num(p.v_peak, "mV"), _reset(p))]


def _adex(p: Any) -> list[str]:
    return [
        *_exponential(p, "(I(t) - w)"),
        rf"{_num(p.tau_w, 'ms')}\cdot\dot w &= {_num(p.a, 'µS')}\cdot {_from('V', p.v_rest)} - w",
        _spike(_num(p.v_peak, "mV"), _reset(p), rf"w \leftarrow w {p.b:+g}\,\text{{nA}}"),
    ]


def _qif(p: Any) -> list[str]:
    return [
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V &= {_num(p.a_0, '/mV')}\cdot {_from('V', p.v_rest)}"
        rf"\cdot {_from('V', p.v_c)}",
        rf"&\quad + {_num(p.r_m, 'MΩ')}\cdot I(t)",
        _spike(_num(p.v_peak, "mV"), _reset(p)),
    ]


def _izhikevich(p: Any) -> list[str]:
    return [
        rf"\dot V &= 0.04\,V^2 + 5\,V + 140 - u + I(t)/{_num(p.c_m, 'nF')}",
        rf"\dot u &= {p.a:g}\cdot ({p.b:g}\,V - u)",
        _spike(
            _num(p.v_peak, "mV"), rf"V \leftarrow {_num(p.c, 'mV')}", rf"u \leftarrow u {p.d:+g}"
        ),
    ]


def _fitzhugh_nagumo(p: Any) -> list[str]:
    tau = "" if p.tau_ms == 1 else rf"{_num(p.tau_ms, 'ms')}\cdot"
    drive = "I(t)" if p.gain == 1 else rf"{p.gain:g}\,I(t)"
    return [
        rf"{tau}\dot v &= v - v^3/3 - w + {drive}",
        rf"{tau}\dot w &= {p.epsilon:g}\cdot (v {p.a:+g} {-p.b:+g}\,w)",
        rf"v \nearrow {p.v_th:g}:&\quad \text{{spike}}",
    ]


def _hodgkin_huxley(p: Any) -> list[str]:
    speed = 3 ** ((p.celsius - 6.3) / 10)
    phi = "" if speed == 1 else rf"{speed:.3g}\,"
    capacity = "" if p.c_m == 1 else rf"{p.c_m:g}\,"
    return [
        rf"{capacity}\dot V &= "
        rf"-{p.g_na:g}\,m^3h\,(V {-p.e_na:+g}) - {p.g_k:g}\,n^4(V {-p.e_k:+g})",
        rf"&\quad - {p.g_l:g}\,(V {-p.e_l:+g}) + {1e5 / p.area:g}\,I(t)",
        rf"\dot x &= {phi}[\alpha_x(V)(1-x) - \beta_x(V)\,x],\quad x = m, h, n",
        rf"V \nearrow {_num(p.v_th, 'mV')}:&\quad \text{{spike}}",
    ]


_DYNAMICS: dict[str, Callable[[Any], list[str]]] = {
    "lif": _lif,
    "adaptive": _adaptive,
    "synaptic": _synaptic,
    "alpha": _alpha,
    "eif": _eif,
    "adex": _adex,
    "qif": _qif,
    "izhikevich": _izhikevich,
    "fitzhugh_nagumo": _fitzhugh_nagumo,
    "hodgkin_huxley": _hodgkin_huxley,
}
