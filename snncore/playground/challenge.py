"""Guess the hidden parameters: a secret LIF neuron, experiments on it, and a score.

A number and a level make a neuron, always the same one, so a link shares it. The visitor injects
currents, compares the recorded voltage with that of a guess, and is scored on two things:

- each hidden parameter: 1 − |error| / (a quarter of the range from which it was drawn), at least 0;
- the spikes of guess and secret under one fluctuating test current, by their coincidence factor Γ.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng, stimuli, theory
from snncore.neurons import LIFParams
from snncore.params import Params, choice, integer, number
from snncore.playground.coincidence import coincidence
from snncore.simulate import RunParams, run_lif
from snncore.stimuli import StimulusParams, drive

Array = NDArray[np.float64]
LEVELS = ("easy", "medium", "hard")
HIDDEN = {"easy": 1, "medium": 3, "hard": 5}
NOISE_MV = 0.5  # of the electrode, at level "hard"
CHECK_COST = 5  # points that each check after the first one costs
START = LIFParams()  # the neuron that the guess begins with, and what is not hidden

_TEST = RunParams(duration=1000, dt=0.1)
_PARAMETER_SHARE = 0.7  # of the score; the rest is for the spikes
_FAR = 0.15  # of the range: how far at least a hidden value is from where the guess begins


class Range(NamedTuple):
    """Values that a hidden parameter may have: from low to high in steps."""

    low: float
    high: float
    step: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def values(self) -> Array:
        """All of them."""
        count = round(self.width / self.step) + 1
        return np.round(self.low + self.step * np.arange(count), 6)


# Every combination fires below 5 nA (rheobase 0.6 to 4.4 nA), has V_reset < V_th, and shows each
# parameter in a recording that the page can make.
RANGES = {
    "tau_m": Range(6, 40, 0.5),
    "r_m": Range(6, 20, 0.5),
    "v_th": Range(-58, -44, 0.5),
    "v_reset": Range(-78, -60, 0.5),
    "t_ref": Range(0.5, 10, 0.5),
}


@dataclass(frozen=True)
class Challenge(Params):
    """Which secret neuron: the same number and level are the same neuron for everybody."""

    level: str = choice(
        "easy", LEVELS,
        "easy: one parameter is hidden. medium: three. hard: five, and the electrode adds "
        f"{NOISE_MV:g} mV of noise.",
        label="Level",
    )  # fmt: skip
    number: int = integer(
        1, 1, 9999, "Another number, another secret neuron. Give it to a friend and compare.",
        label="Challenge number",
    )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """The hidden parameters."""
        order = np.argsort(_words(self, 0), kind="stable")
        chosen = set(order[: HIDDEN[self.level]].tolist())
        return tuple(name for k, name in enumerate(RANGES) if k in chosen)

    @property
    def secret(self) -> LIFParams:
        """The neuron itself; what is not hidden is as in `START`."""
        words = dict(zip(RANGES, _words(self, 1), strict=True))
        drawn: dict[str, Any] = {}
        for name in self.names:
            values = RANGES[name].values()
            away = np.abs(values - getattr(START, name)) >= _FAR * RANGES[name].width - 1e-9
            candidates = values[away]
            drawn[name] = float(candidates[words[name] % candidates.size])
        return dataclasses.replace(START, **drawn)

    @property
    def noise_mv(self) -> float:
        """Standard deviation of what the electrode adds to the voltage."""
        return NOISE_MV if self.level == "hard" else 0.0


@functools.lru_cache(maxsize=1024)
def _words(challenge: Challenge, purpose: int) -> tuple[int, ...]:
    """One random word for each parameter that may be hidden."""
    words = _draws(challenge, purpose, len(RANGES))
    return tuple(int(word) for word in words[:, 0, 0])


def _draws(challenge: Challenge, purpose: int, count: int) -> torch.Tensor:
    stream = rng.stream("challenge", 10 * LEVELS.index(challenge.level) + purpose)
    return rng.draws(challenge.number, stream, torch.zeros(1, dtype=torch.int64), 1, count)


EXPERIMENTS = ("drive above", "step", "ramp", "constant")


@dataclass(frozen=True)
class Injection(Params):
    """What is injected: the page's drive, or a ready experiment."""

    kind: str = choice(
        "drive above", EXPERIMENTS,
        "drive above: what you set at the top of the page. The others are ready experiments of "
        "0.5 s with the strength beside.",
        label="Experiment",
    )  # fmt: skip
    strength: float = number(
        2, -5, 10, "Height of the step, end of the ramp, or the constant current.",
        unit="nA", step=0.1, label="Strength",
    )  # fmt: skip

    def drive(self, stimulus: StimulusParams, run: RunParams) -> tuple[StimulusParams, RunParams]:
        """The stimulus and the run; those given are the page's."""
        ready = RunParams(duration=500, dt=0.1)
        if self.kind == "step":
            return StimulusParams(
                current=0, step_current=self.strength, step_on=50, step_off=300
            ), ready
        if self.kind == "ramp":
            return StimulusParams(
                current=0, ramp_current=self.strength, ramp_on=0, ramp_off=500
            ), ready
        if self.kind == "constant":
            return StimulusParams(current=self.strength), ready
        return stimulus, run


