"""What came of a run: accuracies beside controls, the confusion matrix and the images behind it."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.chart import vega_chart
from pages.components.frame import is_dark
from pages.components.picture import picture
from pages.components.sections import grid
from pages.components.text import plain
from pages.components.trainer import draw_source
from pages.components.trainer.draw_network import NET, RUN
from pages.components.trainer.job import payload_of
from pages.components.trainer.payload import Payload
from pages.components.trainer.results_words import bars, standard_error, what_to_notice
from pages.components.trainer.source import Shown, test_images
from snncore import metrics
from snncore.experiment import Result
from snncore.jobs import JobView
from snncore.plots import training_results as charts
from snncore.plots.base import png

BY, TRUE, ANSWER = "stdp_res_by", "stdp_res_true", "stdp_res_answer"
MAP = "stdp_res_map"
READOUT, VOTE = "readout", "vote"
SHOWN = 40  # images of a cell at once
_NAMES = {READOUT: "Linear readout", VOTE: "Vote"}
_PAIRS = 6


def link_values() -> dict[str, object]:
    """Names and values of the address that bring the panel back as it is."""
    by = st.session_state.get(BY)
    return {BY: None if by == READOUT else by}


def results_panel(view: JobView) -> None:
    """Draw the result of a finished run in the current container."""
    payload = payload_of(view)
    if payload is not None and payload.result is not None:
        _panel(payload, payload.result)


@st.fragment
def _panel(payload: Payload, result: Result) -> None:
    """A click on the matrix reruns no more than this."""
    _headline(payload, result)
    st.markdown(f"**What to notice.** {what_to_notice(result, payload.n_test)}")
    dots = bars(result, payload.n_test)
    vega_chart(
        spec=charts.accuracy_dots(dots, dark=is_dark()),
        width="stretch",
        alt="Accuracies on the test images: "
        + ", ".join(f"{dot.name} {dot.accuracy:.1%}" for dot in dots),
    )
    st.caption(
        f"{payload.n_test:,} test images, never used while learning; ± is one standard error of so "
        f"many images, whiskers are two. Always the commonest class: {result.chance:.1%}. Labels "
        f"of the {payload.n_train:,} training images go to the readouts only."
    )
    _mistakes(payload, result)
    _per_class(payload, result)
    _fit_and_times(result)


def _headline(payload: Payload, result: Result) -> None:
    error = standard_error(result.test_accuracy, payload.n_test)
    gain = None
    if result.has_controls:
        difference = 100 * (result.test_accuracy - result.control_untrained_accuracy)
        gain = f"{difference:+.1f} by learning"
    with st.container(horizontal=True, gap="medium"):  # on a phone some to a row
        st.metric(
            "Linear readout", f"{result.test_accuracy:.2%}", gain, delta_color="off",
            width="content",
            help=f"Test images answered right by a {result.readout} readout of the spike counts; "
            f"one standard error is {error:.2%}. Below it: the difference to untrained weights.",
        )  # fmt: skip
        st.metric(
            "Weighted vote", f"{result.weighted_vote_accuracy:.2%}", width="content",
            help="Each spike votes for every class, by how often its neuron answers it in the "
            "training images; no readout is fitted.",
        )  # fmt: skip
        st.metric(
            "Vote", f"{result.vote_accuracy:.2%}", width="content",
            help="Each neuron votes for the class it answered most in the training images; no "
            "readout is fitted.",
        )  # fmt: skip
        if result.has_controls:
            st.metric(
                "Raw pixels", f"{result.control_pixels_accuracy:.2%}", width="content",
                help="The same readout on the pixels, without any spiking neuron.",
            )  # fmt: skip


def _mistakes(payload: Payload, result: Result) -> None:
    """The confusion matrix and the images of the chosen cell."""
    names = payload.class_names
    if st.session_state.get(BY) not in _NAMES:
        wanted = st.query_params.get(BY, READOUT)
        st.session_state[BY] = wanted if wanted in _NAMES else READOUT
    st.markdown("**Which images are taken for which class**")
    by = st.segmented_control(
        "Answers of", list(_NAMES), format_func=_NAMES.__getitem__, key=BY, required=True
    )
    voted = by == VOTE
    matrix = result.vote_confusion if voted else result.confusion
    answers = result.votes if voted else result.predictions
    true, answer = _cell(matrix, len(names))
    tests = _tests(payload, answers)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        vega_chart(
            spec=charts.confusion_chart(matrix, names, (true, answer)),
            key=MAP,
            on_select=_clicked,
            selection_mode=[charts.CELL],
            width="stretch",
            alt=f"Confusion matrix of the {_NAMES[by].lower()}, rows true classes, columns "
            f"answers: {np.trace(matrix):,} of {matrix.sum():,} on the diagonal",
        )
        silent = int((answers < 0).sum())
        quiet = f" {silent:,} images made no labelled neuron spike." if silent else ""
        st.caption(f"Click on a cell to see its images, or choose it at the side.{quiet}")
    with right:
        boxes = st.columns(2)
        boxes[0].selectbox(
            "True class", range(len(names)), format_func=lambda k: names[k], key=TRUE
        )
        boxes[1].selectbox("Answer", range(len(names)), format_func=lambda k: names[k], key=ANSWER)
        _images(tests, answers, true, answer, names)
    _pairs(tests, answers, matrix, names)


def _cell(matrix: NDArray[np.int64], count: int) -> tuple[int, int]:
    """The chosen cell; the most frequent mistake at first."""
    true, answer = st.session_state.get(TRUE), st.session_state.get(ANSWER)
    if true not in range(count) or answer not in range(count):
        worst = metrics.confused_pairs(matrix, 1)
        true, answer = (worst[0].true, worst[0].predicted) if worst else (0, 0)
        st.session_state[TRUE], st.session_state[ANSWER] = true, answer
    return int(true), int(answer)


def _clicked() -> None:
    """Callback of a click on the matrix: its cell goes into the two boxes."""
    state = st.session_state.get(MAP) or {}
    chosen = (state.get("selection") or {}).get(charts.CELL) or []
    if chosen and isinstance(chosen[0], dict):
        _choose(chosen[0].get("t"), chosen[0].get("p"))


def _choose(true: object, answer: object) -> None:
    """Callback: look at this cell."""
    if isinstance(true, int) and isinstance(answer, int):
        st.session_state[TRUE], st.session_state[ANSWER] = true, answer


def _tests(payload: Payload, answers: NDArray[np.int16]) -> Shown | None:
    """The test images, where they are at hand and are those that were answered."""
    try:
        tests = test_images(payload.run)
    except ValueError:
        return None
    return tests if tests is not None and len(tests.labels) == len(answers) else None


def _images(
    tests: Shown | None,
    answers: NDArray[np.int16],
    true: int,
    answer: int,
    names: tuple[str, ...],
) -> None:
    """The images of one cell."""
    if tests is None:
        st.info("The test images of this run are not on this machine.", icon=":material/info:")
        return
    found = np.flatnonzero((tests.labels == true) & (answers == answer))
    who, what = plain(names[true]), plain(names[answer])
    if not len(found):
        st.markdown(f"No “{who}” was answered with “{what}”.")
        return
    shown = found[:SHOWN]
    mosaic = charts.image_mosaic(tests.images[shown], min(8, max(4, len(shown))))
    images = "image" if len(found) == 1 else "images"
    some = f"; the first {SHOWN} of them" if len(found) > SHOWN else ""
    same = " (right)" if true == answer else ""
    words = f"{len(found):,} {images} of “{who}” answered with “{what}”{same}{some}"
    picture(png(mosaic, scale=max(1, 300 // mosaic.shape[1])), alt=words, caption=f"{words}.")
    left, right = st.columns([1, 1.3], vertical_alignment="bottom")
    number = left.selectbox("Image", shown.tolist(), key=f"stdp_res_image_{true}_{answer}")
    right.button(
        "Its spikes", icon=":material/play_circle:", key="stdp_res_spikes", width="stretch",
        on_click=_to_player, args=(int(number),),
        help="Opens this image in the player below: every spike that led to the answer.",
    )  # fmt: skip


def _to_player(number: int) -> None:
    """Callback: the player below shows this image with this run's network."""
    st.session_state[NET] = RUN
    draw_source.show_test_image(number)
    st.toast("Its spikes are in the player below.", icon=":material/arrow_downward:")
    st.session_state["stdp__draw_rerun"] = True


