"""The Hopfield page's controls: which pictures are stored, what happens to them, who recalls."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from pages.components import hopfield_own, share
from pages.components import hopfield_source as source
from pages.components.controls import control, label_of, set_missing
from pages.components.fetch import present_or_offer
from pages.components.hopfield_own import LOST, lose, unreadable
from pages.components.hopfield_params import (
    ATTRACTOR,
    FIRST_SET,
    KEY,
    SPIKING,
    PageParams,
    suited,
)
from pages.components.hopfield_pick import picked as picked_pictures
from pages.components.lesson import offer
from pages.components.text import plain
from snncore import datasets
from snncore.hopfield import NoiseParams, Patterns
from snncore.hopfield.noise import IDEAS, TITLES
from snncore.params import parse
from snncore.recall_lab import RANDOM, RULES, Ask, Picture, limit, load_patterns

_MOST_COMPLAINTS = 3
_OF_A_SET = ("count", "offset", "size", "pick")  # each data set has its own
_MORE = ("update", "steps", "temperature", "block", "rate", "drive", "integration", "urgency")
_BINARY_ONLY = ("rate", "drive")
_SETS = {RANDOM: "Random pixels", "gtsrb": "Road signs (GTSRB)"}  # titles that fit the box
_MODES = {"binary": "Binary", "grey": "Grey", "rgb": "Colour"}


class Chosen(NamedTuple):
    """What the controls say."""

    params: PageParams
    own: source.Own
    picked: tuple[int, ...]  # pictures of the set chosen one by one
    distinct: bool  # near-duplicates are left out
    absent: bool  # the set is not on this machine: `params` is of the bundled one

    @property
    def ask(self) -> Ask:
        """The whole question."""
        return self.params.ask(
            self.pictures, chosen=self.picked, drawing=self.drawing, distinct=self.distinct
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The visitor's own, for the engine."""
        return tuple(Picture(p.data, p.shape, p.name) for p in self.own.pictures)

    @property
    def drawing(self) -> Picture | None:
        """What the memory is asked with in place of damaged pictures."""
        q = self.own.question
        return None if q is None else Picture(q.data, q.shape, q.name)


def titles() -> dict[str, dict[str, str]]:
    """Fields whose words are spelled out, also in the address."""
    return {
        "dataset": {i.name: i.title for i in datasets.catalogue()} | _SETS,
        "rule": {name: rule.title for name, rule in RULES.items()},
        "kind": dict(TITLES),
        "mode": _MODES,
    }


def begin() -> None:
    """Before the controls: a fresh address may use short names; the rest starts as suits the set.

    What it asks for in vain is kept for `say_lost`: Streamlit itself drops it without a word.
    """
    if f"{KEY}_dataset" in st.session_state:
        return
    words, specs, lost = titles(), PageParams.specs(), []
    asked: dict[str, str] = {}
    for name, spec in specs.items():
        text = st.query_params.get(f"{KEY}_{name}")
        if text is None:
            continue
        known = words.get(name, {})
        try:
            if name in words:
                by_title = {title: short for short, title in known.items()}
                if text not in known and text not in by_title:
                    raise ValueError(f"{label_of(name, spec)}: there is no {text}")
                asked[name] = by_title.get(text, text)
            else:
                parse(label_of(name, spec), text, spec)
        except ValueError as error:
            lost.append(plain(str(error)))
    for complaint in (*lost, *unreadable()):
        lose(complaint)
    first = suited(asked.get("dataset", FIRST_SET)).to_dict() | asked
    set_missing({f"{KEY}_{name}": value for name, value in first.items()})


def say_lost() -> None:
    """What the address asked for in vain."""
    lost = st.session_state.get(LOST, [])
    if lost:
        st.session_state[LOST] = []
        st.warning(
            "This address asks for what there is not here: "
            f"{'; '.join(lost[:_MOST_COMPLAINTS])}. The usual value is "
            "taken.",
            icon=":material/link_off:",
        )


