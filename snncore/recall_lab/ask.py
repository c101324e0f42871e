"""A whole question: which pictures are stored, how they are damaged, and which memory is asked.

An `Ask` is frozen and hashable and determines the answer, own pictures included; equal digests are
equal work, which a page's job may share.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import datasets
from snncore.hopfield import (
    AttractorParams,
    NoiseParams,
    PatternParams,
    Patterns,
    SpikingParams,
    deduplicate,
    make_patterns,
    random_patterns,
    with_own,
)
from snncore.params import digest
from snncore.recall_lab.rules import check_mode
from snncore.recall_lab.settings import RecallParams

RANDOM = "random"  # the name of the data set that is drawn, not loaded
RANDOM_SIDE = 32  # pixels, of random patterns where no size is asked for
MAX_OWN = 64  # own pictures of one ask
MAX_DRAWS = 1000
MAX_CELLS = 60_000_000  # numbers in all probes of one ask: some 0.6 GB with the answers


class Source(NamedTuple):
    """From which part of a data set, and how, pictures are taken unless asked otherwise."""

    split: str
    pick: str


def default_source(dataset: str) -> Source:
    """MNIST and Fashion: the test part in file order; GTSRB: the most contrasted of each class."""
    if dataset in ("mnist", "fashion"):
        return Source("test", "first")
    return Source("train", "contrast" if dataset == "gtsrb" else "first")


class Picture(NamedTuple):
    """A visitor's picture: hashable, so that it can be part of an `Ask`."""

    data: bytes  # uint8, row by row
    shape: tuple[int, ...]  # (h, w) or (h, w, 3)
    name: str = ""

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], name: str = "") -> Picture:
        """From uint8 [h, w] or [h, w, 3]."""
        if pixels.dtype != np.uint8 or not (
            pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
        ):
            raise ValueError(
                f"pixels must be uint8 [h, w] or [h, w, 3], got {pixels.dtype} {pixels.shape}"
            )
        return cls(np.ascontiguousarray(pixels).tobytes(), pixels.shape, name)

    def array(self) -> NDArray[np.uint8]:
        """uint8 [h, w] or [h, w, 3], read-only."""
        return np.frombuffer(self.data, dtype=np.uint8).reshape(self.shape)


@dataclass(frozen=True)
class Ask:
    """Everything that determines an answer."""

    dataset: str = "skimage"  # a name of `datasets`, "random", or an .npz file of this machine
    split: str = "train"
    patterns: PatternParams = field(default_factory=PatternParams)
    noise: NoiseParams = field(default_factory=NoiseParams)
    recall: RecallParams = field(default_factory=RecallParams)
    spiking: SpikingParams = field(default_factory=SpikingParams)
    attractor: AttractorParams = field(default_factory=AttractorParams)
    seed: int = 0  # of the damage and of all draws of the memory
    draws: int = 1  # damaged copies of each stored picture
    own: tuple[Picture, ...] = ()  # stored before those of the set
    chosen: tuple[int, ...] = ()  # numbers of pictures of the set, in place of count, offset, pick
    drawing: Picture | None = None  # the question itself, every pixel known, nothing damaged
    distinct: bool = False  # leave out pictures that are stored already

    def __post_init__(self) -> None:
        if not 1 <= self.draws <= MAX_DRAWS:
            raise ValueError(f"draws must be in 1..{MAX_DRAWS}, got {self.draws}")
        if len(self.own) > MAX_OWN:
            raise ValueError(f"own must be at most {MAX_OWN} pictures, got {len(self.own)}")

    @property
    def rule(self) -> str:
        """Name of the memory."""
        return self.recall.rule

    @property
    def mode(self) -> str:
        """binary, grey or rgb."""
        return self.patterns.mode

    def with_rule(self, rule: str) -> Ask:
        """The same question to another memory; its number of updates is the rule's own."""
        same = rule == self.rule
        recall = dataclasses.replace(self.recall, rule=rule, steps=self.recall.steps if same else 0)
        return dataclasses.replace(self, recall=recall)

    @property
    def digest(self) -> str:
        """SHA-256 of everything in it."""

        def mark(picture: Picture | None) -> list[object]:
            if picture is None:
                return []
            return [hashlib.sha256(picture.data).hexdigest(), picture.shape, picture.name]

        return digest(
            self.dataset,
            self.split,
            self.patterns,
            self.noise,
            self.recall,
            self.spiking,
            self.attractor,
            self.seed,
            self.draws,
            [mark(picture) for picture in self.own],
            self.chosen,
            mark(self.drawing),
            self.distinct,
        )


def load_patterns(ask: Ask) -> Patterns:
    """The stored pictures of `ask`, own ones first, on the CPU.

    Raises:
        DatasetMissing: the data set is not on this machine; the message names the cure.
        ValueError: a rule that cannot store such pictures, numbers out of range, or a run that
            would not fit into memory.
    """
    check_mode(ask.rule, ask.mode)
    patterns = _random(ask) if ask.dataset == RANDOM else _from_set(ask)
    if ask.own:
        patterns = with_own(
            patterns,
            [picture.array() for picture in ask.own],
            ask.patterns.threshold,
            tuple(picture.name or f"yours {k}" for k, picture in enumerate(ask.own, 1)),
        )
    if ask.distinct:
        patterns = deduplicate(patterns)
    count, n = patterns.states.shape
    _check_size(count, n, 1 if ask.drawing is not None else ask.draws)
    return patterns


def _check_size(count: int, n: int, draws: int) -> None:
    if draws * count * n > MAX_CELLS:
        raise ValueError(
            f"draws × pictures × pixels must be <= {MAX_CELLS:,}, got {draws} × {count:,} × "
            f"{n:,} = {draws * count * n:,}; use fewer draws, fewer pictures or a smaller size"
        )


def _random(ask: Ask) -> Patterns:
    if ask.mode != "binary":
        raise ValueError(f"random patterns are black and white, got mode {ask.mode}; use binary")
    side = ask.patterns.size or RANDOM_SIDE
    _check_size(ask.patterns.count, side * side, ask.draws)  # drawing them takes the time
    return random_patterns(ask.patterns.count, (side, side), seed=ask.seed)


def _from_set(ask: Ask) -> Patterns:
    pictures = datasets.load(ask.dataset, "test" if ask.split == "test" else "train")
    images, labels, params = pictures.images, pictures.labels, ask.patterns
    if ask.chosen:
        wrong = [k for k in ask.chosen if not 0 <= k < len(images)]
        if wrong:
            raise ValueError(
                f"chosen must be numbers in 0..{len(images) - 1}, the pictures of {ask.dataset}, "
                f"got {wrong[0]}"
            )
        index = np.array(ask.chosen)
        images, labels = images[index], labels[index]
        params = dataclasses.replace(params, count=len(index), offset=0, pick="first")
    elif params.offset >= len(images):
        raise ValueError(
            f"offset must be < {len(images)}, the pictures of {ask.dataset} ({ask.split}), "
            f"got {params.offset}"
        )
    return make_patterns(images, labels, pictures.class_names, params)
