import numpy as np
import pytest

from latentviewer.projection.kept_neighbours import kept_neighbours, map_neighbours
from latentviewer.projection.neighbours import nearest


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def near_by_brute_force(places: np.ndarray, k: int) -> np.ndarray:
    exact = places.astype(np.float64)
    placed = np.isfinite(exact).all(axis=1)
    k = max(0, min(k, int(placed.sum()) - 1))
    near = np.full((len(places), k), -1)
    for row in np.flatnonzero(placed):
        gaps = sum(np.square(exact[:, axis] - exact[row, axis]) for axis in range(exact.shape[1]))
        gaps[row] = np.inf
        gaps[~placed] = np.inf
        near[row] = np.argsort(gaps, kind="stable")[:k]
    return near


def true_neighbours(latents: np.ndarray, k: int) -> np.ndarray:
    rows, _ = nearest(latents, latents, k + 1)
    return np.array([[j for j in row if j != i][:k] for i, row in enumerate(rows)])


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_neighbours_on_the_map_are_exact_and_ties_go_by_row(dims: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(3, 90)), int(rng.integers(1, 20))
    # From a few places with many samples each to a fine lattice, and no ties at all.
    coarse = [2, 4, 9, 0][seed % 4]
    places = rng.integers(-coarse, coarse + 1, (n, dims)) if coarse else rng.normal(size=(n, dims))
    places = places.astype(np.float32)
    places[rng.random(n) < 0.1, dims - 1] = [np.nan, np.inf][seed % 2]
    assert map_neighbours(places, k).tolist() == near_by_brute_force(places, k).tolist()


def test_many_samples_in_one_place_and_many_equally_far_are_found_by_row() -> None:
    places = np.zeros((3_000, 2), np.float32)
    places[:1_500] = -0.0
    near = map_neighbours(places, 4)
    assert near[0].tolist() == [1, 2, 3, 4]
    assert near[2].tolist() == [0, 1, 3, 4]
    assert near[2_999].tolist() == [0, 1, 2, 3]
    places[7], places[8] = (5, 0), (6, 0)
    near = map_neighbours(places, 4)
    assert near[7].tolist() == [8, 0, 1, 2]
    assert near[9].tolist() == [0, 1, 2, 3]
    # A hub, and a ring about it on whole numbers: all of it equally far.
    ring = [(x, y) for x in range(-65, 66) for y in range(-65, 66) if x * x + y * y == 65 * 65]
    places = np.array([*reversed(ring), (0, 0)], np.float32)
    assert len(ring) == 36
    assert map_neighbours(places, 5)[36].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_samples_have_few_neighbours(n: int) -> None:
    near = map_neighbours(random(n, 2), 5)
    assert near.shape == (n, max(0, n - 1))
    lost, false = kept_neighbours(near, near)
    expected = [0.0, 0.0] if n == 2 else [np.nan] * n
    assert lost.tolist() == pytest.approx(expected, nan_ok=True)
    assert false.tolist() == pytest.approx(expected, nan_ok=True)


def test_progress_is_told() -> None:
    told: list[float | None] = []
    map_neighbours(random(20_000, 2), 3, lambda fraction, _stage: told.append(fraction))
    assert len(told) == 3
    assert told[-1] == 1


def test_a_map_that_is_the_space_loses_nothing() -> None:
    latents = random(200, 2)
    near = map_neighbours(latents, 20)
    lost, false = kept_neighbours(true_neighbours(latents, 20), near)
    assert lost.dtype == false.dtype == np.float32
    assert not lost.any()
    assert not false.any()


def test_strangers_only_lose_everything() -> None:
    above, below = np.array([[1, 2]]).repeat(5, axis=0), np.array([[3, 4]]).repeat(5, axis=0)
    lost, false = kept_neighbours(above, below)
    assert lost.tolist() == false.tolist() == [1] * 5


