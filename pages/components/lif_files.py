"""What a visitor may take away from the LIF Playground: the command, data, figures, programs."""

from __future__ import annotations

from collections.abc import Callable

from pages.components.lif_run import cached_run
from pages.components.share import Download
from snncore.params import Value
from snncore.playground import Setup, csv_text, numpy_script, recording_csv, snntorch_script
from snncore.playground.scripts import check_snntorch
from snncore.plots.neuron_figure import figure
from snncore.stimuli import Recording

_PYTHON = "text/x-python"


def command(
    setup: Setup, recording: Recording | None, units: tuple[str, str] = ("ms", "nA")
) -> str:
    """The command line of this run; `units` are those of the visitor's file."""
    words = ["python -m snncore lif"]
    if setup.model != "lif":
        words.append(f"--model {setup.model}")
    for part in (setup.neuron, setup.stimulus, setup.run):
        words += [_option(name, value) for name, value in part.changed().items()]
    if recording is not None:
        words.append("--stimulus-csv YOUR_FILE.csv")
        if units[0] != "ms":
            words.append(f"--stimulus-time-unit {units[0]}")
        if units[1] != "nA":
            words.append(f"--stimulus-current-unit {units[1]}")
    return " ".join(words)


def _option(name: str, value: Value) -> str:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    return f"--{option} {f'{value:.10g}' if isinstance(value, float) else value}"


def downloads(
    setup: Setup, recording: Recording | None, behind: Setup | None = None
) -> list[Download]:
    """Files, each made when it is asked for; figures show `behind` in grey as the page does."""
    name = setup.model

    def drawn(kind: str) -> Callable[[], bytes]:
        def data() -> bytes:
            other = None if behind is None else cached_run(behind, recording)
            return figure(setup, cached_run(setup, recording), kind, other)

        return data

    files = [
        Download(
            "Trace (CSV)",
            lambda: csv_text(setup, cached_run(setup, recording)).encode(),
            f"{name}.csv",
            "text/csv",
        ),
        Download(
            "Program (Python, numpy only)",
            lambda: numpy_script(setup, recording).encode(),
            f"{name}_run.py",
            _PYTHON,
        ),
        Download("Figure (PNG)", drawn("png"), f"{name}.png", "image/png"),
        Download("Figure (SVG)", drawn("svg"), f"{name}.svg", "image/svg+xml"),
    ]
    if recording is not None:  # in ms and nA: a program looks for a long one beside itself
        files.append(
            Download(
                "Recorded current (CSV)",
                lambda: recording_csv(recording).encode(),
                "recording.csv",
                "text/csv",
            )
        )
    try:
        check_snntorch(setup, recording)
    except ValueError:  # snnTorch has no such neuron
        return files
    torch_program = Download(
        "Program (snnTorch)",
        lambda: snntorch_script(setup, recording).encode(),
        f"{name}_snntorch.py",
        _PYTHON,
    )
    return [*files[:2], torch_program, *files[2:]]
