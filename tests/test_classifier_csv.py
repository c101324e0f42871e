"""The user's own points: what is understood, and what is refused with its line."""

from __future__ import annotations

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
