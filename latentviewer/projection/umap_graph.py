"""The graph that UMAP lays out: how surely each sample is a neighbour of each other.

McInnes, Healy, Melville, UMAP, 2018 (arXiv 1802.03426), sections 3.1 and 4.1.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import kernel, read_only
from latentviewer.kernels.crew import share_out, thread_count

Array = np.ndarray[Any, Any]
Graph = Any
"""A scipy.sparse.csr_array (n, n), float32, symmetric, without a diagonal."""

_TOLERANCE = 1e-5
_HALVINGS = 64
_LEAST_WIDTH = 1e-3  # of the mean distance
_ROWS_AT_ONCE = 4_096
_CURVE_PLACES = 300
_UNKNOWN_GAP = 1.0


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        types.float64,
        types.boolean,
        types.float32[:, ::1],
    )
)
def _memberships(
    begin: int, end: int, distances: Array, mean: float, signed: bool, out: Array
) -> None:
    k = distances.shape[1]
    wanted = np.log2(k + 1.0)
    for i in range(begin, end):
        nearest, own_mean = 0.0, 0.0
        for j in range(k - 1, -1, -1):
            own_mean += distances[i, j] / (k + 1)
            if distances[i, j] > 0.0 or signed:
                nearest = distances[i, j]
        # What the width is compared with; it must not be nought for distances below it.
        least = _LEAST_WIDTH * (own_mean if nearest > 0.0 else mean)
        low, high, width = 0.0, np.inf, 1.0
        for _ in range(_HALVINGS):
            total = 0.0
            for j in range(k):
                gap = distances[i, j] - nearest
                total += np.exp(-gap / width) if gap > 0.0 else 1.0
            if abs(total - wanted) < _TOLERANCE:
                break
            if total > wanted:
                high = width
                width = (low + high) / 2.0
            else:
                low = width
                width = 2.0 * width if high == np.inf else (low + high) / 2.0
        width = max(width, least)
        for j in range(k):
            gap = distances[i, j] - nearest
            out[i, j] = np.exp(-gap / width) if gap > 0.0 and width > 0.0 else 1.0


def memberships(
    distances: NDArray[np.float32], signed: bool = False, threads: int | None = None
) -> NDArray[np.float32]:
    """(n, k) how surely each neighbour is one, above 0 and up to 1.

    exp(-(d - ρ) / σ) with ρ the distance of the nearest that is no duplicate, and σ such that
    the memberships of a row add up to log2(k + 1): k + 1 since a sample counts among its own.

    Args:
        distances: (n, k), nearest first, the sample itself not among them.
        signed: they may be below zero, as negative inner products are; they are measured from
            the nearest then, which is all that the formula looks at but for a bound on σ.
    """
    distances = np.ascontiguousarray(distances, np.float32)
    n, k = distances.shape
    made = np.ones((n, k), np.float32)
    if not made.size:
        return made
    if signed:
        distances = distances - distances[:, :1]
    mean = float(distances.mean(dtype=np.float64)) * k / (k + 1)

    def work(_thread: int, left: Iterator[int]) -> None:
        for piece in left:
            begin = piece * _ROWS_AT_ONCE
            _memberships(begin, min(n, begin + _ROWS_AT_ONCE), distances, mean, signed, made)

    share_out(work, -(-n // _ROWS_AT_ONCE), thread_count() if threads is None else threads)
    return made


def fuzzy_graph(
    rows: NDArray[np.int32], distances: NDArray[np.float32], signed: bool = False
) -> Graph:
    """The fuzzy union of what each sample says of its neighbours.

    Args:
        rows, distances: (n, k), nearest first, the sample itself not among them. signed: see
            `memberships`.
    """
    import scipy.sparse

    n, k = rows.shape
    first = np.arange(0, n * k + 1, k) if k else np.zeros(n + 1, np.int64)
    said = scipy.sparse.csr_array(
        (memberships(distances, signed).reshape(-1), rows.reshape(-1), first), shape=(n, n)
    )
    said.sum_duplicates()
    return united(said)


def united(said: Graph) -> Graph:
    """a + b - a b for memberships that differ by who tells of them (section 3.1, equation 12)."""
    heard = said.T.tocsr()
    both = said.multiply(heard)
    graph = (said + heard - both).tocsr()
    graph.eliminate_zeros()
    return graph


def supervised(graph: Graph, codes: NDArray[np.int32], weight: float) -> Graph:
    """The graph with ties between samples of different classes weakened.

    By exp(-g), g = 2.5 / (1 - weight), between classes, and exp(-1) where one class is unknown;
    each sample's surest tie is then made sure again, as umap-learn documents it under
    "UMAP for supervised dimension reduction".

    Args:
        codes: (n,) the class of each sample, -1 where unknown.
        weight: 0 to 1, how much classes count; 1 parts them altogether.
    """
    import scipy.sparse

    ties = graph.tocoo()
    one, other = codes[ties.coords[0]], codes[ties.coords[1]]
    gap = np.where(one != other, 2.5 / (1 - weight) if weight < 1 else np.inf, 0.0)
    gap[(one < 0) | (other < 0)] = _UNKNOWN_GAP
    kept = scipy.sparse.csr_array(
        ((ties.data * np.exp(-gap)).astype(np.float32), ties.coords), shape=graph.shape
    )
    kept.eliminate_zeros()
    surest = kept.max(axis=1).toarray().reshape(-1)
    scale = np.divide(1, surest, out=np.zeros_like(surest), where=surest > 0)
    kept.data *= np.repeat(scale, np.diff(kept.indptr))
    return united(kept)


def without_weakest(graph: Graph, epochs: int) -> Graph:
    """Without the ties too weak to act once in so many epochs; they would only cost time."""
    kept = graph.copy()
    kept.data[kept.data < kept.data.max(initial=0.0) / epochs] = 0.0
    kept.eliminate_zeros()
    return kept


def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """a, b of 1 / (1 + a d ** 2b), which follows 1 up to `min_dist` and exp(-(d - min_dist) /
    spread) beyond (section 3.2, definition 11)."""
    from scipy.optimize import curve_fit

    places = np.linspace(0, 3 * spread, _CURVE_PLACES)
    wanted = np.exp(-np.maximum(0.0, places - min_dist) / spread)
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), places, wanted)
    return float(a), float(b)
