from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from sklearn.manifold import Isomap

from latentviewer.domain.alignment import turned_to
from latentviewer.projection import isomap
from latentviewer.projection.isomap import run_isomap
from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.task import Report, Task


def neighbourhoods_of(
    latents: np.ndarray,
) -> Callable[[int, str, Report], tuple[np.ndarray, np.ndarray]]:
    def find(k: int, metric: str, report: Report) -> tuple[np.ndarray, np.ndarray]:
        n, k = len(latents), min(k, len(latents) - 1)
        report(0.0, "neighbours")
        near, far = Neighbours(latents, metric).nearest(latents, k + 1)
        own = near == np.arange(n)[:, None]
        own[~own.any(axis=1), -1] = True
        report(1.0, "neighbours")
        return near[~own].reshape(n, k).astype(np.int32), far[~own].reshape(n, k)

    return find


def laid_out(
    latents: np.ndarray, dims: int = 2, n_neighbors: int = 8, landmarks: int = 1_000,
    metric: str = "euclidean", seed: int = 0,
) -> tuple[np.ndarray, list[str]]:  # fmt: skip
    embedding = np.full((len(latents), dims), 5, np.float32)
    told: list[float | None] = []
    notes: list[str] = []
    options = {"n_neighbors": n_neighbors, "landmarks": landmarks, "metric": metric, "seed": seed}
    run_isomap(
        Task(
            latents, embedding, options, neighbourhoods_of(latents),
            report=lambda fraction, _stage: told.append(fraction), note=notes.append,
        )
    )  # fmt: skip
    fractions = [f for f in told if f is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    return embedding, notes


def roll(n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """A sheet rolled up, and where its points lie on the sheet."""
    rng = np.random.default_rng(0)
    along, across = rng.uniform(0, 25, n), rng.uniform(0, 8, n)
    # An Archimedean spiral, by length along it nearly.
    angle = np.sqrt(2 * along + 20)
    points = np.stack([angle * np.cos(angle), angle * np.sin(angle), across], axis=1)
    return points.astype(np.float32), np.stack([along, across], axis=1)


def test_it_unrolls_a_sheet() -> None:
    points, sheet = roll()
    places, notes = laid_out(points)
    for axis in range(2):
        correlation = np.corrcoef(places[:, axis], sheet[:, axis])[0, 1]
        assert abs(correlation) > 0.98
    assert notes == []


def test_with_all_samples_as_landmarks_it_is_that_of_scikit_learn() -> None:
    points, _ = roll(300)
    places, _ = laid_out(points, n_neighbors=9)
    reference = Isomap(n_neighbors=9, n_components=2).fit_transform(points.astype(np.float64))
    signs = np.sign((places * reference).sum(axis=0))
    np.testing.assert_allclose(places * signs, reference, atol=1e-3)


def test_some_landmarks_give_nearly_the_picture_of_all() -> None:
    points, _ = roll()
    all_of_them, some = laid_out(points)[0], laid_out(points, landmarks=80)[0]
    some -= some.mean(axis=0)
    gaps = np.linalg.norm(turned_to(some, all_of_them) - all_of_them, axis=1)
    assert np.median(gaps) < 0.05 * all_of_them.std()


def test_the_seed_chooses_the_landmarks_and_nothing_else_does() -> None:
    points, _ = roll(200)
    one, again = laid_out(points, landmarks=20)[0], laid_out(points, landmarks=20)[0]
    np.testing.assert_array_equal(one, again)
    assert np.abs(laid_out(points, landmarks=20, seed=1)[0] - one).max() > 0.01


def test_blocks_do_not_change_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = roll(150)
    whole = laid_out(points, landmarks=40)[0]
    monkeypatch.setattr(isomap, "_PATHS_AT_ONCE", 500)
    np.testing.assert_array_equal(laid_out(points, landmarks=40)[0], whole)


def test_of_very_many_samples_there_are_fewer_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = roll(200)
    monkeypatch.setattr(isomap, "_PATHS_AT_MOST", 200 * 30)
    places, notes = laid_out(points, landmarks=2_000)
    assert notes == ["Paths are measured from 30 landmarks, not 2,000, to save memory."]
    np.testing.assert_array_equal(places, laid_out(points, landmarks=30)[0])


def clusters(parts: int = 5, each: int = 15) -> np.ndarray:
    rng = np.random.default_rng(1)
    middles = rng.normal(scale=60, size=(parts, 3))
    return (np.repeat(middles, each, axis=0) + rng.normal(size=(parts * each, 3))).astype(
        np.float32
    )


def test_parts_are_joined_by_their_shortest_links(monkeypatch: pytest.MonkeyPatch) -> None:
    points, graphs = clusters(), []
    paths = isomap._paths

    def seen(graph: object, *args: object) -> np.ndarray:
        graphs.append(graph)
        return np.asarray(paths(graph, *args))  # type: ignore[arg-type]

    monkeypatch.setattr(isomap, "_paths", seen)
    places, notes = laid_out(points, n_neighbors=4)
    assert len(notes) == 1
    assert notes[0].startswith("The neighbours fall into 5 separate parts; they were joined")
    assert np.isfinite(places).all()
    # The links between clusters are those of the shortest tree through all points.
    exact = points.astype(np.float64)
    gaps = np.linalg.norm(exact[:, None] - exact[None], axis=-1)
    tree = minimum_spanning_tree(gaps).tocoo()
    of = np.arange(len(points)) // 15
    long = of[tree.row] != of[tree.col]
    expected = {frozenset(pair) for pair in zip(tree.row[long], tree.col[long], strict=True)}
    made = graphs[0].tocoo()
    across = of[made.row] != of[made.col]
    found = {frozenset(pair) for pair in zip(made.row[across], made.col[across], strict=True)}
    assert found == expected
    for row, column, length in zip(
        made.row[across], made.col[across], made.data[across], strict=True
    ):
        np.testing.assert_allclose(length, gaps[row, column], rtol=1e-5)


@pytest.mark.parametrize("unit", [1e25, 1e-25])
def test_parts_are_joined_in_any_unit(unit: float) -> None:
    points = clusters()
    plain, _ = laid_out(points, n_neighbors=4)
    places, _ = laid_out((points * unit).astype(np.float32), n_neighbors=4)
    np.testing.assert_allclose(places / unit, plain, atol=1e-2)


def test_large_parts_are_joined_from_some_of_their_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    points = clusters(3, 40)
    monkeypatch.setattr(isomap, "_LINKS_LOOKED_AT", 120 * 2 * 3)
    asked: list[int] = []
    nearest = isomap._nearest_outside

    def seen(vectors: np.ndarray, of: np.ndarray, some: np.ndarray) -> object:
        asked.append(len(some))
        return nearest(vectors, of, some)

    monkeypatch.setattr(isomap, "_nearest_outside", seen)
    places, _ = laid_out(points, n_neighbors=5)
    assert asked[0] == 6
    assert np.isfinite(places).all()


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_links_of_directions_are_angles(metric: str) -> None:
    # Directions round a circle, which only the sum of angles knows to be evenly spread.
    turn = np.linspace(0, 1.5 * np.pi, 61)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    basis = np.linalg.svd(np.ones((1, 3)))[2][1:] if metric == "correlation" else np.eye(2, 3)
    lengths = np.random.default_rng(0).uniform(0.5, 2, (61, 1))
    latents = (lengths * (circle @ basis)).astype(np.float32)
    places, notes = laid_out(latents, n_neighbors=2, metric=metric)
    assert notes == []
    assert abs(np.ptp(places[:, 0]) - 1.5 * np.pi) < 0.01
    assert np.ptp(places[:, 1]) < 0.01


def test_parts_of_directions_are_joined_by_angles() -> None:
    turn = np.concatenate([np.linspace(0, 0.2, 9), np.linspace(1.2, 1.4, 9)])
    latents = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    places, notes = laid_out(latents * 3, n_neighbors=2, metric="cosine")
    assert "2 separate parts" in notes[0]
    assert abs(np.ptp(places[:, 0]) - 1.4) < 0.01


def test_duplicates_lie_together() -> None:
    points, _ = roll(60)
    twice = np.concatenate([points, points])
    places, _ = laid_out(twice, n_neighbors=8)
    np.testing.assert_allclose(places[:60], places[60:], atol=1e-3)
    many = np.repeat(points[:6], 30, axis=0)
    places, notes = laid_out(many, n_neighbors=5)
    assert "6 separate parts" in notes[0]
    assert np.isfinite(places).all()
    assert np.ptp(places[:30], axis=0).max() < 1e-3
    assert np.ptp(places) > 1


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_few_flat_and_equal_latents_are_laid_out(metric: str) -> None:
    rng = np.random.default_rng(0)
    for latents in (
        np.zeros((0, 3), np.float32), np.ones((1, 3), np.float32),
        rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(4, 1)).astype(np.float32),
        np.full((20, 3), 2, np.float32), np.zeros((20, 3), np.float32),
        (rng.normal(size=(30, 3)) * 1e25).astype(np.float32),
        (clusters(2, 15) * 1e-25).astype(np.float32),
    ):  # fmt: skip
        for dims in (2, 3):
            assert np.isfinite(laid_out(latents, dims, n_neighbors=5, metric=metric)[0]).all()


def test_fewer_samples_than_neighbours_are_noted() -> None:
    places, notes = laid_out(np.eye(4, dtype=np.float32), n_neighbors=10)
    assert notes == ["4 points have only 3 neighbours each; 3 are used, not 10."]
    assert np.isfinite(places).all()


def test_two_points_lie_as_far_apart_as_they_are() -> None:
    places, _ = laid_out(np.array([[0, 0, 0], [0, 3, 4]], np.float32), n_neighbors=1)
    np.testing.assert_allclose(abs(places[0, 0] - places[1, 0]), 5, atol=1e-5)


def test_paths_go_from_neighbour_to_neighbour() -> None:
    line = np.array([[0.0], [1], [2], [3], [4], [5]], np.float32)
    bent = np.concatenate([line, line**2 / 5], axis=1)
    places, _ = laid_out(bent, n_neighbors=1)
    steps = np.linalg.norm(np.diff(bent, axis=0), axis=1)
    np.testing.assert_allclose(np.abs(np.diff(places[:, 0])), steps, atol=1e-4)
    graph = np.diag(steps, 1)
    np.testing.assert_allclose(
        np.ptp(places[:, 0]), dijkstra(graph, directed=False).max(), atol=1e-4
    )


def test_negative_eigenvalues_are_left_out() -> None:
    # Four leaves and the middle of a star, all leaves equally far: no space holds them.
    squares = np.full((5, 5), 4.0)
    squares[0], squares[:, 0] = 0.5, 0.5
    np.fill_diagonal(squares, 0.0)
    centring = np.eye(5) - 1 / 5
    values = np.linalg.eigvalsh(-0.5 * centring @ squares @ centring)
    assert values[0] < -0.01
    to_place = isomap.triangulation(squares, 5)
    assert np.isfinite(to_place).all()
    lengths = np.linalg.norm(to_place, axis=1)
    np.testing.assert_allclose(lengths[:3], values[:1:-1] ** -0.5)
    np.testing.assert_array_equal(lengths[3:], 0)
