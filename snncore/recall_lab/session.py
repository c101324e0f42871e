"""One whole experiment, as the page and the command line run it: load, damage, recall, score."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.device import choose_device
from snncore.hopfield import (
    NoiseParams,
    Patterns,
    Preflight,
    Probes,
    binarise,
    bound,
    damage,
    fit,
    preflight,
)
from snncore.recall_lab.ask import Ask, load_patterns
from snncore.recall_lab.networks import WATCHED, Network, build
from snncore.recall_lab.recall import Recall, part_size, pieces

Tensor = torch.Tensor
_MAX_FLIGHTS = 64
_flights_lock = threading.Lock()
_flights: dict[tuple[Any, ...], Preflight] = {}  # the oldest goes first


class Answer(NamedTuple):
    """Everything that one experiment found out, on the CPU."""

    patterns: Patterns
    probes: Probes  # [B, N]; probe b came from picture result.targets[b], its number is b
    result: Recall
    flight: Preflight
    notes: tuple[str, ...]  # sentences: what to know before reading the scores
    asked: bool  # own question: no picture is "right", the most likely one stands for it

    @property
    def untouched(self) -> float:
        """Share of probes that the damage left as they were."""
        wanted = self.patterns.states[self.result.targets]
        return float((self.probes.values == wanted).all(dim=1).float().mean())


class Progress(NamedTuple):
    """How far a recall is; `answer` comes with the last one."""

    step: int  # updates or time steps of the probes that are being answered now
    of: int  # at most
    done: int  # probes answered
    probes: int
    recalled: NDArray[np.float32]  # [V, N], the first V probes' pictures so far
    overlap: NDArray[np.float32]  # [S], mean over the probes that are being answered
    energy: NDArray[np.float32]  # [S], likewise; S = 0 where the memory has none
    fraction: float  # 0..1
    answer: Answer | None


ASKED = "Your own question has no right answer"  # how the note on a drawing begins


def to_cpu(value: Any) -> Any:
    """A tuple with named fields, and those within it, with all tensors on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(to_cpu(item) for item in value))
    return value


def assumed_noise(ask: Ask) -> NoiseParams:
    """What the bound takes the damage to be; of one's own question, that much of a guess."""
    if ask.drawing is None:
        return ask.noise
    return NoiseParams("flip", 0.3) if ask.mode == "binary" else NoiseParams("gaussian", 0.3)


def question(ask: Ask, patterns: Patterns) -> Probes:
    """The visitor's own picture as the one probe [1, N]; every pixel of it is known."""
    if ask.drawing is None:
        raise ValueError("drawing must be a picture, got none")
    device = patterns.states.device
    picture = fit(ask.drawing.array(), patterns.shape, patterns.mode)[None]
    if patterns.mode == "binary":
        flat = binarise(picture, ask.patterns.threshold).astype(np.float32)
    else:
        flat = picture.reshape(1, -1).astype(np.float32) / np.float32(255)
    values = torch.from_numpy(flat).to(device)
    return Probes(values, torch.ones_like(values, dtype=torch.bool))


def network(ask: Ask, patterns: Patterns, *, moments: int = 1) -> Network:
    """The memory of `ask` with `patterns` stored; `moments` as in `networks.build`."""
    return build(
        patterns, ask.recall, assumed_noise(ask), ask.spiking, ask.attractor, moments=moments
    )


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.cpu() for part in parts])


class Questions:
    """The probes of an `ask`, made part by part and kept."""

    def __init__(self, ask: Ask, patterns: Patterns) -> None:
        self._ask, self._patterns = ask, patterns
        self._made: list[Probes] = []
        device, count = patterns.states.device, len(patterns.states)
        if ask.drawing is None:
            self.targets = torch.arange(count, device=device).repeat(ask.draws)
        else:
            own = question(ask, patterns)
            self._made = [own]
            self.targets = bound(patterns, own, assumed_noise(ask)).picture
        self.samples = torch.arange(len(self.targets), device=device)

    def part(self, first: int, end: int) -> Probes:
        """Probes first..end (excluded), to be asked for in order."""
        if self._ask.drawing is not None:
            return self._made[0]
        made = damage(
            self._patterns,
            self._ask.noise,
            targets=self.targets[first:end],
            seed=self._ask.seed,
            samples=self.samples[first:end],
        )
        self._made.append(made)
        return made

    def made(self) -> Probes:
        """All parts so far, on the CPU."""
        values, known, painted = zip(*self._made, strict=True)
        return Probes(
            _joined(values), _joined(known), None if painted[0] is None else _joined(painted)
        )

    def all(self) -> Probes:
        """All probes, made in parts where that has not been done, on the patterns' device."""
        if not self._made:
            total = len(self.targets)
            size = part_size(self._patterns, total)
            for first in range(0, total, size):
                self.part(first, min(total, first + size))
        return self.made().to(self._patterns.states.device)


