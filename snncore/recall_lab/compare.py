"""All memories side by side on the same probes, row by row, under the best possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.device import choose_device
from snncore.hopfield import Patterns, Probes, as_is, background
from snncore.recall_lab.ask import Ask, load_patterns
from snncore.recall_lab.recall import Piece, Recall, pieces
from snncore.recall_lab.rules import RULES, check_mode, rules_for
from snncore.recall_lab.session import Questions, assumed_noise, network


class Row(NamedTuple):
    """One memory, or one yardstick."""

    name: str  # of the rule, or the kind
    title: str
    kind: Literal["rule", "bound", "probe", "background"]
    pixel_accuracy: float
    exact_fraction: float
    psnr_db: float | None  # None for binary pictures
    ssim: float | None
    steps: int | None  # None for yardsticks, like all below
    seconds: float | None
    weight_bytes: int | None
    picture: NDArray[np.float32]  # [N], the answer to the probe that is looked at


class Comparison(NamedTuple):
    """The rows so far."""

    rows: tuple[Row, ...]
    now: str  # title of the memory at work; "" at the end
    done: int
    total: int
    fraction: float  # 0..1


def compare(
    ask: Ask,
    rules: Sequence[str] | None = None,
    *,
    which: int = 0,
    device: torch.device | None = None,
) -> Iterator[Comparison]:
    """Every memory answers the probes of `ask`; the last snapshot has all rows and yardsticks.

    Args:
        rules: names in `RULES`; all that can store the pictures if None.
        which: the probe whose answers are kept as pictures.

    Raises:
        ValueError: an unknown rule, one that cannot store such pictures, or a probe that is not
            there; otherwise as `load_patterns`.
    """
    names = tuple(rules_for(ask.mode) if rules is None else rules)
    if not names:
        raise ValueError("rules must name at least one memory, got none")
    for name in names:
        if name not in RULES:
            raise ValueError(f"rules must be of {', '.join(RULES)}, got {name!r}")
        check_mode(name, ask.mode)
    asks = [ask.with_rule(name) for name in names]
    stored = load_patterns(asks[0]).to(device or choose_device().device)
    questions = Questions(ask, stored)
    probes, total = questions.all(), len(names)
    if not 0 <= which < len(questions.targets):
        raise ValueError(f"which must be in 0..{len(questions.targets) - 1}, got {which}")
    rows: list[Row] = []
    result: Recall | None = None
    for k, one in enumerate(asks):
        title = RULES[one.rule].title
        for piece in _answers(one, stored, probes, questions):
            result = piece.result
            part = (piece.first + len(piece.overlap) * piece.moment.step / piece.moment.of) / len(
                questions.targets
            )
            if result is None:
                yield Comparison(tuple(rows), title, k, total, (k + part) / total)
        if result is None:
            raise RuntimeError("a recall ended without its result")
        rows.append(_row(one.rule, result, which))
    if result is not None:
        rows += _yardsticks(result, stored, probes, which)
    yield Comparison(tuple(rows), "", total, total, 1.0)


def _answers(ask: Ask, stored: Patterns, probes: Probes, questions: Questions) -> Iterator[Piece]:
    return pieces(
        stored,
        lambda first, end: probes.rows(slice(first, end)),
        questions.targets,
        questions.samples,
        lambda: network(ask, stored),
        rule=ask.rule,
        noise=assumed_noise(ask),
        seed=ask.seed,
    )


def _row(rule: str, r: Recall, which: int) -> Row:
    return Row(
        rule,
        RULES[rule].title,
        "rule",
        r.pixel_accuracy,
        r.exact_fraction,
        r.psnr_db,
        r.ssim_mean,
        r.steps,
        r.seconds,
        r.weight_bytes,
        r.recalled[which].numpy().astype(np.float32),
    )


def _yardsticks(r: Recall, stored: Patterns, probes: Probes, which: int) -> list[Row]:
    """The best possible answers, the probes as they are, and one constant picture for all."""

    def row(
        kind: Literal["bound", "probe", "background"],
        title: str,
        pixels: float,
        exact: float,
        psnr: float | None,
        ssim: float | None,
        picture: torch.Tensor,
    ) -> Row:
        seen = picture.cpu().numpy().astype(np.float32)
        return Row(kind, title, kind, pixels, exact, psnr, ssim, None, None, None, seen)

    one = probes.rows(slice(which, which + 1))
    flat = torch.full((stored.states.shape[1],), float(background(stored)))
    return [
        row(
            "bound",
            "Best possible",
            r.bound_pixel_accuracy,
            r.bound_exact_fraction,
            r.bound_psnr_db,
            None,
            r.bound.pixels[which],
        ),
        row(
            "probe",
            "Damaged input as it is",
            r.probe_pixel_accuracy,
            r.probe_exact_fraction,
            r.probe_psnr_db,
            r.probe_ssim,
            as_is(stored, one)[0],
        ),
        row(
            "background",
            "One blank picture",
            r.background_pixel_accuracy,
            0.0,
            r.background_psnr_db,
            None,
            flat,
        ),
    ]
