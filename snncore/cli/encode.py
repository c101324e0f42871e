"""`encode`: pictures or a test signal through a spike code and back, with spikes and errors."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from snncore import datasets, encoding, metrics
from snncore.cli import Report, json_option, main, param_options
from snncore.cli.download import ensure
from snncore.device import choose_device
from snncore.encoding import Code, SignalParams, Transmission
from snncore.params import Params, check, parse

_BATCH_CELLS = 1 << 26  # steps × pictures × pixels encoded at once


def read_settings(code: Code, settings: tuple[str, ...]) -> Params:
    """The code's parameters from words like "threshold=0.2".

    Raises:
        ValueError: not NAME=VALUE, an unknown name, a bad value.
    """
    specs, values = code.params.specs(), {}
    for word in settings:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, got {word!r}")
        if name not in specs:
            raise ValueError(
                f"code {code.name} has no parameter {name!r}; it has {', '.join(specs)}"
            )
        values[name] = parse(name, text, specs[name])
    return code.params.from_dict(values)


def _read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture in a PNG or JPEG file, as a set of one: uint8 [1, H, W] or [1, H, W, 3]."""
    try:
        if path.stat().st_size > 10_000_000:
            raise ValueError(f"{path} must be <= 10 MB")
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error
    return datasets.files.read_image(data)[None]


def _images(
    code: Code, params: Params, wanted: dict[str, Any], steps: int, seed: int, device: str | None
) -> tuple[dict[str, Any], Transmission, tuple[int, ...]]:
    """Report, the last batch sent (the only one where all fits in one), a picture's shape."""
    if wanted["picture"] is not None:
        images, source = _read_picture(wanted["picture"]), {"picture": str(wanted["picture"])}
    else:
        ensure(wanted["dataset"])
        images = datasets.load(wanted["dataset"], wanted["split"]).images
        source = {"dataset": wanted["dataset"], "split": wanted["split"]}
    first, count = wanted["index"], wanted["count"]
    if first + count > len(images):
        raise ValueError(f"index + count must be <= {len(images)} pictures, got {first + count}")
    grey = datasets.to_grey(images[first : first + count])
    if wanted["side"] is not None:
        grey = datasets.resize(
            grey, encoding.fitted_size(grey.shape[1], grey.shape[2], wanted["side"])
        )
    chosen = choose_device(device)
    pixels = grey.shape[1] * grey.shape[2]
    batch = max(1, _BATCH_CELLS // (steps * pixels))
    start, spikes, silent = time.perf_counter(), 0, 0
    values, decoded = [], []
    for at in range(0, count, batch):
        sent = encoding.transmit_images(
            datasets.to_float(grey[at : at + batch]),
            code,
            params,
            n_steps=steps,
            seed=seed,
            first_sample=first + at,
            device=chosen.device,
        )
        fired = sent.spikes.sum(axis=0, dtype=np.int64)
        spikes, silent = spikes + int(fired.sum()), silent + int((fired == 0).sum())
        values.append(sent.values)
        decoded.append(sent.decoded)
    seconds = time.perf_counter() - start
    original, back = np.concatenate(values), np.concatenate(decoded)
    report = {
        **source,
        "index": first,
        "images": count,
        "pixels": pixels,
        "spikes": spikes,
        "spikes_per_pixel": spikes / (count * pixels),
        "silent_fraction": silent / (count * pixels),
        "rmse": metrics.rmse(original, back),
        "psnr": metrics.psnr(original, back),
        "device": str(chosen.device),
        "seconds": seconds,
    }
    return report, sent, grey.shape[1:]


def _signal(
    code: Code, params: Params, signal: SignalParams, seed: int
) -> tuple[dict[str, Any], Transmission]:
    start = time.perf_counter()
    sent = encoding.transmit_signal(signal, code, params, seed=seed)
    spikes = int(np.abs(sent.spikes.astype(np.int64)).sum())
    report = {
        "signal": signal.to_dict(),
        "spikes": spikes,
        "spikes_per_step": spikes / signal.n_samples,
        "rmse": metrics.rmse(sent.values, sent.decoded),
        "psnr": metrics.psnr(sent.values, sent.decoded),
        "max_error": float(np.abs(sent.values - sent.decoded).max()),
        "seconds": time.perf_counter() - start,
    }
    return report, sent


@main.command()
@click.option("--code", default="rate", show_default=True, help=", ".join(encoding.CODES) + ".")
@click.option("--dataset", default="digits", show_default=True, help="Image set, or FILE.npz.")
@click.option("--split", type=click.Choice(["train", "test"]), default="train", show_default=True)
@click.option("--index", type=click.IntRange(0), default=0, show_default=True, help="1st picture.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Pictures.")
@click.option("--side", type=click.IntRange(2, 256), help="Shrink to at most this many pixels.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="A PNG or JPEG file instead."
)
@param_options(SignalParams, skip=("n_samples",))
@click.option(
    "--steps", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Time steps."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random draws.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the code."
)
@click.option("--device", default=None, help="auto, cuda, mps or cpu.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write input, spikes [T, S, N] and reconstruction to this .npz file.",
)
@json_option
def encode(
    code: str,
    shape: str,
    cycles: float,
    amplitude: float,
    steps: int,
    seed: int,
    settings: tuple[str, ...],
    device: str | None,
    out: Path | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Turn pictures (or a signal, for a signal code) into spikes, read them back, and compare."""
    chosen = encoding.get_code(code)
    params = read_settings(chosen, settings)
    if chosen.kind == "signal":
        check("--steps", steps, SignalParams.specs()["n_samples"])
        signal = SignalParams(shape, n_samples=steps, cycles=cycles, amplitude=amplitude)
        report, sent = _signal(chosen, params, signal, seed)
    else:
        try:
            report, sent, size = _images(chosen, params, wanted, steps, seed, device)
        except ValueError as error:  # the engine's word for the option
            raise ValueError(str(error).replace("n_steps", "--steps")) from error
        if out is not None and len(sent.values) < wanted["count"]:
            raise ValueError("--out keeps one batch in memory; use a smaller --count or --steps")
        if out is not None:
            report["size"] = list(size)
    if out is not None:
        try:
            np.savez_compressed(out, values=sent.values, spikes=sent.spikes, decoded=sent.decoded)
        except OSError as error:
            raise ValueError(f"cannot write {out}: {error.strerror or error}") from error
    Report(
        code=code, kind=chosen.kind, steps=steps, seed=seed, params=params.to_dict(), **report
    ).emit(as_json)
