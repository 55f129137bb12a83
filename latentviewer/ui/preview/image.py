"""From arrays to pictures that own their memory."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

Pixels = NDArray[np.float32] | NDArray[np.uint8]

DIFFERENCE_RANGE = 0.5
"""The difference at which the colour scale ends; beyond it the end colour is kept."""

_SMALL_SIDE_PX = 64
_ENLARGED_SIDE_PX = 128
_STRIP = 16
_LEVELS = 255
_MEAN_OF_3 = np.full(3, 1 / 3, np.float32)

_BELOW, _ABOVE = (64, 148, 255), (255, 150, 38)
_BELOW_ON_WHITE, _ABOVE_ON_WHITE = (30, 92, 200), (214, 96, 0)
_DARK_CENTRE, _LIGHT_CENTRE = (10, 11, 13), (255, 255, 255)


def to_image(pixels: Pixels, enlarge: bool = False) -> QImage:
    """A picture of (h, w, 1 or 3) values, float32 in 0..1 or uint8.

    Args:
        pixels: values outside 0..1 are clipped, NaN is drawn black.
        enlarge: pictures of at most 64 pixels a side are first made several times larger
            by cubic interpolation, so that they look neither blocky nor blurred.

    Raises:
        ValueError: the array is empty or has another number of channels.
    """
    _check(pixels)
    return _painted(_bytes(_enlarged(pixels) if enlarge else pixels))


def difference_image(difference: NDArray[np.float32], dark: bool, enlarge: bool = False) -> QImage:
    """Decoded minus original, (h, w, c) in -1..1: blue where darker, orange where brighter.

    Colour channels are averaged. The scale ends at `DIFFERENCE_RANGE`; NaN is drawn as 0.
    """
    _check(difference)
    values = difference[:, :, 0] if difference.shape[2] == 1 else difference @ _MEAN_OF_3
    if enlarge:
        values = _enlarged(values[:, :, None])[:, :, 0]
    half = (_LEVELS - 1) / 2
    scaled = values * np.float32(half / DIFFERENCE_RANGE)
    if np.isnan(scaled.sum()):
        scaled = np.nan_to_num(scaled)
    scaled += np.float32(half + 0.5)
    np.fmax(scaled, 0, out=scaled)
    np.fmin(scaled, _LEVELS - 1, out=scaled)
    levels = scaled.astype(np.uint8)
    coloured = np.take(difference_colours(dark), levels, mode="clip")
    height, width = levels.shape
    opaque = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(coloured.data, width, height, 4 * width, opaque).copy()


@lru_cache(maxsize=2)
def difference_colours(dark: bool) -> NDArray[np.uint32]:
    """(255,) opaque colours, 0xffRRGGBB: blue, black or white in the middle, orange."""
    low, high = (_BELOW, _ABOVE) if dark else (_BELOW_ON_WHITE, _ABOVE_ON_WHITE)
    centre = np.array(_DARK_CENTRE if dark else _LIGHT_CENTRE, np.float64)
    t = np.linspace(-1.0, 1.0, _LEVELS)[:, None]
    ends = np.where(t < 0, np.array(low, np.float64), np.array(high, np.float64))
    rgb = np.rint(centre + np.abs(t) ** 0.8 * (ends - centre)).astype(np.uint32)
    packed: NDArray[np.uint32] = (
        np.uint32(0xFF000000) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]
    ).astype(np.uint32)
    packed.setflags(write=False)
    return packed


def _check(pixels: Pixels) -> None:
    if pixels.ndim != 3 or 0 in pixels.shape or pixels.shape[2] not in (1, 3):
        raise ValueError(f"a picture is (h, w, 1 or 3), not {pixels.shape}")


def _bytes(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, np.uint8)
    scaled = pixels * np.float32(255)
    scaled += np.float32(0.5)
    np.fmax(scaled, 0, out=scaled)
    np.fmin(scaled, 255, out=scaled)
    return scaled.astype(np.uint8, order="C")


def _painted(pixels: NDArray[np.uint8]) -> QImage:
    height, width, channels = pixels.shape
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    # The converted picture owns its memory; the array may be freed at any time after. This
    # format is the one that Qt scales fastest.
    borrowed = QImage(pixels.data, width, height, channels * width, kind)
    return borrowed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _enlarged(pixels: Pixels) -> NDArray[np.float32]:
    """By a whole factor, so that every pixel is treated alike."""
    values = pixels.astype(np.float32)
    if pixels.dtype == np.uint8:
        values *= np.float32(1 / 255)
    height, width, channels = values.shape
    factor = _ENLARGED_SIDE_PX // max(height, width)
    if max(height, width) > _SMALL_SIDE_PX or factor < 2:
        return values
    tall = np.empty((height * factor, width * channels), np.float32)
    flat = values.reshape(height, width * channels)
    for taken, made, weights in _strips(height, factor):
        np.matmul(weights, flat[taken], out=tall[made])
    by_channel = tall.reshape(height * factor, width, channels).transpose(0, 2, 1)
    flat = by_channel.reshape(height * factor * channels, width)
    whole = np.empty((height * factor * channels, width * factor), np.float32)
    for taken, made, weights in _strips(width, factor):
        np.matmul(flat[:, taken], weights.T, out=whole[:, made])
    return whole.reshape(height * factor, channels, width * factor).transpose(0, 2, 1)


@lru_cache(maxsize=16)
def _strips(size: int, factor: int) -> tuple[tuple[slice, slice, NDArray[np.float32]], ...]:
    """Which pixels are taken, which are made of them, and the weights between.

    A pixel depends on four; the whole matrix is mostly zeros. Products as small as these the
    linear algebra also keeps to one thread: waking another takes far longer than the product.
    """
    matrix = _cubic(size, factor)
    strips = []
    for first in range(0, size, _STRIP):
        last = min(first + _STRIP, size)
        taken = slice(max(first - 2, 0), min(last + 2, size))
        made = slice(first * factor, last * factor)
        strips.append((taken, made, np.ascontiguousarray(matrix[made, taken])))
    return tuple(strips)


def _cubic(size: int, factor: int) -> NDArray[np.float32]:
    """(size * factor, size): cubic convolution, edges repeated (Keys 1981, a = -0.5)."""
    places = (np.arange(size * factor) + 0.5) / factor - 0.5
    first = np.floor(places).astype(np.int64)
    matrix = np.zeros((size * factor, size))
    for tap in range(-1, 3):
        at = first + tap
        x = np.abs(places - at)
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        beyond = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        weights = np.where(x <= 1, near, np.where(x < 2, beyond, 0.0))
        np.add.at(matrix, (np.arange(size * factor), np.clip(at, 0, size - 1)), weights)
    return matrix.astype(np.float32)
