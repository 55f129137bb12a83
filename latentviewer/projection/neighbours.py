"""Exact nearest neighbours, in chunks that fit the cache and BLAS."""

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents

Metric = Literal["euclidean", "cosine", "dot", "correlation"]
METRICS: tuple[Metric, ...] = get_args(Metric)
_VALUES_AT_ONCE = 4_000_000
_SPARE = 8


def nearest(
    latents: Latents,
    queries: Latents,
    k: int,
    metric: str = "euclidean",
    exclude: Iterable[int] = (),
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k rows of `latents` (n, d) nearest to each of `queries` (m, d), nearest first.

    Args:
        metric: `euclidean`; `cosine`, 1 - cosine of the angle (1 for a zero vector);
            `correlation`, the same after taking each vector's own mean away; `dot`, the
            negative inner product, so that smaller is nearer for all of them.
        exclude: rows that never count.

    Returns:
        rows (m, k) int64 and distances (m, k) float32, with k cut to the rows there are;
        equal distances are ordered by row.

    Raises:
        UserError: an unknown metric.
    """
    if metric not in METRICS:
        raise UserError(f"There is no metric “{metric}”; there are {', '.join(METRICS)}.")
    n = len(latents)
    left_out = np.unique(np.fromiter(exclude, np.int64))
    left_out = left_out[(left_out >= 0) & (left_out < n)]
    k = max(0, min(k, n - len(left_out)))
    rows = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    if k == 0:
        return rows, distances
    step = max(1, _VALUES_AT_ONCE // n)
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        rough = _rough(latents, queries[part], metric)
        rough[:, left_out] = np.inf
        # A few more than k, so that rounding in the fast formula cannot lose one.
        spare = min(k + _SPARE, n - len(left_out))
        candidates = np.argpartition(rough, spare - 1, axis=1)[:, :spare]
        for query, found in enumerate(candidates):
            exact = _exact(latents[found], queries[start + query], metric)
            order = np.lexsort((found, exact))[:k]
            rows[start + query] = found[order]
            distances[start + query] = exact[order]
    return rows, distances


def _rough(latents: Latents, queries: Latents, metric: str) -> NDArray[np.float32]:
    a, b = _prepared(latents, metric), _prepared(queries, metric)
    products: NDArray[np.float32] = b @ a.T
    if metric != "euclidean":
        return -products
    squares = np.einsum("nd,nd->n", a, a)
    return np.asarray(squares[None, :] - 2 * products)


def _prepared(latents: Latents, metric: str) -> Latents:
    if metric in ("euclidean", "dot"):
        return latents
    moved = latents - latents.mean(axis=1, keepdims=True) if metric == "correlation" else latents
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(np.divide(moved, norms, out=np.zeros_like(moved), where=norms > 0))


def _exact(latents: Latents, query: Latents, metric: str) -> NDArray[np.float64]:
    a, b = latents.astype(np.float64), query.astype(np.float64)
    if metric == "euclidean":
        return np.asarray(np.linalg.norm(a - b, axis=1))
    if metric == "dot":
        return np.asarray(-(a @ b))
    if metric == "correlation":
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean()
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(b)
    cosine = np.divide(a @ b, scale, out=np.zeros(len(a)), where=scale > 0)
    return np.asarray(1 - cosine)
