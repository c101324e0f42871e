"""Each parser against some damaged input, and against all that ever broke it (tests/fuzz)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import targets
from tests.fuzz.__main__ import Tally, TooSlow, corpus, hammer
from tests.fuzz.damage import damaged
from tests.fuzz.targets import TARGETS, Target, check, seeds_of

_FEW = 60  # inputs of each; `python -m tests.fuzz` takes 10,000


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF
@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_takes_input_or_says_what_is_wrong(name: str) -> None:
    assert any(check(name, data) for data in seeds_of(name))  # else only the door would be tried
    for data in corpus(name):
        check(name, data)

    @settings(max_examples=_FEW, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(damaged(name))
    def try_one(data: bytes) -> None:
        check(name, data)

    try_one()


def test_a_fault_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile(data: bytes) -> None:
        if b"\xff" in data:
            raise KeyError("ff")

    monkeypatch.setitem(targets.TARGETS, "fragile", Target(fragile, lambda: [b"abc" * 30]))
    tally = Tally("fragile")
    with pytest.raises(KeyError):
        hammer(tally, 2000)
    assert tally.broke is not None and tally.broke.count(b"\xff") == 1  # a single change is left


def test_a_slow_parser_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.__main__.SLOW_S", -1.0)
    with pytest.raises(TooSlow):
        Tally("address").tries(b"1")
