"""Which samples a map tore from their neighbours, and which it put among strangers."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.locality import nearby_order
from latentviewer.projection.task import Report

_ROWS_AT_ONCE = 8_192
_WORKERS = 2

Rows = NDArray[np.integer]


def kept_neighbours(
    rows_above: Rows, rows_below: Rows, k: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of each sample's neighbourhood is lost on the map, and how much there is false.

    A true neighbour, one of the first k in `rows_above`, is kept where it is among the first
    k of `rows_below`. Where it comes later in that row, at rank r of its w, it counts as lost
    to the degree (r - k) / (w - k + 1), and fully where it is not in it. `lost` is the mean
    over the true neighbours. `false` is the same the other way round: the mean over the k
    nearest on the map of how far down in `rows_above` they come. These are the terms of one
    sample in continuity and trustworthiness (Venna and Kaski 2006, eqs. 1 and 2), with ranks
    beyond w counted alike. For rows of just k neighbours both are the plain share that is
    not kept, and equal.

    Args:
        rows_above: (n, w) the neighbours in latent space, nearest first, without the sample
            itself; -1 where there are fewer.
        rows_below: (n, w) those on the map, -1 in rows without a finite place; see
            `map_neighbours`. Its w may be another.
        k: how many are neighbours; None for half of the narrower w, rounded up.

    Returns:
        lost, false: (n,) each, 0 (all kept, none false) to 1. NaN for samples without a place
        or without neighbours to look at. True neighbours without a place do not count.
    """
    n = len(rows_above)
    if rows_above.ndim != 2 or rows_below.ndim != 2 or len(rows_below) != n:
        raise ValueError(
            f"both must be (n, w) with the same n, not {rows_above.shape} and {rows_below.shape}"
        )
    narrower = min(rows_above.shape[1], rows_below.shape[1])
    k = (narrower + 1) // 2 if k is None else max(0, min(k, narrower))
    lost, false = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    if k == 0:
        return lost, false
    placed = rows_below[:, 0] >= 0
    for start in range(0, n, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        # By columns, so that whole stretches are compared at once.
        above = np.ascontiguousarray(rows_above[part].T)
        below = np.ascontiguousarray(rows_below[part].T)
        counted = (above[:k] >= 0) & placed[above[:k]] & placed[part]
        lost[part] = _mean_excess(above[:k], below, counted)
        false[part] = _mean_excess(below[:k], above, (below[:k] >= 0) & placed[part])
    return lost, false


def _mean_excess(near: Rows, other: Rows, counted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far down in `other` (w, rows) those `near` (k, rows) come, averaged: 0 to 1."""
    k, w = len(near), len(other)
    total = np.zeros(near.shape[1], np.float32)
    for neighbour, counts in zip(near, counted, strict=True):
        excess = np.full(near.shape[1], w - k + 1, np.float32)
        for place, found in enumerate(other):
            excess -= (found == neighbour) * np.float32(w + 1 - max(place + 1, k))
        total += excess * counts
    count = counted.sum(axis=0)
    return np.asarray(
        np.divide(
            total, count * np.float32(w - k + 1), out=np.full_like(total, np.nan), where=count > 0
        ),
        np.float32,
    )


def map_neighbours(
    coordinates: NDArray[np.float32],
    k: int,
    report: Report = lambda _fraction, _stage: None,
) -> NDArray[np.int32]:
    """The k nearest samples on a map, exact, by a k-d tree.

    Args:
        coordinates: (n, 2 or 3). Samples without a finite place are nobody's neighbours.
        report: told the fraction done, some hundred times for a million samples.

    Returns:
        (n, k) rows, nearest first, the sample itself not among them; equal distances are
        ordered by row. Rows of -1 for samples without a place; fewer columns where fewer
        than k others have one.
    """
    placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    k = max(0, min(k, len(placed) - 1))
    near = np.full((len(coordinates), k), -1, np.int32)
    if k == 0:
        return near
    places = coordinates[placed].astype(np.float64)
    order = np.lexsort(places.T)
    starts = np.ones(len(order), np.bool_)
    starts[1:] = (np.diff(places[order], axis=0) != 0).any(axis=1)
    first = np.flatnonzero(starts)
    size = np.diff(first, append=len(order))
    group = np.cumsum(starts) - 1
    rank = np.arange(len(order)) - first[group]
    # Where more than k share a place, the first of them are their neighbours, and enough of
    # them for others: a tree with many equal points would be slow.
    crowded = size[group] > k
    own = first[group[crowded], None] + np.arange(k)
    own += own >= first[group[crowded], None] + rank[crowded, None]
    near[placed[order[crowded]]] = placed[order[own]]
    kept = np.sort(order[rank <= k])
    asked = np.sort(order[~crowded])
    asked = asked[nearby_order(coordinates[placed[asked]])]
    tree = cKDTree(places[kept], balanced_tree=False, compact_nodes=False)
    for start in range(0, len(asked), _ROWS_AT_ONCE):
        some = asked[start : start + _ROWS_AT_ONCE]
        found = _nearest(tree, places[some], np.searchsorted(kept, some), k)
        near[placed[some]] = placed[kept[found]]
        report(min(1.0, (start + _ROWS_AT_ONCE) / len(asked)), "neighbours on the map")
    return near


def _nearest(
    tree: cKDTree, places: NDArray[np.float64], own: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """(q, k) points of the tree nearest to the places (q, 2 or 3) of its points `own` (q,)."""
    near = np.empty((len(places), k), np.int64)
    left = np.arange(len(places))
    # Oneself, and one more to see whether the last of them is tied with what follows.
    width = k + 2
    while len(left):
        width = min(width, tree.n)
        distances, found = tree.query(places[left], k=width, workers=_WORKERS)
        distances, found = distances.reshape(-1, width), found.reshape(-1, width)
        # One stands before all that share one's place.
        distances[found == own[left, None]] = -1.0
        tied = np.flatnonzero((np.diff(distances, axis=1) <= 0).any(axis=1))
        by_row = np.lexsort((found[tied], distances[tied]), axis=-1)
        distances[tied] = np.take_along_axis(distances[tied], by_row, axis=1)
        found[tied] = np.take_along_axis(found[tied], by_row, axis=1)
        sure = (distances[:, k] < distances[:, -1]) | (width == tree.n)
        near[left[sure]] = found[sure, 1 : k + 1]
        left = left[~sure]
        width *= 2
    return near
