"""Step by step: the spikes of three codes played in the browser."""

from __future__ import annotations

from pages.components.encoding_bench import Bench


def player_section(bench: Bench) -> None:
    """Later."""
