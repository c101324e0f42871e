"""Stand-ins until the recurrent spiking memory and the example programs are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snncore.params import Params, integer


@dataclass(frozen=True)
class AttractorParams(Params):
    time_steps: int = integer(60, 8, 400, "How long.")


def attractor_stream(*a: Any, **k: Any) -> Any:
    raise ValueError("not there yet")


def seed_gaussian_sync(*a: Any, **k: Any) -> Any:
    raise ValueError("not there yet")


def seed_rate_lif(*a: Any, **k: Any) -> Any:
    raise ValueError("not there yet")
