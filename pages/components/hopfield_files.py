"""What leaves the Hopfield page: the link, the command, pictures, arrays, scores, a program."""

from __future__ import annotations

import streamlit as st

from pages.components import hopfield_cards as cards
from pages.components.controls import state_of
from pages.components.hopfield_bench import RecallBench
from pages.components.hopfield_controls import Chosen, titles
from pages.components.hopfield_job import JOB, answered, is_short
from pages.components.hopfield_kept import kept
from pages.components.hopfield_params import FIRST_SET, KEY, suited
from pages.components.hopfield_sections import open_sections
from pages.components.share import Download, share_bar
from snncore.recall_lab import RULES, Answer, Ask, command, command_lacks, npz, scores_csv, script


def share(chosen: Chosen, bench: RecallBench | None) -> None:
    """The row under the title."""
    share_bar(
        command=command(chosen.ask),
        params=link(chosen, bench),
        downloads=[] if bench is None else downloads(bench.ask),
        missing=chosen.own.missing,
        lacking=command_lacks(chosen.ask),
    )


def link(chosen: Chosen, bench: RecallBench | None) -> dict[str, object]:
    """Names and values of the address that restore what is seen."""
    first = suited(chosen.params.dataset).to_dict()
    words = titles()
    found: dict[str, object] = {}
    for key, value in state_of(KEY, chosen.params).items():
        name = key.removeprefix(f"{KEY}_")
        if name == "dataset":
            if value != FIRST_SET:
                found[key] = words[name][str(value)]
        elif value != first[name]:
            # The address spells the options of a list as they are shown.
            found[key] = words[name][str(value)] if name in words else value
    return found | looks(bench) | chosen.own.link | open_sections()


def looks(bench: RecallBench | None) -> dict[str, object]:
    """Names and values of the address for what is looked at, and how."""
    state, found = st.session_state, dict[str, object]()
    if not state.get("hop_mark", True):
        found["hop_mark"] = False
    if bench is not None:
        if bench.which != cards.first_look(bench.answer):
            found["hop_look"] = state.get("hop_look")
        if state.get("hop_tab") not in (None, "Watch"):
            found["hop_tab"] = state["hop_tab"]
    if state.get("hop_distinct"):
        found["hop_distinct"] = True
    for name in ("hop_picked", JOB):
        if name in st.query_params:
            found[name] = st.query_params[name]
    return found


def downloads(ask: Ask) -> list[Download]:
    """Files, made when they are asked for: the session holds the question, not the answer."""

    def title() -> str:
        return f"{RULES[ask.rule].title}, {ask.noise.to_text()}, seed {ask.seed}"

    return [
        Download(
            "Pictures (PNG)",
            lambda: cards.sheet(still(ask), title()),
            "recall.png",
            "image/png",
        ),
        Download("Arrays (NPZ)", lambda: npz(ask, still(ask)), "recall.npz", "application/zip"),
        Download("Scores (CSV)", lambda: scores_csv(still(ask)).encode(), "recall.csv", "text/csv"),
        Download(
            "Program (Python)",
            lambda: script(ask, still(ask)).encode(),
            "recall.py",
            "text/x-python",
        ),
    ]


def still(ask: Ask) -> Answer:
    """The answer that is shown; a long one is not computed again behind a button.

    Raises:
        ValueError: it is no longer kept.
    """
    found = kept.get(ask.digest)
    if found is None and not is_short(ask):
        raise ValueError(
            "The answer is no longer kept on this server: reload the page and recall again, then "
            "export."
        )
    return answered(ask) if found is None else found
