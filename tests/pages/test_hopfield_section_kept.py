"""What a session keeps of the instruments: choices and small results, never the pictures."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
import pytest
import torch

from pages.components import encoding_section_base as jobs
from pages.components import hopfield_section_landscape
from tests.pages.test_hopfield_sections import NAMES, show


def held(thing: Any) -> int:
    """Bytes of the largest array or tensor that a function keeps alive."""
    seen: set[int] = set()
    stack, largest = [thing], 0
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, torch.Tensor):
            largest = max(largest, one.untyped_storage().nbytes())
        elif isinstance(one, np.ndarray):
            largest = max(largest, one.nbytes)
        elif isinstance(one, FunctionType):
            stack += [cell.cell_contents for cell in one.__closure__ or ()]
        elif isinstance(one, (tuple, list)):
            stack += one
        elif isinstance(one, dict):
            stack += one.values()
    return largest


def test_sections_keep_no_pictures_in_what_redraws_or_downloads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: dict[str, Any] = {}

    def panel(key: str, *, submit: Any, draw: Any, **rest: Any) -> None:
        drawn[key] = (submit, draw)

    monkeypatch.setattr(jobs, "job_panel", panel)
    monkeypatch.setattr(hopfield_section_landscape, "_QUICK", 0)
    show(*NAMES, count=6, hop_bas_what="The page's pictures")
    assert len(drawn) == 6
    for key, (submit, draw) in drawn.items():
        assert held(draw) == 0, key
        assert held(submit) <= 256 * 4, key  # one probe, which the landscape starts from
