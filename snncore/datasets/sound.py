"""Read a sound from a WAV file: the part that is asked for, as one channel in −1..1.

A WAV file is a list of chunks, each a name of four letters, its length and its bytes (Microsoft &
IBM 1991, "Multimedia Programming Interface and Data Specifications 1.0"): `fmt ` says how the
samples are written, `data` holds them. Both are looked at before any sample is decoded, so that an
hour of sound costs no more than the second that is wanted of it. Read here are whole numbers of 8,
16, 24 and 32 bits and floating point of 32 and 64: Python's own `wave` knows no floating point, and
scipy's reader decodes the whole file first and passes broken files on as errors of its insides.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.uploads import check_upload

Samples = NDArray[np.float32]

MAX_SECONDS = 120.0  # of a part that is decoded
MAX_NUMBERS = 40_000_000  # samples × channels of a part
MAX_CHANNELS = 64
_MAX_CHUNKS = 1000  # before the samples; programs write a dozen
_RATES = (100, 768_000)  # Hz
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODINGS = {2: "ADPCM", 6: "A-law", 7: "µ-law", 17: "ADPCM", 49: "GSM", 80: "MPEG", 85: "MP3"}
_OTHERS = {
    b"ID3": "an MP3 file", b"\xff\xfb": "an MP3 file", b"OggS": "an Ogg file",
    b"fLaC": "a FLAC file", b"FORM": "an AIFF file", b"RIFX": "a big-endian WAV file",
    b"RF64": "an RF64 file", b"\x1aE\xdf\xa3": "a WebM file",
}  # fmt: skip
_CURE = "export it as WAV with 16-bit samples first"


class Sound(NamedTuple):
    """A piece of sound, all channels mixed to one."""

    samples: Samples  # [T] in −1..1
    rate_hz: int
    channels: int  # in the file
    seconds: float  # of this piece
    file_seconds: float  # of the whole file
    start_s: float  # where the piece begins in it
    note: str  # what was done on the way, in words; "" if nothing


class _Format(NamedTuple):
    floating: bool
    channels: int
    rate_hz: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def read_wav(
    data: bytes, *, start_s: float = 0.0, seconds: float | None = None, limit: bool = True
) -> Sound:
    """A sound from the bytes of a WAV file.

    Args:
        data: the file.
        start_s: where to begin, in seconds.
        seconds: how long a piece, at most `MAX_SECONDS`; it ends with the file if that is shorter.
            By default the whole rest, if it is not longer than that.
        limit: refuse what is too large for an upload (`uploads.check_upload`).

    Returns:
        The piece; several channels are mixed to their mean, samples beyond ±1 are scaled by the
        largest of the piece, and the note says so.

    Raises:
        ValueError: too large or too long (before a sample is decoded), no WAV file, a compressed
            or broken one, no sample in the piece, or samples that are not finite.
    """
    if limit:
        check_upload("sound", len(data))
    return _read(io.BytesIO(data), len(data), start_s, seconds)


def read_wav_file(path: str | Path, *, start_s: float = 0.0, seconds: float | None = None) -> Sound:
    """As `read_wav`, from a file on this machine of any size: only the piece is read.

    Raises:
        ValueError: also if it cannot be opened.
    """
    path = Path(path).expanduser()
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size, start_s, seconds)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error


def _read(file: BinaryIO, size: int, start_s: float, seconds: float | None) -> Sound:
    form, begin, length, note = _chunks(file, size)
    frames = length // form.frame_bytes
    total = frames / form.rate_hz
    first, count = _piece(form.rate_hz, frames, start_s, seconds)
    if count * form.channels > MAX_NUMBERS:
        raise ValueError(
            f"the piece must have at most {MAX_NUMBERS:,} samples in all channels, got "
            f"{count * form.channels:,}; choose a shorter one by start_s and seconds"
        )
    file.seek(begin + first * form.frame_bytes)
    samples = _decode(file.read(count * form.frame_bytes), form)
    notes = [note] if note else []
    if form.channels > 1:
        notes.append(f"{form.channels} channels, mixed to one (their mean)")
    bad = np.flatnonzero(~np.isfinite(samples))
    if bad.size:
        at = (first + int(bad[0]) // form.channels) / form.rate_hz
        raise ValueError(f"the samples must be finite, got {samples[bad[0]]} at {at:.3f} s")
    peak = float(np.abs(samples).max())
    if peak > 1.0:
        samples = samples / peak
        notes.append(f"samples reach {peak:.3g}, scaled to 1")
    mono = samples.reshape(-1, form.channels).mean(axis=1)
    return Sound(
        mono.astype(np.float32), form.rate_hz, form.channels, count / form.rate_hz, total,
        first / form.rate_hz, "; ".join(notes),
    )  # fmt: skip


def _chunks(file: BinaryIO, size: int) -> tuple[_Format, int, int, str]:
    """How the samples are written, where they begin, how many bytes there are, and a remark."""
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        kind = next((name for mark, name in _OTHERS.items() if head.startswith(mark)), "")
        got = f"this is {kind}" if kind else "this one does not begin as such"
        raise ValueError(f"the file must be a WAV file, and {got}; {_CURE}")
    form: _Format | None = None
    place = 12
    for _ in range(_MAX_CHUNKS):
        if place + 8 > size:
            break
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        place += 8
        there = min(length, size - place)
        if name == b"fmt ":
            form = _format(file.read(min(there, 40)))
        elif name == b"data":
            if form is None:
                raise ValueError(f"the WAV file has samples before it says how; {_CURE}")
            # A recorder that cannot go back to write the length leaves about the largest.
            open_end = length >= 0x7FFFF000
            there = size - place if open_end else there
            missing = 0 if open_end else length - there
            note = f"the file is cut off, {missing:,} bytes are missing" if missing else ""
            if there < form.frame_bytes:
                raise ValueError("the sound is empty: the WAV file has no sample")
            return form, place, there, note
        place += length + length % 2  # chunks begin at even places
    else:
        raise ValueError(
            f"the WAV file must have at most {_MAX_CHUNKS:,} chunks before its samples; {_CURE}"
        )
    missing_part = "no samples" if form else "nothing on how its samples are written"
    raise ValueError(f"the WAV file is broken: it has {missing_part}; {_CURE}")


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise ValueError(f"the WAV file is broken: its format has {len(chunk)} bytes; {_CURE}")
    tag, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack("<H", chunk[24:26])[0]
    if tag not in (_PCM, _FLOAT):
        coding = _CODINGS.get(tag, f"coding {tag}")
        raise ValueError(f"the samples must be plain numbers, got {coding}; {_CURE}")
    if not 1 <= channels <= MAX_CHANNELS:
        raise ValueError(f"the WAV file must have 1 to {MAX_CHANNELS} channels, got {channels}")
    if not _RATES[0] <= rate <= _RATES[1]:
        raise ValueError(
            f"the sampling rate must be in {_RATES[0]}..{_RATES[1]} Hz, got {rate}; the file is "
            "broken, or not a sound"
        )
    known = (32, 64) if tag == _FLOAT else (8, 16, 24, 32)
    if bits not in known or frame != channels * bits // 8:
        raise ValueError(
            f"the samples must have {', '.join(map(str, known))} bits, got {bits} in "
            f"{frame} bytes for {channels} channels; {_CURE}"
        )
    return _Format(tag == _FLOAT, channels, rate, bits)


def _piece(rate: int, frames: int, start_s: float, seconds: float | None) -> tuple[int, int]:
    """First frame and number of frames; refused here if that is too much to decode."""
    total = frames / rate
    if not 0 <= start_s < total:
        raise ValueError(
            f"start_s must be in 0..{total:.6g} s, the length of the sound, got {start_s:g}"
        )
    first = min(round(start_s * rate), frames - 1)
    if seconds is None:
        seconds = (frames - first) / rate
        if seconds > MAX_SECONDS:
            raise ValueError(
                f"the sound must be at most {MAX_SECONDS:g} s long, got {seconds:,.0f} s; "
                "choose a piece of it by start_s and seconds"
            )
    elif not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be in 0..{MAX_SECONDS:g}, got {seconds:g}")
    return first, max(1, min(round(seconds * rate), frames - first))


def _decode(data: bytes, form: _Format) -> NDArray[np.floating]:
    """All samples of all channels, whole numbers divided by their largest size."""
    if form.floating:
        return np.frombuffer(data, dtype=f"<f{form.bits // 8}")
    if form.bits == 8:  # without sign, silence is 128
        return (np.frombuffer(data, dtype=np.uint8).astype(np.float32) - 128.0) / 128.0
    if form.bits == 24:  # the three bytes into the upper ones of four
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0] / 2.0**31
    return np.frombuffer(data, dtype=f"<i{form.bits // 8}") / 2.0 ** (form.bits - 1)


def resample(sound: Sound, rate_hz: int) -> Sound:
    """The sound at another sampling rate, low-passed below half of the lower one.

    Raises:
        ValueError: a rate outside 100..768,000 Hz.
    """
    if not _RATES[0] <= rate_hz <= _RATES[1]:
        raise ValueError(f"rate_hz must be in {_RATES[0]}..{_RATES[1]}, got {rate_hz}")
    if rate_hz == sound.rate_hz:
        return sound
    from scipy import signal  # a second of loading that most calls do without

    part = np.gcd(rate_hz, sound.rate_hz)
    samples = signal.resample_poly(sound.samples, rate_hz // part, sound.rate_hz // part)
    note, peak = sound.note, float(np.abs(samples).max())
    if peak > 1.0:  # the filter overshoots beside jumps
        samples = samples / peak
        note = "; ".join(filter(None, (note, f"samples reach {peak:.3g}, scaled to 1")))
    return sound._replace(samples=samples.astype(np.float32), rate_hz=rate_hz, note=note)


def as_signal(
    sound: Sound, start_s: float = 0.0, n_samples: int | None = None, *, normalise: bool = False
) -> Samples:
    """A piece of the sound as a signal in 0..1, silence at 0.5: float32 [T].

    Args:
        sound: from `read_wav`.
        start_s: where to begin in `sound`, in seconds.
        n_samples: T; by default to its end.
        normalise: 0.5 + s/(2·max|s|), so that the loudest moment of the piece reaches 0 or 1;
            else 0.5 + s/2. A silent piece is 0.5 in both.

    Raises:
        ValueError: the piece is empty or goes beyond the end.
    """
    first, there = round(start_s * sound.rate_hz), len(sound.samples)
    count = there - first if n_samples is None else n_samples
    if not (0 <= first < there and 1 <= count <= there - first):
        raise ValueError(
            f"the piece must lie within the {sound.seconds:.6g} s ({there:,} samples) of the "
            f"sound, got {count:,} samples from {start_s:g} s"
        )
    piece = sound.samples[first : first + count]
    peak = float(np.abs(piece).max()) if normalise else 1.0
    return (0.5 + 0.5 * piece / (peak or 1.0)).astype(np.float32)
