"""Recompute the README's table of results: `python tests/benchmarks/results.py` (about 5 minutes).

Runs the commands that the README names, one after another, and prints the Markdown table. The
tables of recall are made by `hopfield_table.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

TRAIN = "train --dataset {dataset} --neurons {neurons} --epochs {epochs} --retina {retina}"
RUNS = (
    ("mnist", 100, 1, "raw"),
    ("mnist", 100, 1, "on_off"),
    ("mnist", 400, 1, "raw"),
    ("mnist", 400, 1, "on_off"),
    ("fashion", 400, 1, "raw"),
    ("digits", 100, 10, "on_off"),
)


def snncore(words: str) -> dict[str, Any]:
    """The JSON object that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "snncore", *words.split(), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the tables."""
    print("| data | neurons, input | vote | readout | untrained | pixels | learning |")
    print("|---|---|---|---|---|---|---|")
    for dataset, neurons, epochs, retina in RUNS:
        batch = " --batch 100" if neurons >= 400 else ""
        words = TRAIN.format(dataset=dataset, neurons=neurons, epochs=epochs, retina=retina)
        found = snncore(words + batch + " --seed 0")
        shares = "| ".join(
            f"{100 * found[key]:.1f} % "
            for key in (
                "vote_accuracy",
                "test_accuracy",
                "control_untrained_accuracy",
                "control_pixels_accuracy",
            )
        )
        print(
            f"| {dataset}, {epochs} pass{'es' if epochs > 1 else ''} | {neurons}, {retina} | "
            f"{shares}| {found['train_seconds']:.1f} s |",
            flush=True,
        )
    print("\n| work | ours | peer | ratio | equal |\n|---|---|---|---|---|")
    for name in ("lif", "map", "encode", "stdp", "recall"):
        found = snncore(f"bench {name}")
        print(
            f"| {found['work']} | {found['ours_per_s']:.3g}/s | {found['peer']}: "
            f"{found['peer_per_s']:.3g}/s | {found['ratio']:.1f} | {found['equal']} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
