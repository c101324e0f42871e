"""Learning of the dense layer: its path, its kernel and its invariances."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.stdp import Layer, TrainParams, drive, feature_count, memory_bytes, train
from snncore.stdp.competition import Spikes, aim, present_torch
from snncore.stdp.dense import init_layer, learn_batch, learn_batch_torch
from snncore.stdp.homeostasis import adapt, woken
from snncore.stdp.rules import RULES
from snncore.stdp.state import Draw, rates
from snncore.stdp.train import counts, first_layer

SMALL = TrainParams(neurons=12, retina="raw", batch=20, steps=50)
COMPETITIONS = ("winner", "k_winners", "lateral", "none")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Three kinds of bars with noise, 10×10: enough structure to win, spike and learn."""
    words = rng.draws(3, rng.stream("points"), torch.arange(120), 100, 1)[0]
    pictures = (words % 40).to(torch.uint8).numpy().reshape(120, 10, 10).copy()
    for k in range(120):
        pictures[k, 3 * (k % 3) : 3 * (k % 3) + 2] = 255
    return pictures


def prepared(images: np.ndarray, params: TrainParams) -> tuple[Layer, np.ndarray, Draw]:
    values = drive.inputs(drive.cells(images, params), params, params.steps)
    draw = Draw(params.seed, rng.stream("train_spikes"), torch.arange(len(images)))
    return first_layer(images, params), values, draw


def clock(times: list[int]) -> torch.Tensor:
    """Latency inputs int64 [1, n]: input i spikes once, at times[i] (-1: never)."""
    return torch.tensor([times]) + 1


def shown(layer: Layer, times: list[int], **changes: object) -> Spikes:
    """What one hand-made presentation does to a layer."""
    params = TrainParams(code="latency", **changes)  # type: ignore[arg-type]
    draw = Draw(0, rng.stream("train_spikes"), torch.arange(1))
    return present_torch(layer, clock(times), draw, params)


def test_first_spike_is_the_first_crossing_of_a_hand_made_input() -> None:
    """One input that spikes at every step: u[t] = w (1 - a^(t+1)) / (1 - a)."""
    params = TrainParams(neurons=2, steps=40, retina="raw", theta=5.0)
    layer = Layer(torch.tensor([[1.0, 0.0], [0.8, 0.6]]), torch.full((2,), 5.0))
    draw = Draw(0, rng.stream("train_spikes"), torch.arange(1))
    found = present_torch(layer, torch.tensor([[2**32 - 1, 0]]), draw, params)
    a = params.leak
    when = math.ceil(math.log(1 - 5.0 * (1 - a)) / math.log(a)) - 1
    assert int(found.winner) == 0 and int(found.when) == when
    assert found.pre[0].tolist() == [1.0, 0.0] and found.counts.tolist() == [1, 0]


def test_a_rule_is_told_of_spikes_before_and_after_with_exponential_weights() -> None:
    """Inputs at steps 10 (the strong one), 4, 16 and never; dt 2 ms, τ 20 ms; ‖x‖ of the rest."""
    layer = Layer(torch.tensor([[1.0, 0.1, 0.1, 0.1]]), torch.tensor([1.0]))
    found = shown(layer, [10, 4, 16, -1], steps=30, rule="pair_additive")
    early = math.exp(-6 * 2 / 20)
    length = math.hypot(1.0, early)
    assert int(found.when) == 10
    assert found.pre[0].tolist() == pytest.approx([1 / length, early / length, 0, 0], rel=1e-6)
    assert found.after[0].tolist() == pytest.approx([0, 0, early / length, 0], rel=1e-6)


def test_k_winners_are_the_first_k_one_a_step_each_with_its_own_traces() -> None:
    """Both neurons are over their thresholds at step 3; the better goes first, the other next."""
    layer = Layer(torch.tensor([[0.9, 0.5], [0.8, 0.6], [0.0, 1.0]]), torch.full((3,), 0.5))
    found = shown(layer, [3, 8], steps=20, competition="k_winners", winners=3)
    assert int(found.winner) == 0 and int(found.when) == 3
    assert found.counts.tolist() == [1, 1, 1]
    a = TrainParams().leak
    late = torch.tensor([a**5, 1.0])
    expected = torch.stack((torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0]), late / late.norm()))
    torch.testing.assert_close(found.pre, expected)
    only = shown(layer, [3, 8], steps=20, competition="k_winners", winners=1)
    assert only.counts.tolist() == [1, 0, 0]


