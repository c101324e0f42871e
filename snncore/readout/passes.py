"""Passes over counts: standardised features in pieces, and a readout's loss and gradient.

With features x = (√count − mean) / scale and scores z = W x + b of C classes, a pass over m rows
gives the mean loss ℓ and its gradients ∂ℓ/∂W = Σ_s r_s x_sᵀ / m, ∂ℓ/∂b = Σ_s r_s / m, where
r = ∂ℓ/∂z and y = ±1 (own class or not):

    ridge      ℓ = Σ_c (1 − y z)²            r = −2y(1 − y z)
    hinge      ℓ = Σ_c max(0, 1 − y z)²      r = −2y·max(0, 1 − y z)
    logistic   ℓ = −ln softmax(z)[label]     r = softmax(z) − one-hot

The counts themselves are never copied to floating point: on the CPU the kernel standardises a few
rows at a time in cache; elsewhere the counts move to the device once, as whole numbers.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import distributed
from snncore.counts import CountScaler
from snncore.kernels import kernel_threads
from snncore.kernels import readout as kernels

KINDS = ("ridge", "hinge", "logistic")
_PIECE = 1 << 26  # counts between two signs of life: 0.1 s on two cores
_FLOATS = 1 << 24  # features that are in float32 at one time on a device, 64 MB


class Evaluation(NamedTuple):
    """One pass: mean losses, how many rows are classified rightly, the gradient if asked for."""

    loss: NDArray[np.float64]  # [C] of each class's own problem; [1] for logistic: one problem
    accuracy: float
    gradient: torch.Tensor | None  # [C, N + 1]: of the weights, and last of the intercept


def losses(kind: str, z: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(loss of each sample and problem [m, C or 1], its derivative [m, C]) at scores z [m, C]."""
    if kind == "logistic":
        log_p = torch.log_softmax(z, dim=1)
        residual = log_p.exp()
        own = labels[:, None]
        residual.scatter_add_(1, own, -torch.ones_like(own, dtype=z.dtype))
        return -log_p.gather(1, own), residual
    sign = 2.0 * (labels[:, None] == torch.arange(z.shape[1], device=z.device)) - 1.0
    short = 1.0 - sign * z
    if kind == "hinge":
        short = short.clamp(min=0.0)
    return short * short, -2.0 * sign * short


def curvature(kind: str, z: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean second derivative of the loss with respect to a score, at scores z [m, C]."""
    if kind == "logistic":
        p = torch.softmax(z, dim=1)
        return float((p * (1.0 - p)).mean())
    if kind == "hinge":
        return 2.0 * float((losses(kind, z, labels)[0] > 0).float().mean())
    return 2.0


class Passes:
    """Counts [S, N] with their labels, seen through a scaler, on one device."""

    def __init__(
        self,
        counts: NDArray[Any],
        labels: NDArray[np.int64],
        n_classes: int,
        scaler: CountScaler,
        device: torch.device,
    ) -> None:
        self.device, self.n_classes = device, n_classes
        self.root = scaler.root
        self.n_samples, self.n_features = counts.shape
        self._counts, self._labels, self._folded = counts, labels, scaler.folded
        if device.type != "cpu":
            self._mean, self._inverse = (torch.from_numpy(a).to(device) for a in scaler.folded)
            self._device_labels = torch.from_numpy(labels).to(device)
            # Few operators know 16-bit whole numbers without a sign.
            wide = counts.astype(np.int32) if counts.dtype == np.uint16 else counts
            self._device_counts = torch.from_numpy(wide).to(device)

    def features(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Standardised features float32 [len(rows), N] on the device."""
        if self.device.type == "cpu":
            out = np.empty((len(rows), self.n_features), np.float32)
            with kernel_threads(out.size):
                kernels.standardise(self._counts, rows, self.root, *self._folded, out)
            return torch.from_numpy(out)
        x = self._device_counts[torch.from_numpy(rows).to(self.device)].to(torch.float32)
        if self.root:
            x.sqrt_()
        return x.sub_(self._mean).mul_(self._inverse)

    def labels(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Classes [len(rows)] on the device."""
        return torch.from_numpy(self._labels[rows]).to(self.device)

    def run(
        self, kind: str, weights: torch.Tensor, rows: NDArray[np.int64], *, back: bool
    ) -> Generator[None, None, Evaluation]:
        """One pass at weights [C, N + 1] over some rows; yields several times on the way."""
        if self.device.type == "cpu":
            return self._kernel(kind, weights, rows, back)
        return self._torch(kind, weights, rows, back)

    def _torch(
        self, kind: str, weights: torch.Tensor, rows: NDArray[np.int64], back: bool
    ) -> Generator[None, None, Evaluation]:
        w, b = weights[:, :-1], weights[:, -1]
        gradient = torch.zeros_like(weights)
        problems = 1 if kind == "logistic" else self.n_classes
        total = torch.zeros(problems, device=self.device)
        right = torch.zeros((), dtype=torch.int64, device=self.device)
        step = max(1, _FLOATS // self.n_features)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            x, labels = self.features(part), self.labels(part)
            z = torch.addmm(b, x, w.T)
            loss, residual = losses(kind, z, labels)
            total += loss.sum(dim=0)
            right += (z.argmax(dim=1) == labels).sum()
            if back:
                gradient[:, :-1].addmm_(residual.T, x)
                gradient[:, -1] += residual.sum(dim=0)
            yield
        mean = total.cpu().numpy().astype(np.float64) / len(rows)
        return Evaluation(mean, int(right) / len(rows), gradient.div_(len(rows)) if back else None)

    def _kernel(
        self, kind: str, weights: torch.Tensor, rows: NDArray[np.int64], back: bool
    ) -> Generator[None, None, Evaluation]:
        n_classes, n = self.n_classes, self.n_features
        code, group = KINDS.index(kind), distributed.current()
        w = np.ascontiguousarray(weights[:, :-1].numpy())
        b = np.ascontiguousarray(weights[:, -1].numpy())
        blocks = max(1, min(_PIECE // (n * kernels.BLOCK), -(-len(rows) // kernels.BLOCK)))
        loss, right = np.zeros((blocks, n_classes)), np.zeros(blocks, np.int64)
        grad = np.empty((blocks, n_classes, n), np.float32)  # never touched unless `back`
        grad_bias = np.zeros((blocks, n_classes), np.float32)
        total, total_right = np.zeros(n_classes), 0
        gradient = np.zeros((n_classes, n + 1), np.float32)
        step = blocks * kernels.BLOCK
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            used = -(-len(part) // kernels.BLOCK)
            mine = group.part(used)  # blocks of this process; they are added up in their order
            own = part[mine.start * kernels.BLOCK : mine.stop * kernels.BLOCK]
            with kernel_threads(len(own) * n * n_classes):
                kernels.fused_pass(
                    self._counts, own, self.root, *self._folded, w, b, self._labels, code, back,
                    loss[mine], right[mine], grad[mine], grad_bias[mine],
                )  # fmt: skip
            group.fill_([loss, right, *([grad, grad_bias] if back else [])], used)
            total += loss[:used].sum(axis=0)
            total_right += int(right[:used].sum())
            if back:
                gradient[:, :-1] += grad[:used].sum(axis=0)
                gradient[:, -1] += grad_bias[:used].sum(axis=0)
            yield
        mean = (total[:1] if kind == "logistic" else total) / len(rows)
        gradient /= len(rows)
        return Evaluation(
            mean, total_right / len(rows), torch.from_numpy(gradient) if back else None
        )
