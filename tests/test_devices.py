"""What must hold on every device: no float64 on the way, the choice of the device, its words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from snncore import device, encoding, hopfield, retina, rng
from snncore.encoding import bernoulli, clocks, order
from snncore.encoding.delta import delta_encode
from snncore.encoding.latency import latency_encode
from snncore.hopfield.dynamics import UPDATES
from snncore.neurons.lif import LIF, LIFParams, lif_init, lif_step
from snncore.recall_lab import RecallParams, recall
from snncore.simulate import lif as lif_run
from snncore.simulate import run_lif
from snncore.stdp import TrainParams, drive
from snncore.stdp.dense import learn_batch_torch
from snncore.stdp.features import counts_torch
from snncore.stdp.rules import RULES
from snncore.stdp.state import Draw
from snncore.stdp.train import first_layer
from snncore.stimuli import StimulusParams
from snncore.stimuli import drive as drive_neuron


class _NoFloat64(TorchDispatchMode):
    """Fails when any operation takes or makes a float64 tensor, as MPS would."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in torch.utils._pytree.tree_leaves((args, out)):
            if isinstance(value, torch.Tensor) and value.dtype == torch.float64:
                raise TypeError(f"float64 in {func}")
        return out


@contextmanager
def no_float64() -> Iterator[None]:
    with _NoFloat64():
        yield


def _stdp() -> None:
    params = TrainParams(neurons=6, steps=20, feature_steps=20)
    images = np.arange(5 * 64, dtype=np.uint8).reshape(5, 8, 8)
    layer = first_layer(images, params)
    limit = drive.limits(drive.cells(images, params), params)
    draw = Draw(0, rng.stream("train_spikes"), torch.arange(5))
    with no_float64():
        for rule, competition in zip(RULES, ("winner", "k_winners", "lateral") * 2, strict=True):
            chosen = replace(params, rule=rule, competition=competition)
            learn_batch_torch(layer, limit, draw, 0.1, 0.02, chosen)
        counts_torch(layer, torch.from_numpy(limit.astype(np.int64)), draw, params)


def _lif() -> None:
    for params in (LIFParams(), LIFParams(timing="grid")):
        strong = torch.full((40, 2, 3), 4.0)
        with no_float64():
            state = lif_init((2, 3), params)
            for _ in range(3):
                state = lif_step(torch.full((2, 3), 9.0), state, params, 0.5).state
                LIF.step(torch.full((2, 3), 9.0), state, params, 0.5)
            trace = run_lif(strong, params, 0.5)  # the fused path of the CPU
            slow = lif_run._run_torch(strong, state, params, 0.5)
            if params.on_grid:
                lif_run._grid_events(strong, slow.v, slow.spikes, state, params, 0.5)
            else:
                lif_run._exact_events(strong, slow, params, 0.5)
        assert trace.spikes.any() and slow.spikes.any() and trace.t.dtype == torch.float32
    far = torch.zeros(1, dtype=torch.int64, device="meta")  # no CPU: the definition's path
    with no_float64():
        coloured = StimulusParams(ou_std=1, syn_current=0.1, noise_intensity=1)
        for stimulus in (StimulusParams(), StimulusParams(sigma_v=2), coloured):
            assert drive_neuron(stimulus, params, 8, 0.5, samples=far).dtype == torch.float32


@pytest.mark.parametrize("code", encoding.CODES.values(), ids=lambda code: str(code.name))
def test_no_code_touches_float64(code: encoding.Code) -> None:
    values = torch.linspace(0, 1, 12).view(2, 6)
    pictures = torch.linspace(0, 1, 144).view(2, 8, 9) ** 2
    signal = (0.5 + 0.5 * torch.sin(torch.linspace(0, 20, 60))).view(60, 1, 1)
    with no_float64():
        params = code.params()
        if code.kind == "intensity":
            spikes = code.encode(values, params, n_steps=40, seed=0)
            decoded = code.decode(spikes, params)
        elif code.kind == "picture":
            spikes = code.encode(pictures, params, n_steps=40, seed=0)
            decoded = code.decode(spikes, params, (8, 9))
        else:
            spikes = code.encode(signal, params, seed=0)
            decoded = code.decode(spikes, params, code.header(signal, params))
    assert spikes.any() and decoded.dtype == torch.float32


def _encoding() -> None:
    values = torch.linspace(0, 1, 12).view(2, 6)
    with no_float64():
        retina.on_off(torch.rand(2, 9, 9), retina.RetinaParams())
        latency_encode(values, n_steps=10)
        delta_encode(torch.linspace(-1, 1, 30).view(30, 1, 1))
        # the definitions of what has a kernel on a CPU
        limits, samples, signal = rng.threshold(values), torch.arange(2), values.expand(9, 2, 6)
        bernoulli.draw_spikes_torch(limits, 0, samples, 10)
        bernoulli.draw_signed_torch(signal, 0.5, 2.0, 1.0, 0, samples)
        bernoulli.list_spikes_torch(limits, 0, samples, 10)
        rates = clocks.cycles(values)
        for k in (0, 3):
            marks = clocks.Marks(k, torch.zeros_like(rates))
            clocks.trains_torch(rates, marks, 20, 0, samples)
        clocks.moving_torch(signal, 2.0, 0, samples)
        order._first_steps_torch(rng.threshold(values), 0, torch.arange(2), 10)
        rng.normal(rng.draws(0, rng.stream("noise"), torch.arange(2), 3, 5))