class Recording(NamedTuple):
    """One neuron under the visitor's current; entry k belongs to the end of step k."""

    v: Array  # [T] mV, with the noise of the electrode
    spike_times: Array  # [K] ms


class Experiment(NamedTuple):
    """The secret and the guess under one current."""

    t: Array  # [T] ms
    current: Array  # [T] nA
    secret: Recording
    guess: Recording


class Verdict(NamedTuple):
    """One parameter of a guess."""

    name: str
    error: float  # guess − secret, in the parameter's unit
    points: float  # 0..1

    @property
    def is_right(self) -> bool:
        return abs(self.error) < 0.5 * RANGES[self.name].step


class Score(NamedTuple):
    """What a guess is worth, before the cost of further checks."""

    total: float  # 0..100
    verdicts: tuple[Verdict, ...]
    gamma: float  # coincidence factor of the spikes, 1 at best


def experiment(
    challenge: Challenge,
    guess: LIFParams,
    stimulus: StimulusParams,
    run: RunParams,
    recording: stimuli.Recording | None = None,
) -> Experiment:
    """Inject the visitor's current into the secret neuron and into the guess.

    Both get the very same current. White noise that is given by its effect on the voltage is
    scaled to the neuron `START`, as its current must not tell about the secret one.
    """
    current = drive(stimulus, START, run.n_steps, run.dt, seed=run.seed, recording=recording)
    secret = _record(challenge.secret, current, run.dt)
    if challenge.noise_mv:
        words = _draws(challenge, 2, run.n_steps)
        noise = rng.normal(words)[:, 0, 0].numpy().astype(np.float64)
        secret = secret._replace(v=secret.v + challenge.noise_mv * noise)
    return Experiment(
        t=np.arange(1, run.n_steps + 1, dtype=np.float64) * np.float64(run.dt),
        current=current[:, 0, 0].numpy().astype(np.float64),
        secret=secret,
        guess=_record(guess, current, run.dt),
    )


def _record(neuron: LIFParams, current: torch.Tensor, dt: float) -> Recording:
    trace = run_lif(current, neuron, dt)
    return Recording(trace.v[:, 0, 0].numpy().astype(np.float64), trace.spike_times())


def score(challenge: Challenge, guess: LIFParams) -> Score:
    """Judge a guess: 70 points for the hidden parameters, 30 for the spikes of the test."""
    judged = verdicts(challenge, guess)
    current = _test_current(challenge)
    trains = [_record(n, current, _TEST.dt).spike_times for n in (challenge.secret, guess)]
    gamma = coincidence(trains[0], trains[1], _TEST.duration)
    parameters = float(np.mean([v.points for v in judged]))
    share = _PARAMETER_SHARE
    return Score(100 * (share * parameters + (1 - share) * max(0.0, gamma)), judged, gamma)


def verdicts(challenge: Challenge, guess: LIFParams) -> tuple[Verdict, ...]:
    """One for each hidden parameter."""
    judged = []
    for name in challenge.names:
        error = getattr(guess, name) - getattr(challenge.secret, name)
        points = max(0.0, 1.0 - abs(error) / (0.25 * RANGES[name].width))
        judged.append(Verdict(name, error, points))
    return tuple(judged)


def _test_current(challenge: Challenge) -> torch.Tensor:
    """A fluctuating current around the secret's rheobase: irregular spikes tell most."""
    secret = challenge.secret
    around = StimulusParams(current=1.1 * theory.rheobase(secret), sigma_v=3)
    return drive(around, secret, _TEST.n_steps, _TEST.dt, seed=challenge.number)


def final(total: float, checks: int) -> int:
    """Points after `checks` checks: the first is free, each further one costs `CHECK_COST`."""
    return max(0, math.floor(total + 0.5) - CHECK_COST * max(0, checks - 1))


# Sizes of an error that a verdict tells apart, as parts of the range.
_BANDS = (0.05, 0.15, 0.3)


def in_words(verdict: Verdict) -> str:
    """Too high or too low and by about how much, without giving the answer away."""
    if verdict.is_right:
        return "right"
    spec, scale = LIFParams.specs()[verdict.name], RANGES[verdict.name]
    side = "too high" if verdict.error > 0 else "too low"
    size = abs(verdict.error) / scale.width
    for band in _BANDS:
        if size <= band + 1e-9:
            return f"{side}, by at most {_edge(band, scale):g} {spec.unit}"
    return f"{side}, by more than {_edge(_BANDS[-1], scale):g} {spec.unit}"


def _edge(band: float, scale: Range) -> float:
    """The largest error inside a band, in whole steps."""
    return scale.step * math.floor(band * scale.width / scale.step + 1e-9)
