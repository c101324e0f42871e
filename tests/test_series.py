"""Signals from text files: the forms that are read, the scale, what is refused with its line."""

import numpy as np
import pytest

from snncore.datasets.series import Series, read_series


@pytest.mark.parametrize(
    "text",
    [
        "1.5\n2\n-3\n",
        "value\n1.5\n2\n-3",
        "0,1.5\n1,2\n2,-3",
        "0;1,5\n1;2,0\n2;-3",
        "0\t1,5\n1\t2\n2\t-3\n",
        "0 1.5\n1 2\n  2   -3",
        "t,v\r\n0,1.5\r\n1,2\r\n2,-3\r\n",
        "# by hand\n% and more\n\n0,1.5\n\n1,2\n# here too\n2,-3",
        '"time","v"\n"0","1.5"\n"1","2"\n"2","-3"',
    ],
)
def test_one_column_or_a_time_and_a_value_in_every_spelling(text):
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        series = read_series(data)
        assert series.values.tolist() == [1.5, 2, -3]
        assert series.values.dtype == np.float32
        untold = text[0] in "0#"  # two columns, but no headings
        assert ("the first is read as time" in series.note) == untold
        assert ("decimal marks" in series.note) == (untold and "0,1.5" in text)


def test_decimal_commas_that_look_like_a_time_are_spoken_of():
    series = read_series(b"1,5\n2,5\n3,5")
    assert series.values.tolist() == [5, 5, 5]
    assert series.note == (
        "two columns without headings: the first is read as time; if its commas are decimal "
        "marks, write points instead"
    )


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\f", ""])
def test_blank_lines_are_no_rows(blank):
    series = read_series(f"{blank}\n1\n{blank}\n2\n{blank}".encode())
    assert series.values.tolist() == [1, 2]
    with pytest.raises(ValueError, match="line 4: the value must be a number, got 'x'"):
        read_series(f"1\n{blank}\n2\nx".encode())


def test_headings_name_the_columns_and_any_of_them_can_be_read():
    data = b"t,a,b\n0,1,4\n1,2,5\n2,3,7"
    first, other = read_series(data), read_series(data, column="b")
    assert (first.name, first.values.tolist()) == ("a", [1, 2, 3])
    assert (other.name, other.values.tolist()) == ("b", [4, 5, 7])
    assert first.columns == ("t", "a", "b")
    assert first.note == "column 'a' is read, not 'b'"
    assert read_series(data, column="t").values.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="column must be one of 't', 'a', 'b'; got 'q'"):
        read_series(data, column="q")
    assert read_series(b"1\n2", "file.csv").name == "file.csv"
    assert read_series(b"my own name\n1\n2").name == "my own name"


@pytest.mark.parametrize(
    ("heading", "rate"),
    [("time_s", 4.0), ("t [ms]", 4000.0), ("Time (us)", 4e6), ("t", None), ("time_h", None)],
)
def test_the_rate_is_known_where_the_time_names_its_unit(heading, rate):
    series = read_series(f"{heading},v\n0,1\n0.25,2\n0.5,3".encode())
    assert series.rate_hz == (None if rate is None else pytest.approx(rate))


def test_uneven_times_are_read_in_straight_lines_and_said_so():
    series = read_series(b"t_s,v\n0,0\n1,10\n4,40\n9,90")
    np.testing.assert_allclose(series.values, [0, 30, 60, 90], rtol=1e-6)
    assert series.note.startswith("uneven times")
    assert series.rate_hz == pytest.approx(1 / 3)
    rounded = read_series(b"t,v\n0,1\n0.333,5\n0.667,1\n1,5")
    assert rounded.values.tolist() == [1, 5, 1, 5]


