"""What every code of the registry must do, whatever it is: one test each, over all of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from snncore import encoding
from snncore.encoding.code import FAMILIES
from snncore.encoding.events import EXACT_TIMES, encode_events
from snncore.params import Params

Tensor = torch.Tensor

CODES = tuple(encoding.CODES.values())
WITH_LAW = tuple(code for code in CODES if code.law is not None)
WITH_BOUND = tuple(code for code in CODES if code.bound is not None)
STEPS = 60
SHAPE = (16, 17)  # of pictures: room for the windows of the retina


def every(codes: tuple[encoding.Code, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("code", codes, ids=lambda code: str(code.name))


def source(code: encoding.Code, rows: int = 3) -> Tensor:
    """Random inputs in 0..1 in the code's own form; for signal codes, waves with slow slopes."""
    draw = np.random.default_rng(5)
    if code.kind == "signal":
        t = np.arange(200)[:, None, None]
        phase, speed = draw.uniform(0, 6, (1, rows, 2)), draw.uniform(0.01, 0.08, (1, rows, 2))
        return torch.tensor(0.5 + 0.48 * np.sin(speed * t + phase), dtype=torch.float32)
    shape = (rows, *SHAPE) if code.kind == "picture" else (rows, 90)
    return torch.tensor(draw.uniform(0, 1, shape), dtype=torch.float32)


def encode(
    code: encoding.Code, x: Tensor, seed: int = 0, samples: Tensor | None = None
) -> tuple[Tensor, Params]:
    params = code.params()
    if code.kind == "signal":
        return code.encode(x, params, seed=seed, samples=samples), params
    return code.encode(x, params, n_steps=STEPS, seed=seed, samples=samples), params


def decode(code: encoding.Code, spikes: Tensor, params: Params, x: Tensor) -> Tensor:
    if code.kind == "signal":
        return code.decode(spikes, params, code.header(x, params))
    return (
        code.decode(spikes, params, SHAPE)
        if code.kind == "picture"
        else code.decode(spikes, params)
    )


def test_there_are_more_codes_than_anywhere_and_each_is_described() -> None:
    assert len(CODES) >= 20
    for name, code in encoding.CODES.items():
        assert code.name == name and code.family in FAMILIES
        assert code.title and code.equation and code.idea
        assert any(letter.isdigit() for letter in code.reference), f"{name}: which year?"
        assert code.knob == "" or code.knob in code.params.specs()
        assert code.partial in ("cut", "mask", "wait")


def test_unknown_code_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown code 'morse'.*rate"):
        encoding.get_code("morse")


@every(CODES)
def test_spikes_are_of_their_types_and_the_decoder_gives_values_back(code: encoding.Code) -> None:
    x = source(code)
    spikes, params = encode(code, x)
    steps = 200 if code.kind == "signal" else STEPS
    assert spikes.shape[:2] == (steps, 3)
    assert spikes.dtype in (torch.bool, torch.uint8, torch.int8)
    assert spikes.any() or code.name == "delta"  # which slow waves escape: a test of its own
    if code.kind == "intensity":
        assert spikes.shape[2] == 90 * code.spread(params)
    values = decode(code, spikes, params, x)
    assert values.dtype == torch.float32 and torch.isfinite(values).all()
    assert values.shape == (x.shape if code.kind == "signal" else (3, x[0].numel()))


@every(CODES)
def test_zero_is_silent_if_and_only_if_the_registry_says_so(code: encoding.Code) -> None:
    nothing = torch.zeros_like(source(code))
    assert bool(encode(code, nothing)[0].any()) != code.silent_at_zero


@every(tuple(code for code in CODES if code.kind == "intensity" and code.silent_at_zero))
def test_a_dark_pixel_among_bright_ones_is_silent(code: encoding.Code) -> None:
    values = torch.linspace(0, 1, 90)[None]
    spikes = encode(code, values)[0]
    assert not bool(spikes[:, 0, 0].any()) and bool(spikes[:, 0, -1].any())


@every(CODES)
def test_input_is_unchanged_and_so_are_the_spikes_by_the_decoder(code: encoding.Code) -> None:
    x = source(code)
    spikes, params = encode(code, x)
    assert torch.equal(x, source(code))
    kept = spikes.clone()
    decode(code, spikes, params, x)
    assert torch.equal(spikes, kept)


