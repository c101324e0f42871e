"""`python -m tests.faults`: inject every fault and print what became of each.

A row is a fault, what the page said of it, whether the test passed, and how long it took. What
follows on the command line goes to pytest, for example `-k disk`.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import pytest

# Faults whose tests stand elsewhere.
ELSEWHERE = {
    "tests/test_jobs.py::test_a_job_nobody_watches_is_stopped": "A tab is hidden or gone for good",
    "tests/test_jobs.py::test_a_closed_tab_is_given_a_short_grace_and_a_blip_nothing": (
        "A connection is lost, for a moment or for good"
    ),
    "tests/test_jobs.py::test_too_large_for_the_server_is_refused_with_the_numbers": (
        "A computation that is larger than the server"
    ),
    "tests/pages/test_frame.py::test_a_waiting_run_gives_way_between_slices_and_gets_its_turn": (
        "A slider moves faster than its page computes"
    ),
    "tests/e2e/test_hostile.py::test_a_stranger_who_clears_the_caches_stops_nobodys_training": (
        "A stranger clears the caches during a training"
    ),
}


class Table:
    """Collects the rows while pytest runs."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, str, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        told = dict(report.user_properties)
        fault = ELSEWHERE.get(report.nodeid, told.get("fault", report.nodeid))
        case = report.nodeid.partition("[")[2].rstrip("]")
        self.rows[report.nodeid] = (
            f"{fault} [{case}]" if case else str(fault),
            str(told.get("says", "")),
            report.outcome,
            report.duration,
        )

    def show(self) -> None:
        """Print the table as wide as the terminal."""
        width = max(60, shutil.get_terminal_size((120, 24)).columns - 20)
        left = width * 2 // 5
        for fault, says, outcome, seconds in self.rows.values():
            cells = [textwrap.wrap(fault, left), textwrap.wrap(says or "–", width - left)]
            ends = [f"{outcome:8}{seconds:6.1f} s"]
            for k in range(max(map(len, cells))):
                one, two = (cell[k] if k < len(cell) else "" for cell in cells)
                print(f"{one:{left}}  {two:{width - left}}  {ends.pop() if ends else ''}".rstrip())


def main() -> int:
    """Run, print, and tell pytest's status."""
    table = Table()
    folder = Path(__file__).parent.relative_to(Path.cwd())
    chosen = [str(folder), *ELSEWHERE, "-q", "-p", "no:xdist", *sys.argv[1:]]
    status = pytest.main(chosen, plugins=[table])
    print()
    table.show()
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
