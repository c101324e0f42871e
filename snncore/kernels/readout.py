"""CPU passes over spike counts: moments, standardised features, loss and gradient of a readout.

They repeat the torch paths in `snncore.counts` and `snncore.readout.passes`. The counts stay the
whole numbers that they are: a piece of a few rows is turned into standardised float32 features in
cache, used for scores and for the gradient, and forgotten. Rows are cut into blocks of a fixed
size whose sums are added in their order, so that no result depends on the number of threads.
"""

from __future__ import annotations

import math

import numba
import numpy as np

RIDGE, HINGE, LOGISTIC = 0, 1, 2
BLOCK = 512  # rows whose sums belong together, whoever computes them
_ROWS = 4  # rows at a time: each weight is loaded once for all of them
_TILE = 512  # features at a time: the weights of ten classes stay in the first-level cache


@numba.njit(nogil=True, cache=True)
def _moments(counts, start, stop, root, total, squares):  # type: ignore[no-untyped-def]
    """The sums of one block; 1 if all its values are good."""
    wrong = 0
    for s in range(start, stop):
        for i in range(counts.shape[1]):
            value, first = float(counts[s, i]), float(counts[0, i])
            wrong += not (abs(value) < np.inf and (value >= 0 or not root))
            if root:
                value, first = math.sqrt(max(value, 0.0)), math.sqrt(max(first, 0.0))
            d = value - first
            total[i] += d
            squares[i] += d * d
    return 1 if wrong == 0 else 0


@numba.njit(nogil=True, cache=True, parallel=True)
def moments(counts, root, total, squares, good):  # type: ignore[no-untyped-def]
    """Sums of d and d², d = √count (or count) − that of the first row, by block of rows.

    counts [S, N]; adds to total, squares float64 [blocks, N]. The shift by the first row keeps the
    difference of the sums exact where nothing varies. Writes good int64 [blocks]: 0 if a value is
    NaN, infinite, or (with the root) negative.
    """
    for b in numba.prange(total.shape[0]):
        stop = min(counts.shape[0], (b + 1) * BLOCK)
        good[b] = _moments(counts, b * BLOCK, stop, root, total[b], squares[b])


@numba.njit(nogil=True, cache=True)
def _features(counts, s, root, mean, inverse, out):  # type: ignore[no-untyped-def]
    """One row of counts as standardised features."""
    if root:
        for i in range(counts.shape[1]):
            out[i] = (math.sqrt(np.float32(counts[s, i])) - mean[i]) * inverse[i]
    else:
        for i in range(counts.shape[1]):
            out[i] = (np.float32(counts[s, i]) - mean[i]) * inverse[i]


@numba.njit(nogil=True, cache=True, parallel=True)
def standardise(counts, rows, root, mean, inverse, out):  # type: ignore[no-untyped-def]
    """out[k] = (√counts[rows[k]] − mean)·inverse (or without the root), float32 [len(rows), N]."""
    for k in numba.prange(len(rows)):
        _features(counts, rows[k], root, mean, inverse, out[k])


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _products(w0, w1, x0, x1, x2, x3):  # type: ignore[no-untyped-def]
    """Products of the weights of two classes with four rows of features, summed in any order."""
    a0 = a1 = a2 = a3 = np.float32(0.0)
    b0 = b1 = b2 = b3 = np.float32(0.0)
    for i in range(len(w0)):
        v, u = w0[i], w1[i]
        a0 += v * x0[i]
        a1 += v * x1[i]
        a2 += v * x2[i]
        a3 += v * x3[i]
        b0 += u * x0[i]
        b1 += u * x1[i]
        b2 += u * x2[i]
        b3 += u * x3[i]
    return a0, a1, a2, a3, b0, b1, b2, b3


@numba.njit(nogil=True, cache=True, fastmath={"contract"})
def _add_rows(g, r, x0, x1, x2, x3):  # type: ignore[no-untyped-def]
    """g += r·x, four rows of features at once."""
    r0, r1, r2, r3 = r
    for i in range(len(g)):
        g[i] += r0 * x0[i] + r1 * x1[i] + r2 * x2[i] + r3 * x3[i]


