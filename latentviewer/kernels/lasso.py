"""Which points lie in a polygon, by the even-odd rule, exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import kernel, read_only
from latentviewer.kernels.crew import share_out, thread_count

Array = np.ndarray[Any, Any]

_CELLS = 512
_PIECE = 65_536
_EDGE = 2


@dataclass(frozen=True, eq=False)
class _Cells:
    """A polygon's box in _CELLS by _CELLS cells.

    Attributes:
        box: left, top, right, bottom, cells per unit across and down.
        state: (_CELLS, _CELLS) uint8, by row and column; 0 outside, 1 inside, _EDGE where
            an edge may come through.
        starts, edges: those that reach into row r are edges[starts[r]:starts[r + 1]].
    """

    box: NDArray[np.float64]
    state: NDArray[np.uint8]
    starts: NDArray[np.int64]
    edges: NDArray[np.int64]


def inside_polygon(points: NDArray[np.float32], polygon: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of (n, 2) points lie in the (m, 2) polygon, by the even-odd rule.

    The last vertex is joined to the first. A point on an edge belongs to the polygon on
    one side of it only, so polygons that share an edge share no point. The sign of every
    edge test is exact in float64 for float32 points, because products of differences of
    float32 numbers of like size need no rounding. Fewer than three vertices hold nothing.
    Points and vertices must be finite.

    Raises:
        ValueError: points or vertices that are not pairs.
    """
    if points.ndim != 2 or points.shape[1] != 2 or polygon.ndim != 2 or polygon.shape[1] != 2:
        raise ValueError("points and polygon must be (n, 2) and (m, 2)")
    inside = np.zeros(len(points), np.bool_)
    if len(polygon) < 3 or not len(points):
        return inside
    places = np.ascontiguousarray(points, np.float32)
    corners = np.ascontiguousarray(polygon, np.float32).astype(np.float64)
    cells = _cells(corners)

    def work(_thread: int, pieces: Iterator[int]) -> None:
        for piece in pieces:
            begin, end = piece * _PIECE, min((piece + 1) * _PIECE, len(places))
            _test(
                begin, end, places, corners, cells.box, cells.state, cells.starts, cells.edges,
                inside,
            )  # fmt: skip

    share_out(work, -(-len(places) // _PIECE), thread_count())
    return inside


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float64, 2),
        read_only(types.float64, 1),
        read_only(types.uint8, 2),
        read_only(types.int64, 1),
        read_only(types.int64, 1),
        types.boolean[::1],
    )
)
def _test(
    begin: int,
    end: int,
    points: Array,
    polygon: Array,
    box: Array,
    state: Array,
    starts: Array,
    edges: Array,
    inside: Array,
) -> None:
    """Looks up each point's cell; only where an edge may come through, counts crossings."""
    left, top, right, bottom, across, down = box[0], box[1], box[2], box[3], box[4], box[5]
    rows, columns, m = state.shape[0], state.shape[1], polygon.shape[0]
    for i in range(begin, end):
        x, y = np.float64(points[i, 0]), np.float64(points[i, 1])
        if not (x >= left and x <= right and y >= top and y <= bottom):
            inside[i] = False
            continue
        row = min(np.int64((y - top) * down), rows - 1)
        column = min(np.int64((x - left) * across), columns - 1)
        known = state[row, column]
        odd = known == 1
        if known > 1:
            for k in range(starts[row], starts[row + 1]):
                e = edges[k]
                f = e + 1 if e + 1 < m else 0
                x1, y1, x2, y2 = polygon[e, 0], polygon[e, 1], polygon[f, 0], polygon[f, 1]
                if (y1 > y) != (y2 > y):
                    side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
                    if side != 0.0 and (side > 0.0) == (y2 > y1):
                        odd = not odd
        inside[i] = odd


def _cells(corners: NDArray[np.float64]) -> _Cells:
    low, high = corners.min(axis=0), corners.max(axis=0)
    with np.errstate(divide="ignore", over="ignore"):
        per_unit = np.where(high > low, _CELLS / (high - low), 0.0)
    per_unit[~np.isfinite(per_unit)] = 0.0
    across, down = float(per_unit[0]), float(per_unit[1])
    ends = np.stack([corners, np.roll(corners, -1, axis=0)])
    # The same formula as for points, so that rounding cannot part a point from its edge.
    rows_of = np.minimum(((ends[..., 1] - low[1]) * down).astype(np.int64), _CELLS - 1)
    first, last = rows_of.min(axis=0), rows_of.max(axis=0)
    spans = last - first + 1
    edge = np.repeat(np.arange(len(corners)), spans)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(spans) - spans - first, spans)
    state = _states(ends[:, edge], row, low, across, down)
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(_CELLS + 1)).astype(np.int64)
    box = np.array([*low, *high, across, down], np.float64)
    return _Cells(box, state, starts, edge[order].astype(np.int64))


def _states(
    ends: NDArray[np.float64],
    row: NDArray[np.int64],
    low: NDArray[np.float64],
    across: float,
    down: float,
) -> NDArray[np.uint8]:
    """What is known of each cell, from (2, k, 2) ends of edges and a row each reaches into."""
    (x1, y1), (x2, y2) = ends[0].T, ends[1].T
    if not down or not across:
        return np.full((_CELLS, _CELLS), _EDGE, np.uint8)

    def x_at(y: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.clip((y - y1) / (y2 - y1), 0.0, 1.0)
        return np.asarray(np.where(y1 == y2, x1, x1 + part * (x2 - x1)), np.float64)

    upper, lower = low[1] + row / down, low[1] + (row + 1) / down
    level = y1 == y2
    begin = np.where(level, np.minimum(x1, x2), np.minimum(x_at(upper), x_at(lower)))
    end = np.where(level, np.maximum(x1, x2), np.maximum(x_at(upper), x_at(lower)))
    # One cell more on each side than the edge crosses makes up for any rounding.
    from_column = np.clip(((begin - low[0]) * across).astype(np.int64) - 1, 0, _CELLS - 1)
    to_column = np.clip(((end - low[0]) * across).astype(np.int64) + 1, 0, _CELLS - 1)
    steps = np.zeros((_CELLS, _CELLS + 1), np.int32)
    np.add.at(steps, (row, from_column), 1)
    np.add.at(steps, (row, to_column + 1), -1)
    on_edge = np.cumsum(steps, axis=1)[:, :_CELLS] > 0
    # Elsewhere a cell is inside if an odd number of edges cross its row left of it.
    centre = low[1] + (row + 0.5) / down
    crosses = (y1 > centre) != (y2 > centre)
    column = np.clip(((x_at(centre) - low[0]) * across).astype(np.int64), 0, _CELLS - 1)
    crossings = np.zeros((_CELLS, _CELLS), np.int32)
    np.add.at(crossings, (row[crosses], column[crosses]), 1)
    odd = np.cumsum(crossings, axis=1) % 2
    return np.where(on_edge, _EDGE, odd).astype(np.uint8)
