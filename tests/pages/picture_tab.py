"""What the tests of the picture tab share: opening it, reading its numbers, the engine's own."""

from __future__ import annotations

import re

import numpy as np
from streamlit.testing.v1 import AppTest

from pages.components import encoding_codes as codes
from pages.components import encoding_source as sources
from pages.components.encoding_bench import Bench, Slot
from pages.components.encoding_presets import PRESETS, preset_of
from pages.components.encoding_source import PictureParams
from snncore import encoding, metrics
from snncore.transmission import Channel, Sent
from tests.pages.opening import open_page

PAGE = "pages/2_Spike_Encoding.py"
NUMBERS = re.compile(r"\*\*([\d.e+-]+)\*\* spikes per pixel.*RMSE \*\*([\d.]+)\*\*", re.DOTALL)


def opened(**query: str) -> AppTest:
    return shown(open_page(PAGE, **query))


def shown(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def numbers(at: AppTest) -> list[tuple[float, float]]:
    """(spikes per pixel, RMSE) of the codes that are shown, read from the page."""
    found = [NUMBERS.search(m.value) for m in at.markdown]
    return [(float(f[1]), float(f[2])) for f in found if f]


def sent_by(choice: codes.Choice, params: PictureParams) -> tuple[Channel, Sent]:
    source = sources.fetch(params)
    channel = Channel(choice.code.name, choice.params, params.n_steps, source.values.shape)
    return channel, channel.send(source.values, seed=params.seed, first_sample=source.sample)


def expected(choice: codes.Choice, params: PictureParams) -> tuple[float, float]:
    """The engine's own numbers."""
    _, sent = sent_by(choice, params)
    count = np.abs(sent.spikes.astype(int)).sum()
    return float(count / sent.values.size), metrics.rmse(sent.values, sent.decoded)


def check(at: AppTest, wanted: list[tuple[float, float]]) -> None:
    got = numbers(at)
    assert len(got) == len(wanted)
    np.testing.assert_allclose([g[0] for g in got], [w[0] for w in wanted], rtol=5.1e-3)
    np.testing.assert_allclose([g[1] for g in got], [w[1] for w in wanted], atol=5.1e-4)


def choice(name: str) -> codes.Choice:
    code = encoding.get_code(name)
    return codes.Choice(code, code.params())


def texts(at: AppTest) -> str:
    return " ".join(c.value for c in at.code)


def bench_of(name: str) -> tuple[sources.Source, Bench]:
    preset = PRESETS[name]
    params, source = preset.params(), sources.fetch(preset.params())
    slots = []
    for letter in codes.LETTERS:
        channel, sent = sent_by(preset.choice(letter), params)
        slots.append(Slot(letter, channel, sent))
    bench = Bench(
        source.what, source.values, tuple(slots), params.seed, source.sample, source.identity, False
    )
    assert preset_of(params, slots) == name
    return source, bench
