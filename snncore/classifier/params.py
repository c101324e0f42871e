"""Parameters of the classifier: the task, its code, the network, the rule, the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snncore.params import Params, Value, choice, integer, number

DATA = ("blobs", "moons", "circles", "spirals", "own")
THRESHOLD = 1.0
MAX_CLASSES = 6
# What differs from the defaults where another data set is asked for by its name alone.
_SUITED: dict[str, dict[str, Value]] = {
    "blobs": {},
    "moons": {"n_points": 1000, "noise": 0.15},
    "circles": {"n_points": 600, "noise": 0.1},
    "spirals": {"n_classes": 3, "n_points": 1500, "noise": 0.1, "hidden": 32},
    "own": {"hidden": 16},
}


@dataclass(frozen=True)
class ClassifierParams(Params):
    """Everything that, with a user's own points where `data` is "own", determines a training."""

    data: str = choice("blobs", DATA, "The points: generated, or the user's own.", label="Data")
    n_classes: int = integer(
        2, 2, MAX_CLASSES, "Classes: blobs 2 to 6, spirals 2 to 4, moons and circles 2.",
        label="Classes",
    )  # fmt: skip
    n_points: int = integer(
        200, 20, 5000, "Points in all, to learn from and to test.", step=20, label="Points"
    )
    noise: float = number(
        1.0, 0.0, 5.0,
        "Standard deviation of the points, in the units of the data set. Spirals: in distances "
        "between neighbouring arms.",
        step=0.05, label="Noise",
    )  # fmt: skip
    test_share: float = number(
        0.3, 0.1, 0.8, "Share of each class that is kept from learning, to test.", step=0.05,
        label="Test share",
    )  # fmt: skip
    code: str = choice(
        "rate", ("rate", "constant", "raw"),
        "Random spikes of receptive fields, their mean as a constant current, or x and y "
        "themselves as currents.",
        label="Input code",
    )  # fmt: skip
    fields: int = integer(8, 3, 24, "Receptive fields along each axis.", label="Fields m")
    n_steps: int = integer(25, 5, 200, "Time to decide.", unit="steps", step=5, label="Time T")
    beta: float = number(
        0.8, 0.0, 0.99, "Share of the potential kept per step.", step=0.01, label="Leak β"
    )
    hidden: int = integer(
        0, 0, 128, "Neurons of a hidden layer; 0: the class neurons see the input.", step=4,
        label="Hidden neurons",
    )  # fmt: skip
    rule: str = choice(
        "surrogate", ("surrogate", "local"),
        "Surrogate gradient through time, or the delta rule on spike counts at each synapse.",
        label="Learning rule",
    )  # fmt: skip
    decision: str = choice(
        "count", ("count", "first"), "The class neuron with most spikes, or the first to spike.",
        label="Decision",
    )  # fmt: skip
    epochs: int = integer(40, 0, 500, "Passes over the training points.", step=5, label="Passes")
    learning_rate: float = number(
        0.02, 0.0, 1.0, "Step of learning at the start; it falls to 0 in a line.", step=0.005,
        lo_open=True, label="Learning rate η",
    )  # fmt: skip
    seed: int = integer(
        42, 0, 2**31 - 1, "Number that fixes points, weights and spikes.", label="Seed"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data in ("moons", "circles") and self.n_classes != 2:
            raise ValueError(
                f"n_classes must be 2 for {self.data}, got {self.n_classes}; take blobs or spirals"
            )
        if self.data == "spirals" and self.n_classes > 4:
            raise ValueError(
                f"n_classes must be <= 4 for spirals, got {self.n_classes}; take fewer, or blobs"
            )

    @classmethod
    def suited(cls, data: str = "blobs", **values: Any) -> ClassifierParams:
        """The parameters that suit a data set, but for those given in `values`.

        Raises:
            ValueError: an unknown data set, name or value.
        """
        return cls.from_dict({"data": data, **_SUITED.get(data, {}), **values})
