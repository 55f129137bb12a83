"""True distances of the rows that a search has found."""

from typing import Any

import numba
import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only

Array = np.ndarray[Any, Any]

EUCLIDEAN, DIRECTIONS, PRODUCT = 0, 1, 2

# Sums may be taken in the order that suits the processor; it is the same one every time. Nothing
# is fused, so that equal directions come out equal on either side.
_summing = numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})

_FLOATS = read_only(types.float32, 2)


@inner()
def _sort_in(gaps: Array, rows: Array, count: int) -> None:
    """Moves the last of some sorted entries to where it belongs; equal ones by row."""
    gap, row, j = gaps[count - 1], rows[count - 1], count - 1
    while j > 0 and (gaps[j - 1] > gap or (gaps[j - 1] == gap and rows[j - 1] > row)):
        gaps[j], rows[j] = gaps[j - 1], rows[j - 1]
        j -= 1
    gaps[j], rows[j] = gap, row


@_summing
def _exact_gap(asked: Array, row: Array, shift: float, scale: float, kind: int) -> Any:
    total = 0.0
    if kind == EUCLIDEAN:
        for z in range(row.shape[0]):
            gap = asked[z] - np.float64(row[z])
            total += gap * gap
        return np.sqrt(total)
    if kind == DIRECTIONS:
        for z in range(row.shape[0]):
            gap = asked[z] - (np.float64(row[z]) - shift) * scale
            total += gap * gap
        return 0.5 * total
    for z in range(row.shape[0]):
        total += asked[z] * np.float64(row[z])
    return -total


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        types.int64,
        read_only(types.float64, 1),
        read_only(types.float64, 1),
        read_only(types.int32, 1),
        read_only(types.int32, 1),
        read_only(types.int32, 2),
        _FLOATS,
        types.float64,
        types.int32[:, ::1],
        types.float32[:, ::1],
    )
)
def measure(
    begin: int,
    end: int,
    latents: Array,
    kind: int,
    shifts: Array,
    scales: Array,
    asking: Array,
    order: Array,
    near: Array,
    least: Array,
    unit: float,
    rows: Array,
    distances: Array,
) -> None:
    """The true distances of the rows that were found, and the nearest of them.

    Args:
        latents: (n, d).
        kind: EUCLIDEAN; DIRECTIONS, half the squared gap between unit vectors, which is 1 less
            their inner product and 0 for equal ones, and 1 where one has no direction; PRODUCT,
            the negative inner product.
        shifts, scales: (n,), by which directions come from latents; a scale of 0 for none.
        asking: (m,), the rows of `latents` that ask. order: (n,), those that `near` means.
        near, least: (m, kept), as `candidates.search` fills them.
        unit: times `least` it is no more than the true distance (its square for EUCLIDEAN), so
            that the rest need not be measured where it is beyond the last; 0 to measure all.
        rows, distances: (n, k), filled, nearest first, equal distances by row.
    """
    d, k = latents.shape[1], rows.shape[1]
    asked = np.empty(d, np.float64)
    gaps, places = np.empty(k + 1, np.float32), np.empty(k + 1, np.int32)
    for i in range(begin, end):
        q = asking[i]
        for z in range(d):
            asked[z] = (np.float64(latents[q, z]) - shifts[q]) * scales[q]
        held = 0
        for j in range(near.shape[1]):
            if near[i, j] < 0:
                break
            if held == k and unit > 0.0:
                worst = np.float64(gaps[k - 1])
                if least[i, j] * unit > (worst * worst if kind == EUCLIDEAN else worst):
                    break
            row = order[near[i, j]]
            if kind == DIRECTIONS and (scales[q] == 0.0 or scales[row] == 0.0):
                gap = 1.0
            else:
                gap = _exact_gap(asked, latents[row], shifts[row], scales[row], kind)
            gaps[held], places[held] = np.float32(gap), row
            _sort_in(gaps, places, held + 1)
            held = min(held + 1, k)
        rows[q], distances[q] = places[:k], gaps[:k]
