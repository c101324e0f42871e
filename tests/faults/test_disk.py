"""A full disk, wherever the program writes: kept trainings, downloads, compiled kernels, files."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numba
import pytest
from streamlit.testing.v1 import AppTest

from pages.components.trainer import job, kept, lasting
from pages.components.trainer.payload import Run
from snncore import datasets, experiment, kernels, trained
from snncore.experiment import Autosave
from snncore.jobs import Progress
from snncore.stdp import TrainParams, train
from tests.faults.desk import Desk, goes_on, said, start, state, until, visit
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, finished, run_until, words
from tests.pages.trainer_runs import start as press_start
from tests.test_downloads import Server, left_over, server  # noqa: F401

Says = Callable[[str], None]
FULL = "No space left on device"


def test_of_a_training_that_the_server_keeps(
    full_disk: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full where trainings are kept for a restart."""
    monkeypatch.setenv("SNNCORE_STATE", str(full_disk))
    monkeypatch.setattr(lasting, "EVERY_S", 0.0)
    seen: list[str] = []
    real = lasting.Saver.see

    def see(saver: lasting.Saver, entry: object) -> None:
        real(saver, entry)  # type: ignore[arg-type]
        seen.append(saver.problem)

    monkeypatch.setattr(lasting.Saver, "see", see)
    values = {"stdp_neurons": "30", "stdp_epochs": "20", "stdp_limit": "600", "stdp_seed": "4713"}
    app = open_page(PAGE, stdp_dataset="digits", **values)
    press_start(app)
    run_until(app, lambda: "Download checkpoint so far" in words(app) or finished(app))
    says(next(w.value for w in app.warning) if app.warning else "(over too soon to be seen)")
    run_until(app, lambda: finished(app))  # the training has not suffered
    assert FULL in seen[0] and "restart" in seen[0]


def test_of_a_training_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when all is learnt, and the results take many reports more."""
    monkeypatch.setenv("SNNCORE_STATE", str(tmp_path))
    run = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=4714))
    *_, _last = job.work(run, None, None)
    entry = kept.get(run.identity)
    assert entry is not None and entry.snapshot.seen == entry.snapshot.total
    now, tries, full = [0.0], list[float](), [True]

    def write(*_: object) -> None:
        tries.append(now[0])
        if full[0]:
            raise OSError(28, FULL)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lasting, "_write", write)
    saver = lasting.Saver("link")
    for step in range(60):
        now[0], full[0] = 0.2 * step, step < 40
        saver.see(entry)
    assert [round(at) for at in tries] == [0, 5, 10] and not saver.problem


def test_of_a_checkpoint_on_the_command_line(full_disk: Path, says: Says) -> None:
    """The disk is full where the command line writes its checkpoint."""
    data = experiment.load_data("digits", 100)
    params = TrainParams(neurons=20, batch=25, epochs=1)
    saver = Autosave(full_disk / "run.safetensors", "digits", data, params, every_s=1e-9)
    told = [
        saver.see(experiment.Progress(0.5, "learning", "", snapshot))
        for snapshot in train(data.train_images, params, every_s=0.0)
    ]
    says(told[0])
    assert FULL in told[0] and "the run goes on" in told[0]
    assert not any(told[1:])  # said once
    assert not list(full_disk.glob("*run*")) and not list(full_disk.glob(".*part"))


def test_the_last_good_checkpoint_survives(full_disk: Path, tmp_path: Path) -> None:
    """The disk fills up between two checkpoints of a run."""
    data = experiment.load_data("digits", 100)
    params = TrainParams(neurons=5, batch=25, epochs=1)
    first, *_, last = train(data.train_images, params, every_s=0.0)
    path, filler = full_disk / "run.safetensors", full_disk / "filler"
    trained.save(tmp_path / "good", "digits", 100, params, first)
    if filler.exists():  # a disk of its own: make room, and fill it again
        filler.write_bytes(b"")
        shutil.copy(tmp_path / "good", path)
        with pytest.raises(OSError), filler.open("ab", buffering=0) as file:
            while file.write(bytes(512)):
                pass
    else:
        (tmp_path / "good").rename(path)
    with pytest.raises(OSError):
        trained.save(path, "digits", 100, params, last)
    assert trained.load(path).snapshot.seen == first.seen


def test_of_a_download(
    full_disk: Path,
    server: Server,  # noqa: F811
    desk: Desk,
    says: Says,
) -> None:
    """The disk is full where a data set is to be stored."""

    def fetch() -> Iterator[Progress]:
        for step in datasets.download("mnist", full_disk):
            yield Progress(0.5, step.text)

    server.files = {name: data + bytes(200_000) for name, data in server.files.items()}
    desk.works["fetch"] = fetch
    app = start(visit(), "fetch")
    until(app, lambda: state(app) == "failed")
    says(said(app).replace(str(full_disk), "FOLDER"))
    assert "cannot be stored" in said(app) and "free some space" in said(app)
    assert left_over(full_disk) <= {"filler"}
    goes_on(app)


def test_of_compiled_kernels(
    full_disk: Path, says: Says, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full where compiled kernels are kept."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(full_disk))
    kernels._say_once.cache_clear()
    assert _kernel(tmp_path, "full_a")(20) == 41
    says("nothing: the kernel is compiled and used, the log says that it is not kept")


@pytest.mark.parametrize("cut", [0, 20])
def test_compiled_kernels_cut_by_a_power_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """A file of compiled kernels is empty or cut."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(cache))
    assert _kernel(tmp_path, f"cut_{cut}")(20) == 41
    files = [file for file in cache.rglob("*") if file.suffix in (".nbi", ".nbc")]
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:cut])
        assert _kernel(tmp_path, f"cut_{cut}")(20) == 41


def _kernel(folder: Path, name: str) -> Callable[[int], int]:
    """A kernel in a module of its own, as a new process would load it."""
    file = folder / f"{name}.py"
    if not file.exists():
        file.write_text(
            "import numba\n\n@numba.njit(cache=True)\ndef f(x):\n    return 2 * x + 1\n"
        )
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found: Callable[[int], int] = module.f
    return found


def test_of_temporary_files(full_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written anywhere: pages open and files can still be taken."""
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(full_disk))
    monkeypatch.setattr("tempfile.tempdir", str(full_disk))
    for page in ("1_LIF_Playground", "2_Spike_Encoding", "3_Hopfield_Recall"):
        app = open_page(f"pages/{page}.py")
        assert not app.error, (page, [e.value for e in app.error])
    assert isinstance(app, AppTest)
