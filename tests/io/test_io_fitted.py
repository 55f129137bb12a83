"""Images brought to the shape that a model takes, and said so."""

import numpy as np
import pytest

from latentviewer.domain.ports import ImageShape
from latentviewer.io.datasets import open_data
from latentviewer.io.fitted import fitted
from latentviewer.io.image_data import ImageData


def made(pixels: np.ndarray) -> ImageData:
    return ImageData("made", ImageShape(*pixels.shape[1:]), {}, pixels)


def test_what_fits_is_left_alone() -> None:
    data = made(np.zeros((3, 4, 4, 1), np.uint8))
    assert fitted(data, ImageShape(4, 4, 1)) == (data, None)


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        (ImageShape(8, 8, 1), "The images of made were resized from 4 x 4 to 8 x 8 pixels."),
        (ImageShape(4, 4, 3), "The images of made were made RGB of grey."),
        (
            ImageShape(2, 8, 3),
            "The images of made were resized from 4 x 4 to 8 x 2 pixels, out of proportion and "
            "made RGB of grey.",
        ),
    ],
)
def test_every_change_is_said(shape: ImageShape, sentence: str) -> None:
    data, said = fitted(made(np.full((3, 4, 4, 1), 77, np.uint8)), shape)
    assert said == sentence
    assert data.image == shape
    images = data.images(np.array([2, 0]))
    assert images.shape == (2, shape.height, shape.width, shape.channels)
    assert images.dtype == np.uint8
    assert (images == 77).all()
    assert (data.name, len(data)) == ("made", 3)


def test_grey_to_colour_and_back_is_the_same_grey() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 1), np.uint8)
    colour, _ = fitted(made(grey), ImageShape(6, 6, 3))
    back, said = fitted(colour, ImageShape(6, 6, 1))
    np.testing.assert_array_equal(back.images(np.arange(5)), grey)
    assert said == "The images of made were made grey."


def test_colour_becomes_grey_by_its_luma() -> None:
    pixels = np.zeros((3, 2, 2, 3), np.uint8)
    for channel in range(3):
        pixels[channel, ..., channel] = 255
    data, _ = fitted(made(pixels), ImageShape(2, 2, 1))
    greys = data.images(np.arange(3))[:, 0, 0, 0]
    np.testing.assert_allclose(greys, [0.299 * 255, 0.587 * 255, 0.114 * 255], atol=1)


def test_a_smaller_picture_is_averaged_not_picked() -> None:
    checks = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    data, _ = fitted(made(checks[None, ..., None]), ImageShape(8, 8, 1))
    middle = data.images(np.array([0]))[0, 2:6, 2:6, 0].astype(int)
    assert np.abs(middle - 127).max() < 30


def test_columns_are_those_of_the_whole() -> None:
    whole = open_data("digits", [])
    data, _ = fitted(whole, ImageShape(28, 28, 1))
    assert data.columns == whole.columns
    assert data.images(np.array([0])).shape == (1, 28, 28, 1)
