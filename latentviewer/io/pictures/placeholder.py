"""What stands in for a picture that cannot be read."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import ImageShape

_GREY, _LINE = 128, 192
_THICKNESS = 1 / 24


def placeholder(shape: ImageShape) -> NDArray[np.uint8]:
    """Mid-grey with a lighter cross from corner to corner, (h, w, c) uint8."""
    down = (np.arange(shape.height)[:, None] + 0.5) / shape.height
    across = (np.arange(shape.width)[None, :] + 0.5) / shape.width
    gap = np.minimum(np.abs(down - across), np.abs(down + across - 1))
    plane = np.where(gap <= _THICKNESS, _LINE, _GREY).astype(np.uint8)
    return np.repeat(plane[..., None], shape.channels, axis=2)
