"""Recompute the README's figures: `python -m tests.benchmarks.results` (hours, mostly STDP).

Runs the scripts that the README names, one after another: the table and the curves of STDP
training, the benchmarks beside their peers, and BindsNET. What the first two have in their files
(`stdp_table.json`, `stdp_curves.json`) is not computed again. The tables of recall are made by
`hopfield_table`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def snncore(words: str) -> dict[str, Any]:
    """The JSON object that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "snncore", *words.split(), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def script(name: str) -> None:
    """Run one of the scripts beside this one; its tables go to stdout."""
    print(f"\n## {name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=True)


def main() -> None:
    """Print the tables."""
    print("| work | ours | peer | ratio | equal |\n|---|---|---|---|---|")
    for name in ("lif", "map", "encode", "train", "recall"):
        found = snncore(f"bench {name}")
        print(
            f"| {found['work']} | {found['ours_per_s']:.3g}/s | {found['peer']}: "
            f"{found['peer_per_s']:.3g}/s | {found['ratio']:.1f} | {found['equal']} |",
            flush=True,
        )
    for name in ("bindsnet_peer", "stdp_table", "stdp_curves"):
        script(name)


if __name__ == "__main__":
    main()
