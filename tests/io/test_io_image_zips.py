"""Zips of images: read from the zip as a folder is, and no claim of theirs is believed."""

import struct
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures import zips
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.pictures.placeholder import placeholder

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def png(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (6, 4)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(path: Path, packed: int = zipfile.ZIP_DEFLATED, **files: bytes) -> Path:
    """Keyword names cannot have dots and slashes: `__` stands for /, `_` for a dot."""
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return path


def opened(path: Path) -> LazyImages:
    data = open_data(str(path))
    assert isinstance(data, LazyImages)
    return data


def labels(data: LazyImages, column: str = "label") -> list[str]:
    return [data.columns[column].text(row) for row in range(len(data))]


def test_subfolders_are_labels_and_pictures_come_by_number(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "set.zip",
        cat__i10_png=png(RED), cat__i2_png=png(GREEN), dog__i1_png=png(BLUE),
        cow__x_png=b"", readme_md=b"hello",
    )  # fmt: skip
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/cat/i2.png", b"resource fork")
        archive.writestr("cat/._i2.png", b"resource fork")
    data = opened(path)
    assert labels(data) == ["cat", "cat", "cow", "dog"]
    assert labels(data, "file") == ["cat/i2.png", "cat/i10.png", "cow/x.png", "dog/i1.png"]
    assert labels(data, "broken") == ["", "", "empty", ""]
    shown = data.images(np.array([3, 0, 1, 0]))
    assert shown[:, 0, 0].tolist() == [list(BLUE), list(GREEN), list(RED), list(GREEN)]
    report = inspect_path(path)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "zip", 4)
    assert report["notes"] == list(data.notes)
    assert is_here(str(path))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("set/cat/1.png", "set/dog/1.png"), ["cat", "dog"]),
        (("a/b/cat/1.png", "a/b/dog/1.png"), ["cat", "dog"]),
        (("cat/1.png", "cat/2.png"), ["cat", "cat"]),
        (("set\\cat\\1.png", "set\\dog\\1.png"), ["cat", "dog"]),
    ],
)
def test_one_folder_around_everything_is_no_label(
    tmp_path: Path, names: tuple[str, str], expected: list[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, png())
    assert labels(opened(tmp_path / "a.zip")) == expected


@pytest.mark.parametrize("around", ["", "set/"])
def test_a_table_inside_gives_order_and_columns(tmp_path: Path, around: str) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{around}images/a.png", png(RED))
        archive.writestr(f"{around}images/b.png", png(BLUE))
        archive.writestr(f"{around}images/c.png", png(BLUE))
        archive.writestr(f"{around}labels.csv", "file,size\nimages/b.png,3\nimages/a.png,4\n")
    data = opened(path)
    assert labels(data, "size") == ["3", "4"]
    assert data.images(np.array([0, 1]))[:, 0, 0].tolist() == [list(BLUE), list(RED)]
    assert data.notes == (
        "Images that labels.csv does not name are left out: 1, such as “images/c.png”.",
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{around}index.csv", "file\nimages/none.png\n")
    with pytest.raises(UserError, match=r"several tables \(index\.csv, labels\.csv\)"):
        opened(path)


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "C:\\x.png"])
def test_a_table_inside_may_not_name_what_lies_outside(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", a_png=png(), labels_csv=f"file\n{name}\n".encode())
    with pytest.raises(UnsafeFileError, match="line 2 names"):
        opened(path)
    assert inspect_path(path)["safe"] is False
    path = zipped(tmp_path / "a.zip", a_png=png(), labels_csv=b"file\nb.png\n")
    with pytest.raises(UserError, match=r"names files that .* does not have \(1, first “b\.png”"):
        opened(path)


def test_a_wrong_checksum_is_a_broken_row(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", zipfile.ZIP_STORED, a_png=png(RED), b_png=png(BLUE))
    whole = path.read_bytes()
    # In the middle of b.png; the PNG's own checksum would not be looked at.
    at = whole.index(b"IDAT", whole.index(b"b.png")) + 6
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    data = opened(path)
    assert labels(data, "broken") == ["", "damaged"]
    np.testing.assert_array_equal(data.images(np.array([1]))[0], placeholder(data.image))


def test_an_encrypted_zip_names_the_entry(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a_png=png())
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"“a\.png” is encrypted; unpack it first"):
        opened(path)
    assert inspect_path(path)["usable"] is False


def test_entries_that_claim_less_or_more_than_they_hold_are_broken_rows(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a_png=png(), z_png=bytes(8 << 20))
    content = bytearray(path.read_bytes())
    for claimed in (10, 9 << 20):
        at = content.rindex(b"PK\x01\x02") + 24
        content[at : at + 4] = struct.pack("<I", claimed)
        path.write_bytes(content)
        assert labels(opened(path), "broken") == ["", "damaged"]


def test_an_entry_that_is_too_large_is_a_broken_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", zipfile.ZIP_STORED, a_png=png(), b_png=bytes(2000))
    monkeypatch.setattr(zips, "_LARGEST_PICTURE", 1000)
    assert labels(opened(path), "broken") == ["", "too large"]


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a_png=png(), b_png=png(), c_png=png())
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 0xFFFF_FFF0)
    path.write_bytes(content)
    with pytest.raises(UnsafeFileError, match="would unpack to"):
        opened(path)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_in_bounds_is_not_unpacked(tmp_path: Path, packed: int) -> None:
    path = zipped(tmp_path / "a.zip", packed, a_png=png())
    with pytest.raises(UserError, match=r"“a\.png” is packed in an unusual way"):
        opened(path)


def test_zips_of_other_things_and_no_zips(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", notes_txt=b"x")
    with pytest.raises(UserError, match="no data set in it"):
        opened(path)
    assert inspect_path(path)["kind"] == "unknown"
    for content in (b"", b"PK\x03\x04 nothing", b"hello"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"a\.zip is no zip or is damaged"):
            opened(path)
        assert inspect_path(path)["usable"] is False
    with pytest.raises(UserError, match="no part “test”"):
        open_data(f"{zipped(path, a_png=png())}:test")


WHOLE = BytesIO()
with zipfile.ZipFile(WHOLE, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("x/a.png", png())
    _archive.writestr("x/b.png", png(BLUE))
    _archive.writestr("labels.csv", "file,label\nx/a.png,1\nx/b.png,2\n")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    part=st.floats(0, 0.999),
    flip=st.integers(0, 255),
    more=st.lists(st.integers(0, 999), max_size=3),
)
def test_a_zip_broken_anywhere_is_read_or_refused(
    tmp_path: Path, part: float, flip: int, more: list[int]
) -> None:
    content = bytearray(WHOLE.getvalue())
    for place in (int(len(content) * part), *(m % len(content) for m in more)):
        content[place] ^= flip
    path = tmp_path / "a.zip"
    path.write_bytes(content if flip else content[: int(len(content) * part)])
    with suppress(UserError):
        data = open_data(str(path))
        assert data.images(np.arange(len(data))).shape[1:] == (
            data.image.height, data.image.width, data.image.channels,
        )  # fmt: skip
        assert isinstance(data.image, ImageShape)
