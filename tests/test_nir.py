"""NIR export: written, opened again, and simulated in snnTorch spike by spike."""

from __future__ import annotations

from pathlib import Path

import nir
import numpy as np
import pytest
import snntorch as snn
import torch

from snncore import readout, trained
from snncore.counts import CountScaler
from snncore.stdp import Layer, TrainParams
from snncore.stdp.features import layer_spikes

N_IN, N_OUT, STEPS = 36, 12, 80
# What a spike takes: all of its own potential and 3 of the others', or 2 of its own only.
PARAMS = TrainParams(neurons=N_OUT, feature_reset=0.0, inhibition=3.0, feature_theta=0.35)
PART = TrainParams(neurons=N_OUT, feature_reset=2.0, inhibition=0.0, feature_theta=0.35)


def network(params: TrainParams = PARAMS, low: float = 20.0, high: float = 30.0) -> trained.Trained:
    g = np.random.default_rng(7)
    weights = torch.from_numpy(g.uniform(0.0, 1.0, (N_OUT, N_IN)).astype(np.float32))
    weights = weights / weights.norm(dim=1, keepdim=True)
    theta = torch.from_numpy(g.uniform(low, high, N_OUT).astype(np.float32))
    return trained.Trained(
        params,
        (Layer(weights, theta),),
        np.zeros(N_OUT, np.int64),
        CountScaler(np.zeros(N_OUT), np.ones(N_OUT)),
        readout.LinearReadout(np.zeros((2, N_OUT), np.float32), np.zeros(2, np.float32), 1.0),
        ("a", "b"),
        (6, 6),
    )


def input_spikes() -> torch.Tensor:
    """bool [T, 1, n_in]."""
    return torch.from_numpy(np.random.default_rng(3).random((STEPS, 1, N_IN)) < 0.15)


def leaky(graph: nir.NIRGraph, step_s: float) -> snn.Leaky:
    """snnTorch's neuron of a NIR node, by Euler's method."""
    node = graph.nodes.get("membrane", graph.nodes["neurons"])
    np.testing.assert_allclose(node.r * step_s / node.tau, 1.0, rtol=1e-6)  # a spike adds w
    return snn.Leaky(
        beta=torch.from_numpy(1.0 - step_s / node.tau),
        threshold=torch.from_numpy(threshold_of(graph)),
        reset_mechanism="none" if isinstance(node, nir.LI) else "zero",
        reset_delay=False,
    )


def threshold_of(graph: nir.NIRGraph) -> np.ndarray:
    node = graph.nodes["neurons"]
    return node.threshold if isinstance(node, nir.Threshold) else node.v_threshold


def feedback(graph: nir.NIRGraph, fired: torch.Tensor) -> torch.Tensor:
    """What spikes send back, a step later."""
    current = torch.zeros(N_OUT)
    if "reset" in graph.nodes:
        current = current + torch.from_numpy(graph.nodes["reset"].scale) * fired
    if "inhibition" in graph.nodes:
        current = current + torch.from_numpy(graph.nodes["inhibition"].weight) @ fired
    return current


def run_in_snntorch(graph: nir.NIRGraph, inputs: torch.Tensor) -> torch.Tensor:
    """Output spikes bool [T, n_out] of the graph."""
    neuron = leaky(graph, float(graph.metadata["step_s"]))
    weights = torch.from_numpy(graph.nodes["weights"].weight)
    membrane, fired, out = torch.zeros(N_OUT), torch.zeros(N_OUT), []
    for t in range(len(inputs)):
        current = weights @ inputs[t, 0].to(torch.float32) + feedback(graph, fired)
        fired, membrane = neuron(current, membrane)
        out.append(fired > 0)
    return torch.stack(out)


def through_file(network: trained.Trained, path: Path, **options: object) -> nir.NIRGraph:
    trained.export_nir(network, path, **options)  # type: ignore[arg-type]
    return nir.read(path)


@pytest.mark.parametrize("params", [PARAMS, PART], ids=["zero", "part"])
def test_without_competition_every_neuron_spikes_as_ours_does_alone(
    params: TrainParams, tmp_path: Path
) -> None:
    net, inputs = network(params), input_spikes()
    graph = through_file(net, tmp_path / "net.nir", inhibition=False)
    assert "inhibition" not in graph.nodes and ("reset" in graph.nodes) is (params is PART)
    found = run_in_snntorch(graph, inputs)
    alone = [  # a layer of one neuron has nobody to compete with
        layer_spikes(
            Layer(net.layer.weights[j : j + 1], net.layer.theta[j : j + 1]), inputs, params
        )[:, 0, 0]
        for j in range(N_OUT)
    ]
    ours = torch.stack(alone, dim=1)
    # Alone, a neuron's weights are rounded by its own sum, finer: a spike may sit at that edge.
    assert float((found != ours).float().mean()) <= 0.005
    assert found.any(dim=0).all() and found.float().mean() < 0.5


