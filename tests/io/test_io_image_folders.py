"""Folders of image files: in order, in one size, and every fault named in one sentence."""

import struct
import warnings
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.image_files import read_facts, read_image
from latentviewer.io.image_folders import FolderPictures
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures import lazy
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.pictures.placeholder import placeholder

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(
    path: Path, colour: tuple[int, ...] | int = RED, size: tuple[int, int] = (6, 4),
    mode: str = "RGB",
) -> Path:  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def opened(place: Path) -> LazyImages:
    data = open_data(str(place))
    assert isinstance(data, LazyImages)
    return data


def files_of(data: LazyImages) -> tuple[str, ...]:
    assert isinstance(data.source, FolderPictures)
    return data.source.files


def everything(data: DataSet) -> NDArray[np.uint8]:
    return data.images(np.arange(len(data)))


def refused(place: Path, words: str) -> str:
    with pytest.raises(UserError, match=words) as caught:
        everything(open_data(str(place)))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(place.parent if place.is_file() else place) in sentence
    return sentence


def test_a_table_gives_the_order_and_the_columns(tmp_path: Path) -> None:
    for name, colour in (("a.png", RED), ("b.bmp", GREEN), ("sub/c.png", BLUE)):
        picture(tmp_path / name, colour)
    (tmp_path / "labels.csv").write_text(
        "label,file name,size\nlast,sub\\c.png,3\nfirst,./a.png,1.5\nfirst,b.bmp,\n", "utf-8"
    )
    data = opened(tmp_path)
    assert (len(data), data.image, data.notes) == (3, ImageShape(4, 6, 3), ())
    assert everything(data)[:, 1, 2].tolist() == [list(BLUE), list(RED), list(GREEN)]
    assert data.images(np.array([2, 0, 0]))[:, 0, 0].tolist() == [
        list(GREEN), list(BLUE), list(BLUE),
    ]  # fmt: skip
    assert data.images(np.array([], np.int64)).shape == (0, 4, 6, 3)
    assert isinstance(data.columns["label"], Categories)
    assert [data.columns["label"].text(row) for row in range(3)] == ["last", "first", "first"]
    assert isinstance(data.columns["size"], Numbers)
    for row in (-1, 3):
        with pytest.raises(IndexError, match="rows 0 to 2"):
            data.images(np.array([row]))
    assert is_here(str(tmp_path))


def test_without_a_table_files_come_by_number_and_subfolders_are_labels(tmp_path: Path) -> None:
    for name in ("cat/img10.png", "cat/img2.png", "dog/img1.png", ".hidden/x.png"):
        picture(tmp_path / name)
    (tmp_path / "README.md").write_text("nothing", "utf-8")
    data = opened(tmp_path)
    assert files_of(data) == ("cat/img2.png", "cat/img10.png", "dog/img1.png")
    label = data.columns["label"]
    assert isinstance(label, Categories)
    assert (label.names, label.codes.tolist()) == (("cat", "dog"), [0, 0, 1])
    picture(tmp_path / "a/b/c/d/e/too_deep.png")
    assert len(opened(tmp_path)) == 3
    picture(tmp_path / "a/b/c/d/deep.png")
    assert len(opened(tmp_path)) == 4
    picture(tmp_path / "top.png")
    assert list(opened(tmp_path).columns) == ["file"]


def test_sizes_that_differ_become_one_and_a_note_says_so(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", RED, (8, 8))
    picture(tmp_path / "b.png", RED, (8, 8))
    picture(tmp_path / "c.png", BLUE, (32, 16))
    data = opened(tmp_path)
    assert data.image == ImageShape(8, 8, 3)
    assert len(data.notes) == 1
    assert "2 sizes, from 8 x 8 to 32 x 16 pixels; each is fitted into 8 x 8" in data.notes[0]
    fitted = everything(data)[2]
    # As a whole in the middle, white above and below.
    assert (fitted[2:6] == BLUE).all()
    assert (fitted[[0, 1, 6, 7]] == 255).all()
    report = inspect_path(tmp_path)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "images", 3)
    assert report["notes"] == list(data.notes)
    assert report["image"] == {"height": 8, "width": 8, "channels": 3}


