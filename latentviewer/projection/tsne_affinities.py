"""How strongly t-SNE ties each sample to its neighbours.

van der Maaten and Hinton, Visualizing Data using t-SNE, 2008, eqs. 1 and 4 and section 3.1, among
the nearest neighbours only (van der Maaten 2014, eqs. 6 and 7).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import kernel, read_only
from latentviewer.kernels.crew import share_out, thread_count

Array = np.ndarray[Any, Any]

LANES = 16
"""Ties are kept in blocks of so many, one sample's at a time, as vector units take them."""
_ROWS_AT_ONCE = 1_024
_STEPS, _NEAR_ENOUGH = 60, 1e-6
_FARTHEST = 60.0


@dataclass(frozen=True, eq=False)
class Affinities:
    """The joint probabilities p, symmetric, with a sum of 1.

    Attributes:
        starts: (n + 1,) int64; row i has the entries from starts[i] to starts[i + 1], filled up
            to a whole number of blocks with ties of no strength to itself.
        others: (m,) int32, whom it is tied to.
        strengths: (m,) float32, p.
    """

    starts: NDArray[np.int64]
    others: NDArray[np.int32]
    strengths: NDArray[np.float32]


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        types.float64,
        types.float32[:, ::1],
    )
)
def _conditional(begin: int, end: int, distances: Array, target: float, given: Array) -> None:
    """p of each neighbour given the sample, with the entropy `target`, in nats.

    Newton's method on the logarithm of the precision β: the slope of the entropy is -β² times
    the variance of the squared distances. Where it leaves the bracket, halves the bracket.
    """
    k = distances.shape[1]
    gaps, weights = np.empty(k), np.empty(k)
    log_beta = 0.0
    for i in range(begin, end):
        nearest, mean = np.inf, 0.0
        for j in range(k):
            gaps[j] = np.float64(distances[i, j]) ** 2
            nearest = min(nearest, gaps[j])
        for j in range(k):
            gaps[j] -= nearest
            mean += gaps[j] / k
        if not mean > 0.0:
            for j in range(k):
                given[i, j] = np.float32(1.0 / k)
            continue
        for j in range(k):
            gaps[j] /= mean
        low, high = -_FARTHEST, _FARTHEST
        if not abs(log_beta) < 10.0:
            log_beta = 0.0
        total = 1.0
        for _step in range(_STEPS):
            beta = np.exp(log_beta)
            total, first, second = 0.0, 0.0, 0.0
            for j in range(k):
                weight = np.exp(-beta * gaps[j])
                weights[j] = weight
                total += weight
                first += weight * gaps[j]
                second += weight * gaps[j] * gaps[j]
            first /= total
            second /= total
            over = np.log(total) + beta * first - target
            if abs(over) < _NEAR_ENOUGH:
                break
            if over > 0.0:
                low = log_beta
            else:
                high = log_beta
            slope = beta * beta * (second - first * first)
            guess = log_beta + over / slope if slope > 0.0 else np.inf
            log_beta = guess if low < guess < high else 0.5 * (low + high)
        for j in range(k):
            given[i, j] = np.float32(weights[j] / total)


@kernel(types.void(read_only(types.int32, 2), types.int64[::1], types.int32[::1], types.int32[::1]))
def _turn_round(neighbours: Array, starts: Array, sources: Array, places: Array) -> None:
    """Who has each sample among its neighbours, and as which.

    Args:
        starts: (n + 1,) filled with where each sample's begin, as in `Affinities`.
    """
    n, k = neighbours.shape
    starts[:] = 0
    for i in range(n):
        for j in range(k):
            starts[neighbours[i, j] + 1] += 1
    for i in range(n):
        starts[i + 1] += starts[i]
    filled = starts[:n].copy()
    for i in range(n):
        for j in range(k):
            other = neighbours[i, j]
            sources[filled[other]], places[filled[other]] = i, j
            filled[other] += 1


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.int32, 2),
        read_only(types.float32, 2),
        read_only(types.int64, 1),
        read_only(types.int32, 1),
        read_only(types.int32, 1),
        types.int64[::1],
        read_only(types.int64, 1),
        types.int64[::1],
        types.int32[::1],
        types.float32[::1],
    )
)
def _join(
    begin: int, end: int, neighbours: Array, given: Array, back: Array, sources: Array,
    places: Array, seen: Array, starts: Array, counts: Array, others: Array, strengths: Array,
) -> None:  # fmt: skip
    """Adds both directions of each tie, for the samples from `begin` to `end`.

    Args:
        back, sources, places: from `_turn_round`.
        seen: (n,) of this thread alone: at which entry a sample is tied to the present one.
            Entries rise from sample to sample, so it never has to be cleared.
        starts: of the entries; empty to count them only, with n marks a sample.
        counts: filled with the entries of each sample, when counted.
    """
    n, k = neighbours.shape
    fill, half = starts.size > 0, np.float32(0.5 / n)
    for i in range(begin, end):
        first = starts[i] if fill else i * n * np.int64(2)
        at = first
        for j in range(k):
            other = neighbours[i, j]
            seen[other] = at
            if fill:
                others[at], strengths[at] = other, half * given[i, j]
            at += 1
        for a in range(back[i], back[i + 1]):
            other = sources[a]
            known = seen[other] >= first
            entry = seen[other] if known else at
            if fill:
                more = half * given[other, places[a]]
                strengths[entry] = strengths[entry] + more if known else more
                others[entry] = other
            if not known:
                at += 1
        if not fill:
            counts[i] = at - first


def affinities(
    neighbours: NDArray[np.int32], distances: NDArray[np.float32], perplexity: float
) -> Affinities:
    """From the nearest samples of each sample, itself not among them.

    Args:
        neighbours: (n, k) rows, all different within a row. distances: (n, k); their squares
            count, whatever the metric.
        perplexity: how many neighbours count, softly; below k, or all count alike.
    """
    n, k = neighbours.shape
    given = np.empty((n, k), np.float32)
    target = float(np.log(min(perplexity, k)))
    back = np.empty(n + 1, np.int64)
    sources, places = np.empty(n * k, np.int32), np.empty(n * k, np.int32)
    pieces = -(-n // _ROWS_AT_ONCE)

    def weigh(_number: int, mine: Iterator[int]) -> None:
        for piece in mine:
            if piece == 0:
                _turn_round(neighbours, back, sources, places)
            else:
                begin, end = _piece(piece - 1, n)
                _conditional(begin, end, distances, target, given)

    share_out(weigh, pieces + 1, thread_count())
    nothing, none, weak = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    counts = np.empty(n, np.int64)

    def join(starts: Array, others: Array, strengths: Array) -> None:
        def some(_number: int, mine: Iterator[int]) -> None:
            seen = np.full(n, -1, np.int64)
            for piece in mine:
                begin, end = _piece(piece, n)
                _join(
                    begin, end, neighbours, given, back, sources, places, seen, starts, counts,
                    others, strengths,
                )  # fmt: skip

        share_out(some, pieces, thread_count())

    join(nothing, none, weak)
    whole = -(-counts // LANES) * LANES
    starts = np.concatenate([[0], np.cumsum(whole)]).astype(np.int64)
    others = np.repeat(np.arange(n, dtype=np.int32), whole)
    strengths = np.zeros(len(others), np.float32)
    join(starts, others, strengths)
    return Affinities(starts, others, strengths)


def _piece(piece: int, n: int) -> tuple[int, int]:
    return piece * _ROWS_AT_ONCE, min((piece + 1) * _ROWS_AT_ONCE, n)
