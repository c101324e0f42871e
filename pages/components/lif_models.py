"""Each neuron model's equation as LaTeX with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snncore.neurons import MODELS
from snncore.params import Params


def dynamics(neuron: Params) -> list[str]:
    """LaTeX lines of the model that `neuron` belongs to: its equations, then its reset."""
    name = next(name for name, model in MODELS.items() if model.params is type(neuron))
    return _DYNAMICS[name](neuron)


def _num(value: float, unit: str) -> str:
    """A number with its unit."""
    return rf"{value:g}\,\text{{{unit}}}"


def _minus(symbol: str, value: float, unit: str = "mV") -> str:
    """A difference, e.g. (V + 70 mV)."""
    return rf"({symbol} {-value:+g}" + (rf"\,\text{{{unit}}})" if unit else ")")


def _leak(p: Any, current: str) -> str:
    return (
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V = -{_minus('V', p.v_rest)} "
        rf"+ {_num(p.r_m, 'MΩ')}\cdot {current}"
    )


def _lif(p: Any) -> list[str]:
    if p.reset == "none":
        return [_leak(p, "I(t)")]
    jump = (
        rf"V \leftarrow {_num(p.v_reset, 'mV')}"
        if p.reset == "value"
        else rf"V \leftarrow V - {_num(p.v_th - p.v_reset, 'mV')}"
    )
    return [_leak(p, "I(t)"), _spike(_num(p.v_th, "mV"), jump)]


def _spike(level: str, *jumps: str) -> str:
    return rf"V \ge {level}:\quad " + r",\ ".join(jumps)


def _reset(p: Any) -> str:
    return rf"V \leftarrow {_num(p.v_reset, 'mV')}"


def _adaptive(p: Any) -> list[str]:
    return [
        _leak(p, "I(t)"),
        rf"{_num(p.tau_theta, 'ms')}\cdot\dot\theta = "
        rf"-(\theta {-p.v_th:+g}\,\text{{mV}})",
        _spike(r"\theta", _reset(p), rf"\theta \leftarrow \theta {p.theta_jump:+g}\,\text{{mV}}"),
    ]


def _synaptic(p: Any) -> list[str]:
    return [
        _leak(p, r"I_\text{syn}"),
        rf"{_num(p.tau_syn, 'ms')}\cdot\dot I_\text{{syn}} = -I_\text{{syn}} + I(t)",
        _spike(_num(p.v_th, "mV"), _reset(p)),
    ]


def _alpha(p: Any) -> list[str]:
    tau = _num(p.tau_syn, "ms")
    return [
        _leak(p, r"I_\text{syn}"),
        rf"{tau}\cdot\dot I_\text{{syn}} = -I_\text{{syn}} + x,\quad {tau}\cdot\dot x = -x + I(t)",
        _spike(_num(p.v_th, "mV"), _reset(p)),
    ]


def _exponential(p: Any, current: str) -> str:
    return (
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V = -{_minus('V', p.v_rest)} + {_num(p.delta_t, 'mV')}"
        rf"\cdot e^{{{_minus('V', p.v_th)}/{_num(p.delta_t, 'mV')}}} "
        rf"+ {_num(p.r_m, 'MΩ')}\cdot {current}"
    )


def _eif(p: Any) -> list[str]:
    return [_exponential(p, "I(t)"), _spike(_num(p.v_peak, "mV"), _reset(p))]


def _adex(p: Any) -> list[str]:
    return [
        _exponential(p, "(I(t) - w)"),
        rf"{_num(p.tau_w, 'ms')}\cdot\dot w = {_num(p.a, 'µS')}\cdot {_minus('V', p.v_rest)} - w",
        _spike(
            _num(p.v_peak, "mV"), _reset(p), rf"w \leftarrow w {p.b:+g}\,\text{{nA}}"
        ),
    ]  # fmt: skip


def _qif(p: Any) -> list[str]:
    return [
        rf"{_num(p.tau_m, 'ms')}\cdot\dot V = {_num(p.a_0, '/mV')}\cdot {_minus('V', p.v_rest)}"
        rf"{_minus('V', p.v_c)} + {_num(p.r_m, 'MΩ')}\cdot I(t)",
        _spike(_num(p.v_peak, "mV"), _reset(p)),
    ]


def _izhikevich(p: Any) -> list[str]:
    return [
        rf"\dot V = 0.04\,V^2 + 5\,V + 140 - u + I(t)/{_num(p.c_m, 'nF')}",
        rf"\dot u = {p.a:g}\cdot ({p.b:g}\,V - u)",
        _spike(
            _num(p.v_peak, "mV"), rf"V \leftarrow {_num(p.c, 'mV')}", rf"u \leftarrow u {p.d:+g}"
        ),
    ]


def _fitzhugh_nagumo(p: Any) -> list[str]:
    tau = "" if p.tau_ms == 1 else rf"{p.tau_ms:g}\,"
    drive = "I(t)" if p.gain == 1 else rf"{p.gain:g}\,I(t)"
    return [
        rf"{tau}\dot v = v - v^3/3 - w + {drive}",
        rf"{tau}\dot w = {p.epsilon:g}\cdot (v {p.a:+g} {-p.b:+g}\,w)",
        rf"\text{{spike: }} v \text{{ rises through }} {p.v_th:g}",
    ]


def _hodgkin_huxley(p: Any) -> list[str]:
    return [
        rf"{p.c_m:g}\,\dot V = -{p.g_na:g}\,m^3h\,{_minus('V', p.e_na, '')} "
        rf"- {p.g_k:g}\,n^4{_minus('V', p.e_k, '')} - {p.g_l:g}\,{_minus('V', p.e_l, '')} "
        rf"+ {1e5 / p.area:g}\,I(t)",
        rf"\dot x = {3 ** ((p.celsius - 6.3) / 10):.3g}\,[\alpha_x(V)(1-x) - \beta_x(V)\,x],"
        r"\quad x = m, h, n",
        rf"\text{{spike: }} V \text{{ rises through }} {_num(p.v_th, 'mV')}",
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
