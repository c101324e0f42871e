"""A linear readout of features, and its ridge regression on features that fit in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import Ridge

from snncore import rng
from snncore.counts import CountScaler

ALPHAS = (1.0, 10.0, 100.0, 1000.0)  # ridge penalties tried on the validation part
_CELLS = 1 << 23  # counts that are in float32 at one time, 32 MB


@dataclass(frozen=True, eq=False)
class LinearReadout:
    """scores = features · coefᵀ + intercept; the class with the highest score is predicted."""

    coef: NDArray[np.float32]  # [C, N]
    intercept: NDArray[np.float32]  # [C]
    alpha: float  # the ridge penalty that the validation part chose

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """[S, C] for features [S, N]."""
        result: NDArray[np.float32] = features @ self.coef.T + self.intercept
        return result

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Classes [S] for features [S, N]."""
        return self.scores(features).argmax(axis=1).astype(np.int64)


def fit_linear(
    features: NDArray[np.float32], labels: NDArray[np.int64], n_classes: int
) -> LinearReadout:
    """Ridge regression on ±1 class targets; the penalty is chosen on a random sixth of them.

    Args:
        features: training features [S, N], S >= 2.
        labels: classes [S] in 0..n_classes-1.

    Raises:
        ValueError: fewer than two samples.
    """
    if len(features) < 2:
        raise ValueError(f"the readout needs at least 2 training samples, got {len(features)}")
    targets = np.where(labels[:, None] == np.arange(n_classes), 1.0, -1.0).astype(np.float32)
    held = np.zeros(len(features), np.bool_)
    # In a random order, so that neither sorted nor interleaved labels leave a class out.
    held[rng.permutation(0, rng.stream("order"), len(features)).numpy()[::6]] = True
    part, part_targets = features[~held], targets[~held]
    best, best_alpha = -1.0, ALPHAS[0]
    for alpha in ALPHAS:
        model = Ridge(alpha=alpha, solver="cholesky").fit(part, part_targets)
        right = float(np.mean(model.predict(features[held]).argmax(axis=1) == labels[held]))
        if right > best:
            best, best_alpha = right, alpha
    del part  # as large as the features themselves
    model = Ridge(alpha=best_alpha, solver="cholesky").fit(features, targets)
    return LinearReadout(
        np.asarray(model.coef_, np.float32), np.asarray(model.intercept_, np.float32), best_alpha
    )


def scores(counts: ArrayLike, model: LinearReadout, scaler: CountScaler) -> NDArray[np.float32]:
    """Scores [S, C] of counts [S, N] ≥ 0, some rows at a time: no float copy of all of them."""
    values = scaler.checked(counts)
    rows = max(1, _CELLS // values.shape[1])
    parts = [
        model.scores(scaler.transform(values[start : start + rows]))
        for start in range(0, len(values), rows)
    ]
    return np.concatenate(parts)
