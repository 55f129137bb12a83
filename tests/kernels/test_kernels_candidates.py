from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.kernels.candidates import COLUMNS, WIDEST, assign, fill_tiles, refine, search
from latentviewer.kernels.distances import DIRECTIONS, EUCLIDEAN, PRODUCT, measure
from latentviewer.kernels.reduce import lengths, place, turn_to_widest

Floats = NDArray[np.float32]

NOTHING = np.zeros((0, 0), np.float32)


def squared(a: Floats, b: Floats) -> NDArray[np.float64]:
    return ((a[:, None].astype(np.float64) - b[None].astype(np.float64)) ** 2).sum(axis=2)


def searched(
    points: Floats, counts: list[int], kept: int, reach: int, probes: int
) -> tuple[NDArray[np.int32], Floats]:
    """All points asked, in one block, of lists of so many of them each."""
    n, d = points.shape
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    centres = np.array([points[a:b].mean(axis=0) for a, b in pairwise(starts)])
    widths = [-(-count // COLUMNS) * COLUMNS for count in counts]
    corners = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    tiles, bases = np.empty(d * corners[-1], np.float32), np.empty(corners[-1], np.float32)
    fill_tiles(0, len(counts), points, starts, centres, corners, tiles, bases)
    near, gaps = np.empty((n, kept), np.int32), np.empty((n, kept), np.float32)
    own = np.arange(n, dtype=np.int32)
    search(0, n, points, own, starts, centres, corners, tiles, bases, reach, probes, near, gaps)
    return near, gaps


@pytest.mark.parametrize("kept", [1, 7, 80])
@pytest.mark.parametrize("far", [0, 1e4])
def test_a_search_of_all_lists_finds_the_nearest(kept: int, far: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(250, 8)).astype(np.float32)
    points[100:] += np.float32(far)
    near, gaps = searched(points, [1, 99, 16, 17, 117], kept, 5, 5)
    true = squared(points, points)
    np.fill_diagonal(true, np.inf)
    order = np.argsort(true, axis=1)[:, :kept]
    np.testing.assert_array_equal(near, order)
    np.testing.assert_allclose(gaps, np.take_along_axis(true, order, 1), rtol=1e-3, atol=1e-4)


def test_only_the_nearest_lists_are_looked_through() -> None:
    points = np.zeros((60, 4), np.float32)
    points[:, 0] = np.arange(60)
    near, gaps = searched(points, [20, 20, 20], 25, 3, 1)
    assert all(set(line[line >= 0]) <= set(range(20)) for line in near[:20])
    assert (near[:, :19] >= 0).all()
    assert (near[:, 19:] == -1).all()
    assert np.isinf(gaps[:, 19:]).all()
    near, _ = searched(points, [20, 20, 20], 25, 3, 2)
    assert set(near[0][near[0] >= 0]) == set(range(1, 26))


def test_a_full_list_fits() -> None:
    points = np.random.default_rng(1).normal(size=(WIDEST, 4)).astype(np.float32)
    near, _ = searched(points, [WIDEST], WIDEST - 1, 1, 1)
    assert (np.sort(near, axis=1) == [np.delete(np.arange(WIDEST), i) for i in range(WIDEST)]).all()


@pytest.mark.parametrize("count", [1, 15, 300])
def test_points_are_assigned_to_the_first_of_the_nearest_centres(count: int) -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(101, 4)).astype(np.float32)
    centres = rng.normal(size=(count, 4)).astype(np.float32)
    centres[count // 2] = centres[0]
    width = 16
    tiles = np.zeros((-(-count // width), 4, width), np.float32)
    bases = np.full((len(tiles), width), np.inf, np.float32)
    for l, centre in enumerate(centres - centres[:1]):
        tiles[l // width, :, l % width] = centre
        bases[l // width, l % width] = centre @ centre
    nearest = np.full(101, -1, np.int32)
    assign(0, 101, points, centres[:1].copy(), tiles, bases, nearest)
    np.testing.assert_array_equal(nearest, squared(points, centres).argmin(axis=1))


def test_refining_goes_to_the_neighbours_of_neighbours() -> None:
    points = np.zeros((50, 4), np.float32)
    points[:, 0] = np.arange(50)
    # Each knows only the two after it; the last ones fewer.
    near = np.arange(50)[:, None] + [1, 2, 0]
    near[:, 2] = -1
    near[near >= 50] = -1
    near[-1] = -1
    near = np.ascontiguousarray(near, np.int32)
    gaps = np.where(near >= 0, np.square(near - np.arange(50)[:, None]), np.inf)
    better, better_gaps = np.empty_like(near), np.empty(near.shape, np.float32)
    seen = np.full(50, -1, np.int32)
    refine(0, 50, points, near, gaps.astype(np.float32), 2, seen, better, better_gaps)
    assert better[0].tolist() == [1, 2, 3]
    assert better_gaps[0].tolist() == [1, 4, 9]
    assert better[47].tolist() == [48, 49, -1]
    assert better[49].tolist() == [-1, -1, -1]
    one = np.empty_like(near)
    refine(0, 50, points, near, gaps.astype(np.float32), 0, seen, one, better_gaps)
    np.testing.assert_array_equal(one, near)


@pytest.mark.parametrize("kind", [EUCLIDEAN, DIRECTIONS, PRODUCT])
def test_measured_rows_are_sorted_by_distance_and_row(kind: int) -> None:
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(40, 11)).astype(np.float32)
    latents[5], latents[9] = latents[30], 0
    shifts, norms = np.empty(40), np.empty(40)
    lengths(0, 40, latents, False, shifts, norms)
    scales = np.divide(1, norms, out=np.zeros(40), where=norms > 0)
    order = rng.permutation(40).astype(np.int32)
    asking = np.array([30, 9, 2], np.int32)
    near = np.array([rng.permutation(40)[:25] for _ in range(3)], np.int32)
    near[2, 20:] = -1
    if 5 not in order[near[0]]:
        near[0, 0] = int(np.flatnonzero(order == 5)[0])
    rows, distances = np.zeros((40, 6), np.int32), np.zeros((40, 6), np.float32)
    least = np.zeros((3, 25), np.float32)
    factors = scales if kind == DIRECTIONS else np.ones(40)
    measure(0, 3, latents, kind, shifts, factors, asking, order, near, least, 0.0, rows, distances)
    points = latents.astype(np.float64) * factors[:, None]
    for question, found in zip(asking, near, strict=True):
        others = order[found[found >= 0]]
        if kind == EUCLIDEAN:
            gaps = np.linalg.norm(points[others] - points[question], axis=1)
        else:
            gaps = float(kind == DIRECTIONS) - points[others] @ points[question]
        best = np.lexsort((others, gaps.round(12)))[:6]
        np.testing.assert_array_equal(rows[question], others[best])
        np.testing.assert_allclose(distances[question], gaps[best], rtol=1e-6, atol=1e-12)
    if kind != PRODUCT:
        assert distances[30, 0] == 0


def test_what_cannot_be_among_the_nearest_is_not_measured() -> None:
    latents = np.arange(8, dtype=np.float32)[:, None]
    ones, rows = np.ones(8), np.zeros((8, 2), np.int32)
    order, near = np.arange(8, dtype=np.int32), np.array([[5, 6, 1, 2]], np.int32)
    least, distances = np.array([[25, 36, 37, 38]], np.float32), np.zeros((8, 2), np.float32)
    for unit, expected in ((1.0, [5, 6]), (0.0, [1, 2])):
        measure(
            0, 1, latents, EUCLIDEAN, np.zeros(8), ones, order[:1], order, near, least, unit, rows,
            distances,
        )  # fmt: skip
        assert rows[0].tolist() == expected


@pytest.mark.parametrize("d", [1, 7, 33])
def test_latents_are_shifted_scaled_centred_and_turned(d: int) -> None:
    rng = np.random.default_rng(4)
    latents = rng.normal(size=(20, d)).astype(np.float32)
    means, norms = np.empty(20), np.empty(20)
    lengths(0, 20, latents, True, means, norms)
    centred = latents - latents.mean(axis=1, keepdims=True, dtype=np.float64)
    np.testing.assert_allclose(norms, np.linalg.norm(centred, axis=1), atol=1e-12)
    scales, middle = rng.normal(size=20), rng.normal(size=d)
    expected = centred * scales[:, None] - middle
    points = np.zeros((20, d + 3), np.float32)
    place(0, 20, latents, means, scales, middle, NOTHING, points)
    np.testing.assert_allclose(points[:, :d], expected, rtol=1e-5, atol=1e-6)
    axes = rng.normal(size=(d, 5)).astype(np.float32)
    turned = np.zeros((20, 8), np.float32)
    place(0, 20, latents, means, scales, middle, axes, turned)
    np.testing.assert_allclose(turned[:, :5], expected @ axes, rtol=1e-4, atol=1e-4)
    assert not turned[:, 5:].any()


def test_axes_turn_to_the_widest_directions() -> None:
    rng = np.random.default_rng(5)
    wide = np.array([9, 8, 7, 6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1])
    turn = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    rows = (rng.normal(size=(500, 10)) * wide @ turn).astype(np.float32)
    axes = rng.normal(size=(10, 4)).astype(np.float32)
    turn_to_widest(rows, axes, 3)
    np.testing.assert_allclose(axes.T @ axes, np.eye(4), atol=1e-5)
    true = np.linalg.svd(rows, full_matrices=False)[2][:4]
    assert np.linalg.svd(true @ axes)[1].min() > 0.9999


def test_there_are_no_more_axes_than_directions() -> None:
    rng = np.random.default_rng(6)
    rows = np.zeros((50, 9), np.float32)
    rows[:, :2] = rng.normal(size=(50, 2))
    axes = rng.normal(size=(9, 4)).astype(np.float32)
    turn_to_widest(rows, axes, 3)
    lengths_of = np.linalg.norm(axes, axis=0)
    np.testing.assert_allclose(np.sort(lengths_of), [0, 0, 1, 1], atol=1e-5)
    turn_to_widest(np.zeros((50, 9), np.float32), axes, 3)
    assert not axes.any()
