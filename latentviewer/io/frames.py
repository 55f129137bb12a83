"""Decoded images as the frames of a picture or a film: uint8, enlarged by whole pixels."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError

Frame = NDArray[np.uint8]


def to_uint8(image: NDArray[Any]) -> Frame:
    """(..., c) float in 0..1, clipped, or uint8 as it is; NaN is black."""
    if image.dtype == np.uint8:
        return image
    unit = np.clip(np.nan_to_num(image.astype(np.float32, copy=False)), 0, 1)
    return np.rint(unit * 255).astype(np.uint8)


def enlarged(frame: Frame, scale: int) -> Frame:
    """(h, w, c) to (h * scale, w * scale, c) by repeating pixels."""
    return frame.repeat(scale, axis=0).repeat(scale, axis=1)


def scale_for(height: int, wanted: int) -> int:
    """The whole factor, at least 1, that brings `height` nearest to `wanted` pixels."""
    return max(1, round(wanted / max(height, 1)))


def checked_frames(frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Each frame as (h, w, c) in its own dtype, c being 1 or 3; a frame (h, w) is grey.

    Raises:
        UserError: a frame of another shape than the first, or no image at all.
    """
    first: tuple[int, ...] | None = None
    for number, frame in enumerate(frames, start=1):
        image = frame[..., None] if frame.ndim == 2 else frame
        if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
            raise UserError(
                f"Frame {number} has shape {frame.shape}; a frame is (height, width, 1 or 3)."
            )
        first = first or image.shape
        if image.shape != first:
            raise UserError(
                f"Frame {number} has shape {image.shape}, the first {first}; they must agree."
            )
        yield image


def joined_strip(frames: list[Frame], most_pixels: int) -> Frame:
    """Frames side by side; in several rows where one would be wider than `most_pixels`."""
    height, width, channels = frames[0].shape
    per_row = min(len(frames), max(1, most_pixels // width))
    rows = -(-len(frames) // per_row)
    strip = np.zeros((rows * height, per_row * width, channels), np.uint8)
    for number, frame in enumerate(frames):
        row, column = divmod(number, per_row)
        strip[row * height :, column * width :][:height, :width] = frame
    return strip
