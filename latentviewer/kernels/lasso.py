"""Which points lie in a polygon, by the even-odd rule, exactly."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import kernel, read_only
from latentviewer.kernels.crew import share_out, thread_count

_SLABS = 1024
_PIECE = 65_536

Array = np.ndarray[Any, Any]


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float64, 2),
        read_only(types.float64, 1),
        read_only(types.int64, 1),
        read_only(types.int64, 1),
        types.boolean[::1],
    )
)
def _count_crossings(
    begin: int, end: int, points: Array, polygon: Array, box: Array, starts: Array, edges: Array, inside: Array
) -> None:
    """Even-odd test of each point against the edges of its slab.

    Args:
        box: left, top, right, bottom of the polygon, and slabs per unit of height.
        starts, edges: the edges that reach into slab s are edges[starts[s]:starts[s + 1]].
    """
    left, top, right, bottom, per_unit = box[0], box[1], box[2], box[3], box[4]
    slabs, m = starts.shape[0] - 1, polygon.shape[0]
    for i in range(begin, end):
        x, y = np.float64(points[i, 0]), np.float64(points[i, 1])
        odd = False
        if x >= left and x <= right and y >= top and y <= bottom:
            slab = min(np.int64((y - top) * per_unit), slabs - 1)
            for k in range(starts[slab], starts[slab + 1]):
                e = edges[k]
                x1, y1 = polygon[e, 0], polygon[e, 1]
                f = e + 1 if e + 1 < m else 0
                x2, y2 = polygon[f, 0], polygon[f, 1]
                if (y1 > y) != (y2 > y):
                    side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
                    if (side > 0.0) == (y2 > y1) and side != 0.0:
                        odd = not odd
        inside[i] = odd


def inside_polygon(points: NDArray[np.float32], polygon: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of (n, 2) points lie in the (m, 2) polygon, by the even-odd rule.

    The last vertex is joined to the first. A point on an edge belongs to the polygon on
    one side of it only, so polygons that share an edge share no point. The sign of every
    edge test is exact in float64 for float32 points, because products of differences of
    float32 numbers of like size need no rounding. Fewer than three vertices hold nothing.

    Raises:
        ValueError: points or vertices that are not pairs.
    """
    if points.ndim != 2 or points.shape[1] != 2 or polygon.ndim != 2 or polygon.shape[1] != 2:
        raise ValueError("points and polygon must be (n, 2) and (m, 2)")
    inside = np.zeros(len(points), np.bool_)
    if len(polygon) < 3 or not len(points):
        return inside
    corners = np.ascontiguousarray(polygon, np.float32).astype(np.float64)
    box, starts, edges = _slabs(corners)
    places = np.ascontiguousarray(points, np.float32)

    def work(_thread: int, pieces: Iterator[int]) -> None:
        for piece in pieces:
            begin, end = piece * _PIECE, min((piece + 1) * _PIECE, len(places))
            _count_crossings(begin, end, places, corners, box, starts, edges, inside)

    share_out(work, -(-len(places) // _PIECE), thread_count())
    return inside


def _slabs(
    corners: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """The polygon's box cut into level slabs, and the edges that reach into each."""
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    height = bottom - top
    per_unit = _SLABS / height if height > 0.0 else 0.0
    if not np.isfinite(per_unit):
        per_unit = 0.0
    ends = np.stack([corners[:, 1], np.roll(corners[:, 1], -1)])
    # The same formula as for points, so that rounding cannot part a point from its edge.
    first = np.minimum(((ends.min(axis=0) - top) * per_unit).astype(np.int64), _SLABS - 1)
    last = np.minimum(((ends.max(axis=0) - top) * per_unit).astype(np.int64), _SLABS - 1)
    spans = last - first + 1
    edges = np.repeat(np.arange(len(corners)), spans)
    steps = np.arange(len(edges)) - np.repeat(np.cumsum(spans) - spans, spans)
    slabs = np.repeat(first, spans) + steps
    order = np.argsort(slabs, kind="stable")
    starts = np.searchsorted(slabs[order], np.arange(_SLABS + 1)).astype(np.int64)
    box = np.array([left, top, right, bottom, per_unit], np.float64)
    return box, starts, edges[order].astype(np.int64)
