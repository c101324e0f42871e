"""Runs in an environment of its own, where BindsNET is: the peer of `bench train`.

    python bindsnet_worker.py IMAGES.npy NEURONS STEPS BATCH

reads grey images uint8 [S, 28, 28], builds `DiehlAndCook2015` as BindsNET's own example
`batch_eth_mnist.py` does, and trains on the next batches whenever a line with their number comes
in on stdin, answering with one line of JSON. This file imports nothing of snncore, and snncore
runs it only as a process: BindsNET (AGPL-3) is neither imported nor copied here.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

INTENSITY_HZ = 128.0  # of a white pixel, the example's default
THETA_PLUS = 0.05  # mV that a threshold rises with each spike of its neuron


def main() -> None:
    """Answer requests until stdin ends."""
    images_file, neurons, steps, batch = sys.argv[1], *map(int, sys.argv[2:5])
    np: Any = importlib.import_module("numpy")
    torch: Any = importlib.import_module("torch")
    metadata: Any = importlib.import_module("importlib.metadata")
    models: Any = importlib.import_module("bindsnet.models")
    encoding: Any = importlib.import_module("bindsnet.encoding")
    torch.set_grad_enabled(False)
    images = torch.from_numpy(np.load(images_file)).float() / 255.0 * INTENSITY_HZ
    network = models.DiehlAndCook2015(
        n_inpt=28 * 28,
        n_neurons=neurons,
        batch_size=batch,
        exc=22.5,
        inh=120,
        dt=1.0,
        norm=78.4,
        nu=(1e-4, 1e-2),
        theta_plus=THETA_PLUS,
        inpt_shape=(1, 28, 28),
    )
    encoder = encoding.PoissonEncoder(time=steps, dt=1.0)
    versions = {name: metadata.version(name) for name in ("bindsnet", "torch", "numpy")}
    versions["python"] = sys.version.split()[0]
    versions["threads"] = str(torch.get_num_threads())
    say({"versions": versions})
    done = 0
    for line in sys.stdin:
        encode_s = run_s = drawn = 0.0
        for _ in range(int(line)):
            which = torch.arange(done, done + batch) % len(images)
            began = time.perf_counter()
            spikes = torch.stack([encoder(image) for image in images[which]], dim=1)[:, :, None]
            encoded = time.perf_counter()
            network.run(inputs={"X": spikes}, time=steps)
            network.reset_state_variables()
            run_s += time.perf_counter() - encoded
            encode_s += encoded - began
            drawn += float(spikes.sum())
            done += batch
        say(
            {
                "run_s": run_s,
                "encode_s": encode_s,
                "input_spikes": drawn / (int(line) * batch),
                "mean_theta": float(network.layers["Ae"].theta.mean()),
            }
        )


def say(answer: dict[str, Any]) -> None:
    """One line on stdout."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
