"""What leaves the program: arrays, a table of scores, the command line, and a program."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.params import Params
from snncore.recall_lab.ask import RANDOM, Ask, Picture, default_source
from snncore.recall_lab.rules import RULES
from snncore.recall_lab.session import Answer

AGREE = 1e-3  # between machines a tie may fall the other way; a wrong setting shows at once


def described(ask: Ask) -> dict[str, Any]:
    """All settings of `ask` as plain JSON values; own pictures by name and shape only."""

    def own(picture: Picture | None) -> dict[str, Any] | None:
        if picture is None:
            return None
        return {"name": picture.name, "shape": list(picture.shape)}

    return {
        "dataset": ask.dataset,
        "split": ask.split,
        "patterns": ask.patterns.to_dict(),
        "noise": ask.noise.to_dict(),
        "recall": ask.recall.to_dict(),
        "spiking": ask.spiking.to_dict(),
        "attractor": ask.attractor.to_dict(),
        "seed": ask.seed,
        "draws": ask.draws,
        "own": [own(picture) for picture in ask.own],
        "chosen": list(ask.chosen),
        "drawing": own(ask.drawing),
        "distinct": ask.distinct,
    }


def npz(ask: Ask, answer: Answer) -> bytes:
    """A compressed NPZ file that `numpy.load(..., allow_pickle=False)` reads.

    patterns [P, H, W(, 3)], probes, known, recalled [B, H, W(, 3)] (known: bool), targets [B],
    scores [B] each, names [P], settings (JSON), and own pictures as own_0, own_1, …, drawing.
    """
    shape, r = answer.patterns.picture_shape, answer.result
    arrays: dict[str, NDArray[Any]] = {
        "patterns": answer.patterns.states.numpy().reshape(-1, *shape),
        "probes": answer.probes.values.numpy().reshape(-1, *shape),
        "known": answer.probes.known.numpy().reshape(-1, *shape),
        "recalled": r.recalled.numpy().reshape(-1, *shape),
        "names": np.array(answer.patterns.names),
        "settings": np.array(json.dumps(described(ask))),
        **{name: values for name, values in _scores(answer)},
        **{f"own_{k}": picture.array() for k, picture in enumerate(ask.own)},
    }
    if ask.drawing is not None:
        arrays["drawing"] = ask.drawing.array()
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)  # type: ignore[arg-type]
    return held.getvalue()


def _scores(answer: Answer) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and values [B] of what is known of each probe."""
    r = answer.result
    yield "targets", r.targets.numpy()
    yield "pixel_accuracy", r.pixels.numpy()
    yield "exact", r.exact.numpy()
    yield "overlap", r.overlap.numpy()
    yield "nearest", r.nearest.numpy()
    yield "bound_pixel_accuracy", r.bound_pixels.numpy()
    yield "bound_exact", r.bound_exact.numpy()
    yield "probe_pixel_accuracy", r.probe_pixels.numpy()
    if r.psnr is not None and r.ssim is not None:
        yield "psnr_db", r.psnr.numpy()
        yield "ssim", r.ssim.numpy()
    if r.spikes is not None:
        yield "decision_step", r.spikes.decision_step.numpy()
        yield "spikes_per_pixel", r.spikes.spikes_per_pixel.numpy()


def scores_csv(answer: Answer) -> str:
    """One line for each probe: its number, its picture's name, and its scores."""
    columns = dict(_scores(answer))
    lines = [",".join(("probe", "picture", *columns))]
    for b, target in enumerate(columns["targets"].tolist()):
        name = answer.patterns.names[target].replace('"', "'")
        cells = (f"{column[b]:.6g}" for column in columns.values())
        lines.append(f'{b},"{name}",' + ",".join(cells))
    return "\n".join((*lines, ""))


def command(ask: Ask) -> str:
    """The command line that computes the same, but for what `command_lacks` names."""
    source = default_source(ask.dataset)
    words = [f"--dataset {ask.dataset}"]
    if ask.split != source.split:
        words.append(f"--split {ask.split}")
    patterns = ask.patterns.to_dict()
    pick, count = patterns.pop("pick"), patterns.pop("count")
    if ask.chosen and ask.dataset != RANDOM:
        del patterns["offset"]
        words.append("--pictures " + ",".join(map(str, ask.chosen)))
    else:
        words.append(f"--count {count}")
        if pick != source.pick:
            words.append(f"--pick {pick}")
    words += _changed(type(ask.patterns), patterns)
    words += [f"--rule {ask.rule}", f"--noise {ask.noise.to_text()}"]
    info = RULES[ask.rule]
    asked = {name: getattr(ask.recall, name) for name in info.settings}
    words += _changed(type(ask.recall), asked)
    if info.own:
        prefix = "" if info.own == "spiking" else "attractor-"
        own: Params = getattr(ask, info.own)
        words += _changed(type(own), own.to_dict(), prefix)
    if ask.draws != 1:
        words.append(f"--draws {ask.draws}")
    if ask.distinct:
        words.append("--distinct")
    return "python -m snncore recall " + " ".join([*words, f"--seed {ask.seed}"])


