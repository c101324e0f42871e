"""The best that any network could do with a probe, and what doing nothing would score.

Which picture a probe came from can only be told from the likelihood p(probe | picture). With all
P pictures equally likely the posterior is softmax(ln p). The picture with the largest posterior
(maximum likelihood; equal pictures count together) is right most often; the posterior's mean
gives the best single pixels: its sign the fewest wrong ones in binary, itself the least mean
squared error in grey (the most levels within a tolerance: see `tolerant`). A network below the
bound is at fault; at the bound, the noise is.

ln p, up to what is equal for all pictures; S the probe, x a picture, s the strength, A the number
of pixels in which S and x agree:

- flip, binary: A·ln((1-s)/s) = β S·x + const with β = ½ ln((1-s)/s). reassign and salt_pepper
  flip s/2. Grey: a pixel counts ln(1-s) where S = x, ln s where S = 1-x, else it is impossible.
- gaussian: -|S - x|²/2σ² = (S·x - |x|²/2)/σ² + const.
- reassign, grey: A·ln(1 + (1-s)K/s), K the number of values a pixel may get: 256, in colour 256³.
- salt_pepper, grey: where S is black or white, agreeing counts ln(1 + 2(1-s)/s); elsewhere a
  pixel that differs is impossible.
- erase, crop, occlude, blur, shift do not lie about what they leave: all pictures are possible,
  equally, whose known part (for blur and shift: whose blurred, shifted self) is the probe. What
  occlude has painted counts as unknown, because the painter's region is known to the bound.

"Impossible" costs e**-50 for each pixel, and of pictures that all differ the nearest count: so a
probe that was made in another way, a drawing for example, has a bound, too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from snncore.hopfield.noise import LEVELS, NoiseParams, operate, region
from snncore.hopfield.patterns import Patterns, check_patterns
from snncore.hopfield.probes import Probes
from snncore.kernels import kernel_threads
from snncore.kernels.agreement import count_equal

Tensor = torch.Tensor
CERTAIN = 50.0  # ln of what makes anything certain: a single wrong pixel costs a factor e**-50
_NO_LIE = ("erase", "crop", "occlude", "blur", "shift")
_AT_A_TIME = 1 << 24  # numbers in a temporary tensor, 64 MB
_CODES = 25_500  # 100 steps to a grey level
_NEGLIGIBLE = 1e-9  # of 10,000 such shares a pixel changes by 1e-5 at most
_ROUNDING = 4e-14  # squared difference a pixel that two sums of the same blur may have


class Bound(NamedTuple):
    """Answers of the optimal decoder."""

    pixels: Tensor  # [B, N]: int8 ±1, sign of the posterior's mean; grey, rgb: float32, its mean
    picture: Tensor  # int64 [B], the most likely stored picture, the first of equal ones
    posterior: Tensor  # float32 [B, P]


def bayes_beta(flips: float) -> float:
    """β = ½ ln((1-q)/q): the weight of one agreeing pixel when a share q of them is flipped.

    q = 0.5 gives 0 (nothing can be known); q = 0 and 1 are held at 1e-9 from the end.
    """
    if not 0.0 <= flips <= 1.0:
        raise ValueError(f"flips must be in 0..1, got {flips}")
    q = min(max(flips, 1e-9), 1.0 - 1e-9)
    return 0.5 * math.log((1.0 - q) / q)


def matched_beta(noise: NoiseParams, mode: str = "binary") -> float:
    """The β with which softmax(β (X S - |x|²/2)) is the posterior, or as near as this form comes.

    Binary (|x|² is constant) and Gaussian noise: exact. Other noise in grey: 1 over the mean
    squared change of a pixel whose values are spread evenly over 0..1: flip and salt_pepper s/3,
    reassign s/6. What does not lie: `CERTAIN`, in grey 20 times that.
    """
    s, binary = noise.strength, mode == "binary"
    largest = CERTAIN if binary else 20.0 * CERTAIN
    if noise.kind in _NO_LIE:
        return largest
    if noise.kind == "gaussian":
        return min(1.0 / max(s, 1e-3) ** 2, largest)
    if binary:
        return bayes_beta(s if noise.kind == "flip" else 0.5 * s)
    return min((6.0 if noise.kind == "reassign" else 3.0) / max(s, 1e-6), largest)


def bound(patterns: Patterns, probes: Probes, noise: NoiseParams) -> Bound:
    """The optimal decoder's answers to probes that `noise` made of `patterns`.

    Raises:
        ValueError: patterns or probes that do not fit, or probes of an occluding block that do
            not say what was painted.
    """
    check_patterns(patterns)
    n = patterns.states.shape[1]
    if probes.values.ndim != 2 or probes.values.shape[1] != n or not len(probes.values):
        shape = tuple(probes.values.shape)
        raise ValueError(f"probes must be [B, {n}] and not empty, got {shape}")
    x = patterns.states.to(torch.float32)
    seen_as = operate(x, patterns, noise) if noise.kind in ("blur", "shift") else x
    whole = _trusted(patterns, probes, noise)
    count = len(whole.values)
    posterior = torch.empty(count, len(x), device=x.device)
    picture = torch.empty(count, dtype=torch.int64, device=x.device)
    binary = patterns.mode == "binary"
    pixels = torch.empty(count, n, dtype=torch.int8 if binary else x.dtype, device=x.device)
    first = first_of_equals(patterns)
    repeated = bool((first != torch.arange(len(x), device=x.device)).any())
    step = max(1, _AT_A_TIME // max(len(x), n))
    for k in range(0, count, step):
        rows = slice(k, k + step)
        part = whole.rows(rows)
        if noise.kind in _NO_LIE or (noise.kind == "gaussian" and noise.strength < 1e-3):
            score = posterior[rows] = _nearest(seen_as, part)
        else:
            score = _log_likelihood(x, part, noise, patterns)
            posterior[rows] = torch.softmax(score, dim=1)
        if repeated:  # a picture that is stored twice is twice as likely
            score = torch.zeros_like(score).index_add_(1, first, posterior[rows])
        picture[rows] = score.argmax(dim=1)
        mean = _mean(posterior[rows], x)
        pixels[rows] = torch.where(mean > 0, 1, -1).to(torch.int8) if binary else mean
    return Bound(pixels, picture, posterior)


def _mean(posterior: Tensor, x: Tensor) -> Tensor:
    """posterior [B, P] @ x [P, N], of large sets only the pictures that are likely at all."""
    likely = (posterior > _NEGLIGIBLE).any(dim=0)
    if 4 * int(likely.sum()) > len(x):
        return posterior @ x
    return posterior[:, likely] @ x[likely]


def _trusted(patterns: Patterns, probes: Probes, noise: NoiseParams) -> Probes:
    """The probes with what was painted over set to unknown."""
    if noise.kind != "occlude":
        return probes
    painted = probes.painted
    if painted is None:
        if noise.place == "block":
            raise ValueError("probes must say what was painted: take them from damage")
        painted = region(patterns, noise)
    return probes._replace(known=probes.known & ~painted)


def _nearest(x: Tensor, probes: Probes) -> Tensor:
    """Equal shares [B, P] for the pictures at the least distance over the known pixels.

    The distances of all pairs come from products, whose rounding hides small differences; those
    of the pairs that may be the least are then taken from the differences themselves.
    """
    known = probes.known.to(torch.float32)
    seen = probes.values * known
    mine = (seen * seen).sum(dim=1, keepdim=True)
    theirs = known @ (x * x).T
    rough = mine + theirs - 2.0 * seen @ x.T
    slack = 1e-5 * (mine + theirs.amax(dim=1, keepdim=True))
    pairs = (rough <= rough.amin(dim=1, keepdim=True) + slack).nonzero()
    exact = torch.full_like(rough, math.inf)
    step = max(1, _AT_A_TIME // x.shape[1])
    for k in range(0, len(pairs), step):
        b, mu = pairs[k : k + step].T
        exact[b, mu] = ((seen[b] - x[mu] * known[b]) ** 2).sum(dim=1)
    least = exact.amin(dim=1, keepdim=True) + _ROUNDING * x.shape[1]
    ties = (exact <= least).to(torch.float32)
    return ties / ties.sum(dim=1, keepdim=True)


def _log_likelihood(x: Tensor, probes: Probes, noise: NoiseParams, patterns: Patterns) -> Tensor:
    """ln p(probe | picture) + const [B, P] of the kinds whose noise lies."""
    binary, s = patterns.mode == "binary", noise.strength
    if noise.kind == "gaussian":
        middle = 0.0 if binary else 0.5  # sums about the middle of the scale round off less
        centred = x - middle
        projected = (probes.values - middle) @ centred.T
        return (projected - 0.5 * (centred * centred).sum(dim=1)) / s**2
    if binary:
        return matched_beta(noise) * (probes.values @ x.T)
    stored, seen = _codes(x, patterns.channels), _codes(probes.values, patterns.channels)
    if noise.kind == "reassign":
        values = float(LEVELS) ** patterns.channels
        weight = min(math.log1p((1.0 - s) / max(s, 1e-30) * values), CERTAIN)
        return agreements(stored, seen) * weight
    ends = torch.tensor([[0.0], [1.0]], device=x.device).expand(2, patterns.channels)
    if noise.kind == "salt_pepper":
        black, white = _codes(ends, patterns.channels)
        end = (seen == black) | (seen == white)
        weight = min(math.log1p(2.0 * (1.0 - s) / max(s, 1e-30)), CERTAIN)
        inside = agreements(stored, seen.masked_fill(end, -1))
        return inside * CERTAIN + agreements(stored, seen.masked_fill(~end, -1)) * weight
    half = _codes(0.5 + 0.0 * ends, patterns.channels)[0]
    either = seen == half  # a middle grey is its own opposite: it cannot be told
    changed = seen.masked_fill(either, -1)
    same = agreements(stored, changed) * _above_impossible(1.0 - s)
    opposite = agreements(_codes(1.0 - x, patterns.channels), changed) * _above_impossible(s)
    return same + opposite + agreements(stored, seen.masked_fill(~either, -1)) * CERTAIN


def _above_impossible(probability: float) -> float:
    """ln p of a pixel, counted from that of an impossible one."""
    return max(CERTAIN + math.log(max(probability, 1e-30)), 0.0)


def _codes(values: Tensor, channels: int) -> Tensor:
    """Pixels of values 0..1 [B, N] as whole numbers, equal where the pixels are: 1 - x rounds.

    int16 [B, N]; of three channels int64 [B, N/3].
    """
    codes = (values * _CODES).round().to(torch.int16)
    if channels == 1:
        return codes
    red, green, blue = codes.to(torch.int64).reshape(len(codes), -1, channels).unbind(dim=2)
    return (red << 32) + (green << 16) + blue


def agreements(stored: Tensor, seen: Tensor) -> Tensor:
    """How many whole numbers of `stored` [P, N] and `seen` [B, N] are equal; float32 [B, P]."""
    if seen.device.type == "cpu":
        found = np.empty((len(seen), len(stored)), dtype=np.int32)
        with kernel_threads():
            count_equal(stored.contiguous().numpy(), seen.contiguous().numpy(), found)
        return torch.from_numpy(found).to(torch.float32)
    return torch.stack([(stored == mine).sum(dim=1) for mine in seen]).to(torch.float32)


def background(patterns: Patterns) -> float:
    """The best constant picture.

    binary: the value, -1 or +1, that most stored pixels have; grey, rgb: their mean.
    """
    if patterns.mode == "binary":
        return 1.0 if int(patterns.states.to(torch.int64).sum()) > 0 else -1.0
    return float(patterns.states.mean())


def as_is(patterns: Patterns, probes: Probes) -> Tensor:
    """The probes [B, N] taken as the answers, unknown pixels being background.

    binary: int8, the sign (0 is background, too); grey, rgb: float32, not clipped.
    """
    constant = background(patterns)
    values = torch.where(probes.known, probes.values, constant)
    if patterns.mode != "binary":
        return values
    return torch.where(values == 0, constant, torch.sign(values)).to(torch.int8)


def first_of_equals(patterns: Patterns) -> Tensor:
    """For each stored picture the number of the first that equals it, int64 [P]."""
    seen: dict[bytes, int] = {}
    rows = patterns.states.cpu().numpy()
    first = [seen.setdefault(row.tobytes(), k) for k, row in enumerate(rows)]
    return torch.tensor(first, device=patterns.states.device)


def same_picture(patterns: Patterns, first: Tensor, second: Tensor) -> Tensor:
    """Whether the stored pictures numbered `first` and `second` (int64 [B]) are equal; bool [B].

    A picture that is stored twice is right under either number.
    """
    return (patterns.states[first] == patterns.states[second]).all(dim=1)
