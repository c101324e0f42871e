"""Fixtures of the page tests: kernels are compiled before the clock of any page runs."""

from __future__ import annotations

import pytest

from snncore.hopfield import PatternParams
from snncore.recall_lab import Ask, RecallParams, experiment, is_compiled


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(request: pytest.FixtureRequest) -> None:
    """A page run may take 60 s; on a fresh machine, loaded, compiling alone took most of that."""
    if not any("hopfield" in item.path.name for item in request.session.items):
        return
    for rule in ("spiking", "spiking-attractor"):
        if not is_compiled(rule):
            few = PatternParams(count=2, size=16)
            experiment(Ask(dataset="icons", patterns=few, recall=RecallParams(rule=rule)))
