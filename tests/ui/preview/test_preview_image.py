"""Arrays to pictures: right colours, own memory."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtGui import QColor, QImage

from latentviewer.ui.preview.image import (
    DIFFERENCE_RANGE,
    difference_colours,
    difference_image,
    to_image,
)


def colour(image: QImage, x: int, y: int) -> tuple[int, int, int]:
    pixel = image.pixelColor(x, y)
    return pixel.red(), pixel.green(), pixel.blue()


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_every_pixel_arrives(height: int, width: int, channels: int) -> None:
    """Odd widths too: Qt pads its lines to four bytes, numpy does not."""
    values = np.random.default_rng(height * 10 + width).random((height, width, channels))
    image = to_image(values.astype(np.float32))
    assert (image.height(), image.width()) == (height, width)
    for y in range(height):
        for x in range(width):
            wanted = np.rint(np.broadcast_to(values[y, x] * 255, 3))
            assert np.abs(np.subtract(colour(image, x, y), wanted)).max() <= 1


def test_bytes_are_taken_as_they_are() -> None:
    pixels = np.array([[[0], [7]], [[200], [255]]], np.uint8)
    image = to_image(pixels)
    assert [colour(image, x, y)[0] for y in (0, 1) for x in (0, 1)] == [0, 7, 200, 255]


def test_the_picture_outlives_its_array() -> None:
    pixels = np.full((64, 64, 3), 0.5, np.float32)
    image = to_image(pixels)
    before = colour(image, 63, 63)
    pixels[:] = 0
    del pixels
    gc.collect()
    _noise = [np.random.default_rng(0).random((64, 64, 3)) for _ in range(20)]
    assert colour(image, 63, 63) == before == (128, 128, 128)


def test_a_difference_outlives_its_array() -> None:
    difference = np.full((32, 32, 1), DIFFERENCE_RANGE, np.float32)
    image = difference_image(difference, dark=True)
    difference[:] = -1
    del difference
    gc.collect()
    assert colour(image, 5, 5) == QColor.fromRgb(int(difference_colours(True)[-1])).getRgb()[:3]


@pytest.mark.parametrize("dark", [True, False])
def test_darker_is_blue_and_brighter_is_orange(dark: bool) -> None:
    values = np.array([[[-1.0], [0.0], [1.0]]], np.float32)
    image = difference_image(values, dark)
    below, same, above = (colour(image, x, 0) for x in range(3))
    assert below[2] > below[0]
    assert above[0] > above[2]
    assert max(same) - min(same) < 8
    assert (max(same) < 40) == dark


def test_a_colour_difference_is_the_mean_of_its_channels() -> None:
    values = np.array([[[0.3, 0.0, -0.3]]], np.float32)
    grey = np.zeros((1, 1, 1), np.float32)
    assert colour(difference_image(values, True), 0, 0) == colour(
        difference_image(grey, True), 0, 0
    )


def test_values_out_of_range_are_clipped_and_nan_is_nothing() -> None:
    values = np.array([[[-3.0], [4.0], [np.nan]]], np.float32)
    image = to_image(values)
    assert [colour(image, x, 0)[0] for x in range(3)] == [0, 255, 0]
    shown = difference_image(values, dark=True)
    same = difference_image(np.zeros((1, 1, 1), np.float32), dark=True)
    assert colour(shown, 2, 0) == colour(same, 0, 0)


def test_enlarging_keeps_proportions_means_and_edges() -> None:
    values = np.zeros((8, 4, 1), np.float32)
    values[:, 2:] = 1.0
    image = to_image(values, enlarge=True)
    assert (image.height(), image.width()) == (128, 64)
    assert colour(image, 2, 60)[0] < 8
    assert colour(image, 61, 60)[0] > 247
    flat = to_image(np.full((28, 28, 3), 0.5, np.float32), enlarge=True)
    assert {colour(flat, x, x) for x in (0, 40, 111)} == {(128, 128, 128)}


@pytest.mark.parametrize("shape", [(64, 40, 3), (33, 64, 1)])
def test_enlarging_is_cubic_convolution(shape: tuple[int, int, int]) -> None:
    """Pillow's bicubic filter is Keys' with a = -0.5 too; at edges it weighs otherwise."""
    values = np.random.default_rng(0).random(shape, np.float32)
    enlarged = to_image(values, enlarge=True)
    factor = 128 // max(shape)
    width, height = shape[1] * factor, shape[0] * factor
    assert (enlarged.width(), enlarged.height()) == (width, height)
    planes = [Image.fromarray(values[:, :, channel]) for channel in range(shape[2])]
    wanted = [np.array(plane.resize((width, height), Image.Resampling.BICUBIC)) for plane in planes]
    for x, y in np.random.default_rng(1).integers(8, min(width, height) - 8, (200, 2)):
        expected = [round(255 * float(np.clip(plane[y, x], 0, 1))) for plane in wanted]
        shown = colour(enlarged, int(x), int(y))[: shape[2]]
        np.testing.assert_allclose(shown, expected, atol=1)


def test_large_pictures_are_not_enlarged() -> None:
    assert to_image(np.zeros((65, 20, 1), np.float32), enlarge=True).height() == 65


@pytest.mark.parametrize("shape", [(0, 4, 1), (4, 4), (4, 4, 2)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    empty: NDArray[np.float32] = np.zeros(shape, np.float32)
    with pytest.raises(ValueError, match="picture"):
        to_image(empty)
