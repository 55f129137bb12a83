"""Pictures in .npy files: read row by row, and a header that promises more is refused."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.datasets import open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.pictures.placeholder import placeholder


def opened(path: Path) -> LazyImages:
    data = open_data(str(path))
    assert isinstance(data, LazyImages)
    return data


def some(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 4, 6, 1), (5, 4, 6, 3), (5, 300, 2)])
def test_rows_are_as_they_were_saved(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = some(*shape)
    np.save(tmp_path / "a.npy", pixels)
    data = opened(tmp_path / "a.npy")
    channels = shape[3] if len(shape) == 4 else 1
    assert data.image == ImageShape(shape[1], shape[2], channels)
    rows = np.array([4, 0, 0])
    np.testing.assert_array_equal(data.images(rows), pixels.reshape(*shape[:3], channels)[rows])
    report = inspect_path(tmp_path / "a.npy")
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "npy", 5)


def test_truth_values_are_black_and_white_and_a_table_gives_columns(tmp_path: Path) -> None:
    pixels = some(3, 4, 5) > 99
    np.save(tmp_path / "a.npy", pixels)
    (tmp_path / "a.csv").write_text("label\nx\ny\nx\n")
    data = opened(tmp_path / "a.npy")
    np.testing.assert_array_equal(data.images(np.arange(3))[..., 0], pixels * 255)
    assert [data.columns["label"].text(row) for row in range(3)] == ["x", "y", "x"]
    (tmp_path / "a.csv").write_text("label\nx\n")
    with pytest.raises(UserError, match=r"do not belong together \(rows: 1, images: 3\)"):
        opened(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 4)), np.zeros((3, 4, 5)), some(3, 4), some(3, 4, 5, 2), some(0, 4, 5),
        some(3, 0, 5), some(3, 4, 5, 3, 1),
    ],
)  # fmt: skip
def test_other_arrays_are_no_pictures(tmp_path: Path, array: NDArray[Any]) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match="no data set in it"):
        opened(tmp_path / "a.npy")


def test_what_is_cut_or_turned_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, some(5, 4, 6))
    whole = path.read_bytes()
    for content, words in ((whole[:-1], "cut short"), (whole[:20], "damaged"), (b"", "damaged")):
        path.write_bytes(content)
        with pytest.raises(UserError, match=words):
            opened(path)
    np.save(path, np.asfortranarray(some(5, 4, 6)))
    with pytest.raises(UserError, match="column order"):
        opened(path)


def test_a_file_that_is_cut_or_gone_later_shows_the_cross(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    pixels = some(5, 4, 6)
    np.save(path, pixels)
    data = opened(path)
    path.write_bytes(path.read_bytes()[:-1])
    shown = data.images(np.array([3, 4]))
    np.testing.assert_array_equal(shown[0, ..., 0], pixels[3])
    np.testing.assert_array_equal(shown[1], placeholder(data.image))
    path.unlink()
    np.testing.assert_array_equal(data.images(np.array([0]))[0], placeholder(data.image))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 140), value=st.integers(0, 255))
def test_an_array_broken_anywhere_is_read_or_refused(
    tmp_path: Path, place: int, value: int
) -> None:
    path = tmp_path / "a.npy"
    np.save(path, some(5, 4, 6))
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)
    with suppress(UserError):
        data = open_data(str(path))
        assert len(data.images(np.arange(min(5, len(data))))) == min(5, len(data))
