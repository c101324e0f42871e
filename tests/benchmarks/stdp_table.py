"""The README's table of STDP training: `python -m tests.benchmarks.stdp_table` (an hour or more).

Every row is one `python -m snncore train` command with the recommended parameters, run for three
seeds on the full 60,000/10,000 images: first seed 0 of every row, then the other seeds. Each run is
written to the file of `--out` as soon as it is there; a table that was stopped goes on where it
was, and a run whose parameters are no longer the recommended ones is made again. MNIST and
Fashion-MNIST must be in SNNCORE_DATA.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from snncore.cli.train_settings import advised


class Row(NamedTuple):
    """A line of the table: its name in `--only`, its title, its command."""

    name: str
    title: str
    dataset: str
    options: dict[str, Any]

    @property
    def words(self) -> list[str]:
        """The command that a reader types, without seed and output."""
        given = [f"--{key.replace('_', '-')} {value}" for key, value in self.options.items()]
        return f"train --dataset {self.dataset} {' '.join(given)}".split()


def dense(neurons: int, dataset: str = "mnist", note: str = "", **options: Any) -> Row:
    """A dense layer."""
    name = (
        f"dense-{neurons}-{dataset}{'-' + '-'.join(map(str, options.values())) if options else ''}"
    )
    title = f"{dataset.upper()}, {neurons} neurons{', ' + note if note else ''}"
    return Row(name, title, dataset, {"neurons": neurons, **options})


ROWS = (
    dense(400),
    Row("conv-mnist", "MNIST, conv", "mnist", {"layer": "conv"}),
    Row("conv-fashion", "FASHION, conv", "fashion", {"layer": "conv"}),
    dense(1600),
    dense(400, note="DoG + Poisson", retina="on_off", code="poisson"),
    dense(1600, note="DoG + Poisson", retina="on_off", code="poisson"),
    dense(100),
    dense(400, "fashion"),
    dense(400, note="the seed's rule", rule="seed", competition="none", theta_rate=0.0, epochs=1),
    dense(6400),
)
COLUMNS = {
    "vote": "vote_accuracy",
    "weighted vote": "weighted_vote_accuracy",
    "readout": "test_accuracy",
    "untrained: vote": "control_untrained_vote_accuracy",
    "untrained: readout": "control_untrained_accuracy",
    "pixels": "control_pixels_accuracy",
}
SECONDS = {
    "learning, s": ("learning_seconds",),
    "learning + counting + readout, s": (
        "learning_seconds",
        "counting_seconds",
        "readout_seconds",
    ),
}


def run(row: Row, seed: int) -> dict[str, Any]:
    """The JSON object of one training command."""
    done = subprocess.run(
        [sys.executable, "-m", "snncore", *row.words, "--seed", str(seed), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(row.words)} ended with status {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def current(row: Row, seed: int, found: dict[str, Any]) -> bool:
    """Whether a kept run was made with the parameters that would be taken now."""
    params = advised({**row.options, "seed": seed}, row.dataset).to_dict()
    return all(found.get(name) == value for name, value in params.items())


def cell(values: list[float], scale: float, digits: int) -> str:
    """Mean, and the sample standard deviation over the seeds if there are several."""
    if not values:
        return "–"
    text = f"{scale * statistics.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {scale * statistics.stdev(values):.{digits}f}"
    return text


def markdown(rows: list[Row], kept: dict[str, dict[str, Any]], seeds: int) -> str:
    """The table of what is there."""
    lines = [
        f"| data, layer | seeds | {' | '.join((*COLUMNS, *SECONDS, 'peak, MB'))} |",
        "|---" * (3 + len(COLUMNS) + len(SECONDS)) + "|",
    ]
    for row in rows:
        runs = [kept[f"{row.name} {s}"] for s in range(seeds) if f"{row.name} {s}" in kept]
        if not runs:
            continue
        cells = [row.title, str(len(runs))]
        for field in COLUMNS.values():
            cells.append(cell([r[field] for r in runs if r.get(field) is not None], 100, 2))
        for fields in SECONDS.values():
            cells.append(cell([sum(r[name] for name in fields) for r in runs], 1, 1))
        cells.append(f"{max(r['peak_mb'] for r in runs):,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("stdp_table.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose name has this word in it")
    parser.add_argument("--show", action="store_true", help="print what is there, run nothing")
    asked = parser.parse_args()
    kept: dict[str, dict[str, Any]] = {}
    if asked.out.exists():
        kept = json.loads(asked.out.read_text(encoding="utf-8"))
    rows = [row for row in ROWS if asked.only in row.name]
    if not rows:
        parser.error(f"--only must be part of one of {', '.join(row.name for row in ROWS)}")
    for seed in range(0 if asked.show else asked.seeds):
        for row in rows:
            key = f"{row.name} {seed}"
            if key in kept and current(row, seed, kept[key]):
                continue
            print(f"{key}: {' '.join(row.words)} --seed {seed}", file=sys.stderr, flush=True)
            try:
                kept[key] = run(row, seed)
            except RuntimeError as error:  # one row must not end the others
                print(f"{key}: {error}", file=sys.stderr, flush=True)
                continue
            part = asked.out.with_suffix(".part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(asked.out)
    print(markdown(rows, kept, asked.seeds))
    print("\nCommands (each with `--seed 0`, 1, 2):\n")
    for row in rows:
        print(f"- {row.title}: `python -m snncore {' '.join(row.words)}`")


if __name__ == "__main__":
    main()
