"""Event lists: the spikes of the dense form, their exact times, and what they cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from snncore import encoding, rng
from snncore.encoding import bernoulli, clocks, events
from snncore.encoding.events import EXACT_TIMES, encode_events, from_dense, in_time, to_dense
from snncore.kernels import bernoulli as kernel

Tensor = torch.Tensor

# `rate` draws spikes of its own for a list; its tests are further down.
CODES = tuple(code for name, code in encoding.CODES.items() if name != "rate")


def values(rows: int = 4, n: int = 150) -> Tensor:
    drawn = torch.tensor(np.random.default_rng(1).uniform(0, 1, (rows, n)), dtype=torch.float32)
    drawn[0, 0], drawn[1, 1] = 0.0, 1.0
    return drawn


def source(code: encoding.Code) -> Tensor:
    if code.kind == "signal":
        return values(4, 120).T.contiguous()[:, :, None]
    return values(3, 256).view(3, 16, 16) if code.kind == "picture" else values()


@pytest.mark.parametrize("code", CODES, ids=lambda code: str(code.name))
def test_every_list_holds_the_spikes_of_the_dense_form(code: encoding.Code) -> None:
    x, params = source(code), code.params()
    steps = None if code.kind == "signal" else 64
    more = {} if steps is None else {"n_steps": steps}
    samples = torch.tensor([4, 0, 9, 2])[: x.shape[1] if code.kind == "signal" else len(x)]
    spikes = code.encode(x, params, seed=5, samples=samples, **more)
    found = encode_events(code.name, x, n_steps=steps, seed=5, samples=samples)
    assert torch.equal(to_dense(found, tuple(spikes.shape), spikes.dtype), spikes)
    assert [column.dtype for column in found] == [
        torch.int32, torch.int32, torch.int32, torch.int8, torch.float32,
    ]  # fmt: skip
    plain = from_dense(spikes)
    for a, b in zip(found[:4], plain[:4], strict=True):  # the same order too
        assert torch.equal(a, b)
    if code.name in EXACT_TIMES:
        assert bool(((found.time >= found.step) & (found.time <= found.step + 1)).all())
        assert not torch.equal(found.time, plain.time)
    else:
        assert torch.equal(found.time, plain.time)


def test_lists_are_in_the_order_of_row_neuron_and_time() -> None:
    found = encode_events("poisson", values(), n_steps=40)
    key = (found.sample.double() * 1000 + found.neuron.double()) * 1000 + found.time.double()
    assert bool((key.diff() > 0).all())
    stream = in_time(found)
    assert bool((stream.time.diff() >= 0).all())
    assert torch.equal(to_dense(stream, (40, 4, 150)), to_dense(found, (40, 4, 150)))


def test_dense_and_list_turn_into_each_other_with_counts_and_signs() -> None:
    spikes = torch.tensor([[[0, 2]], [[1, 0]], [[0, 3]]], dtype=torch.uint8)
    found = from_dense(spikes)
    assert found.step.tolist() == [1, 0, 0, 2, 2, 2] and found.neuron.tolist() == [0, 1, 1, 1, 1, 1]
    assert torch.equal(to_dense(found, (3, 1, 2), torch.uint8), spikes)
    signed = torch.tensor([[[0, -1]], [[1, 0]]], dtype=torch.int8)
    found = from_dense(signed)
    assert found.sign.tolist() == [1, -1]
    assert torch.equal(to_dense(found, (2, 1, 2), torch.int8), signed)
    empty = from_dense(torch.zeros(5, 2, 3, dtype=torch.bool))
    assert len(empty.step) == 0 and not bool(to_dense(empty, (5, 2, 3)).any())


def test_bad_lists_and_questions_are_named() -> None:
    found = from_dense(torch.ones(2, 1, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"neuron must be in 0\.\.1, got 2"):
        to_dense(found, (2, 1, 2))
    with pytest.raises(ValueError, match="dtype must be"):
        to_dense(found, (2, 1, 3), torch.float32)
    with pytest.raises(ValueError, match="n_steps must be given"):
        encode_events("poisson", values())
    with pytest.raises(ValueError, match="n_steps must be None for a signal"):
        encode_events("delta", torch.zeros(9, 1, 1), n_steps=9)
    with pytest.raises(ValueError, match="takes PoissonParams, got RateParams"):
        encode_events("poisson", values(), encoding.RateParams(), n_steps=5)
    with pytest.raises(ValueError, match=r"values must be in 0\.\.1"):
        encode_events("rate", values() + 1, n_steps=5)


# --- geometric jumps -----------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1e-4, 0.02, 0.3, 0.9])
def test_jumps_have_the_bernoulli_law(p: float) -> None:
    steps, neurons = 1000, 3000
    found = encode_events("rate", torch.full((1, neurons), p), n_steps=steps, seed=3)
    counts = np.bincount(found.neuron, minlength=neurons)
    spread = math.sqrt(p * (1 - p) * steps / neurons)
    assert counts.mean() == pytest.approx(p * steps, abs=5 * spread)
    kurtosis = 2 + (1 - 6 * p * (1 - p)) / (p * (1 - p) * steps)
    error = 5 * math.sqrt(kurtosis / neurons)
    assert counts.var() / counts.mean() == pytest.approx(1 - p, rel=error)
    first = found.step[np.flatnonzero(np.diff(found.neuron, prepend=-1))].numpy()
    observed = np.bincount(first, minlength=8)[:8] / neurons  # of the first spikes: no window cuts
    law = p * (1 - p) ** np.arange(8)
    assert (np.abs(observed - law) <= 5 * np.sqrt(law / neurons)).all()


def test_jumps_are_exact_at_never_always_and_a_single_word() -> None:
    """The words that jump by one step are as many as those that fire in the dense form."""
    limits = torch.tensor([1, 5, 12345, 1 << 31, (1 << 32) - 1])
    scale = bernoulli._scales(limits)
    for limit, one in zip(limits.tolist(), scale.tolist(), strict=True):
        edge = (1 << 32) - limit  # words from here on are the largest `limit` words
        words = torch.tensor([word for word in (edge - 1, edge) if word >= 0])
        jumps = clocks.exponentials(words) // one
        assert jumps.tolist() == ([1, 0] if len(words) == 2 else [0])
    tiny = torch.tensor([[0.0, 1.0, 2.0**-34, 1.0]])
    found = encode_events("rate", tiny, n_steps=500)
    assert torch.bincount(found.neuron, minlength=4).tolist() == [0, 500, 0, 500]
    assert found.step[:500].tolist() == list(range(500))


def test_jumps_of_the_kernel_are_those_of_the_torch_definition() -> None:
    x = torch.tensor([[0.0, 1.0, 0.5, 1e-3, 0.9, 2.0**-32]]).repeat(3, 1)
    samples = torch.tensor([0, 7, 2**32 - 1])
    fast = bernoulli.list_spikes(x, 1.0, 3, samples, 3000)
    slow = bernoulli.list_spikes_torch(rng.threshold(x), 3, samples, 3000)
    for a, b in zip(fast, slow, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", ["rate", "poisson", "gamma", "regular"])
def test_a_list_that_was_expected_shorter_is_whole_all_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encode_events(name, values(), n_steps=64)
    for module in (clocks, bernoulli):
        monkeypatch.setattr(module, "room_for", lambda expected: 3)
    parts = encode_events(name, values(), n_steps=64)
    for a, b in zip(whole, parts, strict=True):
        assert torch.equal(a, b)


# --- cost ----------------------------------------------------------------------------------------


def drawn_blocks(name: str, gain: float, steps: int) -> tuple[int, int]:
    """Spikes of 20 × 100 neurons, and how many blocks of four words their list took."""
    x, samples = values(20, 100), torch.arange(20)
    room = [np.empty(200_000, dtype=np.int32) for _ in range(3)]
    words = bernoulli._words(0, samples)
    if name == "rate":
        source = x.view(-1).numpy()
        _, filled, blocks = kernel.jumps(source, np.float32(gain), *words, steps, *room, 0)
        return filled, blocks
    rates, marks = clocks.cycles(x * gain), clocks.Marks(1, torch.zeros_like(x).long())
    time, none = np.empty(200_000, dtype=np.float32), np.zeros((steps, 20, 0), dtype=np.uint8)
    _, filled, blocks = clocks.kernel.trains(
        rates.numpy(), marks.begin.numpy(), 1, *words, none, *room, time, 0
    )
    return filled, blocks


@pytest.mark.parametrize("name", ["rate", "poisson"])
def test_a_list_costs_a_draw_per_spike_whatever_the_number_of_steps(name: str) -> None:
    neurons = 2000
    for gain, steps in ((0.5, 100), (0.05, 1000), (0.002, 25_000), (0.001, 100)):
        spikes, blocks = drawn_blocks(name, gain, steps)
        # one draw per spike, one for what comes after the window, and the rest of a block of four
        assert blocks <= (spikes + neurons) / 4 + neurons
        assert blocks >= (spikes + 0.9 * neurons) / 4
    assert spikes < 200 and blocks <= neurons  # 200,000 cells


def test_exact_lists_need_no_dense_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A train of ten million steps: dense, these 2,000 neurons were 20 GB."""

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("the dense form was made")

    monkeypatch.setattr(events, "from_dense", never)
    monkeypatch.setattr(clocks, "dense", never)
    x = values(20, 100)
    found = encode_events("rate", x, encoding.RateParams(1e-6), n_steps=10_000_000)
    assert len(found.step) == pytest.approx(float(x.sum()) * 10, rel=0.05)
    found = encode_events("poisson", x, encoding.PoissonParams(1e-6), n_steps=10_000_000)
    assert len(found.step) == pytest.approx(float(x.sum()) * 10, rel=0.05)
    assert int(found.step.max()) > 9_000_000


def test_a_list_of_the_rate_code_has_draws_of_its_own():
    # from the same words a spike in the first step of the dense form would exclude it in the list
    x = torch.full((1, 4000), 0.5)
    dense = encoding.rate_encode(x, n_steps=1, seed=3)[0, 0]
    listed = to_dense(encode_events("rate", x, n_steps=1, seed=3), (1, 1, 4000))[0, 0]
    both = float((dense & listed).float().mean())
    assert both == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 4000) ** 0.5)
