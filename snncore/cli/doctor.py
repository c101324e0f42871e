"""`doctor`: checks an installation and says what to fix."""

from __future__ import annotations

import sys

import click

from snncore import doctor as checks
from snncore.cli import Report, json_option, main


@main.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check this installation: Python, packages, device, kernels, data, browser, port.

    Ends with status 1 if something is bad.
    """
    if as_json:
        found = list(checks.examine())
        fine = all(one.state != "bad" for one in found)
        Report(fine=fine, findings=[one._asdict() for one in found]).emit(True)
    else:
        fine = checks.report(checks.examine())
        click.echo("All is well." if fine else "See the cures above (→).")
    sys.exit(0 if fine else 1)
