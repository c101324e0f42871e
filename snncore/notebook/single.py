"""A neuron's run and a spike code's, for notebooks."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore import encoding, playground, transmission
from snncore.notebook.shown import Shown


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Neuron(Shown):
    """A neuron's run: what was asked for, and what it did."""

    setup: playground.Setup
    run: playground.Run

    @property
    def summary(self) -> playground.Summary:
        """Rates, intervals, and what theory expects of them."""
        return self.run.summary

    @property
    def t(self) -> NDArray[np.float64]:
        """Time at the end of each step [ms]."""
        return self.run.t

    @property
    def v(self) -> NDArray[np.float64]:
        """Potential at the end of each step [mV]."""
        return self.run.v

    @property
    def spikes(self) -> NDArray[np.float64]:
        """Times of the spikes [ms]."""
        return self.run.spike_times

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        s = self.summary
        return {
            "model": self.setup.model, "spikes": s.count, "rate_hz": s.count_rate_hz,
            "theory_rate_hz": s.theory_rate_hz, "first_spike_ms": s.first_spike_ms, "cv": s.cv,
        }  # fmt: skip

    def png(self) -> bytes:
        """Voltage and current over time."""
        from snncore.plots.neuron_figure import figure

        return figure(self.setup, self.run, "png")


def lif(model: str = "lif", **settings: Any) -> Neuron:
    """Drive one neuron; τ_m dv/dt = −(v − v_rest) + R_m I, or another model's equations.

    Args:
        model: a name of `snncore.neurons.MODELS`: lif, eif, adex, izhikevich, hh, …
        settings: fields of the model's parameters, of `stimuli.StimulusParams` (shape, current,
            sigma_v, …) and of `simulate.RunParams` (duration, dt, seed, …); ms, mV, nA, MΩ.

    Raises:
        ValueError: a name that the model does not have, or a value out of its range.
    """
    setup = playground.Setup.of(model, **settings)
    return Neuron(setup, playground.play(setup))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Encoded(Shown):
    """A picture or a signal as spikes, and what is read back of them."""

    channel: transmission.Channel
    sent: transmission.Sent

    @property
    def spikes(self) -> NDArray[Any]:
        """[T, M]: bool, counts, or signs of M neurons."""
        return self.sent.spikes[:, 0]

    @property
    def decoded(self) -> NDArray[np.float32]:
        """What is read back, of the input's shape, [H, W] or [T]."""
        shape = self.channel.shape or (self.channel.n_steps,)
        return self.sent.decoded[0].reshape(shape)

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        scores = transmission.scores(self.sent, self.channel)
        return {
            "code": self.channel.code, "steps": self.channel.n_steps,
            "neurons": self.channel.n_neurons,
            "spikes": int(np.abs(self.spikes.astype(np.int64)).sum()),
            "rmse": scores.rmse, "snr_db": scores.snr_db,
        }  # fmt: skip

    def png(self) -> bytes:
        """A picture beside what is read back; a signal with its spikes below."""
        values = self.sent.values[0]
        if self.channel.shape is None:
            from snncore.plots.encoding_figures import lanes_figure
            from snncore.plots.encoding_signal import Lane

            spikes = self.spikes.astype(np.int8)
            told = f"{np.abs(spikes.astype(np.int64)).sum():,} spikes"
            lane = Lane(self.channel.code, values, self.sent.decoded[0], spikes, float("nan"), told)
            return lanes_figure([lane], "png")
        from snncore.plots.base import png

        both = (values.reshape(self.channel.shape), np.clip(self.decoded, 0.0, 1.0))
        pixels = [np.round(255 * one).astype(np.uint8) for one in both]
        gap = np.full((len(pixels[0]), 2), 255, np.uint8)
        return png(np.hstack([pixels[0], gap, pixels[1]]), scale=max(1, 240 // len(gap)))


def encode(
    values: ArrayLike, code: str = "poisson", *, steps: int = 100, seed: int = 0, **settings: Any
) -> Encoded:
    """Turn a picture [H, W] or a signal [T] into spikes, and read them back.

    Args:
        values: between 0 and 1; a picture of bytes is divided by 255.
        code: a name of `snncore.encoding.CODES`.
        steps: time steps of a picture; a signal has as many as samples.
        seed: of all random draws.
        settings: the code's parameters.

    Raises:
        ValueError: no such code, setting or shape, or values out of range.
    """
    x = np.asarray(values)
    x = x.astype(np.float32) / 255.0 if x.dtype == np.uint8 else x.astype(np.float32)
    if x.ndim not in (1, 2):
        raise ValueError(f"values must be a picture [H, W] or a signal [T], got shape {x.shape}")
    params = encoding.get_code(code).params.from_dict(settings)
    if x.ndim == 1:
        channel = transmission.Channel(code, params, len(x))
    else:
        channel = transmission.Channel(code, params, steps, (x.shape[0], x.shape[1]))
    return Encoded(channel, channel.send(x, seed=seed))
