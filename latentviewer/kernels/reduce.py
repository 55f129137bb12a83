"""Rows as a search for neighbours needs them: turned to directions, centred, fewer dimensions."""

from typing import Any

import numba
import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only

Array = np.ndarray[Any, Any]

# Sums may be taken in the order that suits the processor; it is the same one every time.
_summing = numba.njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})

_FLOATS, _DOUBLES = read_only(types.float32, 2), read_only(types.float64, 1)


@_summing
def _sum(row: Array) -> Any:
    total = 0.0
    for z in range(row.shape[0]):
        total += np.float64(row[z])
    return total


@_summing
def _squares(row: Array, shift: float) -> Any:
    total = 0.0
    for z in range(row.shape[0]):
        gap = np.float64(row[z]) - shift
        total += gap * gap
    return total


@kernel(
    types.void(
        types.int64, types.int64, _FLOATS, types.boolean, types.float64[::1], types.float64[::1]
    )
)
def lengths(begin: int, end: int, latents: Array, centred: bool, means: Array, out: Array) -> None:
    """Lengths of the rows from `begin` to `end`.

    Args:
        latents: (n, d). centred: less the mean of their own values.
        means: (n,), filled; zeros where not centred. out: (n,), filled.
    """
    for i in range(begin, end):
        means[i] = _sum(latents[i]) / latents.shape[1] if centred else 0.0
        out[i] = np.sqrt(_squares(latents[i], means[i]))


@inner(exact=True)
def _add_products(row: Array, axes: Array, out: Array) -> None:
    d, width = axes.shape[0], axes.shape[1]
    rest = d % 4
    for z in range(rest):
        a0, t0 = row[z], axes[z]
        for j in range(width):
            out[j] = out[j] + a0 * t0[j]
    for z in range(rest, d, 4):
        a0, a1, a2, a3 = row[z], row[z + 1], row[z + 2], row[z + 3]
        t0, t1, t2, t3 = axes[z], axes[z + 1], axes[z + 2], axes[z + 3]
        for j in range(width):
            out[j] = out[j] + a0 * t0[j] + a1 * t1[j] + a2 * t2[j] + a3 * t3[j]


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        _DOUBLES,
        _DOUBLES,
        _DOUBLES,
        _FLOATS,
        types.float32[:, ::1],
    )
)
def place(
    begin: int,
    end: int,
    latents: Array,
    shifts: Array,
    scales: Array,
    middle: Array,
    axes: Array,
    points: Array,
) -> None:
    """Latents shifted, scaled and centred, along some axes, for the rows from `begin` to `end`.

    Args:
        latents: (n, d). shifts, scales: (n,), of each row. middle: (d,), taken away after that.
        axes: (d, r); (0, 0) where the coordinates themselves are wanted.
        points: (n, at least r or d); its first columns are filled.
    """
    d = latents.shape[1]
    row = np.empty(d, np.float32)
    most = 1e9
    for i in range(begin, end):
        shift, scale = shifts[i], scales[i]
        for z in range(d):
            value = (np.float64(latents[i, z]) - shift) * scale - middle[z]
            row[z] = np.float32(min(max(value, -most), most))
        if axes.shape[0]:
            out = points[i, : axes.shape[1]]
            out[:] = 0.0
            _add_products(row, axes, out)
        else:
            points[i, :d] = row


@_summing
def _inner_product(a: Array, b: Array) -> Any:
    total = 0.0
    for z in range(a.shape[0]):
        total += a[z] * b[z]
    return total


@inner()
def _orthonormalise(columns: Array, axes: Array) -> None:
    d, width = columns.shape
    lines = np.empty((width, d), np.float64)
    for j in range(width):
        for z in range(d):
            lines[j, z] = columns[z, j]
    for j in range(width):
        before = np.sqrt(_squares(lines[j], 0.0))
        # Twice, since once leaves rounding errors where columns are nearly the same.
        for _ in range(2):
            for k in range(j):
                part = _inner_product(lines[j], lines[k])
                for z in range(d):
                    lines[j, z] -= part * lines[k, z]
        after = np.sqrt(_squares(lines[j], 0.0))
        keep = after > 1e-6 * before
        for z in range(d):
            lines[j, z] = lines[j, z] / after if keep else 0.0
            axes[z, j] = lines[j, z]


@kernel(types.void(_FLOATS, types.float32[:, ::1], types.int64))
def turn_to_widest(rows: Array, axes: Array, rounds: int) -> None:
    """Turns axes towards the directions in which the rows reach farthest.

    Subspace iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4).

    Args:
        rows: (m, d). axes: (d, r), any to start with; orthonormal columns in the end, or zero
            ones where there are fewer directions.
    """
    d, width = axes.shape
    along, turned = np.empty(width, np.float32), np.empty((d, width), np.float32)
    for _ in range(rounds):
        turned[:] = 0.0
        for i in range(rows.shape[0]):
            along[:] = 0.0
            _add_products(rows[i], axes, along)
            for z in range(d):
                a, line = rows[i, z], turned[z]
                for j in range(width):
                    line[j] += a * along[j]
        _orthonormalise(turned, axes)