@numba.njit(nogil=True, cache=True)
def _residual(kind, z, label, r):  # type: ignore[no-untyped-def]
    """Loss of one sample; r [C] becomes its derivative with respect to the scores z [C]."""
    n_classes = z.shape[0]
    loss = 0.0
    if kind == LOGISTIC:
        top = z.max()
        total = 0.0
        for c in range(n_classes):
            r[c] = math.exp(z[c] - top)
            total += r[c]
        loss = math.log(total) - (z[label] - top)
        for c in range(n_classes):
            r[c] /= total
        r[label] -= np.float32(1.0)
        return loss
    for c in range(n_classes):
        sign = np.float32(1.0) if c == label else np.float32(-1.0)
        short = np.float32(1.0) - sign * z[c]
        if kind == HINGE and short < 0:
            short = np.float32(0.0)
        loss += short * short
        r[c] = np.float32(-2.0) * sign * short
    return loss


@numba.njit(nogil=True, cache=True)
def _pass(  # type: ignore[no-untyped-def]
    counts, rows, root, mean, inverse, w, bias, labels, kind, back, loss, grad, grad_bias
):
    """`fused_pass` of one block; how many rows are classified rightly."""
    n_classes, n = w.shape
    x = np.zeros((_ROWS, n), dtype=np.float32)
    z = np.zeros((_ROWS, n_classes), dtype=np.float32)
    r = np.zeros((_ROWS, n_classes), dtype=np.float32)
    loss[:] = 0.0
    right = 0
    if back:
        grad[:, :] = np.float32(0.0)
        grad_bias[:] = np.float32(0.0)
    for start in range(0, len(rows), _ROWS):
        m = min(_ROWS, len(rows) - start)
        for k in range(m):
            _features(counts, rows[start + k], root, mean, inverse, x[k])
            z[k] = bias
        for low in range(0, n, _TILE):
            high = min(n, low + _TILE)
            x0, x1, x2, x3 = x[0, low:high], x[1, low:high], x[2, low:high], x[3, low:high]
            for c in range(0, n_classes, 2):
                d = min(c + 1, n_classes - 1)
                p = _products(w[c, low:high], w[d, low:high], x0, x1, x2, x3)
                z[0, c] += p[0]
                z[1, c] += p[1]
                z[2, c] += p[2]
                z[3, c] += p[3]
                if d > c:
                    z[0, d] += p[4]
                    z[1, d] += p[5]
                    z[2, d] += p[6]
                    z[3, d] += p[7]
        for k in range(_ROWS):
            if k >= m:  # the last piece of a block may have fewer rows
                r[k] = np.float32(0.0)
                continue
            label = labels[rows[start + k]]
            total = _residual(kind, z[k], label, r[k])
            right += z[k].argmax() == label
            if kind == LOGISTIC:
                loss[0] += total
            else:
                for c in range(n_classes):
                    loss[c] += np.float64(r[k, c]) * np.float64(r[k, c]) * 0.25
        if back:
            for low in range(0, n, _TILE):
                high = min(n, low + _TILE)
                x0, x1, x2, x3 = x[0, low:high], x[1, low:high], x[2, low:high], x[3, low:high]
                for c in range(n_classes):
                    four = (r[0, c], r[1, c], r[2, c], r[3, c])
                    if four[0] != 0 or four[1] != 0 or four[2] != 0 or four[3] != 0:
                        _add_rows(grad[c, low:high], four, x0, x1, x2, x3)
            for c in range(n_classes):
                grad_bias[c] += r[0, c] + r[1, c] + r[2, c] + r[3, c]
    return right


@numba.njit(nogil=True, cache=True, parallel=True)
def fused_pass(  # type: ignore[no-untyped-def]
    counts, rows, root, mean, inverse, w, bias, labels, kind, back, loss, right, grad, grad_bias
):
    """Scores, loss and (if `back`) gradient sums of a linear readout over rows of counts.

    counts [S, N], rows int64 [m] (which of them), w float32 [C, N], bias float32 [C], labels int64
    [S]; blocks of `BLOCK` rows: writes loss float64 [blocks, C] (one-vs-rest: of each class;
    logistic: all in class 0), right int64 [blocks], and if `back` grad float32 [blocks, C, N] and
    grad_bias float32 [blocks, C].
    """
    for b in numba.prange((len(rows) + BLOCK - 1) // BLOCK):
        part = rows[b * BLOCK : min(len(rows), (b + 1) * BLOCK)]
        right[b] = _pass(
            counts, part, root, mean, inverse, w, bias, labels, kind, back,
            loss[b], grad[b], grad_bias[b],
        )  # fmt: skip
