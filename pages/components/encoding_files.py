"""What the picture tab hands out: the exact link, the commands, files, programs."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from pages.components.encoding_bench import Bench
from pages.components.encoding_codes import Choice
from pages.components.encoding_panel import View, npz, settings
from pages.components.encoding_presets import link_of
from pages.components.encoding_source import PictureParams, Source
from pages.components.share import Download
from snncore.plots import encoding_picture as plots
from snncore.plots.spike_frames import raster_rows


def picture_view(params: PictureParams, source: Source, bench: Bench) -> View:
    """The row under the title for what is shown."""
    chosen = {s.letter: Choice(s.channel.kind, s.channel.params) for s in bench.slots}
    where = (
        "--image FILE.png" if source.own else f"--dataset {params.dataset} --index {params.index}"
    )
    commands = [
        f"python -m snncore encode {where} --size {params.side} --steps {params.n_steps} "
        f"--seed {params.seed} --code {choice.code.name}{settings(choice.params)}"
        for choice in chosen.values()
    ]

    def spikes_file() -> bytes:
        arrays: dict[str, NDArray[Any]] = {"original": source.values}
        for slot in bench.slots:
            end = f"{slot.letter.lower()}_{slot.channel.code}"
            arrays[f"spikes_{end}"] = slot.sent.spikes[:, 0]
            arrays[f"decoded_{end}"] = slot.sent.decoded[0].reshape(source.values.shape)
        return npz(arrays)

    def figure() -> bytes:
        panels = []
        for slot in bench.slots:
            spikes = slot.sent.spikes[:, 0]
            rows = raster_rows(spikes, source.values, slot.channel, by_brightness=params.sort)
            panels.append(
                plots.Panel(
                    f"{slot.letter}: {slot.channel.kind.title}",
                    slot.sent.decoded[0].reshape(source.values.shape),
                    spikes[:, rows],
                    "",
                )
            )
        return plots.figure(source.values, source.what, panels)

    return View(
        "\n".join(commands),
        link_of(params, chosen),
        [
            Download("Spikes and pictures (NPZ)", spikes_file, "spikes.npz", "application/zip"),
            Download("Pictures and rasters (PNG)", figure, "pictures.png", "image/png"),
        ],
    )
