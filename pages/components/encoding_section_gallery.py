"""Section: every code of the registry on this input, in a table that can be sorted."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.components import encoding_codes
from pages.components import encoding_section_base as base
from pages.components.encoding_bench import Bench
from snncore import encoding
from snncore.jobs import Progress
from snncore.plots.base import png, to_uint8
from snncore.transmission import Survey, survey
from snncore.transmission.survey import Row

_THUMB = 64  # px
_SMALL = 60  # points of a signal's little curve


def all_codes(bench: Bench) -> None:
    """Compute the rows, show the table, offer to put a code into a slot."""
    if not bench.slots:
        return
    channels = [slot.channel for slot in bench.slots]
    identity, key = base.identity("gallery", bench, channels), _key(bench)
    values, seed, sample = bench.values, bench.seed, bench.sample

    def work() -> Iterator[Progress]:
        found = survey(
            values,
            n_steps=channels[0].n_steps,
            window=channels[0].window,
            seed=seed,
            sample=sample,
            params={channel.code: channel.params for channel in channels},
        )
        for rows in found:
            done = len(rows.rows)
            yield Progress(done / rows.total, f"{done} of {rows.total} codes", rows)

    unit = base.unit(bench)
    n_bytes = 60 * channels[0].n_steps * values.size
    found = base.job(
        key, "Send it through every code", identity, work,
        lambda found, _: _draw(found, unit), n_bytes,
    )  # fmt: skip
    if found is not None:
        base.download("all_codes", _columns(found), f"{key}_csv")
    _put(bench)


def _key(bench: Bench) -> str:
    """Of what each tab has for itself."""
    return f"{base.prefix(bench)}_gallery"


def _draw(found: Survey, unit: str) -> None:
    able = [row for row in found.rows if row.scores is not None]
    if not able:
        final = len(found.rows) == found.total
        base.hint("No code can send this input." if final else "No code has answered yet.")
        return
    table = pd.DataFrame([_line(row) for row in able])
    is_picture = able[0].decoded is not None and able[0].decoded.ndim == 2
    shapes: dict[str, Any] = {
        "Read back": st.column_config.ImageColumn(width="small")
        if is_picture
        else st.column_config.LineChartColumn(width="medium", y_min=0.0, y_max=1.0),
        "Spikes": st.column_config.NumberColumn(f"Spikes per {unit}", format="%.3g"),
        "PSNR": st.column_config.NumberColumn("PSNR [dB]", format="%.1f"),
        "SNR": st.column_config.NumberColumn("SNR [dB]", format="%.1f"),
        "SSIM": st.column_config.NumberColumn(
            format="%.3f", help="Structural similarity: 1 is equal."
        ),
        "Bits per spike": st.column_config.NumberColumn(format="%.3g"),
        "Values come back": st.column_config.CheckboxColumn(
            help="Whether the code promises the values themselves, not only what looks alike."
        ),
    }
    if not is_picture:
        table = table.drop(columns="SSIM")
    st.dataframe(
        table, hide_index=True, width="stretch", column_config=shapes,
        row_height=_THUMB if is_picture else 40, height=560 if len(table) > 8 else "auto",
    )  # fmt: skip
    refused = [row for row in found.rows if row.scores is None]
    words = ["Click a column to sort. Codes of the slots have their parameters, the others theirs."]
    if any(math.isinf(row.scores.psnr_db) for row in able if row.scores is not None):
        words.append("A perfect copy has no finite PSNR or SNR: ∞.")
    words += [f"{encoding.get_code(row.code).title}: {row.refused}." for row in refused]
    st.caption(" ".join(words))


def _line(row: Row) -> dict[str, Any]:
    code, s = encoding.get_code(row.code), row.scores
    if s is None or row.decoded is None:
        raise ValueError(f"{row.code} has no scores")
    info = row.information
    return {
        "Code": code.title,
        "Family": code.family,
        "Read back": _thumbnail(row.decoded) if row.decoded.ndim == 2 else _small(row.decoded),
        "Spikes": s.spikes_per_value,
        "PSNR": s.psnr_db,
        "SNR": s.snr_db,
        "SSIM": s.ssim,
        "Bits per spike": math.nan if info is None else info.bits_per_spike,
        "Values come back": code.invertible,
    }


def _thumbnail(decoded: np.ndarray) -> str:
    """The picture as a data address; what lies outside 0..1 is black or white."""
    grey = to_uint8(decoded, 0.0, 1.0)
    data = png(grey, scale=max(1, _THUMB // max(grey.shape)))
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _small(decoded: np.ndarray) -> list[float]:
    every = max(1, decoded.size // _SMALL)
    return [round(float(v), 3) for v in decoded[::every]]


def _put(bench: Bench) -> None:
    """A code of the list into one of the slots."""
    able = encoding_codes.names("picture" if bench.is_picture else "signal")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox(
            "Put a code into a slot",
            able,
            format_func=encoding_codes.label,
            key=f"{_key(bench)}_put",
            width=300,
            filter_mode="contains",
        )
        for letter in encoding_codes.LETTERS:
            key = encoding_codes.code_key(base.prefix(bench), letter)
            st.button(
                letter,
                key=f"{_key(bench)}_put_{letter}",
                help=f"Into slot {letter}",
                on_click=base.set_state,
                args=({key: name},),
            )


def _columns(found: Survey) -> dict[str, Any]:
    able = [(row.code, row.scores, row.information) for row in found.rows if row.scores is not None]
    columns: dict[str, Any] = {"code": np.array([code for code, _, _ in able])}
    for field in ("spikes", "spikes_per_value", "rmse", "psnr_db", "snr_db", "r2", "ssim",
                  "sparsity", "silent", "cv", "fano"):  # fmt: skip
        columns[field] = [float(getattr(s, field)) for _, s, _ in able]
    for field in ("bits_per_value", "bits_per_spike"):
        columns[field] = [math.nan if i is None else getattr(i, field) for _, _, i in able]
    return columns
