"""The inner loops of PaCMAP: pairs of points, their pulls and pushes, and the step they lead to.

Wang, Huang, Rudin, Shaposhnik, Understanding how dimension reduction tools work, JMLR 22, 2021,
Algorithm 1; and for LocalMAP, Wang, Sun, Huang, Rudin, Dimension reduction with locally adjusted
graphs, AAAI 2025.

Random numbers are a hash of what they are for (splitmix64: Steele, Lea, Flood 2014), and sums
run over a fixed number of blocks, so that the number of threads changes nothing.
"""

from typing import Any

import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only

Array = np.ndarray[Any, Any]

BLOCKS = 8
"""In how many parts points are shared out; each has a gradient of its own, added up later."""

_CANDIDATES = 6  # a mid-near point is the second nearest of so many
_TRIES = 32
_NEAR_TRIES = 100
_BETA_1, _BETA_2, _EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-7)
_0, _1, _2, _10 = np.float32(0), np.float32(1), np.float32(2), np.float32(10)
_20, _10_000, _20_000 = np.float32(20), np.float32(10_000), np.float32(20_000)
_ODD, _M1, _M2 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_S27, _S30, _S31, _S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)

_FLOATS, _ROWS = read_only(types.float32, 2), read_only(types.int32, 2)
_PAIRS, _PLACES = types.int32[:, ::1], types.float32[:, ::1]
_FROM_TO = (types.int64, types.int64)


@inner()
def _hashed(key: Any, number: Any) -> Any:
    x = key + (np.uint64(number) + np.uint64(1)) * _ODD
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@inner()
def _below(n: int, key: Any, number: Any) -> Any:
    """A whole number from 0 to n - 1 (n up to 2³²)."""
    return np.int64(((_hashed(key, number) >> _S32) * np.uint64(n)) >> _S32)


@inner()
def _holds(rows: Array, count: int, row: Any) -> bool:
    for at in range(count):  # noqa: SIM110
        if rows[at] == row:
            return True
    return False


@inner()
def _another(n: int, own: int, near: Array, taken: Array, count: int, key: Any) -> Any:
    """A random row that is none of these; -1 where there is none."""
    row: Any = np.int64(0)
    for attempt in range(_TRIES):
        row = _below(n, key, attempt)
        if row != own and not _holds(taken, count, row) and not _holds(near, len(near), row):
            return row
    for _ in range(n):
        row = row + 1 if row + 1 < n else 0
        if row != own and not _holds(taken, count, row) and not _holds(near, len(near), row):
            return row
    return -1


@inner()
def _square(a: Array, b: Array) -> Any:
    s0, s1, s2, s3 = _0, _0, _0, _0
    d = len(a)
    whole = d - d % 4
    for at in range(0, whole, 4):
        d0, d1 = a[at] - b[at], a[at + 1] - b[at + 1]
        d2, d3 = a[at + 2] - b[at + 2], a[at + 3] - b[at + 3]
        s0 += d0 * d0
        s1 += d1 * d1
        s2 += d2 * d2
        s3 += d3 * d3
    for at in range(whole, d):
        d0 = a[at] - b[at]
        s0 += d0 * d0
    return (s0 + s1) + (s2 + s3)


@kernel(types.void(_FLOATS, *_FROM_TO, types.uint64, _PAIRS))
def draw_mid_near(vectors: Array, start: int, stop: int, seed: Any, mid: Array) -> None:
    """Fills `mid` (n, m): each the second nearest of six others, drawn at random; -1 for none.

    Args:
        vectors: (n, d) whose Euclidean distance says what is near.
    """
    n, m = len(vectors), mid.shape[1]
    nobody = np.empty(0, np.int32)
    taken = np.empty(m + _CANDIDATES, np.int32)
    for i in range(start, stop):
        of_point = _hashed(seed, i)
        for slot in range(m):
            best, second = -1, -1
            least, less = np.float32(np.inf), np.float32(np.inf)
            for draw in range(_CANDIDATES):
                key = _hashed(of_point, slot * _CANDIDATES + draw)
                row = _another(n, i, nobody, taken, slot + draw, key)
                if row < 0:
                    break
                taken[slot + draw] = row
                square = _square(vectors[i], vectors[row])
                if best < 0 or square < least:
                    second, less = best, least
                    best, least = row, square
                elif second < 0 or square < less:
                    second, less = row, square
            mid[i, slot] = second if second >= 0 else best
            taken[slot] = mid[i, slot]


@kernel(types.void(_ROWS, *_FROM_TO, types.uint64, _PAIRS))
def draw_far(near: Array, start: int, stop: int, seed: Any, far: Array) -> None:
    """Fills `far` (n, f) with others at random that are not in `near` (n, k); -1 for none."""
    n = len(near)
    for i in range(start, stop):
        of_point = _hashed(seed, i)
        for slot in range(far.shape[1]):
            far[i, slot] = _another(n, i, near[i], far[i], slot, _hashed(of_point, slot))


