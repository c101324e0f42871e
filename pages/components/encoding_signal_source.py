"""Where the signal of the signal tab comes from: a test wave, a CSV file, a sound."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import controls, lesson
from pages.components.inline import inline
from pages.components.text import plain
from snncore import encoding
from snncore.datasets import series, sound
from snncore.encoding import SignalParams
from snncore.encoding.signals import RANDOM_SHAPES
from snncore.params import Params, Value, digest, integer

KEY = "enc_s"
KINDS = WAVE, CSV, SOUND = "Wave", "CSV file", "Sound"
KIND = f"{KEY}_source"
UPLOADS = f"{KEY}_uploads"  # in the session: a new number empties the uploaders
READ = f"{KEY}__read"  # in the session: the file asked for last, and what came of it
LOST = f"{KEY}__lost"  # in the session: what the address asked for in vain, until it is said
MAX_SAMPLES = 20_000
MAX_MB = 10
FIRST_WAVE = SignalParams(cycles=5.5)  # faster than θ per sample, but only at its end
_WIDTHS = {WAVE: [1.1, 1.1, 1, 1, 1, 0.8], CSV: [1.1, 2.6, 1, 1, 0.8],
           SOUND: [1.1, 2.6, 1, 1, 1.1, 0.8]}  # fmt: skip
_RATES = (0, 1000, 2000, 4000, 8000, 16000)


class Source(NamedTuple):
    """A signal, ready for the codes, and how to speak of it."""

    what: str
    values: NDArray[np.float32]  # [T] in 0..1
    identity: str  # equal for equal values
    command: str  # its words of the command line
    link: dict[str, Value]
    rate_hz: float = 0.0  # samples per second; 0 where there is no such thing
    first: int = 0  # number of the first sample in its recording
    notes: str = ""  # what 0 and 1 mean, what was changed on the way
    own: bool = False  # the visitor's: no link can carry it


@dataclasses.dataclass(frozen=True)
class SignalPart(Params):
    """The part of a CSV file that is sent."""

    start: int = integer(0, 0, 10**9, "The first sample that is sent.", unit="samples")
    length: int = integer(1000, 1, MAX_SAMPLES, "So many are sent.", unit="samples")


def first_state() -> dict[str, Value]:
    """Every widget of the source and what it holds at first."""
    return {
        KIND: WAVE,
        **controls.state_of(KEY, SignalPart()),
        f"{KEY}_start_s": 0.0,
        f"{KEY}_seconds": 0.1,
        f"{KEY}_rate": 0,
        f"{KEY}_loud": True,
        **{n: v for n, v in controls.state_of(KEY, FIRST_WAVE).items() if n != f"{KEY}_seed"},
    }


def choose(sending: Callable[[], int]) -> Source:
    """One row: the kind of source and its own controls; and the signal that they give.

    Args:
        sending: draws the row's last control and gives the seed.

    Without a usable file it is the wave, and the page says so.
    """
    kind = st.session_state.get(KIND, WAVE)
    aligned: Any = "top" if kind in (CSV, SOUND) else "bottom"
    places = st.columns(_WIDTHS.get(kind, _WIDTHS[WAVE]), vertical_alignment=aligned)
    with places[0]:
        lesson.offer(KIND, "Signal")
        st.selectbox("Signal", KINDS, key=KIND, bind="query-params")
    with places[-1]:
        if aligned == "top":
            st.space("small")  # the labels of the others
        seed = sending()
    if kind not in (CSV, SOUND):
        return _wave(places[1:-1], seed)
    found = _csv(places[1:-1]) if kind == CSV else _sound(places[1:-1])
    if found is not None:
        return found
    made = _made(FIRST_WAVE, seed)
    return made._replace(what="a wave, until there is a file", link={KIND: kind})


def _wave(places: Sequence[Any], seed: int) -> Source:
    specs, defaults = SignalParams.specs(), FIRST_WAVE.to_dict()
    values: dict[str, Any] = {}
    for place, name in zip(places, ("shape", "n_samples", "cycles", "amplitude"), strict=True):
        with place:
            values[name] = controls.control(name, specs[name], defaults[name], KEY)
    return _made(SignalParams(**values), seed)


def _made(params: SignalParams, seed: int) -> Source:
    """The wave; a random one follows the seed of the spikes."""
    params = dataclasses.replace(params, seed=seed if params.shape in RANDOM_SHAPES else 0)
    samples = inline(lambda: encoding.make_signal(params).numpy().reshape(-1))
    words = [f"--signal {params.shape}", f"--steps {params.n_samples}"]
    words += [
        f"--{'signal-seed' if name == 'seed' else name} {value}"
        for name, value in params.changed().items()
        if name not in ("shape", "n_samples")
    ]
    return Source(params.shape, samples, digest("wave", params), " ".join(words), wave_link(params))


def wave_link(params: SignalParams) -> dict[str, Value]:
    """Names and values of the address that restore a wave; its seed is that of the spikes."""
    first = FIRST_WAVE.to_dict()
    return {
        f"{KEY}_{name}": value
        for name, value in params.to_dict().items()
        if name != "seed" and value != first[name]
    }


def _csv(places: Sequence[Any]) -> Source | None:
    left, start_at, length_at = places
    with left:
        file = st.file_uploader(
            f"Signal (CSV, at most {MAX_MB} MB)",
            type=[".csv", ".tsv", ".txt"],
            key=f"{KEY}_csv_{_number()}",
            max_upload_size=MAX_MB,
            help="One number per row, or a time and a value, with or without headings.",
        )
    specs, values = SignalPart.specs(), dict(SignalPart().to_dict())
    for place, field in zip((start_at, length_at), specs, strict=True):
        with place:
            values[field] = controls.control(field, specs[field], values[field], KEY)
    part = SignalPart(**values)  # type: ignore[arg-type]
    if file is None:
        st.caption("No file yet. It stays in this session and is not part of the link.")
        return None
    data, name, key = file.getvalue(), file.name, f"{KEY}_column_{file.file_id}"
    column = st.session_state.get(key) or ""
    known = _read(
        (file.file_id, column), name, lambda: series.read_series(data, name, column=column)
    )
    if known is None:
        return None
    if len(known.columns) > 1:
        with left:
            st.selectbox("Column", known.columns, index=known.columns.index(known.name), key=key)
    if part.start >= known.values.size:
        return _refuse(
            f"Start must be below {known.values.size:,}, the number of samples in the file, got "
            f"{part.start:,}."
        )
    samples = known.unit_values(part.start, min(part.length, known.values.size - part.start))
    scale = f"0 means {known.minimum:.4g}, 1 means {known.maximum:.4g}"
    if known.minimum == known.maximum:
        scale = f"All values are {known.minimum:.4g}: a constant, which is sent as 0.5"
    notes = [
        f"{scale}{f' ({plain(known.name)})' if known.columns else ''}.",
        _part(samples.size, part.start, known.values.size),
        _sentence(known.note),
    ]
    return Source(
        what="your file",
        values=samples,
        identity=_digest(samples),
        command=f"--csv YOUR_FILE.csv {f'--column {shlex.quote(column)} ' if column else ''}"
        f"--start {part.start} --steps {samples.size}",
        link={KIND: CSV, **controls.link_params(KEY, part)},
        rate_hz=known.rate_hz or 0.0,
        first=part.start,
        notes=" ".join(n for n in notes if n),
        own=True,
    )


def _sound(places: Sequence[Any]) -> Source | None:
    left, start_at, length_at, rate_at = places
    with left:
        file: Any = st.file_uploader(
            f"Sound (WAV, at most {MAX_MB} MB)",
            type=[".wav"],
            key=f"{KEY}_wav_{_number()}",
            max_upload_size=MAX_MB,
        )
        box = st.popover(
            "Microphone", icon=":material/mic:", key=f"{KEY}__microphone", on_change="rerun"
        )
        recorded = None
        if box.open or st.session_state.get(f"{KEY}_mic_{_number()}") is not None:
            with box:  # only then does the browser ask for the microphone
                recorded = st.audio_input("Record", sample_rate=16000, key=f"{KEY}_mic_{_number()}")
                st.caption("Delete the recording to use the file again.")
    start = start_at.number_input(
        "Start [s]", 0.0, 36_000.0, 0.0, 0.05, format="%.2f",
        key=f"{KEY}_start_s", bind="query-params",
    )  # fmt: skip
    rate = rate_at.selectbox(
        "Rate [Hz]", _RATES, index=0, format_func=_rate_words,
        key=f"{KEY}_rate", bind="query-params",
        help="Samples per second, by resampling. Fewer are quicker, and lose what is high.",
    )  # fmt: skip
    seconds = length_at.number_input(
        "Length [s]", 0.005, 20.0, 0.1, 0.05, format="%.3f",
        key=f"{KEY}_seconds", bind="query-params",
    )  # fmt: skip
    loud = rate_at.toggle(
        "Loud", value=True, key=f"{KEY}_loud", bind="query-params",
        help="The part is stretched so that its loudest sample lies at 0 or 1.",
    )  # fmt: skip
    heard = file if recorded is None else recorded
    if heard is None:
        st.caption("No sound yet. It stays in this session and is not part of the link.")
        return None
    known = _read(
        (heard.file_id, start, seconds, rate), heard.name,
        lambda: _heard(heard.getvalue(), start, seconds, rate),
    )  # fmt: skip
    if known is None:
        return None
    values = sound.as_signal(known, normalise=loud)
    notes = [
        f"{known.seconds:.4g} s from {start:g} s on, of {known.file_seconds:.4g} s.",
        f"Silence is 0.5; the loudest sample {'lies at 0 or 1' if loud else '±1 would be 0 or 1'}.",
        "" if rate == 0 else "The command reads it as recorded; it does not resample.",
        _sentence(known.note),
    ]
    if float(np.ptp(values)) == 0.0:
        notes.insert(0, "This part is silent: a constant, which is sent as 0.5.")
    return Source(
        what="your sound",
        values=values,
        identity=_digest(values),
        command=f"--wav YOUR_FILE.wav --start {start:g} --seconds {seconds:g} "
        f"--steps {values.size}{' --normalise' if loud else ''}",
        link=_link(
            SOUND, start_s=(start, 0.0), seconds=(seconds, 0.1), loud=(loud, True),
            rate=(_rate_words(rate), _rate_words(0)),
        ),
        rate_hz=float(known.rate_hz),
        first=round(start * known.rate_hz),
        notes=" ".join(n for n in notes if n),
        own=True,
    )  # fmt: skip


def _heard(data: bytes, start: float, seconds: float, rate: int) -> sound.Sound:
    """The part that is wanted, at this many samples per second, 0 for those of the file."""
    known = sound.read_wav(data, start_s=start, seconds=seconds)
    if rate:
        known = sound.resample(known, rate)
    if known.samples.size <= MAX_SAMPLES:
        return known
    note = "; ".join(filter(None, (known.note, f"at most {MAX_SAMPLES:,} samples are used")))
    # A copy: a view would keep all of them in the session.
    return known._replace(samples=known.samples[:MAX_SAMPLES].copy(), note=note)


def _rate_words(rate: int) -> str:
    return f"{rate:,}" if rate else "as recorded"


def _number() -> int:
    return int(st.session_state.setdefault(UPLOADS, 0))


def _read(asked: tuple[Any, ...], name: str, work: Callable[[], Any]) -> Any:
    """What `work` read of the file, once per file and setting; None after its refusal in words."""
    known = st.session_state.get(READ)
    if known is None or known[0] != asked:

        def guarded() -> Any:
            try:
                return work()
            except ValueError as reason:
                return plain_words(str(reason))

        known = (asked, inline(guarded))
        st.session_state[READ] = known
    if isinstance(known[1], str):
        return _refuse(f"{plain(name)} cannot be used: {known[1]}")
    return known[1]


def _refuse(words: str) -> None:
    st.error(words)


def _part(size: int, start: int, whole: int) -> str:
    """Which part of the file is used."""
    if size == whole:
        return ""
    return f"Samples {start:,} to {start + size - 1:,} of {whole:,}."


def _sentence(note: str) -> str:
    """What a reader did on the way, as a sentence that is safe in Markdown."""
    return f"{plain_words(note[:1].upper() + note[1:])}." if note else ""


def _digest(values: NDArray[np.float32]) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()


def _link(kind: str, **values: tuple[Value, Value]) -> dict[str, Value]:
    """Names and values of the address: the kind, and what differs from its first value."""
    changed = {f"{KEY}_{name}": now for name, (now, first) in values.items() if now != first}
    return {KIND: kind, **changed}


def plain_words(text: str) -> str:
    """An error of the engine, which may quote the file, safe to stand in Markdown."""
    return " ".join(plain(word) for word in text.split())
