"""`python -m snncore`."""

from snncore.cli import main

main(prog_name="python -m snncore")
