"""The picture panel of the Spike Encoding page: one picture through three codes."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import controls, frame
from pages.components.encoding_panel import View, equations, npz, settings
from pages.components.fetch import present_or_offer
from pages.components.inline import inline
from pages.components.picture import picture
from pages.components.share import Download
from snncore import datasets, encoding, metrics
from snncore.encoding import Code
from snncore.params import Params, Value, choice, flag, integer
from snncore.plots import encoding as plots

SLOTS = ("a", "b", "c")
CODE_HEAD = 124  # px of a code's name and one slider: the pictures stand in one line
INTENSITY = tuple(code.name for code in encoding.codes("intensity"))


@dataclasses.dataclass(frozen=True)
class PictureParams(Params):
    """What is sent, for how long, and through which codes."""

    dataset: str = choice("skimage", datasets.NAMES, "Where the picture comes from.", label="Set")
    index: int = integer(0, 0, 69_999, "Its number in the set.", label="Picture")
    side: int = integer(48, 8, 96, "Larger pictures are shrunk to this.", unit="px", step=8)
    n_steps: int = integer(
        100, 10, 400, "Length of the spike trains.", unit="steps", step=10, label="Time"
    )
    seed: int = integer(0, 0, 2**31 - 1, "Number that fixes all random spikes.")
    sort: bool = flag(True, "Brightest pixel at the top of the rasters.", label="Sort rasters")
    code_a: str = choice("rate", INTENSITY, "First code.")
    code_b: str = choice("latency", INTENSITY, "Second code.")
    code_c: str = choice("fade_in", INTENSITY, "Third code.")


class Sent(NamedTuple):
    """One picture through one code, ready to be shown."""

    raster: bytes
    picture: bytes
    decoded: NDArray[np.float32]
    spikes: int
    spikes_per_pixel: float
    rmse: float
    psnr: float
    shown_rows: int


def picture_panel() -> View:
    """One picture through three codes, side by side."""
    _presets()
    params, uploaded = _choose()
    if uploaded is None:
        values, what = inline(lambda: fetch(params))
    else:
        values, what = uploaded, "your picture"
    columns = st.columns(4, gap="medium")
    with columns[0]:
        with st.container(height=CODE_HEAD, border=False, vertical_alignment="bottom"):
            st.markdown("**Original**")
        picture(
            plots.picture(values.ravel(), values.shape),
            alt=f"The picture to encode: {what}",
        )
        st.caption(
            f"{what.capitalize()}, {values.shape[1]}×{values.shape[0]} pixels. "
            f"One neuron per pixel: {values.size:,} neurons."
        )
    chosen = []
    for slot, column in zip(SLOTS, columns[1:], strict=True):
        with column:
            chosen.append(_column(slot, params, uploaded))
    with columns[0]:
        st.altair_chart(
            plots.tradeoff(
                [code.title for code, _, _ in chosen],
                [sent.spikes_per_pixel for _, _, sent in chosen],
                [sent.psnr for _, _, sent in chosen],
                dark=frame.is_dark(),
            ),
            width="stretch",
            key="enc_tradeoff",
            alt="Spikes per pixel against PSNR of the three codes",
        )
        st.caption("What the three codes (A, B, C from the left) cost, and what they keep.")
    names = {f"code_{s}": c[0].name for s, c in zip(SLOTS, chosen, strict=True)}
    params = PictureParams(**{**params.to_dict(), **names})
    return _view(params, values, chosen, own=uploaded is not None)


def _presets() -> None:
    first = controls.state_of("enc", PictureParams())
    for slot in SLOTS:
        for name in INTENSITY:
            first |= controls.state_of(f"enc_{slot}_{name}", encoding.get_code(name).params())
    # A new key empties the uploader: the presets show pictures of the data sets.
    first["enc_uploads"] = st.session_state.setdefault("enc_uploads", 0) + 1
    changes: dict[str, dict[str, Value]] = {
        "One spike each": {
            "enc_code_a": "latency", "enc_code_b": "latency_rc", "enc_n_steps": 50,
        },
        "Slow rate": {"enc_a_rate_gain": 0.1, "enc_n_steps": 400},
        "A digit": {"enc_dataset": "digits", "enc_index": 3, "enc_n_steps": 50},
        "A road sign": {"enc_dataset": "signs", "enc_side": 64},
    }  # fmt: skip
    controls.preset_row("enc_picture", {n: first | c for n, c in changes.items()}, first)


def _choose() -> tuple[PictureParams, NDArray[np.float32] | None]:
    """The controls of the panel, and the visitor's own picture if there is one."""
    specs, first = PictureParams.specs(), PictureParams().to_dict()
    places = st.columns([1.3, 1, 1.3, 1.3, 1])
    titles = dataset_titles()
    with places[0]:
        name = st.selectbox(
            "Set",
            datasets.NAMES,
            format_func=lambda n: titles[n],
            index=datasets.NAMES.index(str(first["dataset"])),
            key="enc_dataset",
            bind="query-params",
            help=specs["dataset"].help,
        )
    if not present_or_offer(name, "the bundled photographs", "enc"):
        name = str(first["dataset"])
    count = inline(lambda: len(datasets.load(name).images))
    if int(st.session_state.get("enc_index", 0)) >= count:
        st.session_state["enc_index"] = 0  # the number was one of a larger set
    values: dict[str, Any] = {"dataset": name}
    specs["index"] = dataclasses.replace(specs["index"], hi=count - 1)
    for place, field in zip(places[1:], ("index", "side", "n_steps", "seed"), strict=True):
        with place:
            values[field] = controls.control(field, specs[field], first[field], "enc")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        own = _upload(int(values["side"]))
        values["sort"] = controls.control("sort", specs["sort"], True, "enc")
    return PictureParams(**values), own


