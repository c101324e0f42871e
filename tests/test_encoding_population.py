"""Population codes against published activities, closed forms and the Cramér–Rao bound."""

import math

import numpy as np
import pytest
import torch

from snncore import encoding
from snncore.encoding import population


def ramp(n: int = 1001) -> torch.Tensor:
    """All values 0, 1/(n−1), …, 1 in one row."""
    return torch.linspace(0, 1, n)[None]


def slopes(x: np.ndarray, m: int, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Activities and their derivatives [X, m], written once more in numpy."""
    centres = (2 * np.arange(1, m + 1) - 3) / 2 / (m - 2)
    sigma = 1 / (beta * (m - 2))
    away = x[:, None] - centres
    y = np.exp(-(away**2) / (2 * sigma**2))
    return y, -away / sigma**2 * y


# --- the fields ----------------------------------------------------------------------------------


def test_fields_are_the_published_ones():
    # Norse's doctest: population_encode([0, .5, 1], 3)
    values = torch.tensor([0.0, 0.5, 1.0])
    got = population.fields(values, torch.tensor([0.0, 0.5, 1.0]), 1.0)
    expected = [[1, 0.8825, 0.6065], [0.8825, 1, 0.8825], [0.6065, 0.8825, 1]]
    torch.testing.assert_close(got, torch.tensor(expected), rtol=0, atol=5e-5)


@pytest.mark.parametrize(("m", "expected"), [(3, [-0.5, 0.5, 1.5]), (4, [-0.25, 0.25, 0.75, 1.25])])
def test_centres_and_width_are_those_of_bohte(m, expected):
    torch.testing.assert_close(population.centres(m), torch.tensor(expected))
    assert population.width(m) == pytest.approx(1 / (1.5 * (m - 2)))


def test_fields_refuse_what_they_cannot_be():
    with pytest.raises(ValueError, match="width must be > 0, got 0"):
        population.fields(torch.zeros(2), torch.zeros(3), 0.0)
    with pytest.raises(ValueError, match="n_fields must be >= 3, got 2"):
        population.centres(2)
    with pytest.raises(ValueError, match="fields must be >= 3"):
        encoding.PopulationRateParams(fields=2)


@pytest.mark.parametrize("name", ["population_rate", "population_latency"])
def test_the_neurons_of_a_value_are_neighbours(name):
    code = encoding.get_code(name)
    params = code.params(fields=6)
    assert code.spread(params) == 6
    one = code.encode(torch.tensor([[0.2, 0.7, 0.4]]), params, n_steps=60)
    other = code.encode(torch.tensor([[0.2, 0.1, 0.4]]), params, n_steps=60)
    assert one.shape == (60, 1, 18) and one.dtype == torch.bool
    differs = (one != other).any(dim=0)[0].nonzero()[:, 0]
    assert len(differs) > 0
    assert all(6 <= int(k) < 12 for k in differs)


@pytest.mark.parametrize("name", ["population_rate", "population_latency"])
def test_black_is_not_silent_and_no_spike_says_the_middle(name):
    code = encoding.get_code(name)
    assert not code.silent_at_zero
    assert bool(code.encode(torch.zeros(1, 1), code.params(), n_steps=50).any())
    silence = torch.zeros((50, 2, 16), dtype=torch.bool)
    assert code.decode(silence, code.params()).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ValueError, match="multiple of 8 neurons, got 9"):
        code.decode(torch.zeros((50, 2, 9)), code.params())


@pytest.mark.parametrize("name", ["population_rate", "population_latency"])
def test_rows_alone_give_the_same_spikes_and_inputs_stay(name):
    code = encoding.get_code(name)
    values = torch.rand(3, 20, generator=torch.Generator().manual_seed(0))
    copy = values.clone()
    spikes = code.encode(values, code.params(), n_steps=30, seed=1)
    assert torch.equal(values, copy)
    for b in range(3):
        alone = code.encode(
            values[b : b + 1], code.params(), n_steps=30, seed=1, samples=torch.tensor([b])
        )
        assert torch.equal(spikes[:, b : b + 1], alone)
    other = code.encode(values, code.params(), n_steps=30, seed=2)
    assert torch.equal(spikes, other) != code.stochastic
    with pytest.raises(ValueError, match=r"0\.\.1"):
        code.encode(values + 1, code.params(), n_steps=30)


# --- rate ----------------------------------------------------------------------------------------


def test_rates_are_the_fields_times_the_gain():
    params, values = encoding.PopulationRateParams(fields=5, gain=0.8), ramp(9).T.repeat(1, 300)
    spikes = encoding.population_rate_encode(values, params, n_steps=100)
    seen = spikes.double().mean(dim=0).view(9, 300, 5).mean(dim=1).numpy()
    p = 0.8 * slopes(np.linspace(0, 1, 9), 5, 1.5)[0]
    assert np.all(np.abs(seen - p) <= 5 * np.sqrt(p * (1 - p) / 30000) + 1e-9)


@pytest.mark.parametrize("gain", [0.3, 0.9])
def test_rate_decoder_is_as_exact_as_any_unbiased_one_can_be(gain):
    # Cramér–Rao: 1/Var ≥ T Σ_j p_j'²/(p_j(1 − p_j)); the likeliest value reaches it as T grows
    params, steps, trials = encoding.PopulationRateParams(gain=gain), 400, 3000
    x = np.array([0.1, 0.37, 0.5, 0.82])
    values = torch.from_numpy(x.astype(np.float32))[:, None].repeat(1, trials)
    spikes = encoding.population_rate_encode(values, params, n_steps=steps, seed=3)
    found = encoding.population_rate_decode(spikes, params).double().numpy()
    y, slope = slopes(x, 8, 1.5)
    best = 1 / np.sqrt(steps * gain * np.sum(slope**2 / (y * (1 - gain * y)), axis=1))
    assert np.abs(found.mean(axis=1) - x).max() < 5 * best.max() / math.sqrt(trials) + 1e-3
    # standard error of a standard deviation: 1/√(2·3000) = 1.3 %; T = 400 is not quite infinite
    assert np.all(np.abs(found.std(axis=1) / best - 1) < 0.1)


@pytest.mark.parametrize("beta", [1.5, 3.0])
def test_rate_decoder_finds_the_likeliest_value_of_short_trains(beta):
    params = encoding.PopulationRateParams(6, beta, 0.9)
    spikes = encoding.population_rate_encode(ramp(300), params, n_steps=4, seed=5)
    found = encoding.population_rate_decode(spikes, params)[0].double().numpy()
    counts = spikes.sum(dim=0).view(300, 6).double().numpy()
    grid = np.linspace(0, 1, 4001)

    def likelihoods(x: np.ndarray) -> np.ndarray:  # log L(x) of each value's counts, [300, X]
        p = 0.9 * slopes(x, 6, beta)[0].T
        return counts @ np.log(p) + (4 - counts) @ np.log1p(-p)

    highest = likelihoods(grid).max(axis=1)
    reached = np.diag(likelihoods(found))
    some = counts.sum(axis=1) > 0
    assert some.sum() > 250
    # two steps of scoring end within a hundredth of a unit of log L
    assert float((highest - reached)[some].max()) < 0.01


@pytest.mark.parametrize("name", ["population_rate", "population_latency"])
@pytest.mark.parametrize("x", [0.0, 0.03, 0.97, 1.0])
def test_decoders_are_not_biased_at_the_edges_as_the_centre_of_mass_is(name, x):
    code = encoding.get_code(name)
    params = code.params(fields=5)
    y, _ = slopes(np.array([x]), 5, 1.5)
    centres = population.centres(5).numpy()
    assert abs((y @ centres / y.sum()).item() - x) > 0.007  # the wrong way
    values = torch.full((1, 500), x)
    back = code.decode(code.encode(values, params, n_steps=1000), params).double()
    assert float(back.mean()) == pytest.approx(x, abs=0.004)


# --- latency -------------------------------------------------------------------------------------


def test_latencies_are_those_of_bohte():
    # m = 4, σ = 1/3: centres −¼, ¼, ¾, 5/4; x = ¼ is the favourite of the second
    values = torch.tensor([[0.25]])
    params = encoding.PopulationLatencyParams(fields=4)
    steps = population.population_latency_steps(values, params, n_steps=11)
    y = [math.exp(-(d**2) / 2 * 9) for d in (0.5, 0.0, 0.5, 1.0)]  # .325, 1, .325, .011
    assert steps.tolist() == [[round(10 * (1 - y[0])), 0, round(10 * (1 - y[2])), -1]]


@pytest.mark.parametrize("steps", [20, 100, 1000])
@pytest.mark.parametrize(("m", "beta"), [(8, 1.5), (3, 1.0), (20, 1.5), (6, 2.0)])
def test_latency_error_is_what_half_a_step_of_each_spike_allows(m, beta, steps):
    params, values = encoding.PopulationLatencyParams(m, beta), ramp()
    spikes = encoding.population_latency_encode(values, params, n_steps=steps)
    error = (encoding.population_latency_decode(spikes, params) - values).abs().max()
    y, slope = slopes(np.linspace(0, 1, 1001), m, beta)
    slope = np.where(y >= params.threshold, np.abs(slope), 0.0)
    # least squares turn errors e_j of the activities into Σ e_j y_j' / Σ y_j'²: |e_j| is at most
    # half a step; half as much again for what is left out, curvature and edges
    worst = (slope.sum(axis=1) / (slope**2).sum(axis=1)).max() * 0.5 / (steps - 1)
    assert float(error) <= 1.5 * worst


def test_latency_decoder_gets_over_a_lost_spike():
    params, values = encoding.PopulationLatencyParams(), ramp(101)
    spikes = encoding.population_latency_encode(values, params, n_steps=200)
    earliest = encoding.first_spike(spikes)[0].view(101, 8)
    fired = spikes.any(dim=0).view(101, 8)
    latest = torch.where(fired, earliest, -1).argmax(dim=1)
    lost = spikes.view(200, 101, 8).clone()
    lost[:, torch.arange(101), latest] = False
    error = encoding.population_latency_decode(lost.view(200, 1, 808), params) - values
    three = fired.sum(dim=1) >= 3  # of two spikes that are left, both sides of a field are known
    assert int(three.sum()) > 50
    assert float(error[0, three].abs().max()) < 0.01


@pytest.mark.parametrize("name", ["population_rate", "population_latency"])
def test_decoding_does_not_depend_on_how_many_values_are_compared_at_once(name, monkeypatch):
    code = encoding.get_code(name)
    spikes = code.encode(ramp(), code.params(), n_steps=50)
    whole = code.decode(spikes, code.params())
    monkeypatch.setattr(population, "_SCORES_AT_ONCE", 97 * 10)
    torch.testing.assert_close(code.decode(spikes, code.params()), whole)
