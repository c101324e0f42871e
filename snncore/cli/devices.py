"""`devices`: what this machine can compute on, and what would be chosen."""

from __future__ import annotations

import platform

import torch

from snncore import __version__, device
from snncore.cli import Report, json_option, main


@main.command()
@json_option
def devices(as_json: bool) -> None:
    """Say which devices there are, which one is chosen, and why."""
    choice = device.choose_device()
    Report(
        chosen=str(choice.device),
        name=choice.name,
        reason=choice.reason,
        cuda=torch.cuda.is_available(),
        mps=torch.backends.mps.is_available(),
        cpu_cores=device.cpu_count(),
        python=platform.python_version(),
        torch=torch.__version__,
        snncore=__version__,
    ).emit(as_json)
