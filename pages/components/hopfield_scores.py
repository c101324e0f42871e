"""What a recall is worth: whose fault it is, the totals beside the best possible, the lights."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from pages.components.glossary import meaning
from pages.components.text import plain
from snncore.hopfield import NoiseParams
from snncore.hopfield.lights import Light
from snncore.recall_lab import TOLERANCE, Answer, Recall, is_compiled
from snncore.recall_lab.session import ASKED

_COLOURS = {"green": "green", "amber": "orange", "red": "red"}
_SIGNS = {
    "green": ":material/check_circle:",
    "amber": ":material/error:",
    "red": ":material/cancel:",
}
BEST_HELP = (
    "The Bayes-optimal decoder, which knows the stored pictures and the statistics of the damage, "
    "on the same input. On a few pictures a network can be luckier."
)


def percent(share: float) -> str:
    """0.98765 → "98.8 %"; only what is all right is called 100 %."""
    return f"{100 * share:.4g} %" if share in (0.0, 1.0) else f"{min(100 * share, 99.9):.1f} %"


def decibel(value: float | None) -> str:
    """45.61 → "45.6 dB"; 99 and more is a perfect copy."""
    if value is None:
        return "–"
    return "perfect" if value >= 99 else f"{value:.1f} dB"


def waiting(rule: str) -> str:
    """What is said while a short recall runs: the first on a fresh server is not short."""
    if is_compiled(rule):
        return "Recalling"
    return "The first recall on this server compiles its kernels, some ten seconds"


class Verdict(NamedTuple):
    """Whose fault it is, in a sentence."""

    kind: str  # "success", "warning" (the network's fault) or "info" (the noise's)
    text: str


def verdict(r: Recall, *, asked: bool = False) -> Verdict:
    """Holds the answers against the best possible ones from the same probes.

    Args:
        asked: the memory was asked with a drawing, for which nobody knows the right answer.
    """
    count, good, best = len(r.exact), int(r.exact.sum()), int(r.bound_exact.sum())
    pictures = "picture" if count == 1 else "pictures"
    if asked:
        return Verdict(
            "info",
            "Your drawing is the question. The *original* is the stored picture that it is most "
            "like; nobody knows which one you meant.",
        )
    without = (
        "without one wrong pixel"
        if r.mode == "binary"
        else f"with every grey level within {TOLERANCE:.0%}"
    )
    if good == count:
        who = "The picture" if count == 1 else f"All {count:,} pictures"
        return Verdict("success", f"{who} came back {without}.")
    here = f"This memory restores **{good:,} of {count:,}** {pictures} {without}"
    blank = ""
    if r.pixel_accuracy < r.probe_pixel_accuracy:
        blank = " Its answers are **worse than its own input**."
    elif r.pixel_accuracy <= r.background_pixel_accuracy:
        blank = " One blank picture would have more pixels right."
    if best == count:
        return Verdict(
            "warning",
            f"{here}; the best possible decoder restores **all of them** from the same input. "
            f"The information is there: **the network is at fault, not the noise.**{blank}",
        )
    if good >= best:
        return Verdict(
            "info",
            f"{here}, and the best possible decoder restores {best:,}. **The noise is at fault:** "
            f"what is missing is not in the damaged input any more.{blank}",
        )
    return Verdict(
        "warning",
        f"{here}; the best possible decoder restores **{best:,}**. **Both are at fault:** "
        f"{count - best:,} cannot be told from the damaged input by anybody, "
        f"{best - good:,} could.{blank}",
    )


def show_verdict(answer: Answer, noise: NoiseParams) -> None:
    """The sentence in its box, and what to know before believing it."""
    judged = verdict(answer.result, asked=answer.asked)
    box = {"success": st.success, "warning": st.warning, "info": st.info}[judged.kind]
    icons = {"success": ":material/check_circle:", "warning": ":material/report:"}
    box(judged.text, icon=icons.get(judged.kind, ":material/info:"))
    said = {light.sentence for light in answer.flight.lights}  # below the pictures
    r, notes = answer.result, [note for note in answer.notes if note not in said]
    if answer.asked:  # the box says it
        notes = [note for note in notes if not note.startswith(ASKED)]
    elif noise.kind == "flip" and noise.strength > 0.5 and not bool(r.exact.all()):
        notes.append(
            "The best possible decoder knows that most pixels are inverted, and turns them back; "
            "no memory is told."
        )
    for note in notes:
        st.caption(f":material/info: {plain(note)}")


def totals(answer: Answer) -> None:
    """The row of numbers under the pictures."""
    r = answer.result
    count = len(r.exact)
    with st.container(horizontal=True, gap="small", key="hop_scores"):
        st.metric(
            "Pixels right", percent(r.pixel_accuracy), width="content",
            help=meaning("Pixels right"),
        )  # fmt: skip
        st.metric(
            "Exact", f"{int(r.exact.sum()):,} of {count:,}", width="content",
            help=meaning("Exact"),
        )  # fmt: skip
        st.metric(
            "Mean overlap",
            "1" if r.exact_fraction == 1 else f"{min(float(r.overlap.mean()), 0.999):.3f}",
            width="content",
            help="Of the answers with their pictures. " + meaning("Overlap m"),
        )
        if r.mode != "binary":
            st.metric("PSNR", decibel(r.psnr_db), width="content", help=meaning("PSNR"))
            ssim = "–" if r.ssim_mean is None else f"{r.ssim_mean:.3f}"
            st.metric("SSIM", ssim, width="content", help=meaning("SSIM"))
        if not answer.asked:  # nobody knows the right answer
            _best(r)
        st.metric(
            "Input as it is",
            percent(r.probe_pixel_accuracy) if r.mode == "binary" else decibel(r.probe_psnr_db),
            width="content",
            help="Doing nothing: the corrupted picture taken as the answer, unknown pixels as "
            "background.",
        )
        st.metric(
            "Blank picture",
            percent(r.background_pixel_accuracy)
            if r.mode == "binary"
            else decibel(r.background_psnr_db),
            width="content",
            help="Answering every time with one colour, the most suitable one. A memory below "
            "this has recalled nothing, however high its pixel accuracy looks.",
        )

    if not answer.asked and r.pixel_accuracy > r.bound_pixel_accuracy + 1e-6:
        st.caption(
            "More pixels are right than the best possible decoder has: it is the best on average, "
            "and on these pictures the memory was luckier."
        )


def _best(r: Recall) -> None:
    """The numbers of the best possible decoder."""
    st.metric(
        "Best possible",
        percent(r.bound_pixel_accuracy),
        width="content",
        help=f"Pixels right. {BEST_HELP}",
    )
    st.metric(
        "Best, exact",
        f"{int(r.bound_exact.sum()):,} of {len(r.exact):,}",
        width="content",
        help="How many pictures the most likely stored picture is right for.",
    )
    if r.mode != "binary":
        st.metric("Best PSNR", decibel(r.bound_psnr_db), width="content")


def lights(answer: Answer) -> None:
    """What the stored pictures themselves foretell, before any damage."""
    shown = answer.flight.lights
    if not shown:
        return
    row = "  ".join(
        f":{_COLOURS[light.colour]}[{_SIGNS[light.colour]} {plain(light.title)}]"
        for light in shown
        if light.matters
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="hop_lights"):
        st.markdown(f"**Before any damage:** {row}", width="content")
        with st.popover("Why", icon=":material/traffic:", key="hop__why", width="content"):
            st.markdown("\n\n".join(map(_reason, sorted(shown, key=lambda one: not one.matters))))
            grey = not all(light.matters for light in shown)
            notes = ["Grey: of other memories than the chosen one."] * grey
            notes += [answer.flight.note] * bool(answer.flight.note)
            if notes:
                st.caption("  \n".join(notes))


def _reason(light: Light) -> str:
    colour = _COLOURS[light.colour] if light.matters else "gray"
    return f":{colour}[{_SIGNS[light.colour]} **{light.title}**] {light.sentence}"
