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
    columns = [step, sample + sent.first_sample, neuron, *_place(neuron, channel), np.sign(amount)]
    repeated = [np.repeat(c, np.abs(amount)) if c.size else None for c in columns]
    filled = [column for column in repeated if column is not None]
    # An empty column, not a number, where a neuron has no row or no column.
    line = ",".join("" if column is None else "%d" for column in repeated) + "\n"
    rows = np.stack(filled, axis=1).tolist() if step.size else []
    body = "".join(line % tuple(row) for row in rows)
    return ("step,sample,neuron,row,column,sign\n" + body).encode()


def _place(
    neuron: NDArray[np.int64], channel: Channel
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each neuron's pixel; empty where it has none."""
    none = np.zeros(0, dtype=np.int64)
    if channel.shape is None:
        return none, none
    if channel.kind.kind == "signal":
        return neuron, none
    width = channel.shape[1]
    if channel.kind.kind == "picture":  # one map of neurons after the other
        pixel = neuron % channel.n_values
    else:
        pixel = neuron // channel.kind.spread(channel.params)
    return pixel // width, pixel % width
