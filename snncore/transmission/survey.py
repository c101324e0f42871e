"""Every code of the registry on one input: the table behind a gallery of codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import encoding
from snncore.params import Params
from snncore.transmission.channel import Channel
from snncore.transmission.information import Information, information
from snncore.transmission.scores import Scores, scores


class Row(NamedTuple):
    """One code: what it made of the input, or why it refused."""

    code: str
    channel: Channel | None  # None where the code refused
    scores: Scores | None
    information: Information | None
    decoded: NDArray[np.float32] | None  # in the shape of the input
    refused: str  # the reason; "" where it did not


class Survey(NamedTuple):
    """The rows found so far, in the order of the registry."""

    rows: tuple[Row, ...]
    total: int


def survey(
    values: NDArray[np.float32],
    *,
    n_steps: int,
    window: int = 20,
    seed: int = 0,
    sample: int = 0,
    params: Mapping[str, Params] | None = None,
) -> Iterator[Survey]:
    """All codes on one picture [H, W] or one signal [T], one after the other.

    Args:
        n_steps: T for a picture; a signal has its own length.
        window: steps per value where an intensity code carries a signal.
        params: parameters of some codes, by name; the others take their defaults.
    """
    rows: list[Row] = []
    names = tuple(encoding.CODES)
    for name in names:
        chosen = (params or {}).get(name) or encoding.get_code(name).params()
        rows.append(_row(values, name, chosen, n_steps, window, seed, sample))
        yield Survey(tuple(rows), len(names))


def _row(
    values: NDArray[np.float32],
    name: str,
    params: Params,
    n_steps: int,
    window: int,
    seed: int,
    sample: int,
) -> Row:
    try:
        if values.ndim == 2:
            shape = (values.shape[0], values.shape[1])
            channel = Channel(name, params, n_steps, shape)
        else:
            channel = Channel(name, params, len(values), None, window)
        sent = channel.send(values, seed=seed, first_sample=sample)
    except ValueError as error:  # a code may not carry signals, or not this little time
        return Row(name, None, None, None, None, str(error))
    decoded = sent.decoded.reshape(values.shape)
    return Row(name, channel, scores(sent, channel), information(sent, channel), decoded, "")