def test_lateral_inhibition_keeps_the_slower_neuron_silent_and_without_it_both_learn() -> None:
    layer = Layer(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.full((2,), 0.9))
    settings = {"steps": 20, "tau_m": 200.0, "competition": "lateral"}
    assert shown(layer, [3, 4], lateral_inhibition=0.0, **settings).counts.tolist() == [1, 1]
    assert shown(layer, [3, 4], lateral_inhibition=0.5, **settings).counts.tolist() == [1, 0]
    free = shown(layer, [4, 4], steps=20, competition="none")
    assert free.counts.tolist() == [1, 1] and int(free.when) == 4


@pytest.mark.parametrize("code", ["poisson", "latency"])
@pytest.mark.parametrize("competition", COMPETITIONS)
def test_kernel_and_torch_path_agree_on_spikes_and_weights(
    images: np.ndarray, competition: str, code: str
) -> None:
    for rule in RULES if competition == "winner" else ("trace", "pair_additive"):
        params = replace(
            SMALL,
            competition=competition,
            rule=rule,
            code=code,
            theta=5.0 if code == "poisson" else 2.0,
        )
        layer, values, draw = prepared(images, params)
        fast, heard = learn_batch(layer, values, draw, 0.1, 0.02, params)
        slow, expected = learn_batch_torch(layer, values, draw, 0.1, 0.02, params)
        assert (heard.winner >= 0).float().mean() > 0.5  # the event under test happens
        same = heard.winner == expected.winner
        assert same.float().mean() >= 0.999  # rounding may decide a tie
        assert torch.equal(heard.when[same], expected.when[same])
        assert (heard.counts - expected.counts).abs().sum() <= 0.001 * expected.counts.sum()
        # Sums of at most 50 float32 terms in another order and another scale, then a unit norm.
        torch.testing.assert_close(fast.weights, slow.weights, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(fast.theta, slow.theta)
        if RULES[rule].budget:
            torch.testing.assert_close(fast.weights.norm(dim=1), torch.ones(12))


@pytest.mark.parametrize("competition", COMPETITIONS)
def test_a_batch_is_heard_like_its_images_one_by_one(images: np.ndarray, competition: str) -> None:
    params = replace(SMALL, competition=competition)
    layer, values, draw = prepared(images[:8], params)
    _, whole = learn_batch(layer, values, draw, 0.0, 0.0, params)
    total = torch.zeros_like(whole.counts)
    for k in range(8):
        one = Draw(draw.seed, draw.stream, draw.samples[k : k + 1])
        _, single = learn_batch(layer, values[k : k + 1], one, 0.0, 0.0, params)
        assert single.winner[0] == whole.winner[k] and single.when[0] == whole.when[k]
        total += single.counts
    assert torch.equal(total, whole.counts)


def test_a_batch_in_pieces_is_learnt_piece_by_piece_on_either_path(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = replace(SMALL, competition="lateral", rule="pair_additive")
    layer, values, draw = prepared(images, params)
    whole, heard = learn_batch(layer, values, draw, 0.1, 0.0, params)
    on_torch, _ = learn_batch_torch(layer, values, draw, 0.1, 0.0, params)
    monkeypatch.setattr("snncore.stdp.dense._PIECE_BYTES", 1 << 23)  # of a device: no difference
    again, _ = learn_batch_torch(layer, values, draw, 0.1, 0.0, params)
    torch.testing.assert_close(on_torch.weights, again.weights)
    monkeypatch.setattr("snncore.stdp.competition._EVENT_BYTES", 1 << 20)
    pieces, told = learn_batch(layer, values, draw, 0.1, 0.0, params)
    torch_pieces, _ = learn_batch_torch(layer, values, draw, 0.1, 0.0, params)
    assert torch.equal(heard.winner, told.winner) and torch.equal(heard.counts, told.counts)
    torch.testing.assert_close(torch_pieces.weights, pieces.weights, rtol=1e-4, atol=1e-5)
    assert float((pieces.weights - whole.weights).abs().max()) > 1e-5  # there were several


def test_many_steps_survive_the_growing_scale(images: np.ndarray) -> None:
    """leak**-t leaves float32 after about 900 steps of this leak unless it is renormalised."""
    params = replace(SMALL, steps=400, tau_m=5.0, competition="lateral", theta=4.0)
    layer, values, draw = prepared(images[:4], params)
    _, fast = learn_batch(layer, values, draw, 0.0, 0.0, params)
    _, slow = learn_batch_torch(layer, values, draw, 0.0, 0.0, params)
    assert slow.counts.sum() > 20
    # A tie decided by rounding shifts the rest of its sample.
    assert (fast.counts - slow.counts).abs().sum() <= 0.02 * slow.counts.sum()


@pytest.mark.parametrize("competition", COMPETITIONS)
def test_training_does_not_depend_on_the_thread_count(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch, competition: str
) -> None:
    params = replace(SMALL, competition=competition)
    monkeypatch.setenv("SNNCORE_THREADS", "1")
    reference = list(train(images, params))[-1].layer
    monkeypatch.setenv("SNNCORE_THREADS", "2")
    again = list(train(images, params))[-1].layer
    assert torch.equal(reference.weights, again.weights)
    assert torch.equal(reference.theta, again.theta)


def test_a_resumed_run_equals_an_uninterrupted_one(images: np.ndarray) -> None:
    params = TrainParams(neurons=12, retina="raw", batch=20, epochs=3, learn_images=50)
    snapshots = list(train(images, params, every_s=0.0))
    assert [s.seen for s in snapshots] == [20, 40, 50, 70, 90, 100, 120, 140, 150]
    resumed = list(train(images, params, resume=snapshots[3], every_s=0.0))
    assert [s.seen for s in resumed] == [90, 100, 120, 140, 150]
    for again, before in zip(resumed, snapshots[4:], strict=True):
        assert torch.equal(again.layer.weights, before.layer.weights)
        assert torch.equal(again.layer.theta, before.layer.theta)
        assert (again.winners == before.winners).all() and again.change == before.change


def test_a_snapshot_tells_what_happened_since_the_last_one(images: np.ndarray) -> None:
    snapshots = list(train(images, SMALL, every_s=0.0))
    assert sorted(np.concatenate([s.samples for s in snapshots])) == list(range(120))
    former = first_layer(images, SMALL)
    for snapshot in snapshots:
        won = snapshot.winners[snapshot.winners >= 0]
        assert (np.bincount(won, minlength=12) == snapshot.wins).all()
        assert snapshot.silent == pytest.approx(1 - len(won) / len(snapshot.winners))
        moved = (snapshot.layer.weights - former.weights).abs().mean() / len(snapshot.winners)
        assert snapshot.change == pytest.approx(float(moved), rel=1e-5)
        former = snapshot.layer


def test_a_yielded_snapshot_does_not_change_when_training_goes_on(images: np.ndarray) -> None:
    run = train(images, SMALL, every_s=0.0)
    first = next(run)
    before = first.layer.weights.clone(), first.layer.theta.clone()
    list(run)
    assert torch.equal(first.layer.weights, before[0]) and torch.equal(first.layer.theta, before[1])


def test_black_images_leave_the_layer_silent_and_finite(images: np.ndarray) -> None:
    for competition in COMPETITIONS:
        params = replace(SMALL, competition=competition)
        last = list(train(images * 0, params))[-1]
        assert last.silent == 1.0 and not last.wins.any() and last.change == 0.0
        assert torch.isfinite(last.layer.weights).all() and torch.isfinite(last.layer.theta).all()
        assert (last.layer.theta < params.theta).all()  # it tries harder


def test_three_images_and_a_batch_of_fifty_are_enough(images: np.ndarray) -> None:
    last = list(train(images[:3], replace(SMALL, batch=50, epochs=4)))[-1]
    assert last.seen == 12 and torch.isfinite(last.layer.weights).all()


def test_weights_may_be_laid_out_either_way(images: np.ndarray) -> None:
    layer, values, draw = prepared(images, SMALL)
    rows = Layer(layer.weights.clone(memory_format=torch.contiguous_format), layer.theta)
    one, _ = learn_batch(layer, values, draw, 0.1, 0.02, SMALL)
    other, _ = learn_batch(rows, values, draw, 0.1, 0.02, SMALL)
    assert torch.equal(one.weights, other.weights)


def test_the_size_of_the_layer_counts_and_not_that_of_the_parameters(images: np.ndarray) -> None:
    layer, values, draw = prepared(images, SMALL)
    moved, heard = learn_batch(layer, values, draw, 0.1, 0.02, replace(SMALL, neurons=99))
    assert moved.theta.shape == (12,) and heard.counts.shape == (12,)
    assert feature_count(SMALL, 10, 10) == 12


def test_arguments_are_left_as_they_were(images: np.ndarray) -> None:
    layer, values, draw = prepared(images, SMALL)
    before = layer.weights.clone(), layer.theta.clone(), values.copy(), images.copy()
    learn_batch(layer, values, draw, 0.1, 0.02, SMALL)
    learn_batch_torch(layer, values, draw, 0.1, 0.02, SMALL)
    list(train(images, SMALL))
    assert torch.equal(layer.weights, before[0]) and torch.equal(layer.theta, before[1])
    assert (values == before[2]).all() and (images == before[3]).all()


def test_homeostasis_raises_winners_lowers_losers_and_is_zero_sum() -> None:
    theta = torch.full((4,), 10.0)
    after = adapt(theta, torch.tensor([8, 0, 0, 0]), 8, 0.02, 10.0, 1)
    assert after[0] > 10 and (after[1:] < 10).all()
    assert float(after.sum()) == pytest.approx(40.0, rel=1e-6)
    three = adapt(theta, torch.tensor([24, 0, 0, 0]), 8, 0.02, 10.0, 3)  # three spikes an image
    torch.testing.assert_close(three, after)


def test_thresholds_that_nothing_reaches_come_down_within_an_epoch(images: np.ndarray) -> None:
    for code in ("poisson", "latency"):
        params = TrainParams(neurons=10, theta=40.0, batch=40, epochs=8, code=code)
        *_, last = train(images, params, every_s=0.0)
        assert last.silent < 0.5
    still = replace(params, theta_rate=0.0)
    assert [*train(images, still)][-1].silent == 1.0  # thresholds are not to move


@pytest.mark.parametrize("theta", [5.0, 500.0])  # with spikes, and a batch without any
@pytest.mark.parametrize("rate", [0.0, 0.37])
def test_the_kernel_moves_thresholds_bit_for_bit_like_the_definition(
    images: np.ndarray, theta: float, rate: float
) -> None:
    for competition in COMPETITIONS:
        params = replace(SMALL, competition=competition, theta=5.0)
        layer, values, draw = prepared(images, params)
        layer = Layer(layer.weights, layer.theta * (theta / 5.0))
        fast, heard = learn_batch(layer, values, draw, 0.1, rate, params)
        assert bool(heard.counts.any()) == (theta == 5.0)
        before = woken(layer.theta, heard.counts, len(values)) if rate > 0 else layer.theta
        expected = adapt(before, heard.counts, len(values), rate, 5.0, aim(params))
        assert torch.equal(fast.theta, expected)


def test_one_blank_image_hardly_moves_the_thresholds() -> None:
    params = TrainParams(neurons=10, batch=1)
    layer = Layer(torch.full((10, 100), 0.1), torch.full((10,), 10.0))
    values = np.zeros((1, 100), np.uint32)
    moved, _ = learn_batch(layer, values, Draw(0, 1, torch.arange(1)), 0.1, 0.02, params)
    assert (moved.theta < 10.0).all() and (moved.theta > 9.9).all()


def test_a_silent_batch_lowers_all_thresholds_down_to_a_twentieth_of_the_first() -> None:
    theta = torch.tensor([199.9, 0.6, 10.0, 10.0])  # θ₀ = 10: bounds 0.5 and 200
    after = adapt(theta, torch.tensor([8, 0, 0, 0]), 8, 0.05, 10.0, 1)
    assert after.tolist() == pytest.approx([200.0, 0.5, 9.0, 9.0])  # -0.05 · 10 · 8/4 each
    quiet = adapt(torch.full((4,), 10.0), torch.zeros(4, dtype=torch.int64), 8, 0.05, 10.0, 1)
    assert quiet.tolist() == pytest.approx([9.0] * 4)


def test_another_seed_gives_another_run(images: np.ndarray) -> None:
    one = list(train(images, SMALL))[-1].layer.weights
    other = list(train(images, TrainParams(neurons=12, retina="raw", batch=20, seed=1)))[-1]
    assert not torch.equal(one, other.layer.weights)


def test_neurons_come_to_stand_for_the_kinds_of_pictures(images: np.ndarray) -> None:
    """After learning, each neuron's weights lie on one kind of bar; before, on all three."""

    def share_of_best_bar(layer: Layer) -> float:
        power = (layer.weights**2).view(12, 10, 10)
        bars = torch.stack([power[:, 3 * k : 3 * k + 2].sum(dim=(1, 2)) for k in range(3)], dim=1)
        return float((bars.max(dim=1).values / bars.sum(dim=1)).mean())

    params = TrainParams(neurons=12, retina="raw", batch=10, epochs=10)
    learnt = list(train(images, params))[-1].layer
    assert share_of_best_bar(first_layer(images, params)) < 0.5
    assert share_of_best_bar(learnt) > 0.9


def test_rate_zero_keeps_the_weights_and_still_adapts_thresholds(images: np.ndarray) -> None:
    params = TrainParams(neurons=12, retina="raw", batch=20, rate_first=0.0, rate_last=0.0)
    layer = list(train(images, params))[-1].layer
    torch.testing.assert_close(layer.weights, first_layer(images, params).weights)
    assert not torch.equal(layer.theta, torch.full((12,), params.theta))


def test_init_is_unit_norm_and_follows_the_mean_image() -> None:
    mean = np.linspace(0, 1, 50)
    layer = init_layer(mean, SMALL)
    torch.testing.assert_close(layer.weights.norm(dim=1), torch.ones(12))
    assert np.corrcoef(layer.weights.mean(dim=0).numpy(), mean)[0, 1] > 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neurons": -5}, "neurons must be >= 2"),
        ({"theta": float("nan")}, "theta must be finite"),
        ({"rate_first": 0.001}, "rate_last must be <= rate_first"),
        ({"max_rate_hz": 500.0, "dt": 5.0}, "max_rate_hz·dt must be <="),
        ({"retina": "cortex"}, "retina must be one of"),
    ],
)
def test_impossible_parameters_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainParams(**change)  # type: ignore[arg-type]


