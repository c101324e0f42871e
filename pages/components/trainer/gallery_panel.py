"""All receptive fields of a trained network, and what one of them stands for."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.chart import vega_chart
from pages.components.picture import picture
from pages.components.sections import computed
from pages.components.text import plain
from pages.components.trainer import kept
from pages.components.trainer.draw_network import Network, bundled
from pages.components.trainer.job import payload_of
from pages.components.trainer.source import test_images
from snncore import trained
from snncore.jobs import JobView
from snncore.plots import training_results as charts
from snncore.plots.base import mosaic, png
from snncore.plots.training_tiles import field_tiles

OPEN = "stdp_gal"
SORT, LABEL, PAGE, PICKED = "stdp_gal_sort", "stdp_gal_label", "stdp_gal_page", "stdp_gal_unit"
AT_ONCE = 120
_PROFILE_IMAGES = 1000  # test images that a class profile is averaged over
_COLUMNS = 12
_SORTS = {
    "spikes": "spikes, most first",
    "quiet": "spikes, fewest first",
    "label": "class",
    "threshold": "threshold, highest first",
    "number": "number",
}
_ALL, _NONE = "all", "none"
_NAMES = "stdp__gal_names"  # of the classes of the network that is shown
_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "stdp_gallery",
    html=(_HERE / "gallery_fields.html").read_text(encoding="utf-8"),
    css=(_HERE / "gallery_fields.css").read_text(encoding="utf-8"),
    js=(_HERE / "gallery_fields.js").read_text(encoding="utf-8"),
)


class _Units(NamedTuple):
    """What is known of each neuron or filter, [n]."""

    labels: NDArray[np.int64]  # -1: no class, or a filter
    activity: NDArray[np.float64]  # mean √count over the training images
    theta: NDArray[np.float32]


def link_values() -> dict[str, object]:
    """Names and values of the address that bring the panel back as it is."""
    state = st.session_state
    if not state.get(OPEN):
        return {}
    label = state.get(LABEL)
    return {  # options of a list are spelled as they are shown
        OPEN: True,
        SORT: _SORTS.get(str(state.get(SORT))),
        LABEL: None if label is None else _label_words(label, state.get(_NAMES, ())),
        **{key: state.get(key) for key in (PAGE, PICKED)},
    }


def _label_words(label: str, names: Sequence[str]) -> str:
    """How a choice of class is shown."""
    if label.isdigit() and int(label) < len(names):
        return names[int(label)]
    return "no class (silent)" if label == _NONE else "all classes"


def gallery_panel(view: JobView | None) -> None:
    """Draw the panel in the current container; closed it costs nothing."""
    box = st.expander(
        "Receptive fields, one by one",
        icon=":material/grid_view:",
        key=OPEN,
        on_change="rerun",
        bind="query-params",
    )
    if box.open:
        with box:
            _panel(view)


@st.fragment
def _panel(view: JobView | None) -> None:
    net = _network(view)
    if net is None:
        return
    units = _units(net)
    conv = net.trained.params.layer == "conv"
    what = "filter" if conv else "neuron"
    st.markdown(
        f"What each {what} looks for, learnt without labels. Of: {plain(net.words)}."
        + (
            " Orange: ON cells (or bright pixels), blue: OFF cells (or dark ones)."
            if conv or net.trained.params.retina == "on_off"
            else " White: a strong weight."
        )
    )
    order = _chosen_order(net, units, conv)
    if not len(order):
        st.info(f"No {what} stands for this class.", icon=":material/info:")
        return
    pages = -(-len(order) // AT_ONCE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page (of {pages})", 1, pages, key=PAGE, bind="query-params"))
    shown = order[(page - 1) * AT_ONCE : page * AT_ONCE]
    picked = _picked(shown, len(units.theta))
    left, right = st.columns([2.2, 1], gap="medium")
    with left:
        clicked = _draw(net, units, shown, picked)
        if clicked is not None and clicked != picked and clicked in shown:
            picked = st.session_state[PICKED] = clicked
    with right:
        _detail(net, units, picked, what)


def _network(view: JobView | None) -> Network | None:
    """The finished run of the page, else the bundled network."""
    payload = payload_of(view)
    if payload is not None and payload.result is not None:
        found = kept.get(payload.run.identity)
        if found is not None and found.trained is not None:
            return Network(payload.run.identity, payload.run.words, found.trained, payload.run)
    return computed(bundled)


def _units(net: Network) -> _Units:
    """Labels, activity and thresholds; a filter's activity is that of all its fields."""
    found, layer = net.trained, net.trained.layer
    count = len(layer.theta)
    theta = layer.theta.cpu().numpy()
    if found.params.layer == "conv":
        fields = found.params.grid**2
        activity = found.scaler.mean[: fields * count].reshape(fields, count).sum(axis=0)
        return _Units(np.full(count, -1), activity, theta)
    return _Units(found.neuron_labels, found.scaler.mean, theta)


