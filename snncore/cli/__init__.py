"""The command line, `python -m snncore`: one module per command, shared manners here.

`--json` prints exactly one JSON object on stdout; progress goes to stderr; a bad argument, or a
place that cannot be written to, ends with status 2 and one line that says what is wrong.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np

from snncore import distributed, params


class Report(dict[str, Any]):
    """What a command found out: printed as one JSON object or as aligned lines."""

    def emit(self, as_json: bool) -> None:
        """Print to stdout; NaN and infinities become null, arrays become lists."""
        plain = _plain(dict(self))
        if as_json:
            click.echo(json.dumps(plain, allow_nan=False))
            return
        width = max((len(key) for key in plain), default=0)
        for key, value in plain.items():
            click.echo(f"{key:<{width}}  {_text(value)}")


def _text(value: Any) -> str:
    """For people: six digits of a number, four of each in a list."""
    if isinstance(value, list):
        inner = (f"{v:.4g}" if isinstance(v, float) else _text(v) for v in value)
        return f"[{', '.join(inner)}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def progress(text: str) -> None:
    """One line of progress on stderr (overwritten in place on a terminal), of the first process."""
    if distributed.current().rank:
        return
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(text + end)
    sys.stderr.flush()


def check_writable(out: Path) -> None:
    """Find out before a long run, not after it, that its result cannot be written.

    Raises:
        ValueError: `out` cannot be written, and why.
    """
    probe = out.with_name(f".{out.name}.probe")
    try:
        with open(probe, "wb"):
            pass
        probe.unlink()
    except OSError as error:
        raise ValueError(f"--out: {out} cannot be written: {error.strerror or error}") from error


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(
        function
    )


def param_options(
    cls: type[params.Params],
    *,
    only: Iterable[str] | None = None,
    skip: Iterable[str] = (),
    show_default: bool | str = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds one option per described field of `cls`, so the command line cannot drift from it.

    `show_default` is what the help says of a value that is not given, if not the class's own.
    """
    names = [n for n in cls.specs() if (only is None or n in set(only)) and n not in set(skip)]
    defaults = cls().to_dict()

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            spec = cls.specs()[name]
            kind: Any = {"float": float, "int": int, "bool": bool}.get(spec.kind)
            if spec.kind == "choice":
                kind = click.Choice(spec.options)
            option = "--" + name.replace("_", "-")
            if spec.kind == "bool":
                option += "/--no-" + name.replace("_", "-")
            unit = f" [{spec.unit}]" if spec.unit else ""
            function = click.option(
                option,
                name,
                type=kind,
                default=defaults[name],
                show_default=show_default,
                help=spec.help + unit,
            )(function)
        return function

    return decorate


class _Manners(click.Group):
    """Bad arguments, of click's or of the engine's finding, are one line and exit status 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            sys.exit(super().main(*args, **kwargs) or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            message = error.format_message()
        except ValueError as error:
            message = str(error)
        except BrokenPipeError:  # the reader of our output has gone (`| head`): nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:  # what fails to be read is a ValueError by the time it gets here
            target = f" {error.filename}" if error.filename is not None else ""
            message = f"cannot write{target}: {error.strerror or error}"
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(130)
        who = f"rank {os.environ['RANK']}: " if "TORCHELASTIC_RUN_ID" in os.environ else ""
        click.echo(f"{who}error: {' '.join(message.split())}", err=True)
        sys.exit(2)


@click.group(
    cls=_Manners, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Spiking neural networks: simulate, encode, recall, train and measure."""


def _register() -> None:
    """Import every module of this package; each adds its commands to `main`."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


_register()
