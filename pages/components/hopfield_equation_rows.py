"""Each memory's equations with the numbers of this run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pages.components.hopfield_bench import RecallBench
from pages.components.text import plain
from snncore.hopfield import matched_beta, theory
from snncore.recall_lab import assumed_noise


class Told(NamedTuple):
    """What the panel says of one memory."""

    formulas: tuple[str, ...]  # LaTeX
    words: str  # Markdown


def _sizes(bench: RecallBench) -> tuple[int, int]:
    count, n = bench.answer.patterns.states.shape
    return count, n


def _flips(bench: RecallBench) -> float | None:
    """q, where the damage is that each pixel is wrong with a known probability."""
    noise = bench.ask.noise
    if bench.ask.drawing is not None:
        return None
    return noise.strength if noise.kind == "flip" else None


def _saved(bench: RecallBench) -> str:
    _, n = _sizes(bench)
    held = bench.answer.result.weight_bytes
    saved = 4 * n * n / max(held, 1)
    return (
        f"W would be {n:,} × {n:,} numbers, {4 * n * n / 1e6:,.1f} MB. It is never built: the "
        f"factors take {held / 1e6:,.2f} MB, {saved:,.{0 if saved >= 10 else 1}f} times less."
    )


def _first_error(bench: RecallBench) -> tuple[tuple[str, ...], str]:
    """The error of one Hebb step as theory has it for random pictures."""
    count, n = _sizes(bench)
    q = _flips(bench)
    if q is None or count < 2:
        return (), ""
    error = theory.first_step_error((count - 1) / n, q)
    wrong = 1.0 - bench.answer.result.pixel_accuracy
    formula = (
        r"P_\mathrm{err} = \tfrac12\operatorname{erfc}\frac{1-2q}{\sqrt{2(P-1)/N}} = "
        rf"\tfrac12\operatorname{{erfc}}\frac{{{1 - 2 * q:.2f}}}"
        rf"{{{(2 * (count - 1) / n) ** 0.5:.3f}}} = {error:.2g}"
    )
    return (formula,), (
        f"So few pixels would be wrong after one step if the pictures were **random** (Hertz, "
        f"Krogh & Palmer 1991), {_percent(error)}; here {_percent(wrong)} are in the end. Real "
        "pictures overlap."
    )


def _percent(share: float) -> str:
    if 0 < share < 1e-4:
        return "under 0.01 %"
    return f"{100 * share:.2g} %" if share < 0.99 else "100 %"


def _hebb(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    formula = (
        r"s_i \leftarrow \operatorname{sgn} \sum_{j \ne i} w_{ij}\, s_j, \quad "
        rf"w_{{ij}} = \frac{{1}}{{{n}}} \sum_{{\mu=1}}^{{{count}}} \xi_i^\mu \xi_j^\mu"
    )
    more, words = _first_error(bench)
    load = f"The load P/N is {count / n:.3g}; random pictures fit up to {theory.ALPHA_C:.3f}."
    return Told((formula, *more), f"{load} {_saved(bench)} {words}")


def _covariance(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    mean = float(bench.answer.patterns.states.float().mean())
    formula = (
        r"w_{ij} = \frac{1}{N(1-a^2)} \sum_{\mu} (\xi_i^\mu - a)(\xi_j^\mu - a), \quad "
        rf"a = \langle\xi\rangle = {mean:.3f}"
    )
    return Told(
        (formula,),
        f"{count} pictures of {n:,} pixels, {(1 + mean) / 2:.0%} of them white. {_saved(bench)}",
    )


def _covariance_pixel(bench: RecallBench) -> Told:
    _, n = _sizes(bench)
    mean = bench.answer.patterns.states.float().mean(dim=0)
    power = float((1 - mean * mean).mean())
    shared = float((mean.abs() == 1).float().mean())
    formula = (
        r"h = \bar\xi + \frac{1}{M}\left(D^T D - \operatorname{diag}\right)(s - \bar\xi), \quad "
        r"D_\mu = \xi^\mu - \bar\xi, \quad "
        rf"M = \langle|D_\mu|^2\rangle = {power * n:,.0f}"
    )
    return Told(
        (formula,),
        f"{shared:.0%} of the pixels are alike in all pictures: there the bias ξ̄ is the answer. "
        f"{power:.0%} of a picture's length is its own. {_saved(bench)}",
    )


def _storkey(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    growth = 1 + 2 / n
    rule = (
        r"\Delta w_{ij} = \tfrac1N\left(x_i x_j - x_i h_{ji} - h_{ij} x_j\right), \quad "
        r"h_{ij} = \sum_{k\ne i,j} w_{ik} x_k"
    )
    low = (
        r"W = \operatorname{off}\sum_k \frac{g^{P-k}}{N}\left[x_k x_k^T - x_k h_k^T - "
        rf"h_k x_k^T\right], \quad g = 1 + \tfrac2N = {growth:.5f}"
    )
    limit = theory.storkey_capacity(n)
    return Told(
        (rule, low),
        f"The second line is the first one exactly, with at most 2P = {2 * count} rows. Random "
        f"pictures: up to N/√(2 ln N) = {limit:,.0f}; here {count}. {_saved(bench)}",
    )


def _pseudo_inverse(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    keep = bench.ask.recall.diagonal
    rank = bench.answer.flight.rank
    formula = (
        r"s \leftarrow \operatorname{sgn}\left[(W - (1-D)\operatorname{diag} W)\,s\right],"
        rf"\quad W = X^T (X X^T)^{{-1}} X, \quad D = {keep:g}"
    )
    own = f"W_ii is {(rank or count) / n:.3f} on average; the share D = {keep:g} of it is kept."
    independent = f", {rank} of them independent" if rank not in (None, count) else ""
    return Told(
        (formula,),
        f"The inverse of the {count} × {count} table of overlaps undoes the likeness of the "
        f"pictures{independent}: W projects on their span, so each is stable. {own} "
        f"{_saved(bench)}",
    )


def _nearest(bench: RecallBench) -> tuple[str, str, float]:
    """The two most similar pictures, and their overlap."""
    flight = bench.answer.flight
    a, b = flight.min_hamming_pair
    _, n = _sizes(bench)
    return bench.names[a], bench.names[b], 1 - 2 * flight.min_hamming / n


def _dam(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    p = bench.ask.recall
    if p.centred:
        energy = (
            r"E = -\bar\xi\cdot s - \frac{M}{n} \ln \sum_\mu \left[D_\mu\cdot s\right]_+^{n}, "
            rf"\quad D_\mu = \xi^\mu - \bar\xi, \quad n = {p.degree}"
        )
    else:
        energy = (
            r"E = -\frac{N}{n} \ln \sum_\mu \left[\frac{\xi^\mu\cdot s}{N}\right]_+^{n}, \quad "
            rf"n = {p.degree}"
        )
    move = r"s_i \leftarrow \operatorname{sgn}\left[E(s_i = -1) - E(s_i = +1)\right]"
    words = f"{count} pictures of {n:,} pixels; nothing of size N × N or Nⁿ exists."
    if count > 1 and not p.centred:
        first, second, overlap = _nearest(bench)
        share = max(overlap, 0.0) ** (p.degree - 1)
        words += (
            f" The most similar two, **{plain(first)}** and **{plain(second)}**, overlap by "
            f"{overlap:.3f}: asked with one, the other still pulls with {overlap:.3f} to the power "
            f"n − 1 = {share:.2g} of its weight."
        )
    return Told((energy, move), words)


def _exponential(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    formula = (
        r"E = -\ln \sum_\mu e^{\,\xi^\mu\cdot s}, \quad s_i \leftarrow "
        r"\operatorname{sgn}\left[E(s_i = -1) - E(s_i = +1)\right]"
    )
    words = f"Some 2^(N/2) random pictures of {n:,} pixels fit; here {count}."
    if count > 1:
        first, second, _ = _nearest(bench)
        words += (
            f" The most similar two, **{plain(first)}** and **{plain(second)}**, differ in "
            f"{bench.answer.flight.min_hamming} pixels: each one that the input has from the first "
            "multiplies its weight against the second by e² = 7.4."
        )
    return Told((formula,), words)


def _modern(bench: RecallBench) -> Told:
    p = bench.ask.recall
    count, n = _sizes(bench)
    matched = matched_beta(assumed_noise(bench.ask), bench.mode)
    beta = p.beta or matched
    square = r" - \tfrac12|x|^2" if p.form == "distance" and bench.mode != "binary" else ""
    formula = (
        rf"S \leftarrow X^T \operatorname{{softmax}}\left[\beta\left(X S{square}\right)\right], "
        rf"\quad \beta = {beta:.4g}"
    )
    how = "matched to the damage" if not p.beta else f"matched to this damage it were {matched:.4g}"
    words = (
        f"{count} pictures of {n:,} numbers. β is {how}. Below about 1/N = {1 / n:.1g} the answer "
        "is a blend of all pictures; far above, the nearest picture alone."
    )
    if bench.mode != "binary" and p.form == "dot":
        words += " The dot product favours bright pictures: take the form *distance*."
    return Told((formula,), words)


def _spiking(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    p = bench.ask.spiking.by_mode(bench.mode)
    grey = bench.mode != "binary"
    race = (
        r"U_\mu \leftarrow U_\mu + g\left[\frac{(\xi^\mu - \bar\xi)\cdot v(t)}{N}"
        + (r" - b_\mu" if grey else "")
        + rf"\right] - {p.w_inhibition:g}\sum_{{\nu\ne\mu}} z_\nu + z_\mu + \frac{{2t}}{{t_u^2}}, "
        r"\qquad U_\mu > 1 \Rightarrow z_\mu = 1"
    )
    if grey:
        cells = (
            r"V_i^{\pm} \leftarrow V_i^{\pm} \pm \left(\kappa(2x_i - 1) + \sum_\mu "
            r"(2x_i^\mu - 1)\, y_\mu\right), \qquad v_i = \mathrm{ON}_i - \mathrm{OFF}_i"
        )
    else:
        cells = (
            rf"V_i^{{\pm}} \leftarrow {p.decay:g}\, V_i^{{\pm}} \pm \left({p.w_in:g}\,e_i(t) + "
            rf"{p.w_feedback:g} \sum_\mu \xi_i^\mu y_\mu\right), \qquad "
            r"v_i = \mathrm{ON}_i - \mathrm{OFF}_i \in \{-1,0,1\}"
        )
    words = (
        f"{count} memory units and {n:,} ON/OFF pairs, all snnTorch `Leaky` neurons, {count} × "
        f"{n:,} synapses each way. With an ordinary input a unit gathers evidence for about "
        f"{p.integration * p.time_steps:.0f} of the {p.time_steps} steps; rising urgency forces a "
        f"decision by step {p.urgency * p.time_steps:.0f}."
    )
    trace = bench.answer.result.spikes
    if trace is not None and int(trace.winner[bench.which]) >= 0:
        words += f" This one was decided at step **{int(trace.decision_step[bench.which])}**."
    return Told((race, cells), words)


def _attractor(bench: RecallBench) -> Told:
    count, n = _sizes(bench)
    p = bench.ask.attractor
    cells = (
        rf"V_i^{{\pm}} \leftarrow {p.decay:g}\, V_i^{{\pm}} \pm \left({p.w_in:g}\,e_i(t) + "
        rf"{p.w_recurrent:g} \sum_j w_{{ij}}\, r_j(t-1)\right), \qquad "
        rf"r \leftarrow {p.trace:g}\, r + {1 - p.trace:.2g}\, v"
    )
    return Told(
        (cells,),
        f"{n:,} ON/OFF pairs of spiking cells, coupled by the {p.rule} rule from {count} pictures. "
        f"The input drives them for {p.cue * p.time_steps:.0f} of the {p.time_steps} steps; what "
        "lives on without it is the answer.",
    )


def _seed_sync(bench: RecallBench) -> Told:
    _, n = _sizes(bench)
    formula = (
        r"s = \operatorname{sgn}(W\,p), \qquad W = \operatorname{off}\sum_\mu \xi^\mu (\xi^\mu)^T"
    )
    more, words = _first_error(bench)
    return Told(
        (formula, *more),
        f"The program builds all {n:,} × {n:,} numbers in double precision, "
        f"{8 * n * n / 1e6:,.0f} MB, and makes one step. Ours gives the same answer without "
        f"them. {words}",
    )


def _seed_lif(bench: RecallBench) -> Told:
    count, _ = _sizes(bench)
    formula = (
        r"s = \operatorname{sgn}\left(1.9\, W\, \tfrac{1+p}{2}\right), \qquad "
        rf"W = \tfrac{{1}}{{{count}}} \operatorname{{off}} \sum_\mu (\xi^\mu-\rho)(\xi^\mu-\rho)^T"
    )
    return Told(
        (formula,),
        "White pixels spike in every step and black ones never, so the membrane of a white pixel "
        "is 1.9 at the end of every run: the spikes are counted, but none is fed back. More time "
        "steps give more spikes and the same picture.",
    )


TOLD: dict[str, Callable[[RecallBench], Told]] = {
    "hebb": _hebb,
    "covariance": _covariance,
    "covariance-pixel": _covariance_pixel,
    "storkey": _storkey,
    "pseudo-inverse": _pseudo_inverse,
    "dam": _dam,
    "exponential": _exponential,
    "modern": _modern,
    "spiking": _spiking,
    "spiking-attractor": _attractor,
    "seed-sync": _seed_sync,
    "seed-lif": _seed_lif,
}
