"""Section: all memories on the same damaged pictures, row after row, beside the best possible."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.chart import vega_chart
from pages.components.hopfield_section_base import RecallBench
from pages.components.picture import picture
from pages.components.text import plain
from snncore.jobs import Progress
from snncore.params import Value
from snncore.plots.hopfield_compare import Score, compare_chart, thumbnail
from snncore.recall_lab import RULES, Ask, compare
from snncore.recall_lab.compare import Comparison, Row

KEY = "hop_cmp"
_TOP = {"bound": "Best possible", "probe": "The input as it is", "background": "One blank picture"}


class Line(NamedTuple):
    """A row of the table; the picture is small, the session keeps it."""

    row: Row  # without its picture
    png: bytes


class Table(NamedTuple):
    """What a comparison shows, and of what."""

    lines: tuple[Line, ...]
    now: str  # title of the memory at work
    mode: str
    name: str  # of the picture that is shown
    stored: bytes  # PNG
    best: float  # pixels that the best possible answer has right


def side_by_side(bench: RecallBench) -> None:
    """Choose memories, compute, watch the rows arrive."""
    st.markdown(
        "Every memory stores the same pictures and gets the **same** damaged ones. *Best possible* "
        "is the Bayes-optimal answer of someone who knows the stored pictures and the statistics "
        "of the damage: no method can do better on average, so what is missing below it is the "
        "memory's own fault. The last two rows look at no memory at all: where a blank picture "
        "already has 85 % of its pixels right, pixels alone say little, and **pictures without an "
        "error** is the honest number."
    )
    names = _chosen(bench)
    if not names:
        base.hint("Choose at least one memory.")
        return
    ask, which = _question(bench, names), bench.which
    identity = base.identity("comparison", bench, names, which, ask=ask)
    pictures = bench.answer.patterns
    count, size = pictures.states.shape
    stored = thumbnail(pictures.states[bench.target].numpy(), pictures.picture_shape, pictures.mode)
    name, best = plain(bench.names[bench.target]), bench.answer.result.bound_pixel_accuracy
    first = Table((), "", bench.mode, name, stored, best)
    shape, dark = pictures.picture_shape, bench.dark
    found = base.job(
        KEY,
        "Compare them",
        identity,
        lambda: _work(ask, names, which, shape, first),
        lambda table, _: _draw(table, dark),
        8 * size * (2 * count + 6 * len(bench.answer.probes.values)),
    )
    if found is not None:
        with st.container(horizontal=True, gap="small"):
            base.download("memories", _columns(found), KEY)
            _markdown_file(found)


def link_values() -> dict[str, Value]:
    """What the address must carry to restore the choice of memories."""
    chosen = list(st.session_state.get(f"{KEY}_rules", ()))
    usual = st.session_state.get(f"{KEY}_all")  # those that the page's pictures allow
    # An empty word in the address: nothing is chosen
    return {} if chosen == usual else {f"{KEY}_rules": chosen or ""}  # type: ignore[dict-item]


def _question(bench: RecallBench, names: Sequence[str]) -> Ask:
    """The page's pictures and damage, and those settings that the chosen memories read."""
    ask, rules = bench.ask, [RULES[name] for name in names]
    first = base.damaged(bench)
    read = {field for rule in rules for field in rule.settings} - {"steps"}
    own = {rule.own for rule in rules}
    return dataclasses.replace(
        first,
        recall=dataclasses.replace(first.recall, **{f: getattr(ask.recall, f) for f in read}),
        spiking=ask.spiking if "spiking" in own else first.spiking,
        attractor=ask.attractor if "attractor" in own else first.attractor,
    )


def _chosen(bench: RecallBench) -> tuple[str, ...]:
    """Names of the memories in the order of the list."""
    able = {r.title: name for name, r in RULES.items() if bench.mode in r.modes}
    key = f"{KEY}_rules"
    if any(title not in able for title in st.session_state.get(key, ())):  # of another mode
        st.session_state[key] = [t for t in st.session_state[key] if t in able]
    titles = st.pills(
        "Memories",
        list(able),
        selection_mode="multi",
        default=list(able),
        key=key,
        bind="query-params",
    )
    st.session_state[f"{KEY}_all"] = list(able)
    left_out = len(RULES) - len(able)
    if left_out:
        st.caption(f"{left_out} further memories store black and white pictures only.")
    return tuple(name for title, name in able.items() if title in titles)


def _work(
    ask: Ask, names: Sequence[str], which: int, shape: tuple[int, ...], first: Table
) -> Iterator[Progress]:
    for found in compare(ask, names, which=which):
        words = f"{found.done} of {found.total} memories"
        if found.now:
            words += f", now: {found.now}"
        yield Progress(found.fraction, words, _small(found, shape, first))


def _small(found: Comparison, shape: tuple[int, ...], first: Table) -> Table:
    """The rows with little pictures in place of whole ones."""
    nothing = np.zeros(0, np.float32)
    lines = tuple(
        Line(row._replace(picture=nothing), thumbnail(np.asarray(row.picture), shape, first.mode))
        for row in found.rows
    )
    return first._replace(lines=lines, now=found.now)


