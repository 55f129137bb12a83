"""Copies of large pictures: exactly what reading gives, bounded, and never in the way."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io import thumbnail_cache
from latentviewer.io.datasets import open_data
from latentviewer.io.image_files import read_image
from latentviewer.io.thumbnail_cache import ThumbnailCache

SHAPE = ImageShape(12, 16, 3)
Read = Callable[[], NDArray[np.uint8]]


@pytest.fixture(autouse=True)
def small_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail_cache, "FROM_BYTES", 1_000)


def photograph(path: Path, seed: int = 0, channels: int = 3) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (60, 80, channels), np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path)
    return path


def reading(path: Path, shape: ImageShape = SHAPE) -> tuple[Read, list[Path]]:
    read: list[Path] = []

    def now() -> NDArray[np.uint8]:
        read.append(path)
        return read_image(path, shape)

    return now, read


def copies(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("channels", [1, 3])
def test_a_copy_is_exactly_what_reading_gives(tmp_path: Path, channels: int) -> None:
    path = photograph(tmp_path / "a.png", channels=channels)
    shape = ImageShape(12, 16, channels)
    read, times = reading(path, shape)
    expected = read_image(path, shape)
    for _ in range(2):
        cache = ThumbnailCache(tmp_path / "cache")
        np.testing.assert_array_equal(cache.picture(path, shape, read), expected)
    assert len(times) == 1


def test_a_picture_that_changed_or_another_shape_is_made_anew(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.png")
    read, times = reading(path)
    cache = ThumbnailCache(tmp_path / "cache")
    cache.picture(path, SHAPE, read)
    photograph(path, seed=1)
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(cache.picture(path, SHAPE, read), read_image(path, SHAPE))
    other = ImageShape(16, 12, 3)
    assert cache.picture(path, other, lambda: read_image(path, other)).shape == (16, 12, 3)
    assert len(times) == 2
    assert len(copies(tmp_path / "cache")) == 3


def test_small_files_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photograph(tmp_path / "a.png")
    monkeypatch.setattr(thumbnail_cache, "FROM_BYTES", path.stat().st_size + 1)
    read, times = reading(path)
    cache = ThumbnailCache(tmp_path / "cache")
    cache.picture(path, SHAPE, read)
    cache.picture(path, SHAPE, read)
    assert (len(times), copies(tmp_path / "cache")) == (2, [])


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    paths = [photograph(tmp_path / f"{i}.png", i) for i in range(9)]
    folder = tmp_path / "cache"
    ThumbnailCache(folder).picture(paths[0], SHAPE, reading(paths[0])[0])
    one = copies(folder)[0].stat().st_size
    os.utime(copies(folder)[0], ns=(0, 0))
    cache = ThumbnailCache(folder, most_bytes=5 * one)
    for age, path in enumerate(paths):
        before = set(copies(folder))
        cache.picture(path, SHAPE, reading(path)[0])
        for copy in set(copies(folder)) - before:
            os.utime(copy, ns=(age * 10**9, age * 10**9))
        assert sum(copy.stat().st_size for copy in copies(folder)) <= 5 * one
    newest, oldest = reading(paths[-1]), reading(paths[0])
    cache.picture(paths[-1], SHAPE, newest[0])
    cache.picture(paths[0], SHAPE, oldest[0])
    assert (len(newest[1]), len(oldest[1])) == (0, 1)


@pytest.mark.parametrize("content", [b"", b"hello", None, "another"])
def test_a_broken_copy_is_made_anew(tmp_path: Path, content: bytes | str | None) -> None:
    path = photograph(tmp_path / "a.png")
    read, times = reading(path)
    cache = ThumbnailCache(tmp_path / "cache")
    expected = cache.picture(path, SHAPE, read)
    copy = copies(tmp_path / "cache")[0]
    if content == "another":
        photograph(copy)
    else:
        assert not isinstance(content, str)
        copy.write_bytes(copy.read_bytes()[:200] if content is None else content)
    np.testing.assert_array_equal(cache.picture(path, SHAPE, read), expected)
    np.testing.assert_array_equal(cache.picture(path, SHAPE, read), expected)
    assert len(times) == 2


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    path = photograph(tmp_path / "a.png")
    (tmp_path / "file").write_text("in the way")
    read, times = reading(path)
    cache = ThumbnailCache(tmp_path / "file")
    for _ in range(2):
        np.testing.assert_array_equal(cache.picture(path, SHAPE, read), read_image(path, SHAPE))
    assert len(times) == 2


def test_a_full_disk_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photograph(tmp_path / "a.png")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    cache = ThumbnailCache(tmp_path / "cache")
    assert cache.picture(path, SHAPE, reading(path)[0]).shape == (12, 16, 3)
    assert copies(tmp_path / "cache") == []


def test_a_broken_picture_is_refused_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(2_000))
    cache = ThumbnailCache(tmp_path / "cache")
    with pytest.raises(UserError, match="damaged"):
        cache.picture(path, SHAPE, reading(path)[0])
    with pytest.raises(UserError, match="not there"):
        cache.picture(tmp_path / "b.png", SHAPE, reading(tmp_path / "b.png")[0])
    assert copies(tmp_path / "cache") == []


def test_a_folder_of_images_uses_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTVIEWER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    photograph(tmp_path / "set" / "a.png")
    first = open_data(str(tmp_path / "set")).images(np.array([0]))
    kept = copies(tmp_path / "cache" / "thumbnails")
    assert len(kept) == 1
    Image.new("RGB", (80, 60), (1, 2, 3)).save(kept[0], "PNG")
    again = open_data(str(tmp_path / "set")).images(np.array([0]))
    assert (again == (1, 2, 3)).all()
    assert not (first == (1, 2, 3)).all()
