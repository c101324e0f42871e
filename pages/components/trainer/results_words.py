"""What a finished run shows, in sentences that do not claim more than its figures do."""

from __future__ import annotations

import math

from snncore.experiment import Result
from snncore.plots.training_results import Bar

SURE = 2.0  # standard errors: less is what another draw of test images could turn round
_FEW = 30  # test images below which no difference is told


def standard_error(accuracy: float, count: int) -> float:
    """Of a share of `count` independent images, √(p(1−p)/n)."""
    return math.sqrt(max(accuracy * (1.0 - accuracy), 0.0) / max(count, 1))


def bars(result: Result, n_test: int) -> list[Bar]:
    """The accuracies of a run and of its controls, best comparable ones together."""
    rows = [
        ("Spikes → linear readout", result.test_accuracy, False),
        ("Spikes → weighted vote", result.weighted_vote_accuracy, False),
        ("Spikes → vote", result.vote_accuracy, False),
    ]
    if result.has_controls:
        rows += [
            ("Untrained → linear readout", result.control_untrained_accuracy, True),
            ("Untrained → weighted vote", result.control_untrained_weighted_vote_accuracy, True),
            ("Untrained → vote", result.control_untrained_vote_accuracy, True),
            ("Raw pixels → linear readout", result.control_pixels_accuracy, True),
        ]
    return [
        Bar(name, value, standard_error(value, n_test), control)
        for name, value, control in rows
        if math.isfinite(value)
    ]


def what_to_notice(result: Result, n_test: int) -> str:
    """What learning was worth here, honestly."""
    if not result.has_controls:
        return "This run was made without controls, so it does not say what learning was worth."
    if n_test < _FEW:
        images = "image" if n_test == 1 else "images"
        return f"{n_test} test {images} are too few: no difference below would mean anything."
    readout = _compared(result.test_accuracy, result.control_untrained_accuracy, n_test)
    vote = _compared(result.vote_accuracy, result.control_untrained_vote_accuracy, n_test)
    pixels = _compared(result.test_accuracy, result.control_pixels_accuracy, n_test)
    if readout == 0:
        first = (
            f"**For the linear readout, learning made no difference that these {n_test:,} test "
            "images could show**"
        )
    else:
        gain = 100 * (result.test_accuracy - result.control_untrained_accuracy)
        did = "added" if readout > 0 else "**cost**"
        first = f"Learning {did} {abs(gain):.1f} points to the linear readout of untrained weights"
    gain = 100 * (result.vote_accuracy - result.control_untrained_vote_accuracy)
    if vote == 0:
        second = (
            "nor for the vote"
            if readout == 0
            else f"and made no difference to the vote that these {n_test:,} images could show"
        )
    else:
        second = f"and {'added' if vote > 0 else 'cost'} {abs(gain):.1f} points to the vote"
        if readout == 0:
            second = f"but it {second[4:]}"
    words = {
        1: "The spikes say more than the raw pixels do to the same readout",
        0: f"The raw pixels do as well, as far as {n_test:,} images can tell",
        -1: "**The same readout does better on the raw pixels**",
    }
    return f"{first}, {second}. {words[pixels]} ({result.control_pixels_accuracy:.1%})."


def _compared(ours: float, control: float, count: int) -> int:
    """1 where ours is better by more than chance, −1 where it is worse, 0 where these images
    cannot tell.

    Both answered the same images, and mostly agree: the error of two independent sets is larger
    than that of their difference, so that a difference that is told is one.
    """
    if not (math.isfinite(ours) and math.isfinite(control)):
        return 0
    error = math.hypot(standard_error(ours, count), standard_error(control, count))
    if abs(ours - control) <= SURE * error:
        return 0
    return 1 if ours > control else -1
