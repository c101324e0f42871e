"""What leaves the trainer page: the exact link, the same run for a terminal, files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.share import Download, share_bar
from pages.components.trainer import compare_panel, draw_panel, gallery_panel, job, results_panel
from pages.components.trainer.controls import TITLES, Chosen
from pages.components.trainer.payload import OWN
from pages.components.trainer.presets import KEY, first, layer_of, moved, values_of
from snncore.jobs import JobView
from snncore.stdp import TrainParams
from snncore.stdp.presets import recommended

HOW = "stdp_how"  # the expander with a run's history


def share(
    chosen: Chosen,
    view: JobView | None,
    files: Sequence[Download],
    resumes: bool,
) -> None:
    """The row under the title."""
    own = chosen.upload is not None
    share_bar(
        command=command(chosen),
        params={**link(chosen), job.JOB: None if view is None else view.watch, **looks()},
        downloads=[*_checkpoint(view), *files],
        missing=_lacks("This link", own, resumes, draw_panel.not_in_link()),
        lacking=_lacks("The command", own, resumes),
    )


def _lacks(what: str, own: bool, resumes: bool, also: Sequence[str] = ()) -> str:
    """What a link or a command cannot carry, "" if nothing."""
    words = [*(["your images"] if own else []), *(["the checkpoint"] if resumes else []), *also]
    if not words:
        return ""
    cure = " Name your file in place of FILE.npz." if own and what == "The command" else ""
    return f"{what} carries everything you set, but not {', not '.join(words)}.{cure}"


def link(chosen: Chosen) -> dict[str, object]:
    """Names and values of the address that restore the controls.

    Where the data set that was chosen is absent, the address asks for it nevertheless, with what
    is recommended for it: on a machine that has it, it is learnt.
    """
    opened, found, values = values_of(first()), dict[str, object](), values_of(chosen.preset)
    if chosen.absent:
        params, learnt = chosen.params, chosen.preset.dataset
        asked = moved(params.to_dict(), layer_of(params), learnt, chosen.absent)
        values |= {f"{KEY}_{name}": value for name, value in asked.items()}
    for key, value in values.items():
        name = key.removeprefix(f"{KEY}_")
        if chosen.absent and name in ("dataset", "limit"):
            continue
        if value != opened[key]:
            # The address spells the options of a list as they are shown.
            found[key] = TITLES[name][str(value)] if name in TITLES else value
    if chosen.absent:
        found[f"{KEY}_dataset"] = TITLES["dataset"][chosen.absent]
    return found


def command(chosen: Chosen) -> str:
    """The command line of the same run."""
    params = chosen.params
    usual = TrainParams()
    flags: dict[str, object] = {}
    dataset = "FILE.npz" if chosen.run.dataset == OWN else chosen.run.dataset
    flags["dataset"] = dataset
    if chosen.run.limit:
        flags["limit"] = chosen.run.limit
    units = "neurons" if params.layer == "dense" else "filters"
    for name in ("layer", units):
        if getattr(params, name) != getattr(usual, name):
            flags[name] = getattr(params, name)
    # What is not given starts from what is recommended for the layer and the data set.
    base = recommended(params.layer, getattr(params, units), dataset)
    for name, value in params.to_dict().items():
        if name not in ("layer", "neurons", "filters") and value != getattr(base, name):
            flags[name] = value
    words = "".join(f" --{name.replace('_', '-')} {_word(value)}" for name, value in flags.items())
    return f"python -m snncore train{words}"


def _word(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.10g}"
    return short if float(short) == value else repr(value)  # the same number, to the last bit


def _checkpoint(view: JobView | None) -> list[Download]:
    payload = job.payload_of(view)
    if payload is None or payload.result is None:
        return []
    identity = payload.run.identity
    return [
        Download(
            "Checkpoint (.safetensors)",
            lambda: job.checkpoint(identity),
            "stdp.safetensors",
            "application/octet-stream",
        )
    ]


def looks() -> dict[str, object]:
    """What is looked at, on all parts of the page."""
    found: dict[str, object] = {HOW: True} if st.session_state.get(HOW) else {}
    for panel in (draw_panel, results_panel, gallery_panel, compare_panel):
        found |= panel.link_values()
    return found
