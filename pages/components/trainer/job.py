"""A training run as a job: what it computes, what each report shows, how it is found again."""

from __future__ import annotations

import io
import math
import secrets
import time
from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from pages.components.trainer import cost, kept, lasting, source
from pages.components.trainer.kept import Finished
from pages.components.trainer.payload import Payload, Pictures, Run, presentations
from pages.components.trainer.pictures import Film, pictures
from snncore import experiment, trained
from snncore.device import choose_device
from snncore.jobs import JobView, Kind, Progress, Ticket, get_manager, unguessable
from snncore.stdp import Snapshot
from snncore.stdp.train import first_layers

JOB = "job"  # in the address: the run that is shown
KIND: Kind = "computation"
PANEL = "stdp_run"  # prefix of the job panel's keys
_EVERY_S = 0.4  # between two sets of pictures; of a short run,
_PICTURES = 20  # so many over its learning
_PHASES = {
    "learning": "Learning",
    "counting": "Counting spikes",
    "readout": "Fitting the readout",
    "controls": "Controls",
    "done": "Done",
}


def submit(
    owner: str,
    run: Run,
    size: source.Size,
    upload: source.Upload | None,
    begin: Finished | None,
    link: str = "",
) -> Ticket:
    """Ask for a run; equal ones are computed once, unless the network is no longer kept.

    A job that is done holds no network, and the manager would give it out for minutes: who finds
    it without its network takes the next turn, a job of another name, which the others find too.
    `link` is the watch id that it had before a restart of the server: it leads there again.

    Raises:
        ValueError: it would need more memory or time than this server lends.
        Rejected: the manager cannot take it now.
    """
    if why := cost.refusal(run.params, size):
        raise ValueError(why)
    manager = get_manager(KIND)
    for turn in count():
        watch = link or unguessable()
        ticket = manager.submit(
            owner,
            f"{run.identity}.{turn}" if turn else run.identity,
            partial(work, run, upload, begin, watch),
            cost.n_bytes(run.params, size),
            held_bytes=0 if upload is None else len(upload.data),
            watch=watch,
        )
        if not _lost(manager.get(ticket.id)):
            break
    return ticket


def _lost(view: JobView | None) -> bool:
    """Whether the job has ended and its network is not kept any more."""
    if view is None or view.state != "done":
        return False
    return kept.get(identity_of(view.key)) is None


def identity_of(key: str) -> str:
    """Identity of the run that a job of this name computes."""
    return key.partition(".")[0]


def payload_of(view: JobView | None) -> Payload | None:
    """What a view shows, if it is of a training."""
    found = None if view is None or view.snapshot is None else view.snapshot.payload
    return found if isinstance(found, Payload) else None


def work(
    run: Run, upload: source.Upload | None, begin: Finished | None, watch: str = ""
) -> Iterator[Progress]:
    """The run; every report carries the newest pictures, the last one the result.

    How far it came is kept on disk for whoever has the link with this watch id, "" for nobody.
    """
    yield Progress(0.0, "Loading the images")
    data = source.data_of(run, upload)
    sha = experiment.images_sha256(data)
    if begin is not None and begin.images_sha256 not in ("", sha):
        raise ValueError(
            "the run of this checkpoint learnt other images: choose its data set and number of "
            "training images, or upload its file"
        )
    resume, turn = None if begin is None else begin.snapshot, secrets.token_hex(8)
    before = None if begin is None else begin.live
    saver = lasting.Saver(watch)
    scene = _Scene(run, data, resume)
    if resume is None:
        yield Progress(0.0, "Preparing the layer", scene.first())
    device = choose_device().device
    for report in experiment.run(data, run.params, device=device, resume=resume, before=before):
        if report.snapshot is not None:
            network = None if report.result is None else report.result.trained
            entry = Finished(
                run, data.name, scene.n_train, sha, report.snapshot, network, report.live, turn
            )
            kept.put(entry)
            saver.see(entry)
        # Until learning has begun (on a fresh machine kernels compile first) nobody can tell how
        # long it takes: below three hundredths the panel does not say.
        fraction = report.fraction if report.snapshot is not None else min(report.fraction, 0.029)
        shown = scene.payload(report)
        if shown is not None and saver.problem:
            shown = shown._replace(problem=saver.problem)
        yield Progress(fraction, _words(report), shown)


