"""WAV files: every way to write samples (against Python's and scipy's writers), and broken ones."""

import io
import struct
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from snncore.datasets import sound
from snncore.datasets.sound import as_signal, read_wav, read_wav_file, resample

RATE = 16_000
TONE = 0.7 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


def by_scipy(samples: np.ndarray, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


def by_wave(samples: np.ndarray, width: int, channels: int = 1, rate: int = RATE) -> bytes:
    """Whole numbers of `width` bytes by Python's own writer."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        whole = np.round(samples.reshape(-1) * (2 ** (8 * width - 1) - 1)).astype(int)
        signed = width > 1
        whole = whole if signed else whole + 128
        out.writeframes(b"".join(int(x).to_bytes(width, "little", signed=signed) for x in whole))
    return file.getvalue()


def by_hand(
    data: bytes = b"\0\0" * 100, *, tag=1, channels=1, rate=RATE, bits=16, frame=None,
    extra=b"", size=None,
) -> bytes:  # fmt: skip
    """A file with exactly these fields."""
    frame = channels * bits // 8 if frame is None else frame
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_whole_numbers_of_all_widths_come_back(width):
    got = read_wav(by_wave(TONE, width))
    # half a level of rounding, and 2ⁿ⁻¹ against the 2ⁿ⁻¹ − 1 of the writer; float32 for the widest
    assert np.abs(got.samples - TONE).max() <= 1.5 / 2 ** (8 * width - 1) + 1e-7
    assert (got.rate_hz, got.channels, got.seconds, got.note) == (RATE, 1, 1.0, "")
    assert got.samples.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_point_comes_back(dtype):
    np.testing.assert_array_equal(
        read_wav(by_scipy(TONE.astype(dtype))).samples, TONE.astype(np.float32)
    )


def test_extensible_files_and_odd_chunks_are_read():
    guid = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    extra = struct.pack("<HHI", 22, 16, 4) + guid
    data = by_hand(np.arange(-50, 50).astype("<i2").tobytes(), tag=0xFFFE, extra=extra)
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    got = read_wav(data[:12] + odd + data[12:])
    np.testing.assert_array_equal(got.samples, np.arange(-50, 50, dtype=np.float32) / 2**15)


def test_stereo_is_mixed_to_its_mean_and_said_so():
    both = np.stack([TONE, np.full(RATE, 0.5)], axis=1).astype(np.float32)
    got = read_wav(by_scipy(both))
    np.testing.assert_allclose(got.samples, (TONE + 0.5) / 2, atol=1e-7)
    assert got.channels == 2
    assert "2 channels, mixed to one" in got.note


def test_samples_beyond_one_are_scaled_and_said_so():
    got = read_wav(by_scipy((2 * TONE / 0.7).astype(np.float32)))
    np.testing.assert_allclose(got.samples, TONE / 0.7, atol=1e-6)
    assert got.note == "samples reach 2, scaled to 1"


def test_a_piece_is_read_and_clipped_at_the_end():
    data = by_wave(TONE, 2)
    whole = read_wav(data).samples
    got = read_wav(data, start_s=0.25, seconds=0.5)
    np.testing.assert_array_equal(got.samples, whole[4000:12000])
    assert (got.start_s, got.seconds, got.file_seconds) == (0.25, 0.5, 1.0)
    assert len(read_wav(data, start_s=0.75, seconds=9.0).samples) == 4000


def test_an_hour_is_refused_by_its_head_and_a_piece_of_it_is_read(tmp_path, monkeypatch):
    hour = by_hand(bytes(3600 * 1000), bits=8, rate=1000)
    with monkeypatch.context() as patch:
        patch.setattr(sound, "_decode", lambda *_: pytest.fail("decoded"))
        with pytest.raises(ValueError, match=r"at most 120 s long, got 3,600 s; choose a piece"):
            read_wav(hour)
        with pytest.raises(ValueError, match=r"seconds must be in 0\.\.120, got 600"):
            read_wav(hour, seconds=600)
    assert read_wav(hour, start_s=3599.5, seconds=10).seconds == 0.5
    path = tmp_path / "hour.wav"
    path.write_bytes(hour)
    assert len(read_wav_file(path, start_s=10, seconds=2).samples) == 2000
    with pytest.raises(ValueError, match="at most 120 s long"):
        read_wav_file(path)


def test_uploads_are_limited_and_own_files_are_not():
    large = by_hand(bytes(11_000_000), rate=96_000)
    with pytest.raises(ValueError, match=r"sound uploads must be <= 10 MB, got 11\.1 MB"):
        read_wav(large)
    assert read_wav(large, limit=False).rate_hz == 96_000
    with pytest.raises(ValueError, match="the sound file is empty"):
        read_wav(b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello, this is text\n" * 9, "must be a WAV file, and this one does not begin as such"),
        (b"ID3\x04" + bytes(90), "this is an MP3 file; export it as WAV"),
        (b"OggS" + bytes(90), "an Ogg file"),
        (b"RIFF\x04\0\0\0WAVE", "broken: it has nothing on how"),
        (by_hand()[:36], "broken: it has no samples"),
        (by_hand()[:12] + bytes(9_000_000), "at most 1,000 chunks before its samples"),
        (by_hand()[:12] + bytes(8 * 990), "broken: it has nothing on how"),
        (by_hand(b""), "the sound is empty"),
        (by_hand(tag=7), "plain numbers, got µ-law"),
        (by_hand(tag=999), "plain numbers, got coding 999"),
        (by_hand(rate=0), r"sampling rate must be in 100\.\.768000 Hz, got 0"),
        (by_hand(rate=2**30), "sampling rate must be"),
        (by_hand(channels=0, frame=2), "1 to 64 channels, got 0"),
        (by_hand(bits=12, frame=2), "must have 8, 16, 24, 32 bits, got 12"),
        (by_hand(tag=3, bits=16), "must have 32, 64 bits, got 16"),
        (by_hand(frame=3), "got 16 in 3 bytes for 1 channels"),
        (by_hand(struct.pack("<3f", 0, np.nan, 0), tag=3, bits=32), "finite, got nan at 0.000 s"),
        (by_hand(struct.pack("<3f", 0, np.inf, 0), tag=3, bits=32), "finite, got inf"),
    ],
)
def test_what_is_no_sound_is_refused_in_words(data, message):
    with pytest.raises(ValueError, match=message):
        read_wav(data)


def test_samples_before_their_format_are_refused():
    data = by_hand()
    with pytest.raises(ValueError, match="has samples before it says how"):
        read_wav(data[:12] + data[36:] + data[12:36])


def test_a_cut_file_is_read_as_far_as_it_goes_and_an_open_length_to_the_end():
    data = by_wave(TONE, 2)
    got = read_wav(data[:-1001])
    assert len(got.samples) == RATE - 501
    assert got.note == "the file is cut off, 1,001 bytes are missing"
    streamed = by_hand(b"\0\1" * 50, size=0xFFFFFFFF)  # a recorder that could not go back
    assert (len(read_wav(streamed).samples), read_wav(streamed).note) == (50, "")


def test_no_broken_file_ends_in_anything_but_words():
    data, draw = by_wave(TONE[:200], 3), np.random.default_rng(0)
    for _ in range(3000):
        bent = bytearray(data)
        for _ in range(draw.integers(1, 5)):
            bent[draw.integers(0, 60)] = draw.integers(0, 256)
        try:
            got = read_wav(bytes(bent[: draw.integers(1, len(bent))]))
        except ValueError as error:
            assert len(str(error)) > 20
        else:
            assert len(got.samples) >= 1 and np.abs(got.samples).max() <= 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start_s": 1.0}, r"start_s must be in 0\.\.1 s"),
        ({"start_s": -0.1}, "start_s must be in"),
        ({"start_s": float("nan")}, "start_s must be in"),
        ({"seconds": 0.0}, "seconds must be in"),
        ({"seconds": float("nan")}, "seconds must be in"),
    ],
)
def test_pieces_outside_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        read_wav(by_wave(TONE, 2), **given)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read .*none\.wav: No such file"):
        read_wav_file(tmp_path / "none.wav")


def test_signals_lie_in_the_unit_range_with_silence_in_the_middle():
    got = read_wav(by_scipy(TONE.astype(np.float32)))
    signal = as_signal(got, 0.5, 100)
    np.testing.assert_allclose(signal, 0.5 + TONE[8000:8100] / 2, atol=1e-6)
    loud = as_signal(got, normalise=True)
    assert np.abs(loud - 0.5).max() == pytest.approx(0.5, abs=1e-6)
    silence = read_wav(by_hand())
    np.testing.assert_array_equal(as_signal(silence, normalise=True), np.full(100, 0.5))
    for start, count in ((0.0, 16_001), (1.0, None), (0.5, 0), (-0.1, 5)):
        with pytest.raises(ValueError, match="the piece must lie within the 1 s"):
            as_signal(got, start, count)


def test_resampling_keeps_what_fits_and_drops_the_rest():
    high = 0.3 * np.sin(2 * np.pi * 6000 * np.arange(RATE) / RATE)
    got = resample(read_wav(by_scipy((0.5 * TONE + high).astype(np.float32))), 8000)
    assert (got.rate_hz, len(got.samples)) == (8000, 8000)
    inner = slice(200, -200)  # the filter rings at both ends
    expected = 0.35 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.abs(got.samples - expected)[inner].max() < 0.003
    assert resample(got, 8000) is got
    with pytest.raises(ValueError, match="rate_hz must be in"):
        resample(got, 10)


def test_an_overshoot_of_resampling_is_scaled_and_said():
    square = np.sign(TONE).astype(np.float32)
    got = resample(read_wav(by_scipy(square)), 44_100)
    assert np.abs(got.samples).max() == pytest.approx(1.0)
    assert "scaled to 1" in got.note
