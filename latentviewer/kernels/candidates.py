"""Which rows may be the nearest of each row: search in lists of near rows, and from row to row.

Rows are kept twice. Once as they are, sorted by list; once as a tile per list, a column for
each row of it, measured from the list's centre, so that a rounding error is small against the
distance within the list and the inner loops run along rows.
"""

from typing import Any

import numba
import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only

Array = np.ndarray[Any, Any]

COLUMNS = 16
WIDEST = 256
"""Rows in a list, at most: a tile of it stays in the cache."""

# Sums may be taken in the order that suits the processor; it is the same one every time.
_summing = numba.njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})

_FLOATS, _PLACES = read_only(types.float32, 2), read_only(types.int64, 1)


@_summing
def _square_gap(a: Array, b: Array) -> Any:
    total = np.float32(0.0)
    for z in range(a.shape[0]):
        gap = a[z] - b[z]
        total += gap * gap
    return total


@inner(exact=True)
def _products(tile: Array, width: int, base: Array, asked: Array, out: Array) -> None:
    """`base` plus the inner products of four rows with each column of a tile.

    Args:
        tile: (4 c, width), a column for each row of a list.
        asked: (4, 4 c). out: (4, at least width), filled.
    """
    first, second, third, fourth = out[0], out[1], out[2], out[3]
    for j in range(width):
        first[j] = base[j]
        second[j] = base[j]
        third[j] = base[j]
        fourth[j] = base[j]
    for z in range(0, tile.shape[0], 4):
        a0, a1, a2, a3 = asked[0, z], asked[0, z + 1], asked[0, z + 2], asked[0, z + 3]
        b0, b1, b2, b3 = asked[1, z], asked[1, z + 1], asked[1, z + 2], asked[1, z + 3]
        c0, c1, c2, c3 = asked[2, z], asked[2, z + 1], asked[2, z + 2], asked[2, z + 3]
        d0, d1, d2, d3 = asked[3, z], asked[3, z + 1], asked[3, z + 2], asked[3, z + 3]
        t0, t1, t2, t3 = tile[z], tile[z + 1], tile[z + 2], tile[z + 3]
        for j in range(width):
            x0, x1, x2, x3 = t0[j], t1[j], t2[j], t3[j]
            first[j] = first[j] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            second[j] = second[j] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            third[j] = third[j] + c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
            fourth[j] = fourth[j] + d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3


