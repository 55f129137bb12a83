"""Points sorted into lists of near ones, by k-means, and work shared out in short turns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.kernels.candidates import COLUMNS, WIDEST, assign, fill_tiles
from latentviewer.kernels.crew import share_out, thread_count

Told = Callable[[float], None]
"""Told the fraction done of one stage."""

_TURN_S = 0.05
_ROWS_AT_ONCE = 1_024
_ROUNDS = 5
_SAMPLED_PER_LIST = 24


@dataclass(frozen=True, eq=False)
class NearLists:
    """Points in lists of at most WIDEST.

    Attributes:
        order: (n,) int32, the points as they stand in `points`.
        points: (n, d) float32, sorted by list.
        starts: (lists + 1,) int64, where each list begins in `points`; none is empty.
        centres: (lists, d) float32, their means.
        corners, tiles, bases: as in `latentviewer.kernels.candidates.fill_tiles`.
    """

    order: NDArray[np.int32]
    points: Latents
    starts: NDArray[np.int64]
    centres: Latents
    corners: NDArray[np.int64]
    tiles: NDArray[np.float32]
    bases: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centres)


def in_turns(work: Callable[[int, int], Any], pieces: int, told: Told) -> None:
    """Does pieces of work on all cores, in turns of a twentieth of a second.

    Args:
        work: given the number of its thread and that of the piece; spends its time in kernels.
        told: between turns, by the caller's thread; while it waits, no work is done.
    """
    left, done, threads = iter(range(pieces)), 0, thread_count()

    def turn(thread: int, _numbers: Iterator[int]) -> int:
        until, count = perf_counter() + _TURN_S, 0
        for piece in left:
            work(thread, piece)
            count += 1
            if perf_counter() > until:
                break
        return count

    while done < pieces:
        done += sum(share_out(turn, threads, threads))
        told(done / pieces)


def parts(n: int, step: int = _ROWS_AT_ONCE) -> list[tuple[int, int]]:
    """Spans of at most `step` that cover 0 to n."""
    return [(start, min(start + step, n)) for start in range(0, n, step)]


def make_lists(points: Latents, seed: int, told: Told) -> NearLists:
    """Sorts points (n, d) into lists, n at least 1; d must be a multiple of 4.

    Lloyd's k-means on a sample; lists that have become too long are halved at the median of
    their widest coordinate. The same points and seed give the same lists.
    """
    n = len(points)
    lists = max(1, round(n**0.5), n // WIDEST)
    rng = np.random.default_rng(seed)
    sampled = min(n, _SAMPLED_PER_LIST * lists)
    sample = points[np.sort(rng.choice(n, sampled, replace=False))]
    centres = sample[np.sort(rng.choice(sampled, lists, replace=False))]
    # How much of the time each pass takes, the last one over all points.
    rounds = _ROUNDS * sampled
    for number in range(_ROUNDS):
        spent = number * sampled
        nearest = nearest_centres(
            sample, centres, _share(told, spent / (rounds + n), (spent + sampled) / (rounds + n))
        )
        order, ends = _sorted_by(nearest, lists)
        centres = _means(sample, order, ends, centres)
    nearest = nearest_centres(points, centres, _share(told, rounds / (rounds + n), 0.9))
    order, ends = _sorted_by(nearest, lists)
    order, starts = _halved(points, order, ends)
    points = points[order]
    told(0.95)
    counts = np.diff(starts)
    corners = np.concatenate([[0], np.cumsum(-(-counts // COLUMNS) * COLUMNS)])
    centres = (np.add.reduceat(points, starts[:-1], axis=0) / counts[:, None]).astype(np.float32)
    tiles = np.empty(points.shape[1] * corners[-1], np.float32)
    made = NearLists(
        order, points, starts, centres, corners, tiles, np.empty(corners[-1], np.float32)
    )
    some = parts(len(made), 16)
    in_turns(
        lambda _thread, piece: fill_tiles(
            *some[piece], points, starts, centres, corners, tiles, made.bases
        ),
        len(some),
        _share(told, 0.95, 1.0),
    )
    return made


def nearest_centres(points: Latents, centres: Latents, told: Told) -> NDArray[np.int32]:
    """(n,) which of the centres is nearest to each point; the first of equally near ones."""
    lists, d = centres.shape
    origin = centres.mean(axis=0, dtype=np.float64).astype(np.float32)[None]
    width = min(WIDEST, -(-lists // COLUMNS) * COLUMNS)
    count = -(-lists // width)
    shape = np.zeros((count * width, d), np.float32)
    shape[:lists] = centres - origin
    base = np.full(count * width, np.inf, np.float32)
    base[:lists] = np.einsum("ld,ld->l", shape[:lists], shape[:lists])
    tiles = np.ascontiguousarray(shape.reshape(count, width, d).transpose(0, 2, 1))
    nearest, some = np.zeros(len(points), np.int32), parts(len(points))
    in_turns(
        lambda _thread, piece: assign(
            *some[piece], points, origin, tiles, base.reshape(count, width), nearest
        ),
        len(some),
        told,
    )
    return nearest


def _share(told: Told, begin: float, end: float) -> Told:
    return lambda fraction: told(begin + (end - begin) * fraction)


def _sorted_by(
    nearest: NDArray[np.int32], lists: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The rows of each list one after the other, and where the lists begin and end."""
    order = np.argsort(nearest, kind="stable").astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(nearest, minlength=lists))])
    return order, ends


def _means(
    points: Latents, order: NDArray[np.int32], ends: NDArray[np.int64], before: Latents
) -> Latents:
    counts = np.diff(ends)
    held = counts > 0
    centres = before.copy()
    sums = np.add.reduceat(points[order], ends[:-1][held], axis=0)
    centres[held] = sums / counts[held, None]
    return centres


def _halved(
    points: Latents, order: NDArray[np.int32], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The same without empty lists, and with long ones halved until they are short enough."""
    left = [order[a:b] for a, b in pairwise(ends.tolist()) if a < b][::-1]
    lists = []
    while left:
        rows = left.pop()
        if len(rows) <= WIDEST:
            lists.append(rows)
            continue
        these = points[rows]
        widest = int(np.argmax(these.max(axis=0) - these.min(axis=0)))
        rows = rows[np.argsort(these[:, widest], kind="stable")]
        middle = len(rows) // 2
        left += [rows[middle:], rows[:middle]]
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in lists])]).astype(np.int64)
    return np.concatenate(lists), starts