def test_with_inhibition_all_spikes_agree_where_no_two_neurons_cross_in_one_step(
    tmp_path: Path,
) -> None:
    net, inputs = network(low=12.0, high=60.0), input_spikes()
    found = run_in_snntorch(through_file(net, tmp_path / "net.nir"), inputs)
    assert int(found.sum(dim=1).max()) == 1 and int(found.sum()) > 10
    assert torch.equal(found, layer_spikes(net.layer, inputs, PARAMS)[:, 0])
    free = run_in_snntorch(through_file(net, tmp_path / "x.nir", inhibition=False), inputs)
    assert int(free.sum()) > int(found.sum())  # inhibition does something


def test_where_several_cross_in_one_step_ours_lets_the_furthest_spike_only(tmp_path: Path) -> None:
    """What the export leaves out is exactly this."""
    net, inputs = network(), input_spikes()
    found = run_in_snntorch(through_file(net, tmp_path / "net.nir"), inputs)
    ours = layer_spikes(net.layer, inputs, PARAMS)[:, 0]
    first = int(torch.nonzero(found.sum(dim=1) > 1)[0])
    assert torch.equal(found[:first], ours[:first])
    assert int(ours[first].sum()) == 1 and bool(found[first][ours[first]].all())


@pytest.mark.parametrize("params", [PARAMS, PART], ids=["zero", "part"])
def test_a_loop_with_one_spike_at_a_time_gives_all_our_spikes(
    params: TrainParams, tmp_path: Path
) -> None:
    """The same graph, and the one rule that NIR cannot say added by hand."""
    net, inputs = network(params), input_spikes()
    graph = through_file(net, tmp_path / "net.nir")
    node = graph.nodes.get("membrane", graph.nodes["neurons"])
    beta = torch.from_numpy(1.0 - float(graph.metadata["step_s"]) / node.tau)
    weights = torch.from_numpy(graph.nodes["weights"].weight)
    phi_theta = net.layer.theta * params.feature_theta  # a margin in units of our potential
    v, fired, out = torch.zeros(N_OUT), torch.zeros(N_OUT), []
    for t in range(STEPS):
        v = beta * v + weights @ inputs[t, 0].to(torch.float32) + feedback(graph, fired)
        margin = (v - torch.from_numpy(threshold_of(graph))) * phi_theta
        furthest = torch.arange(N_OUT) == margin.argmax()
        fired = (furthest & (margin > 0)).to(torch.float32)
        if isinstance(node, nir.LIF):
            v = torch.where(fired > 0, 0.0, v)
        out.append(fired > 0)
    ours = layer_spikes(net.layer, inputs, params)[:, 0]
    assert torch.equal(torch.stack(out), ours) and int(ours.sum()) > 5


def test_the_numbers_of_the_neuron_are_those_of_the_formula(tmp_path: Path) -> None:
    node = through_file(network(), tmp_path / "net.nir").nodes["neurons"]
    a = np.exp(-2.0 / 20.0)  # dt 2 ms, tau_m 20 ms
    np.testing.assert_allclose(node.tau, 0.002 / (1 - a), rtol=1e-6)
    np.testing.assert_allclose(node.r, 1 / (1 - a), rtol=1e-6)
    assert node.v_leak.max() == node.v_reset.max() == 0
    for_snntorch = trained.nir_graph(network(), step_s=1e-4).nodes["neurons"]
    np.testing.assert_allclose(1 - 1e-4 / for_snntorch.tau, a, rtol=1e-6)


def test_what_nir_cannot_say_is_refused() -> None:
    conv = TrainParams(layer="conv", filters=N_OUT, retina="on_off")
    with pytest.raises(ValueError, match="needs a dense layer, got conv"):
        trained.nir_graph(network(conv))
    many = network(TrainParams(neurons=1601, inhibition=3.0))
    with pytest.raises(ValueError, match="at most 1600, or without inhibition"):
        trained.nir_graph(many)
