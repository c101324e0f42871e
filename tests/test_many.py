"""Many neurons at once: each is the neuron of `run_lif` alone; closed forms; bad input."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from snncore import rng, spike_trains
from snncore.kernels import many as kernel
from snncore.neurons import LIFParams
from snncore.simulate import many, run_lif

M, T, DT = 150, 800, 0.25  # two full blocks and a part of one


def spread(low, high, seed):
    """M numbers between `low` and `high` in no order."""
    words = rng.draws(seed, rng.stream("points"), torch.arange(1), M, 1)[0, 0]
    return low + (high - low) * rng.uniform(words).double().numpy()


TABLE = {
    "tau_m": spread(4, 30, 1),
    "r_m": spread(6, 14, 2),
    "v_rest": spread(-75, -65, 3),
    "v_reset": spread(-80, -60, 4),
    "v_th": spread(-58, -48, 5),
    "t_ref": np.where(np.arange(M) % 3 == 0, 0.0, spread(0, 4, 6)),
}


def noisy_drive():
    z = rng.normal(rng.draws(3, rng.stream("current"), torch.arange(1), 1, T))[:, 0, 0].numpy()
    t = np.arange(T) * DT
    return 2.6 + np.sin(t / 9)[:, None], z, spread(0, 3, 7)


def alone(params, m, current):
    values = params.to_dict() | {name: float(column[m]) for name, column in TABLE.items()}
    return run_lif(torch.from_numpy(current).view(-1, 1, 1), LIFParams(**values), DT)


@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
@pytest.mark.parametrize("timing", ["grid", "exact"])
@pytest.mark.parametrize("reset", ["value", "subtract", "none"])
def test_each_neuron_spikes_as_it_does_alone(reset, timing, own):
    params = LIFParams(reset=reset, timing=timing)
    shared, z, scale = noisy_drive()
    current = shared * np.linspace(0.5, 2.0, M) if own else shared
    found = many("lif", params, TABLE, current, DT, noise=(z, scale), record=True)
    assert int((found.count >= 3).sum()) > 100 and int(found.count.min()) == 0
    for m in range(0, M, 7):
        column = current[:, m if own else 0] + scale[m] * z.astype(float)
        trace = alone(params, m, column)
        times = trace.spike_times()
        assert found.count[m] == len(times) == int(trace.counts)
        assert np.array_equal(found.spikes[:, m], trace.spikes[:, 0, 0].numpy())
        if len(times) > 0:
            assert found.first_ms[m] == pytest.approx(times[0], abs=1e-10)
        else:
            assert math.isnan(found.first_ms[m])
        if len(times) > 1:
            assert found.mean_isi_ms[m] == pytest.approx(np.diff(times).mean(), abs=1e-9)
        else:
            assert math.isnan(found.mean_isi_ms[m])
        assert found.cv[m] == pytest.approx(spike_trains.cv(times), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("dt", [0.1, 3.0, 40.0])
def test_the_mean_interval_is_the_closed_form(dt):
    current = 6.0  # above every rheobase of the table; steps that are longer than the interval too
    found = many("lif", LIFParams(), TABLE, np.full((round(600 / dt), 1), current), dt)
    p = {name: np.array(values) for name, values in TABLE.items()}
    mu = p["v_rest"] + p["r_m"] * current
    rise = p["tau_m"] * np.log1p((p["v_th"] - p["v_reset"]) / (mu - p["v_th"]))
    np.testing.assert_allclose(found.mean_isi_ms, p["t_ref"] + rise, rtol=1e-12)
    first = p["tau_m"] * np.log1p((p["v_th"] - p["v_rest"]) / (mu - p["v_th"]))
    np.testing.assert_allclose(found.first_ms, first, rtol=1e-12)
    assert found.cv.max() < 1e-10 and int(found.count.min()) > 10
    assert found.spikes is None


def test_the_noise_is_the_same_for_all_neurons():
    current, z, _ = noisy_drive()
    found = many(
        "lif", LIFParams(), {"tau_m": np.full(M, 12.0)}, current, DT, noise=(z, np.array([2.0]))
    )
    assert set(found.count.tolist()) == {int(found.count[0])} and found.count[0] > 3
    assert found.cv[0] > 0.1


def test_one_neuron_without_a_table_and_nothing_changed():
    current = np.full((600, 1), 3.0)
    current.flags.writeable = False
    found = many("lif", LIFParams(), {}, current, 0.1)
    times = run_lif(torch.full((600, 1, 1), 3.0, dtype=torch.float64), LIFParams(), 0.1)
    assert found.count.tolist() == times.counts.flatten().tolist() == [2]


def test_a_long_sweep_gives_the_lock_back_in_between_and_changes_nothing(monkeypatch):
    current, z, scale = noisy_drive()
    whole = many("lif", LIFParams(), TABLE, current, DT, noise=(z, scale))
    entered = []
    threads = kernel.kernel_threads

    def counted():
        entered.append(1)
        return threads()

    monkeypatch.setattr(kernel, "kernel_threads", counted)
    monkeypatch.setattr(kernel, "_PIECE", 1)
    monkeypatch.setattr(kernel, "SERIAL_STEPS", 0)
    monkeypatch.setenv("SNNCORE_THREADS", "1")
    pieces = many("lif", LIFParams(), TABLE, current, DT, noise=(z, scale))
    assert len(entered) == 3  # one block each
    for name in ("count", "first_ms", "mean_isi_ms", "cv"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_name": "brain"}, "model must be one of lif"),
        ({"table": {"tau": np.ones(3)}}, "table must name some of tau_m, .*, got 'tau'"),
        ({"table": {"reset": np.ones(3)}}, "table must name some of tau_m"),
        ({"table": {"tau_m": np.array([5.0, 0.0])}}, "tau_m must be > 0 .* got 0 for neuron 1"),
        ({"table": {"t_ref": np.array([-1.0])}}, "t_ref must be >= 0 .* got -1 for neuron 0"),
        ({"table": {"v_th": np.array([math.nan])}}, "v_th must be .* got nan for neuron 0"),
        ({"table": {"v_th": np.array([-50.0, -66.0])}}, "v_reset must be < v_th .*, got -65 for"),
        ({"table": {"v_th": np.full((2, 2), -50.0)}}, r"v_th must be an array \[M\]"),
        ({"table": {"v_th": np.full(3, -50.0), "r_m": np.ones(2)}}, "r_m must have 3 neurons"),
        ({"table": {"v_th": np.full(3, -50.0)}, "current": np.ones((9, 2))}, "current must have 3"),
        ({"current": np.ones(9)}, r"current must be \[T, 1\] or \[T, M\]"),
        ({"current": np.ones((0, 1))}, "with T, M >= 1"),
        ({"current": np.array([[1.0], [math.inf]])}, "current must be finite"),
        ({"noise": (np.ones(8), np.ones(1))}, r"noise must be z \[T = 9\]"),
        ({"noise": (np.full(9, math.nan), np.ones(1))}, "noise must be finite"),
        ({"dt": 0.0}, "dt must be > 0 ms"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(change, message):
    given = {"model_name": "lif", "params": LIFParams(), "table": {}, "current": np.ones((9, 1)),
             "dt": 0.1} | change  # fmt: skip
    with pytest.raises(ValueError, match=message):
        many(**given)


def test_parameters_of_another_model_are_refused():
    @dataclasses.dataclass(frozen=True)
    class Other(LIFParams):
        pass

    with pytest.raises(ValueError, match="params must be LIFParams for model lif, got Other"):
        many("lif", Other(), {}, np.ones((9, 1)), 0.1)


@pytest.mark.parametrize("timing", ["exact", "grid"])
def test_the_shortest_time_constant_follows_its_drive_at_once(timing):
    neuron = LIFParams(timing=timing, t_ref=0.5)
    found = many("lif", neuron, {"tau_m": [5e-324, 1e-9]}, np.full((40, 1), 3.0), 0.1)
    # Up to the threshold in no time, then the refractory period: of five steps on the grid, where
    # the step of the spike itself comes on top.
    interval = 0.6 if timing == "grid" else 0.5
    assert found.mean_isi_ms == pytest.approx([interval] * 2, abs=1e-6)
