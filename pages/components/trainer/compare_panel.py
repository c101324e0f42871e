"""The finished runs of this session side by side.

The session holds a few figures and a small picture of each. The address carries the runs' watch
ids, so that a reload finds them again as long as the server keeps them.
"""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from pages.components.chart import vega_chart
from pages.components.frame import is_dark
from pages.components.job_panel import owner_id
from pages.components.picture import picture
from pages.components.sections import grid
from pages.components.text import plain
from pages.components.trainer.job import KIND, PANEL, payload_of
from pages.components.trainer.payload import Run
from pages.components.trainer.results_words import bars
from snncore.experiment import Result
from snncore.jobs import JobView, Rejected, get_manager
from snncore.plots import training_results as charts
from snncore.plots.training_results import Bar

OPEN = "stdp_cmp"
RUNS = "stdp_cmp_runs"  # watch ids in the address
MOST = 6
_HELD, _LINKED = "stdp__cmp", "stdp__cmp_linked"
_LETTERS = "ABCDEF"


class Held(NamedTuple):
    """What is remembered of a finished run."""

    watch: str
    run: Run
    result: Result  # without its network
    n_test: int
    fields: bytes | None  # PNG


def link_values() -> dict[str, object]:
    """Names and values of the address that bring the panel back as it is."""
    return {
        OPEN: True if st.session_state.get(OPEN) else None,
        RUNS: [one.watch for one in held()] or None,
    }


def held() -> list[Held]:
    """The runs of this session, oldest first."""
    found: list[Held] = st.session_state.get(_HELD, [])
    return found


def compare_panel(view: JobView | None) -> None:
    """Draw the panel in the current container; also remembers the run that the page shows."""
    if _LINKED not in st.session_state:
        st.session_state[_LINKED] = True
        _take_linked()
    _remember(view)
    runs = held()
    _write_address(runs)
    box = st.expander(
        f"Compare runs ({len(runs)})",
        icon=":material/compare_arrows:",
        key=OPEN,
        on_change="rerun",
        bind="query-params",
    )
    if box.open:
        with box:
            _panel(runs)


def _remember(view: JobView | None) -> None:
    payload = payload_of(view)
    if view is None or payload is None or payload.result is None:
        return
    fields = None if payload.pictures is None else payload.pictures.fields
    now = Held(view.watch, payload.run, payload.result, payload.n_test, fields)
    runs, names = held(), [one.run.identity for one in held()]
    if now.run.identity in names:  # it keeps its letter; computed anew, it has another watch id
        at = names.index(now.run.identity)
        st.session_state[_HELD] = [*runs[:at], now, *runs[at + 1 :]]
    else:
        st.session_state[_HELD] = [*runs, now][-MOST:]


def _take_linked() -> None:
    """The runs of the address that have ended and that the server still keeps.

    A ticket of one that is under way is given back: it would count as this visitor's own, who
    could then start nothing until it ends.
    """
    manager, mine = get_manager(KIND), st.session_state.get(f"{PANEL}_ticket")
    for watch in st.query_params.get_all(RUNS)[:MOST]:
        try:
            ticket = manager.join(owner_id(), watch)
        except Rejected:
            return
        found = None if ticket is None else manager.get(ticket.id)
        if found is None:
            continue
        if found.active:
            if found.ticket != mine:
                manager.cancel(found.ticket)
        else:
            _remember(found)


def _write_address(runs: list[Held]) -> None:
    wanted = [one.watch for one in runs]
    if st.query_params.get_all(RUNS) == wanted:
        return
    if wanted:
        st.query_params[RUNS] = wanted
    else:
        del st.query_params[RUNS]


def _forget() -> None:
    """Callback: begin anew, with the run that the page shows."""
    st.session_state.pop(_HELD, None)
    st.query_params.pop(RUNS, None)


def _panel(runs: list[Held]) -> None:
    if len(runs) < 2:
        st.info(
            "Finished runs of this session are put side by side here. Change something above "
            "(the rule, the retina, the seed, the number of neurons) and train again.",
            icon=":material/info:",
        )
    if not runs:
        return
    names = list(_LETTERS[: len(runs)])
    differ = differences([one.run for one in runs])
    grid([
        ["Run", "What differs", "Readout", "Vote", "Untrained", "Raw pixels", "Learning [s]"],
        *(
            [
                f"**{name}**",
                plain_words(words),
                f"{one.result.test_accuracy:.2%}",
                f"{one.result.vote_accuracy:.2%}",
                _percent(one.result.control_untrained_accuracy, one.result.has_controls),
                _percent(one.result.control_pixels_accuracy, one.result.has_controls),
                f"{one.result.times.learning:.1f}",
            ]
            for name, one, words in zip(names, runs, differ, strict=True)
        ),
    ])  # fmt: skip
    rows = [
        bar._replace(name=f"{name} {bar.name.removeprefix('Spikes → ')}")
        for name, one in zip(names, runs, strict=True)
        for bar in _main(one)
    ]
    vega_chart(
        spec=charts.accuracy_dots(rows, dark=is_dark()),
        width="stretch",
        alt="Accuracies: " + ", ".join(f"{row.name} {row.accuracy:.1%}" for row in rows),
    )
    st.caption(
        "Whiskers are two standard errors of the test images. Train the same with other seeds "
        "before you believe a small difference."
    )
    slots = st.columns(3)
    for k, (name, one) in enumerate(zip(names, runs, strict=True)):
        if one.fields is not None:
            with slots[k % 3]:
                picture(
                    one.fields,
                    alt=f"Receptive fields of run {name}",
                    caption=f"{name}: {plain(one.run.words)}",
                )
    st.button("Forget these runs", icon=":material/delete:", key="stdp_cmp_clear", on_click=_forget)


def _main(one: Held) -> list[Bar]:
    """The two accuracies of a run that are compared."""
    wanted = ("Spikes → linear readout", "Spikes → vote")
    return [bar for bar in bars(one.result, one.n_test) if bar.name in wanted]


def _percent(value: float, there: bool) -> str:
    return f"{value:.2%}" if there else "–"


def differences(runs: list[Run]) -> list[str]:
    """For each run, what is not the same in all of them."""
    tables = [
        {"data": run.dataset, "images": run.limit or "all", **run.params.to_dict()} for run in runs
    ]
    names = [name for name in tables[0] if len({repr(table[name]) for table in tables}) > 1]
    if any(run.resumed for run in runs):
        for table, run in zip(tables, runs, strict=True):
            table["continued"] = "yes" if run.resumed else "no"
        names.append("continued")
    return [
        ", ".join(f"{name.replace('_', ' ')} {table[name]}" for name in names) or "–"
        for table in tables
    ]


def plain_words(text: str) -> str:
    """A list of any length as Markdown that shows just these characters."""
    return text if text == "–" else ", ".join(plain(part) for part in text.split(", "))
