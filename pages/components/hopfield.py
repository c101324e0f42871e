"""The Hopfield page between its controls and its panels: recall, three rows, scores, lights."""

from __future__ import annotations

import streamlit as st

from pages.components import hopfield_cards as cards
from pages.components import hopfield_cost as cost
from pages.components import hopfield_job as job
from pages.components import hopfield_scores as scores
from pages.components import hopfield_source as source
from pages.components import sight
from pages.components.chart import vega_chart
from pages.components.encoding_panel import attempt
from pages.components.hopfield_bench import RecallBench
from pages.components.hopfield_controls import Chosen
from pages.components.hopfield_equations import equations_panel
from pages.components.hopfield_gallery import gallery
from pages.components.hopfield_params import KEY
from pages.components.hopfield_player import player_panel
from pages.components.hopfield_spikes import spikes_panel
from pages.components.job_panel import duration, job_panel
from snncore.plots.recall import live_chart, overlap_chart
from snncore.recall_lab import RANDOM, RULES, Answer, Ask, rules_for

COMPACT = """<style>
[data-testid="stMainBlockContainer"] {padding-left: 2.5rem; padding-right: 2.5rem;}
.st-key-hop__preset_names button {min-height: 1.7rem; padding: 0 0.55rem; font-size: 0.85rem;}
.st-key-hop_scores [data-testid="stMetricValue"] {font-size: 1.4rem;}
.st-key-hop_scores [data-testid="stMetric"] {padding: 0;}
.katex-display {margin: 0.2em 0; padding: 0.2em 0;}
@media (min-width: 1150px) {  /* Share, Command and Export stand beside the title */
  .st-key-hop_bar {position: relative; top: -6.55rem; margin-bottom: -3.5rem;
    padding-right: 6.6rem; z-index: 1; pointer-events: none;}
  .st-key-hop_bar .st-key-share_bar {justify-content: flex-end;}
  .st-key-hop_bar .st-key-share_bar > * {pointer-events: auto;}
}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem;}
  .st-key-hop__preset_names [role="radiogroup"],
  .st-key-hop__preset_names [data-testid="stButtonGroup"] > div {
    flex-wrap: nowrap; overflow-x: auto; padding-bottom: 4px;}
  .st-key-hop__preset_names button {flex: none;}
}
</style>"""


def recalled(chosen: Chosen, dark: bool) -> RecallBench | None:
    """Recall and show: the verdict, the three rows, the scores; None while there is no answer."""
    ask = chosen.ask
    if not _possible(ask):
        return None
    own = bool(chosen.own.pictures) or chosen.own.question is not None
    identity = ask.digest
    with st.spinner(scores.waiting(ask.recall.rule), show_time=False):
        answer = attempt(lambda: _known(ask))
    if isinstance(answer, ValueError):
        st.error(f"{str(answer)[:1].upper()}{str(answer)[1:]}.")
        return None
    if answer is None:
        answer = _long(ask, dark)
        if answer is None:
            return None
    else:
        job.leave(ask)
    scores.show_verdict(answer, ask.noise)
    place = st.container(gap="small")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="hop_looks"):
        mark = st.toggle("Mark wrong pixels", value=True, key="hop_mark", bind="query-params")
        which = _which(answer)
    with place:
        shown = cards.kept_cards(answer, mark, identity, own)
        gallery(shown, shape=answer.patterns.shape, dark=dark, looked=which)
        count = len(answer.result.exact)
        if count > cards.MOST:
            st.caption(f"The first {cards.MOST} of {count:,} are shown; all of them count.")
        st.caption(_legend(answer, mark))
    scores.totals(answer)
    scores.lights(answer)
    source.duplicates_note(answer.patterns)
    return RecallBench(ask, answer, identity, ask.seed, dark, which, own)


def _known(ask: Ask) -> Answer | None:
    """What is kept, or computed now as it is short; None where it takes longer."""
    cost.check_size(ask)
    found = job.kept.get(ask.digest)
    return job.answered(ask) if found is None and job.is_short(ask) else found