@every(CODES)
def test_batch_equals_its_rows_one_by_one(code: encoding.Code) -> None:
    x = source(code)
    together, params = encode(code, x, seed=3)
    back = decode(code, together, params, x)
    for b in range(3):
        row = x[:, b : b + 1] if code.kind == "signal" else x[b : b + 1]
        alone = encode(code, row, seed=3, samples=torch.tensor([b]))[0]
        assert torch.equal(together[:, b : b + 1], alone)
        values = decode(code, alone, params, row)
        here = back[:, b : b + 1] if code.kind == "signal" else back[b : b + 1]
        # transforms and sums may be taken in another order for another size
        torch.testing.assert_close(values, here, rtol=0, atol=2e-6)


@every(CODES)
def test_same_seed_same_spikes_and_other_seed_only_if_stochastic(code: encoding.Code) -> None:
    x = source(code)
    a, b, c = (encode(code, x, seed=seed)[0] for seed in (7, 7, 8))
    assert torch.equal(a, b)
    assert torch.equal(a, c) != code.stochastic


@every(tuple(code for code in CODES if code.kind != "signal"))
@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan, math.inf])
def test_intensities_outside_are_refused_not_clipped(code: encoding.Code, bad: float) -> None:
    x = source(code)
    x.view(-1)[7] = bad
    with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
        encode(code, x)


@every(tuple(code for code in CODES if code.kind == "signal"))
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_signals_with_holes_are_refused(code: encoding.Code, bad: float) -> None:
    x = source(code)
    x.view(-1)[7] = bad
    with pytest.raises(ValueError, match=r"finite|in 0\.\.1"):
        encode(code, x)


@every(CODES)
def test_bad_shapes_types_and_steps_are_named(code: encoding.Code) -> None:
    params, x = code.params(), source(code)
    steps = {} if code.kind == "signal" else {"n_steps": STEPS}
    with pytest.raises(ValueError, match=r"must be \[.*got shape"):
        code.encode(torch.zeros(3), params, **steps)
    with pytest.raises(ValueError, match="floating point"):
        code.encode(x.to(torch.int64), params, **steps)
    with pytest.raises(ValueError, match=r"spikes must be \[T"):
        decode(code, torch.zeros(3, 4, dtype=torch.bool), params, x)
    if code.kind != "signal":
        for bad in (0, -1, 2.5, True):
            with pytest.raises(ValueError, match="n_steps must be"):
                code.encode(x, params, n_steps=bad)


@every(WITH_BOUND)
def test_declared_bounds_are_kept(code: encoding.Code) -> None:
    x = source(code, 40)
    spikes, params = encode(code, x)
    steps = len(x) if code.kind == "signal" else STEPS
    error = float((decode(code, spikes, params, x) - x).abs().max())
    bound = code.bound(params, steps)
    assert 0.3 * bound < error <= bound + 1e-5  # float32; and it is a bound worth its name
    assert code.bound_holds


@every(CODES)
def test_every_lower_end_of_a_parameter_can_be_used(code: encoding.Code) -> None:
    assert not any(spec.lo_open for spec in code.params.specs().values())
    x = torch.zeros_like(source(code))
    x[..., ::2] = source(code)[..., ::2]
    for name, spec in code.params.specs().items():
        if spec.kind != "float":
            continue
        steps = {} if code.kind == "signal" else {"n_steps": STEPS}
        try:
            params = code.params.from_dict({name: spec.lo})
            spikes = code.encode(x, params, **steps)
        except ValueError as error:  # a range knows neither the input nor the other fields
            assert name in str(error) and "must be" in str(error)
            continue
        assert bool(torch.isfinite(decode(code, spikes, params, x)).all()), name
        if code.silent_at_zero:
            nothing = code.encode(torch.zeros_like(x), params, **steps)
            assert not bool(nothing.any()) or (name, spec.lo) == ("centre", 0.0), name


def test_delta_does_not_bring_a_slow_signal_back() -> None:
    code = encoding.get_code("delta")
    assert not code.invertible
    assert encoding.get_code("send_on_delta").invertible
    signal = torch.linspace(0, 1, 1000).view(-1, 1, 1)
    back = decode(code, code.encode(signal, code.params()), code.params(), signal)
    assert float((back - signal).abs().max()) == 1.0


@every(tuple(code for code in CODES if code.invertible and code.kind == "intensity"))
def test_what_comes_back_rises_with_what_was_sent(code: encoding.Code) -> None:
    values = torch.linspace(0, 1, 6).expand(50, 6)
    params = code.params()
    back = code.decode(code.encode(values, params, n_steps=400), params).mean(dim=0)
    assert bool((back.diff() > 0).all())
    assert float((back - values[0]).abs().max()) < 0.11


