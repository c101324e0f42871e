"""Train the networks that come with the program: `python -m tests.benchmarks.make_bundled`.

MNIST must be in SNNCORE_DATA. Writes snncore/models/mnist-400.safetensors with 16-bit weights and
the test accuracies that these weights reach, loaded again from the file.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import numpy as np

from snncore import experiment, models, trained
from snncore.stdp.presets import recommended


def main() -> None:
    """Train, write, load, measure, write again with the figures."""
    data, params = experiment.load_data("mnist"), recommended("dense", 400)
    report = None
    for report in experiment.run(data, params, controls=True, live=False):
        print(f"{100 * report.fraction:3.0f} %  {report.text}", file=sys.stderr)
    if report is None or report.result is None or report.snapshot is None:
        raise RuntimeError("the run ended without a result")
    result, snapshot = report.result, report.snapshot._replace(seconds=0.0)  # no clock in the file

    def write(target: Path | io.BytesIO, figures: dict[str, float]) -> None:
        trained.save(
            target,
            "mnist",
            len(data.train_images),
            params,
            snapshot,
            result.trained,
            images_sha256=experiment.images_sha256(data),
            figures=figures,
            half=True,
        )

    buffer = io.BytesIO()
    write(buffer, {})
    network = trained.load(buffer.getvalue()).trained
    if network is None:
        raise RuntimeError("the file has no readouts")
    began = time.perf_counter()
    found = trained.predict(network, data.test_images)
    seconds = time.perf_counter() - began
    figures = {
        "test_accuracy": float(np.mean(found.classes == data.test_labels)),
        "vote_accuracy": float(np.mean(found.votes == data.test_labels)),
        "control_untrained_accuracy": result.control_untrained_accuracy,
        "control_untrained_vote_accuracy": result.control_untrained_vote_accuracy,
        "control_pixels_accuracy": result.control_pixels_accuracy,
    }
    path = models.ALL[0].path
    write(path, figures)
    full = {"test_32_bit": result.test_accuracy, "vote_32_bit": result.vote_accuracy}
    size = {"bytes": path.stat().st_size, "predict_10000_s": seconds}
    print(json.dumps({**figures, **full, **size, "params": params.changed()}, indent=1))


if __name__ == "__main__":
    main()
