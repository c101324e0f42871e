"""What leaves the page: spikes as files and in programs, for both tabs; the picture tab's link."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.encoding_bench import Bench
from pages.components.encoding_codes import Choice
from pages.components.encoding_panel import View, npz, settings
from pages.components.encoding_player import open_player
from pages.components.encoding_presets import link_of
from pages.components.encoding_sections import open_sections
from pages.components.encoding_source import PictureParams, Source
from pages.components.share import Download
from snncore.params import Value
from snncore.plots import encoding_picture as plots
from snncore.plots.encoding_figures import Kind
from snncore.plots.spike_frames import raster_rows
from snncore.transmission import LIBRARIES, events_csv, script, tensor_snippet
from snncore.transmission.export import described

FILE = "spikes.npz"
_OWN_PROGRAM = "This project"


def spike_files(bench: Bench) -> list[Download]:
    """One NPZ file with all slots, and a table of the events of each."""
    recipe = bench.recipe

    def arrays() -> bytes:
        held: dict[str, NDArray[Any]] = {"values": recipe.values.reshape(1, -1)}
        for slot in recipe.bench().slots:
            end = _suffix(slot.letter)
            held[f"spikes{end}"] = slot.sent.spikes
            held[f"decoded{end}"] = slot.sent.decoded
            held[f"channel{end}"] = np.array(json.dumps(described(slot.channel, slot.sent)))
        return npz(held)

    def events(letter: str) -> bytes:
        slot = recipe.slot(letter)
        return events_csv(slot.sent, slot.channel)

    files = [Download("Values, spikes, read back (NPZ)", arrays, FILE, "application/zip")]
    for slot in bench.slots:
        files.append(
            Download(
                f"Spikes of {slot.letter} as events (CSV)",
                partial(events, slot.letter),
                f"spikes{_suffix(slot.letter)}.csv",
                "text/csv",
            )
        )
    return files


def elsewhere(bench: Bench, key: str) -> None:
    """A section with programs that load the exported spikes, or make them again.

    Args:
        key: prefix of the panel's controls; the section's own begin with `f"{key}_copy"`.
    """
    box = st.expander(
        "Use these spikes in a program", icon=":material/code:", key=f"{key}_copy",
        on_change="rerun", bind="query-params",
    )  # fmt: skip
    if not box.open or not bench.slots:
        return
    with box:
        letters = [slot.letter for slot in bench.slots]
        names = {**{title: name for name, title in LIBRARIES.items()}, _OWN_PROGRAM: ""}
        with st.container(horizontal=True):
            letter = st.segmented_control(
                "Code", letters, default=letters[0], required=True,
                key=f"{key}_copy_slot", bind="query-params",
            )  # fmt: skip
            title = st.segmented_control(
                "For", list(names), default=next(iter(names)), required=True,
                key=f"{key}_copy_for", bind="query-params",
            )  # fmt: skip
        slot = next((s for s in bench.slots if s.letter == letter), bench.slots[0])
        if title == _OWN_PROGRAM:
            text = script(
                slot.channel, bench.seed, bench.sample, file=FILE, suffix=_suffix(slot.letter)
            )
        else:
            library = names.get(str(title), next(iter(LIBRARIES)))
            text = tensor_snippet(library, slot.channel, file=FILE, suffix=_suffix(slot.letter))
        st.markdown(f"Save *Values, spikes, read back (NPZ)* from **Export** as `{FILE}`, then:")
        st.code(text, language="python", wrap_lines=True)


def elsewhere_link(key: str) -> dict[str, Value]:
    """Names and values of the address that restore that section."""
    if not st.session_state.get(f"{key}_copy", False):
        return {}
    found: dict[str, Value] = {f"{key}_copy": True}
    for name in (f"{key}_copy_slot", f"{key}_copy_for"):
        if st.session_state.get(name):
            found[name] = st.session_state[name]
    return found


def _suffix(letter: str) -> str:
    return f"_{letter.lower()}"


def picture_view(key: str, params: PictureParams, source: Source, bench: Bench) -> View:
    """The row under the title for the picture tab."""
    chosen = {s.letter: Choice(s.channel.kind, s.channel.params) for s in bench.slots}
    where = "--image FILE.png"
    if not source.own:
        where = f"--dataset {params.dataset} --index {params.index}"
    commands = [
        f"python -m snncore encode --code {choice.code.name}{settings(choice.params)} {where} "
        f"--size {params.side} --steps {params.n_steps} --seed {params.seed}"
        for choice in chosen.values()
    ]

    recipe = bench.recipe

    def figure(kind: Kind) -> bytes:
        panels = []
        for slot in recipe.bench().slots:
            spikes = slot.sent.spikes[:, 0]
            rows = raster_rows(spikes, recipe.values, slot.channel, by_brightness=params.sort)
            each = np.abs(spikes.astype(np.int16, copy=False)).sum() / recipe.values.size
            panels.append(
                plots.Panel(
                    f"{slot.letter}: {slot.channel.kind.title}",
                    slot.sent.decoded[0].reshape(recipe.values.shape),
                    spikes[:, rows],
                    f"{each:.3g} spikes per pixel",
                )
            )
        return plots.figure(recipe.values, recipe.what, panels, kind)

    return View(
        "\n".join(commands),
        {
            **link_of(params, chosen),
            **open_player(),
            **elsewhere_link(key),
            **open_sections(),
        },
        [
            *spike_files(bench),
            Download(
                "Pictures and rasters (PNG)", lambda: figure("png"), "pictures.png", "image/png"
            ),
            Download(
                "Pictures and rasters (SVG)", lambda: figure("svg"), "pictures.svg", "image/svg+xml"
            ),
        ],
        "This link opens the page without your picture." if source.own else "",
    )
