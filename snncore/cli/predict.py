"""`predict`: classify pictures, or a data set's test images, with a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import datasets, experiment, trained
from snncore.cli import Report, json_option, main
from snncore.cli.download import ensure


@main.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("pictures", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dataset", default=None, help="Classify the test images of a data set instead.")
@click.option("--count", default=0, show_default=True, help="So many of them; 0 takes all.")
@click.option("--invert", is_flag=True, help="Pictures are dark on white (MNIST is white on dark).")
@json_option
def predict(
    model: Path,
    pictures: tuple[Path, ...],
    dataset: str | None,
    count: int,
    invert: bool,
    as_json: bool,
) -> None:
    """Classify PICTURES (PNG or JPEG), or a data set's test images, with a trained MODEL."""
    saved = trained.load(model)
    if saved.trained is None:
        raise ValueError(f"{model} holds an unfinished run; finish it with train --resume {model}")
    if bool(pictures) == (dataset is not None):
        raise ValueError("give either pictures or --dataset, not both and not neither")
    names = saved.trained.class_names
    if dataset is not None:
        if count < 0:
            raise ValueError(f"--count must be >= 0 (0 takes all images), got {count}")
        ensure(dataset)
        data = experiment.load_data(dataset)
        images, labels = data.test_images, data.test_labels
        if count:
            images, labels = images[:count], labels[:count]
        found = trained.predict(saved.trained, images)
        Report(
            model=str(model),
            dataset=dataset,
            n=len(images),
            accuracy=float(np.mean(found.classes == labels)),
            vote_accuracy=float(np.mean(found.votes == labels)),
            predicted=[names[k] for k in found.classes[:100]],
        ).emit(as_json)
        return
    images = np.stack([_picture(path, saved.trained.image_shape, invert) for path in pictures])
    found = trained.predict(saved.trained, images)
    Report(
        model=str(model),
        pictures=[str(path) for path in pictures],
        predicted=[names[k] for k in found.classes],
        vote=[names[k] if k >= 0 else None for k in found.votes],
        spikes=found.counts.sum(axis=1),
        scores=found.scores,
    ).emit(as_json)


def _picture(path: Path, shape: tuple[int, int], invert: bool) -> Any:
    """A picture file as grey levels of the trained size."""
    image = datasets.files.read_image(path.read_bytes())
    grey = datasets.to_grey(image[None])
    scaled = datasets.resize(grey, shape)[0]
    return 255 - scaled if invert else scaled
