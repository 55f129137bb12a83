"""How many points lie where, as colours: overplotting that stays readable.

Each pixel counts the points around it, weighted by a Gaussian, and shows the mean of their
colours; its opacity grows with the logarithm of the count.
"""

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import inner, kernel, read_only
from latentviewer.kernels.drop import BLOCK, hide, locate

Array = np.ndarray[Any, Any]

# What one point alone shows, so that outliers are never lost.
_LEAST_OPACITY = 0.3
# The share of pixels that are shown at full opacity.
_FULL_QUANTILE = 0.995


@inner()
def _add(start: int, count: int, codes: Array, cells: Array, tints: Array, sums: Array) -> None:
    for j in range(count):
        cell, code = np.int64(cells[j]), codes[start + j]
        for k in range(4):
            sums[cell, k] += tints[code, k]


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float32, 2),
        types.int64,
        read_only(types.uint8, 1),
        read_only(types.uint16, 1),
        read_only(types.uint8, 1),
        read_only(types.float32, 1),
        read_only(types.float32, 1),
        read_only(types.float32, 2),
        types.float32[:, ::1],
    )
)
def count_points(
    begin: int,
    end: int,
    coordinates: Array,
    to_cells: Array,
    stride: int,
    codes8: Array,
    codes16: Array,
    visible: Array,
    rim: Array,
    frame: Array,
    tints: Array,
    sums: Array,
) -> None:
    """Adds up colours and counts, by cell, of the points from `begin` to `end`.

    Args:
        to_cells, rim, frame: as in `latentviewer.kernels.grid.Grid`.
        stride: cells in a row.
        codes8, codes16: the points' colours; the one not in use is empty.
        visible: 0 for hidden colours, by code.
        tints: (codes, 4) what a point of each colour adds.
        sums: (cells, 4).
    """
    dims = coordinates.shape[1]
    flat = coordinates.reshape(coordinates.size)
    cells, parts = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint32)
    within = np.empty(BLOCK, np.uint8)
    for start in range(begin, end, BLOCK):
        count = min(BLOCK, end - start)
        block = flat[dims * start : dims * (start + count)]
        locate(block, dims, count, to_cells, stride, rim, frame, cells, parts, within)
        hide(start, count, codes8, codes16, visible, cells, within)
        if codes8.size:
            _add(start, count, codes8, cells, tints, sums)
        else:
            _add(start, count, codes16, cells, tints, sums)


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 3),
        read_only(types.float32, 1),
        types.float32[:, :, ::1],
    )
)
def smooth_rows(begin: int, end: int, sums: Array, weights: Array, out: Array) -> None:
    """Smooths the rows from `begin` to `end` of (rows, columns, 4) along themselves.

    Args:
        weights: of a cell itself, of the next on either side, and so on. Beyond the border
            there is nothing.
    """
    columns = sums.shape[1]
    for r in range(begin, end):
        row, to = sums[r].reshape(4 * columns), out[r].reshape(4 * columns)
        for x in range(4 * columns):
            to[x] = weights[0] * row[x]
        for w in range(1, weights.shape[0]):
            for x in range(4 * (columns - w)):
                to[x] += weights[w] * row[x + 4 * w]
                to[x + 4 * w] += weights[w] * row[x]


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 3),
        read_only(types.float32, 1),
        types.float32[:, :, ::1],
    )
)
def smooth_columns(begin: int, end: int, sums: Array, weights: Array, out: Array) -> None:
    """Smooths across the rows, for the rows from `begin` to `end`; else as `smooth_rows`."""
    rows, size = sums.shape[0], sums.shape[1] * 4
    for r in range(begin, end):
        to = out[r].reshape(size)
        to[:] = 0.0
        for w in range(1 - weights.shape[0], weights.shape[0]):
            if 0 <= r + w < rows:
                row, weight = sums[r + w].reshape(size), weights[abs(w)]
                for x in range(size):
                    to[x] += weight * row[x]


def gaussian_weights(radius: float) -> NDArray[np.float32]:
    """Half of a Gaussian that spreads a point about as wide as a disc of that radius."""
    sigma = max(0.6, 0.5 * radius)
    steps = np.arange(int(np.ceil(2.5 * sigma)) + 1)
    half = np.exp(-0.5 * (steps / sigma) ** 2)
    return np.asarray(half / (half[0] + 2.0 * half[1:].sum()), np.float32)


def shade(
    sums: NDArray[np.float32], alone: float, background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Smoothed sums to colours.

    Args:
        sums: (height, width, 4), red, green and blue of the points in 0..255 and their count.
        alone: the count in the pixel of a single point.
        background: (4,) RGBA.

    Returns:
        (height, width, 4) premultiplied RGBA.
    """
    ground = background.astype(np.float32)
    ground[:3] *= ground[3] / np.float32(255.0)
    pixels = np.empty(sums.shape, np.uint8)
    pixels[:] = np.floor(ground + np.float32(0.5)).astype(np.uint8)
    rows, columns = np.nonzero(sums[..., 3] > alone * 0.01)
    if not len(rows):
        return pixels
    there = sums[rows, columns]
    count = there[:, 3] / np.float32(alone)
    full = max(float(np.quantile(count[:: max(1, len(count) // 50_000)], _FULL_QUANTILE)), 2.0)
    heavy = np.minimum(np.log1p(count) / np.float32(np.log1p(full)), np.float32(1.0))
    opacity = _LEAST_OPACITY * np.minimum(count, 1.0) + (1.0 - _LEAST_OPACITY) * heavy
    mean = there / there[:, 3:]
    mean[:, 3] = 255.0
    mixed = ground + opacity[:, None].astype(np.float32) * (mean - ground)
    pixels[rows, columns] = (np.clip(mixed, 0.0, 255.0) + np.float32(0.5)).astype(np.uint8)
    return pixels