def command_lacks(ask: Ask) -> str:
    """What `command` cannot carry of `ask`, in a sentence; empty where it computes the same."""
    lost = []
    if ask.own:
        lost.append(
            "your own picture" if len(ask.own) == 1 else f"your {len(ask.own)} own pictures"
        )
    if ask.drawing is not None:
        lost.append("your drawing, with which the memory is asked")
    if not lost:
        return ""
    return (
        f"This command computes something else: it cannot carry {' and '.join(lost)}. What is "
        "shown here is computed by the program under *Export*, with the arrays (NPZ) beside it."
    )


def _changed(cls: type[Params], values: dict[str, Any], prefix: str = "") -> list[str]:
    """Options of those values that are not the defaults."""
    default, words = cls(), []
    for name, value in values.items():
        if value == getattr(default, name):
            continue
        option = "steps" if name == "time_steps" else prefix + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words.append(f"--{option} {value!r}" if not isinstance(value, str) else
                         f"--{option} {value}")  # fmt: skip
    return words


_SCRIPT = '''"""Repeats one recall and checks its numbers. Run it in the folder of the repository:

    PYTHONPATH=. .venv/bin/python {program}

Where it lies elsewhere, give its whole path.{needs}
"""

try:
{imports}
    from snncore.recall_lab import {names}
except ModuleNotFoundError as error:
    raise SystemExit(f"{{error}}: run this as its first lines say") from None
{held}
ask = Ask(
{fields}
)
result = experiment(ask).result
expected = {{
{expected}
}}
for name, value in expected.items():
    found = getattr(result, name)
    print(f"{{name}}: {{found:.6g}}, expected {{value:.6g}}")
    assert abs(found - value) <= {agree} * max(1.0, abs(value)), name
print("the same numbers")
'''
PARTS = ("patterns", "noise", "recall", "spiking", "attractor")
CHECKED = ("pixel_accuracy", "exact_fraction", "bound_pixel_accuracy", "bound_exact_fraction",
           "psnr_db")  # fmt: skip


def script(
    ask: Ask, answer: Answer, *, file: str = "recall.npz", program: str = "recall.py"
) -> str:
    """A program that recomputes `answer` and asserts its numbers.

    Args:
        file: name of the file of `npz`, which must lie beside the program; only read where own
            pictures belong to the question.
        program: what the program is saved as; its first lines name it.
    """
    own = bool(ask.own) or ask.drawing is not None
    plain = ("dataset", "split", "seed", "draws", "chosen", "distinct")
    fields = [f"    {name}={getattr(ask, name)!r}," for name in plain]
    fields += [f"    {name}={_call(getattr(ask, name))}," for name in PARTS]
    if ask.own:
        fields += ["    own=("]
        fields += [
            f"        Picture.of(held['own_{k}'], {picture.name!r}),"
            for k, picture in enumerate(ask.own)
        ]
        fields += ["    ),"]
    if ask.drawing is not None:
        fields += [f"    drawing=Picture.of(held['drawing'], {ask.drawing.name!r}),"]
    classes = sorted({type(getattr(ask, name)).__name__ for name in PARTS} - {"RecallParams"})
    imports = ["from pathlib import Path", "", "import numpy as np", ""] if own else []
    imports.append("from snncore.hopfield import " + ", ".join(classes))
    wanted = {name: getattr(answer.result, name) for name in CHECKED}
    return _SCRIPT.format(
        program=program,
        needs=f" Your own pictures are read from {file}, beside it." if own else "",
        imports="\n".join(f"    {line}".rstrip() for line in imports),
        names=("Ask, Picture, " if own else "Ask, ") + "RecallParams, experiment",
        held=f'\nheld = np.load(Path(__file__).with_name("{file}"), allow_pickle=False)'
        if own
        else "",
        fields="\n".join(fields),
        expected="\n".join(f"    {k!r}: {v!r}," for k, v in wanted.items() if v is not None),
        agree=AGREE,
    )


def _call(params: Params) -> str:
    """`NoiseParams(kind="flip", …)` with the values that are not the defaults."""
    values = ", ".join(f"{name}={value!r}" for name, value in params.changed().items())
    return f"{type(params).__name__}({values})"
