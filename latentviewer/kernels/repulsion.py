"""How points push each other apart in t-SNE: inner loops over a grid, or over all pairs.

With k(r) = 1 / (1 + r²) the push on a point is the sum over all others of k² times the way from
them.
"""

from typing import Any

import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only

Array = np.ndarray[Any, Any]

LANES = 16
"""`push_each` takes so many points at a time."""
BORDER = 2
"""Nodes of a grid beyond the points: one that a spline reaches, and one for rounding."""
UNIT = float(2**30)
"""Of the whole numbers that are added up on the grid: their sums know no order."""


@inner()
def _spline(t: Any, weights: Array, slopes: Array) -> None:
    """The cubic B-spline at four nodes, from t in 0..1 beyond the second, and its slope."""
    one, half, sixth = np.float32(1.0), np.float32(0.5), np.float32(1.0 / 6.0)
    left, three = one - t, np.float32(3.0)
    weights[0], weights[3] = sixth * left * left * left, sixth * t * t * t
    weights[1] = sixth * (np.float32(4.0) - three * t * t * (np.float32(2.0) - t))
    weights[2] = sixth * (np.float32(4.0) - three * left * left * (one + t))
    slopes[0], slopes[3] = -half * left * left, half * t * t
    slopes[1] = half * t * (three * t - np.float32(4.0))
    slopes[2] = half * left * (one + three * t)


@inner()
def _locate(
    i: int, places: Array, low: Array, scale: Any, shape: Array, at: Array, w: Array, s: Array
) -> None:
    """Finds the first node of a point along each axis, and its weights and slopes there."""
    for axis in range(places.shape[1]):
        # From the lowest point on, so that a picture as small as a dot is not rounded off.
        steps = (places[i, axis] - low[axis]) * scale
        # Rounding must not lead over the border.
        node = min(np.int64(steps), shape[axis] - BORDER - 2)
        at[axis] = node + BORDER - 1
        _spline(steps - np.float32(node), w[axis], s[axis])


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float32, 1),
        types.float32,
        read_only(types.int64, 1),
        types.int64[::1],
    )
)
def spread(
    begin: int, end: int, places: Array, low: Array, scale: float, shape: Array, grid: Array
) -> None:
    """Adds the points from `begin` to `end` to a grid.

    Args:
        places: (n, 2 or 3). low: their least, along each axis. scale: nodes per unit.
        shape: nodes along each axis.
        grid: flat; one point adds 2^30 in all.
    """
    dims, one = places.shape[1], np.float32(UNIT)
    at, w, s = np.zeros(3, np.int64), np.empty((3, 4), np.float32), np.empty((3, 4), np.float32)
    last = shape[dims - 1]
    for i in range(begin, end):
        _locate(i, places, low, scale, shape, at, w, s)
        for a in range(4):
            row = (at[0] + a) * shape[1] + at[1]
            if dims == 2:
                share = w[0, a] * one
                for b in range(4):
                    grid[np.uint64(row + b)] += np.int64(share * w[1, b])
            else:
                for b in range(4):
                    share = w[0, a] * w[1, b] * one
                    line = (row + b) * last + at[2]
                    for c in range(4):
                        grid[np.uint64(line + c)] += np.int64(share * w[2, c])


@kernel(
    types.float64(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float32, 1),
        types.float32,
        read_only(types.int64, 1),
        read_only(types.float32, 1),
        types.float32[:, ::1],
    )
)
def collect(
    begin: int, end: int, places: Array, low: Array, scale: float, shape: Array,
    potential: Array, push: Array,
) -> float:  # fmt: skip
    """Reads the push on the points from `begin` to `end`; else as `spread`.

    Args:
        potential: flat, on the grid.
        push: (n, 2 or 3), filled with minus half the gradient.

    Returns:
        The sum of the potential at those points.
    """
    dims, total, half = places.shape[1], 0.0, np.float32(-0.5) * scale
    at, w, s = np.zeros(3, np.int64), np.empty((3, 4), np.float32), np.empty((3, 4), np.float32)
    last, none = shape[dims - 1], np.float32(0.0)
    for i in range(begin, end):
        _locate(i, places, low, scale, shape, at, w, s)
        here, x, y, z = none, none, none, none
        for a in range(4):
            row = (at[0] + a) * shape[1] + at[1]
            if dims == 2:
                level, along = none, none
                for b in range(4):
                    value = potential[np.uint64(row + b)]
                    level += w[1, b] * value
                    along += s[1, b] * value
                here += w[0, a] * level
                x += s[0, a] * level
                y += w[0, a] * along
            else:
                for b in range(4):
                    line = (row + b) * last + at[2]
                    level, along = none, none
                    for c in range(4):
                        value = potential[np.uint64(line + c)]
                        level += w[2, c] * value
                        along += s[2, c] * value
                    here += w[0, a] * w[1, b] * level
                    x += s[0, a] * w[1, b] * level
                    y += w[0, a] * s[1, b] * level
                    z += w[0, a] * w[1, b] * along
        push[i, 0], push[i, 1] = half * x, half * y
        if dims == 3:
            push[i, 2] = half * z
        total += np.float64(here)
    return total


@kernel(types.float64(types.int64, types.int64, read_only(types.float32, 2), types.float32[:, ::1]))
def push_each(begin: int, end: int, columns: Array, push: Array) -> float:
    """The push of all points, one by one, on those from `begin` to `end`.

    Args:
        columns: (3, m) the places, axis by axis, zeros where there is none; m is n, filled up
            to a multiple of `LANES` with places so far away that they push nothing.
        push: (n, 2 or 3), filled.

    Returns:
        The sum of k over the pairs.
    """
    dims, total, one, none = push.shape[1], 0.0, np.float32(1.0), np.float32(0.0)
    x, y, z, near = np.empty((4, LANES), np.float32)
    for i in range(begin, end):
        for lane in range(LANES):
            x[lane], y[lane], z[lane], near[lane] = none, none, none, none
        for first in range(0, columns.shape[1], LANES):
            for lane in range(LANES):
                j = np.uint64(first + lane)
                dx, dy = columns[0, i] - columns[0, j], columns[1, i] - columns[1, j]
                dz = columns[2, i] - columns[2, j]
                k = one / (one + dx * dx + dy * dy + dz * dz)
                near[lane] += k
                x[lane] += k * k * dx
                y[lane] += k * k * dy
                z[lane] += k * k * dz
        push[i, 0], push[i, 1] = x.sum(), y.sum()
        if dims == 3:
            push[i, 2] = z.sum()
        total += np.float64(near.sum())
    return total