# --- laws ----------------------------------------------------------------------------------------


class Simulated(NamedTuple):
    """Many trains of one value: counts [N], intervals on the grid, exact intervals."""

    counts: np.ndarray
    intervals: np.ndarray
    exact: np.ndarray


def simulate(code: encoding.Code, value: float, steps: int = 2000, trains: int = 300) -> Simulated:
    params = code.params()
    if code.kind == "signal":
        spikes = code.encode(torch.full((steps, 1, trains), value), params, seed=1)[:, 0]
    else:
        spikes = code.encode(torch.full((1, trains), value), params, n_steps=steps, seed=1)[:, 0]
    occupied = spikes.numpy() != 0
    grid = np.concatenate([np.diff(np.flatnonzero(train)) for train in occupied.T])
    exact = grid.astype(float)
    # a signal that stays has the spikes of its intensity, tested in test_encoding_rate.py
    name = code.name.removeprefix("inhomogeneous_")
    if name in EXACT_TIMES:
        values = torch.full((1, trains), value)
        found = encode_events(name, values, n_steps=steps, seed=1)
        same = found.neuron[1:] == found.neuron[:-1]
        exact = found.time.numpy().astype(float)
        exact = np.diff(exact)[same.numpy()]
    counts = np.abs(spikes.numpy().astype(np.int64)).sum(axis=0)
    return Simulated(counts, grid, exact)


@every(WITH_LAW)
@pytest.mark.parametrize("value", [0.15, 0.63, 0.9])
def test_laws_are_what_the_spikes_do(code: encoding.Code, value: float) -> None:
    steps, longest = 2000, 60
    law, sim = code.law(code.params(), value, longest), simulate(code, value, steps)
    spread = math.sqrt(max(law.fano * law.rate, 1e-12) / (steps * len(sim.counts)))
    # an interval may be cut off at either end: one count in T of a regular train
    assert sim.counts.mean() / steps == pytest.approx(law.rate, abs=5 * spread + 1 / steps)
    n = len(sim.exact)
    # std of a CV: √((κ/4 + CV²)/n)·CV ≤ 1.5·CV/√n for these laws; float32 times for the clocks
    cv = sim.exact.std() / sim.exact.mean()
    assert cv == pytest.approx(law.cv, abs=7.5 * law.cv / math.sqrt(n) + 2e-4)
    fano = sim.counts.var() / sim.counts.mean()
    slack = (1 - law.fano) / (law.rate * steps) + 0.25 / (law.rate * steps)  # of a finite window
    assert fano == pytest.approx(law.fano, abs=5 * law.fano * math.sqrt(2 / 300) + slack)


@every(WITH_LAW)
@pytest.mark.parametrize("value", [0.15, 0.63, 0.9])
def test_interval_histograms_pass_a_chi_square_test_of_their_law(
    code: encoding.Code, value: float
) -> None:
    law, sim = code.law(code.params(), value, 400), simulate(code, value)
    n = len(sim.intervals)
    observed = np.bincount(sim.intervals, minlength=401)[1:401]
    assert law.intervals.sum() == pytest.approx(1.0, abs=1e-6)
    assert (law.intervals >= 0).all()
    if law.cv == 0:  # a clock: its intervals are balanced, not independent
        assert np.abs(observed / n - law.intervals).max() < 1 / 200
        return
    often = n * law.intervals >= 5
    expected = np.append(n * law.intervals[often], n * (1 - law.intervals[often].sum()))
    found = np.append(observed[often], n - observed[often].sum())
    keep = expected > 1
    statistic = float(((found - expected)[keep] ** 2 / expected[keep]).sum())
    freedom = int(keep.sum()) - 1
    # chi-square has mean f and variance 2f. Neighbouring intervals of a gamma process on the grid
    # are weakly dependent, which the factor allows for.
    assert statistic < freedom + 6 * math.sqrt(2 * max(1, freedom))


@every(WITH_LAW)
def test_laws_of_silence_and_bad_questions(code: encoding.Code) -> None:
    value = 0.5 if code.name == "signed_poisson" else 0.0
    law = code.law(code.params(), value, 5)
    assert law.rate == 0 and math.isnan(law.cv) and math.isnan(law.fano)
    assert law.intervals.tolist() == [0.0] * 5
    with pytest.raises(ValueError, match=r"value must be in 0\.\.1, got 1.5"):
        code.law(code.params(), 1.5, 5)
    with pytest.raises(ValueError, match="longest must be a whole number >= 1, got 0"):
        code.law(code.params(), 0.6, 0)
