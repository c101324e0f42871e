"""STDP MNIST Trainer: parameters → a job → live receptive fields → confusion matrix."""

from __future__ import annotations

import streamlit as st

from pages.components import trainer_job
from pages.components.controls import controls, link_params, presets
from pages.components.fetch import present_or_offer
from pages.components.frame import open_page
from pages.components.inline import inline
from pages.components.job_panel import job_panel
from pages.components.share import share_bar
from pages.components.trainer import before as trainer

open_page("stdp")
presets("stdp", trainer.PageParams, trainer.PRESETS, also=[("stdp", trainer_job.DataChoice())])
bar = st.container()

# The picture first: on a phone the columns stand below each other.
main, side = st.columns([2.6, 1], gap="large")
with side:
    st.subheader("Pictures", anchor=False)
    wish = controls(trainer_job.DataChoice, "stdp")
    own = st.file_uploader(
        "Or your own .npz (at most 64 MB)",
        type=[".npz"],
        key="stdp_npz",
        help="x_train, y_train, x_test, y_test; x uint8 or 0..1, [n, h, w].",
    )
    st.subheader("Network", anchor=False)
    common = ("neurons", "epochs", "retina", "seed")
    rest = [name for name in trainer.PageParams.specs() if name not in (*common, "layer")]
    chosen = controls(trainer.PageParams, "stdp", only=common).to_dict()
    with st.expander("Input, rule and readout"):
        more = controls(trainer.PageParams, "stdp", only=rest).to_dict()
page_params = trainer.PageParams.from_dict({**chosen, **{name: more[name] for name in rest}})
params = page_params.engine()

with main:
    upload = trainer.checked_upload(own)
    data = wish
    if upload is None and not present_or_offer(wish.dataset, "the bundled digits", "stdp"):
        data = trainer_job.DataChoice()
    view = job_panel(
        "stdp_run",
        submit=lambda owner: trainer_job.submit(owner, data, params, upload),
        draw=lambda payload, done: trainer.draw(payload, done, params),
    )
    if view is None and upload is None:
        trainer.draw_preview(inline(lambda: trainer.preview(data, params)), params)

flags = {**params.changed()}
if upload is not None:
    flags["dataset"] = "FILE.npz"
elif wish.dataset != "digits":
    flags["dataset"] = wish.dataset
if wish.limit:
    flags["limit"] = wish.limit
command = "python -m snncore train" + "".join(
    f" --{name.replace('_', '-')} {value}" for name, value in flags.items()
)
with bar:
    share_bar(
        command=command,
        params={
            **link_params("stdp", wish),
            **link_params("stdp", page_params),
            "job": None if view is None else view.watch,
        },
        downloads=trainer.downloads(view),
    )

st.subheader("What it computes", anchor=False)
first, second = st.columns(2, gap="large")
with first:
    st.latex(r"x_i[t] = a\,x_i[t-1] + s_i[t],\quad u_j[t] = \textstyle\sum_i w_{ji}\,x_i[t]")
    st.latex(rf"a = e^{{-{params.dt:g}/{params.tau_m:g}}} = {params.leak:.3f}")
    st.markdown(
        "Each input cell spikes at random (Poisson), the brighter the more often. The trace "
        "*x* remembers recent spikes; the potential *u* is the weighted sum of the traces."
    )
with second:
    st.latex(r"w_{j^*} \leftarrow w_{j^*} + \eta\,(x/\lVert x\rVert - w_{j^*})")
    st.latex(rf"\eta:\; {params.rate_first:g} \to {params.rate_last:g},\quad \lVert w_j\rVert = 1")
    st.markdown(
        "The first neuron to reach its threshold wins, inhibits the others, and moves its weights "
        "towards the inputs that just spiked. Thresholds of frequent winners rise. While spikes "
        "are counted afterwards, weights are fixed, thresholds lower, and a neuron may spike "
        "again; each spike still holds the others back. Trace STDP "
        "with soft bounds (compare Nessler et al. 2013, Diehl & Cook 2015); one spike per image "
        "as in Kheradpisheh et al. (2018)."
    )
with st.expander("Try a trained network on your own picture"):
    trainer.try_network()