def _pairs(
    tests: Shown | None,
    answers: NDArray[np.int16],
    matrix: NDArray[np.int64],
    names: tuple[str, ...],
) -> None:
    """The most frequent mistakes, with some of their images."""
    pairs = metrics.confused_pairs(matrix, _PAIRS)
    if st.session_state.pop("stdp__draw_rerun", False):
        st.rerun()  # the player stands outside of this fragment
    if not pairs:
        st.success("Every test image was answered right.")
        return
    st.markdown("**Most confused pairs**")
    slots = st.columns(3)
    for k, pair in enumerate(pairs):
        with slots[k % 3].container(border=True):
            words = f"{plain(names[pair.true])} → {plain(names[pair.predicted])}"
            st.button(
                f"{words}: {pair.samples}", key=f"stdp_res_pair_{k}", type="tertiary",
                on_click=_choose, args=(pair.true, pair.predicted),
                help=f"{pair.share:.1%} of the class. Shows all of them above.",
            )  # fmt: skip
            if tests is not None:
                wrong = (tests.labels == pair.true) & (answers == pair.predicted)
                some = tests.images[np.flatnonzero(wrong)[:6]]
                mosaic = charts.image_mosaic(some, min(6, max(3, len(some))))
                picture(
                    png(mosaic, scale=max(1, 240 // mosaic.shape[1])),
                    alt=f"Images of {names[pair.true]} answered with {names[pair.predicted]}",
                )


def _per_class(payload: Payload, result: Result) -> None:
    box = st.expander(
        "Scores of each class", icon=":material/table:", key="stdp_res_scores", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        report = result.vote_report if st.session_state.get(BY) == VOTE else result.report
        grid([
            ["Class", "Precision", "Recall", "F1", "Test images"],
            *(
                [plain(name), f"{p:.1%}", f"{r:.1%}", f"{f:.1%}", f"{n:,}"]
                for name, p, r, f, n in zip(
                    payload.class_names, report.precision, report.recall, report.f1,
                    report.support, strict=True,
                )
            ),
            ["**Mean of the classes**", *(f"{value:.1%}" for value in report.macro), ""],
        ])  # fmt: skip
        st.caption(
            "Precision: how many of the answers of this class are right. Recall: how many of its "
            "images are found. F1: the harmonic mean of both."
        )


def _fit_and_times(result: Result) -> None:
    box = st.expander(
        "How the readout was fitted, and what took how long", icon=":material/timer:",
        key="stdp_res_fit", on_change="rerun",
    )  # fmt: skip
    if not box.open:
        return
    with box:
        left, right = st.columns(2, gap="medium")
        if len(result.history) > 1:
            with left:
                vega_chart(
                spec=charts.fit_chart(result.history), width="stretch",
                alt="Accuracy of the linear readout over its passes: at the end "
                f"{result.history[-1].accuracy:.1%}",
            )  # fmt: skip
        if len(result.penalty_path) > 1:
            with right:
                vega_chart(
                spec=charts.penalty_chart(result.penalty_path, result.penalty), width="stretch",
                alt="Accuracy of the held-out part of the training images for each penalty: best "
                f"{max(accuracy for _, accuracy in result.penalty_path):.1%}",
            )  # fmt: skip
        st.caption(
            f"A {result.readout} readout; its penalty {result.penalty:.1e} was chosen on a part of "
            "the training images that was held out, never on test images."
        )
        times = result.times
        rows = [
            ("Learning", times.learning, f"{result.train_images_per_s:,.0f} images/s"),
            ("Counting spikes", times.counting, f"{result.count_images_per_s:,.0f} images/s"),
            ("Fitting the readout", times.readout, ""),
            ("Controls", times.controls, ""),
            ("All", times.total, ""),
        ]
        grid([
            ["Phase", "Seconds", "Speed"],
            *([name, f"{s:.1f}" if np.isfinite(s) else "–", speed] for name, s, speed in rows),
        ])  # fmt: skip
        st.caption(
            f"On {result.device}; {result.mean_spikes:.0f} output spikes an image. Weights "
            f"`{result.weights_sha256[:12]}`: the same settings give the same digest."
        )
