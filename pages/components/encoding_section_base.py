"""What the analysis sections of the Spike Encoding page share: names, identities, jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import streamlit as st
from numpy.typing import ArrayLike

from pages.components import sections as shared
from pages.components.controls import label_of
from pages.components.encoding_bench import Bench, Slot
from pages.components.job_panel import job_panel
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
from snncore.jobs import Progress, Ticket, get_manager
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
    st.vega_lite_chart(spec=spec, key=f"enc_chart_{key}", alt=alt, width="stretch")


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


class Payload(NamedTuple):
    """What a job shows, and the identity of what it is of."""

    identity: str
    found: Any


Work = Callable[[], Iterator[Progress]]


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False)
def _now(identity: str, _work: Work) -> Any:
    """The last payload of work that takes no time."""
    *_, last = _work()
    return last.payload


def at_once(identity: str, work: Work) -> Any:
    """The result of quick work, from the cache or computed now; None where it is refused."""
    return computed(lambda: _now(identity, work))


def job(
    key: str,
    label: str,
    identity: str,
    work: Work,
    draw: Callable[[Any, bool], None],
    n_bytes: int,
) -> Any:
    """Longer work as a job with a button; its result once it is there, else None.

    Args:
        work: yields `Progress` whose payload is what `draw` shows. The payload says by itself what
            it is of: the page may have moved on when it is drawn.
        draw: takes a payload, and whether it is of what the page shows now. The session keeps it:
            it must hold no spikes.
    """
    asked: set[str] = st.session_state.setdefault(f"{key}_asked", set())

    def start() -> Iterator[Progress]:
        for progress in work():
            payload = None if progress.payload is None else Payload(identity, progress.payload)
            yield Progress(progress.fraction, progress.text, payload)

    def submit(owner: str) -> Ticket:
        ticket = get_manager("sweep").submit(owner, identity, start, n_bytes)
        asked.add(identity)
        return ticket

    def show(payload: Any, final: bool) -> None:
        del final
        of = payload.identity if isinstance(payload, Payload) else None  # other pages have jobs too
        if of == identity:
            asked.add(identity)
            draw(payload.found, True)
        elif of in asked:
            draw(payload.found, False)
            st.caption("**This is of an earlier setting**: compute it again to follow the page.")
        else:  # a link to the work of another visitor, perhaps on their own picture
            hint("The computation of this link is of another input or setting.")

    view = job_panel(
        key, submit=submit, draw=show, label=label, ticket_param=f"{key}_job", kind="sweep"
    )
    if view is None or view.snapshot is None or view.snapshot.payload is None:
        return None
    payload = view.snapshot.payload
    now = isinstance(payload, Payload) and payload.identity == identity
    return payload.found if now and view.state == "done" else None


def started(key: str) -> bool:
    """Whether a job of this key was started in this session, or is in the address."""
    return f"{key}_job" in st.query_params or bool(st.session_state.get(f"{key}_ticket"))