def _chosen_order(net: Network, units: _Units, conv: bool) -> NDArray[np.int64]:
    """Which ones are shown, in which order."""
    names = net.trained.class_names
    options = [key for key in _SORTS if not (conv and key == "label")]
    if st.session_state.get(SORT, "spikes") not in options:
        del st.session_state[SORT]
    left, right = st.columns(2)
    sort = left.selectbox(
        "Sorted by", options, format_func=_SORTS.__getitem__, key=SORT, bind="query-params",
        help="Spikes: the mean square root of the spike count over the training images.",
    )  # fmt: skip
    keep = np.arange(len(units.theta))
    if not conv:
        labels = [_ALL, *(str(c) for c in range(len(names))), _NONE]
        st.session_state[_NAMES] = names
        if st.session_state.get(LABEL, _ALL) not in labels:
            del st.session_state[LABEL]
        wanted = right.selectbox(
            "Class", labels, key=LABEL, bind="query-params",
            format_func=lambda key: _label_words(key, names),
        )  # fmt: skip
        if wanted != _ALL:
            number = int(wanted) if wanted.isdigit() else -1
            keep = np.flatnonzero(units.labels == number)
    by = {
        "spikes": -units.activity,
        "quiet": units.activity,
        "label": units.labels,
        "threshold": -units.theta,
        "number": np.arange(len(units.theta)),
    }[sort]
    ordered: NDArray[np.int64] = keep[np.argsort(by[keep], kind="stable")]
    return ordered


def _picked(shown: NDArray[np.int64], count: int) -> int:
    """The unit that is looked at: of the session, of the address, or the first one."""
    if PICKED not in st.session_state:
        text = st.query_params.get(PICKED, "")
        if text.isascii() and text.isdigit() and int(text[:7]) < count:
            st.session_state[PICKED] = int(text[:7])
    picked = st.session_state.get(PICKED)
    return int(picked) if isinstance(picked, int) and picked in shown else int(shown[0])


def _draw(net: Network, units: _Units, shown: NDArray[np.int64], picked: int) -> int | None:
    """The fields as buttons; what was clicked last."""
    names = net.trained.class_names
    labels = ["" if units.labels[k] < 0 else names[units.labels[k]] for k in shown]
    tiles = _tiles(net, shown)
    sprite = base64.b64encode(png(mosaic(tiles, _COLUMNS, gap=0))).decode("ascii")
    what = "Filter" if net.trained.params.layer == "conv" else "Neuron"
    result: Any = _component(
        key="stdp_gal_fields",
        data={
            "sprite": f"data:image/png;base64,{sprite}",
            "columns": _COLUMNS,
            "tile": list(tiles.shape[1:3]),
            "numbers": shown.tolist(),
            "labels": labels,
            "names": [
                f"{what} {k}" + (f", {label}" if label else "")
                for k, label in zip(shown.tolist(), labels, strict=True)
            ],
            "selected": picked,
        },
        on_picked_change=lambda: None,
    )
    clicked = result.picked
    return clicked if type(clicked) is int else None


def _tiles(net: Network, shown: NDArray[np.int64]) -> NDArray[np.uint8]:
    side = net.trained.params.filter_size
    shape = (side, side) if net.trained.params.layer == "conv" else net.trained.image_shape
    return field_tiles(net.trained.layer.weights[shown].cpu().numpy(), (shape[0], shape[1]))


def _detail(net: Network, units: _Units, unit: int, what: str) -> None:
    """One field large, its threshold and what it answers to."""
    names = net.trained.class_names
    tile = _tiles(net, np.array([unit]))[0]
    label = units.labels[unit]
    stands = f" · stands for **{plain(names[label])}**" if label >= 0 else ""
    st.markdown(f"**{what.capitalize()} {unit}**{stands}")
    picture(
        png(tile, scale=max(1, 224 // tile.shape[0])),
        alt=f"Receptive field of {what} {unit}",
        width=224,
    )
    rank = int((units.activity > units.activity[unit]).sum()) + 1
    st.markdown(
        f"Threshold θ = {units.theta[unit]:.3g} (all: {units.theta.min():.3g} to "
        f"{units.theta.max():.3g}); number {rank} of {len(units.theta)} by spikes."
    )
    profile = computed(lambda: _profile(net.identity, net))
    if profile is not None:
        vega_chart(
            spec=charts.profile_chart(profile[unit], names), width="stretch",
            alt=f"Mean spikes of {what} {unit} for images of each class",
        )  # fmt: skip
        st.caption(f"Mean spikes an image of each class ({_PROFILE_IMAGES:,} test images at most).")


@st.cache_data(max_entries=8, ttl=1800, max_size="16MB", show_spinner=False)
def _profile(identity: str, _net: Network) -> NDArray[np.float32] | None:
    """Mean spikes of each unit for each class, [n, C]; None without test images."""
    try:
        tests = test_images(_net.run)
    except ValueError:
        return None
    if tests is None or tests.images.shape[1:] != _net.trained.image_shape:
        return None
    few = slice(0, _PROFILE_IMAGES)
    counts = trained.predict(_net.trained, tests.images[few]).counts.astype(np.float32)
    units = len(_net.trained.layer.theta)
    if _net.trained.params.layer == "conv":
        fields = _net.trained.params.grid**2
        counts = counts[:, : fields * units].reshape(len(counts), fields, units).sum(axis=1)
    found = np.zeros((units, len(tests.class_names)), np.float32)
    for c in range(len(tests.class_names)):
        rows = tests.labels[few] == c
        if rows.any():
            found[:, c] = counts[rows].mean(axis=0)
    return found
