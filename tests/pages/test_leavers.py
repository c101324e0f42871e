"""Sessions of visitors who have left are let go of without anybody else having to come."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit import runtime
from streamlit.runtime.caching import cache_data_api, cache_resource_api
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from pages.components import leavers


class Session:
    """As a session: in a circle with itself, so only the collector finds it."""

    def __init__(self, name: str) -> None:
        self.id, self.self = name, self


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemorySessionStorage]:
    """The storage of a server whose loop runs in another thread, with a clock that stands still."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    found = MemorySessionStorage(ttl_seconds=120)
    found._cache._timer = lambda: 1000.0  # type: ignore[attr-defined]
    server = SimpleNamespace(
        _session_mgr=SimpleNamespace(_session_storage=found, list_sessions=found.list),
        _get_async_objs=lambda: SimpleNamespace(eventloop=loop),
    )
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    monkeypatch.setattr(leavers, "_thread", None)
    monkeypatch.setattr(leavers, "_stop", stop := threading.Event())
    yield found
    stop.set()
    if leavers._thread is not None:
        leavers._thread.join(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_who_left_long_ago_is_let_go_of_and_who_left_now_is_kept(
    storage: MemorySessionStorage,
) -> None:
    old = Session("old")
    storage.save(SimpleNamespace(session=old))  # type: ignore[arg-type]
    seen = weakref.ref(old)
    del old
    assert leavers.let_go() == 0 and seen() is not None  # may come back yet
    storage._cache._timer = lambda: 1060.0  # type: ignore[attr-defined]
    storage.save(SimpleNamespace(session=Session("now")))  # type: ignore[arg-type]
    storage._cache._timer = lambda: 1121.0  # type: ignore[attr-defined]
    assert leavers.let_go() == 1
    leavers.tidy()
    gc.collect()
    assert seen() is None and [one.session.id for one in storage.list()] == ["now"]


def test_the_watch_goes_on_after_a_fault(
    storage: MemorySessionStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    twice = threading.Event()

    def broken() -> int:
        calls.append(1)
        if len(calls) == 2:
            twice.set()
        raise AttributeError("another release of Streamlit")

    monkeypatch.setattr(leavers, "LOOK_S", 0.01)
    monkeypatch.setattr(leavers, "let_go", broken)
    leavers.begin()
    first = leavers._thread
    leavers.begin()
    assert leavers._thread is first
    assert twice.wait(10)


def test_memory_goes_back_when_results_are_forgotten_though_nobody_left(
    storage: MemorySessionStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = iter([0, 3, 3, 1])
    tidied: list[tuple[int, bool]] = []
    seen: list[int] = []
    ended = threading.Event()

    def results() -> int:
        if (found := next(kept, None)) is None:
            ended.set()
            return seen[-1]
        seen.append(found)
        return found

    monkeypatch.setattr(leavers, "LOOK_S", 0.01)
    monkeypatch.setattr(leavers, "kept_results", results)
    monkeypatch.setattr(leavers, "tidy", lambda empty: tidied.append((seen[-1], empty)))
    leavers.begin()
    assert ended.wait(10)
    assert tidied == [(1, True)]


runs: list[int] = []


@st.cache_data(max_entries=2, ttl=60)
def squared(value: int) -> int:
    runs.append(value)
    return value * value


@st.cache_resource(max_entries=2, ttl=60)
def listed(value: int) -> list[int]:
    return [value]


@pytest.mark.parametrize("empty", [False, True])
def test_locks_of_cached_values_are_forgotten_and_values_with_the_last_visitor(
    empty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others() -> None:
        pytest.fail("this removes the files of every Streamlit application of this user")

    monkeypatch.setattr(st.cache_data, "clear", others)
    squared(3)
    squared(4)
    listed(3)
    data: Any = cache_data_api._data_caches._function_caches[None][squared._function_key]  # type: ignore[attr-defined]
    resource: Any = cache_resource_api._resource_caches._function_caches[None][
        listed._function_key  # type: ignore[attr-defined]
    ]
    assert len(data._value_locks) == 2 and len(resource._value_locks) == 1
    held = next(iter(data._value_locks))
    with data._value_locks[held]:
        leavers.tidy(empty)
        assert list(data._value_locks) == ([] if empty else [held])
    assert list(resource._value_locks) == []
    runs.clear()
    assert squared(3) == 9 and runs == ([3] if empty else [])
    assert listed(3) == [3]
    data.clear()
    resource.clear()


def test_another_streamlit_costs_no_more_than_its_caches(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trimmed: list[int] = []
    monkeypatch.setattr(leavers, "_of_glibc", lambda _: trimmed.append)
    monkeypatch.setattr(cache_data_api, "_data_caches", object())
    leavers._say_once.cache_clear()
    leavers.tidy(True)
    leavers.tidy(True)
    assert trimmed == [0, 0]
    assert [r.getMessage() for r in caplog.records if "caches are left" in r.getMessage()] != []


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ("", [(-8, 1), (-3, 8 << 20)]),
        ("MALLOC_ARENA_MAX", [(-3, 8 << 20)]),
        ("MALLOC_MMAP_THRESHOLD_", [(-8, 1)]),
    ],
)
def test_one_heap_and_nothing_large_in_it_unless_told_otherwise(
    storage: MemorySessionStorage,
    monkeypatch: pytest.MonkeyPatch,
    wish: str,
    asked: list[tuple[int, int]],
) -> None:
    for name in ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    if wish:
        monkeypatch.setenv(wish, "4")
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(leavers, "_of_glibc", lambda _: lambda *values: seen.append(values))
    monkeypatch.setattr(leavers, "LOOK_S", 3600.0)
    leavers.begin()
    leavers.begin()
    assert seen == asked


@pytest.mark.parametrize("others", [0, 1])
def test_what_was_kept_for_visitors_goes_with_the_last_of_them(
    storage: MemorySessionStorage, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    done = threading.Event()
    told: list[bool] = []
    monkeypatch.setattr(leavers, "tidy", lambda empty: (told.append(empty), done.set()))
    monkeypatch.setattr(leavers, "LOOK_S", 0.01)
    storage.save(SimpleNamespace(session=Session("old")))  # type: ignore[arg-type]
    storage._cache._timer = lambda: 1060.0  # type: ignore[attr-defined]
    for _ in range(others):
        storage.save(SimpleNamespace(session=Session("here")))  # type: ignore[arg-type]
    storage._cache._timer = lambda: 1121.0  # type: ignore[attr-defined]
    leavers.begin()
    assert done.wait(10)
    assert told == [not others]
