"""`download`: fetch data sets into the data folder, with progress on stderr."""

from __future__ import annotations

import click

from snncore import datasets
from snncore.cli import Report, json_option, main, progress


def fetch(name: str) -> None:
    """Download what is missing of one data set, a line of progress for each 5 % or new step."""
    last: tuple[str, int] | None = None
    for step in datasets.download(name):
        percent = 100 * step.done_bytes // step.total_bytes if step.total_bytes else 100
        mark = (step.text, percent // 5)
        if mark != last:
            last = mark
            size = f"{step.done_bytes / 1e6:.1f} of {step.total_bytes / 1e6:.1f} MB"
            progress(f"{percent:3d} %  {size}  {step.text}".ljust(79))


def ensure(name: str) -> None:
    """Download a named data set on its first use; a path or a present one is left alone."""
    missing = [info.name for info in datasets.catalogue() if not info.present]
    if name in missing:
        fetch(name)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
def download(names: tuple[str, ...], as_json: bool) -> None:
    """Fetch data sets: mnist, fashion, gtsrb.

    They go into the folder SNNCORE_DATA, or into the user's cache folder.
    """
    for name in names:
        if name not in datasets.NAMES:
            raise click.UsageError(
                f"unknown data set {name!r}; it must be one of {', '.join(datasets.NAMES)}"
            )
    for name in names:
        fetch(name)
    Report(root=str(datasets.data_root()), names=list(names)).emit(as_json)
