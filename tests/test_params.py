"""Parameter sets: validation, round trips, identity."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from snncore.params import Params, choice, digest, flag, integer, number, parse


@dataclass(frozen=True)
class Neuron(Params):
    """A set with one field of each kind."""

    tau_m: float = number(20.0, 0.0, 500.0, "Membrane time constant.", unit="ms", lo_open=True)
    v_rest: float = number(-65.0, -200.0, 200.0, "Resting potential.", unit="mV")
    steps: int = integer(1000, 1, 10_000, "Time steps.")
    reset: str = choice("zero", ("zero", "subtract"), "Reset after a spike.")
    noisy: bool = flag(False, "Add noise.")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tau_m": -5.0}, r"tau_m must be > 0 ms, got -5\.0"),
        ({"tau_m": 0.0}, r"tau_m must be > 0 ms, got 0\.0"),
        ({"tau_m": float("nan")}, "tau_m must be finite, got nan"),
        ({"tau_m": float("inf")}, "tau_m must be finite, got inf"),
        ({"tau_m": 501}, "tau_m must be <= 500 ms, got 501"),
        ({"v_rest": -201}, "v_rest must be >= -200 mV, got -201"),
        ({"tau_m": "20"}, "tau_m must be a number, got '20'"),
        ({"tau_m": True}, "tau_m must be a number, got True"),
        ({"tau_m": None}, "tau_m must be a number, got None"),
        ({"tau_m": [1.0]}, r"tau_m must be a number, got \[1\.0\]"),
        ({"steps": 1.5}, r"steps must be a whole number, got 1\.5"),
        ({"steps": 0}, "steps must be >= 1, got 0"),
        ({"steps": -3}, "steps must be >= 1, got -3"),
        ({"steps": 10**30}, "steps must be <= 10000, got 1000"),
        ({"steps": 10**400}, r"steps must be within ±1\.8e308, got a number that is too large"),
        ({"tau_m": -(10**5000)}, r"tau_m must be within ±1\.8e308, got a number that is too large"),
        ({"steps": np.float32("nan")}, "steps must be finite, got nan"),
        ({"steps": np.bool_(True)}, "steps must be a number"),
        ({"reset": "soft"}, "reset must be one of zero, subtract, got 'soft'"),
        ({"noisy": 1}, "noisy must be true or false, got 1"),
    ],
)
def test_bad_values_are_named_with_rule_and_value(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Neuron(**values)


def test_the_edges_of_a_range_belong_to_it() -> None:
    assert Neuron(tau_m=500, v_rest=-200, steps=10_000) is not None
    assert Neuron(tau_m=1e-300).tau_m == 1e-300


def test_values_take_the_type_of_their_field() -> None:
    one = Neuron(tau_m=10, steps=5.0)  # type: ignore[arg-type]
    assert type(one.tau_m) is float and type(one.steps) is int
    two = Neuron(tau_m=np.float32(10), steps=np.int64(5))  # type: ignore[arg-type]
    assert type(two.tau_m) is float and type(two.steps) is int
    assert two == one and digest(two) == digest(one)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Neuron has no parameter taum; it has tau_m, v_rest"):
        Neuron.from_dict({"taum": 3.0})


def test_round_trip_through_a_dict_and_through_text() -> None:
    one = Neuron(tau_m=0.1, steps=7, reset="subtract", noisy=True)
    assert Neuron.from_dict(one.to_dict()) == one
    specs = Neuron.specs()
    spelt = {name: str(value) for name, value in one.to_dict().items()}
    assert Neuron(**{name: parse(name, text, specs[name]) for name, text in spelt.items()}) == one  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tau_m", "abc", "tau_m must be a number, got 'abc'"),
        ("tau_m", "nan", "must be finite"),
        ("tau_m", "1e999", "must be finite"),
        ("tau_m", "", "must be a number"),
        ("steps", "2.5", "whole number"),
        ("noisy", "maybe", "true or false"),
        ("reset", "Zero", "one of zero, subtract"),
    ],
)
def test_bad_text_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(name, text, Neuron.specs()[name])


def test_changed_is_what_differs_from_the_defaults() -> None:
    assert Neuron().changed() == {}
    assert Neuron(tau_m=5, noisy=True).changed() == {"tau_m": 5.0, "noisy": True}


def test_a_set_cannot_be_altered_and_serves_as_a_key() -> None:
    one = Neuron()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.tau_m = 3.0  # type: ignore[misc]
    assert {one: 1}[Neuron(tau_m=20)] == 1


def test_digest_tells_apart_what_differs_and_only_that() -> None:
    @dataclass(frozen=True)
    class Other(Neuron):
        """Same fields, another meaning."""

    assert digest(Neuron(), 0) == digest(Neuron(tau_m=20), 0)
    seen = {
        digest(Neuron(), 0),
        digest(Neuron(), 1),
        digest(Neuron(), "0"),
        digest(Neuron(tau_m=20.000001), 0),
        digest(Neuron()),
        digest(Other(), 0),
    }
    assert len(seen) == 6 and all(len(d) == 64 for d in seen)


def test_digest_is_the_same_in_every_process() -> None:
    # SHA-256 of '[{"": "Neuron", "noisy": false, ..., "v_rest": -65.0}, 0]', by sha256sum.
    text = (
        '[{"": "Neuron", "noisy": false, "reset": "zero", "steps": 1000, "tau_m": 20.0, '
        '"v_rest": -65.0}, 0]'
    )
    assert digest(Neuron(), 0) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("part", [float("nan"), object(), b"x"])
def test_what_has_no_canonical_text_has_no_digest(part: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        digest(part)
