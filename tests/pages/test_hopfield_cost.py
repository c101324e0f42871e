"""How long a recall takes is known before it, and what is too much is refused."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import numba
import pytest
import torch

from pages.components import hopfield_cost as cost
from pages.components.hopfield_job import is_short
from pages.components.hopfield_params import PageParams, suited
from snncore.recall_lab import RULES, Picture, experiment, load_patterns

CORNERS = [
    {"count": 400, "size": 8, "rule": "modern"},
    {"count": 30, "size": 64, "rule": "spiking"},
    {"count": 400, "size": 8, "rule": "spiking"},
    {"count": 60, "size": 32, "rule": "dam", "update": "async", "steps": 3},
    {"count": 20, "size": 32, "rule": "spiking", "mode": "grey", "kind": "gaussian", "sigma": 0.3},
]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a loaded server burn time that is no work."""
    threads = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    yield
    torch.set_num_threads(threads[0])
    numba.set_num_threads(threads[1])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("values", CORNERS, ids=lambda v: f"{v['rule']}-{v['count']}-{v['size']}")
def test_the_seconds_of_a_recall_are_known_before_it(values: dict[str, object]) -> None:
    ask = dataclasses.replace(suited("digits"), **values).ask()  # type: ignore[arg-type]
    seconds = []
    for _ in range(4):  # the first may compile; what else the process does only adds to the others
        start = time.process_time()
        experiment(ask)
        seconds.append(time.process_time() - start)
    # Of one core; a loaded server needs up to twice as much, a quicker one less.
    assert min(seconds) / 5 < cost.estimate_seconds(ask) < 5 * min(seconds) + 0.05


def test_estimates_grow_with_the_work_and_the_first_page_is_quick() -> None:
    small = PageParams(dataset="icons", count=3, size=16)
    for rule in RULES:
        few = dataclasses.replace(small, rule=rule)
        many = dataclasses.replace(few, count=12, size=128, draws=5)
        assert 0 < cost.estimate_seconds(few.ask()) < cost.estimate_seconds(many.ask())
    assert is_short(PageParams().ask())


@pytest.mark.parametrize(
    "params",
    [
        PageParams(),
        suited("digits"),
        PageParams(dataset="icons", count=24, mode="rgb", size=40, draws=2),
        PageParams(dataset="random", count=7, size=12),
        PageParams(dataset="digits", count=10, offset=1390, size=8),
    ],
    ids=lambda p: p.dataset,
)
def test_sizes_are_those_of_what_is_loaded(params: PageParams) -> None:
    ask = params.ask((Picture(bytes(64), (8, 8), "mine"),) if params.dataset == "digits" else ())
    states = load_patterns(ask).states
    size = cost.size_of(ask)
    assert (size.patterns, size.pixels) == tuple(states.shape)
    assert size.probes == params.draws * len(states)


def test_what_one_run_cannot_hold_is_refused_with_the_cure() -> None:
    ask = PageParams(dataset="digits", count=1000, size=128).ask()
    with pytest.raises(ValueError, match="choose a smaller size, fewer pictures or fewer draws"):
        cost.check_size(ask)
    cost.check_size(PageParams(dataset="digits", count=1000, size=64).ask())


def test_what_would_take_an_hour_is_refused_and_not_begun() -> None:
    slow = dataclasses.replace(suited("random"), count=8000, rule="dam", update="async")
    with pytest.raises(ValueError, match=r"at most 15 minutes, this one would take about \d"):
        cost.check_size(slow.ask())