def test_wrong_images_and_foreign_snapshots_are_refused(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least one image"):
        next(train(images[:0], SMALL))
    with pytest.raises(ValueError, match="uint8"):
        next(train(images.astype(np.float32), SMALL))
    snapshot = list(train(images, SMALL))[-1]
    with pytest.raises(ValueError, match="same parameters"):
        next(train(images, TrainParams(neurons=5, retina="raw"), resume=snapshot))


def test_counts_do_not_depend_on_how_the_images_are_cut(images: np.ndarray) -> None:
    layer = first_layer(images, SMALL)
    whole = np.concatenate([c for _, c in counts(layer, images, SMALL)])
    first = np.concatenate([c for _, c in counts(layer, images[:50], SMALL)])
    rest = np.concatenate([c for _, c in counts(layer, images[50:], SMALL, first_sample=50)])
    assert (np.concatenate([first, rest]) == whole).all()


def test_the_memory_estimate_counts_each_image_once_in_as_few_bytes_as_hold_its_spikes() -> None:
    params = replace(SMALL, neurons=400, feature_steps=100)

    def per_image(changed: TrainParams) -> float:
        few, many = (memory_bytes(changed, n, 28, 28) for n in (10_000, 70_000))
        return (many - few) / 60_000

    assert per_image(params) == 400
    assert per_image(replace(params, feature_steps=256)) == 800
    assert 50e6 < memory_bytes(params, 0, 28, 28) < 400e6
    wide = replace(params, neurons=6400)  # its readout's 6400² equations in float32, thrice
    assert memory_bytes(wide, 0, 28, 28) - memory_bytes(params, 0, 28, 28) > 12 * (6400**2 - 400**2)
    assert memory_bytes(wide, 70_000, 28, 28) < 1.6e9


def test_parameters_from_before_lateral_inhibition_had_its_own_still_load() -> None:
    old = TrainParams(inhibition=0.0, competition="lateral").to_dict()
    del old["lateral_inhibition"]
    assert TrainParams.from_dict(old).lateral_inhibition == 3.0


def test_rates_follow_their_closed_forms() -> None:
    """η falls geometrically (or straight to 0), η_θ straight down to a tenth."""
    params = TrainParams(rate_first=0.2, rate_last=0.002, theta_rate=0.04)
    assert rates(0.0, params) == pytest.approx((0.2, 0.04))
    assert rates(0.5, params) == pytest.approx((0.02, 0.022))  # √(0.2 · 0.002)
    assert rates(1.0, params) == pytest.approx((0.002, 0.004))
    ending = TrainParams(rate_first=0.2, rate_last=0.0, theta_rate=0.04)
    assert [rates(p, ending)[0] for p in (0.0, 0.5, 1.0)] == pytest.approx([0.2, 0.1, 0.0])


def test_an_image_draws_other_spikes_in_every_epoch(images: np.ndarray) -> None:
    """One image, nothing learnt: only the draws can make one epoch differ from the next."""
    params = TrainParams(
        neurons=12, retina="raw", epochs=8, rate_first=0.0, rate_last=0.0, theta_rate=0.0
    )
    shown = list(train(images[:1], params, every_s=0.0))
    assert [s.seen for s in shown] == list(range(1, 9))
    assert len({(s.first_spike_ms, s.wins.tobytes()) for s in shown}) > 2
