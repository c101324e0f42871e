"""From spike counts to classes: unsupervised votes and linear readouts.

Labels enter the system here and nowhere before. Every readout is fitted on training counts and
judged on test counts, never on the same images.
"""

from snncore.readout.fitting import MOST_FEATURES, PENALTIES, FitEpoch, PathPoint, fit, fit_last
from snncore.readout.linear import LinearReadout, fit_linear, scores
from snncore.readout.passes import KINDS
from snncore.readout.vote import assign_labels, class_profiles, vote, weighted_vote

__all__ = [
    "KINDS",
    "MOST_FEATURES",
    "PENALTIES",
    "FitEpoch",
    "LinearReadout",
    "PathPoint",
    "assign_labels",
    "class_profiles",
    "fit",
    "fit_last",
    "fit_linear",
    "scores",
    "vote",
    "weighted_vote",
]
