"""Files of strangers: sizes that lie, bombs, damage, and things that are not what they seem."""

from __future__ import annotations

import io
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image, ImageFile

from snncore import datasets
from snncore.datasets import files, npz
from snncore.datasets.files import check_upload, read_image, read_npz

GOOD = {
    "x_train": np.arange(5 * 6 * 7, dtype=np.uint8).reshape(5, 6, 7),
    "y_train": np.array([0, 1, 2, 1, 0]),
    "x_test": np.full((2, 6, 7), 9, dtype=np.uint8),
    "y_test": np.array([2, 0], dtype=np.uint8),
}


def npz_bytes(*, compressed: bool = True, **changes: object) -> bytes:
    """GOOD as a file, with other arrays (None: without) or with members of raw bytes."""
    arrays = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for key, value in arrays.items():
            archive.writestr(f"{key}.npy", value if isinstance(value, bytes) else npy(value))
    return buffer.getvalue()


def npy(array: object) -> bytes:
    """The bytes of an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def header(shape: object, descr: object = "|u1") -> bytes:
    """Only the header of an .npy file, claiming whatever it is told to."""
    text = repr({"descr": descr, "fortran_order": False, "shape": shape})
    body = text.encode() + b" " * ((-11 - len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


def claiming(data: bytes, sizes: Mapping[str, int]) -> bytes:
    """The archive with other unpacked sizes in its table of contents."""
    out = bytearray(data)
    at = out.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", out, at + 28)[0]
        name = out[at + 46 : at + 46 + length].decode().removesuffix(".npy")
        if name in sizes:
            struct.pack_into("<L", out, at + 24, sizes[name])
        at = out.find(b"PK\x01\x02", at + 46)
    return bytes(out)


def refused(data: bytes, message: str) -> None:
    """`read_npz` refuses the upload with this message, quickly and without memory."""
    tracemalloc.start()
    try:
        started = time.perf_counter()
        with pytest.raises(ValueError, match=message):
            read_npz(data)
        assert time.perf_counter() - started < 2.0
        assert tracemalloc.get_traced_memory()[1] < 16e6
    finally:
        tracemalloc.stop()


# ---- .npz: what is accepted ---------------------------------------------------------------------


@pytest.mark.parametrize("compressed", [True, False])
def test_a_good_file_comes_back_exactly(compressed):
    train, test = read_npz(npz_bytes(compressed=compressed))
    assert np.array_equal(train.images, GOOD["x_train"])
    assert np.array_equal(test.images, GOOD["x_test"])
    assert train.labels.tolist() == [0, 1, 2, 1, 0] and test.labels.tolist() == [2, 0]
    assert train.labels.dtype == test.labels.dtype == np.int64
    assert train.class_names == test.class_names == ("0", "1", "2")
    assert (train.split, test.split, train.name) == ("train", "test", "upload")
    assert not train.images.flags.writeable


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
def test_floats_of_0_to_1_become_bytes(dtype):
    levels = np.linspace(0, 1, 256).reshape(1, 16, 16)
    x = levels.astype(dtype)
    train, _ = read_npz(npz_bytes(x_train=x, y_train=[0], x_test=x, y_test=[0]))
    # A half has 11 bits: at most one level off; the others are exact.
    error = abs(train.images[0].reshape(-1).astype(int) - np.arange(256))
    assert error.max() <= (1 if dtype == "<f2" else 0)


def test_fortran_order_and_arrays_longer_than_a_chunk_come_back_exactly(monkeypatch):
    monkeypatch.setattr(npz, "_CHUNK", 64)
    x = np.asfortranarray(GOOD["x_train"])
    assert np.array_equal(read_npz(npz_bytes(x_train=x))[0].images, GOOD["x_train"])
    wide = np.asfortranarray(GOOD["x_train"] / 255.0)
    assert np.array_equal(read_npz(npz_bytes(x_train=wide))[0].images, GOOD["x_train"])


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_file_by_its_path_loads_by_name_and_is_read_anew_when_it_changes(write, tmp_path):
    path = tmp_path / "mine.npz"
    write(path, **GOOD)
    train = datasets.load(str(path))
    assert np.array_equal(train.images, GOOD["x_train"]) and "mine.npz" in train.source
    assert datasets.load(str(path)) is train
    write(path, **{**GOOD, "x_train": GOOD["x_train"][:4], "y_train": GOOD["y_train"][:4]})
    assert len(datasets.load(str(path)).labels) == 4
    assert datasets.load(str(path), "test").labels.tolist() == [2, 0]


def test_a_path_has_no_upload_limit_but_that_of_unpacking(monkeypatch, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, **GOOD)
    monkeypatch.setitem(files.UPLOAD_LIMITS_MB, "npz", 0)
    assert len(read_npz(path)[0].labels) == 5
    with pytest.raises(ValueError, match="npz uploads must be <= 0 MB"):
        read_npz(path.read_bytes())
    monkeypatch.setattr(npz, "LOCAL", npz.Limits(unpacked=700, pixels=10**9))
    with pytest.raises(ValueError, match="must unpack to <= 0 MiB"):
        read_npz(path)


# ---- .npz: what is refused ----------------------------------------------------------------------


def test_a_huge_header_in_a_tiny_file_is_refused():
    data = npz_bytes(x_train=header((3, 100_000, 100_000)))
    assert len(data) < 2000
    refused(data, r"x_train must be 4\.\.256 pixels high and wide, got shape \(3, 100000, 100000\)")
    refused(npz_bytes(x_train=header((10**9, 28, 28))), r"x_train must have 1\.\.200000 entries")
    # A shape within the limits, but nothing behind it.
    data = npz_bytes(x_train=header((100_000, 28, 28)))
    refused(data, "x_train in the npz file is damaged: its header declares")


def test_a_zip_bomb_is_refused_by_its_declared_size():
    shape = (20_000, 256, 256)
    head = header(shape)
    n_bytes = len(head) + 20_000 * 256 * 256  # 1.3 GB, in header and table of contents alike
    data = claiming(
        npz_bytes(
            x_train=head,
            y_train=np.zeros(20_000, int),
            x_test=np.zeros((2, 256, 256), np.uint8),
        ),
        {"x_train": n_bytes},
    )
    refused(data, r"must unpack to <= 512 MiB, got 1250 MiB")


def test_an_upload_of_too_many_pixels_is_refused_even_if_it_unpacks():
    head = header((3000, 256, 256))
    data = claiming(
        npz_bytes(
            x_train=head,
            y_train=np.zeros(3000, int),
            x_test=np.zeros((2, 256, 256), np.uint8),
        ),
        {"x_train": len(head) + 3000 * 256 * 256},
    )
    refused(data, "must have <= 134 million pixels in all, got 197 million; larger files go")


def test_a_member_longer_than_its_header_says_is_refused():
    bomb = header((5, 6, 7)) + bytes(100_000_000)  # a hundred kilobytes once packed
    data = npz_bytes(x_train=bomb)
    assert len(data) < 200_000
    refused(data, "x_train in the npz file is damaged: its header declares")
    # The same with a table of contents that lies to match the header.
    honest = len(header((5, 6, 7))) + 5 * 6 * 7
    refused(claiming(data, {"x_train": honest}), "the npz file is damaged: Bad CRC-32")


def test_a_header_of_many_megabytes_is_not_read():
    text = b"{" + b" " * 50_000_000
    member = b"\x93NUMPY\x02\x00" + struct.pack("<L", len(text)) + text
    refused(npz_bytes(x_train=member), "x_train in the npz file is not a plain array")


def test_too_many_members_are_refused_before_they_are_listed():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for k in range(3000):
            archive.writestr(f"{k}.npy", b"")
    refused(buffer.getvalue(), r"must have <= 16 members, got 3000")
    # A record that claims few of them does not help: the table itself is too long.
    data = bytearray(buffer.getvalue())
    struct.pack_into("<HH", data, len(data) - 14, 4, 4)
    refused(bytes(data), r"must have <= 16 members, got 4 in a table of \d{6} bytes")


def test_other_ways_of_packing_which_unpack_without_a_limit_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        for key in GOOD:
            archive.writestr(f"{key}.npy", header((5, 6, 7)) + bytes(20_000_000))
    refused(buffer.getvalue(), "x_train in the npz file is packed in a way numpy never does")


def test_pickled_objects_are_never_loaded():
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("the file was unpickled",))

    buffer = io.BytesIO()
    np.savez(buffer, **{**GOOD, "y_train": np.array([Bomb()] * 5, dtype=object)})
    refused(buffer.getvalue(), "y_train must hold plain numbers, got dtype object")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None, "x_test": None}, "lacks x_test, y_test; write it with numpy.savez"),
        ({"x_train": GOOD["x_train"][0]}, r"x_train must be \[n, h, w\], got shape \(6, 7\)"),
        ({"x_train": GOOD["x_train"][..., None]}, r"x_train must be \[n, h, w\]"),
        ({"x_train": np.zeros((5, 3, 7), np.uint8)}, r"x_train must be 4\.\.256 pixels"),
        ({"x_train": np.zeros((5, 6, 257), np.uint8)}, r"x_train must be 4\.\.256 pixels"),
        ({"x_train": np.zeros((0, 6, 7), np.uint8)}, r"x_train must have 1\.\.200000 entries"),
        ({"x_train": header((-5, 6, 7))}, r"x_train must have 1\.\.200000 entries, got -5"),
        ({"x_train": header((5, -6, 7))}, r"got shape \(5, -6, 7\)"),
        ({"x_train": header((5, -6, -7)) + bytes(210)}, r"got shape \(5, -6, -7\)"),
        ({"x_test": np.zeros((2, 7, 6), np.uint8)}, r"x_test must have pictures of \(6, 7\)"),
        ({"x_train": np.full((5, 6, 7), np.nan)}, r"x_train must be in 0\.\.1 .*, got nan"),
        ({"x_train": np.full((5, 6, 7), np.inf)}, r"x_train must be in 0\.\.1 .*, got inf"),
        ({"x_train": np.full((5, 6, 7), 1.01)}, r"x_train must be in 0\.\.1 .*, got 1\.01"),
        ({"x_train": np.full((5, 6, 7), -0.5)}, r"x_train must be in 0\.\.1 .*, got -0\.5"),
        ({"x_train": np.zeros((5, 6, 7), np.int32)}, r"x_train must be uint8 or floats"),
        ({"x_train": np.zeros((5, 6, 7), complex)}, "x_train must hold plain numbers"),
        ({"x_train": np.zeros((5, 6, 7), np.longdouble)}, "x_train must hold plain numbers"),
        ({"y_train": GOOD["y_train"][:4]}, r"y_train must be as long as x_train \(5\), got 4"),
        ({"y_train": GOOD["y_train"][None]}, r"y_train must be \[n\]"),
        ({"y_train": GOOD["y_train"] * 1.0}, "y_train must be whole numbers, got float64"),
        ({"y_train": GOOD["y_train"] - 1}, r"y_train must be in 0\.\.999, got -1"),
        ({"y_test": np.array([0, 1000])}, r"y_test must be in 0\.\.999, got 1000"),
        ({"y_test": np.array([0, 2**64 - 1], np.uint64)}, r"y_test must be in 0\.\.999, got 1844"),
        ({"y_test": b""}, "y_test in the npz file is not a plain array"),
        ({"y_test": b"some text that is no array"}, "y_test in the npz file is not a plain array"),
        ({"y_test": header((2,), "<i8")[:40]}, "y_test in the npz file is not a plain array"),
        ({"y_test": header("2")}, "y_test in the npz file is not a plain array"),
        ({"y_test": header((2,), "<no")}, "y_test in the npz file is not a plain array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(changes, message):
    refused(npz_bytes(**changes), message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the npz file is empty"),
        (b"x", "not an npz file, or it is cut off"),
        (b"label,x1,x2\n" * 100, "not an npz file, or it is cut off"),
        (npz_bytes()[:-30], "not an npz file, or it is cut off"),
        (npz_bytes()[400:], "the npz file is damaged: its parts are not where its table says"),
        (npz_bytes()[-100:], "the npz file is damaged: its parts are not where its table says"),
    ],
    # An archive carries its time: as part of a test's name it would differ between two workers.
    ids=["empty", "one byte", "text", "cut off", "no head", "tail only"],
)
def test_what_is_no_whole_archive_is_refused(data, message, tmp_path):
    refused(data, message)
    path = tmp_path / "mine.npz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        datasets.load(str(path))


def test_a_name_that_is_no_text_is_damage():
    data = bytearray(npz_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 9] |= 0x08  # "the name is UTF-8"
    data[at + 46] = 0xFF
    refused(bytes(data), "the npz file is damaged: 'utf-8' codec can't decode")


def test_missing_files_and_folders_are_refused(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(ValueError, match=r"cannot read .*: there is no such file"):
            read_npz(path)
    with pytest.raises(ValueError, match=r"cannot read .*none\.npz: No such file"):
        datasets.load(str(tmp_path / "none.npz"))


def test_no_damage_escapes_as_another_error():
    chance = random.Random(0)
    for compressed in (True, False):
        data = npz_bytes(compressed=compressed)
        outcomes = set()
        for _ in range(600):
            broken = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            try:
                read_npz(bytes(broken))
                outcomes.add("read")
            except ValueError:
                outcomes.add("refused")
        assert "refused" in outcomes


# ---- uploads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("picture", 10), ("csv", 10), ("sound", 10), ("npz", 64), ("checkpoint", 64)],
)
def test_uploads_are_limited_by_kind(kind, limit):
    check_upload(kind, limit * 10**6)
    message = rf"{kind} uploads must be <= {limit} MB, got {limit}\.1 MB; .* command line"
    with pytest.raises(ValueError, match=message):
        check_upload(kind, limit * 10**6 + 1)
    for size in (0, -1):
        with pytest.raises(ValueError, match=f"the {kind} file is empty"):
            check_upload(kind, size)


def test_unknown_kinds_of_upload_are_refused():
    with pytest.raises(ValueError, match="kind must be one of picture, csv, sound"):
        check_upload("video", 5)  # type: ignore[arg-type]


def test_the_limits_hold_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZipFile", None)
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(ValueError, match=r"npz uploads must be <= 64 MB, got 64\.1 MB"):
        read_npz(bytes(64 * 10**6 + 1))
    with pytest.raises(ValueError, match="picture uploads must be <= 10 MB"):
        read_image(bytes(10**7 + 1))


# ---- pictures -----------------------------------------------------------------------------------


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(mode: str = "L") -> Image.Image:
    """16×12 pixels, brighter to the right."""
    grey = np.tile(np.arange(16, dtype=np.uint8) * 17, (12, 1))
    return Image.fromarray(grey).convert(mode)


def test_grey_and_colour_pictures_are_read_exactly():
    grey = read_image(encoded(gradient()))
    assert grey.dtype == np.uint8 and grey.shape == (12, 16)
    assert np.array_equal(grey, np.asarray(gradient()))
    colour = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
    assert np.array_equal(read_image(encoded(Image.fromarray(colour))), colour)
    assert read_image(encoded(gradient("RGB"), "JPEG")).shape == (12, 16, 3)
    assert read_image(encoded(gradient(), "JPEG")).shape == (12, 16)
    grey[0, 0] = 1  # the caller's own


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA"])
def test_other_kinds_of_png_become_grey_or_colour(mode):
    pixels = read_image(encoded(gradient(mode)))
    expected = np.asarray(gradient(mode).convert("L" if mode in ("1", "LA") else "RGB"))
    assert np.array_equal(pixels, expected)


def test_16_bit_grey_keeps_its_upper_bits():
    values = np.array([[0, 255, 256, 32768, 65535]] * 4, dtype=np.uint16)
    assert read_image(encoded(Image.fromarray(values)))[0].tolist() == [0, 0, 1, 128, 255]


def test_transparent_pixels_lie_on_white():
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (read_image(encoded(clear)) == 255).all()
    half = Image.new("LA", (4, 4), (0, 128))
    assert (abs(read_image(encoded(half)).astype(int) - 127) <= 1).all()


def test_a_turned_photograph_is_set_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to show
    pixels = read_image(encoded(gradient(), "JPEG", exif=exif))
    assert pixels.shape == (16, 12)
    assert pixels[0].mean() < 20 < 230 < pixels[-1].mean()  # dark left is now the top


@pytest.mark.parametrize(
    "side",
    [
        pytest.param(4001, id="above the limit"),
        pytest.param(13_000, id="169 megapixels"),
    ],
)
def test_a_png_of_too_many_pixels_is_refused_undecoded(side, monkeypatch):
    data = encoded(Image.new("1", (side, side)))
    assert len(data) < 200_000
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(ValueError, match=rf"<= 16 million pixels .*, got {side}×{side}"):
        read_image(data)


@pytest.mark.parametrize("side", [13_000, 20_000, 2**31 - 1])
def test_pillows_own_alarms_are_clear_errors_too(side):
    # On its own it warns (an error in these tests) above 89 megapixels and refuses above 179.
    data = bytearray(encoded(gradient()))
    struct.pack_into(">LL", data, 16, side, side)
    struct.pack_into(">L", data, 29, zlib.crc32(data[12:29]))
    with pytest.raises(ValueError, match=r"<= 16 million pixels .*, got"):
        read_image(bytes(data))


def test_the_largest_picture_is_read():
    assert read_image(encoded(Image.new("L", (4000, 4000), 7))).shape == (4000, 4000)


@pytest.mark.parametrize(
    "data",
    [
        b"only text, renamed to .png",
        b"%PDF-1.7 " + bytes(100),
        encoded(gradient("RGB"), "BMP"),
        encoded(gradient("P"), "GIF"),
        encoded(gradient(), "TIFF"),
    ],
)
def test_the_content_decides_not_the_name(data):
    with pytest.raises(ValueError, match="must be a PNG or JPEG file, and this file is neither"):
        read_image(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_cut_off_is_refused(kind, part):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ValueError, match="the picture is damaged"):
        read_image(data[: int(len(data) * part)])


def test_an_empty_picture_file_is_refused():
    with pytest.raises(ValueError, match="the picture file is empty"):
        read_image(b"")


@pytest.mark.filterwarnings("ignore")  # Pillow also grumbles about some of the damage
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_no_damage_of_a_picture_escapes_as_another_error(kind):
    chance = random.Random(1)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(gradient("RGB"), kind, exif=exif)
    outcomes = set()
    for _ in range(800):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(3, len(broken))] = chance.randrange(256)
        try:
            read_image(bytes(broken))
            outcomes.add("read")
        except ValueError:
            outcomes.add("refused")
    assert "refused" in outcomes