def test_large_images_are_made_smaller_and_equal_ones_are_not_touched(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", RED, (512, 128))
    data = opened(tmp_path)
    assert data.image == ImageShape(64, 256, 3)
    assert data.notes == ("The images of 512 x 128 pixels are made smaller, 256 x 64.",)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(everything(opened(tmp_path))[0], pixels)
    assert opened(tmp_path).notes == ()


def test_transparent_places_are_white_and_grey_stays_grey(tmp_path: Path) -> None:
    half = Image.new("RGBA", (2, 1), (200, 0, 100, 128))
    half.putpixel((1, 0), (9, 9, 9, 0))
    half.save(tmp_path / "a.png")
    np.testing.assert_allclose(
        everything(opened(tmp_path))[0, 0], [[227, 127, 177], [255, 255, 255]], atol=1
    )
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "a.png", transparency=1)
    assert everything(opened(tmp_path))[0, 0].tolist() == [[10, 20, 30], [255, 255, 255]]
    (tmp_path / "a.png").unlink()
    picture(tmp_path / "b.png", 77, mode="L")
    picture(tmp_path / "c.png", 1, mode="1")
    Image.new("LA", (6, 4), (50, 0)).save(tmp_path / "d.png")
    Image.fromarray(np.full((4, 6), 0x8080, np.uint16)).save(tmp_path / "e.png")
    grey = opened(tmp_path)
    assert grey.image == ImageShape(4, 6, 1)
    assert everything(grey)[:, 0, 0, 0].tolist() == [77, 255, 255, 128]
    picture(tmp_path / "f.png")
    mixed = opened(tmp_path)
    assert mixed.image.channels == 3
    assert everything(mixed)[0, 0, 0].tolist() == [77, 77, 77]


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (16, 8), BLUE)
    image.paste(RED, (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    data = opened(tmp_path)
    assert data.image == ImageShape(16, 8, 3)
    np.testing.assert_allclose(everything(data)[0, [1, 14], 4], [RED, BLUE], atol=8)


def test_files_that_the_table_and_the_folder_do_not_share(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    table = tmp_path / "labels.csv"
    table.write_text("file,label\na.png,1\n", "utf-8")
    data = opened(tmp_path)
    assert len(data) == 1
    assert data.notes == ("Images that labels.csv does not name are left out: 1, such as “b.png”.",)
    table.write_text("file,label\na.png,1\nc.png,2\nd\0.png,3\n", "utf-8")
    said = refused(tmp_path, "names files that")
    assert "(2, first “c.png” (line 3))" in said
    table.write_text("file,label\na.png,1\n,2\n", "utf-8")
    refused(tmp_path, "line 3 names no file")


def test_rows_that_stand_there_twice(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png", BLUE)
    table = tmp_path / "labels.csv"
    table.write_text("file,label\na.png,1\na.png,1\nb.png,2\n", "utf-8")
    data = opened(tmp_path)
    assert files_of(data) == ("a.png", "b.png")
    assert [data.columns["label"].text(row) for row in range(2)] == ["1", "2"]
    assert data.notes == ("Rows of labels.csv that repeat an earlier one, left out: 1.",)
    table.write_text("file,label\na.png,1\nb.png,2\n./a.png,7\n", "utf-8")
    refused(tmp_path, "line 4 names “./a.png” as line 2 does, with other values")


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "..\\x.png", "/etc/x.png", "C:\\x.png", "\\\\s\\x.png"]
)
def test_a_table_may_not_name_what_lies_outside(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "x.png")
    folder = tmp_path / "set"
    picture(folder / "a.png")
    (folder / "labels.csv").write_text(f"file\na.png\n{name}\n", "utf-8")
    with pytest.raises(UnsafeFileError, match=r"line 3 names .* outside the table's folder"):
        open_data(str(folder))
    report = inspect_path(folder)
    assert (report["safe"], report["usable"]) == (False, False)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    picture(tmp_path / "x.png")
    folder = tmp_path / "set"
    picture(folder / "a.png")
    try:
        (folder / "b.png").symlink_to(tmp_path / "x.png")
        (folder / "c.png").symlink_to(folder / "a.png")
    except OSError:
        pytest.skip("no links here")
    assert files_of(opened(folder)) == ("a.png", "c.png")
    (folder / "labels.csv").write_text("file\na.png\nb.png\n", "utf-8")
    with pytest.raises(UnsafeFileError, match=r"“b\.png”"):
        open_data(str(folder))


def test_several_tables_and_tables_of_other_things(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "config.json").write_text('{"seed": 3}', "utf-8")
    data = opened(tmp_path)
    assert data.notes == ("config.json is not a table that names images; it is left out.",)
    (tmp_path / "config.json").unlink()
    (tmp_path / "one.csv").write_text("what\n3\n", "utf-8")
    refused(tmp_path, "does not say which image a row is about .*what.*file_name")
    (tmp_path / "two.csv").write_text("what,n\na.png,5\n", "utf-8")
    refused(tmp_path, r"several tables \(one\.csv, two\.csv\)")
    assert opened(tmp_path / "two.csv").columns["n"].text(0) == "5"
    assert inspect_path(tmp_path / "two.csv")["rows"] == 1
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "n": 6}', "utf-8")
    assert opened(tmp_path).columns["n"].text(0) == "6"
    (tmp_path / "metadata.jsonl").write_bytes(b'{"file_name": "\xff"}')
    refused(tmp_path, "not UTF-8")


def test_an_empty_folder_and_no_place_at_all(tmp_path: Path) -> None:
    refused(tmp_path, "no data set in it")
    assert inspect_path(tmp_path)["usable"] is False
    assert not is_here(str(tmp_path))
    with pytest.raises(UserError, match="There is no data set"):
        open_data(str(tmp_path / "none"))
    picture(tmp_path / "a.png")
    with pytest.raises(UserError, match="no part “test”"):
        open_data(f"{tmp_path}:test")


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size and whose pixels are missing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(99)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [100_000, 10_000])
def test_an_image_that_would_fill_the_memory_is_refused(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of(side, side))
    said = refused(tmp_path, "bomb.png has more than 89,478,485 pixels")
    assert inspect_path(tmp_path)["why"] == said
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert refused(tmp_path, "bomb.png has more than") == said


