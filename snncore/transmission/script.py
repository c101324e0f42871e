"""Programs to take along: one that repeats an encoding, and ones that load its spikes elsewhere."""

from __future__ import annotations

from snncore.transmission.channel import Channel

LIBRARIES = {
    "snntorch": "snnTorch",
    "spikingjelly": "SpikingJelly",
    "norse": "Norse",
    "bindsnet": "BindsNET",
}

_SCRIPT = '''"""Repeats one encoding and compares it with the exported spikes.

Needs the exported {file} in this folder, and snncore on the path (run it from the repository).
"""

import numpy as np

from snncore import encoding
from snncore.transmission import Channel, scores

with np.load("{file}", allow_pickle=False) as held:
    values, exported = held["values"], held["spikes{suffix}"]

params = encoding.get_code("{code}").params(
{params})
channel = Channel("{code}", params, n_steps={n_steps}, shape={shape}, window={window})
sent = channel.send(values{pictures}, seed={seed}, first_sample={sample})

print("same spikes:", np.array_equal(sent.spikes, exported))
for name, value in scores(sent, channel)._asdict().items():
    print(f"{{name}}: {{value:.6g}}")
'''

_LOAD = """\
import numpy as np
import torch
{imports}
with np.load("{file}", allow_pickle=False) as held:
    spikes = held["spikes{suffix}"]
x = torch.from_numpy(spikes.astype(np.float32))  # {shape}
{pictures}
{run}"""

_IMPORTS = {
    "snntorch": "import snntorch as snn\n",
    "spikingjelly": "from spikingjelly.activation_based import functional, neuron\n",
    "norse": "import norse.torch as norse\n",
    "bindsnet": "from bindsnet.network import Network\n"
    "from bindsnet.network.monitors import Monitor\n"
    "from bindsnet.network.nodes import Input\n",
}
_RUN = {
    "snntorch": """\
layer = snn.Leaky(beta=0.9)
mem, steps = layer.init_leaky(), []
for now in x:  # one step of time: [B, N]
    spk, mem = layer(now, mem)
    steps.append(spk)
out = torch.stack(steps)  # [T, B, N]
""",
    "spikingjelly": """\
layer = neuron.LIFNode(tau=2.0, step_mode="m")  # "m": all steps at once, time first
out = layer(x)  # [T, B, N]
functional.reset_net(layer)
""",
    "norse": """\
layer = norse.LIF()  # time first
out, state = layer(x)  # [T, B, N]
""",
    "bindsnet": """\
network = Network(dt=1.0, batch_size=x.shape[1])
network.add_layer(Input(n=x.shape[2]), name="X")
seen = Monitor(network.layers["X"], state_vars=["s"], time=len(x))
network.add_monitor(seen, name="X")
network.run(inputs={"X": x}, time=len(x))  # time first
out = seen.get("s")  # [T, B, N]
""",
}


def script(
    channel: Channel, seed: int = 0, sample: int = 0, *, file: str = "spikes.npz", suffix: str = ""
) -> str:
    """A program that encodes the values of an exported NPZ file again and prints the scores.

    Args:
        file: the NPZ file, as `export.archive` writes it.
        suffix: of the spikes' name in it, where it holds several: "spikes" + suffix.
    """
    fields = channel.params.to_dict().items()
    pictures = ""  # the file holds values [S, N]
    if channel.shape is not None:
        pictures = f".reshape(-1, {channel.shape[0]}, {channel.shape[1]})"
    return _SCRIPT.format(
        file=file,
        suffix=suffix,
        code=channel.code,
        params="".join(f"    {name}={value!r},\n" for name, value in fields),
        n_steps=channel.n_steps,
        shape=channel.shape,
        window=channel.window,
        pictures=pictures,
        seed=seed,
        sample=sample,
    )


def tensor_snippet(
    library: str,
    channel: Channel | None = None,
    *,
    file: str = "spikes.npz",
    suffix: str = "",
) -> str:
    """A program that loads exported spikes as the float tensor [T, B, N] that a library expects.

    Args:
        library: one of `LIBRARIES`.
        channel: adds how to see the neurons as pictures, where they are pixels.
        file, suffix: as in `script`.

    Raises:
        ValueError: an unknown library.
    """
    if library not in LIBRARIES:
        raise ValueError(f"library must be one of {', '.join(LIBRARIES)}, got {library!r}")
    shape, pictures = "[T, B, N]: time, batch, neurons", ""
    if channel is not None:
        shape = f"[T, B, N] = [{channel.n_steps}, B, {channel.n_neurons}]: time, batch, neurons"
        maps = channel.n_neurons // channel.n_values if channel.shape is not None else 0
        if channel.shape is not None and maps and channel.n_neurons == maps * channel.n_values:
            pictures = _as_pictures(channel, maps, channel.shape)
    return _LOAD.format(
        imports=_IMPORTS[library],
        file=file,
        suffix=suffix,
        shape=shape,
        pictures=pictures,
        run=_RUN[library],
    )


def _as_pictures(channel: Channel, maps: int, shape: tuple[int, int]) -> str:
    """The line that turns [T, B, N] into [T, B, C, H, W], as a comment: layers of points need N."""
    if channel.kind.kind == "picture" or maps == 1:
        view = f"x.unflatten(2, ({maps}, {shape[0]}, {shape[1]}))"
    else:  # the neurons of a pixel are neighbours
        view = f"x.unflatten(2, ({shape[0]}, {shape[1]}, {maps})).movedim(4, 2)"
    return f"# For convolutions, [T, B, C, H, W]: x = {view}\n"
