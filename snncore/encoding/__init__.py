"""Spike codes: how values and signals become spikes, and how to read them back.

One module per family, one `Code` per code; `CODES` is the registry that the pages, the command
line and the tests go through.
"""

from __future__ import annotations

from typing import Literal

from snncore.encoding import (
    burst,
    delta,
    integrate,
    latency,
    order,
    phase,
    poisson,
    population,
    pulse_width,
    rate,
    renewal,
    retina_latency,
    sigma_delta,
    spiker,
    time_encoding,
    window,
    zero_crossing,
)
from snncore.encoding.burst import BurstParams as BurstParams
from snncore.encoding.burst import burst_decode as burst_decode
from snncore.encoding.burst import burst_encode as burst_encode
from snncore.encoding.code import Code as Code
from snncore.encoding.delta import DeltaParams as DeltaParams
from snncore.encoding.delta import FadeInParams as FadeInParams
from snncore.encoding.delta import SendOnDeltaParams as SendOnDeltaParams
from snncore.encoding.delta import delta_decode as delta_decode
from snncore.encoding.delta import delta_encode as delta_encode
from snncore.encoding.delta import fade_in_decode as fade_in_decode
from snncore.encoding.delta import fade_in_encode as fade_in_encode
from snncore.encoding.delta import send_on_delta_encode as send_on_delta_encode
from snncore.encoding.integrate import LIFCodeParams as LIFCodeParams
from snncore.encoding.latency import LatencyParams as LatencyParams
from snncore.encoding.latency import LatencyRcParams as LatencyRcParams
from snncore.encoding.latency import latency_decode as latency_decode
from snncore.encoding.latency import latency_encode as latency_encode
from snncore.encoding.latency import latency_rc_decode as latency_rc_decode
from snncore.encoding.latency import latency_rc_encode as latency_rc_encode
from snncore.encoding.one_spike import first_spike as first_spike
from snncore.encoding.one_spike import first_spike_mask as first_spike_mask
from snncore.encoding.order import FirstSpikeParams as FirstSpikeParams
from snncore.encoding.order import RankOrderParams as RankOrderParams
from snncore.encoding.order import first_spike_decode as first_spike_decode
from snncore.encoding.order import first_spike_encode as first_spike_encode
from snncore.encoding.order import rank_order_decode as rank_order_decode
from snncore.encoding.order import rank_order_encode as rank_order_encode
from snncore.encoding.phase import OscillationPhaseParams as OscillationPhaseParams
from snncore.encoding.phase import WeightedPhaseParams as WeightedPhaseParams
from snncore.encoding.phase import oscillation_phase_decode as oscillation_phase_decode
from snncore.encoding.phase import oscillation_phase_encode as oscillation_phase_encode
from snncore.encoding.phase import weighted_phase_decode as weighted_phase_decode
from snncore.encoding.phase import weighted_phase_encode as weighted_phase_encode
from snncore.encoding.poisson import InhomogeneousPoissonParams as InhomogeneousPoissonParams
from snncore.encoding.poisson import PoissonParams as PoissonParams
from snncore.encoding.poisson import SignedPoissonParams as SignedPoissonParams
from snncore.encoding.population import PopulationLatencyParams as PopulationLatencyParams
from snncore.encoding.population import PopulationRateParams as PopulationRateParams
from snncore.encoding.population import population_latency_decode as population_latency_decode
from snncore.encoding.population import population_latency_encode as population_latency_encode
from snncore.encoding.population import population_rate_decode as population_rate_decode
from snncore.encoding.population import population_rate_encode as population_rate_encode
from snncore.encoding.pulse_width import PulseWidthParams as PulseWidthParams
from snncore.encoding.rate import RateParams as RateParams
from snncore.encoding.rate import RateSignalParams as RateSignalParams
from snncore.encoding.rate import rate_decode as rate_decode
from snncore.encoding.rate import rate_encode as rate_encode
from snncore.encoding.rate import rate_signal_decode as rate_signal_decode
from snncore.encoding.rate import rate_signal_encode as rate_signal_encode
from snncore.encoding.renewal import GammaParams as GammaParams
from snncore.encoding.renewal import RegularParams as RegularParams
from snncore.encoding.retina_latency import RetinaLatencyParams as RetinaLatencyParams
from snncore.encoding.retina_latency import retina_latency_decode as retina_latency_decode
from snncore.encoding.retina_latency import retina_latency_encode as retina_latency_encode
from snncore.encoding.sigma_delta import SigmaDeltaParams as SigmaDeltaParams
from snncore.encoding.signals import SHAPES as SHAPES
from snncore.encoding.signals import SignalParams as SignalParams
from snncore.encoding.signals import make_signal as make_signal
from snncore.encoding.spiker import BensSpikerParams as BensSpikerParams
from snncore.encoding.spiker import HoughSpikerParams as HoughSpikerParams
from snncore.encoding.time_encoding import TimeEncodingParams as TimeEncodingParams
from snncore.encoding.window import MovingWindowParams as MovingWindowParams
from snncore.encoding.window import ThresholdBasedParams as ThresholdBasedParams
from snncore.encoding.zero_crossing import ZeroCrossingParams as ZeroCrossingParams

_MODULES = (
    rate, poisson, renewal, integrate, latency, order, phase, burst, population, retina_latency,
    delta, zero_crossing, window, sigma_delta, spiker, pulse_width, time_encoding,
)  # fmt: skip
CODES: dict[str, Code] = {code.name: code for module in _MODULES for code in module.CODES}


def get_code(name: str) -> Code:
    """The code called `name`.

    Raises:
        ValueError: there is none; the message names those that there are.
    """
    if name not in CODES:
        raise ValueError(f"unknown code {name!r}; it must be one of {', '.join(CODES)}")
    return CODES[name]


def codes(kind: Literal["intensity", "picture", "signal"]) -> tuple[Code, ...]:
    """All codes of one kind, in the order of the registry."""
    return tuple(code for code in CODES.values() if code.kind == kind)
