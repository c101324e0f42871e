"""Associative memory: store pictures, damage one, let a network restore it.

The networks: rate memories of eight rules without an N×N matrix, two memories of spiking neurons,
and two example programs for comparison. Around them: pictures as patterns, nine kinds of damage,
the Bayes bound for each, theory, and lights before the start. Whole recalls with their scores are
in `snncore.recall_lab`.
"""

from snncore.hopfield.attractor import AttractorParams, attractor_recall, attractor_stream
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
from snncore.hopfield.dynamics import CYCLE, FIXED, MOVING, DynamicsParams, Step, settle
from snncore.hopfield.lights import Light
from snncore.hopfield.memory import Memory
from snncore.hopfield.noise import KINDS, NoiseParams, damage
from snncore.hopfield.patterns import (
    PatternParams,
    Patterns,
    make_patterns,
    random_patterns,
    with_own,
)
from snncore.hopfield.pictures import binarise, fit
from snncore.hopfield.preflight import Preflight, preflight
from snncore.hopfield.probes import Probes, unknown_value
from snncore.hopfield.rules import RATE_RULES, RuleParams, make_memory
from snncore.hopfield.seeds import SeedRateLif, seed_gaussian_sync, seed_rate_lif
from snncore.hopfield.spiking import (
    SpikingFrame,
    SpikingParams,
    SpikingTrace,
    spiking_recall,
    spiking_stream,
)

__all__ = [
    "CYCLE",
    "FIXED",
    "KINDS",
    "MOVING",
    "RATE_RULES",
    "AttractorParams",
    "Bound",
    "DynamicsParams",
    "Light",
    "Memory",
    "NoiseParams",
    "PatternParams",
    "Patterns",
    "Preflight",
    "Probes",
    "RuleParams",
    "SeedRateLif",
    "SpikingFrame",
    "SpikingParams",
    "SpikingTrace",
    "Step",
    "as_is",
    "attractor_recall",
    "attractor_stream",
    "background",
    "bayes_beta",
    "binarise",
    "bound",
    "damage",
    "deduplicate",
    "fit",
    "make_memory",
    "make_patterns",
    "matched_beta",
    "near_duplicates",
    "preflight",
    "random_patterns",
    "same_picture",
    "seed_gaussian_sync",
    "seed_rate_lif",
    "settle",
    "spiking_recall",
    "spiking_stream",
    "unknown_value",
    "with_own",
]