def _flight(ask: Ask, patterns: Patterns) -> Preflight:
    """`preflight`, once for the same pictures and question: it takes a fifth of a short recall."""
    states = patterns.states.contiguous()
    name = hashlib.sha256(states.numpy().tobytes()).digest()
    noise, degree = assumed_noise(ask), ask.recall.degree
    key = (name, states.shape, patterns.mode, ask.rule, noise, degree)
    found = _flights.get(key)
    if found is None:
        found = preflight(patterns, ask.rule, noise=noise, degree=degree)
        with _flights_lock:
            while len(_flights) >= _MAX_FLIGHTS:
                del _flights[next(iter(_flights))]
            _flights[key] = found
    return found


def stream(
    ask: Ask,
    *,
    shown: int = 24,
    device: torch.device | None = None,
    patterns: Patterns | None = None,
) -> Iterator[Progress]:
    """Damage and recall, a snapshot for every moment; the last one carries the `Answer`.

    Not asking for the next snapshot is how to cancel.

    Args:
        shown: V, of how many probes the pictures so far are given; 0 leaves a spiking memory's fast
            loop alone, and its overlaps are then known at the start and the end.
        device: where to compute; the one of `choose_device` if None.
        patterns: what `load_patterns(ask)` gives, where the caller has it already.

    Raises:
        DatasetMissing, ValueError: as `load_patterns`.
    """
    loaded = load_patterns(ask) if patterns is None else patterns
    stored = loaded.to(device or choose_device().device)
    questions = Questions(ask, stored)
    total = len(questions.targets)
    pictures = np.zeros((min(shown, total), stored.states.shape[1]), dtype=np.float32)
    overlap: list[float] = []
    energy: list[float] = []
    current = -1
    for piece in pieces(
        stored,
        questions.part,
        questions.targets,
        questions.samples,
        lambda: network(ask, stored, moments=WATCHED if shown else 1),
        rule=ask.rule,
        noise=assumed_noise(ask),
        seed=ask.seed,
    ):
        moment, count = piece.moment, len(piece.overlap)
        if piece.first != current:
            current, overlap, energy = piece.first, [], []
        if piece.result is None:
            overlap.append(float(piece.overlap.mean()))
            if moment.energy is not None:
                energy.append(float(moment.energy.mean()))
        end = min(len(pictures), piece.first + count)
        if piece.first < end:
            pictures = pictures.copy()
            pictures[piece.first : end] = moment.states[: end - piece.first].cpu().numpy()
        answer = None
        if piece.result is not None:
            flight = _flight(ask, loaded)
            answer = Answer(
                loaded,
                questions.made(),
                piece.result,
                to_cpu(flight),
                _notes(ask, loaded, flight),
                ask.drawing is not None,
            )
        part = moment.step / moment.of if answer is None else 1.0
        yield Progress(
            step=moment.step,
            of=moment.of,
            done=total if answer is not None else piece.first,
            probes=total,
            recalled=pictures,
            overlap=np.array(overlap, dtype=np.float32),
            energy=np.array(energy, dtype=np.float32),
            fraction=min(1.0, (piece.first + count * part) / total),
            answer=answer,
        )


def experiment(
    ask: Ask, *, device: torch.device | None = None, patterns: Patterns | None = None
) -> Answer:
    """The answer to `ask`; arguments and errors as those of `stream`."""
    *_, last = stream(ask, shown=0, device=device, patterns=patterns)
    if last.answer is None:
        raise RuntimeError("a recall ended without its answer")
    return last.answer


def _notes(ask: Ask, patterns: Patterns, flight: Preflight) -> tuple[str, ...]:
    """What explains a bad score before anyone wonders."""
    notes = [light.sentence for light in flight.lights if light.colour == "red" and light.matters]
    if ask.drawing is not None:
        notes.append(
            f"{ASKED}: it is held against the stored picture that is most likely under "
            f"{assumed_noise(ask).to_text()}."
        )
    wished, there = ask.patterns.count, len(patterns.states) - len(ask.own)
    if not ask.chosen and not ask.distinct and there < wished:
        notes.append(f"The data set has {there} pictures where {wished} were asked for.")
    return tuple(notes)
