"""Pictures and factors in .npz files: whole, in order, bounded, and never unpickled."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io import image_arrays
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.factors import FactorData
from latentviewer.io.image_data import ImageData
from latentviewer.io.inspecting import inspect_data_set, inspect_path
from latentviewer.io.packed_images import PackedImages

SIZES = (1, 3, 2, 4, 2, 2)
COUNT = 96


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def sprites(path: Path, **more: Any) -> dict[str, NDArray[Any]]:
    """A small file in the layout of dSprites."""
    rng = np.random.default_rng(0)
    classes = np.stack(np.unravel_index(np.arange(COUNT), SIZES), axis=1)
    arrays = {
        "imgs": rng.integers(0, 2, (COUNT, 5, 7), np.uint8),
        "latents_classes": classes,
        "latents_values": 0.5 + classes * 0.25,
        **more,
    }
    np.savez_compressed(path, **arrays)
    return arrays


def everything(data: Any) -> NDArray[np.uint8]:
    return np.asarray(data.images(np.arange(len(data))))


def refused(path: Path, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        open_data(str(path))
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sprites_have_their_pictures_and_factors(tmp_path: Path) -> None:
    path, trap = tmp_path / "dsprites.npz", tmp_path / "trap"
    metadata = np.empty((), object)
    metadata[()] = Trap(trap)
    arrays = sprites(path, metadata=metadata)
    data = open_data(str(path))
    assert not trap.exists()
    assert isinstance(data, FactorData)
    assert isinstance(data, ImageData)
    assert (len(data), data.image, data.name) == (COUNT, ImageShape(5, 7, 1), str(path))
    np.testing.assert_array_equal(everything(data)[..., 0], arrays["imgs"] * 255)
    rows = np.array([95, 3, 3])
    np.testing.assert_array_equal(data.images(rows)[..., 0], arrays["imgs"][rows] * 255)
    assert data.images(np.array([], np.int64)).shape == (0, 5, 7, 1)
    # The colour is always the same, so that it is a column but no factor.
    assert list(data.columns) == ["color", "shape", "scale", "orientation", "posX", "posY"]
    assert data.factor_names == ("shape", "scale", "orientation", "posX", "posY")
    assert data.factor_sizes == SIZES[1:]
    np.testing.assert_array_equal(data.factors_of(rows), arrays["latents_classes"][rows, 1:])
    shape, turn = data.columns["shape"], data.columns["orientation"]
    assert isinstance(shape, Categories)
    assert [shape.text(row) for row in (0, 32, 95)] == ["square", "ellipse", "heart"]
    assert isinstance(turn, Numbers)
    np.testing.assert_array_equal(turn.values, arrays["latents_values"][:, 3])
    assert len(data.notes) == 1
    assert "pickle" in data.notes[0]
    for outside in (-1, COUNT):
        with pytest.raises(IndexError, match="rows 0 to 95"):
            data.images(np.array([outside]))
        with pytest.raises(IndexError, match="rows 0 to 95"):
            data.factors_of(np.array([outside]))
    assert inspect_path(path)["notes"] == list(data.notes)


def test_names_may_be_written_as_json(tmp_path: Path) -> None:
    names = ["hue", "shape", "size", "turn", "x", "y"]
    text = json.dumps({"latents_names": names, "shape_names": ["disc", "ring", "bar"]})
    sprites(tmp_path / "a.npz", metadata_json=np.array(text))
    data = open_data(str(tmp_path / "a.npz"))
    assert list(data.columns) == names
    assert data.columns["shape"].text(95) == "bar"
    for broken in ("{", "[]", json.dumps({"latents_names": names[1:]}), "[" * 100_000):
        sprites(tmp_path / "b.npz", metadata_json=np.array(broken))
        other = open_data(str(tmp_path / "b.npz"))
        assert isinstance(other, ImageData)
        assert "posX" in other.columns
        assert "does not name 6 factors" in other.notes[0]


def test_the_real_sprites(real_data: Path) -> None:
    folder = real_data / "factor_sprites"
    if not folder.is_dir():
        pytest.skip("the sprites are not here")
    data = open_data("factor_sprites", real_data)
    assert isinstance(data, FactorData)
    assert isinstance(data, ImageData)
    assert (len(data), data.image, data.name) == (51_840, ImageShape(64, 64, 1), "factor-sprites")
    assert data.factor_names == ("shape", "scale", "orientation", "posX", "posY")
    rows = np.random.default_rng(0).integers(0, len(data), 500)
    shape, scale, turn, x, y = data.factors_of(rows).T
    np.testing.assert_array_equal((((shape * 6 + scale) * 20 + turn) * 12 + x) * 12 + y, rows)
    with np.load(folder / "factor_sprites.npz") as arrays:
        np.testing.assert_array_equal(data.images(rows)[..., 0], arrays["imgs"][rows] * 255)
    assert [data.columns["shape"].text(r) for r in (0, 17_280, 51_839)] == [
        "square", "ellipse", "heart",
    ]  # fmt: skip
    assert isinstance(data.pixels, PackedImages)
    assert data.pixels.bits.nbytes == 51_840 * 512
    assert data.notes == ()


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_grey_and_colour_stay_as_they_are(tmp_path: Path, channels: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (9, 4, 5, *channels), np.uint8)
    np.savez(tmp_path / "a.npz", images=pixels, label=np.arange(9) % 2)
    data = open_data(str(tmp_path / "a.npz"))
    assert data.image == ImageShape(4, 5, channels[0] if channels else 1)
    np.testing.assert_array_equal(everything(data), pixels.reshape(9, 4, 5, -1))
    assert isinstance(data.columns["label"], Categories)
    assert not isinstance(data, FactorData)
    data.images(np.array([0]))[:] = 7
    np.testing.assert_array_equal(everything(data), pixels.reshape(9, 4, 5, -1))


def test_truth_values_are_black_and_white_and_rgba_lies_on_white(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.eye(3, dtype=bool)[None])
    np.testing.assert_array_equal(
        everything(open_data(str(tmp_path / "a.npz")))[0, ..., 0], np.eye(3) * 255
    )
    half = np.full((1, 1, 2, 4), (200, 0, 100, 128), np.uint8)
    half[0, 0, 1, 3] = 0
    np.savez(tmp_path / "b.npz", images=half)
    data = open_data(str(tmp_path / "b.npz"))
    assert data.image.channels == 3
    np.testing.assert_allclose(everything(data)[0, 0], [[227, 127, 177], [255, 255, 255]], atol=1)
    np.savez(tmp_path / "c.npz", images=np.zeros((2, 3, 3, 4), np.uint8))
    assert (everything(open_data(str(tmp_path / "c.npz"))) == 255).all()


def test_grey_that_comes_late_is_not_taken_for_black_and_white(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_arrays, "_BLOCK_BYTES", 64)
    pixels = np.ones((50, 4, 4), np.uint8)
    pixels[49, 3, 3] = 2
    np.savez_compressed(tmp_path / "a.npz", images=pixels)
    np.testing.assert_array_equal(everything(open_data(str(tmp_path / "a.npz")))[..., 0], pixels)


def test_what_is_kept_is_bounded_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    # 80 MB of zeros in 80 kB: more than the usual guard against swelling allows.
    np.savez_compressed(path, images=np.zeros((20_000, 64, 64), np.uint8))
    assert path.stat().st_size < 200_000
    data = open_data(str(path))
    assert isinstance(data, ImageData)
    assert isinstance(data.pixels, PackedImages)
    assert data.pixels.bits.nbytes == 20_000 * 512
    monkeypatch.setattr(image_arrays, "_MOST_KEPT", 20_000 * 512 - 1)
    monkeypatch.setattr(image_arrays, "_empty", None)
    refused(path, "GB of memory")
    monkeypatch.undo()
    monkeypatch.setattr(image_arrays, "_MOST_KEPT", 20_000 * 512)
    assert len(open_data(str(path))) == 20_000
    grey = np.zeros((20_000, 64, 64), np.uint8)
    grey[-1] = 9
    np.savez_compressed(path, images=grey)
    refused(path, "GB of memory")


def test_a_forged_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        # bzip2 packs zeros far tighter than anything honest needs.
        noise = np.random.default_rng(0).bytes(60_000)
        archive.writestr("images.npy", bytes(300 << 20) + noise)
    with pytest.raises(UserError, match="would unpack to"):
        open_data(str(path))
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|u1', 'fortran_order': False, "
    header += b"'shape': (99999999, 64, 64), }".ljust(118 - 41) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header + bytes(100))
    refused(path, "damaged")


def test_broken_and_strange_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    classes = np.stack(np.unravel_index(np.arange(COUNT), SIZES), axis=1)
    for more, words in (
        ({"latents_classes": classes[1:]}, "a row for each image"),
        ({"latents_classes": classes - 1}, "count from 0"),
        ({"latents_classes": classes * 1.0}, "whole numbers"),
        ({"latents_values": classes[:, 1:] * 1.0}, "a row for each image"),
        ({"latents_values": np.random.default_rng(0).random((COUNT, 6))}, "other rows of its"),
        ({"latents_classes": classes.astype(object)}, "whole numbers"),
        ({"imgs": np.asfortranarray(np.ones((COUNT, 5, 7), np.uint8))}, "stored by columns"),
        ({"imgs": np.ones((COUNT, 5, 7, 2), np.uint8)}, "1, 3 or 4 channels"),
        ({"imgs": np.ones((COUNT, 0, 7), np.uint8)}, "1, 3 or 4 channels"),
    ):  # fmt: skip
        sprites(path, **more)  # type: ignore[arg-type]
        refused(path, words)
    np.savez(path, images=np.ones((2, 3, 3)))
    refused(path, "no data set in it")
    np.savez(path, images=np.ones((2, 3, 3), np.uint8), latent=np.ones((2, 4)))
    assert inspect_path(path)["kind"] == "space"


def test_a_flipped_byte_is_found_when_the_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((100, 8, 8), np.uint8))
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)
    refused(path, "damaged")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(part=st.floats(0, 0.999), flip=st.booleans())
def test_a_file_broken_anywhere_is_refused_or_right(
    tmp_path: Path, part: float, flip: bool
) -> None:
    path = tmp_path / "a.npz"
    arrays = sprites(path)
    content = bytearray(path.read_bytes())
    place = int(len(content) * part)
    if flip:
        content[place] ^= 0x55
    path.write_bytes(content if flip else content[:place])
    try:
        data = open_data(str(path))
    except UserError:
        return
    np.testing.assert_array_equal(everything(data)[..., 0], arrays["imgs"] * 255)


def test_a_table_of_the_same_name_gives_columns(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 2, 2), np.uint8), other=np.zeros((3, 5)))
    (tmp_path / "a.tsv").write_text('name\tskin tone\n"big\t-1\nb\t2\nc\t\n', "utf-8")
    (tmp_path / "b.csv").write_text("other,table\n1,2\n", "utf-8")
    data = open_data(str(tmp_path))
    assert isinstance(data, ImageData)
    name, tone = data.columns["name"], data.columns["skin tone"]
    assert isinstance(name, Texts)
    assert name.values == ('"big', "b", "c")
    assert isinstance(tone, Numbers)
    np.testing.assert_array_equal(tone.values, [-1, 2, np.nan])
    assert "“other” of shape (3, 5)" in data.notes[0]
    (tmp_path / "a.tsv").write_text("name\nx\n", "utf-8")
    with pytest.raises(UserError, match=r"a\.tsv and a\.npz do not .*rows: 1, images: 3"):
        open_data(str(tmp_path))
    (tmp_path / "a.csv").write_text("name\nx\n", "utf-8")
    with pytest.raises(UserError, match=r"a\.csv and a\.tsv"):
        open_data(str(tmp_path))
    np.savez(tmp_path / "c.npz", images=np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(UserError, match=r"several files of images \(a\.npz, c\.npz\)"):
        open_data(str(tmp_path))


def test_the_real_emoji(real_data: Path, no_user_data: Path) -> None:
    if not (real_data / "emoji").is_dir():
        pytest.skip("the emoji are not here")
    with pytest.raises(UserError, match="emoji is not on this machine") as caught:
        open_data("emoji")
    assert str(no_user_data) in str(caught.value)
    data = open_data("emoji", real_data)
    assert (len(data), data.image, data.name) == (2483, ImageShape(32, 32, 3), "emoji")
    with np.load(real_data / "emoji" / "noto_emoji_32.npz") as arrays:
        np.testing.assert_array_equal(everything(data), arrays["images"])
    assert data.columns["name"].text(1) == "copyright"
    assert data.columns["emoji"].text(1) == "©"
    assert np.nansum(data.columns["is_flag"].values) == 243  # type: ignore[union-attr]
    assert is_here("emoji", real_data)
    assert is_here("emoji", real_data / "emoji")
    assert not is_here("emoji", real_data / "factor_sprites")
    report = inspect_data_set("emoji", [real_data])
    assert (report["name"], report["rows"], report["format"]) == ("emoji", 2483, "npz")
    with pytest.raises(UserError, match="no part “test”"):
        open_data("emoji:test", real_data)