def test_the_scale_goes_into_the_unit_range_and_back():
    series = read_series(b"-5\n0\n15\n10")
    assert (series.minimum, series.maximum) == (-5, 15)
    assert series.unit_values().tolist() == [0, 0.25, 1, 0.75]
    assert series.unit_values(1, 2).tolist() == [0.25, 1]  # the scale is that of the whole
    np.testing.assert_allclose(series.from_unit(series.unit_values()), [-5, 0, 15, 10])
    for start, count in ((4, 1), (0, 5), (0, 0), (-1, 2)):
        with pytest.raises(ValueError, match="the piece must lie within the 4 samples"):
            series.unit_values(start, count)


def test_a_constant_series_is_half_and_comes_back():
    series = read_series(b"7\n7\n7")
    assert series.unit_values().tolist() == [0.5, 0.5, 0.5]
    assert series.from_unit(series.unit_values()).tolist() == [7, 7, 7]


@pytest.mark.parametrize("seed", range(3))
def test_any_numbers_lie_in_the_unit_range(seed):
    draw = np.random.default_rng(seed)
    values = (draw.normal(size=500) * 10.0 ** draw.integers(-9, 12)).astype(np.float32)
    unit = Series(values, "", (), None, "").unit_values()
    assert unit.min() == 0 and unit.max() == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the csv file is empty"),
        (b" \n\n ", "the file is empty; it must have rows of numbers"),
        (b"# only\n# words", "comments only"),
        (b"3.5", "has one row of numbers"),
        (b"v\n3.5", "has one row of numbers"),
        (b"v", "line 1 is 'v' and no row of numbers follows"),
        (b"hello\nworld\n1", "line 2: the value must be a number, got 'world'"),
        (b"a\n1\n2\nx\n3", "line 4: the value must be a number, got 'x'"),
        (b"# c\n1\n\n2\nnan", r"line 5: the value must be within ±1e\+15, got an empty value"),
        (b"1\n-inf", "line 2: the value must be within .*got -inf"),
        (b"1\n2\n1e300", r"line 3: .*got 1e\+300"),
        (b"0,1\n1,\n2,3", "line 2: the value is missing; fill it in"),
        (b"0;1\n;2", "line 2: the time is missing"),
        (b"0,1\n1,2\n0.5,3", "line 3: the time must rise, got 0.5 after 1"),
        (b"0,5\n0,7\n0,9", "line 2: the time must rise, got 0 after 0.*decimal marks"),
        (b"1\n2\n1_0", "line 3: the value must be a number, got '1_0'"),
        (b"1_0\n2\n3", "line 1: the value must be a number, got '1_0'"),
        ("1\n١\n3".encode(), "line 2: the value must be a number, got '١'"),
        (b'1\n""\n2', "line 2: the value must be within .* got an empty value"),
        (b"1\n2,5", "line 2: the row must have 1 cells as the first one, got 2"),
        (b"0 1\n1 2 3", "line 2: the row must have 2 cells as the first one, got 3"),
        (b"1,2,3\n4,5,6", "without headings must have one column or two .*got 3"),
        (b"a,b\n1,2,3", "the header has 2 columns and the row below it 3"),
        (b"\x89PNG\r\n\0\0", "must be text, and this one is not"),
        (b"1\n" * 1_000_001, "at most 1,000,000 lines, got 1,000,001"),
        (b"1.23456789\n" * 1_000_000, "csv uploads must be <= 10 MB, got 11.0 MB"),
    ],
)
def test_what_is_no_signal_is_refused_with_its_line(data, message):
    with pytest.raises(ValueError, match=message):
        read_series(data)


def test_own_files_may_be_larger_than_uploads():
    assert len(read_series(b"1.23456789\n" * 1_000_000, limit=False).values) == 1_000_000


@pytest.mark.parametrize("before", ["1.5\n" * 25_000, "1\n" + "\n" * 24_999, "1,5\n" * 25_000])
def test_a_bad_row_far_down_is_found_with_its_line(before):
    bad = "x,1\n2,1\n" if "," in before else "x\n2\n"
    with pytest.raises(ValueError, match=r"line 25001: the (value|time) must be a number, got 'x'"):
        read_series(f"{before}{bad}".encode())
