"""The two example programs: our low-rank forms against literal dense re-tellings of them."""

from __future__ import annotations

import numpy as np
import pytest
import snntorch as snn
import torch

from snncore import datasets
from snncore.hopfield import Patterns, Probes, random_patterns
from snncore.hopfield.patterns import PatternParams, make_patterns
from snncore.hopfield.seeds import seed_gaussian_sync, seed_rate_lif


def icons(count: int = 8) -> Patterns:
    pictures = datasets.load("icons")
    params = PatternParams(count=count, size=20)
    return make_patterns(pictures.images, pictures.labels, pictures.class_names, params)


def flipped(states: torch.Tensor, q: float) -> torch.Tensor:
    x = states.to(torch.float32)
    draws = torch.rand(x.shape, generator=torch.Generator().manual_seed(0))
    return torch.where(draws < q, -x, x)


def literal_gaussian_sync(patterns: np.ndarray, probe: np.ndarray) -> np.ndarray:
    n = patterns.shape[1]
    w = np.zeros((n, n))
    for picture in patterns:
        w += np.outer(picture, picture)
    np.fill_diagonal(w, 0.0)
    return np.where(w @ probe > 0, 1, -1)


def literal_rate_lif(
    patterns: np.ndarray, probe: np.ndarray, steps: int
) -> tuple[np.ndarray, int, int]:
    """Rate code, leaky cells, then updates from the last membrane until the energy rests."""
    n = patterns.shape[1]
    rho = patterns.mean()
    w = np.zeros((n, n))
    for picture in patterns:
        w += np.outer(picture - rho, picture - rho)
    np.fill_diagonal(w, 0.0)
    w /= len(patterns)
    probability = torch.from_numpy(probe).float().clamp(0, 1)
    train = (torch.rand(steps, n, generator=torch.Generator().manual_seed(1)) < probability).float()
    layer = snn.Leaky(beta=0.9, threshold=1.0, reset_mechanism="zero")
    membrane, spikes = layer.init_leaky(), 0
    for row in train:
        fired, membrane = layer(row, membrane)
        spikes += int(fired.sum())
    v = membrane.detach().double().numpy()
    energy, rounds = None, 0
    while True:
        rounds += 1
        answer = np.where(w @ v > 0, 1, -1)  # v stays: what was answered is never fed back
        new = -0.5 * answer @ w @ answer
        if new == energy:
            return answer, spikes, rounds - 1
        energy = new


def test_one_gaussian_step_is_the_dense_formula() -> None:
    patterns = icons()
    noise = torch.randn(8, 400, generator=torch.Generator().manual_seed(0))
    probes = patterns.states + 3.0 * noise
    got = seed_gaussian_sync(patterns, probes)
    dense = patterns.states.numpy().astype(np.float64)
    for b in range(8):
        expected = literal_gaussian_sync(dense, probes[b].double().numpy())
        assert (got[b].numpy() == expected).all()


def test_one_step_recalls_three_unrelated_pictures_at_sigma_three() -> None:
    """Measured for the original: exact for near-orthogonal pictures of 100×100 pixels."""
    patterns = random_patterns(3, (100, 100))
    noise = torch.randn(3, 10_000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(seed_gaussian_sync(patterns, patterns.states + 3.0 * noise), patterns.states)


@pytest.mark.parametrize("steps", [10, 11, 50])
def test_rate_lif_is_the_literal_program_pixel_for_pixel(steps: int) -> None:
    patterns = icons()
    probes = flipped(patterns.states, 0.3)
    got = seed_rate_lif(patterns, probes, steps)
    dense = patterns.states.numpy().astype(np.float64)
    for b in range(8):
        answer, spikes, rounds = literal_rate_lif(dense, probes[b].double().numpy(), steps)
        assert (got.readout[b].numpy() == answer).all()
        assert int(got.spikes[b]) == spikes
        assert rounds == 1
    assert float((got.readout == patterns.states).float().mean()) < 0.99  # it does not recall


def test_more_steps_give_the_same_picture_and_more_spikes() -> None:
    patterns = icons()
    probes = flipped(patterns.states, 0.3)
    short, long = seed_rate_lif(patterns, probes, 10), seed_rate_lif(patterns, probes, 100)
    assert torch.equal(short.readout, long.readout)
    assert torch.equal(long.spikes, 10 * short.spikes)


def test_batch_equals_singles_and_arguments_stay() -> None:
    patterns = icons()
    probes = flipped(patterns.states, 0.3)
    before = probes.clone()
    for b in range(8):
        one = probes[b : b + 1]
        assert torch.equal(
            seed_gaussian_sync(patterns, one)[0], seed_gaussian_sync(patterns, probes)[b]
        )
        assert torch.equal(
            seed_rate_lif(patterns, one).readout[0], seed_rate_lif(patterns, probes).readout[b]
        )
    assert torch.equal(probes, before)


def test_unknown_pixels_say_nothing() -> None:
    patterns = icons()
    x = patterns.states.float()
    known = torch.zeros_like(x, dtype=torch.bool)
    known[:, :100] = True
    wild = Probes(torch.where(known, x, 77.0), known)
    tame = Probes(torch.where(known, x, 0.0), known)
    assert torch.equal(seed_gaussian_sync(patterns, wild), seed_gaussian_sync(patterns, tame))
    assert torch.equal(seed_rate_lif(patterns, wild).spikes, seed_rate_lif(patterns, tame).spikes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: seed_rate_lif(torch.ones(1, 4), torch.ones(1, 4), 0), "steps must be >= 1"),
        (lambda: seed_gaussian_sync(torch.ones(1, 4), torch.ones(1, 5)), "probes must be"),
        (
            lambda: seed_rate_lif(
                Patterns(torch.rand(1, 4), (2, 2), ("a",), "grey"), torch.ones(1, 4)
            ),
            "patterns must be binary for this program, got grey",
        ),
    ],
)
def test_bad_input_is_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
