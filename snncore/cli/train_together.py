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
from snncore.device import DeviceChoice
from snncore.distributed import Group
from snncore.stdp import TrainParams


def ensure_once(dataset: str, group: Group) -> None:
    """Download what is missing: the first process of each machine does, the others wait.

    For as long as `distributed.TIMEOUT_S` at most: large sets are better downloaded before.
    """
    if os.environ.get("LOCAL_RANK", "0") == "0":
        ensure(dataset)
    group.any(False)
    ensure(dataset)


def read_once(path: Path, group: Group) -> bytes:
    """The file as process 0 sees it: the others may be on machines that do not have it.

    Raises:
        ValueError: in all of them, why it cannot be read.
    """
    told = b""
    if group.rank == 0:
        try:
            told = b"+" + path.read_bytes()
        except OSError as error:
            told = f"{path}: {error.strerror or error}".encode()
    told = group.broadcast(told)
    if told[:1] != b"+":
        raise ValueError(f"--resume cannot be read: {told.decode()}")
    return told[1:]


def agree(
    group: Group,
    data: experiment.Data,
    params: TrainParams,
    choice: DeviceChoice,
    seeds: int,
    controls: bool,
) -> None:
    """The same program, data and parameters everywhere, or no two results would be equal.

    Also the same processor and threads: each process solves the readout's equations for itself,
    and a last bit that differs could make one of them end before the others.

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
            "device": f"{choice.device.type} ({choice.name})",
            "number of threads": str(torch.get_num_threads()),
            "--seeds": str(seeds),
            "--controls": str(controls),
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
