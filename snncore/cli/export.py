"""`export`: a trained network in a format that other programs read."""

from __future__ import annotations

from pathlib import Path

import click

from snncore import trained
from snncore.cli import Report, check_writable, json_option, main


@main.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--nir",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write: Neuromorphic Intermediate Representation, which nir.read opens.",
)
@json_option
def export(checkpoint: Path, nir: Path, as_json: bool) -> None:
    """Write the layer of a trained CHECKPOINT as a NIR graph."""
    saved = trained.load(checkpoint)
    if saved.trained is None:
        raise ValueError(
            f"{checkpoint} holds an unfinished run; finish it with train --resume {checkpoint}"
        )
    check_writable(nir)
    graph = trained.nir_graph(saved.trained)
    trained.export_nir(saved.trained, nir)
    Report(
        checkpoint=str(checkpoint),
        nir=str(nir),
        bytes=nir.stat().st_size,
        nodes={key: type(node).__name__ for key, node in graph.nodes.items()},
        edges=[list(edge) for edge in graph.edges],
    ).emit(as_json)
