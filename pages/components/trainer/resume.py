"""Going on: from a checkpoint file, from a run that was stopped, or for more passes."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import streamlit as st

from pages.components.job_panel import owner_id
from pages.components.text import plain
from pages.components.trainer import job, kept, source
from pages.components.trainer.controls import LIMIT, Chosen
from pages.components.trainer.kept import Finished
from pages.components.trainer.payload import OWN, Run, presentations
from pages.components.trainer.presets import KEY, SIZE, Preset, layer_of, values_of
from snncore.datasets.files import check_upload
from snncore.jobs import JobView, Rejected, get_manager
from snncore.stdp import TrainParams
from snncore.trained import SavedRun

_BOX = f"{KEY}_checkpoint"
_MINE = f"{KEY}__mine"  # identities of the runs that were started in this session
_ANEW = f"{KEY}__anew"  # the stopped run that the visitor does not want: (identity, its turn)
_FILE = f"{KEY}__resume"  # the checkpoint that was read: (file id, digest or "", words)
_MOST_MINE = 32
MOST_PASSES = int(TrainParams.specs()["epochs"].hi)


def beginning(chosen: Chosen) -> tuple[Run, Finished | None]:
    """The run that Start computes, and where it begins: None is the untrained layer.

    A run that its visitor has stopped goes on where it was: its result is the same, bit for bit.
    What strangers have stopped does not: who presses Start for the first time sees the beginning.
    """
    run, file = chosen.run, _file()
    if file is not None and _fits(file, chosen.params):
        resumed = run._replace(resumed=file.run.resumed)
        own = kept.get(resumed.identity)
        return resumed, file if own is None or _done(own) else own
    found = kept.get(run.identity)
    if found is None or _done(found) or not _stopped_by_visitor(run.identity):
        return run, None
    if st.session_state.get(_ANEW) == (run.identity, found.turn):
        return run, None
    return run, found


def _stopped_by_visitor(identity: str) -> bool:
    """Whether this session, or who gave it the job's address, started that run."""
    state = st.session_state
    view = get_manager(job.KIND).get(st.query_params.get(job.JOB, ""))
    shown = view is not None and job.identity_of(view.key) == identity
    return shown or identity in state.get(_MINE, ())


def started(run: Run) -> None:
    """This session has asked for this run."""
    st.session_state[_MINE] = (*st.session_state.get(_MINE, ()), run.identity)[-_MOST_MINE:]


def start_over(run: Run) -> None:
    """A button: the next Start begins from the untrained layer, not where the run was stopped."""
    found = kept.get(run.identity)
    if found is None or run.resumed:
        return
    stopped = (run.identity, found.turn)
    st.button(
        "Begin anew instead", icon=":material/restart_alt:", key=f"{KEY}__over", type="tertiary",
        on_click=lambda: st.session_state.update({_ANEW: stopped}),
        help="The next Start begins from the untrained layer.",
    )  # fmt: skip


def _done(entry: Finished) -> bool:
    return entry.trained is not None


def _file() -> Finished | None:
    """The run in the visitor's file, if there is a good one."""
    file, known = st.session_state.get(_BOX), st.session_state.get(_FILE)
    if file is None or known is None or known[0] != file.file_id or not known[1]:
        return None
    return _finished(known[1], kept.from_file(known[1], file.getvalue))


def _finished(digest: str, saved: SavedRun) -> Finished:
    """A run that begins where the file of this digest ends."""
    known, own = saved.dataset in source.SIZES, source.in_session()
    if known:
        some = saved.n_images < source.SIZES[saved.dataset][0]
    else:  # of a file that is not here yet: perhaps
        some = own is None or saved.n_images < own.size.n_train
    limit = saved.n_images if some and saved.n_images <= LIMIT.hi else 0
    run = Run(saved.dataset if known else OWN, limit, saved.params, "", digest)
    return Finished(
        run, saved.dataset, saved.n_images, saved.images_sha256, saved.snapshot, saved.trained
    )


def _fits(file: Finished, params: TrainParams) -> bool:
    """Whether these are the settings of the file, but for the number of passes."""
    same = dataclasses.replace(file.run.params, epochs=params.epochs)
    return same == params and file.snapshot.seen <= presentations(file.n_images, params)


def start_words(chosen: Chosen) -> str:
    """What Start will do, if it does not begin from the untrained layer."""
    run, begin = beginning(chosen)
    if begin is None:
        file = _file()
        if file is not None:
            return (
                ":material/warning: The settings are not those of the checkpoint: *Start* begins "
                "anew. *Use its settings* goes on with it."
            )
        return ""
    total = presentations(begin.n_images, run.params)
    return (
        f":material/resume: *Start* goes on after {begin.snapshot.seen:,} of {total:,} "
        "presentations."
    )


def resume_box(chosen: Chosen, view: JobView | None) -> None:
    """The expander: a checkpoint file, or more passes for the network that is shown."""
    with st.expander("Resume a checkpoint, more passes", icon=":material/resume:"):
        left, right = st.columns(2, gap="medium")
        with left:
            _upload()
        with right:
            _more(view)


