"""Associative memory: store pictures, damage one, let a network restore it.

Four memories over the same ±1 patterns: Hebb and pseudo-inverse couplings (low-rank, so no N×N
matrix exists), the modern softmax network, and a memory of spiking neurons. Every recall comes
with the Bayes-optimal bound and the baselines.
"""

from snncore.hopfield.bound import Bound, background, bayes_beta, bound, matched_beta
from snncore.hopfield.dynamics import CYCLE, FIXED, MOVING, Step, asynchronous, synchronous
from snncore.hopfield.frames import Frame, frames
from snncore.hopfield.modern import attention, modern, modern_energy
from snncore.hopfield.noise import KINDS, NoiseParams, corrupt
from snncore.hopfield.patterns import PatternParams, Patterns, binarise, fit, make_patterns
from snncore.hopfield.recall import RULES, Recall, RecallParams, recall, trajectory
from snncore.hopfield.rules import (
    ALPHA_C,
    LowRank,
    Preflight,
    energy,
    field,
    first_step_error,
    hebb,
    preflight,
    pseudo_inverse,
)
from snncore.hopfield.session import Answer, experiment, film, to_cpu, with_own
from snncore.hopfield.spiking import SpikingParams, SpikingTrace, spiking_recall

__all__ = [
    "ALPHA_C",
    "CYCLE",
    "FIXED",
    "KINDS",
    "MOVING",
    "RULES",
    "Answer",
    "Bound",
    "Frame",
    "LowRank",
    "NoiseParams",
    "PatternParams",
    "Patterns",
    "Preflight",
    "Recall",
    "RecallParams",
    "SpikingParams",
    "SpikingTrace",
    "Step",
    "asynchronous",
    "attention",
    "background",
    "bayes_beta",
    "binarise",
    "bound",
    "corrupt",
    "energy",
    "experiment",
    "field",
    "film",
    "first_step_error",
    "fit",
    "frames",
    "hebb",
    "make_patterns",
    "matched_beta",
    "modern",
    "modern_energy",
    "preflight",
    "pseudo_inverse",
    "recall",
    "spiking_recall",
    "synchronous",
    "to_cpu",
    "trajectory",
    "with_own",
]
