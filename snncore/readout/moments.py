"""Second moments of the features: ridge regression in closed form, and a preconditioner.

With G = Σ x xᵀ / m over m rows, the curvature of every loss here is at most a multiple of G, so
(a G + λ I)⁻¹ turns the long valleys of the loss into nearly round bowls. For that a sample of the
rows is enough; for ridge regression itself G of all rows gives the minimum at once:

    (2 C + λ I) w = 2 h,   C = G − x̄ x̄ᵀ,   h = Σ (x − x̄) y / m,   b = ȳ − w·x̄
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from snncore import distributed
from snncore.readout.passes import Passes

_PRODUCTS = 12_000_000_000  # multiplications between two signs of life: 0.2 s on two cores
_BANDS = 8  # G is symmetric: bands of columns from the diagonal down save nearly half


def _owner(band: int, size: int) -> int:
    """Which process sums this band; the first bands are the longest, so they go by pairs."""
    return (band if 2 * size > _BANDS else min(band, _BANDS - 1 - band)) % size


class Moments:
    """Sums over rows added so far: Σ x xᵀ (lower triangle), Σ x, Σ x yᵀ and Σ y, on the device."""

    def __init__(self, passes: Passes) -> None:
        n, device = passes.n_features, passes.device
        self._passes = passes
        self.rows = 0
        self._second = torch.zeros(n, n, device=device)
        self._first = torch.zeros(n, device=device)
        self._cross = torch.zeros(n, passes.n_classes, device=device)
        self._targets = torch.zeros(passes.n_classes, device=device)

    def add(self, rows: NDArray[np.int64]) -> Generator[float, None, None]:
        """Add rows; yields the share that is done.

        Processes that work together take some bands each: whole sums, in the same order as one.
        """
        group = distributed.current()
        n = self._passes.n_features
        classes = torch.arange(self._passes.n_classes, device=self._passes.device)
        step = min(4096, max(256, _PRODUCTS // (n * n)))
        edges = [n * band // _BANDS for band in range(_BANDS + 1)]
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            x = self._passes.features(part)
            y = 2.0 * (self._passes.labels(part)[:, None] == classes) - 1.0
            for band, (low, high) in enumerate(pairwise(edges)):
                if _owner(band, group.size) == group.rank:
                    self._second[low:, low:high].addmm_(x[:, low:].T, x[:, low:high])
            self._first += x.sum(dim=0)
            self._cross.addmm_(x.T, y)
            self._targets += y.sum(dim=0)
            self.rows += len(part)
            yield min(1.0, (start + step) / len(rows))
        if group.size > 1:
            for band, (low, high) in enumerate(pairwise(edges)):
                group.copy_(self._second[low:, low:high], _owner(band, group.size))

    def ridge(self, penalty: float) -> torch.Tensor:
        """Weights [C, N + 1] that minimise Σ_c mean (y − z)² + λ/2·‖w‖², in float64 on the CPU.

        Raises:
            ValueError: the penalty is too small for features that depend on one another.
        """
        m = self.rows
        mean = self._first.cpu().numpy().astype(np.float64) / m
        target = self._targets.cpu().numpy().astype(np.float64) / m
        cross = self._cross.cpu().numpy().astype(np.float64) / m - np.outer(mean, target)
        # Upper triangle in Fortran's order = lower triangle in C's: factored where it lies.
        normal = self._second.cpu().numpy().astype(np.float64).T
        normal *= 2.0 / m
        for j in range(len(mean)):
            normal[: j + 1, j] -= 2.0 * mean[: j + 1] * mean[j]
        normal[np.diag_indices_from(normal)] += penalty
        try:
            factor = cho_factor(normal, lower=False, overwrite_a=True, check_finite=False)
        except LinAlgError as error:
            raise ValueError(
                f"penalty must be larger for these features, got {penalty:g}; "
                "they depend on one another, which only the penalty resolves"
            ) from error
        w = cho_solve(factor, 2.0 * cross, check_finite=False).T
        weights = np.concatenate([w, (target - w @ mean)[:, None]], axis=1)
        return torch.from_numpy(weights.astype(np.float32)).to(self._passes.device)

    def preconditioner(self, curvature: float, penalty: float) -> Preconditioner:
        """For a loss whose mean second derivative with respect to a score is `curvature`."""
        # MPS has no Cholesky factors: there they are made and used on the CPU.
        home = self._second.device.type if self._second.device.type == "cuda" else "cpu"
        second, ridge = self._second.to(home), max(penalty, 1e-6 * curvature)
        # Features have unit variance over all rows. One that is rare may hardly vary in a sample of
        # them, and would be taken for flat.
        missing = (1.0 - second.diagonal() / self.rows).clamp(min=0.0)
        while True:
            matrix = second * (curvature / self.rows)
            matrix.diagonal().add_(ridge + curvature * missing)
            factor, failed = torch.linalg.cholesky_ex(matrix)
            if not int(failed):
                return Preconditioner(factor, curvature)
            ridge *= 10.0  # rounding ate it; what is preconditioned stays as it is


class Preconditioner:
    """Divides gradients [C, N + 1] by a G + λ I (the weights) and by a (the intercept)."""

    def __init__(self, factor: torch.Tensor, curvature: float) -> None:
        self._factor, self._curvature = factor, curvature

    def __call__(self, gradient: torch.Tensor) -> torch.Tensor:
        w = gradient[:, :-1].T.to(self._factor.device)
        # Two triangular solutions: cholesky_solve copies the factor first, four times as long.
        w = torch.linalg.solve_triangular(self._factor, w, upper=False)
        w = torch.linalg.solve_triangular(self._factor.T, w, upper=True).T.to(gradient.device)
        return torch.cat([w, gradient[:, -1:] / self._curvature], dim=1)