def _draw(table: Table, dark: bool) -> None:
    rules = [line.row for line in table.lines if line.row.kind == "rule"]
    if table.now:
        st.caption(f":material/hourglass_top: At work: **{table.now}**")
    if not table.lines:
        return
    _pictures(table)
    _grid(table)
    limits = [
        (_TOP[line.row.kind], line.row.pixel_accuracy)
        for line in table.lines
        if line.row.kind in _TOP
    ]
    if rules:
        scores = [Score(row.title, row.pixel_accuracy, row.exact_fraction) for row in rules]
        spec = compare_chart(scores, limits, dark=dark)
        vega_chart(
            spec=spec,
            alt=f"Pixels right and pictures without an error of {len(rules)} memories, with the "
            "best possible as a line.",
            width="stretch",
        )


def _pictures(table: Table) -> None:
    """The stored picture, then what each memory makes of the same damaged one."""
    with st.container(horizontal=True, gap="small", key=f"{KEY}_strip"):
        picture(table.stored, caption="Stored", width=96, alt=f"{table.name}, as it was stored")
        for line in sorted(table.lines, key=lambda line: line.row.kind != "probe"):
            words = _TOP.get(line.row.kind, line.row.title)
            picture(line.png, caption=words, width=96, alt=f"{table.name}: {words}")


def _grid(table: Table) -> None:
    rows = pd.DataFrame([_cells(line, table) for line in table.lines])
    bar = st.column_config.ProgressColumn
    shapes: dict[str, Any] = {
        "Memory": st.column_config.TextColumn(width="medium"),
        "Pixels": bar("Pixels right", format="%.2f %%", min_value=0, max_value=100),
        "Exact": bar("Without an error", format="%.1f %%", min_value=0, max_value=100),
        "Below": st.column_config.NumberColumn(
            "Below the best [points]",
            format="%.2f",
            help="Percentage points of pixels that the best possible answer has more.",
        ),
        "PSNR": st.column_config.NumberColumn("PSNR [dB]", format="%.1f", help="At most 99."),
        "Steps": st.column_config.NumberColumn(format="%d", help="Until nothing moves any more."),
        "Time": st.column_config.NumberColumn(
            "Time [ms]", format="%.3g", help="Of the network alone, all pictures together."
        ),
        "Weights": st.column_config.NumberColumn(
            "Weights [kB]", format="%.4g", help="Of what is stored: weights and pictures."
        ),
    }
    if table.mode == "binary":
        rows = rows.drop(columns="PSNR")
    st.dataframe(
        rows, hide_index=True, width="stretch", column_config=shapes, height="content",
        placeholder=base.DASH,
    )  # fmt: skip


def _cells(line: Line, table: Table) -> dict[str, Any]:
    row = line.row
    best = row.kind == "bound"
    return {
        "Memory": "★ Best possible" if best else _TOP.get(row.kind, row.title),
        "Pixels": 100 * row.pixel_accuracy,
        "Exact": 100 * row.exact_fraction,
        "Below": 100 * (table.best - row.pixel_accuracy),
        "PSNR": math.nan if row.psnr_db is None else row.psnr_db,
        "Steps": row.steps,
        "Time": None if row.seconds is None else 1e3 * row.seconds,
        "Weights": None if row.weight_bytes is None else row.weight_bytes / 1e3,
    }


def _columns(table: Table) -> dict[str, Any]:
    """For the CSV file."""

    def of(field: str) -> list[float]:
        values = [getattr(line.row, field) for line in table.lines]
        return [math.nan if v is None else float(v) for v in values]

    columns: dict[str, Any] = {
        "memory": np.array([f'"{_TOP.get(line.row.kind, line.row.title)}"' for line in table.lines])
    }
    for field in ("pixel_accuracy", "exact_fraction", "psnr_db", "ssim", "steps", "seconds",
                  "weight_bytes"):  # fmt: skip
        columns[field] = of(field)
    return columns


def _markdown_file(table: Table) -> None:
    text = markdown(table)
    st.download_button(
        "Table (Markdown)",
        text,
        file_name="memories.md",
        mime="text/markdown",
        icon=":material/download:",
        key=f"{KEY}_md",
        on_click="ignore",
        type="tertiary",
    )


def markdown(table: Table) -> str:
    """The table for a report."""
    grey = table.mode != "binary"
    head = ["memory", "pixels right", "without an error", *(["PSNR [dB]"] if grey else []),
            "steps", "time [ms]", "weights [kB]"]  # fmt: skip
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for line in table.lines:
        cells = _cells(line, table)
        numbers = [f"{cells['Pixels']:.2f} %", f"{cells['Exact']:.1f} %"]
        if grey:
            numbers.append(base.number(cells["PSNR"], 3))
        for name in ("Steps", "Time", "Weights"):
            numbers.append(base.DASH if cells[name] is None else base.number(float(cells[name]), 3))
        lines.append([cells["Memory"], *numbers])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
