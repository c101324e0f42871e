"""What the analysis sections of the Spike Encoding page share: names, identities, channels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from pages.components import sections as shared
from pages.components.chart import vega_chart
from pages.components.controls import label_of
from pages.components.encoding_bench import Bench, Slot
from pages.components.section_jobs import Work as Work
from pages.components.section_jobs import at_once as at_once
from pages.components.section_jobs import job as job
from pages.components.section_jobs import started as started
from pages.components.sections import DASH as DASH
from pages.components.sections import Row as Row
from pages.components.sections import Section as Section
from pages.components.sections import computed as computed
from pages.components.sections import controls as controls
from pages.components.sections import grid as grid
from pages.components.sections import hint as hint
from pages.components.sections import number as number
from pages.components.sections import set_state as set_state
from pages.components.sections import table as table
from snncore import metrics
from snncore.params import digest
from snncore.plots.vega import Chart
from snncore.transmission import Channel
from snncore.transmission.activity import spike_counts

# Steps × neurons × transmissions that take about 0.3 s on one core (measured: 25 to 100 ns each).
QUICK_CELLS = 4_000_000
PREFIXES = ("enc", "enc_s")  # of the picture tab's keys, and of the signal tab's


class Place(NamedTuple):
    """Where a slot stands: what it costs, and what arrives."""

    spikes: float  # per value
    psnr_db: float
    snr_db: float


def prefix(bench: Bench) -> str:
    """Of the widgets of the tab that the bench comes from."""
    return PREFIXES[0 if bench.is_picture else 1]


def unit(bench: Bench) -> str:
    """What one value of the input is called."""
    return "pixel" if bench.is_picture else "sample"


def quality_words(decibel: float) -> str:
    """Decibels for reading; a perfect copy has infinitely many."""
    return (
        "∞ dB"
        if decibel == math.inf
        else f"{number(decibel, 3)}{'' if math.isnan(decibel) else ' dB'}"
    )


def place(slot: Slot) -> Place:
    """Cost and quality of what stands in a slot."""
    values, decoded = slot.sent.values, slot.sent.decoded
    spikes = int(spike_counts(slot.sent.spikes).sum())
    return Place(spikes / values.size, metrics.psnr(values, decoded), metrics.snr(values, decoded))


def setting_words(channel: Channel, knob: str, value: float) -> str:
    """A turned knob in words, e.g. "Threshold θ = 0.05"."""
    specs = channel.kind.params.specs()
    name = {"n_steps": "Steps", "window": "Window [samples]", "": "fixed"}.get(knob)
    if name is None:
        name = label_of(knob, specs[knob])
    return name if not knob else f"{name} = {value:.4g}"


def chart(spec: Chart, key: str, alt: str) -> None:
    """Draw a chart; `alt` says in words what it shows."""
    vega_chart(spec=spec, key=f"enc_chart_{key}", alt=alt, width="stretch")


def download(name: str, columns: Mapping[str, ArrayLike], key: str) -> None:
    """The section's numbers as a file. The session keeps what makes the file as long as it lives:
    it is given short columns, not what they were read from."""
    shared.download(name, lambda: columns, key)


def described(channel: Channel) -> list[Any]:
    """A channel for a digest."""
    return [channel.code, channel.params, channel.n_steps, channel.shape, channel.window]


def identity(name: str, bench: Bench, channels: Iterable[Channel], *parts: Any) -> str:
    """Equal for equal work: such analyses are computed once for all visitors."""
    known = [described(channel) for channel in channels]
    return digest("encoding", name, bench.identity, bench.seed, bench.sample, known, *parts)


def cells(channels: Iterable[Channel]) -> int:
    """Steps × neurons of one transmission through each."""
    return sum(channel.n_steps * channel.n_neurons for channel in channels)