def _possible(ask: Ask) -> bool:
    """Whether there are such pictures and the memory can store them; if not, why, and ways out."""
    others = rules_for(ask.mode)
    if ask.dataset == RANDOM and ask.mode != "binary":
        words, others = "Random pixels are black and white: choose *Binary* under *Pixels*.", ()
    elif ask.rule not in others:
        colours = "grey" if ask.mode == "grey" else "in colour"
        words = (
            f"{RULES[ask.rule].title} stores black and white pictures only, and these are "
            f"{colours}. Choose *Binary* under *Pixels*, or a memory that stores them: "
            f"{', '.join(RULES[rule].title for rule in others)}."
        )
    else:
        return True
    st.warning(words, icon=":material/contrast:")
    ways = [("Black and white pictures", "mode", "binary")]
    ways += [(f"Memory: {RULES[rule].title}", "rule", rule) for rule in others]
    with st.container(horizontal=True):
        for label, name, value in ways:
            st.button(label, key=f"{KEY}__to_{value}", on_click=_set, args=(name, value))
    return False


def _set(name: str, value: str) -> None:
    st.session_state[f"{KEY}_{name}"] = value


def _long(ask: Ask, dark: bool) -> Answer | None:
    """A recall that takes longer: a job that shows its pictures while the network settles."""
    identity = ask.digest
    problem = job.settle(ask)
    if problem:
        st.warning(problem, icon=":material/hourglass_disabled:")
    view = job_panel(
        KEY,
        submit=lambda owner: job.submit(owner, ask),
        draw=lambda live, final: _live(live, identity, dark),
        label="Recall",
        ticket_param=job.JOB,
        kind=job.KIND,
    )
    if view is None:
        st.info(
            f"This takes about {duration(cost.estimate_seconds(ask))}. Press *Recall* and watch "
            "the pictures settle.",
            icon=":material/play_circle:",
        )
    elif job.identity_of(view.key) == identity:
        if job.is_again(view):
            st.caption("The answer was no longer kept here, so it is computed again.")
        if view.state == "done":
            return job.kept.get(identity)
    return None


def _live(live: job.Live, identity: str, dark: bool) -> None:
    """The rows so far, in the job's panel."""
    if live.identity != identity:
        return
    gallery(live.cards, shape=live.shape, dark=dark)
    if len(live.overlap) > 1:
        vega_chart(
            spec=live_chart(live.overlap),
            width="stretch",
            alt="Mean overlap of the answers with their pictures, step by step: now "
            f"{live.overlap[-1]:.2f}",
        )


def _which(answer: Answer) -> int:
    """The probe that the panels below follow."""
    options, first = cards.options(answer), cards.first_look(answer)
    if st.session_state.get("hop_look", options[first]) not in options:
        st.session_state["hop_look"] = options[first]  # set: else the box keeps its old words
    chosen = st.selectbox(
        "Look at", options, index=first, key="hop_look", bind="query-params", width=260,
        label_visibility="collapsed", help="The picture that the tabs below follow.",
    )  # fmt: skip
    return options.index(chosen) if chosen in options else first


def _legend(answer: Answer, mark: bool) -> str:
    words = ["Under each picture: how much came back, and what the best possible decoder makes of "
             "the same input."]  # fmt: skip
    if mark and answer.result.exact_fraction < 1:
        graded = answer.patterns.mode != "binary"
        words.append("Orange tint: a wrong pixel." if graded else "Orange: a wrong pixel.")
    if not bool(answer.probes.known.all()):
        words.append("Grey-blue: unknown.")
    return " ".join(words)


def inside(bench: RecallBench) -> None:
    """Three looks into the memory at work on one probe; only the open one is computed, and only
    once they are in sight."""
    st.subheader("Look inside", anchor=False)
    if not sight.is_seen(
        "hop_inside", "one probe step by step", asked="hop_tab" in st.query_params
    ):
        return
    tabs = st.tabs(list(_PANELS), key="hop_tab", on_change="rerun", bind="query-params")
    for tab, panel in zip(tabs, _PANELS.values(), strict=True):
        if tab.open:
            with tab:
                panel(bench)


def _watch(bench: RecallBench) -> None:
    """The player of one probe, and how all of them came to rest."""
    player_panel(bench)
    r = bench.answer.result
    if len(r.overlap_trace) > 1:
        x_title = "time step" if r.spikes is not None else "update"
        vega_chart(
            spec=overlap_chart(r.overlap_trace.numpy(), r.trace_steps, r.exact.numpy(), x_title),
            key="hop_overlaps",
            width="stretch",
            alt="Overlap of each answer with its picture over the steps, one line a picture: "
            f"{int(r.exact.sum())} of {len(r.exact)} end at 1",
        )
        st.caption("All pictures at once: the overlap of each answer with its picture; 1 is exact.")


_PANELS = {"Watch": _watch, "Spikes": spikes_panel, "Equations": equations_panel}
