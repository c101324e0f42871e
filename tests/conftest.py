"""Fixtures for all tests: where MNIST is, and what happens where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snncore import datasets

# Trainings of tests leave nothing in the user's cache folder; a test of that chooses its own.
os.environ.setdefault("SNNCORE_STATE", "off")


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The data folder with MNIST in it; without one the test is left out, under CI it fails."""
    root = datasets.data_root()
    note = {info.name: info.note for info in datasets.catalogue()}["mnist"]
    if note:
        reason = (
            f"MNIST not found in {root}: run `python -m snncore download mnist` or set SNNCORE_DATA"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return root
