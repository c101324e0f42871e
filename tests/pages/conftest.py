"""Fixtures of the page tests: kernels are compiled before the clock of any page runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pages.components import players, share, sight, warm
from snncore.experiment import load_data, run
from snncore.hopfield import PatternParams
from snncore.recall_lab import Ask, RecallParams, experiment, is_compiled
from snncore.stdp.presets import PRESETS
from snncore.stdp.train import present


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(request: pytest.FixtureRequest) -> None:
    """A page run may take 60 s; on a fresh machine, loaded, compiling alone took most of that."""
    names = {item.path.name for item in request.session.items}
    if any("trainer" in name for name in names):
        compile_the_trainer()
    every = ("lesson", "undo", "glossary", "exports")  # tests that open all pages
    if not any(word in name for name in names for word in ("hopfield", *every)):
        return
    for rule in ("spiking", "spiking-attractor"):
        if not is_compiled(rule):
            few = PatternParams(count=2, size=16)
            experiment(Ask(dataset="icons", patterns=few, recall=RecallParams(rule=rule)))


def compile_the_trainer() -> None:
    """One small run, and one image shown to its layer."""
    data = load_data("digits", 40)
    params = replace(PRESETS[0].params, neurons=10, epochs=1, feature_steps=10)
    *_, last = run(data, params)
    assert last.snapshot is not None
    present(last.snapshot.layers, data.test_images[0], params)


@pytest.fixture(autouse=True)
def popovers_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can click on a popover here, and a closed one has no content."""
    monkeypatch.setattr(share, "is_open", lambda box: True)


@pytest.fixture(autouse=True)
def players_are_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A film is made when a browser has its player in sight."""
    monkeypatch.setattr(players, "is_wanted", lambda key, film: True)
    monkeypatch.setattr(sight, "is_seen", lambda key, what, asked=False: True)


@pytest.fixture(autouse=True)
def nothing_compiles_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of half a minute, which no test here waits for."""
    monkeypatch.setattr(warm, "training", lambda: None)
