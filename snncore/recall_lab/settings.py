"""Which memory recalls, and how: one flat set of settings for page, link and command line."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from snncore.hopfield import DynamicsParams, RuleParams
from snncore.params import Params, choice
from snncore.recall_lab.rules import RULES, Rule


def _of(cls: type[Params], name: str, **changes: Any) -> Any:
    """A field as another set of parameters describes it, with its default, or with `changes`."""
    spec = cls.specs()[name]
    default = changes.pop("default", getattr(cls(), name))
    return dataclasses.field(
        default=default, metadata={"spec": dataclasses.replace(spec, **changes)}
    )


@dataclass(frozen=True)
class RecallParams(Params):
    """The memory and its dynamics; spiking memories have further parameters of their own.

    A rule reads the fields named in `RULES[rule].settings` and ignores the others.
    """

    rule: str = choice("spiking", tuple(RULES), "The memory that recalls.", label="Memory")
    diagonal: float = _of(RuleParams, "diagonal")
    degree: int = _of(RuleParams, "degree")
    centred: bool = _of(RuleParams, "centred")
    form: str = _of(RuleParams, "form")
    beta: float = _of(RuleParams, "beta")
    update: str = _of(DynamicsParams, "update")
    steps: int = _of(
        DynamicsParams,
        "steps",
        default=0,
        lo=0,
        help="Most updates (sweeps over all pixels if async); 0: as many as suit the memory.",
    )
    temperature: float = _of(DynamicsParams, "temperature")
    block: float = _of(DynamicsParams, "block")

    @property
    def info(self) -> Rule:
        """What is known of the rule."""
        return RULES[self.rule]

    def rule_params(self) -> RuleParams:
        """What builds the memory (rate memories only)."""
        names = RuleParams.specs()
        return RuleParams(**{name: getattr(self, name) for name in names})

    def dynamics(self) -> DynamicsParams:
        """How its states move: what the rule does not read stays at its default, `steps` > 0."""
        read = set(DynamicsParams.specs()) & set(self.info.settings)
        values = {name: getattr(self, name) for name in read}
        return DynamicsParams(**{**values, "steps": self.steps or self.info.steps})