def _upload() -> None:
    file = st.file_uploader(
        "Checkpoint (.safetensors, at most 64 MB)",
        type=[".safetensors"],
        key=_BOX,
        max_upload_size=64,
        help="Exported here, downloaded while a run was under way, or written by "
        "`python -m snncore train --out FILE`. Nothing in it is executed.",
    )
    if file is None:
        st.session_state.pop(_FILE, None)
        return
    known = st.session_state.get(_FILE)
    if known is None or known[0] != file.file_id:
        known = (file.file_id, *_read(file))
        st.session_state[_FILE] = known
    _, digest, words = known
    if not digest:
        st.error(words, icon=":material/error:")
        return
    st.success(words)
    st.button(
        "Use its settings",
        icon=":material/tune:",
        key=f"{KEY}__use_checkpoint",
        on_click=_use,
        help="Sets every control as the run in the file had it. A finished run gets one more pass.",
    )


def _read(file: Any) -> tuple[str, str]:
    """Digest of the run in a file, "" if it cannot go on; and what to tell the visitor."""
    try:
        check_upload("checkpoint", file.size)
        digest = hashlib.sha256(file.getvalue()).hexdigest()[:32]
        saved = kept.from_file(digest, file.getvalue)
    except ValueError as error:
        return "", f"This file cannot be resumed: {error}."
    run = _finished(digest, saved).run
    end = "not finished"
    if saved.trained is not None:
        end = "finished: *Use its settings* adds a pass"
    where = " Upload the same images again under *Your own images*." if run.dataset == OWN else ""
    settings = run._replace(resumed="").words.split(", ", 1)[1]
    return digest, (
        f"{plain(saved.dataset)}: {settings}; {saved.snapshot.seen:,} of "
        f"{saved.snapshot.total:,} presentations, {end}.{where}"
    )


def _use() -> None:
    """Callback: the controls take the settings of the file."""
    found = _file()
    if found is None:  # the file was taken away at this moment
        return
    run, params = found.run, found.run.params
    if found.snapshot.seen >= presentations(found.n_images, params) and params.epochs < MOST_PASSES:
        params = dataclasses.replace(params, epochs=params.epochs + 1)
    dataset = source.BUNDLED if run.dataset == OWN else run.dataset
    values = values_of(Preset("", dataset, run.limit, params, ""))
    if run.dataset == OWN:  # its images come from the file that is, or will be, uploaded
        del values[f"{KEY}_dataset"]
    st.session_state.update(values)
    st.session_state[SIZE] = (*layer_of(params), dataset)


def _more(view: JobView | None) -> None:
    """More passes for the network that is shown, from where it stands."""
    payload = job.payload_of(view)
    entry = None if payload is None else kept.get(payload.run.identity)
    if view is None or view.active or payload is None or entry is None:
        st.caption("When a run has ended, it can go on here for more passes.")
        return
    if len(entry.snapshot.layers) > 1:
        st.caption("Two layers learn one after the other: set their passes before the start.")
        return
    room = MOST_PASSES - payload.run.params.epochs
    if room < 1:
        st.caption(f"A run has at most {MOST_PASSES} passes.")
        return
    passes = int(
        st.number_input("More passes", 1, room, 1, key=f"{KEY}__more_passes", help=_MORE_HELP)
    )
    st.button(
        "Continue for more passes",
        icon=":material/resume:",
        key=f"{KEY}__continue",
        on_click=_continue,
        args=(entry.run.identity, passes),
    )


_MORE_HELP = (
    "Learning goes on from these weights; the learning rate falls from its value at this place of "
    "the longer run down to its last value."
)


def _continue(identity: str, passes: int) -> None:
    """Callback: start the longer run from these weights."""
    entry = kept.get(identity)
    if entry is None:
        tell("This network is no longer kept here: press Start to train it again.")
        return
    params = dataclasses.replace(entry.run.params, epochs=entry.run.params.epochs + passes)
    mark = f"{entry.run.identity}:{entry.snapshot.seen}".encode()
    run = entry.run._replace(params=params, resumed=hashlib.sha256(mark).hexdigest()[:32])
    upload = source.uploaded(run.upload_sha)
    size = source.Size(entry.n_images, *_rest(run, upload))
    try:
        ticket = job.submit(owner_id(), run, size, upload, entry)
    except (Rejected, ValueError) as reason:
        tell(str(reason))
        return
    st.session_state[f"{job.PANEL}_ticket"] = ticket.id
    st.session_state.pop(f"{job.PANEL}_view", None)
    st.session_state[f"{KEY}_epochs"] = params.epochs
    if job.JOB in st.query_params:
        del st.query_params[job.JOB]


def _rest(run: Run, upload: source.Upload | None) -> tuple[int, int, int, int]:
    """Number of test images, height, width, classes of a run's images."""
    if run.dataset != OWN:
        return source.SIZES[run.dataset][1:]
    if upload is None:
        return 0, 28, 28, 10  # the job will say that the file is missing
    return upload.size[1:]


def tell(words: str) -> None:
    """In a callback: why nothing was started."""
    st.session_state[f"{KEY}__problem"] = words


def problem() -> str:
    """Why *Continue* did not start, once."""
    return str(st.session_state.pop(f"{KEY}__problem", ""))
