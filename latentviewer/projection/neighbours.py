"""Exact nearest neighbours, in chunks that fit the cache and BLAS.

A fast formula in float32 says which rows may be among the nearest, with the bound of its own
rounding error (Higham, Accuracy and Stability of Numerical Algorithms, 2002, eq. 3.5); the
distances of those rows are then computed in float64, and they alone decide.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.domain.space import Latents

_VALUES_AT_ONCE = 2_000_000
_FAR = 1.0  # of the squared mean to the variance, from where on latents are centred
_SHORTEST = 1e-12  # of a vector, for a product of two to keep its precision
_ROUNDING = float(np.finfo(np.float32).eps) / 2


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
    return Neighbours(latents, metric).nearest(queries, k, exclude)


class Neighbours:
    """Latents prepared once for many questions; see `nearest`.

    Attributes:
        copied: whether that took a copy of the latents.
    """

    def __init__(self, latents: Latents, metric: str = "euclidean") -> None:
        if metric not in METRICS:
            raise UserError(f"There is no metric “{metric}”; there are {', '.join(METRICS)}.")
        self._latents, self._metric = latents, metric
        n, d = latents.shape
        self._origin = _origin(latents) if metric == "euclidean" else np.zeros(d)
        self._scale = np.ones(n, np.float32)
        self.copied = bool(self._origin.any()) or metric == "correlation"
        if metric == "cosine":
            lengths = np.empty(n)
            for part in _parts(n, d):
                lengths[part] = np.linalg.norm(latents[part].astype(np.float64), axis=1)
            long = lengths[lengths > 0]
            # Products of shorter or longer vectors would leave the range of float32.
            self.copied = (
                bool(len(long)) and not _SHORTEST < long.min() <= long.max() < 1 / _SHORTEST
            )
            if not self.copied:
                self._scale[:] = np.divide(1, lengths, out=np.zeros(n), where=lengths > 0)
        # Only where it has to be is a copy of the latents kept.
        self._prepared = np.empty((n, d), np.float32) if self.copied else latents
        squares = np.empty(n, np.float32)
        for part in _parts(n, d):
            if self.copied:
                self._prepared[part] = self._prepare(latents[part])
            with np.errstate(over="ignore"):
                squares[part] = np.einsum("nd,nd->n", self._prepared[part], self._prepared[part])
        self._squares = squares if metric == "euclidean" else np.zeros(n, np.float32)
        norms = np.sqrt(squares) * self._scale
        self._error_per_norm = 4 * _ROUNDING * (d + 5) * norms
        self._error = _ROUNDING * (d + 5) * (2 * self._squares + (metric != "euclidean"))
        self._most_error = float(self._error.max(initial=0))
        self._most_error_per_norm = float(self._error_per_norm.max(initial=0))

    def nearest(
        self, queries: Latents, k: int, exclude: Iterable[int] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As the function of this name."""
        n = len(self._latents)
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
            rows[part], distances[part] = self._some(queries[part], k, left_out)
        return rows, distances

    def nearest_distance(self, query: Latents) -> float:
        """From one query (d,) to the nearest row; infinite without rows.

        What `nearest` finds, in a third of the time: a decoded place waits for it.
        """
        if not len(self._latents):
            return float("inf")
        asked = self._prepare(query[None])[0]
        with np.errstate(over="ignore", invalid="ignore"):
            rough = self._rough(self._prepared @ asked)
            least = float(rough.min())
            error = self._most_error + float(np.linalg.norm(asked)) * self._most_error_per_norm
            rows = np.flatnonzero(rough <= least + 2 * error)
        if not np.isfinite(least + error):
            return float(self.nearest(query[None], 1)[1][0, 0])
        near = self._latents[rows]
        return float(_distances(near, np.broadcast_to(query, near.shape), self._metric).min())

    def _some(
        self, queries: Latents, k: int, left_out: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        of, found = np.nonzero(self._candidates(queries, k, left_out))
        exact = np.empty(len(found))
        for part in _parts(len(found), queries.shape[1]):
            exact[part] = _distances(self._latents[found[part]], queries[of[part]], self._metric)
        order = np.lexsort((found, exact, of))
        first = np.searchsorted(of, np.arange(len(queries)))
        best = order[first[:, None] + np.arange(k)]
        return found[best], exact[best]

    def _candidates(
        self, queries: Latents, k: int, left_out: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """(m, n), true for every row that could be one of the k nearest."""
        asked = self._prepare(queries)
        # Where values are so large that they overflow, every row is a candidate.
        with np.errstate(over="ignore", invalid="ignore"):
            rough = self._rough(asked @ self._prepared.T)
            lengths = np.linalg.norm(asked, axis=1)[:, None]
            error = self._error + lengths * self._error_per_norm
            at_most, at_least = rough + error, rough - error
            at_most[:, left_out] = np.inf
            reached = (
                at_most.min(axis=1) if k == 1 else np.partition(at_most, k - 1, axis=1)[:, k - 1]
            )
            candidates: NDArray[np.bool_] = ~(at_least > reached[:, None])
        candidates[:, left_out] = False
        return candidates

    def _rough(self, products: NDArray[np.float32]) -> NDArray[np.float32]:
        """What orders the rows as their distances do, from inner products (..., n), in place."""
        if self._metric == "euclidean":
            products *= -2
            products += self._squares
        else:
            products *= -self._scale
        return products

    def _prepare(self, latents: Latents) -> Latents:
        if self._metric == "euclidean":
            return np.asarray(latents - self._origin, np.float32)
        if self._metric == "dot":
            return np.asarray(latents, np.float32)
        return _directions(latents, self._metric).astype(np.float32)


def _origin(latents: Latents) -> NDArray[np.float64]:
    """Where to measure from: zero, or the mean of latents that lie far from it.

    Differences do not change with the origin, and rounding is least about the mean.
    """
    n, d = latents.shape
    zero = np.zeros(d)
    if n == 0:
        return zero
    mean = latents.mean(axis=0, dtype=np.float64)
    total = sum(float(np.vdot(z, z)) for z in (latents[p].astype(np.float64) for p in _parts(n, d)))
    spread = max(0.0, total / n - float(mean @ mean))
    return mean if float(mean @ mean) > _FAR * spread else zero


def _parts(n: int, d: int) -> list[slice]:
    step = max(1, _VALUES_AT_ONCE // max(1, d))
    return [slice(start, start + step) for start in range(0, n, step)]


def _directions(latents: Latents, metric: str) -> NDArray[np.float64]:
    """(n, d) unit vectors; zeros for vectors that have no direction."""
    exact = latents.astype(np.float64)
    if metric == "correlation":
        # Exact for a constant vector of float32, so that nothing of it is left.
        exact = exact - exact.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0))


def _distances(latents: Latents, queries: Latents, metric: str) -> NDArray[np.float64]:
    """(p,) from each of (p, d) latents to the query beside it."""
    if metric == "euclidean":
        return np.asarray(
            np.linalg.norm(latents.astype(np.float64) - queries.astype(np.float64), axis=1)
        )
    if metric == "dot":
        a, b = latents.astype(np.float64), queries.astype(np.float64)
        return np.asarray(-np.einsum("pd,pd->p", a, b))
    a, b = _directions(latents, metric), _directions(queries, metric)
    return np.asarray(np.clip(1 - np.einsum("pd,pd->p", a, b), 0.0, 2.0))
