"""Our training beside BindsNET's in one run: `python tests/benchmarks/bindsnet_peer.py`.

Makes an environment with BindsNET from PyPI outside the repository (once; about 6 GB, because its
PyTorch comes with CUDA's libraries), then runs `python -m snncore bench train --peer` in it, in
which the two take turns on the same cores with the same MNIST images: a turn of ours, a turn of
BindsNET's, ours again. Printed: images a second of both, the ratio, versions, and how many input
spikes an image had on either side. BindsNET 0.3.4 needs Python 3.11 to 3.13.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

DEFAULT = Path(tempfile.gettempdir()) / "bindsnet-peer"


def environment(folder: Path, requirement: str) -> Path:
    """The Python of an environment in which BindsNET can be imported; made if it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    there = subprocess.run([python, "-c", "import bindsnet"], capture_output=True)
    if there.returncode:
        subprocess.run([python, "-m", "pip", "install", "-q", requirement], check=True)
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=DEFAULT, help=f"folder [{DEFAULT}]")
    parser.add_argument("--bindsnet", default="bindsnet==0.3.4", help="what pip installs")
    parser.add_argument("--neurons", type=int, default=400)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the whole report")
    asked = parser.parse_args()
    python = environment(asked.venv, asked.bindsnet)
    words = ["--neurons", str(asked.neurons), "--steps", str(asked.steps)]
    words += ["--repeats", str(asked.repeats), "--peer", str(python), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "snncore", "bench", "train", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)
    if asked.json:
        print(done.stdout, end="")
        return
    found = json.loads(done.stdout)
    print(
        f"{found['work']}\n"
        f"ours      {found['ours_per_s']:10,.0f} a second, "
        f"{found['input_spikes_per_image']:,.0f} spikes into and "
        f"{found['output_spikes_per_image']:,.1f} out of the layer an image\n"
        f"peer      {found['peer_per_s']:10,.1f} a second, "
        f"{found['peer_input_spikes_per_image']:,.0f} and "
        f"{found['peer_output_spikes_per_image']:,.1f} ({found['peer']})\n"
        f"ratio     {found['ratio']:10,.0f}  (turns: {found['ratio_lowest']:,.0f} to "
        f"{found['ratio_highest']:,.0f}), both from pixels to weights\n"
        f"          {found['peer_without_encoding_per_s']:10,.1f} a second without its Poisson "
        f"encoding, which ours always includes: ratio "
        f"{found['ratio_without_its_encoding']:,.0f}\n"
        f"epoch     {found['epoch_seconds']:10.1f} s for {found['epoch_images']:,} images\n"
        f"versions  {found['peer_versions']}\n"
        f"device    {found['device']}\n"
        f"equal     {found['equal']}: {found['equal_reason']}\n"
        f"until its first spike only (fewer steps, not compared): "
        f"{found['until_first_spike_per_s']:,.0f} a second, "
        f"epoch {found['until_first_spike_epoch_seconds']:.1f} s"
    )


if __name__ == "__main__":
    main()