def _words(report: experiment.Progress) -> str:
    """The bar's words, with the speed."""
    if report.images_per_s > 0 and "a second" not in report.text:
        return f"{report.text}, {report.images_per_s:,.0f} a second"
    return report.text


class _Scene:
    """One run's pictures: the same training image shown to the layer as it changes."""

    def __init__(self, run: Run, data: experiment.Data, resume: Snapshot | None) -> None:
        self._run, self._data, self._film = run, data, Film()
        # A test image is for the final figures only; this one may be looked at while learning.
        self._image = data.train_images[0]
        self._label = data.class_names[int(data.train_labels[0])]
        self._drawn: Pictures | None = None
        self._last: Payload | None = None
        self._drawn_seen, self._drawn_at = -1, -math.inf
        self._begun = 0 if resume is None else resume.seen
        self.n_train = len(data.train_images)

    def first(self) -> Payload:
        """Before the first image: the untrained layer."""
        params = self._run.params
        layers = first_layers(self._data.train_images, params)
        wins, total = np.zeros(len(layers[0].theta), np.int64), presentations(self.n_train, params)
        snapshot = Snapshot(0, total, layers, wins, 0.0, math.nan, 0.0)
        return self.payload(experiment.Progress(0.0, "learning", "", snapshot))

    def payload(self, report: experiment.Progress) -> Payload | None:
        """What this report shows."""
        snapshot = report.snapshot
        if snapshot is None:  # nothing new to show: what is there stays
            return self._last
        self._draw(snapshot)
        result = report.result
        shape = self._image.shape
        self._last = Payload(
            self._run,
            report.phase,
            snapshot.seen,
            snapshot.total,
            report.images_per_s,
            self._drawn,
            self._film.frames(),
            snapshot.wins,
            snapshot.layer.theta.cpu().numpy(),
            snapshot.silent,
            snapshot.first_spike_ms,
            report.live,
            self._data.class_names,
            self.n_train,
            len(self._data.test_images),
            (int(shape[0]), int(shape[1])),
            # The network lives in `kept`: a job's last payload stays in every session for long.
            None if result is None else result._replace(trained=None),
        )
        return self._last

    def _draw(self, snapshot: Snapshot) -> None:
        """New pictures where the layer has changed, some times a second at most."""
        last = snapshot.seen >= snapshot.total
        if snapshot.seen == self._drawn_seen:
            return
        part = (snapshot.seen - self._drawn_seen) * _PICTURES / max(snapshot.total, 1)
        if not last and part < 1 and time.monotonic() - self._drawn_at < _EVERY_S:
            return
        params, shape = self._run.params, (self._image.shape[0], self._image.shape[1])
        self._film.see(snapshot, params, shape)
        self._drawn = pictures(snapshot, params, self._image, self._label)
        self._drawn_seen, self._drawn_at = snapshot.seen, time.monotonic()


def phase_words(phase: str) -> str:
    """The phases in order, the present one marked."""
    names = [name for name in _PHASES if name != "done"]
    if phase not in names:
        return ""
    at = names.index(phase)
    return " → ".join(
        f"**{_PHASES[name]}**" if k == at else f":gray[{_PHASES[name]}]"
        for k, name in enumerate(names)
    )


def checkpoint(identity: str) -> bytes:
    """The run as far as it came, as a file that it can go on from.

    Raises:
        ValueError: it is no longer kept.
    """
    entry = kept.get(identity)
    if entry is None:
        raise ValueError("this run is no longer kept here: press Start to compute it again")
    buffer = io.BytesIO()
    trained.save(
        buffer, entry.data_name, entry.n_images, entry.run.params, entry.snapshot, entry.trained,
        images_sha256=entry.images_sha256,
    )  # fmt: skip
    return buffer.getvalue()
