"""What the processes of one training, started by torchrun, settle before they begin."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from functools import cache
from pathlib import Path

import numba
import numpy as np
import torch

import snncore
from snncore import experiment
from snncore.cli.download import ensure
from snncore.distributed import Group
from snncore.stdp import TrainParams


def ensure_once(dataset: str, group: Group) -> None:
    """Download what is missing: the first process of each machine does, the others wait."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        ensure(dataset)
    group.any(False)
    ensure(dataset)


def read_once(path: Path, group: Group) -> bytes:
    """The file as process 0 sees it: the others may be on machines that do not have it."""
    return group.broadcast(path.read_bytes() if group.rank == 0 else b"")


def agree(group: Group, data: experiment.Data, params: TrainParams, device: torch.device) -> None:
    """The same program, data and parameters everywhere, or no two results would be equal.

    Raises:
        ValueError: what differs, and who has what.
    """
    if group.size == 1:
        return
    group.agree(
        {
            "version of snncore": f"{snncore.__version__} ({_sources()})",
            "version of Python": platform.python_version(),
            "version of torch": torch.__version__,
            "version of NumPy": np.__version__,
            "version of Numba": numba.__version__,
            "processor": platform.machine(),
            "device": device.type,
            "parameters": json.dumps(params.to_dict(), sort_keys=True),
            "training images": experiment.images_sha256(data)[:12],
            "number of test images": str(len(data.test_images)),
        }
    )


@cache
def _sources() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(snncore.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
