"""The user's own points: what is understood, and what is refused with its line."""

from __future__ import annotations

import csv
import io
import time

import numpy as np
import pytest

from snncore.classifier import read_points

ROWS = "1,2,a\n3,4,b\n5,-6,a\n7,8.5,b\n"


def test_rows_become_points_in_the_square_with_their_classes() -> None:
    points = read_points(ROWS.encode())
    assert points.names == ("a", "b") and points.labels.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(
        points.bounds.to_data(points.points), [[1, 2], [3, 4], [5, -6], [7, 8.5]], atol=1e-5
    )
    assert points.points.dtype == np.float32
    np.testing.assert_allclose(points.points.min(axis=0), 0.05, atol=1e-6)
    np.testing.assert_allclose(points.points.max(axis=0), 0.95, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "x,y,label\n" + ROWS,
        "# measured\n\nx,y,label\n" + ROWS,
        "label,x,y\na,1,2\nb,3,4\na,5,-6\nb,7,8.5\n",
        "y;x;class\n2;1;a\n4;3;b\n-6;5;a\n8,5;7;b\n",  # decimal comma
        ROWS.replace(",", "\t"),
        ROWS.replace("\n", "\r\n"),
        '"x","y","class"\n' + ROWS.replace("a", '"a"'),
        "x,y,label,note\n1,2,a,k\n3,4,b,\n5,-6,a,\n7,8.5,b,\n",
        "\ufeff" + ROWS,
    ],
)
def test_usual_forms_are_understood(text: str) -> None:
    expected, points = read_points(ROWS.encode()), read_points(text.encode())
    assert points.names == expected.names and np.array_equal(points.labels, expected.labels)
    assert np.array_equal(points.points, expected.points)


def test_numbers_as_classes_are_in_their_order() -> None:
    points = read_points(b"0,0,10\n1,1,2\n2,0,10.0\n0,3,2.0\n5,5,-1\n6,6,-1")
    assert points.names == ("-1", "2", "10") and points.labels.tolist() == [2, 1, 2, 1, 0, 0]


@pytest.mark.parametrize(
    "names",
    [
        ("5", "1234567", "1234568"),
        ("0.1", "0.12345678", "0.12345679"),
        ("12345678901234567890", "12345678901234567891"),  # no float64 tells them apart
        ("1e+400", "1e+401"),  # nor holds these
        ("red, dark", "red, light"),
        ('a "big" one', "a small; one"),
        ("iris of the northern area A", "iris of the northern area B"),
        ("1_0", "10_"),
        ("nan", "word"),
    ],
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_different_classes_stay_different(names: tuple[str, ...], mark: str) -> None:
    file = io.StringIO()
    rows = csv.writer(file, delimiter=mark)
    for k in range(4 * len(names)):
        rows.writerow([k, k * k, names[k % len(names)]])
    points = read_points(file.getvalue().encode())
    assert len(points.names) == len(names)
    found = [points.names[label].lower() for label in points.labels]
    assert found == [names[k % len(names)].lower() for k in range(4 * len(names))]


def test_one_number_in_several_spellings_is_one_class() -> None:
    words = ["1", "1.0", "1e0", "+1", "-0.0", "0", "0.00", "0e5"]
    text = "\n".join(f"{k},{k * k},{word}" for k, word in enumerate(words))
    points = read_points(text.encode())
    assert points.names == ("0", "1") and points.labels.tolist() == [1] * 4 + [0] * 4


def test_a_table_as_the_page_exports_it_is_read_again() -> None:
    names = ("red, dark", "red, light")
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["x", "y", "class", "part", "decision", "confidence", "spikes 1", "spikes 2"])
    for k in range(8):
        rows.writerow([k, k * k, names[k % 2], "test", names[0], 0.5, 3, 4])
    points = read_points(file.getvalue().encode())
    assert points.names == names and points.labels.tolist() == [0, 1] * 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1," * 2_500_000, "line 1: a line must have at most 10,000 characters"),
        ("1,2,a" + ",7" * 200, "line 1: a row must have at most 200 cells, got 203"),
        ("x,y,label\n" + "1,2,a\n" * 800_000, "got 800,002 lines"),
        ("\n" * 5_000_000, "got 5,000,001 lines"),
        ("#\n" * 2_500_000, "got 2,500,001 lines"),
        ("\n".join(f"{k},{k % 7},c{k}" for k in range(49_000)), "got 7 up to line 7 "),
        ("1,2,a\n3,4," + "b" * 5000, "line 2: a class must have at most 100 characters"),
    ],
)
def test_limits_are_found_before_the_work(text: str, words: str) -> None:
    data = text.encode()
    start = time.process_time()
    with pytest.raises(ValueError, match=words):
        read_points(data)
    assert time.process_time() - start < 0.25  # measured 0.02; it took up to 5 s


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("# only this\n", "the file is empty"),
        ("x,y,label\n", "header only"),
        ("1,2\n3,4\n", "line 1: a row must have three cells"),
        ("1,2,a\n3,b\n", "line 2: a row must have x, y and a class"),
        ("1,2,a\n3,four,b\n", "line 2: y must be a number, got 'four'"),
        ("1,2,a\n,4,b\n", "line 2: x must be a number, got nothing"),
        ("1,2,a\n3,nan,b\n", "line 2: y must be finite"),
        ("1,2,a\n1e300,4,b\n", "line 2: x must be finite and within"),
        ("1,2,a\n3,4,\n", "line 2: the class is missing"),
        ('1,2,a\n3,4,"b\n', "line 2: a quoted cell must end in its line"),
        ("1,2,a\n1_0,4,b\n", "line 2: x must be a number, got '1_0'"),
        ("x,y,label\n1,2,a\n\n3,oops,b\n", "line 4: y must be a number"),
        ("1,2,a\n3,4,a\n", "2 to 6 classes, got 1"),
        ("\n".join(f"{k},{k},c{k % 7}" for k in range(14)), "2 to 6 classes, got 7"),
        ("1,2,a\n3,4,a\n5,6,b\n", "got one of 'b'"),
        ("1,2,a\n1,4,a\n1,6,b\n1,7,b\n", "x must vary, got 1 in all rows"),
        ("1,2,a\n3,2,a\n4,2,b\n5,2,b\n", "y must vary, got 2 in all rows"),
        ("1,2,a", "y must vary|x must vary"),
        ("1,2,a\n" * 50_001, "at most 50,000 points, got 50,001"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_points(text.encode())


def test_files_that_are_no_text_are_refused() -> None:
    for data, words in (
        (b"\x89PNG\0\0", "must be text"),
        (b"\xff\xfe\x00", "damaged"),
        (b"1,2,a\n" * 2_000_000, "at most 8 MB"),
    ):
        with pytest.raises(ValueError, match=words):
            read_points(data)