@inner()
def _keep_smallest(gaps: Array, places: Array, count: int, kept: int) -> None:
    """Brings the `kept` smallest of `count` gaps, and their places, to the front."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) >> 1
        a, b, c = gaps[low], gaps[middle], gaps[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while gaps[i] < pivot:
                i += 1
            while gaps[j] > pivot:
                j -= 1
            if i <= j:
                gaps[i], gaps[j] = gaps[j], gaps[i]
                places[i], places[j] = places[j], places[i]
                i += 1
                j -= 1
        if kept - 1 <= j:
            high = j
        elif kept - 1 >= i:
            low = i
        else:
            return


@inner()
def _largest(gaps: Array, count: int) -> Any:
    most = gaps[0]
    for j in range(1, count):
        most = max(most, gaps[j])
    return most


@inner()
def _write_sorted(gaps: Array, places: Array, count: int, to_gaps: Array, to_places: Array) -> None:
    """The smallest, nearest first; where there are too few, places are -1."""
    kept = to_gaps.shape[0]
    if count > kept:
        _keep_smallest(gaps, places, count, kept)
        count = kept
    if count > 64:
        order = np.argsort(gaps[:count])
        for j in range(count):
            to_gaps[j], to_places[j] = gaps[order[j]], places[order[j]]
    else:
        for j in range(count):
            gap, place, i = gaps[j], places[j], j
            while i > 0 and to_gaps[i - 1] > gap:
                to_gaps[i], to_places[i] = to_gaps[i - 1], to_places[i - 1]
                i -= 1
            to_gaps[i], to_places[i] = gap, place
    for j in range(count, kept):
        to_gaps[j], to_places[j] = np.inf, -1


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        _PLACES,
        _FLOATS,
        _PLACES,
        types.float32[::1],
        types.float32[::1],
    )
)
def fill_tiles(
    begin: int,
    end: int,
    points: Array,
    starts: Array,
    centres: Array,
    corners: Array,
    tiles: Array,
    bases: Array,
) -> None:
    """Writes the tiles of the lists from `begin` to `end`.

    Args:
        points: (n, d), sorted by list; list l is from starts[l] to starts[l + 1].
        centres: (lists, d).
        corners: (lists + 1,), where in `bases` the columns of each list begin.
        tiles, bases: (d · columns,) and (columns,), filled: the rows less the centre of their
            list, and the squared lengths of that; infinite lengths beyond the last row. Each
            list has a multiple of COLUMNS of them.
    """
    d = points.shape[1]
    for l in range(begin, end):
        width = corners[l + 1] - corners[l]
        tile = tiles[d * corners[l] : d * corners[l + 1]].reshape(d, width)
        base = bases[corners[l] : corners[l + 1]]
        tile[:] = 0.0
        base[:] = np.inf
        for j in range(starts[l + 1] - starts[l]):
            total = np.float32(0.0)
            for z in range(d):
                gap = points[starts[l] + j, z] - centres[l, z]
                tile[z, j] = gap
                total += gap * gap
            base[j] = total


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        _FLOATS,
        read_only(types.float32, 3),
        _FLOATS,
        types.int32[::1],
    )
)
def assign(
    begin: int, end: int, points: Array, origin: Array, tiles: Array, bases: Array, nearest: Array
) -> None:
    """Which centre is nearest, for the points from `begin` to `end`.

    Args:
        origin: (1, d), what the centres are measured from.
        tiles, bases: (t, d, w) and (t, w), the centres as tiles and their squared lengths.
        nearest: (n,), filled; the first of equally near ones.
    """
    d, width = tiles.shape[1], tiles.shape[2]
    asked, out = np.zeros((4, d), np.float32), np.empty((4, width), np.float32)
    for start in range(begin, end, 4):
        count = min(4, end - start)
        for i in range(count):
            for z in range(d):
                asked[i, z] = np.float32(-2.0) * (points[start + i, z] - origin[0, z])
        least = np.full(4, np.inf, np.float32)
        for t in range(tiles.shape[0]):
            _products(tiles[t], width, bases[t], asked, out)
            for i in range(count):
                line, most = out[i], np.float32(np.inf)
                for j in range(width):
                    most = min(most, line[j])
                if most < least[i]:
                    least[i] = most
                    for j in range(width):
                        if line[j] == most:
                            nearest[start + i] = t * width + j
                            break


@inner()
def _probed(
    asked: Array, count: int, centres: Array, centre: Array, lists: Array, probes: int, uses: Array
) -> None:
    """Which of the lists each of the block's rows looks through, its nearest `probes`.

    Args:
        uses: (lists, rows), filled.
    """
    d, width = asked.shape[1], lists.shape[0]
    tile, base = np.empty((d, width), np.float32), np.zeros(width, np.float32)
    for j in range(width):
        for z in range(d):
            gap = centres[lists[j], z] - centre[z]
            tile[z, j] = gap
            base[j] += gap * gap
    local, out = np.zeros((4, d), np.float32), np.empty((4, width), np.float32)
    gaps, places = np.empty(width, np.float32), np.empty(width, np.int32)
    for start in range(0, count, 4):
        four = min(4, count - start)
        for i in range(four):
            for z in range(d):
                local[i, z] = np.float32(-2.0) * (asked[start + i, z] - centre[z])
        _products(tile, width, base, local, out)
        for i in range(four):
            gaps[:] = out[i, :width]
            _keep_smallest(gaps, places, width, probes)
            farthest = _largest(gaps, probes)
            for j in range(width):
                uses[j, start + i] = out[i, j] <= farthest


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        read_only(types.int32, 1),
        _PLACES,
        _FLOATS,
        _PLACES,
        read_only(types.float32, 1),
        read_only(types.float32, 1),
        types.int64,
        types.int64,
        types.int32[:, ::1],
        types.float32[:, ::1],
    )
)
def search(
    begin: int,
    end: int,
    questions: Array,
    own: Array,
    starts: Array,
    centres: Array,
    corners: Array,
    tiles: Array,
    bases: Array,
    reach: int,
    probes: int,
    near: Array,
    gaps: Array,
) -> None:
    """The nearest rows in the nearest lists, for the questions from `begin` to `end`.

    Args:
        questions: (m, d); those asked together should be near each other.
        own: (m,), the row that never counts.
        starts, centres, corners, tiles, bases: as in `fill_tiles`.
        reach: lists near to the block's middle that are considered at all.
        probes: lists among them that each question looks through, the nearest to it.
        near, gaps: (m, kept), filled: rows and squared distances, nearest first; -1 and
            infinite where there are too few.
    """
    count, d, kept = end - begin, questions.shape[1], near.shape[1]
    asked = questions[begin:end]
    centre = np.zeros(d, np.float32)
    for i in range(count):
        for z in range(d):
            centre[z] += asked[i, z] / np.float32(count)
    to_lists = np.empty(centres.shape[0], np.float32)
    for l in range(centres.shape[0]):
        to_lists[l] = _square_gap(centre, centres[l])
    lists = np.argsort(to_lists)[:reach].copy()
    uses = np.ones((reach, count), np.bool_)
    if probes < reach:
        _probed(asked, count, centres, centre, lists, probes, uses)
    room = 2 * kept + 2 * COLUMNS
    found, places = np.empty((count, room), np.float32), np.empty((count, room), np.int32)
    held, worst = np.zeros(count, np.int64), np.full(count, np.inf, np.float32)
    local, out = np.zeros((4, d), np.float32), np.empty((4, WIDEST), np.float32)
    four, lengths = np.empty(4, np.int64), np.empty(4, np.float32)
    for j in range(reach):
        l = lists[j]
        first, rows, width = starts[l], starts[l + 1] - starts[l], corners[l + 1] - corners[l]
        tile = tiles[d * corners[l] : d * corners[l + 1]].reshape(d, width)
        base = bases[corners[l] : corners[l + 1]]
        next_one = 0
        while next_one < count:
            many = 0
            while many < 4 and next_one < count:
                if uses[j, next_one]:
                    four[many] = next_one
                    many += 1
                next_one += 1
            for i in range(many):
                for z in range(d):
                    local[i, z] = np.float32(-2.0) * (asked[four[i], z] - centres[l, z])
                lengths[i] = _square_gap(asked[four[i]], centres[l])
            if many:
                _products(tile, width, base, local, out)
            for i in range(many):
                q, line, length = four[i], out[i], lengths[i]
                to_itself = own[begin + q] - first
                if 0 <= to_itself < rows:
                    line[to_itself] = np.inf
                limit, number = worst[q] - length, held[q]
                to_gaps, to_places = found[q], places[q]
                for start in range(0, width, COLUMNS):
                    any_nearer = False
                    for x in range(start, start + COLUMNS):
                        any_nearer |= line[x] < limit
                    if not any_nearer:
                        continue
                    for x in range(start, start + COLUMNS):
                        if line[x] < limit:
                            to_gaps[number] = line[x] + length
                            to_places[number] = first + x
                            number += 1
                    if number > room - COLUMNS:
                        _keep_smallest(to_gaps, to_places, number, kept)
                        number = kept
                        worst[q] = _largest(to_gaps, kept)
                        limit = worst[q] - length
                held[q] = number
    for i in range(count):
        _write_sorted(found[i], places[i], held[i], gaps[begin + i], near[begin + i])


@kernel(
    types.void(
        types.int64,
        types.int64,
        _FLOATS,
        read_only(types.int32, 2),
        _FLOATS,
        types.int64,
        types.int32[::1],
        types.int32[:, ::1],
        types.float32[:, ::1],
    )
)
def refine(
    begin: int,
    end: int,
    points: Array,
    near: Array,
    gaps: Array,
    steps: int,
    seen: Array,
    better: Array,
    better_gaps: Array,
) -> None:
    """Looks at the neighbours of neighbours too, for the rows from `begin` to `end`.

    Args:
        near, gaps: (n, kept), as `search` fills them.
        steps: how many neighbours to go to, and on from each of them.
        seen: (n,), what this thread looked at last and for which row; -1 at first.
        better, better_gaps: (n, kept), filled likewise.
    """
    kept = near.shape[1]
    room = 2 * kept + 2 * COLUMNS
    found, places = np.empty(room, np.float32), np.empty(room, np.int32)
    for i in range(begin, end):
        seen[i] = i
        number = 0
        for j in range(kept):
            if near[i, j] >= 0:
                seen[near[i, j]] = i
                found[number], places[number] = gaps[i, j], near[i, j]
                number += 1
        worst = found[number - 1] if number == kept else np.float32(np.inf)
        row = points[i]
        for j in range(min(steps, number)):
            via = near[i, j]
            for k in range(steps):
                other = near[via, k]
                if other < 0 or seen[other] == i:
                    continue
                seen[other] = i
                gap = _square_gap(row, points[other])
                if gap < worst:
                    found[number], places[number] = gap, other
                    number += 1
                    if number == room:
                        _keep_smallest(found, places, number, kept)
                        number = kept
                        worst = _largest(found, kept)
        _write_sorted(found, places, number, better_gaps[i], better[i])
