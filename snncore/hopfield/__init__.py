"""Associative memory: store pictures, damage one, let a network restore it.

Four memories over the same ±1 patterns: Hebb and pseudo-inverse couplings (low-rank, so no N×N
matrix exists), the modern softmax network, and a memory of spiking neurons. Every recall comes
with the Bayes-optimal bound and the baselines.
"""

from snncore.hopfield.bound import (
    Bound,
    as_is,
    background,
    bayes_beta,
    bound,
    matched_beta,
    same_picture,
)
from snncore.hopfield.duplicates import deduplicate, near_duplicates
from snncore.hopfield.dynamics import (
    CYCLE,
    FIXED,
    MOVING,
    DynamicsParams,
    Step,
    asynchronous,
    settle,
    synchronous,
)
from snncore.hopfield.frames import Frame, frames
from snncore.hopfield.modern import attention, modern, modern_energy
from snncore.hopfield.noise import KINDS, NoiseParams, corrupt, damage
from snncore.hopfield.patterns import (
    PatternParams,
    Patterns,
    make_patterns,
    random_patterns,
    with_own,
)
from snncore.hopfield.pictures import binarise, fit
from snncore.hopfield.probes import Probes, unknown_value
from snncore.hopfield.recall import RULES, Recall, RecallParams, recall, trajectory
from snncore.hopfield.rules import (
    ALPHA_C,
    RATE_RULES,
    LowRank,
    Preflight,
    RuleParams,
    energy,
    field,
    first_step_error,
    hebb,
    make_memory,
    preflight,
    pseudo_inverse,
)
from snncore.hopfield.session import Answer, experiment, film, to_cpu
from snncore.hopfield.spiking import (
    SpikingFrame,
    SpikingParams,
    SpikingTrace,
    spiking_recall,
    spiking_stream,
)

__all__ = [
    "ALPHA_C",
    "CYCLE",
    "FIXED",
    "KINDS",
    "MOVING",
    "RATE_RULES",
    "RULES",
    "Answer",
    "Bound",
    "DynamicsParams",
    "Frame",
    "LowRank",
    "NoiseParams",
    "PatternParams",
    "Patterns",
    "Preflight",
    "Probes",
    "Recall",
    "RecallParams",
    "RuleParams",
    "SpikingFrame",
    "SpikingParams",
    "SpikingTrace",
    "Step",
    "as_is",
    "asynchronous",
    "attention",
    "background",
    "bayes_beta",
    "binarise",
    "bound",
    "corrupt",
    "damage",
    "deduplicate",
    "energy",
    "experiment",
    "field",
    "film",
    "first_step_error",
    "fit",
    "frames",
    "hebb",
    "make_memory",
    "make_patterns",
    "matched_beta",
    "modern",
    "modern_energy",
    "near_duplicates",
    "preflight",
    "pseudo_inverse",
    "random_patterns",
    "recall",
    "same_picture",
    "settle",
    "spiking_recall",
    "spiking_stream",
    "synchronous",
    "to_cpu",
    "trajectory",
    "unknown_value",
    "with_own",
]
