"""Inside the Hopfield page's memories: step by step, spikes, equations, comparison."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import hopfield as hop
from pages.components.frame import is_dark
from pages.components.picture import picture
from snncore.hopfield import Answer, background, bayes_beta, first_step_error, matched_beta
from snncore.plots import recall as figures

TABS = ("Step by step", "Spikes", "Equations", "Compare all memories")


def picture_choice(answer: Answer) -> tuple[int, str | None]:
    """Which picture the inner views follow, and its name for the link unless it is the default."""
    names = [f"{k + 1} {n}" for k, n in enumerate(answer.patterns.names)]
    failed = [k for k, good in enumerate(answer.result.exact.tolist()) if not good]
    first = failed[0] if failed else 0
    chosen = st.selectbox("Look at", names, index=first, key="hop_look", bind="query-params")
    which = names.index(chosen) if chosen in names else first
    return which, None if which == first else names[which]


def steps_panel(p: hop.PageParams, own: tuple[bytes, ...], answer: Answer, which: int) -> None:
    """The way to the answer: a strip of film, overlap and energy."""
    r = answer.result
    strip = hop.moments(p, own, which)
    unit = "step" if r.rule != "modern" else "update"
    with st.container(horizontal=True, gap="small", key="hop_film"):
        for step, states in strip:
            name = "input" if step == 0 else f"{unit} {step}"
            picture(
                figures.png(figures.tile(states, answer.patterns.shape)),
                caption=name,
                width=100,
                alt=f"{answer.patterns.names[which]}, {name}",
            )
    if r.spikes is not None:
        st.caption("ON minus OFF spikes of each pixel over the last third of the time so far.")
    left, right = st.columns(2)
    exact, names = r.exact.numpy(), answer.patterns.names
    x_title = (
        "time [steps]" if r.rule == "spiking" else "sweep" if p.update == "async" else "update"
    )
    with left:
        st.altair_chart(
            figures.trace_chart(
                r.overlap_trace.numpy(),
                names,
                exact,
                title="overlap m = ξ·s/N",
                x_title=x_title,
            ),
            key="hop_overlap",
            width="stretch",
            alt="Overlap of each answer with its picture over the steps, one line a picture.",
        )
        st.caption("Overlap with the picture that the input came from; 1 is perfect.")
    with right:
        if len(r.energy):
            st.altair_chart(
                figures.trace_chart(
                    r.energy.numpy() / answer.probes.shape[1],
                    names,
                    exact,
                    title="energy per pixel E/N",
                    x_title=x_title,
                ),
                key="hop_energy",
                width="stretch",
                alt="Energy per pixel over the steps, one line a picture.",
            )
            st.caption(_energy_words(p))
        else:
            st.markdown(
                "The spiking memory has no energy function. It decides by a race: see *Spikes*. "
                "The overlap jumps when the winner's feedback takes over from the input."
            )


def _energy_words(p: hop.PageParams) -> str:
    if p.rule == "modern":
        return "The softmax update never raises this energy (Ramsauer et al 2020)."
    if p.update == "async" and (p.rule == "hebb" or p.diagonal == 0):
        return "One pixel after the other, the energy never rises (Hopfield 1982)."
    return (
        "Updating all pixels at once may raise the energy: only one after the other, without "
        "self-coupling, it never rises."
    )


def spikes_panel(answer: Answer, which: int) -> None:
    """The race of the memory units, their spikes, and a sample of the visible cells."""
    trace = answer.result.spikes
    if trace is None:
        st.info(
            "This memory computes with signs, not with spikes. Choose the memory **spiking** to "
            "see membranes race.",
            icon=":material/bolt:",
        )
        return
    names, winner = answer.patterns.names, int(trace.winner[which])
    step = int(trace.decision_step[which])
    word = names[winner] if winner >= 0 else "nobody"
    decided = trace.decision_step[trace.winner >= 0].float()
    with st.container(horizontal=True, gap="medium"):
        st.metric("Winner", word, width="content")
        st.metric("Decision at step", step or "never", width="content")
        mean = f"{float(decided.mean()):.1f}" if len(decided) else "–"
        st.metric("Mean of all pictures", mean, width="content")
        st.metric(
            "Spikes per pixel", f"{float(trace.spikes_per_pixel[which]):.1f}", width="content"
        )
    left, right = st.columns(2)
    with left:
        membranes = trace.membrane[:, which].numpy()
        st.altair_chart(
            figures.race_chart(membranes, names, winner, step),
            key="hop_race",
            width="stretch",
            alt=f"Membranes of {len(names)} memory units over time; the winner: {word}.",
        )
        st.caption(
            "Each line is the membrane of one memory unit gathering evidence for its picture. "
            "Whoever crosses the dashed threshold first inhibits the others. Harder input, later "
            "decision."
        )
        st.altair_chart(
            figures.memory_raster(trace.memory_spikes[:, which].numpy(), names),
            key="hop_raster",
            width="stretch",
            alt="Raster of the memory units' spikes over time, one row a unit.",
        )
        st.caption("Spikes of the memory units.")
    with right:
        shown = trace.visible_spikes[:, which].numpy()
        picture(
            figures.visible_raster(shown, dark=is_dark()),
            alt="Raster of visible cells: noisy stripes at first, steady ones after the decision.",
        )
        st.caption(
            f"{shown.shape[1]} of {answer.probes.shape[1]} pixels over {len(shown)} steps (time to "
            "the right): orange an ON spike (white), blue an OFF spike (black). Random at first; "
            "from the decision on, each pixel holds one colour."
        )


def equations_panel(p: hop.PageParams, answer: Answer) -> None:
    """What the chosen memory computes, with this page's numbers in it."""
    count, n = answer.patterns.states.shape
    noise = p.noise()
    if p.rule == "hebb":
        st.latex(
            rf"s_i \leftarrow \operatorname{{sgn}} \sum_{{j \ne i}} w_{{ij}}\, s_j, \quad "
            rf"w_{{ij}} = \frac{{1}}{{{n}}} \sum_{{\mu=1}}^{{{count}}} \xi_i^\mu \xi_j^\mu"
        )
        st.markdown(
            f"W would be {n:,} × {n:,} numbers ({4 * n * n / 1e6:,.0f} MB). It is never built: "
            f"h = Xᵀ(X s)/N − (P/N) s needs only the {count} × {n:,} pictures."
        )
        if noise.kind == "flip" and count > 1:
            predicted = first_step_error((count - 1) / n, noise.strength)
            st.latex(
                r"P_{\mathrm{err}} = \tfrac12\operatorname{erfc}\frac{1-2q}{\sqrt{2(P-1)/N}} = "
                rf"\tfrac12\operatorname{{erfc}}\frac{{{1 - 2 * noise.strength:.2f}}}"
                rf"{{{(2 * (count - 1) / n) ** 0.5:.3f}}} = {predicted:.2g}"
            )
            st.markdown(
                "is the share of wrong pixels after one step if the pictures were **random** "
                "(Hertz, Krogh & Palmer 1991). Real pictures overlap; compare with the score."
            )
    elif p.rule == "pseudo-inverse":
        st.latex(
            r"s \leftarrow \operatorname{sgn}\left[(W - (1-D)\operatorname{diag} W)\,s\right],"
            rf"\quad W = X^T (X X^T)^{{-1}} X, \quad D = {p.diagonal:g}"
        )
        st.markdown(
            f"The inverse of the {count} × {count} table of overlaps undoes the likeness of the "
            f"pictures: W projects on the span of all {count}. Every one is stable, up to P = N."
        )
    elif p.rule == "modern":
        st.latex(
            rf"S \leftarrow X^T \operatorname{{softmax}}(\beta\, X S), \quad \beta = {p.beta:g}"
        )
        st.markdown(
            f"For this damage the Bayes-optimal sharpness is β = **{matched_beta(noise):.3g}**"
            + (
                f" = ½ ln((1−q)/q) with q = {noise.strength:g}: one step with it, then the sign, "
                "is the best recall that exists."
                if noise.kind == "flip"
                else "."
            )
            + f" Near 1/N = {1 / n:.1g} it answers with a blend of all pictures."
        )
    else:
        t_int = p.spiking().integration * p.time_steps
        st.latex(
            r"U_\mu \leftarrow U_\mu + g\sum_i \frac{(\xi_i^\mu - \bar\xi_i)\,v_i(t)}{N} - "
            r"\sum_{\nu\ne\mu} z_\nu + z_\mu + \frac{2t}{t_u^2}, \qquad U_\mu > 1 \Rightarrow "
            r"z_\mu = 1"
        )
        st.latex(
            r"V_i^{\pm} \leftarrow \tfrac12 V_i^{\pm} \pm \left(1.2\,e_i(t) + 3 \sum_\mu "
            r"\xi_i^\mu y_\mu\right), \qquad v_i = \mathrm{ON}_i - \mathrm{OFF}_i \in \{-1,0,1\}"
        )
        st.markdown(
            f"{count} memory units and {n:,} ON/OFF pairs, all snnTorch `Leaky` neurons. A pixel "
            f"of the input arrives in a step with probability {p.rate:g}; with 30 % flips a unit "
            f"needs about {t_int:.0f} of the {p.time_steps} steps, and rising urgency forces a "
            f"decision by step {p.spiking().urgency * p.time_steps:.0f}."
        )
    if noise.kind == "flip":
        st.markdown(
            f"**Best possible:** the posterior of picture μ is softmax(β X S) with "
            f"β = ½ ln((1−q)/q) = {bayes_beta(noise.strength):.3f}; its argmax restores the most "
            "pictures, the sign of its mean the most pixels."
        )
    constant = "white" if background(answer.patterns) > 0 else "black"
    st.caption(f"The blank picture of the scores is {constant} here.")


def comparison_panel(p: hop.PageParams, own: tuple[bytes, ...]) -> None:
    """All memories on the same input."""
    rows = hop.compare(p, own)
    table = pd.DataFrame(rows)
    table["pixels"] *= 100
    table["exact"] *= 100
    bar = st.column_config.ProgressColumn
    st.dataframe(
        table,
        key="hop_comparison",
        hide_index=True,
        width="stretch",
        alt="Pixels right and pictures without an error of each memory, the bound, the baselines.",
        column_config={
            "memory": st.column_config.TextColumn("Memory", width="medium"),
            "pixels": bar("Pixels right", format="%.2f %%", min_value=0, max_value=100),
            "exact": bar("Without an error", format="%.0f %%", min_value=0, max_value=100),
            "steps": st.column_config.TextColumn("Steps"),
        },
    )
    st.caption(
        "The same damaged input for all. *Best possible* knows the statistics of the damage; the "
        "last two rows do not look at the memory at all."
    )