@pytest.mark.parametrize("mode", ["binary", "grey", "rgb"])
@pytest.mark.parametrize("kind", hopfield.KINDS)
def test_no_damage_and_no_bound_touches_float64(kind: str, mode: str) -> None:
    patterns = hopfield.random_patterns(3, (5, 8))
    if mode != "binary":
        levels = (patterns.states.repeat_interleave(3 if mode == "rgb" else 1, dim=1) + 2) * 0.25
        patterns = patterns._replace(states=levels, mode=mode)
    noise = hopfield.NoiseParams(kind=kind, strength=0.3, place="block")
    with no_float64():
        probes = hopfield.damage(patterns, noise, seed=0)
        hopfield.bound(patterns, probes, noise)
        hopfield.near_duplicates(patterns)
    assert not torch.equal(probes.values, patterns.states.to(torch.float32))


@pytest.mark.parametrize("rule", hopfield.RATE_RULES)
def test_no_memory_that_settles_touches_float64(rule: str) -> None:
    """Couplings may be made in float64 on the CPU; what runs on the device must not need it."""
    patterns = hopfield.random_patterns(3, (5, 8))
    noise = hopfield.NoiseParams("erase", 0.3)
    memory = hopfield.make_memory(patterns, hopfield.RuleParams(rule), noise)
    with no_float64():
        probes = hopfield.damage(patterns, noise, seed=0)
        for update in ("sync", "block") if rule == "modern" else UPDATES:
            list(hopfield.settle(memory, probes, hopfield.DynamicsParams(update, 3), seed=0))


@pytest.mark.parametrize("rule", ["hebb", "modern", "spiking", "seed-sync", "seed-lif"])
def test_no_recall_with_its_scores_touches_float64(rule: str) -> None:
    patterns = hopfield.random_patterns(3, (5, 8))
    with no_float64():
        probes = hopfield.damage(patterns, hopfield.NoiseParams(), seed=0)
        recall(patterns, probes, RecallParams(rule=rule), noise=hopfield.NoiseParams(), seed=0)


@pytest.mark.parametrize("path", [_stdp, _lif, _encoding])
def test_the_torch_paths_never_touch_float64(path: Callable[[], None]) -> None:
    path()


def test_the_guard_itself_notices_float64() -> None:
    with pytest.raises(TypeError, match="float64"), no_float64():
        torch.zeros(2, dtype=torch.float64)


def test_device_can_be_forced_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.choose_device("cpu").reason == "asked for"
    monkeypatch.setenv("SNNCORE_DEVICE", "cpu")
    assert device.choose_device().reason == "SNNCORE_DEVICE=cpu"
    monkeypatch.setenv("SNNCORE_DEVICE", "abacus")
    with pytest.raises(ValueError, match="device must be one of"):
        device.choose_device()


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_prefers_cuda_then_mps_then_cpu(
    cuda: bool, mps: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "a GPU")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    choice = device.choose_device("auto")
    assert choice.device.type == chosen and "auto" in choice.reason


def test_a_device_that_is_not_there_is_refused_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"'cuda'.*not available.*'auto' or 'cpu'"):
        device.choose_device("cuda")


def test_memory_and_cores_are_plausible() -> None:
    assert device.cpu_count() >= 1
    assert device.memory_bytes() > 100 * 2**20


@pytest.mark.parametrize(("used", "seen"), [("torch_threads(1)", "[1]"), ("empty_cache()", "[]")])
def test_a_library_that_another_thread_is_loading_is_waited_for(
    tmp_path: Path, used: str, seen: str
) -> None:
    """A fresh server: one visitor's thread loads torch, another's already asks something of it."""
    (tmp_path / "torch.py").write_text(
        "import time\n"
        "time.sleep(1)\n"
        "asked = []\n"
        "class _No:\n"
        "    is_available = staticmethod(lambda: False)\n"
        "class backends:\n"
        "    mps = _No\n"
        "cuda = _No\n"
        "get_num_threads = lambda: 9\n"
        "set_num_threads = asked.append\n"
    )
    script = (
        "import sys, threading, time\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from snncore import device\n"
        "load = threading.Thread(target=__import__, args=('torch',))\n"
        "load.start()\n"
        "while 'torch' not in sys.modules: time.sleep(0.01)\n"
        f"device.{used}\n"
        "import torch\n"
        "print(torch.asked)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert (ran.stdout.strip(), ran.stderr) == (seen, "")