@kernel(types.void(_FLOATS, _ROWS, *_FROM_TO, types.uint64, types.float32, _PAIRS))
def draw_far_nearby(
    places: Array, near: Array, start: int, stop: int, seed: Any, reach: Any, far: Array
) -> None:
    """Changes `far` for others within `reach` on the map, as far as some are met by chance."""
    n = len(near)
    for i in range(start, stop):
        of_point = _hashed(seed, i)
        for slot in range(far.shape[1]):
            key = _hashed(of_point, slot)
            for attempt in range(_NEAR_TRIES):
                row = _below(n, key, attempt)
                if (
                    row != i
                    and _square(places[i], places[row]) <= reach * reach
                    and not _holds(near[i], near.shape[1], row)
                    and not _holds(far[i], slot, row)
                ):
                    far[i, slot] = row
                    break


@inner()
def _pull(
    places: Array, i: int, partners: Array, kind: int, weight: Any, half_reach: Any, gradient: Array
) -> None:
    """Adds one kind of pairs of point i to the gradient (n, 2 or 3)."""
    deep = places.shape[1] == 3
    x, y, z = places[i, 0], places[i, 1], places[i, 2] if deep else _0
    gx, gy, gz = _0, _0, _0
    for slot in range(len(partners)):
        j = np.int64(partners[slot])
        if j < 0:
            continue
        dx, dy = x - places[j, 0], y - places[j, 1]
        dz = z - places[j, 2] if deep else _0
        near = _1 + dx * dx + dy * dy + dz * dz
        if kind == 0:
            force = weight * _20 / ((_10 + near) * (_10 + near))
            if half_reach > _0:
                force *= half_reach / np.sqrt(near)
        elif kind == 1:
            force = weight * _20_000 / ((_10_000 + near) * (_10_000 + near))
        else:
            force = -weight * _2 / ((_1 + near) * (_1 + near))
        fx, fy, fz = force * dx, force * dy, force * dz
        gx += fx
        gy += fy
        gz += fz
        gradient[j, 0] -= fx
        gradient[j, 1] -= fy
        if deep:
            gradient[j, 2] -= fz
    gradient[i, 0] += gx
    gradient[i, 1] += gy
    if deep:
        gradient[i, 2] += gz


@kernel(
    types.void(
        _PLACES, _ROWS, _ROWS, _ROWS, *_FROM_TO, read_only(types.float32, 1), types.float32, _PLACES
    )
)
def add_gradient(
    places: Array,
    near: Array,
    mid: Array,
    far: Array,
    start: int,
    stop: int,
    weights: Array,
    half_reach: Any,
    gradient: Array,
) -> None:
    """Adds what the pairs of points start to stop do to all points (JMLR 22, Definition 1).

    Args:
        weights: (3,) of near, mid-near and far pairs.
        half_reach: of LocalMAP, whose near pairs pull less the farther apart they are; 0 for
            PaCMAP.
        gradient: (n, 2 or 3), of this block alone.
    """
    for i in range(start, stop):
        _pull(places, i, near[i], 0, weights[0], half_reach, gradient)
        if weights[1] > _0:
            _pull(places, i, mid[i], 1, weights[1], _0, gradient)
        _pull(places, i, far[i], 2, weights[2], _0, gradient)


@kernel(types.void(_PLACES, types.float32[:, :, ::1], _PLACES, _PLACES, *_FROM_TO, types.float32))
def step(
    places: Array,
    gradients: Array,
    first: Array,
    second: Array,
    start: int,
    stop: int,
    rate: Any,
) -> None:
    """Moves points start to stop by Adam (Kingma and Ba 2015), and clears their gradients.

    Args:
        gradients: (blocks, n, k), added up in their order.
        first, second: (n, k) the running means of the gradient and of its square.
        rate: of learning, with the correction for the running means' start in it.
    """
    for i in range(start, stop):
        for axis in range(places.shape[1]):
            total = _0
            for block in range(gradients.shape[0]):
                total += gradients[block, i, axis]
                gradients[block, i, axis] = _0
            first[i, axis] += (_1 - _BETA_1) * (total - first[i, axis])
            second[i, axis] += (_1 - _BETA_2) * (total * total - second[i, axis])
            places[i, axis] -= rate * first[i, axis] / (np.sqrt(second[i, axis]) + _EPSILON)


def corrected_rate(rate: float, iteration: int) -> np.float32:
    """Adam's rate at an iteration, from 0, with its correction of the running means."""
    done = iteration + 1
    return np.float32(rate * np.sqrt(1 - float(_BETA_2) ** done) / (1 - float(_BETA_1) ** done))
