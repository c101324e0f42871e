"""What the server keeps of the trainer page's runs and files: within bounds, and found again."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qsl

import numpy as np
import pytest

from pages.components.trainer import compare_panel, gallery_panel, job, kept, resume, source
from pages.components.trainer.draw_network import bundled
from pages.components.trainer.payload import OWN, Run
from snncore import models, trained
from snncore.jobs import get_manager
from snncore.stdp import TrainParams
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, noise, npz, words

RUN = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=31))
SIZE = source.size_of("digits", 60, None)


def test_a_run_whose_network_was_dropped_is_computed_again_and_compared_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = get_manager(job.KIND)

    def learn(owner: str) -> str:
        ticket = job.submit(owner, RUN, SIZE, None, None)
        view = manager.wait(ticket.id, 60.0)
        assert view is not None and view.state == "done"
        return ticket.id

    tickets = [learn("one")]
    tickets.append(learn("two"))
    views = [manager.get(ticket) for ticket in tickets]
    assert views[0] is not None and views[1] is not None
    assert views[0].watch == views[1].watch  # computed once
    kept.clear()
    tickets.append(learn("three"))
    anew = manager.get(tickets[-1])
    assert anew is not None and anew.watch != views[0].watch
    entry = kept.get(job.identity_of(anew.key))
    assert entry is not None and entry.trained is not None and entry.run == RUN

    monkeypatch.setattr(compare_panel, "st", SimpleNamespace(session_state={}))
    for view in (views[0], anew):
        compare_panel._remember(view)
    assert [one.watch for one in compare_panel.held()] == [anew.watch]  # the one that is kept


def test_a_checkpoint_can_be_taken_while_the_run_is_under_way() -> None:
    run = RUN._replace(params=TrainParams(neurons=5, epochs=50, seed=32, feature_steps=10))
    for report in job.work(run, None, None):
        payload = report.payload
        if payload is not None and payload.seen:
            break
    saved = trained.load(job.checkpoint(run.identity))
    assert 0 < saved.snapshot.seen == payload.seen < payload.total
    assert saved.trained is None and saved.params == run.params
    kept.clear()
    with pytest.raises(ValueError, match="no longer kept"):
        job.checkpoint(run.identity)


def test_a_network_larger_than_the_room_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = models.load(models.NAMES[0])
    entry = kept.Finished(RUN, "mnist", 60, "", saved.snapshot, saved.trained)
    monkeypatch.setattr(kept, "BUDGET", 2 * entry.weights_bytes)
    kept.put(entry)
    assert kept.get(RUN.identity) is None
    monkeypatch.setattr(kept, "BUDGET", 2 * entry.weights_bytes + 1)
    kept.put(entry)
    assert kept.get(RUN.identity) == entry
    kept.clear()


def test_a_finished_run_keeps_its_readouts() -> None:
    saved = models.load(models.NAMES[0])
    entry = kept.Finished(RUN, "mnist", 60, "", saved.snapshot, saved.trained)
    kept.put(entry)
    kept.put(entry._replace(trained=None, turn="restored"))  # from disk, where they are not
    assert kept.get(RUN.identity) == entry
    kept.clear()


def test_networks_of_files_are_read_once_and_only_so_many_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved, reads = models.load(models.NAMES[0]), list[bytes]()

    def load(data: bytes) -> trained.SavedRun:
        reads.append(data)
        return saved

    monkeypatch.setattr(kept, "trained", SimpleNamespace(load=load))
    kept.clear()
    for _ in range(3):
        assert kept.from_file("a", lambda: b"first") is saved
    assert reads == [b"first"]
    for k in range(8):  # eight others
        kept.from_file(f"b{k}", lambda: b"other")
    kept.from_file("a", lambda: b"first")
    assert reads.count(b"first") == 2
    monkeypatch.setattr(kept, "FILES_BUDGET", 16)
    for _ in range(2):
        kept.from_file("c", lambda: b"too large")
    assert reads.count(b"too large") == 2
    kept.clear()


def test_a_visitors_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data, reads = npz(noise(30), np.arange(30) % 3), list[int]()
    upload = source.Upload(data, "1" * 64, source.Size(30, 9, 8, 8, 3))
    run, read = Run(OWN, 0, TrainParams(), upload.sha256), source.datasets.files.read_npz
    monkeypatch.setattr(source, "in_session", lambda: upload)
    monkeypatch.setattr(source.datasets.files, "read_npz", lambda d: (reads.append(1), read(d))[1])
    assert source.shape_of_tests(run) == (8, 8) and not reads
    for _ in range(3):
        found = source.test_images(run)
        assert found is not None and np.array_equal(found.images, noise(30)[:9])
    assert len(reads) == 1
    other = run._replace(upload_sha="2" * 64)
    assert source.test_images(other) is None and source.shape_of_tests(other) is None


@pytest.mark.parametrize(("there", "limit"), [(None, 30), (60, 30), (30, 0)])
def test_a_checkpoint_of_a_part_of_ones_own_images_sets_the_part(
    monkeypatch: pytest.MonkeyPatch, there: int | None, limit: int
) -> None:
    upload = there and source.Upload(b"", "", source.Size(there, 9, 8, 8, 3))
    monkeypatch.setattr(source, "in_session", lambda: upload)
    saved = models.load(models.NAMES[0])._replace(dataset="mine", n_images=30)
    assert resume._finished("", saved).run.limit == limit


def test_a_link_with_a_run_under_way_leaves_it_to_its_owner() -> None:
    manager = get_manager(job.KIND)
    run = RUN._replace(params=TrainParams(neurons=800, epochs=50, seed=33))
    ticket = job.submit("owner", run, source.size_of("digits", 0, None), None, None)
    view = manager.get(ticket.id)
    assert view is not None and view.active
    open_page(PAGE, stdp_cmp_runs=view.watch)
    view = manager.get(ticket.id)
    manager.cancel(ticket.id)
    assert view is not None and view.active and view.watchers == 1


def test_the_gallery_sorts_and_filters() -> None:
    net = bundled().trained
    of_three = np.flatnonzero(net.neuron_labels == 3)
    highest = of_three[net.layer.theta.numpy()[of_three].argmax()]
    quietest = of_three[net.scaler.mean[of_three].argmin()]
    app = open_page(PAGE, stdp_gal="true")
    app.get_by_key(gallery_panel.LABEL).set_value("3")
    app.get_by_key(gallery_panel.SORT).set_value("threshold").run()
    assert f"**Neuron {highest}** · stands for **3**" in words(app)
    app.get_by_key(gallery_panel.SORT).set_value("quiet").run()
    assert f"**Neuron {quietest}** · stands for **3**" in words(app)
    link = next(c.value for c in app.code if "stdp_gal" in c.value)
    again = open_page(PAGE, **dict(parse_qsl(link.partition("?")[2])))
    assert again.get_by_key(gallery_panel.SORT).value == "quiet"
    assert again.get_by_key(gallery_panel.LABEL).value == "3"
    assert f"**Neuron {quietest}** · stands for **3**" in words(again)
