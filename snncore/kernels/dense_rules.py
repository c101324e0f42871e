"""A step of each learning rule on one neuron's weights (see `snncore.stdp.rules`)."""

from __future__ import annotations

import numba
import numpy as np

_F0, _F1 = np.float32(0.0), np.float32(1.0)


@numba.njit(nogil=True, cache=True)
def step(code, rate, n, w, x, z, c):  # type: ignore[no-untyped-def]
    """n steps of a rule at the means x and z: `snncore.stdp.rules`, in place on w [n_in].

    `code` is the rule's place in `rules.RULES`; c its constants W_MAX, DEPRESSION, X_TARGET, BETA,
    AMPLITUDE and SEED_MAX, float32 as all else.
    """
    w_max, depression, target, beta, amplitude, seed_max = c
    n_in = w.shape[0]
    if code == 0:
        gain = np.float32(_F1 - np.float32(_F1 - rate) ** n)
        for i in range(n_in):
            w[i] += gain * (x[i] - w[i])
    elif code == 1:
        gain = np.float32(n * rate)
        for i in range(n_in):
            w[i] = min(max(w[i] + gain * (x[i] - depression * z[i]), _F0), w_max)
    elif code == 2:
        for i in range(n_in):
            pull = x[i] / w_max + depression * z[i] / w_max
            if pull > _F0:
                rest = x[i] / pull
                w[i] = rest + (w[i] - rest) * max(_F1 - rate * pull, _F0) ** n
    elif code == 3:
        for i in range(n_in):
            factor = max(_F1 - rate * (x[i] - target) / w_max, _F0) ** n
            w[i] = max(w_max - (w_max - w[i]) * factor, _F0)
    elif code == 4:
        speed = rate * amplitude * beta
        down = speed * np.exp(-beta) * n
        for i in range(n_in):
            grown = np.exp(beta / w_max * w[i]) + speed * n * x[i]
            w[i] = -np.log(_F1 / grown + down * (_F1 - x[i])) * (w_max / beta)
            w[i] = min(max(w[i], _F0), w_max)
    else:
        gain = np.float32(n * rate)
        for i in range(n_in):
            w[i] = min(w[i] + gain * x[i], seed_max)
