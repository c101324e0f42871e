"""`python -m tests.fuzz [--inputs 10000] [TARGET …]`: damaged input for every parser, or some.

What breaks a parser is shrunk, printed and written to tests/fuzz/corpus/TARGET/, from where the
fast tests try it for ever after. `--guided` uses atheris instead, which looks for new paths through
the code (`pip install atheris`; Python up to 3.13), one target at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.damage import damaged
from tests.fuzz.targets import TARGETS, check, seeds_of

CORPUS = Path(__file__).parent / "corpus"
SLOW_S = 2.0  # for one small input
MORE_BYTES = 2 << 30  # memory that a parser may ask for on top of what the process has


def limit_memory() -> None:
    """From here on a parser that asks for gigabytes gets a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


class TooSlow(AssertionError):
    """A parser that thinks for seconds about a small input."""


class Tally:
    """Inputs of one target: how many, how many were taken, the slowest, the last that broke it."""

    def __init__(self, name: str) -> None:
        self.name, self.tried, self.taken, self.slowest = name, 0, 0, 0.0
        self.broke: bytes | None = None

    def tries(self, data: bytes) -> None:
        """One input; raises what is a fault."""
        began = time.perf_counter()
        self.broke = data
        self.taken += check(self.name, data)
        spent = time.perf_counter() - began
        self.tried, self.slowest = self.tried + 1, max(self.slowest, spent)
        if spent > SLOW_S:
            raise TooSlow(f"{spent:.1f} s for {len(data)} bytes")
        self.broke = None


def hammer(tally: Tally, inputs: int) -> None:
    """So many damaged inputs, after the corpus and the valid ones."""
    name = tally.name
    for data in (*seeds_of(name), *corpus(name)):
        tally.tries(data)

    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(damaged(name))
    def try_one(data: bytes) -> None:
        tally.tries(data)

    try_one()


def corpus(name: str) -> list[bytes]:
    """What once broke this target."""
    return [file.read_bytes() for file in sorted((CORPUS / name.replace(" ", "_")).glob("*"))]


def keep(name: str, data: bytes) -> Path:
    """Put an input into the corpus."""
    file = CORPUS / name.replace(" ", "_") / hashlib.sha256(data).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def guided(name: str, inputs: int) -> None:
    """Coverage-guided, by atheris; ends the process."""
    import atheris

    tally = Tally(name)
    folder = CORPUS.parent / ".guided" / name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds_of(name)):
        (folder / f"seed{number}").write_bytes(data)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(folder), f"-runs={inputs}"], tally.tries)
    atheris.Fuzz()


def main() -> None:
    """Fuzz and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--guided", action="store_true", help="by atheris, the first TARGET")
    asked = parser.parse_args()
    for name in asked.targets:
        if name not in TARGETS:
            parser.error(f"no target {name!r}; there are {', '.join(TARGETS)}")
    names = asked.targets or list(TARGETS)
    for name in names:
        seeds_of(name)  # makes what they need before memory is limited
    limit_memory()
    if asked.guided:
        guided(names[0], asked.inputs)
    failed = 0
    for name in names:
        began, tally = time.perf_counter(), Tally(name)
        try:
            hammer(tally, asked.inputs)
        except Exception as error:
            failed += 1
            where = "" if tally.broke is None else keep(name, tally.broke)
            print(f"{name:14} FAULT {type(error).__name__}: {error} ({where})", flush=True)
            continue
        spent = time.perf_counter() - began
        print(
            f"{name:14} {tally.tried:6,} inputs, {tally.taken / tally.tried:4.0%} taken, "
            f"slowest {1000 * tally.slowest:6.1f} ms, {spent:5.0f} s, no fault",
            flush=True,
        )
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
