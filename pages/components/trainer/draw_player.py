"""The player of one presentation: every spike that classifies a picture, played in the browser.

The whole film is sent once, packed, when the player comes in sight; play, pause, step, scrub and
looking at single neurons then happen in the visitor's browser (`draw_player.js`), so the server has
no part in it.
"""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.components import players
from snncore.plots.base import mosaic, png
from snncore.plots.training_reel import Reel

_VIEW = "stdp_draw_film"
_component = players.player_component("spike_player", Path(__file__), "step", "player_controls.js")


def player(name: str, data: dict[str, Any], *, dark: bool, fresh: bool) -> None:
    """Draw the player of a film from `payload`, which is sent when the player is in sight.

    Args:
        name: of the film; another name, another film.
        fresh: a new film starts by itself (not for who asks for less motion); else it stands at
            its end, where the answer is.
    """
    film = data | {"fresh": fresh} if players.is_wanted(_VIEW, name) else {"wait": name}
    players.mount(_component, _VIEW, film | {"dark": dark})


def payload(film: Reel) -> dict[str, Any]:
    """What the browser gets of a film."""
    count = len(film.tiles)
    columns = int(np.ceil(np.sqrt(count)))
    sprite = mosaic(film.tiles, columns, gap=0)
    if film.inputs.shape[1] == 1:
        sprite = sprite[..., 0]  # grey: a third of the bytes
    return {
        "steps": len(film.inputs),
        "dt": film.dt,
        "conv": film.conv,
        "units": film.units,
        "shape": list(film.image.shape),
        "maps": film.inputs.shape[1],
        "image": _pack(film.image),
        "inputs": _pack(np.packbits(film.inputs)),
        "shown": film.shown.tolist(),
        "tiles": "data:image/png;base64," + base64.b64encode(png(sprite)).decode("ascii"),
        "tile": list(film.tiles.shape[1:3]),
        "columns": columns,
        "labels": film.labels.tolist(),
        "weights": _pack(film.weights.astype("<f4")),
        "spikes": _pack(film.spikes.astype("<i4")),
        "racers": film.racers.tolist(),
        "levels": _pack(film.levels.astype("<f4")),
        "votes": _pack(film.votes.astype("<f4")),
        "scores": _pack(film.scores.astype("<f4")),
        "names": list(film.class_names),
        "answer": film.answer,
        "vote": film.vote,
        "settled": film.settled,
    }


def _pack(array: NDArray[Any]) -> str:
    """An array's bytes as base64 of their deflated form."""
    data = np.ascontiguousarray(array).tobytes()
    return base64.b64encode(zlib.compress(data, 1)).decode("ascii")
