"""`predict`: classify pictures, or a data set's test images, with a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import datasets, experiment, models, trained
from snncore.cli import Report, json_option, main
from snncore.cli.download import ensure


@main.command()
@click.argument("files", nargs=-1, metavar="[CHECKPOINT] [IMAGE]...")
@click.option(
    "--bundled", is_flag=True, help=f"Use the network that comes along: {models.NAMES[0]}."
)
@click.option("--dataset", default=None, help="Classify the test images of a data set instead.")
@click.option("--count", default=0, show_default=True, help="So many of them; 0 takes all.")
@click.option(
    "--invert/--no-invert",
    default=None,
    help="Dark on light, or light on dark; found out from the picture's rim if not given.",
)
@json_option
def predict(
    files: tuple[str, ...],
    bundled: bool,
    dataset: str | None,
    count: int,
    invert: bool | None,
    as_json: bool,
) -> None:
    """Classify IMAGEs (PNG or JPEG), or a data set's test images, with a trained network.

    CHECKPOINT is a file that `train --out` wrote; with --bundled there is none. A picture is first
    prepared as the training images were, and the answer says how. One that leaves the network
    silent (a blank page) has no class.
    """
    if bundled:
        name, saved, pictures = models.NAMES[0], models.load(), files
    elif not files:
        raise ValueError("give a CHECKPOINT of `train --out`, or --bundled")
    else:
        name, pictures = files[0], files[1:]
        saved = trained.load(_existing(name))
    if saved.trained is None:
        raise ValueError(f"{name} holds an unfinished run; finish it with train --resume {name}")
    if bool(pictures) == (dataset is not None):
        raise ValueError("give either pictures or --dataset, not both and not neither")
    if dataset is not None:
        _on_dataset(name, saved.trained, dataset, count).emit(as_json)
        return
    paths = [_existing(picture) for picture in pictures]
    _on_pictures(name, saved, paths, invert).emit(as_json)


def _existing(name: str) -> Path:
    """A file that can be read."""
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"{name} is not a file")
    return path


def _on_dataset(name: str, network: trained.Trained, dataset: str, count: int) -> Report:
    """How many test images of a data set come out right."""
    if count < 0:
        raise ValueError(f"--count must be >= 0 (0 takes all images), got {count}")
    ensure(dataset)
    data = experiment.load_data(dataset)
    images, labels = data.test_images, data.test_labels
    if count:
        images, labels = images[:count], labels[:count]
    found = trained.predict(network, images)
    return Report(
        model=name,
        dataset=dataset,
        n=len(images),
        accuracy=float(np.mean(found.classes == labels)),
        vote_accuracy=float(np.mean(found.votes == labels)),
        predicted=[network.class_names[k] for k in found.classes[:100]],
    )


def _on_pictures(
    name: str, saved: trained.SavedRun, paths: list[Path], invert: bool | None
) -> Report:
    """What the network says of pictures, and what it was shown."""
    network: Any = saved.trained
    names = network.class_names
    prepared = []
    for path in paths:
        image = datasets.files.read_image(path.read_bytes())
        prepared.append(trained.prepare(image, network.image_shape, saved.dataset, invert=invert))
    found = trained.predict(network, np.stack([one.image for one in prepared]))
    silent = found.counts.sum(axis=1, dtype=np.int64) == 0  # the readout's constant is no answer
    return Report(
        model=name,
        pictures=[str(path) for path in paths],
        predicted=[
            None if quiet else names[k] for k, quiet in zip(found.classes, silent, strict=True)
        ],
        vote=[names[k] if k >= 0 else None for k in found.votes],
        spikes=found.counts.sum(axis=1, dtype=np.int64),
        class_names=list(names),
        scores=found.scores,
        prepared=[list(one.steps) for one in prepared],
    )
