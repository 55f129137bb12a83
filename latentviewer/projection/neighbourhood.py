"""The nearest samples of every sample: exact for few, and nearly so for many.

Each sample looks through the nearest of some lists of near samples, and then at the neighbours
of its neighbours; the distances of the best are then measured anew, in all dimensions and in
float64. Nothing depends on which thread does what, so the answer is the same on any number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.domain.space import Latents
from latentviewer.kernels.candidates import refine, search
from latentviewer.kernels.crew import thread_count
from latentviewer.kernels.distances import DIRECTIONS, EUCLIDEAN, PRODUCT, measure
from latentviewer.kernels.reduce import lengths, place, turn_to_widest
from latentviewer.projection.near_lists import (
    NearLists,
    in_turns,
    make_lists,
    nearest_centres,
    parts,
)
from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.task import Report

EXACT_UP_TO = 12_000
_SEED = 0
_SAMPLE = 4_096
_FEW = 512
_ROUNDING = float(np.finfo(np.float32).eps) / 2
# Beyond so many dimensions a search goes along so many of the widest directions.
_MOST_AXES, _AXES = 96, 72
# Candidates beyond k that are measured: what rounding may misplace, or dimensions left out.
_SPARE, _SPARE_REDUCED, _SPARE_PER_NEIGHBOUR = 8, 36, 0.5
# Of 70,000 samples; see `_probes`.
_PROBES, _PROBES_PER_NEIGHBOUR, _USUAL = 14, 1 / 15, 70_000
# The points nearest by inner product lie far out, in many lists.
_TIMES_FOR_PRODUCT = 4
_STEPS, _MOST_STEPS = 12, 25
_ROWS_AT_ONCE = 256

_Stage = Callable[[float], None]
_Found = tuple[NDArray[np.int32], NDArray[np.float32]]


def find_neighbourhood(latents: Latents, k: int, metric: str, report: Report) -> _Found:
    """The samples nearest to each of latents (n, d) float32, finite.

    Up to `EXACT_UP_TO` samples the answer is exact. Beyond, some of the nearest may be missed
    and others stand in for them, about 1 in 50 among images; the distances are always those of
    the rows given. The same latents give the same answer, bit by bit, on the same machine.

    Args:
        k: how many; n - 1 where there are no more.
        metric: as in `latentviewer.projection.neighbours.nearest`.
        report: told about every twentieth of a second, 0 to 1.

    Returns:
        rows (n, k) int32 and distances (n, k) float32, nearest first, the sample itself not
        among them; equal distances are ordered by row.

    Raises:
        UserError: an unknown metric.
    """
    if metric not in METRICS:
        raise UserError(f"There is no metric “{metric}”; there are {', '.join(METRICS)}.")
    latents = np.ascontiguousarray(latents, np.float32)
    n = len(latents)
    k = max(0, min(k, n - 1))
    if k == 0:
        return np.empty((n, 0), np.int32), np.empty((n, 0), np.float32)
    report(0.0, "neighbours")

    def stage(begin: float, end: float) -> _Stage:
        return lambda fraction: report(begin + (end - begin) * fraction, "neighbours")

    exact = n <= EXACT_UP_TO
    placed = _placed(latents, metric, not exact, stage(0.0, 0.1))
    lists = make_lists(placed.points, _SEED, stage(0.1, 0.3))
    questions = _questions(placed, lists, stage(0.3, 0.35))
    reduced = placed.reduced and not exact
    spare = _SPARE_REDUCED + int(_SPARE_PER_NEIGHBOUR * k) if reduced else _SPARE
    kept = min(n - 1, k + spare)
    near, gaps = _searched(
        questions,
        lists,
        kept,
        len(lists) if exact else _probes(placed, kept, lists),
        stage(0.35, 0.7),
    )
    if placed.kind != PRODUCT and not exact:
        near, gaps = _refined(questions, lists, near, gaps, stage(0.7, 0.8))
    asking = lists.order[questions.own]
    unit = 0.0 if exact else 0.99 * placed.unit
    rows, distances = _measured(
        latents, placed, asking, lists.order, near, gaps, unit, k, stage(0.8, 0.95)
    )
    doubtful = asking[near[:, k - 1] < 0]
    if exact and kept < n - 1:
        doubtful = asking[~_certain(placed, distances[asking, -1], asking, gaps[:, -1])]
    _replace(latents, placed, metric, np.sort(doubtful), rows, distances, stage(0.95, 1.0))
    report(1.0, "neighbours")
    return rows, distances


@dataclass(frozen=True, eq=False)
class _Placed:
    """Latents as the search sees them.

    Attributes:
        kind: of distance, as in `latentviewer.kernels.distances`.
        shifts, scales: (n,) float64, by which directions come from latents.
        points: (n, d') float32, whose squared gaps order as the distances do; for inner
            products, gaps from a point without its last coordinate used, `lift`.
        lift: that coordinate, which makes all of them equally long; -1 without one.
        unit: a true distance (its square for EUCLIDEAN) of a squared gap of 1; 0 for PRODUCT.
        sizes: (n,) float64, of an inner product of 1, asked by each: their length times the
            greatest; 1 where that is nothing, and all 1 but for PRODUCT.
        reduced: whether dimensions were left out.
    """

    kind: int
    shifts: NDArray[np.float64]
    scales: NDArray[np.float64]
    points: Latents
    lift: int
    unit: float
    sizes: NDArray[np.float64]
    reduced: bool


def _placed(latents: Latents, metric: str, may_reduce: bool, told: _Stage) -> _Placed:
    n, d = latents.shape
    rng = np.random.default_rng(_SEED)
    kind = {"euclidean": EUCLIDEAN, "dot": PRODUCT}.get(metric, DIRECTIONS)
    shifts, scales, middle = np.zeros(n), np.ones(n), np.zeros(d)
    to_search, unit, sizes, some = scales, 0.0, np.ones(n), parts(n)
    if kind == EUCLIDEAN:
        few = latents[np.sort(rng.choice(n, min(n, _FEW), replace=False))].astype(np.float64)
        # By medians, which samples far from all others cannot move.
        middle = np.median(few, axis=0)
        far = np.linalg.norm(few - middle, axis=1)
        spread = float(np.median(far)) or float(far.max()) or 1.0
        to_search, middle, unit = np.full(n, 1 / spread), middle / spread, spread**2
    else:
        norms = np.empty(n)
        in_turns(
            lambda _thread, piece: lengths(
                *some[piece], latents, metric == "correlation", shifts, norms
            ),
            len(some),
            lambda fraction: told(0.3 * fraction),
        )
        if kind == DIRECTIONS:
            scales = np.divide(1, norms, out=np.zeros(n), where=norms > 0)
            to_search, unit = scales, 0.5
        else:
            longest = float(norms.max()) or 1.0
            sizes = np.where(norms > 0, norms * longest, 1.0)
            to_search = np.full(n, 1 / longest)
    axes = np.zeros((0, 0), np.float32)
    if may_reduce and d > _MOST_AXES:
        rows = np.sort(rng.choice(n, min(n, _SAMPLE), replace=False))
        sample = np.empty((len(rows), d), np.float32)
        place(0, len(rows), latents[rows], shifts[rows], to_search[rows], middle, axes, sample)
        if kind != PRODUCT:
            sample -= sample.mean(axis=0)
        axes = rng.normal(size=(d, _AXES)).astype(np.float32)
        turn_to_widest(sample, axes, 3)
    told(0.5)
    reduced = axes.shape[1] or d
    points = np.zeros((n, 4 * (reduced // 4 + 1)), np.float32)
    in_turns(
        lambda _thread, piece: place(
            *some[piece], latents, shifts, to_search, middle, axes, points
        ),
        len(some),
        lambda fraction: told(0.5 + 0.5 * fraction),
    )
    if kind == DIRECTIONS:
        # At right angles to all others, as its distance of 1 says.
        points[scales == 0, reduced] = 1.0
    if kind == PRODUCT:
        # Bachrach et al. 2014, Speeding up the Xbox recommender system, section 3.1.
        points[:, reduced] = np.sqrt(np.maximum(0, 1 - np.einsum("nd,nd->n", points, points)))
    lift = reduced if kind == PRODUCT else -1
    return _Placed(kind, shifts, scales, points, lift, unit, sizes, bool(len(axes)))


@dataclass(frozen=True, eq=False)
class _Questions:
    """What is asked, sorted so that those of a block are near each other.

    Attributes:
        points: (n, d') float32. own: (n,) int32, where in the lists each stands itself.
        blocks: begin and end of each.
    """

    points: Latents
    own: NDArray[np.int32]
    blocks: list[tuple[int, int]]


def _questions(placed: _Placed, lists: NearLists, told: _Stage) -> _Questions:
    n = len(lists.points)
    if placed.lift < 0:
        ends = lists.starts.tolist()
        blocks = list(pairwise(ends))
        return _Questions(lists.points, np.arange(n, dtype=np.int32), blocks)
    points = lists.points.copy()
    points[:, placed.lift] = 0.0
    # However short, a question has the same answer.
    length = np.sqrt(np.einsum("nd,nd->n", points, points, dtype=np.float64))[:, None]
    np.divide(points, length, out=points, where=length > 0, casting="same_kind")
    nearest = nearest_centres(points, lists.centres, told)
    own = np.argsort(nearest, kind="stable").astype(np.int32)
    return _Questions(points[own], own, parts(n, _ROWS_AT_ONCE))


def _probes(placed: _Placed, kept: int, lists: NearLists) -> int:
    """How many lists to look through: more for many neighbours, and where there are many lists."""
    n = len(placed.points)
    usual = (_PROBES + kept * _PROBES_PER_NEIGHBOUR) * max(1.0, n / _USUAL) ** 0.25
    if placed.kind == PRODUCT:
        usual *= _TIMES_FOR_PRODUCT
    enough = 4 * kept * len(lists) / n
    return min(len(lists), int(np.ceil(max(usual, enough))))


def _searched(
    questions: _Questions, lists: NearLists, kept: int, probes: int, told: _Stage
) -> _Found:
    n = len(questions.points)
    near, gaps = np.empty((n, kept), np.int32), np.empty((n, kept), np.float32)
    reach = min(len(lists), max(32, 3 * probes))
    in_turns(
        lambda _thread, piece: search(
            *questions.blocks[piece], questions.points, questions.own, lists.starts, lists.centres,
            lists.corners, lists.tiles, lists.bases, reach, probes, near, gaps,
        ),
        len(questions.blocks),
        told,
    )  # fmt: skip
    return near, gaps


def _refined(
    questions: _Questions,
    lists: NearLists,
    near: NDArray[np.int32],
    gaps: NDArray[np.float32],
    told: _Stage,
) -> _Found:
    steps = min(_MOST_STEPS, max(_STEPS, near.shape[1] // 4))
    better, better_gaps = np.empty_like(near), np.empty_like(gaps)
    seen = [np.full(len(near), -1, np.int32) for _ in range(thread_count())]
    in_turns(
        lambda thread, piece: refine(
            *questions.blocks[piece], lists.points, near, gaps, steps, seen[thread], better,
            better_gaps,
        ),
        len(questions.blocks),
        told,
    )  # fmt: skip
    return better, better_gaps


def _measured(
    latents: Latents,
    placed: _Placed,
    asking: NDArray[np.int32],
    order: NDArray[np.int32],
    near: NDArray[np.int32],
    gaps: NDArray[np.float32],
    unit: float,
    k: int,
    told: _Stage,
) -> _Found:
    n = len(latents)
    rows, distances = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    some = parts(len(asking), _ROWS_AT_ONCE)
    in_turns(
        lambda _thread, piece: measure(
            *some[piece], latents, placed.kind, placed.shifts, placed.scales, asking, order, near,
            gaps, unit, rows, distances,
        ),
        len(some),
        told,
    )  # fmt: skip
    return rows, distances


def _certain(
    placed: _Placed,
    farthest: NDArray[np.float32],
    asking: NDArray[np.int32],
    beyond: NDArray[np.float32],
) -> NDArray[np.bool_]:
    """Whether none of the rows that were not kept can be nearer than the last of the nearest.

    Args:
        farthest: (m,), true distances. beyond: (m,), squared gaps that no other row is below.
    """
    squares = np.einsum("nd,nd->n", placed.points, placed.points).astype(np.float64)
    far = farthest.astype(np.float64)
    if placed.kind == EUCLIDEAN:
        reached = far**2 / placed.unit
    elif placed.kind == DIRECTIONS:
        reached = far / placed.unit
    else:
        # Questions have a length of 1. Those that have none, or were too short to get it, have
        # gaps of 1, and so are never certain.
        reached = 2 + 2 * far / placed.sizes[asking]
    most = (np.sqrt(squares[asking]) + np.sqrt(squares.max())) ** 2
    # Higham 2002, eq. 3.5, of the products and of the coordinates themselves; generously.
    error = 8 * _ROUNDING * (placed.points.shape[1] + 10) * most
    return np.asarray(reached + 2 * error < beyond)


def _replace(
    latents: Latents,
    placed: _Placed,
    metric: str,
    doubtful: NDArray[np.int32],
    rows: NDArray[np.int32],
    distances: NDArray[np.float32],
    told: _Stage,
) -> None:
    """Finds the neighbours of doubtful samples again, exactly and slowly, in place."""
    if not len(doubtful):
        return
    n, k = len(latents), rows.shape[1]
    neighbours = Neighbours(latents, metric)
    everyone = np.arange(n, dtype=np.int32)
    step = max(1, 2_000_000 // n)
    for begin, end in parts(len(doubtful), step):
        some = doubtful[begin:end]
        with np.errstate(over="ignore"):
            near = neighbours.nearest(latents[some], k + 1)[0].astype(np.int32)
        own = near == some[:, None]
        # A sample with so many duplicates in earlier rows is not among its own nearest.
        own[~own.any(axis=1), -1] = True
        near = near[~own].reshape(-1, k)
        measure(
            0, len(some), latents, placed.kind, placed.shifts, placed.scales, some, everyone, near,
            np.zeros(near.shape, np.float32), 0.0, rows, distances,
        )  # fmt: skip
        told(end / len(doubtful))
