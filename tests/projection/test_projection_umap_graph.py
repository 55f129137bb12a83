"""UMAP's graph beside that of umap-learn, on the same neighbours."""

import numpy as np
import pytest
import scipy.sparse
from numpy.typing import NDArray

from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.umap_graph import (
    curve,
    fuzzy_graph,
    memberships,
    supervised,
    without_weakest,
)

Near = tuple[NDArray[np.int32], NDArray[np.float32]]

# umap-learn says so when it is imported; nothing here uses it.
pytestmark = pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")


def clusters(n: int = 400, d: int = 6) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=4, size=(5, d))[np.arange(n) % 5]
    return (centres + rng.normal(size=(n, d)) * rng.uniform(0.1, 2, (n, 1))).astype(np.float32)


def near(latents: NDArray[np.float32], k: int, metric: str = "euclidean") -> Near:
    """The k nearest others, and before them the sample itself, at 0."""
    rows = np.empty((len(latents), k + 1), np.int32)
    distances = np.zeros((len(latents), k + 1), np.float32)
    found = Neighbours(latents, metric)
    for row in range(len(latents)):
        there, how_far = found.nearest(latents[row : row + 1], k, exclude=[row])
        rows[row], distances[row, 1:] = np.append(row, there[0]), how_far[0]
    return rows, distances


def theirs(latents: NDArray[np.float32], rows: NDArray[np.int32], distances: object) -> object:
    from umap.umap_ import fuzzy_simplicial_set

    made = fuzzy_simplicial_set(
        latents,
        rows.shape[1],
        np.random.RandomState(0),
        "euclidean",
        knn_indices=rows,
        knn_dists=distances,
    )
    return made[0]


@pytest.mark.parametrize("k", [1, 4, 14, 60])
def test_the_graph_is_that_of_umap_learn(k: int) -> None:
    latents = clusters()
    rows, distances = near(latents, k)
    ours = fuzzy_graph(rows[:, 1:], distances[:, 1:])
    peer = theirs(latents, rows, distances)
    assert np.abs((ours - peer).toarray()).max() < 1e-4  # type: ignore[operator]


def test_the_graph_of_duplicates_is_that_of_umap_learn() -> None:
    latents = clusters(120)
    latents[:30] = latents[0]
    latents[60:70] = latents[60]
    latents[70] += 1_000
    rows, distances = near(latents, 14)
    ours = fuzzy_graph(rows[:, 1:], distances[:, 1:])
    peer = theirs(latents, rows, distances)
    assert np.abs((ours - peer).toarray()).max() < 1e-4  # type: ignore[operator]


def test_a_graph_is_symmetric_and_each_sample_has_one_sure_tie() -> None:
    rows, distances = near(clusters(), 14)
    dense = fuzzy_graph(rows[:, 1:], distances[:, 1:]).toarray()
    np.testing.assert_allclose(dense, dense.T, atol=1e-6)
    np.testing.assert_allclose(dense.max(axis=1), 1, atol=1e-6)
    assert not np.diag(dense).any()


def test_threads_do_not_change_memberships() -> None:
    distances = np.sort(np.random.default_rng(0).gamma(3, size=(10_000, 14)), axis=1)
    alone = memberships(distances.astype(np.float32), threads=1)
    np.testing.assert_array_equal(memberships(distances.astype(np.float32), threads=4), alone)


@pytest.mark.parametrize("shift", [0.0, -50.0])
def test_negative_inner_products_make_the_same_memberships_wherever_they_begin(
    shift: float,
) -> None:
    _rows, distances = near(clusters(), 14, "dot")
    given = np.ascontiguousarray(distances[:, 1:])
    assert (given < 0).any()
    made = memberships(given, signed=True)
    np.testing.assert_allclose(memberships(given + np.float32(shift), signed=True), made, atol=1e-3)
    np.testing.assert_array_equal(made[:, 0], 1)
    np.testing.assert_allclose(made.sum(axis=1), np.log2(15), atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 1e-30, 1e30])
def test_equal_distances_are_all_sure(value: float) -> None:
    made = memberships(np.full((3, 5), value, np.float32))
    np.testing.assert_array_equal(made, np.ones((3, 5), np.float32))


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (1, 0)])
def test_nothing_has_an_empty_graph(shape: tuple[int, int]) -> None:
    graph = fuzzy_graph(np.zeros(shape, np.int32), np.zeros(shape, np.float32))
    assert graph.shape == (shape[0], shape[0])
    assert graph.nnz == 0


def test_supervision_is_that_of_umap_learn() -> None:
    from umap.umap_ import discrete_metric_simplicial_set_intersection

    rows, distances = near(clusters(), 14)
    graph = fuzzy_graph(rows[:, 1:], distances[:, 1:])
    codes = np.random.default_rng(0).integers(-1, 3, len(rows)).astype(np.int32)
    ours = supervised(graph, codes, 0.5)
    peer = discrete_metric_simplicial_set_intersection(
        scipy.sparse.csr_matrix(graph), codes, far_dist=5.0
    )
    assert np.abs((ours - peer).toarray()).max() < 1e-5


def test_full_weight_parts_the_classes() -> None:
    rows, distances = near(clusters(), 14)
    codes = (np.arange(len(rows)) % 2).astype(np.int32)
    ties = supervised(fuzzy_graph(rows[:, 1:], distances[:, 1:]), codes, 1.0).tocoo()
    assert (codes[ties.coords[0]] == codes[ties.coords[1]]).all()
    assert ties.nnz


def test_the_weakest_ties_go() -> None:
    graph = scipy.sparse.csr_array(np.array([[0, 1, 0.0049], [1, 0, 0.006], [0.0049, 0.006, 0]]))
    kept = without_weakest(graph, 200)
    assert kept.nnz == 4
    assert graph.nnz == 6
    assert without_weakest(scipy.sparse.csr_array((3, 3)), 200).nnz == 0


@pytest.mark.parametrize("min_dist", [0.0, 0.1, 0.5, 1.0])
def test_the_curve_is_that_of_umap_learn(min_dist: float) -> None:
    from umap.umap_ import find_ab_params

    np.testing.assert_allclose(curve(min_dist), find_ab_params(1.0, min_dist), rtol=1e-3)
