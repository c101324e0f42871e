"""Downloads from a server on this machine that can fail in the usual ways."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torchvision

from snncore import datasets
from snncore.datasets import downloads
from tests.make_data import write_gtsrb, write_idx


class Server:
    """Files under http://127.0.0.1:port/; those in `cut` end halfway."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[1]
                outer.asked.append(name)
                if name not in outer.files:
                    self.send_error(404)
                    return
                body = outer.files[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if name in outer.cut else body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch, tmp_path) -> Iterator[Server]:
    """A server with a small MNIST, which torchvision takes for the real one's."""
    monkeypatch.setenv("no_proxy", "*")
    write_idx(tmp_path / "origin", 9)
    made = Server()
    resources = []
    for path in sorted((tmp_path / "origin").iterdir(), reverse=True):  # training labels first
        packed = gzip.compress(path.read_bytes())
        made.files[path.name + ".gz"] = packed
        resources.append((path.name + ".gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [made.url])
    yield made
    made.close()


@pytest.fixture
def root(monkeypatch, tmp_path) -> Path:
    """An empty data folder that does not exist yet."""
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def left_over(root: Path) -> set[str]:
    """Names of the files under `root`, hidden ones too."""
    return {path.name for path in root.rglob("*") if path.is_file()}


def test_a_download_reports_progress_and_is_then_read(server, root):
    with pytest.raises(datasets.DatasetMissing):
        datasets.load("mnist")
    steps = list(datasets.download("mnist"))
    assert steps[-1].done_bytes == steps[-1].total_bytes == sum(map(len, server.files.values()))
    done = [step.done_bytes for step in steps]
    assert done == sorted(done) and all(step.text for step in steps)
    assert all(step.done_bytes <= step.total_bytes for step in steps)
    assert datasets.load("mnist", "test").images.shape == (9, 6, 6)
    assert left_over(root) == {name.removesuffix(".gz") for name in server.files}


def test_a_second_download_asks_the_network_for_nothing(server, root):
    list(datasets.download("mnist"))
    asked = len(server.asked)
    assert list(datasets.download("mnist"))[-1].text == "mnist is complete"
    assert len(server.asked) == asked == 4


def test_a_cut_off_download_leaves_nothing_half_and_can_be_repeated(server, root):
    server.cut = {"train-images-idx3-ubyte.gz"}
    with pytest.raises(
        datasets.DatasetMissing, match=r"could not be downloaded.*(cut off|Incompl)"
    ):
        list(datasets.download("mnist"))
    assert "train-images-idx3-ubyte" not in left_over(root)
    assert not any(".part" in name or name.endswith(".gz") for name in left_over(root))
    with pytest.raises(datasets.DatasetMissing, match="incomplete"):
        datasets.load("mnist")
    server.cut = set()
    server.asked.clear()
    list(datasets.download("mnist"))
    # The labels had come whole; they are not fetched again.
    assert sorted(server.asked) == sorted(set(server.files) - {"train-labels-idx1-ubyte.gz"})
    assert len(datasets.load("mnist").labels) == 9


def test_a_half_file_of_another_program_is_replaced(server, root):
    list(datasets.download("mnist"))
    victim = root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    whole = victim.read_bytes()
    victim.write_bytes(whole[:50])
    list(datasets.download("mnist"))
    assert victim.read_bytes() == whole


def test_stopping_halfway_leaves_nothing(server, root):
    steps = datasets.download("mnist")
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert left_over(root) == set() and not list(root.glob(".download-*"))


def test_a_wrong_file_is_refused_and_the_next_mirror_asked(server, root, monkeypatch):
    with Mirror({name: b"<html>log in first</html>" for name in server.files}) as bad:
        mirrors = [bad.url, server.url]
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", mirrors)
        list(datasets.download("mnist"))
        assert len(bad.asked) == 4 and len(datasets.load("mnist").labels) == 9
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [bad.url])
        with pytest.raises(datasets.DatasetMissing, match="MD5 sum differs"):
            list(datasets.download("mnist", root / "other"))


class Mirror(Server):
    """A server of given files, as a context."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self.files = files

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_no_network_is_one_clear_error_with_the_cure(server, root, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # not listening: connections are refused
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [url, "http://[broken/"])
        with pytest.raises(datasets.DatasetMissing) as caught:
            list(datasets.download("mnist"))
    message = str(caught.value)
    assert "check the network" in message and "python -m snncore download mnist" in message
    assert left_over(root) == set()


def test_a_server_that_never_answers_is_given_up(server, root, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT_S", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [url])
        started = time.perf_counter()
        with pytest.raises(datasets.DatasetMissing, match="timed out"):
            list(datasets.download("mnist"))
        assert time.perf_counter() - started < 2.0


def test_an_endless_file_is_cut(server, root, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 10)
    with pytest.raises(datasets.DatasetMissing, match="longer than 10 bytes"):
        list(datasets.download("mnist"))
    assert left_over(root) == set()


def test_a_folder_that_cannot_be_written_is_said(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(datasets.DatasetMissing, match=r"cannot be stored in .* SNNCORE_DATA"):
        list(datasets.download("mnist", tmp_path / "file" / "data"))


def test_bundled_sets_need_no_download(root):
    (step,) = datasets.download("digits")
    assert "comes with the program" in step.text and not root.exists()


def test_gtsrb_archives_are_unpacked_into_torchvisions_layout(root, tmp_path, monkeypatch):
    write_gtsrb(tmp_path / "origin", tracks=5, frames=1)
    packed = tmp_path / "training.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        base = tmp_path / "origin" / "gtsrb"
        for path in sorted(base.rglob("*.ppm")):
            archive.write(path, path.relative_to(base))
    archive_of_one = downloads.Archive(
        "training.zip",
        (packed.as_uri(),),
        hashlib.md5(packed.read_bytes()).hexdigest(),
        "GTSRB/Training",
        "gtsrb/GTSRB/Training",
    )
    monkeypatch.setattr(downloads, "GTSRB_ARCHIVES", (archive_of_one,))
    steps = list(datasets.download("gtsrb"))
    assert any("unpacking" in step.text for step in steps)
    assert steps[-1].done_bytes == packed.stat().st_size
    assert np.bincount(datasets.load("gtsrb").labels).tolist() == [4] * 43
    assert all(name.endswith(".ppm") for name in left_over(root))


def test_gtsrb_addresses_and_sums_are_those_of_torchvision():
    source = inspect.getsource(torchvision.datasets.GTSRB.download)
    for archive in downloads.GTSRB_ARCHIVES:
        assert archive.file in source and archive.md5 in source
        assert archive.urls[0].removesuffix(archive.file) in source


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_every_archive_of_torchvision_has_an_expected_size(name):
    assert len(downloads.archives(name)) == 4
    assert all(archive.expected_bytes > 0 for archive in downloads.archives(name))
