"""How much memory a run needs, said before it starts."""

from __future__ import annotations

from snncore import device, distributed, readout
from snncore.stdp import TrainParams
from snncore.stdp.train import feature_count, memory_bytes

_RUNTIME = 450 << 20  # private memory of the program with torch and its kernels, measured
_LENT = 0.9  # of the machine's memory: the rest is the system's


def needed_bytes(params: TrainParams, n_train: int, n_test: int, height: int, width: int) -> int:
    """Estimate of a run's peak memory: images, learning, spike counts and readout."""
    images = (n_train + n_test) * height * width
    return memory_bytes(params, n_train + n_test, height, width) + images


def check_memory(
    params: TrainParams,
    n_train: int,
    n_test: int,
    height: int,
    width: int,
    *,
    lent: int | None = None,
) -> None:
    """Refuse a run that does not fit.

    Args:
        params: of the run.
        n_train: images to learn from.
        n_test: images to test on.
        height: of an image, in pixels.
        width: of an image, in pixels.
        lent: bytes that may be used; by default 9/10 of this machine's (or container's) memory,
            without what the program itself takes.

    Raises:
        ValueError: with both numbers and what to change; or more counts an image than a readout
            takes.
    """
    features = feature_count(params, height, width)
    fewer = "neurons" if params.layer == "dense" else "filters or a coarser grid"
    if features > readout.MOST_FEATURES:
        raise ValueError(
            f"a linear readout takes at most {readout.MOST_FEATURES:,} spike counts an image, got "
            f"{features:,}, which need {8 * features**2 / 1e9:.1f} GB for their second moments: "
            f"take fewer {fewer}"
        )
    need = needed_bytes(params, n_train, n_test, height, width)
    here = distributed.current().local  # processes of this machine, each of which needs as much
    have = max(0, int(device.memory_bytes() * _LENT) // here - _RUNTIME) if lent is None else lent
    if need <= have:
        return
    raise ValueError(
        f"this run needs about {need / 1e9:.1f} GB ({n_train + n_test:,} images, {features:,} "
        f"spike counts each), and {have / 1e9:.1f} GB are there: take fewer {fewer}, "
        "fewer images or a shorter presentation"
    )
