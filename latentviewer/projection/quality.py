"""How far a map can be trusted: trustworthiness and continuity.

Venna and Kaski, Local multidimensional scaling, Neural Networks 19 (2006), eqs. 1 and 2.
"""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.domain.space import Latents
from latentviewer.domain.stepping import to_the_end

SAMPLED_VALUES = 25_000_000
"""The sample holds at most so many values, 200 MB in float64, but 100 rows at the least."""
_FEWEST_SAMPLED = 100
_ROWS_AT_ONCE = 256
# What a step of a few hundredths of a second can do.
_PAIRS_AT_ONCE = 200_000
_PRODUCTS_AT_ONCE = 1_000_000_000
_VALUES_AT_ONCE = 500_000


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
        near_on_map: (s, k) int32, the nearest on the map, nearest first, as places in `rows`.
    """

    trustworthiness: float
    continuity: float
    k: int
    rows: NDArray[np.int64]
    trust_of_row: NDArray[np.float32]
    continuity_of_row: NDArray[np.float32]
    near_on_map: NDArray[np.int32]


def map_quality(
    latents: Latents,
    coordinates: NDArray[np.float32],
    k: int = 12,
    sample: int = 2_000,
    seed: int = 0,
    metric: str = "euclidean",
) -> MapQuality:
    """Trustworthiness and continuity of a map (n, 2 or 3) of latents (n, d).

    Equal points are ordered by row. Time and memory grow with the square of the sample.

    Args:
        k: neighbours to look at; cut to what the formula allows, k < s / 2.
        sample: s, at most so many rows, drawn without replacement; fewer where d is so large
            that they would hold more than `SAMPLED_VALUES`.
        seed: of that draw.
        metric: what near means in latent space; on the map it is always Euclidean.

    Raises:
        UserError: an unknown metric.
    """
    return to_the_end(quality_steps(latents, coordinates, k, sample, seed, metric))


def quality_steps(
    latents: Latents,
    coordinates: NDArray[np.float32],
    k: int = 12,
    sample: int = 2_000,
    seed: int = 0,
    metric: str = "euclidean",
) -> Generator[float, None, MapQuality]:
    """`map_quality` in short steps; yields the fraction done."""
    rows = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    sample = min(sample, max(_FEWEST_SAMPLED, SAMPLED_VALUES // latents.shape[1]))
    if len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False))
    count = len(rows)
    k = min(k, (count - 1) // 2)
    above = yield from _points(latents, rows, metric)
    if k < 1 or above.all_equal:
        nothing = np.full(count, np.nan, np.float32)
        return MapQuality(np.nan, np.nan, 0, rows, nothing, nothing, np.empty((count, 0), np.int32))
    below = yield from _points(coordinates, rows, "euclidean")
    trust, continuity = np.empty(count), np.empty(count)
    near_on_map = np.empty((count, k), np.int32)
    # The sum of ranks beyond k can be no larger, so that a figure lies between 0 and 1.
    scale = 2 / (k * (2 * count - 3 * k - 1))
    # Products pay only in larger blocks than there is time to sort in one step.
    block = _rows(_PRODUCTS_AT_ONCE, count * latents.shape[1])
    for start in range(0, count, block):
        whole = slice(start, min(start + block, count))
        all_above, all_below = above.gaps(whole), below.gaps(whole)
        yield start / count
        for part in _slices(whole, _rows(_PAIRS_AT_ONCE, count)):
            within = slice(part.start - start, part.stop - start)
            gaps_above, gaps_below = all_above[within], all_below[within]
            ordered_above, ordered_below = np.sort(gaps_above, axis=1), np.sort(gaps_below, axis=1)
            near_above = _nearest(gaps_above, ordered_above, k)
            near_on_map[part] = near_below = _nearest(gaps_below, ordered_below, k)
            trust[part] = 1 - scale * _beyond(near_below, gaps_above, ordered_above, k)
            continuity[part] = 1 - scale * _beyond(near_above, gaps_below, ordered_below, k)
            yield part.stop / count
    return MapQuality(
        float(trust.mean()),
        float(continuity.mean()),
        k,
        rows,
        trust.astype(np.float32),
        continuity.astype(np.float32),
        near_on_map,
    )


def _rows(at_once: int, in_each: int) -> int:
    return max(1, min(_ROWS_AT_ONCE, at_once // in_each))


def _slices(whole: slice, step: int) -> Iterator[slice]:
    for start in range(whole.start, whole.stop, step):
        yield slice(start, min(start + step, whole.stop))


def prepared(latents: Latents, metric: str) -> NDArray[np.float64]:
    """(n, d) float64, as a metric compares them: of unit length for `cosine` and `correlation`,
    for this after each vector's own mean is taken away; vectors without a direction are zero.

    Raises:
        UserError: an unknown metric.
    """
    if metric not in METRICS:
        raise UserError(f"There is no metric “{metric}”; there are {', '.join(METRICS)}.")
    exact = latents.astype(np.float64)
    if metric in ("euclidean", "dot"):
        return exact
    if metric == "correlation":
        exact -= exact.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0))


@dataclass(frozen=True, eq=False)
class _Points:
    """Sampled points, ready to be compared.

    Attributes:
        places: (u, d) each place once, or (s, d) where differences are taken directly.
        squares: (u,) squared norms; zeros where they do not count.
        of: (s,) which of the places each sample is; None where each has its own.
        direct: whether squared differences are taken axis by axis, which leaves ties exact.
        all_equal: whether there is one place only, or none.
    """

    places: NDArray[np.float64]
    squares: NDArray[np.float64]
    of: NDArray[np.int64] | None
    direct: bool
    all_equal: bool

    def gaps(self, part: slice) -> NDArray[np.float64]:
        """(rows of the part, s): what orders all samples as their distances do; infinite to
        oneself."""
        own = part if self.of is None else self.of[part]
        asked = self.places[own]
        if self.direct:
            gaps = np.zeros((len(asked), len(self.places)))
            for axis in range(self.places.shape[1]):
                gaps += np.square(asked[:, axis, None] - self.places[:, axis])
        else:
            gaps = asked @ self.places.T
            # Halves of squared distances, less what is the same for a whole row.
            np.subtract(self.squares, gaps, out=gaps)
            if self.of is not None:
                gaps = gaps[:, self.of]
        gaps[np.arange(len(asked)), np.arange(part.start, part.stop)] = np.inf
        return gaps


def _points(
    points: NDArray[np.float32], rows: NDArray[np.int64], metric: str
) -> Generator[float, None, _Points]:
    dims = points.shape[1]
    places = np.empty((len(rows), dims))
    euclidean = metric == "euclidean"
    direct = euclidean and dims <= 3
    origin: NDArray[np.float64] | None = None
    first: dict[bytes, int] = {}
    of = np.empty(len(rows), np.int64)
    step = max(1, _VALUES_AT_ONCE // dims)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        there = prepared(points[rows[part]], metric)
        if euclidean and not direct:
            # Differences do not change with the origin; rounding is least in the midst.
            origin = there.mean(axis=0) if origin is None else origin
            there -= origin
        # Minus zero is zero.
        there += 0.0
        for row, place in enumerate(there, start):
            key = hashlib.blake2b(place, digest_size=16).digest()
            of[row] = first.setdefault(key, len(first))
            # Once each, so that equal points are equally far whatever way products are rounded.
            places[row if direct else of[row]] = place
        yield 0.0
    alone = len(first) == len(rows)
    if not direct:
        places = places[: len(first)]
    squares = np.einsum("nd,nd->n", places, places) / 2 if euclidean else np.zeros(len(places))
    return _Points(places, squares, None if direct or alone else of, direct, len(first) < 2)


def _nearest(gaps: NDArray[np.float64], ordered: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """(rows, k): the nearest by `gaps`, of which `ordered` is the same in rising order."""
    row, column = np.nonzero(gaps <= ordered[:, k - 1 : k])
    order = np.lexsort((column, gaps[row, column], row))
    first = np.searchsorted(row, np.arange(len(gaps)))
    return np.asarray(column[order[first[:, None] + np.arange(k)]])


def _beyond(
    neighbours: NDArray[np.int64],
    gaps: NDArray[np.float64],
    ordered: NDArray[np.float64],
    k: int,
) -> NDArray[np.int64]:
    """(rows,) the sum over neighbours of their rank in the other order, less k, above 0."""
    found = np.take_along_axis(gaps, neighbours, axis=1)
    nearer, not_farther = np.empty_like(neighbours), np.empty_like(neighbours)
    for row in range(len(gaps)):
        nearer[row] = np.searchsorted(ordered[row], found[row], "left")
        not_farther[row] = np.searchsorted(ordered[row], found[row], "right")
    tied_row, tied = np.nonzero((not_farther - nearer > 1) & (not_farther > k))
    if len(tied):
        earlier = gaps[tied_row] == found[tied_row, tied, None]
        earlier &= np.arange(gaps.shape[1]) < neighbours[tied_row, tied, None]
        nearer[tied_row, tied] += earlier.sum(axis=1)
    return np.asarray(np.maximum(nearer + 1 - k, 0).sum(axis=1))
