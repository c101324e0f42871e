"""Readouts of whole counts against scikit-learn, and what they promise: memory, order, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from snncore import readout
from snncore.counts import CountScaler
from snncore.readout import KINDS, fitting, passes


def poisson_counts(
    n: int, features: int, classes: int, spread: float = 0.3
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Counts whose rates depend on the class a little, so that classes overlap."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    rates = 3.0 * np.exp(spread * rng.normal(size=(classes, features)))
    return rng.poisson(rates[labels]).astype(np.uint8), labels


def objective(
    kind: str,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    x: NDArray[np.float64],
    labels: NDArray[np.int64],
    penalty: float,
) -> float:
    """Mean loss + λ/2·‖W‖² in float64, written down a second time."""
    z = x @ coef.T + intercept
    y = np.where(labels[:, None] == np.arange(len(coef)), 1.0, -1.0)
    if kind == "ridge":
        loss = ((y - z) ** 2).sum(axis=1)
    elif kind == "hinge":
        loss = (np.maximum(1 - y * z, 0) ** 2).sum(axis=1)
    else:
        loss = np.logaddexp.reduce(z, axis=1) - z[np.arange(len(z)), labels]
    return float(loss.mean() + penalty / 2 * (coef**2).sum())


@pytest.mark.parametrize("penalty", [0.1, 1e-3])
@pytest.mark.parametrize("kind", KINDS)
def test_the_minimum_is_that_of_scikit_learn(kind: str, penalty: float) -> None:
    counts, labels = poisson_counts(1200, 40, 4)
    last = readout.fit_last(counts, labels, 4, kind, penalties=[penalty])
    assert last.model is not None and last.scaler is not None
    x = last.scaler.transform(counts).astype(np.float64)
    strength = 1 / (penalty * len(x))
    if kind == "ridge":
        y = np.where(labels[:, None] == np.arange(4), 1.0, -1.0)
        theirs = Ridge(alpha=penalty * len(x) / 2, solver="cholesky").fit(x, y)
    elif kind == "hinge":  # a large intercept_scaling leaves the intercept out of the penalty
        theirs = LinearSVC(C=strength, dual=False, tol=1e-8, intercept_scaling=1e3).fit(x, labels)
    else:
        theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=1000).fit(x, labels)
    best = objective(kind, theirs.coef_, theirs.intercept_, x, labels, penalty)
    ours = objective(
        kind,
        last.model.coef.astype(np.float64),
        last.model.intercept.astype(np.float64),
        x,
        labels,
        penalty,
    )
    assert ours == pytest.approx(best, rel=1e-3)  # as promised in `minimise`
    scale = np.abs(theirs.coef_).max()
    # An objective that is 1e-3 too high allows coefficients that are √1e-3 = 3 % off.
    np.testing.assert_allclose(last.model.coef, theirs.coef_, atol=0.03 * scale)


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_fused_pass_is_the_torch_pass(
    kind: str, root: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """700 rows: a whole block of 512, and a rest that is no multiple of the kernel's 4 rows."""
    counts, labels = poisson_counts(701, 600, 5)
    scaler = CountScaler.fit(counts, root=root)
    view = passes.Passes(counts, labels, 5, scaler, torch.device("cpu"))
    rng = np.random.default_rng(1)
    weights = torch.from_numpy(0.05 * rng.normal(size=(5, 601)).astype(np.float32))
    rows = np.flatnonzero(rng.random(701) < 0.95)
    assert len(rows) % 4

    def finish(run):  # type: ignore[no-untyped-def]
        while True:
            try:
                next(run)
            except StopIteration as end:
                return end.value

    fused = finish(view.run(kind, weights, rows, back=True))
    monkeypatch.setattr(passes, "_FLOATS", 100 * 600)  # several pieces
    plain = finish(view._torch(kind, weights, rows, True))
    np.testing.assert_allclose(fused.loss, plain.loss, rtol=1e-5)  # sums of 700 in float32
    assert fused.accuracy == plain.accuracy
    largest = float(plain.gradient.abs().max())
    np.testing.assert_allclose(fused.gradient, plain.gradient, atol=1e-5 * largest)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    counts, labels = poisson_counts(50, 6, 3)
    scaler = CountScaler.fit(counts)
    x = torch.from_numpy(scaler.transform(counts)).double()
    y = torch.from_numpy(labels)
    for kind in KINDS:
        z = (x @ torch.full((6, 3), 0.1, dtype=torch.float64)).requires_grad_()
        loss, residual = passes.losses(kind, z, y)
        (expected,) = torch.autograd.grad(loss.sum(), z)
        torch.testing.assert_close(residual, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_answer_on_one_thread_and_on_two(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, labels = poisson_counts(1500, 30, 3)
    before = torch.get_num_threads()
    models = []
    for threads in (1, 2):
        monkeypatch.setenv("SNNCORE_THREADS", str(threads))
        torch.set_num_threads(threads)
        last = readout.fit_last(counts, labels, 3, kind, seed=4)
        models.append(last.model)
        assert last.validation_accuracy is None
    torch.set_num_threads(before)
    # The passes are equal to the last bit; matrix products of torch differ by rounding.
    np.testing.assert_allclose(models[0].coef, models[1].coef, rtol=1e-3, atol=1e-5)
    assert models[0].alpha == models[1].alpha


def test_iterative_ridge_for_many_features_is_the_closed_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts, labels = poisson_counts(1500, 30, 3)
    closed = readout.fit_last(counts, labels, 3, "ridge", penalties=[0.01])
    monkeypatch.setattr("snncore.readout.fitting.CLOSED_FORM", 10)
    steps = readout.fit_last(counts, labels, 3, "ridge", penalties=[0.01])
    assert steps.epoch > 0 and closed.epoch == 0
    assert steps.loss == pytest.approx(closed.loss, rel=1e-4)


def test_the_penalty_with_the_most_held_out_samples_right_is_taken() -> None:
    """Nearly as many noisy features as samples: small penalties learn the noise by heart."""
    counts, labels = poisson_counts(600, 450, 6, spread=0.06)
    items = list(readout.fit(counts, labels, 6, "ridge", penalties=[3.0, 1e-1, 1e-5]))
    last = items[-1]
    assert last.model is not None
    assert [point.penalty for point in last.path] == [3.0, 0.1, 1e-5]
    best = max(last.path, key=lambda point: point.validation_accuracy)
    assert last.model.alpha == best.penalty == last.penalty == 3.0
    assert last.path[2].accuracy > 0.99 > 0.9 > best.validation_accuracy > 1.3 / 6


def test_epochs_tell_a_falling_loss_and_a_progress_that_never_falls() -> None:
    counts, labels = poisson_counts(800, 50, 4)
    items = list(readout.fit(counts, labels, 4, "hinge"))
    progress = [item.progress for item in items]
    assert progress == sorted(progress) and progress[-1] == 1.0
    assert all(item.model is None for item in items[:-1])
    assert {item.phase for item in items} == {"prepare", "validation", "final"}
    first = [i for i in items if i.phase == "validation" and i.penalty == 1.0 and i.loss]
    assert [i.epoch for i in first] == list(range(len(first)))
    losses = [i.loss for i in first]
    assert losses[0] == pytest.approx(4.0)  # from zero weights: each of four classes errs by 1
    assert losses[-1] < 0.5 * losses[0]
    assert all(i.validation_accuracy is not None for i in first)


def test_scores_are_those_of_the_scaled_features_and_counts_stay_as_they_are() -> None:
    counts, labels = poisson_counts(300, 20, 3)
    before = counts.copy()
    last = readout.fit_last(counts, labels, 3)
    assert last.model is not None and last.scaler is not None
    z = readout.scores(counts, last.model, last.scaler)
    np.testing.assert_array_equal(z, last.model.scores(last.scaler.transform(counts)))
    assert np.mean(z.argmax(axis=1) == labels) == last.accuracy
    assert (counts == before).all()


def resident(name: str) -> float:
    """A figure of this process's memory in MB, by its name in /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith(name))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux counts peaks")
@pytest.mark.parametrize("kind", ["ridge", "hinge"])
def test_no_floating_copy_of_all_counts_is_made(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """18 MB of counts would be 72 MB in float32; pieces of the 300 features need a few MB each."""
    monkeypatch.setitem(fitting._LIMIT, "final", 3)  # every step needs the same
    few, labels = poisson_counts(2000, 300, 3)
    readout.fit_last(few, labels, 3, kind, penalties=[1.0])  # compiled, threads have their memory
    counts, labels = np.tile(few, (30, 1)), np.tile(labels, 30)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
    except OSError:
        pytest.skip("the peak of this process cannot be set back")
    before = resident("VmRSS")
    readout.fit_last(counts, labels, 3, kind, penalties=[1.0])
    assert resident("VmHWM") - before < 40


CASES = {
    "one class": (np.arange(40).reshape(20, 2), np.zeros(20, int), 1),
    "a class of three": (np.arange(40).reshape(20, 2), np.zeros(20, int), 3),
    "two samples": (np.array([[1, 2], [3, 4]]), np.array([0, 1]), 2),
    "constant": (np.full((20, 3), 7), np.arange(20) % 2, 2),
    "silence": (np.zeros((20, 3), int), np.arange(20) % 2, 2),
    "more features than samples": (np.arange(300).reshape(6, 50) % 7, np.arange(6) % 2, 2),
    "missing classes": (np.arange(60).reshape(20, 3) % 7, np.arange(20) % 2 * 4, 6),
    "largest counts": (np.where(np.arange(60).reshape(20, 3) % 7, 0, 65535), np.arange(20) % 2, 2),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_odd_data_give_a_finite_readout(case: str, kind: str) -> None:
    counts, labels, classes = CASES[case]
    # 16 bits for one case only: each type of counts is compiled for itself.
    counts = np.asarray(counts, np.uint16 if case == "largest counts" else np.uint8)
    for penalties in ([0.1, 0.01], [1e12]):
        last = readout.fit_last(counts, labels, classes, kind, penalties=penalties)
        assert last.model is not None and last.scaler is not None
        assert last.loss is not None and np.isfinite(last.loss)
        assert np.isfinite(readout.scores(counts, last.model, last.scaler)).all()


def test_a_penalty_too_small_for_dependent_features_is_named_or_still_finite() -> None:
    counts, labels, classes = CASES["more features than samples"]
    counts = np.asarray(counts, np.uint8)
    with pytest.raises(ValueError, match="penalty must be larger for these features"):
        readout.fit_last(counts, labels, classes, "ridge", penalties=[1e-12])
    last = readout.fit_last(counts, labels, classes, "hinge", penalties=[1e-12])
    assert last.loss is not None and np.isfinite(last.loss)


def test_a_fit_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, labels = poisson_counts(600, 50, 4)
    assert readout.fit_last(counts, labels, 4, "hinge", penalties=[0.01]).converged
    monkeypatch.setitem(fitting._LIMIT, "final", 2)
    last = readout.fit_last(counts, labels, 4, "hinge", penalties=[0.01])
    assert not last.converged and last.epoch == 2


def test_features_whose_second_moments_would_not_fit_are_refused_with_the_number() -> None:
    counts = np.ones((4, 12_800), np.uint8)
    with pytest.raises(ValueError, match=r"at most 8192 features .* got 12800, which need 1\.3 GB"):
        readout.fit(counts, [0, 1, 0, 1], 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "svm"}, "kind must be one of ridge, hinge, logistic, got 'svm'"),
        ({"counts": np.zeros((1, 2)), "labels": [0]}, "at least 2"),
        ({"counts": np.zeros(4)}, r"must be \[S, N\]"),
        ({"counts": np.full((4, 2), np.nan)}, "NaN"),
        ({"counts": -np.ones((4, 2))}, ">= 0 everywhere"),
        ({"labels": [0, 1, 2, 0]}, r"labels must be in 0\.\.1, got 2"),
        ({"labels": [0, 1, 0]}, "got 4 and 3"),
        ({"labels": [0.0, 1.0, 0.0, 1.0]}, "whole numbers"),
        ({"penalties": []}, "at least one"),
        ({"penalties": [0.0]}, r"penalties must be in 1e-12\.\.1e\+12"),
        ({"penalties": [float("nan")]}, "penalties must be"),
    ],
)
def test_bad_input_is_named_at_the_call(change: dict[str, object], words: str) -> None:
    given = {"counts": np.ones((4, 2), np.uint8), "labels": [0, 1, 0, 1], "n_classes": 2} | change
    with pytest.raises(ValueError, match=words):
        readout.fit(**given)
