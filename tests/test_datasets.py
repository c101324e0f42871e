"""Image sets: what is bundled, what is drawn, what torchvision reads, and what is missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from snncore import datasets
from snncore.datasets import vision
from snncore.datasets.images import image_set
from tests.make_data import squares, write_gtsrb, write_idx

BUNDLED = ("digits", "skimage", "icons", "signs", "letters")


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_are_there_without_any_data_folder(name, split, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path / "nothing"))
    pictures = datasets.load(name, split)
    assert pictures.name == name and pictures.split == split and pictures.source
    assert pictures.images.dtype == np.uint8 and pictures.labels.dtype == np.int64
    assert set(pictures.labels) == set(range(len(pictures.class_names)))
    assert not (tmp_path / "nothing").exists()


def test_digits_are_scikit_learns_scaled_to_255_and_split_by_class():
    train, test = datasets.load("digits", "train"), datasets.load("digits", "test")
    assert len(train.labels) == 1397 and len(test.labels) == 400
    assert np.bincount(test.labels).tolist() == [40] * 10
    both = np.concatenate([train.images, test.images]).reshape(1797, -1)
    original = load_digits()
    scaled = np.round(original.images * 255 / 16).astype(np.uint8).reshape(1797, -1)
    # The same pictures with the same labels, in another order and none twice.
    labels = np.concatenate([train.labels, test.labels])
    ours = np.column_stack([labels, both])
    theirs = np.column_stack([original.target, scaled])
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])
    assert both.max() == 255


def test_skimage_pictures_keep_their_proportions():
    pictures = datasets.load("skimage")
    assert pictures.class_names == ("astronaut", "camera", "coffee", "horse")
    assert pictures.images.shape == (4, 128, 128)
    horse = pictures.images[3] < 128
    rows, columns = np.flatnonzero(horse.any(axis=1)), np.flatnonzero(horse.any(axis=0))
    from skimage import data

    black = ~data.horse()
    y, x = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    ours = (columns[-1] - columns[0] + 1) / (rows[-1] - rows[0] + 1)
    assert ours == pytest.approx((x[-1] - x[0] + 1) / (y[-1] - y[0] + 1), rel=0.03)  # a pixel
    assert len(columns) < 128  # the whole horse: white on both sides of it


@pytest.mark.parametrize(
    ("name", "shape"), [("icons", (64, 64)), ("signs", (64, 64, 3)), ("letters", (64, 64))]
)
def test_drawn_pictures_are_many_well_filled_and_all_different(name, shape):
    pictures = datasets.load(name)
    count = len(pictures.labels)
    assert count >= 12 and pictures.images.shape == (count, *shape)
    assert len(set(pictures.class_names)) == count
    flat = pictures.images.reshape(count, -1).astype(int)
    for a in range(count):
        for b in range(a):
            # 30 and 80 differ by the open side of one glyph.
            assert (abs(flat[a] - flat[b]) > 64).mean() > 0.005, pictures.class_names[a]
    if name == "icons":
        ink = (pictures.images > 127).mean(axis=(1, 2))
        assert ink.min() > 0.15 and ink.max() < 0.6  # usable as memory patterns


def test_drawn_pictures_are_the_same_in_another_process():
    code = (
        "from snncore import datasets as d;"
        "print(*(d.fingerprint(d.load(name)) for name in ('icons', 'signs', 'letters')))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    ours = [datasets.fingerprint(datasets.load(name)) for name in ("icons", "signs", "letters")]
    assert done.stdout.split() == ours and len(set(ours)) == 3


def test_pictures_are_shared_and_cannot_be_written():
    found: list[datasets.ImageSet] = []
    threads = [
        threading.Thread(target=lambda: found.append(datasets.load("signs"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(pictures.images) for pictures in found}) == 1 and len(found) == 8
    with pytest.raises(ValueError, match="read-only"):
        found[0].images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        found[0].labels[0] = 1


def test_of_many_that_ask_at_once_one_loads(monkeypatch):
    asking, inside, may_end = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
    calls: list[str] = []

    def slow(split: str) -> datasets.ImageSet:
        calls.append(split)
        inside.release()
        may_end.wait(10)
        return image_set("icons", squares(1), np.zeros(1), ("a",), "train", "")

    def ask() -> None:
        asking.release()
        datasets.load("icons")

    monkeypatch.setitem(datasets._BUNDLED, "icons", ("", slow))
    datasets._load_named.cache_clear()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        asking.acquire(timeout=10)
    assert inside.acquire(timeout=10)
    assert not inside.acquire(timeout=0.05)  # no second one comes in while the first loads
    may_end.set()
    for thread in threads:
        thread.join()
    datasets._load_named.cache_clear()
    assert calls == ["train"]


@pytest.mark.parametrize("name", ["cifar", "", "../mnist", "MNIST"])
def test_unknown_names_are_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"unknown data set .* icons, signs, letters, mni"):
        datasets.load(name)
    with pytest.raises(ValueError, match="unknown data set"):
        datasets.download(name)


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split must be train or test, got 'validation'"):
        datasets.load("digits", "validation")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["mnist", "fashion", "gtsrb"])
def test_a_missing_set_names_the_cure_and_the_catalogue_says_so(name, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    with pytest.raises(datasets.DatasetMissing, match=f"python -m snncore download {name}"):
        datasets.load(name)
    info = {info.name: info for info in datasets.catalogue()}
    assert set(info) == set(datasets.NAMES)
    assert not info[name].present and "SNNCORE_DATA" in info[name].note
    assert all(info[other].present and info[other].bundled for other in BUNDLED)


def test_data_root_is_the_environments_or_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path / "here"))
    assert datasets.data_root() == tmp_path / "here"
    monkeypatch.delenv("SNNCORE_DATA")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert datasets.data_root() == tmp_path / "cache" / "snncore"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert datasets.data_root().parts[-3:] == ("Library", "Caches", "snncore")


@pytest.mark.parametrize("change", ["cut", "longer", "empty", "other"])
def test_a_half_extracted_file_is_not_taken_for_mnist(change, monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_idx(tmp_path / "MNIST" / "raw", 7)
    assert datasets.load("mnist").images.shape == (7, 6, 6)
    half = tmp_path / "second"
    monkeypatch.setenv("SNNCORE_DATA", str(half))
    write_idx(half / "MNIST" / "raw", 7)
    images = half / "MNIST" / "raw" / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    images.write_bytes(
        {"cut": whole[:-1], "longer": whole + b"0", "empty": b"", "other": b"<html>" * 9}[change]
    )
    assert not vision.present("mnist", half)
    with pytest.raises(datasets.DatasetMissing, match="incomplete"):
        datasets.load("mnist")


def test_a_broken_torchvision_is_said_with_the_cure(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_idx(tmp_path / "MNIST" / "raw", 3)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(datasets.DatasetMissing, match="pip install --force-reinstall torch"):
        datasets.load("mnist")


def test_gtsrb_without_a_test_part_is_split_by_whole_tracks(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_gtsrb(tmp_path, tracks=6)
    train, test = datasets.load("gtsrb", "train"), datasets.load("gtsrb", "test")
    assert train.images.shape == (43 * 5 * 2, 32, 32, 3) and len(test.labels) == 43 * 2
    assert set(train.images[:, 0, 0, 0]) == {0, 1, 2, 3, 5}
    assert set(test.images[:, 0, 0, 0]) == {4}
    for part in (train, test):
        assert np.array_equal(part.images[:, 0, 0, 1], part.labels)
        assert set(part.images[:, 0, 0, 2]) == {0, 1}
    assert "every fifth track" in test.source


def test_gtsrb_with_its_official_test_part_uses_that(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_gtsrb(tmp_path, tracks=5, frames=1)
    folder = tmp_path / "gtsrb" / "GTSRB" / "Final_Test" / "Images"
    folder.mkdir(parents=True)
    rows = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for k, label in enumerate((17, 4)):
        Image.new("RGB", (40, 50), (200, label, 0)).save(folder / f"{k:05d}.ppm")
        rows.append(f"{k:05d}.ppm;40;50;5;5;35;45;{label}")
    (tmp_path / "gtsrb" / "GT-final_test.csv").write_text("\n".join(rows))
    train, test = datasets.load("gtsrb", "train"), datasets.load("gtsrb", "test")
    assert len(train.labels) == 43 * 5 and test.labels.tolist() == [17, 4]
    assert (test.images[:, 0, 0, 0] == 200).all()
    assert test.class_names[17] == "no entry" and test.class_names[14] == "stop"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # torchvision leaves that file open
def test_gtsrb_with_a_broken_picture_is_damaged_not_a_crash(monkeypatch, tmp_path):
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    write_gtsrb(tmp_path, tracks=1, frames=1)
    victim = tmp_path / "gtsrb" / "GTSRB" / "Training" / "00007" / "00000_00000.ppm"
    victim.write_bytes(victim.read_bytes()[:40])
    with pytest.raises(datasets.DatasetMissing, match=r"gtsrb in .* is damaged"):
        datasets.load("gtsrb")


@pytest.mark.data
def test_mnist_is_bit_for_bit_torchvisions(mnist_root):
    import torchvision

    for split, count in (("train", 60_000), ("test", 10_000)):
        ours = datasets.load("mnist", split)
        theirs = torchvision.datasets.MNIST(str(mnist_root), train=split == "train")
        assert ours.images.shape == (count, 28, 28)
        assert np.array_equal(ours.images, theirs.data.numpy())
        assert np.array_equal(ours.labels, theirs.targets.numpy())


@pytest.mark.data
def test_mnist_has_its_published_statistics(mnist_root):
    train = datasets.load("mnist", "train")
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(train.labels).tolist() == published
    # The constants of every MNIST example: mean 0.1307, standard deviation 0.3081.
    pixels = train.images.astype(np.float32) / 255
    assert float(pixels.mean()) == pytest.approx(0.1307, abs=5e-5)
    assert float(pixels.std()) == pytest.approx(0.3081, abs=5e-5)


def test_resize_keeps_constant_pictures_and_halves_exactly():
    grey = np.full((3, 9, 9), 77, dtype=np.uint8)
    assert (datasets.resize(grey, 28) == 77).all()
    colour = np.zeros((2, 8, 6, 3), dtype=np.uint8)
    colour[..., 1] = 200
    shrunk = datasets.resize(colour, (4, 12))
    assert shrunk.shape == (2, 4, 12, 3) and (shrunk[..., 1] == 200).all()
    assert not shrunk[..., (0, 2)].any()


def test_resize_of_a_batch_is_that_of_its_pictures_and_leaves_the_input():
    pictures = datasets.load("digits", "test").images[:5]
    before = pictures.copy()
    batch = datasets.resize(pictures, 28)
    singles = [datasets.resize(pictures[k : k + 1], 28)[0] for k in range(5)]
    assert np.array_equal(batch, np.stack(singles)) and np.array_equal(pictures, before)
    same = datasets.resize(pictures, 8)
    assert np.array_equal(same, pictures) and same.flags.writeable


@pytest.mark.parametrize("size", [0, -3, 1025, 2.5, (8, 0), True])
def test_resize_refuses_sizes_out_of_range(size):
    with pytest.raises(ValueError, match=r"size must be whole numbers in 1\.\.1024 pixels, got"):
        datasets.resize(squares(1), size)


def test_grey_is_the_luma_of_bt601():
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], dtype=np.uint8)
    grey = datasets.to_grey(colours.reshape(1, 2, 2, 3))
    assert grey.reshape(-1).tolist() == [76, 150, 29, 255]
    already = squares(2)
    assert datasets.to_grey(already) is already


def test_floats_run_from_0_to_1():
    values = datasets.to_float(np.array([[[0, 51, 255]]], dtype=np.uint8))
    assert values.dtype == np.float32 and values.tolist() == [[[0.0, np.float32(0.2), 1.0]]]
    with pytest.raises(ValueError, match="images must be uint8, got float64"):
        datasets.to_float(np.zeros((1, 2, 2)))  # type: ignore[arg-type]


def test_image_sets_check_their_labels_and_shapes():
    good = squares(3)
    with pytest.raises(ValueError, match=r"labels must be \[3\]"):
        image_set("x", good, np.arange(2), ("a", "b", "c"), "train", "")
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.1, got 0\.\.2"):
        image_set("x", good, np.arange(3), ("a", "b"), "train", "")
    with pytest.raises(ValueError, match=r"images must be uint8 \[S, H, W\]"):
        image_set("x", good.astype(float), np.arange(3), ("a", "b", "c"), "train", "")


def test_fingerprint_tells_sets_apart_that_have_the_same_name():
    one = image_set("x", squares(3), np.array([0, 1, 2]), ("a", "b", "c"), "train", "")
    other = image_set("x", squares(3), np.array([0, 2, 1]), ("a", "b", "c"), "train", "")
    assert datasets.fingerprint(one) != datasets.fingerprint(other)
    assert datasets.fingerprint(one) == datasets.fingerprint(one._replace(source="elsewhere"))


def test_the_catalogue_trusts_what_was_there_for_a_moment_and_sees_what_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page asks a hundred times in each run; a download is seen at once."""
    there, looks, clock = set[str](), [0], [100.0]

    def present(name: str, root: Path) -> bool:
        looks[0] += 1
        return name in there

    monkeypatch.setattr(vision, "present", present)
    monkeypatch.setattr("snncore.datasets.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))

    def found() -> set[str]:
        return {info.name for info in datasets.catalogue() if info.present and not info.bundled}

    assert found() == set()
    there.add("mnist")
    assert found() == {"mnist"}
    before = looks[0]
    assert found() == {"mnist"} and looks[0] == before + 2  # the two that are missing
    there.clear()
    clock[0] += 3
    assert found() == set()
