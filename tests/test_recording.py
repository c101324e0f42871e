"""A current from a file: what is understood, and what is refused, with its line and a cure."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from snncore.stimuli import Recording, StimulusParams, drive, step_times
from snncore.stimuli.csv_file import read_csv


def recording(text: str, **units: str) -> Recording:
    return Recording.from_csv(text.encode(), "mine.csv", **units)


PLAIN = recording("0,1\n0.5,-2\n1.5,3\n")


@pytest.mark.parametrize(
    "text",
    [
        "0;1\n0.5;-2\n1.5;3",
        "0\t1\n0.5\t-2\n1.5\t3\n",
        "0;1\n0,5;-2,0\n1,5;3",  # decimal commas
        "0\t1\n0,5\t-2\n1,5\t3",
        "\ufeff0,1\r\n0.5,-2\r\n1.5,3\r\n",  # a byte order mark and Windows lines
        "0,1\r0.5,-2\r1.5,3\r",
        "t,I\n0,1\n0.5,-2\n1.5,3",
        "time_ms,current_nA\n0,1\n0.5,-2\n1.5,3",
        "time_s,current_pA\n0,1000\n0.0005,-2000\n0.0015,3e3",
        "t [ms]; I [pA]\n0; 1000\n0,5; -2000\n1,5; 3000",
        "t (µs)\tI (μA)\n0\t0.001\n500\t-0.002\n1500\t0.003",
        "# made by hand\n\n0, 1\n# the middle\n0.5, -2\n\n1.5, 3\n\n\n",
        "# time_s,current_pA\n0,1000\n5e-4,-2e3\n1.5e-3,3e3",  # numpy's savetxt
        "0,1,\n0.5,-2,\n1.5,3,",  # an empty column at the end
        '"time_ms","current_nA"\n"0","1"\n"0.5","-2"\n"1.5","3"',
        "trial,time_ms,note,current_nA\n1,0,9,1\n1,0.5,9,-2\n1,1.5,9,3",
        "x,t\n1,0\n-2,0.5\n3,1.5",
        "time_ms,V [mV],current_nA\n0,-70,1\n0.5,-70,-2\n1.5,-70,3",
        "current_nA,time_ms\n1,0\n-2,0.5\n3,1.5",
    ],
)
def test_the_same_current_is_understood_in_every_dialect(text: str) -> None:
    read = recording(text)
    np.testing.assert_allclose(read.t, [0, 0.5, 1.5], rtol=1e-15)
    np.testing.assert_allclose(read.current, [1, -2, 3], rtol=1e-15)


def test_a_file_in_sixteen_bits_and_one_with_a_latin_micro_are_understood() -> None:
    wide = Recording.from_csv("0;1\n0,5;-2\n1,5;3".encode("utf-16"), "excel.txt")
    assert wide == PLAIN
    latin = Recording.from_csv("t [µs],I [nA]\n0,1\n500,-2\n1500,3".encode("latin-1"), "old.csv")
    assert latin == PLAIN


def test_units_come_from_the_caller_unless_the_header_names_them() -> None:
    rows = "0,100\n0.01,200\n"
    given = recording(rows, time_unit="s", current_unit="pA")
    assert given.t.tolist() == [0, 10] and given.current.tolist() == [0.1, 0.2]
    headed = recording("t [ms],I\n" + rows, time_unit="s", current_unit="pA")
    assert headed.t.tolist() == [0, 0.01] and headed.current.tolist() == [0.1, 0.2]
    assert headed.units == "ms, pA"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("# nothing\n# at all", "the file has comments only"),
        ("time_ms,current_nA", "line 1 is 'time_ms,current_nA' and no row of numbers follows"),
        ("0,1", "the file has one row of numbers; it must have at least two"),
        ("1\n2\n3", r"the file has one column \('1'\); it must have time and current"),
        ("0 1\n1 2", "the file has one column"),
        ("0,1,2\n1,2,3", "must have two columns, got 3; name them in a first line"),
        ("0,0,1,5\n0,1,2,5", "must have two columns, got 4; .*commas are decimal marks"),
        ("0,1\n0,5,2\n1,5", "line 2: the row must have 2 cells as the first one, got 3"),
        ("t,I\n0,0,1,5", "the header has 2 columns and the row below it 4"),
        ("a,b,c\n1,2,3", "the header must name a time and a current, got 'a,b,c'"),
        ("t [ms],V [mV]\n0,1\n1,2", "the unit of the column 'V .mV.' must be one of A, mA, µA"),
        ("t [min],I\n0,1\n1,2", "the unit of the column 't .min.' must be one of s, ms, µs"),
        ("t,I\n0,1\n1,\n2,3", "line 3: the current is missing; fill it in, or delete the row"),
        ("0,1\n,2\n2,3", "line 2: the time is missing"),
        ("0,1\n1\n2,3", "line 2: the current is missing"),
        ("# c\n\n0,1\n1,NaN\n2,3", r"line 4: the current must be finite, got an empty .*NaN"),
        ("0,1\n1,inf\n2,3", "line 2: the current must be finite, got inf; correct it"),
        ("0,1\n-1e999,1\n2,3", "line 2: the time must be finite, got -inf"),
        ("0,1\n1,high\n2,3", "line 2: the current must be a number, got 'high'"),
        ("0;1\n1.000,5;2\n2;3", "line 2: the time must be a number, got '1.000,5'"),
        ("0,1\n=cmd()|'x'!A1,1\n", "line 2: the time must be a number"),
        ("0,1\n2,1\n# c\n1,1\n3,1", "line 4: the time must rise, got 1 after 2; sort the rows"),
        ("0,1\n1,1\n1,2\n3,1", "line 3: the time 1 occurs twice; keep one of the rows"),
        ("0,1500\n1,2000", "the current reaches 2000 nA when read in nA, .*current_pA"),
        ("t_ms,I_A\n0,1\n1,2", r"the current reaches 2e\+09 nA when read in A"),
        ("0,1e-9\n1,2e-9", "never exceeds 2e-09 nA when read in nA.*for example A"),
        ("0,1\n0.0001,1\n0.0002,2", "the rows are 0.0001 ms apart when .* in ms; .*time_s"),
        ("0,1\n1e308,2\n1.7e308,2", r"line 2: the time must be within ±1e\+15, got 1e\+308"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_line_and_cure(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recording(text)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\0\0", b"\xff\xfea"]
)
def test_a_file_that_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="the file must be text"):
        Recording.from_csv(data, "x.csv")


def test_tiny_numbers_are_believed_when_the_file_names_their_unit() -> None:
    assert recording("t [ms],I [pA]\n0,0.01\n1,0.02").current.tolist() == [1e-5, 2e-5]
    assert recording("t [µs],I [nA]\n0,1\n0.5,2").t.tolist() == [0, 0.0005]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"time_unit": "min"}, "time_unit must be one of s, ms, µs, got 'min'"),
        ({"current_unit": "mV"}, "current_unit must be one of A, mA, µA, nA, pA, got 'mV'"),
    ],
)
def test_unknown_units_are_refused(units: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recording("0,1\n1,2", **units)


def test_ten_million_rows_are_refused_at_once_and_in_little_memory() -> None:
    for data, message in (
        (b"0.1,2\n" * 10_000_000, "at most 32 MB, got 60 MB; keep every tenth row"),
        (b"1,2\n" * 2_000_000, "at most 1,000,000 lines, got 2,000,000; keep every tenth row"),
    ):
        tracemalloc.start()
        begin = time.perf_counter()
        with pytest.raises(ValueError, match=message):
            Recording.from_csv(data, "big.csv")
        seconds, peak = time.perf_counter() - begin, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seconds < 2 and peak < 100e6


def test_what_is_written_is_read_back_to_the_last_digit() -> None:
    random = np.random.default_rng(4)
    for _ in range(30):
        size = int(random.integers(2, 60))
        t = np.cumsum(random.uniform(0.01, 3, size)) - 5
        current = random.normal(0, 2, size)
        rows = [f"{a!r};{b!r}" for a, b in zip(t.tolist(), current.tolist(), strict=True)]
        comma = "\n".join(rows).replace(".", ",")
        for text in ("\n".join(rows), comma, "t;I\n" + comma):
            read = recording(text)
            assert np.array_equal(read.t, t) and np.array_equal(read.current, current)


def test_any_bytes_are_read_or_refused_with_a_sentence() -> None:
    random = np.random.default_rng(9)
    letters = np.frombuffer(b'0123456789.,;\t\n\r-+eE#nanif "_\xb5\xff', dtype=np.uint8)
    for _ in range(3000):
        data = random.choice(letters, int(random.integers(0, 40))).tobytes()
        try:
            table = read_csv(data)
        except ValueError as error:
            assert len(str(error)) > 15
        else:
            assert np.isfinite(table.t).all() and (np.diff(table.t) > 0).all()
            assert np.isfinite(table.current).all() and table.t.shape == table.current.shape


def test_a_value_holds_until_the_next_row_and_nothing_is_outside() -> None:
    assert PLAIN.end == 2.5
    at = PLAIN.at(np.array([-0.1, 0.0, 0.49, 0.5, 1.49, 1.5, 2.49, 2.5, 9.0]))
    assert at.tolist() == [0, 1, 1, -2, -2, 3, 3, 0, 0]


def test_rows_on_the_grid_are_the_current_of_the_steps() -> None:
    values = np.random.default_rng(1).normal(0, 1, 50)
    mine = Recording("x", np.arange(50) * 0.1, values)
    stimulus = StimulusParams(current=0.5, csv_gain=-2)
    np.testing.assert_allclose(stimulus.waveform(50, 0.1, mine), 0.5 - 2 * values, rtol=1e-15)
    np.testing.assert_allclose(
        drive(stimulus, None, 60, 0.1, recording=mine)[:, 0, 0].numpy(),
        0.5 - 2 * np.append(values, np.zeros(10)),
        rtol=1e-15,
    )
    finer = mine.at(step_times(500, 0.01))
    assert np.array_equal(finer, np.repeat(values, 10))


def test_recordings_are_equal_by_their_numbers_and_cannot_be_changed() -> None:
    same = Recording("other name", np.array([0, 0.5, 1.5]), np.array([1.0, -2, 3]))
    assert same == PLAIN and hash(same) == hash(PLAIN) and same.digest == PLAIN.digest
    assert Recording("x", same.t, same.current + 1e-12) != same
    assert PLAIN != "PLAIN"
    with pytest.raises(ValueError, match="read-only"):
        same.t[0] = 3
    assert PLAIN.summary == "mine.csv: 3 rows, 0 to 2.5 ms, -2 to 3 nA (read as ms, nA)"


def test_arrays_of_the_caller_stay_their_own() -> None:
    t, current = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    mine = Recording("x", t, current)
    t[0], current[0] = -9, 9
    assert mine.t[0] == 0 and mine.current[0] == 1


@pytest.mark.parametrize(
    ("t", "current", "message"),
    [
        ([0.0], [1.0], "at least two rows"),
        ([0.0, 1.0], [1.0], "at least two rows"),
        ([0.0, np.nan], [1.0, 2.0], "must be finite and within"),
        ([0.0, 0.0], [1.0, 2.0], "t must rise from row to row"),
    ],
)
def test_impossible_arrays_are_refused(t: list[float], current: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recording("x", np.array(t), np.array(current))