def dataset_titles() -> dict[str, str]:
    """Names of the image sets → what the page calls them."""
    return {info.name: info.title for info in datasets.catalogue()}


def _upload(side: int) -> NDArray[np.float32] | None:
    with st.popover("Your own picture", icon=":material/upload:", width="content"):
        file = st.file_uploader(
            "PNG or JPEG, at most 10 MB and 4 million pixels",
            type=[".png", ".jpg", ".jpeg"],
            key=f"enc_upload_{st.session_state.get('enc_uploads', 0)}",
            max_upload_size=10,
        )
        st.caption("It stays in this session and is not part of the link. Reset removes it.")
    if file is None:
        return None
    return inline(lambda: shrink(datasets.files.read_image(file.getvalue()), side))


def fetch(params: PictureParams) -> tuple[NDArray[np.float32], str]:
    """The chosen picture, float32 [H, W] in 0..1, and what it shows."""
    pictures = datasets.load(params.dataset)
    what = pictures.class_names[pictures.labels[params.index]]
    return shrink(pictures.images[params.index], params.side), what


def shrink(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """float32 [H, W] in 0..1 of a grey or RGB picture, its longer side at most `side`."""
    grey = datasets.to_grey(image[None])
    size = encoding.fitted_size(grey.shape[1], grey.shape[2], side)
    return datasets.to_float(datasets.resize(grey, size))[0]


def send(
    values: NDArray[np.float32], code: Code, own: Params, params: PictureParams, dark: bool
) -> Sent:
    """One picture [H, W] through one code, with its figures and scores."""
    sent = _transmit(values, code, own, params)
    rows = plots.raster_rows(sent.values[0], params.sort)
    spikes = int(sent.spikes.sum())
    return Sent(
        raster=plots.raster(sent.spikes[:, 0].astype(bool), rows, dark=dark),
        picture=plots.picture(sent.decoded[0], values.shape),
        decoded=sent.decoded[0],
        spikes=spikes,
        spikes_per_pixel=spikes / values.size,
        rmse=metrics.rmse(sent.values, sent.decoded),
        psnr=metrics.psnr(sent.values, sent.decoded),
        shown_rows=len(rows),
    )


def _transmit(
    values: NDArray[np.float32], code: Code, own: Params, params: PictureParams
) -> encoding.Transmission:
    return encoding.transmit_images(
        values[None],
        code,
        own,
        n_steps=params.n_steps,
        seed=params.seed,
        first_sample=params.index,
    )


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def cached_send(params: PictureParams, name: str, own: Params, dark: bool) -> Sent:
    """`send` for a picture of a data set."""
    return send(fetch(params)[0], encoding.get_code(name), own, params, dark)


def _column(
    slot: str, params: PictureParams, uploaded: NDArray[np.float32] | None
) -> tuple[Code, Params, Sent]:
    """Choice of a code and its parameters, picture read back, scores, raster and equation."""
    name = st.selectbox(
        f"Code {slot.upper()}",
        INTENSITY,
        index=INTENSITY.index(getattr(PictureParams(), f"code_{slot}")),
        format_func=lambda n: encoding.get_code(n).title,
        key=f"enc_code_{slot}",
        bind="query-params",
        label_visibility="collapsed",
    )
    code, dark = encoding.get_code(name), frame.is_dark()
    own = controls.controls(code.params, f"enc_{slot}_{name}")
    if uploaded is None:
        sent = inline(lambda: cached_send(params, name, own, dark))
    else:
        sent = inline(lambda: send(uploaded, code, own, params, dark))
    with st.container(gap="small"):
        picture(sent.picture, alt=f"Picture read back from {code.title}")
        st.markdown(
            f"**{sent.spikes_per_pixel:.3g}** spikes per pixel  \n"
            f"RMSE **{sent.rmse:.3f}**, PSNR **{sent.psnr:.1f} dB**"
        )
        picture(sent.raster, alt=f"Spike raster of {code.title}")
        order = "brightest on top" if params.sort else "first pixel on top"
        st.caption(
            f"Time → {params.n_steps} steps; {sent.shown_rows} neurons, {order}; "
            f"{sent.spikes:,} spikes in all. {code.idea}"
        )
        equations(code)
    return code, own, sent


def _view(
    params: PictureParams,
    values: NDArray[np.float32],
    chosen: list[tuple[Code, Params, Sent]],
    *,
    own: bool,
) -> View:
    source = "--picture FILE.png" if own else f"--dataset {params.dataset} --index {params.index}"
    link: dict[str, object] = dict(controls.link_params("enc", params))
    # The address spells the options of a list as they are shown.
    if "enc_dataset" in link:
        link["enc_dataset"] = dataset_titles()[params.dataset]
    commands = []
    for slot, (code, used, _) in zip(SLOTS, chosen, strict=True):
        link |= controls.link_params(f"enc_{slot}_{code.name}", used)
        if f"enc_code_{slot}" in link:
            link[f"enc_code_{slot}"] = code.title
        commands.append(
            f"python -m snncore encode {source} --side {params.side} --steps {params.n_steps} "
            f"--seed {params.seed} --code {code.name}{settings(used)}"
        )

    def spikes_file() -> bytes:
        arrays: dict[str, NDArray[Any]] = {"original": values}
        for slot, (code, used, _) in zip(SLOTS, chosen, strict=True):
            sent = _transmit(values, code, used, params)
            arrays[f"spikes_{slot}_{code.name}"] = sent.spikes[:, 0]
            arrays[f"decoded_{slot}_{code.name}"] = sent.decoded[0].reshape(values.shape)
        return npz(arrays)

    def figure() -> bytes:
        return plots.comparison(values.ravel(), [c[2].decoded for c in chosen], values.shape)

    return View(
        "\n".join(commands),
        link,
        [
            Download("Spikes and pictures (NPZ)", spikes_file, "spikes.npz", "application/zip"),
            Download("Pictures side by side (PNG)", figure, "pictures.png", "image/png"),
        ],
    )
