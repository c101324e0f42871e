"""Random numbers as a pure function of (seed, stream, sample, neuron, counter).

Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
SC'11): ten rounds of two 32×32→64-bit products turn a 128-bit counter and a 64-bit key into four
random 32-bit words. There is no state, so the same seed gives the same draws on every device,
batch size, thread count and process, and after a resume.

Key = seed (low, high word); counter = (draw // 4, neuron, sample, stream); word = draw % 4.
Where a draw decides something, compare the integers (`threshold` turns a probability into one):
they are equal everywhere, which logarithms and floats are not.
"""

from __future__ import annotations

import torch

Tensor = torch.Tensor

# What a draw is for. An epoch or trial number goes into the upper 16 bits (`stream`).
STREAMS = {
    "weights": 1,
    "order": 2,
    "train_spikes": 3,
    "feature_spikes": 4,
    "noise": 5,
    "encode": 6,
    "recall": 7,
    "current": 8,
    "points": 9,
    "weight_sample": 10,
    "coloured": 11,
    "synapse": 12,
    "spread": 13,
    "encode_start": 14,
    "encode_events": 15,
    "patterns": 16,
    "challenge": 20,
    "signal": 21,
    "jitter": 30,
    "deletion": 31,
    "insertion": 32,
    "shuffle": 33,
}

_MASK = 0xFFFFFFFF
_M0, _M1 = 0xD2511F53, 0xCD9E8D57  # multipliers
_W0, _W1 = 0x9E3779B9, 0xBB67AE85  # Weyl increments of the key: golden ratio, sqrt(3) - 1


def stream(name: str, epoch: int = 0) -> int:
    """The 32-bit stream number of a purpose, distinct for each epoch or trial."""
    if name not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}, got {name!r}")
    if not 0 <= epoch < 1 << 16:
        raise ValueError(f"epoch must be in 0..65535, got {epoch}")
    return STREAMS[name] | epoch << 16


def split_seed(seed: int) -> tuple[int, int]:
    """The two key words of a seed in 0..2**63-1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise ValueError(f"seed must be a whole number in 0..2**63-1, got {seed!r}")
    return seed & _MASK, seed >> 32


def _mulhilo(a: int, b: Tensor) -> tuple[Tensor, Tensor]:
    """High and low word of a·b for 32-bit words held in int64, without overflowing int64."""
    low_part = (a & 0xFFFF) * b
    high_part = (a >> 16) * b
    middle = (low_part >> 16) + high_part
    return middle >> 16, ((middle & 0xFFFF) << 16) | (low_part & 0xFFFF)


def philox(
    counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Philox4x32-10 on int64 tensors that hold 32-bit words; shapes broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        hi0, lo0 = _mulhilo(_M0, c0)
        hi1, lo1 = _mulhilo(_M1, c2)
        c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


def check_samples(samples: Tensor) -> None:
    """ValueError unless the sample numbers of a CPU tensor are 32-bit words."""
    if samples.device.type != "cpu" or samples.numel() == 0:
        return
    low, high = (int(edge) for edge in torch.aminmax(samples))
    if low < 0 or high > _MASK:
        raise ValueError(f"samples must be in 0..2**32-1, got {low if low < 0 else high}")


def draws(
    seed: int,
    stream_id: int,
    samples: Tensor,
    n_neurons: int,
    n_draws: int,
    *,
    first: int = 0,
) -> Tensor:
    """Random words: out[t, b, i] depends only on (seed, stream, samples[b], i, first + t).

    Args:
        seed: 0..2**63-1.
        stream_id: from `stream`.
        samples: int64 [B], numbers in 0..2**32-1; their device is where the draws are made (off
            the CPU their range is not looked at, as that would wait for the device).
        n_neurons: N, how many indices i.
        n_draws: T, how many draws for each.
        first: number of the first draw; a multiple of 4.

    Returns:
        int64 [T, B, N] of words in 0..2**32-1.

    Raises:
        ValueError: `first` is no multiple of 4, or a sample number is out of range.
    """
    if first % 4 or first < 0:
        raise ValueError(f"first must be a multiple of 4 and >= 0, got {first}")
    check_samples(samples)
    device = samples.device
    blocks = torch.arange(first // 4, first // 4 + (n_draws + 3) // 4, device=device)
    c0 = blocks.view(-1, 1, 1)
    c1 = torch.arange(n_neurons, device=device).view(1, 1, -1)
    c2 = samples.to(torch.int64).view(1, -1, 1)
    c3 = torch.full((1, 1, 1), stream_id, dtype=torch.int64, device=device)
    words = philox((c0, c1, c2, c3), split_seed(seed))
    four = torch.stack(words, dim=1)  # ten rounds mix every counter in: all [blocks, B, N]
    return four.reshape(4 * len(blocks), len(samples), n_neurons)[:n_draws]


def uniform(words: Tensor) -> Tensor:
    """float32 in (0, 1) from random words: (top 23 bits + 1/2) / 2**23, exact, never 0 or 1."""
    return ((words >> 9).to(torch.float32) + 0.5) * (1.0 / (1 << 23))


def normal(words: Tensor) -> Tensor:
    """Standard normal float32 by inversion, √2·erf⁻¹(2u − 1): one word, one number.

    Equal on every device up to the rounding of `erfinv`; use it where a value is wanted, never
    where equality of a decision across devices is.
    """
    return torch.erfinv(2.0 * uniform(words) - 1.0) * 2.0**0.5


def threshold(probability: Tensor) -> Tensor:
    """int64 words: `draw < threshold(p)` happens with probability p.

    p is taken as float32 and rounded to the nearest of the 2**32 + 1 words, so the probability
    that results differs from the float32 by at most 2**-33; below that a p never happens.

    Raises:
        ValueError: a probability is outside 0..1 or NaN.
    """
    if not bool(((probability >= 0) & (probability <= 1)).all()):
        raise ValueError("probability must be in 0..1 everywhere, got values outside or NaN")
    # Products with powers of two and what is left of whole numbers are exact in float32: the one
    # rounding is the last, alike everywhere. p = 1 gives 2**32, which every word is below.
    scaled = probability.to(torch.float32) * float(1 << 16)
    high = scaled.floor()
    low = ((scaled - high) * float(1 << 16)).round()
    return (high.to(torch.int64) << 16) + low.to(torch.int64)


def permutation(seed: int, stream_id: int, n: int) -> Tensor:
    """A random order of 0..n-1 (int64 [n], CPU): the argsort of one draw per index."""
    words = draws(seed, stream_id, torch.arange(n), 1, 1)[0, :, 0]
    # Ties are as likely as n**2 / 2**33; a stable sort makes even those reproducible.
    return torch.argsort(words, stable=True)
