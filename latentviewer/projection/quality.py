"""How far a map can be trusted: trustworthiness and continuity.

Venna and Kaski, Local multidimensional scaling, Neural Networks 19 (2006), eqs. 1 and 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class MapQuality:
    """What a map keeps of the neighbourhoods in latent space; 1 is all, 0 is none.

    Both are measured within a sample: ranks are counted among its rows only. NaN where
    fewer than three samples are there to compare.

    Attributes:
        trustworthiness: whether neighbours on the map are neighbours in latent space.
        continuity: whether neighbours in latent space are neighbours on the map.
        k: how many neighbours were looked at.
        rows: (s,) int64, the sample, ascending; all rows where there are no more.
        trust_of_row, continuity_of_row: (s,) float32, the same of each sampled row; their
            means are the figures above.
    """

    trustworthiness: float
    continuity: float
    k: int
    rows: NDArray[np.int64]
    trust_of_row: NDArray[np.float32]
    continuity_of_row: NDArray[np.float32]


def map_quality(
    latents: Latents,
    coordinates: NDArray[np.float32],
    k: int = 12,
    sample: int = 2_000,
    seed: int = 0,
) -> MapQuality:
    """Trustworthiness and continuity of a map (n, 2 or 3) of latents (n, d), Euclidean.

    Equal distances are ordered by row. Time and memory grow with the square of the sample.

    Args:
        k: neighbours to look at; cut to what the formula allows, k < s / 2.
        sample: s, at most so many rows, drawn without replacement.
        seed: of that draw.
    """
    n = len(latents)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(n, sample, replace=False)) if n > sample else np.arange(n)
    count = len(rows)
    k = min(k, (count - 1) // 2)
    if k < 1:
        nothing = np.full(count, np.nan, np.float32)
        return MapQuality(np.nan, np.nan, 0, rows, nothing, nothing)
    above = _squares(latents[rows])
    below = _squares(coordinates[rows])
    trust, continuity = np.empty(count), np.empty(count)
    # The sum of ranks beyond k can be no larger, so that a figure lies between 0 and 1.
    scale = 2 / (k * (2 * count - 3 * k - 1))
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, min(start + _ROWS_AT_ONCE, count))
        order_above = _order(above, part)
        order_below = _order(below, part)
        trust[part] = 1 - scale * _ranks_beyond(order_below[:, :k], order_above, k)
        continuity[part] = 1 - scale * _ranks_beyond(order_above[:, :k], order_below, k)
    return MapQuality(
        float(trust.mean()),
        float(continuity.mean()),
        k,
        rows,
        trust.astype(np.float32),
        continuity.astype(np.float32),
    )


@dataclass(frozen=True, eq=False)
class _Squares:
    points: NDArray[np.float64]
    squares: NDArray[np.float64]


def _squares(points: NDArray[np.float32]) -> _Squares:
    exact = points.astype(np.float64)
    exact -= exact.mean(axis=0)
    return _Squares(exact, np.einsum("nd,nd->n", exact, exact))


def _order(of: _Squares, part: slice) -> NDArray[np.int64]:
    """(rows of the part, s): all samples by distance, nearest first, oneself last."""
    gaps = of.squares[None, :] - 2 * (of.points[part] @ of.points.T)
    rows = np.arange(part.start, part.stop)
    gaps[np.arange(len(rows)), rows] = np.inf
    return np.argsort(gaps, axis=1, kind="stable")


def _ranks_beyond(
    neighbours: NDArray[np.int64], order: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    """(rows,) the sum over neighbours of their rank in the other order, less k, above 0."""
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, order.shape[1] + 1)[None, :], axis=1)
    found = np.take_along_axis(ranks, neighbours, axis=1)
    return np.asarray(np.maximum(found - k, 0).sum(axis=1))