def choices() -> Chosen:
    """Draw the controls in the current container, one group below the other."""
    specs, values = PageParams.specs(), dict[str, Any]()
    words = titles()
    st.markdown("##### 1 Store")
    name = _titled("dataset", words["dataset"], FIRST_SET, on_change=_set_changed)
    absent = name != RANDOM and not present_or_offer(name, "the bundled photographs", KEY)
    first = suited(FIRST_SET if absent else name)
    values |= first.to_dict()

    def draw(*names: str) -> None:
        for field in names:
            values[field] = control(field, specs[field], values[field], KEY)

    draw("count")
    values["mode"] = _mode(first.mode)
    with st.expander("Which pictures, size, threshold", key=f"{KEY}__which"):
        picked = () if first.dataset == RANDOM else picked_pictures(first.dataset)
        draw("offset", "pick", "size")
        if values["mode"] == "binary":
            draw("threshold")
        distinct = source.distinct()
    box = st.expander("Your own pictures and drawings", key=f"{KEY}__mine", on_change="rerun")
    if share.is_open(box):
        with box:
            own = source.own_pictures(load=lambda: _stored(values, picked))
    else:  # the canvas with all that belongs to it is a tenth of the page
        own = hopfield_own.own()
        hopfield_own.write_address(own)
    st.markdown("##### 2 Corrupt")
    if own.question is not None:
        st.caption("The memory is asked with your drawing as it is.")
    else:
        values["kind"] = _titled("kind", words["kind"], first.kind)
        noise = NoiseParams(kind=values["kind"])
        st.caption(IDEAS[noise.kind])
        draw("sigma" if noise.kind == "gaussian" else "share")
        draw(*(["place"] if noise.uses_place else []), *(["paint"] if noise.uses_paint else []))
    _seed(draw, own.question is None)
    st.markdown("##### 3 Recall")
    values["rule"] = _titled("rule", words["rule"], first.rule)
    _settings(values, draw, own.question is not None)
    chosen = Chosen(PageParams.from_dict(values), own, picked, bool(distinct), absent)
    if not _fits(chosen):
        st.stop()
    return chosen


def _fits(chosen: Chosen) -> bool:
    """Whether the engine takes these values together; if not, why."""
    try:
        return bool(chosen.ask.digest)
    except ValueError as error:
        st.error(f"These values do not fit together: {error}. Change one of them, or press Reset.")
        return False


def _stored(values: dict[str, Any], picked: tuple[int, ...]) -> Patterns:
    """The pictures of the set alone, to be changed on the canvas."""
    return load_patterns(PageParams.from_dict(values).ask(chosen=picked))


def _settings(values: dict[str, Any], draw: Any, asked: bool) -> None:
    """What the chosen memory can be told: what matters most at once, the rest in a box.

    Args:
        asked: with a drawing, so that nothing is damaged.
    """
    rule = RULES[values["rule"]]
    st.caption(rule.idea)
    weak = "" if asked else limit(rule.name, values["mode"], values["kind"])
    if weak:
        st.caption(f":material/info: {weak}")
    names = list(rule.settings)
    names += {"spiking": SPIKING, "attractor": ATTRACTOR, "": ()}[rule.own]
    if values["mode"] != "binary":
        names = [name for name in names if name not in _BINARY_ONLY]
    draw(*(name for name in names if name not in _MORE))
    more = [name for name in names if name in _MORE and name != "block"]
    if more:
        with st.expander("Neurons" if rule.own else "Dynamics", key=f"{KEY}__more"):
            draw(*more)
            if values["update"] == "block" and "block" in names:
                draw("block")


def _mode(default: str) -> str:
    offer(f"{KEY}_mode", "Pixels")
    chosen = st.segmented_control(
        "Pixels",
        list(_MODES),
        default=default,
        required=True,
        key=f"{KEY}_mode",
        bind="query-params",
        format_func=_MODES.__getitem__,
        wrap=True,
        help="Binary: black and white, which every memory stores. Grey levels and colours are for "
        "the modern and the spiking memory.",
    )
    return str(chosen or default)


def _titled(name: str, words: dict[str, str], default: str, on_change: Any = None) -> str:
    """A list of titles; the value is the short name."""
    spec = PageParams.specs()[name]
    options = [option for option in spec.options if option in words]
    offer(f"{KEY}_{name}", label_of(name, spec))
    return str(
        st.selectbox(
            label_of(name, spec),
            options,
            index=options.index(default),
            format_func=lambda short: words.get(short, str(short)),
            key=f"{KEY}_{name}",
            bind="query-params",
            help=spec.help,
            on_change=on_change,
        )
    )


def _seed(draw: Any, damaged: bool) -> None:
    """The draws of all that is random."""
    st.button(
        "Other damage" if damaged else "Other draws",
        icon=":material/casino:",
        key=f"{KEY}__again",
        on_click=_next_seed,
        help="The same question with other random draws: the next seed.",
    )
    with st.expander("Seed, repetitions", key=f"{KEY}__seeds"):
        draw("seed", *(["draws"] if damaged else []))


def _next_seed() -> None:
    key = f"{KEY}_seed"
    st.session_state[key] = (int(st.session_state.get(key, 0)) + 1) % 100_000


def _set_changed() -> None:
    """Callback: a data set comes with its own number of pictures and size."""
    first = suited(str(st.session_state.get(f"{KEY}_dataset") or FIRST_SET))
    for name in _OF_A_SET:
        st.session_state[f"{KEY}_{name}"] = getattr(first, name)
