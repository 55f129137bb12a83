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

    Both are measured within a sample of the rows that have a finite place on the map: ranks
    are counted among them only. NaN where fewer than three are there to compare, or where all
    latents are equal and so have no neighbours to keep.

    Attributes:
        trustworthiness: whether neighbours on the map are neighbours in latent space.
        continuity: whether neighbours in latent space are neighbours on the map.
        k: how many neighbours were looked at.
        rows: (s,) int64, the sample, ascending; all rows with a place where there are no more.
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

    Equal points are ordered by row. Time and memory grow with the square of the sample.

    Args:
        k: neighbours to look at; cut to what the formula allows, k < s / 2.
        sample: s, at most so many rows, drawn without replacement.
        seed: of that draw.
    """
    rows = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    count = len(rows)
    k = min(k, (count - 1) // 2)
    if k < 1:
        nothing = np.full(count, np.nan, np.float32)
        return MapQuality(np.nan, np.nan, 0, rows, nothing, nothing)
    above = _points(latents[rows])
    if len(above.places) == 1:
        nothing = np.full(count, np.nan, np.float32)
        return MapQuality(np.nan, np.nan, 0, rows, nothing, nothing)
    below = _points(coordinates[rows])
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
class _Points:
    """Each place once, (u, d), its squared norm, and which of them each sample is, (s,)."""

    places: NDArray[np.float64]
    squares: NDArray[np.float64]
    of: NDArray[np.int64]


def _points(points: NDArray[np.float32]) -> _Points:
    # Once each, so that equal points are equally far whatever way the products were rounded.
    different, of = np.unique(points, axis=0, return_inverse=True)
    places = different.astype(np.float64)
    places -= places.mean(axis=0)
    return _Points(places, np.einsum("nd,nd->n", places, places), of.reshape(-1))


def _order(points: _Points, part: slice) -> NDArray[np.int64]:
    """(rows of the part, s): all samples by distance, nearest first, oneself last."""
    asked = points.places[points.of[part]]
    gaps = (points.squares - 2 * (asked @ points.places.T))[:, points.of]
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