def test_a_broken_image_is_a_row_marked_broken(tmp_path: Path) -> None:
    whole = picture(tmp_path / "a.png", size=(64, 64)).read_bytes()
    assert "broken" not in opened(tmp_path).columns
    broken = tmp_path / "b.png"
    for content, why in (
        (b"", "empty"),
        (b"hello", "damaged"),
        (whole[:20], "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "damaged"),
        # The header is whole, only the pixels are cut short.
        (whole[: len(whole) // 2], "damaged"),
        (png_of(100_000, 100_000), "too large"),
    ):
        broken.write_bytes(content)
        data = opened(tmp_path)
        assert [data.columns["broken"].text(row) for row in range(2)] == ["", why]
        assert data.notes == (
            f"Images that cannot be read: 1 (1 {why}); they show as a grey cross, and the column "
            "“broken” names them.",
        )
        assert data.image == ImageShape(64, 64, 3)
        shown = everything(data)
        assert (shown[0] == RED).all()
        np.testing.assert_array_equal(shown[1], placeholder(data.image))
    # Whole, but of a format that is not asked for.
    Image.new("RGB", (4, 4)).save(broken, "PCX")
    assert opened(tmp_path).columns["broken"].text(1) == "damaged"
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "f.tif")
    data = opened(tmp_path)
    assert data.columns["broken"].text(2) == "not 0 to 255"
    assert "cannot be read: 2 (1 damaged, 1 not 0 to 255)" in data.notes[0]
    (tmp_path / "a.png").unlink()
    said = refused(tmp_path, "none of the 2 pictures looked into can be read; .*b.png is damaged")
    assert inspect_path(tmp_path)["why"] == said


def test_a_column_of_that_name_in_the_table_stays(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("file,broken\na.png,yes\nb.png,no\n", "utf-8")
    data = opened(tmp_path)
    assert [data.columns["broken"].text(row) for row in range(2)] == ["yes", "no"]
    assert [data.columns["broken (2)"].text(row) for row in range(2)] == ["", "empty"]


def test_files_that_vanish_or_change_later_show_as_a_cross(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    later = picture(tmp_path / "b.png")
    data = opened(tmp_path)
    whole = later.read_bytes()
    later.unlink()
    np.testing.assert_array_equal(data.images(np.array([1]))[0], placeholder(data.image))
    later.mkdir()
    np.testing.assert_array_equal(data.images(np.array([1, 0]))[0], placeholder(data.image))
    later.rmdir()
    later.write_bytes(whole)
    assert (everything(data) == RED).all()


def test_the_cross_is_seen_in_every_shape() -> None:
    for shape in (ImageShape(1, 1, 1), ImageShape(2, 7, 3), ImageShape(256, 64, 1)):
        cross = placeholder(shape)
        assert cross.shape == (shape.height, shape.width, shape.channels)
        assert cross[0, 0, 0] == (192 if min(cross.shape[:2]) > 2 or cross.size == 1 else 128)
    assert set(np.unique(placeholder(ImageShape(64, 64, 3)))) == {128, 192}


def test_of_many_images_some_are_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy, "MOST_LOOKED_INTO", 9)
    monkeypatch.setattr(lazy, "SAMPLE", 4)
    for number in range(10):
        picture(tmp_path / f"{number}.png", 9, mode="L")
    picture(tmp_path / "1.png", RED, (80, 90))
    (tmp_path / "4.png").write_bytes(b"")
    (tmp_path / "9.png").write_bytes(b"")
    data = opened(tmp_path)
    assert (len(data), data.image) == (10, ImageShape(4, 6, 1))
    assert data.notes[0].startswith("Of the 10 images 4, spread evenly, were looked into")
    # 4 was not looked into, and shows as a cross all the same.
    assert [data.columns["broken"].text(row) for row in (4, 9)] == ["", "empty"]
    shown = everything(data)
    np.testing.assert_array_equal(shown[4], placeholder(data.image))
    assert shown[[0, 2, 3, 8], 0, 0, 0].tolist() == [9] * 4
    monkeypatch.setattr(lazy, "MOST_LOOKED_INTO", 10)
    assert opened(tmp_path).image.channels == 3


def test_a_large_photograph_is_read_like_a_small_one(tmp_path: Path) -> None:
    image = Image.new("RGB", (2048, 1024), BLUE)
    image.paste(RED, (0, 0, 1024, 1024))
    image.save(tmp_path / "a.jpg", quality=95)
    data = opened(tmp_path)
    assert data.image == ImageShape(128, 256, 3)
    shown = everything(data)[0]
    np.testing.assert_allclose(shown[64, [10, 246]], [RED, BLUE], atol=8)


def contents() -> list[bytes]:
    image = Image.effect_noise((9, 7), 60).convert("RGB")
    written = []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "PPM"):
        buffer = BytesIO()
        image.save(buffer, kind)
        written.append(buffer.getvalue())
    return written


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole=st.sampled_from(contents()), part=st.floats(0, 0.999), flip=st.integers(0, 255))
def test_an_image_broken_anywhere_is_read_or_refused(
    tmp_path: Path, whole: bytes, part: float, flip: int
) -> None:
    content = bytearray(whole)
    place = int(len(content) * part)
    content[place] ^= flip
    path = tmp_path / "a.img"
    path.write_bytes(content if flip else content[:place])
    with suppress(UserError):
        read_facts(path)
        assert read_image(path, ImageShape(4, 4, 3)).shape == (4, 4, 3)
