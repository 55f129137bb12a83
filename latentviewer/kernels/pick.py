"""Which point lies under the cursor, from a frame's ids."""

import numpy as np
from numpy.typing import NDArray


def pick(ids: NDArray[np.int32], x: float, y: float) -> int:
    """The point that covers the pixel at (x, y), in pixels; -1 where none, or outside."""
    column, row = int(np.floor(x)), int(np.floor(y))
    height, width = ids.shape
    if not (0 <= row < height and 0 <= column < width):
        return -1
    return int(ids[row, column])


def pick_near(ids: NDArray[np.int32], x: float, y: float, within: float) -> int:
    """The point whose drawn disc is nearest to (x, y), at most `within` pixels away.

    Distances go from (x, y) to the middles of pixels, but for the pixel under (x, y)
    itself, which counts as no distance at all.

    Returns:
        The point's index; -1 where none is that near.
    """
    under = pick(ids, x, y)
    if under >= 0 or not within > 0.0:
        return under
    height, width = ids.shape
    left, right = max(int(np.floor(x - within)), 0), min(int(np.ceil(x + within)) + 1, width)
    top, bottom = max(int(np.floor(y - within)), 0), min(int(np.ceil(y + within)) + 1, height)
    if left >= right or top >= bottom:
        return -1
    window = ids[top:bottom, left:right]
    rows, columns = np.nonzero(window >= 0)
    if not len(rows):
        return -1
    far = (columns + (left + 0.5 - x)) ** 2 + (rows + (top + 0.5 - y)) ** 2
    nearest = int(np.argmin(far))
    if far[nearest] > within * within:
        return -1
    return int(window[rows[nearest], columns[nearest]])
