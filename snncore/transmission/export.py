"""What leaves the program: the spikes as an NPZ file, and as a table of events."""

from __future__ import annotations

import io
import json

import numpy as np
from numpy.typing import NDArray

from snncore.transmission.channel import Channel, Sent


def archive(sent: Sent, channel: Channel) -> bytes:
    """A compressed NPZ file: values [S, N], spikes [T, S, M], decoded [S, N], channel (JSON)."""
    held = io.BytesIO()
    np.savez_compressed(
        held,
        values=sent.values,
        spikes=sent.spikes,
        decoded=sent.decoded,
        channel=np.array(json.dumps(described(channel, sent))),
    )
    return held.getvalue()


def described(channel: Channel, sent: Sent) -> dict[str, object]:
    """The channel in plain words: what `archive` keeps of it."""
    return {
        "code": channel.code,
        "params": channel.params.to_dict(),
        "n_steps": channel.n_steps,
        "shape": channel.shape,
        "window": channel.window,
        "seed": sent.seed,
        "first_sample": sent.first_sample,
    }


def events_csv(sent: Sent, channel: Channel) -> bytes:
    """One line per spike in the order of time: step,sample,neuron,row,column,sign.

    `sample` counts from the first picture of the data set. `row` and `column` are the pixel that
    the neuron belongs to; a line camera's neuron has a row only, a signal's neither. A step with n
    spikes of a neuron gives n lines.
    """
    step, sample, neuron = np.nonzero(sent.spikes)
    amount = sent.spikes[step, sample, neuron].astype(np.int64)
    row, column = _place(neuron, channel)
    columns = [step, sample + sent.first_sample, neuron, row, column, np.sign(amount)]
    cells = [_cells(values, np.abs(amount)) for values in columns]
    lines = map(",".join, zip(*cells, strict=True))
    return "\n".join(("step,sample,neuron,row,column,sign", *lines, "")).encode()


def _cells(values: NDArray[np.int64] | None, times: NDArray[np.int64]) -> list[str]:
    """The cells of a column, each as often as `times` says; empty ones where there is none."""
    if values is None:
        return [""] * int(times.sum())
    return list(map(str, np.repeat(values, times).tolist()))


def _place(
    neuron: NDArray[np.int64], channel: Channel
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Row and column of each neuron's pixel; None where it has none."""
    if channel.shape is None:
        return None, None
    if channel.kind.kind == "signal":
        return neuron, None
    width = channel.shape[1]
    if channel.kind.kind == "picture":  # one map of neurons after the other
        pixel = neuron % channel.n_values
    else:
        pixel = neuron // channel.kind.spread(channel.params)
    return pixel // width, pixel % width
