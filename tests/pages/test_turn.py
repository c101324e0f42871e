"""Runs in a line: in the order of arrival, never more than there are places, nobody stuck."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pages.components.turn import Line


def queue_up(line: Line, work: Callable[[int], None], n: int) -> list[threading.Thread]:
    """`n` threads that come one after the other."""

    def run(k: int) -> None:
        place = line.enter()
        try:
            work(k)
        finally:
            line.leave(place)

    threads = []
    for k in range(n):
        threads.append(threading.Thread(target=run, args=(k,)))
        threads[-1].start()
        while len(line._waiting) + len(line._since) <= k and threads[-1].is_alive():
            time.sleep(0.001)
    return threads


@pytest.mark.parametrize("places", [1, 2])
def test_who_comes_first_is_served_first_and_places_are_not_exceeded(places: int) -> None:
    line, order, now, most = Line(places, hold_s=60), [], [0], [0]  # type: ignore[var-annotated]
    go, lock = threading.Event(), threading.Lock()

    def work(k: int) -> None:
        with lock:
            order.append(k)
            now[0] += 1
            most[0] = max(most[0], now[0])
        go.wait(10)
        time.sleep(0.002)
        with lock:
            now[0] -= 1

    threads = queue_up(line, work, 12)
    go.set()
    for thread in threads:
        thread.join(10)
    assert most[0] == places and sorted(order) == list(range(12))
    assert all(abs(place - k) < places for place, k in enumerate(order))


def test_a_long_run_keeps_nobody_waiting() -> None:
    line, done = Line(1, hold_s=0.05), threading.Event()
    slow = line.enter()
    began = time.monotonic()
    (second,) = queue_up(line, lambda _: done.set(), 1)
    assert done.wait(5) and time.monotonic() - began > 0.03
    line.leave(slow)
    second.join(5)
    assert not line._since and not line._waiting


def test_who_gives_up_leaves_the_line_and_the_next_one_goes_ahead() -> None:
    line = Line(1, hold_s=60)
    first = line.enter()
    gone: list[str] = []

    def give_way() -> None:
        raise KeyboardInterrupt

    def impatient() -> None:
        try:
            line.enter(give_way)
        except KeyboardInterrupt:
            gone.append("gone")

    tired = threading.Thread(target=impatient)
    tired.start()
    while not line._waiting:
        time.sleep(0.001)
    done = threading.Event()
    (patient,) = queue_up(line, lambda _: done.set(), 1)
    tired.join(5)
    assert gone and not done.is_set()
    line.leave(first)
    assert done.wait(5)
    patient.join(5)
    assert not line._since and not line._waiting


def test_an_exception_gives_the_place_back() -> None:
    line = Line(1, hold_s=60)
    with pytest.raises(ValueError, match="no"):
        place = line.enter()
        try:
            raise ValueError("no")
        finally:
            line.leave(place)
    line.leave(line.enter())
