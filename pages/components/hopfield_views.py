"""The Hopfield page's results: the verdict, the scores, the pictures, the pre-flight light."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from pages.components.picture import picture
from pages.components.text import plain
from snncore.hopfield import ALPHA_C, CYCLE, MOVING, Answer, Recall
from snncore.plots import recall as figures

MAX_CARDS = 24
CARD, LARGE_CARD = 268, 420  # pixels wide


def percent(share: float) -> str:
    """0.98765 → "98.8 %"; only what is all right is called 100 %."""
    return f"{100 * share:.4g} %" if share in (0.0, 1.0) else f"{min(100 * share, 99.9):.1f} %"


class Verdict(NamedTuple):
    """Whose fault it is, in a sentence."""

    kind: str  # "success", "warning" (the network's fault) or "info" (the noise's)
    text: str


def verdict(r: Recall) -> Verdict:
    """Holds the answers against the best possible ones from the same probes."""
    count, good, best = len(r.exact), int(r.exact.sum()), int(r.bound_exact.sum())
    pictures = "picture" if count == 1 else "pictures"
    if good == count:
        return Verdict("success", f"All {count} {pictures} came back without one wrong pixel.")
    here = f"This memory restores **{good} of {count}** {pictures} without a wrong pixel"
    if best == count:
        return Verdict(
            "warning",
            f"{here}; the best possible decoder restores **all of them** from the same damaged "
            "input. The information is there: **the network is at fault, not the noise.**",
        )
    if good >= best:
        return Verdict(
            "info",
            f"{here}, and the best possible decoder restores {best}. "
            "**The noise is at fault:** what is missing is not in the damaged input any more.",
        )
    return Verdict(
        "warning",
        f"{here}; the best possible decoder restores {best}. **Both are at fault:** "
        f"{count - best} are lost to the noise, {best - good} more to the network.",
    )


def preflight_text(answer: Answer, rule: str) -> tuple[str, str]:
    """Colour ("green", "orange" or "red") and a plain sentence about the stored pictures."""
    f = answer.flight
    count, n = answer.patterns.states.shape
    stable, worst = int(f.stable.sum()), float(f.row_sum.max())
    room = (
        f"{count} pictures in {n} pixels are a load of {f.load:.2g}, "
        + ("below" if f.load < ALPHA_C else "above")
        + f" the {ALPHA_C} at which Hebb's rule breaks down for random patterns"
    )
    limit = f"{1 - f.load:.2f}"
    sums = f"Overlaps with the other pictures add up to {worst:.2f}"
    if bool(f.guaranteed.all()):
        colour = "green"
        finding = (
            f"{sums} at most, under {limit}: every stored picture is certainly stable under "
            "Hebb's rule."
        )
    elif stable == count:
        colour = "orange"
        finding = (
            f"{sums}, more than the {limit} that would guarantee stability, yet Hebb's rule holds "
            f"all {count} pictures."
        )
    else:
        colour = "red" if rule == "hebb" else "orange"
        finding = (
            f"{sums}, more than the {limit} that would guarantee stability, and Hebb's rule holds "
            f"**{stable} of {count}** pictures: even undamaged ones drift away, because they look "
            "too much alike."
        )
    text = f"{room}. {finding}"
    if rule != "hebb":
        text += " The chosen memory does not depend on that."
    if f.rank < count:
        text += f" Only {f.rank} of the {count} pictures are independent."
    return colour, text


def scores(answer: Answer) -> None:
    """The five numbers without which a recall cannot be judged."""
    r = answer.result
    count = len(r.exact)
    with st.container(horizontal=True, gap="medium", key="hop_scores"):
        st.metric("Pixels right", percent(r.pixel_accuracy), width="content")
        st.metric("Without an error", f"{int(r.exact.sum())} of {count}", width="content")
        st.metric(
            "Best possible",
            percent(r.bound_pixel_accuracy),
            width="content",
            help="Pixels right of the Bayes-optimal decoder, which knows the stored pictures and "
            "the statistics of the damage, on the same input. On a few pictures a network can "
            "be luckier.",
        )
        st.metric(
            "Damaged input",
            percent(r.probe_pixel_accuracy),
            width="content",
            help="Doing nothing: the input as it is, unknown pixels taken as background.",
        )
        st.metric(
            "One blank picture",
            percent(r.background_pixel_accuracy),
            width="content",
            help="Answering every time with one colour, the more common one. A memory below this "
            "has recalled nothing, however high its pixel accuracy looks.",
        )


def _caption(answer: Answer, k: int) -> str:
    r, name = answer.result, plain(answer.patterns.names[k])
    if bool(r.exact[k]):
        return f":green[✓] **{name}** · exact"
    other = int(r.nearest[k])
    like = "" if other == k else f", looks like {plain(answer.patterns.names[other])}"
    state = {MOVING: ", still moving", CYCLE: ", flickers between two states"}
    rest = state.get(int(r.status[k]), "") if answer.result.spikes is None else ""
    return f":red[✗] **{name}** · {percent(float(r.pixels[k]))} right{like}{rest}"


def gallery(answer: Answer, mark: bool) -> None:
    """A card for each picture: stored, damaged, recalled, and the score."""
    width = CARD if len(answer.probes) > 4 else LARGE_CARD
    st.caption(
        "Each row of three: **stored → damaged → recalled**."
        + (" Orange: a wrong pixel." if mark and answer.result.exact_fraction < 1 else "")
        + (" Grey-blue: unknown." if bool((answer.probes == 0).any()) else "")
    )
    originals, probes = answer.patterns.states.numpy(), answer.probes.numpy()
    recalled, shape = answer.result.recalled.numpy(), answer.patterns.shape
    with st.container(horizontal=True, gap="small", key="hop_gallery"):
        for k in range(min(len(originals), MAX_CARDS)):
            with st.container(width=width, gap="xsmall"):
                caption = _caption(answer, k)
                truth = originals[k] if mark else None
                picture(
                    figures.triptych(
                        [
                            figures.tile(originals[k], shape),
                            figures.tile(probes[k], shape),
                            figures.tile(recalled[k], shape, truth=truth),
                        ]
                    ),
                    alt=f"{answer.patterns.names[k]}: stored, damaged and recalled.",
                )
                st.caption(caption)
    if len(originals) > MAX_CARDS:
        st.caption(f"The first {MAX_CARDS} of {len(originals)} are shown; all of them count.")


def sheet(answer: Answer) -> bytes:
    """The pictures as one PNG for a report: stored, damaged, recalled, scores below."""
    shape, r = answer.patterns.shape, answer.result
    rows = [
        [figures.tile(states, shape) for states in block.numpy()[:MAX_CARDS]]
        for block in (answer.patterns.states, answer.probes, r.recalled)
    ]
    marks = [
        ("exact" if good else percent(right))
        for good, right in zip(r.exact.tolist(), r.pixels.tolist(), strict=True)
    ]
    return figures.sheet(rows, answer.patterns.names[:MAX_CARDS], marks[:MAX_CARDS])
