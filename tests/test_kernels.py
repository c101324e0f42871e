"""What all kernels share: the fair lock, the thread count, and no overflow of the growing scale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from snncore import kernels, rng
from snncore.kernels import FairLock
from snncore.stdp import TrainParams, drive
from snncore.stdp.dense import learn_batch, learn_batch_torch
from snncore.stdp.state import Draw
from snncore.stdp.train import first_layer


def test_the_lock_is_handed_on_in_the_order_of_asking() -> None:
    lock, order = FairLock(), []
    asked = [threading.Event() for _ in range(5)]

    def worker(k: int) -> None:
        asked[k].set()
        with lock:
            order.append(k)

    threads = [threading.Thread(target=worker, args=(k,)) for k in range(5)]
    with lock:
        for k, thread in enumerate(threads):
            thread.start()
            assert asked[k].wait(10)
            while len(lock._waiting) <= k:  # until this one stands in the queue
                pass
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]
    with lock:  # and it is free again
        pass


def test_only_one_holds_the_lock() -> None:
    lock, inside, most = FairLock(), [0], [0]

    def worker() -> None:
        for _ in range(200):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1] and inside == [0]


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_bad_thread_count_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNNCORE_THREADS", text)
    with pytest.raises(ValueError, match="SNNCORE_THREADS must be a whole number >= 1"):
        kernels.thread_count()


@pytest.mark.parametrize(("tau_m", "theta"), [(1.0, 3.3), (2.0, 4.0), (2.0, 4.5)])
def test_a_short_time_constant_over_many_steps_invents_no_winners(
    tau_m: float, theta: float
) -> None:
    """Unscaled, leak**-400 is 1e87 or 1e173: float32 would be infinite, and infinity wins."""
    params = TrainParams(neurons=20, tau_m=tau_m, theta=theta, steps=400, batch=40)
    ramp = np.arange(40 * 64, dtype=np.uint32) * np.uint32(2654435761)
    images = (ramp >> np.uint32(24)).astype(np.uint8).reshape(40, 8, 8)
    layer = first_layer(images, params)
    limit = drive.limits(drive.cells(images, params), params)
    draw = Draw(0, rng.stream("train_spikes"), torch.arange(40))
    _, fast = learn_batch(layer, limit, draw, 0.0, 0.0, params)
    _, slow = learn_batch_torch(layer, limit, draw, 0.0, 0.0, params)
    assert torch.equal(fast.winner, slow.winner) and torch.equal(fast.when, slow.when)


def test_a_changed_kernel_is_compiled_again_also_where_another_file_calls_it(tmp_path) -> None:
    """An update in place must not go on with the compiled kernels of the day before."""
    here = Path(kernels.__file__).parents[1]
    shutil.copytree(here, tmp_path / "snncore", ignore=shutil.ignore_patterns("__pycache__"))
    inner, outer = (tmp_path / "snncore" / "kernels" / name for name in ("inner.py", "outer.py"))
    head = "import numba\n"
    inner.write_text(head + "@numba.njit(cache=True)\ndef number():\n    return 1\n")
    outer.write_text(
        head + "from snncore.kernels.inner import number\n"
        "@numba.njit(cache=True)\ndef twice():\n    return 2 * number()\n"
    )
    program = "from snncore.kernels.outer import twice; print(twice())"

    def answer() -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    cache = tmp_path / "snncore" / "kernels" / "__pycache__"
    assert answer() == "2"
    (first,) = cache.glob("kernels-*")
    inner.write_text(inner.read_text().replace("return 1", "return 5"))
    assert answer() == "10"
    kept = set(cache.glob("kernels-*"))  # a process of before the update may still use the first
    assert len(kept) == 2 and all(any(folder.rglob("*.nbi")) for folder in kept)
    long_ago = time.time() - 8 * 24 * 3600
    os.utime(first, (long_ago, long_ago))
    assert answer() == "10" and set(cache.glob("kernels-*")) == kept - {first}


def test_little_work_is_done_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the second one would be waited for longer than it helps."""
    monkeypatch.setenv("SNNCORE_THREADS", "2")
    with kernels.kernel_threads() as all_of_them:
        pass
    with kernels.kernel_threads(1e9) as many:
        pass
    with kernels.kernel_threads(1e5) as one:
        pass
    assert (all_of_them, many, one) == (2, 2, 1)
