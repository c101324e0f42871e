"""Every preset of the Hopfield page shows what its sentence says, by the engine's numbers."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest

from pages.components.hopfield_presets import PRESETS
from snncore.recall_lab import RULES, Recall, experiment


@cache
def found(name: str, **changes: float | str) -> Recall:
    return experiment(dataclasses.replace(PRESETS[name].params, **changes).ask()).result


def exact(r: Recall) -> int:
    return int(r.exact.sum())


def test_their_names_and_sentences_are_short_and_differ() -> None:
    notices = [preset.notice for preset in PRESETS.values()]
    assert 8 <= len(PRESETS) <= 14 and len(set(notices)) == len(notices)
    for name, preset in PRESETS.items():
        assert len(name) <= 38 and 40 < len(preset.notice) < 180 and preset.notice.endswith(".")
    assert len({preset.params for preset in PRESETS.values()}) == len(PRESETS)
    rules = {preset.params.rule for preset in PRESETS.values()}
    assert {"spiking", "hebb", "pseudo-inverse", "dam", "modern", "seed-lif"} <= rules


def test_four_photographs() -> None:
    r = found("Four photographs")
    assert exact(r) == 4 and r.probe_pixel_accuracy == pytest.approx(0.7, abs=0.01)


def test_why_hebb_fails_and_the_pseudo_inverse_does_not() -> None:
    r = found("Why Hebb fails")
    assert exact(r) == 0 and int(r.bound_exact.sum()) == len(r.exact)
    undone = found("Overlaps undone")
    assert exact(undone) == len(undone.exact) == len(r.exact)
    pair = PRESETS["Why Hebb fails"].params, PRESETS["Overlaps undone"].params
    assert dataclasses.replace(pair[0], rule="pseudo-inverse") == pair[1]


def test_self_coupling_freezes() -> None:
    frozen = found("Self-coupling freezes")
    assert exact(frozen) == 0
    stay = (1 - frozen.pixel_accuracy) / (1 - frozen.probe_pixel_accuracy)
    assert stay == pytest.approx(0.6, abs=0.03)  # "six wrong ones in ten stay"
    free = found("Self-coupling freezes", diagonal=0.15)
    assert exact(free) > 0.95 * len(free.exact)


def test_half_hidden_is_enough_and_painted_black_is_a_lie() -> None:
    hidden, painted = found("Half hidden"), found("Painted black is a lie")
    assert exact(hidden) == len(hidden.exact)
    assert exact(painted) < len(painted.exact) == int(painted.bound_exact.sum())


def test_too_few_pixels() -> None:
    r = found("Too few pixels")
    assert r.recalled.shape[1] == 64
    assert int(r.bound_exact.sum()) < len(r.exact) and exact(r) >= int(r.bound_exact.sum()) - 1


def test_a_power_of_ten() -> None:
    r = found("A power of ten")
    assert exact(r) == len(r.exact)
    assert exact(found("A power of ten", rule="hebb")) == 0


def test_grey_pictures_come_back_perfectly_by_distance_and_the_brightest_wins_by_product() -> None:
    near, bright = found("Grey at σ = 0.3"), found("The brightest wins")
    assert near.probe_psnr_db == pytest.approx(12, abs=1)
    assert near.psnr_db is not None and near.psnr_db >= 90 and exact(near) == 4 and near.steps == 1
    assert len(set(bright.nearest.tolist())) == 1  # whatever is asked, the same picture
    params = PRESETS["The brightest wins"].params
    stored = experiment(params.ask()).patterns.states
    assert int(bright.nearest[0]) == int((stored**2).sum(dim=1).argmax())


def test_colour_in_spikes() -> None:
    r = found("Colour in spikes")
    assert r.mode == "rgb" and r.psnr_db is not None and r.psnr_db >= 43
    assert exact(r) == len(r.exact)


def test_the_example_program_is_worse_than_its_input() -> None:
    name = "Example program: worse than its input"
    r = found(name)
    assert RULES[PRESETS[name].params.rule].title.startswith("Example program")
    assert r.pixel_accuracy < r.probe_pixel_accuracy and exact(r) == 0


def test_random_pictures_far_below_the_capacity() -> None:
    r = found("Random pictures")
    assert exact(r) == len(r.exact) == 50 and r.recalled.shape[1] == 1024
    assert 50 / 1024 < 0.138 / 2


@pytest.mark.data
def test_three_thousand_digits(mnist_root: object) -> None:
    r = found("Three thousand digits", count=400)  # fewer of them: the test must be quick
    assert r.pixel_accuracy > 0.99 and exact(r) >= 0.98 * int(r.bound_exact.sum())
