"""Home: what the four pages do."""

from __future__ import annotations

from pages.components import frame

frame.open_page("home")
for key in ("lif", "encoding", "hopfield", "stdp"):
    frame.page_link(key)