def test_how_far_beyond_the_nearest_a_neighbour_went_is_what_counts() -> None:
    above = np.array([[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3]])
    below = above.copy()
    # True neighbours 1, 2: 1 is third on the map, 2 is not there. On the map 3, 4: third, fourth.
    below[0] = [3, 4, 1, 5]
    below = np.vstack([below, [0, 1, 2, 3]])
    above = np.vstack([above, [0, 1, 2, 3]])
    lost, false = kept_neighbours(above, below)
    assert lost.tolist() == pytest.approx([(1 / 3 + 1) / 2, 0, 0, 0, 0, 0])
    assert false.tolist() == pytest.approx([(1 / 3 + 2 / 3) / 2, 0, 0, 0, 0, 0])
    # Another k, and rows of unequal width.
    lost, false = kept_neighbours(above, below[:, :3], k=1)
    assert lost[0] == pytest.approx(2 / 3)
    assert false[0] == pytest.approx(2 / 4)


def test_of_just_k_neighbours_it_is_the_share_that_is_not_kept() -> None:
    latents = random(300, 6)
    above, below = true_neighbours(latents, 10), map_neighbours(latents[:, :2].copy(), 10)
    lost, false = kept_neighbours(above, below, k=10)
    expected = [1 - len(set(a) & set(b)) / 10 for a, b in zip(above, below.tolist(), strict=True)]
    assert lost.tolist() == pytest.approx(expected, abs=1e-6)
    assert false.tolist() == pytest.approx(expected, abs=1e-6)
    assert 0 < lost.mean() < 1


def test_ranks_are_counted_as_in_continuity_and_trustworthiness() -> None:
    latents = random(40, 5)
    places = latents[:, :2].copy()
    # With everyone in the rows, nothing is cut off.
    above, below = true_neighbours(latents, 39), map_neighbours(places, 39)
    lost, false = kept_neighbours(above, below, k=6)
    for row in range(40):
        rank_below = [below[row].tolist().index(j) + 1 for j in above[row, :6]]
        rank_above = [above[row].tolist().index(j) + 1 for j in below[row, :6]]
        assert lost[row] == pytest.approx(np.mean([max(0, r - 6) for r in rank_below]) / 34)
        assert false[row] == pytest.approx(np.mean([max(0, r - 6) for r in rank_above]) / 34)


def test_samples_without_a_place_have_no_figure_and_are_nobodys_loss() -> None:
    places = np.array([[0, 0], [1, 0], [np.nan, 0], [2.5, 0], [np.inf, 1]], np.float32)
    below = map_neighbours(places, 2)
    assert below.tolist() == [[1, 3], [0, 3], [-1, -1], [1, 0], [-1, -1]]
    above = np.array([[2, 1], [2, 4], [0, 1], [1, 0], [0, 1]])
    lost, false = kept_neighbours(above, below, k=2)
    assert lost.tolist() == pytest.approx([0, np.nan, np.nan, 0, np.nan], nan_ok=True)
    assert false.tolist() == pytest.approx([0.5, 1, np.nan, 0, np.nan], nan_ok=True)


def test_missing_neighbours_do_not_count() -> None:
    above = np.array([[1, -1], [0, 2], [-1, -1]])
    below = np.array([[1, 2], [0, 2], [0, 1]])
    lost, false = kept_neighbours(above, below, k=2)
    assert lost.tolist() == pytest.approx([0, 0, np.nan], nan_ok=True)
    assert false.tolist() == [0.5, 0, 1]


def test_rows_beyond_one_block_are_measured_as_the_first() -> None:
    above = np.random.default_rng(0).permuted(np.tile(np.arange(9), (20_000, 1)), axis=1)[:, :6]
    below = above[:, ::-1].copy()
    lost, _ = kept_neighbours(above, below)
    # The first three come last: ranks 6, 5, 4 of 6.
    assert lost.tolist() == pytest.approx([(3 + 2 + 1) / 3 / 4] * 20_000)


def test_rows_of_another_number_of_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="same n"):
        kept_neighbours(np.zeros((3, 2), np.int32), np.zeros((4, 2), np.int32))
