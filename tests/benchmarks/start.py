"""From `streamlit run` to a page that answers: `python -m tests.benchmarks.start`.

For each page a server of its own, as the first visitor meets it: seconds until the server answers,
until the page's title is there, and until the page is complete. Once with the compiled kernels that
are on disk (warm), once without any (cold, `--cold`). The median of `--turns` is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.benchmarks.load import PAGES, Server
from tests.streamlit_client import Tab


class Watch(Tab):
    """A tab that notes when the title came."""

    title_at = 0.0

    def _take(self, message: ForwardMsg) -> bool:
        if not self.title_at and message.delta.new_element.WhichOneof("type") == "heading":
            self.title_at = time.perf_counter()
        return super()._take(message)


async def visit(base: str, page: str) -> tuple[float, float]:
    """Seconds to the title and to the whole page."""
    tab, began = Watch(base, page, patience_s=300), time.perf_counter()
    ready = await tab.open()
    await tab.close()
    if tab.faults:
        raise SystemExit(f"{page}: {tab.faults[0]}")
    return tab.title_at - began, ready


def first_visit(page: str, port: int, *, cold: bool) -> tuple[float, float, float]:
    """Server up, title, whole page [s], each from its own beginning."""
    with tempfile.TemporaryDirectory() as empty:
        if cold:
            os.environ["NUMBA_CACHE_DIR"] = empty
        try:
            server = Server(port)
            try:
                up = server.started()
                title, ready = asyncio.run(visit(server.base, page))
            finally:
                server.stop()
        finally:
            os.environ.pop("NUMBA_CACHE_DIR", None)
    return up, title, ready


def main() -> None:
    """Print a table."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--port", type=int, default=8797)
    ask.add_argument("--turns", type=int, default=3)
    ask.add_argument("--cold", action="store_true", help="without any compiled kernel")
    asked = ask.parse_args()
    print("page | server answers [s] | title [s] | complete [s]")
    for page in PAGES:
        found = [first_visit(page, asked.port, cold=asked.cold) for _ in range(asked.turns)]
        middle = [f"{statistics.median(one):.2f}" for one in zip(*found, strict=True)]
        print(page or "Home", *middle, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
