import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.spatial import distance

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.projection.neighbours import Neighbours, nearest

REFERENCE = {
    "euclidean": distance.euclidean,
    "cosine": distance.cosine,
    "correlation": distance.correlation,
    "dot": lambda a, b: -float(np.dot(a, b)),
}


def brute(latents: NDArray[np.float32], query: NDArray[np.float32], k: int) -> list[int]:
    gaps = np.linalg.norm(latents.astype(np.float64) - query.astype(np.float64), axis=1)
    return np.lexsort((np.arange(len(latents)), gaps))[:k].tolist()


@pytest.mark.parametrize("metric", METRICS)
def test_distances_and_order_are_those_of_scipy(metric: str) -> None:
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(300, 7)).astype(np.float32)
    queries = rng.normal(size=(20, 7)).astype(np.float32)
    rows, distances = nearest(latents, queries, 5, metric)
    assert rows.dtype == np.int64
    assert distances.dtype == np.float32
    for query, found, far in zip(queries, rows, distances, strict=True):
        expected = np.array(
            [REFERENCE[metric](z.astype(np.float64), query.astype(np.float64)) for z in latents]
        )
        assert found.tolist() == np.argsort(expected)[:5].tolist()
        np.testing.assert_allclose(far, np.sort(expected)[:5], rtol=1e-6, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    # Few values and few dimensions, so that equal distances are the rule.
    latents=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 3)),
        elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1000.0]),
    ),
    k=st.integers(1, 50),
)
def test_equal_distances_are_ordered_by_row(latents: NDArray[np.float32], k: int) -> None:
    rows, _ = nearest(latents, latents, k)
    for query, found in zip(latents, rows, strict=True):
        assert found.tolist() == brute(latents, query, k)


@settings(max_examples=30, deadline=None)
@given(
    offset=st.sampled_from([0.0, 1e3, -3e4, 1e6]),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    seed=st.integers(0, 1000),
)
def test_latents_far_from_the_origin_keep_their_neighbours(
    offset: float, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    latents = (rng.normal(size=(400, 8)) * scale + offset).astype(np.float32)
    rows, _ = nearest(latents, latents[:10], 6)
    for query, found in zip(latents, rows, strict=False):
        assert found.tolist() == brute(latents, query, 6)


def test_one_row_far_out_does_not_spoil_the_others() -> None:
    rng = np.random.default_rng(2)
    latents = rng.normal(size=(500, 5)).astype(np.float32)
    latents[17] = 1e7
    rows, _ = nearest(latents, latents[:5], 4)
    for query, found in zip(latents, rows, strict=False):
        assert found.tolist() == brute(latents, query, 4)


def test_values_too_large_to_square_in_float32_are_compared_still() -> None:
    latents = np.array([[0, 0], [3e25, 0], [0, 1e30], [2e25, 1]], np.float32)
    rows, distances = nearest(latents, np.array([[3e25, 0]], np.float32), 4)
    assert rows.tolist() == [[1, 3, 0, 2]]
    assert np.isfinite(distances).all()


def test_more_duplicates_than_asked_for_give_the_first_rows() -> None:
    latents = np.zeros((5000, 3), np.float32)
    latents[:100] = 1
    rows, distances = nearest(latents, latents[200:203], 4)
    assert rows.tolist() == [[100, 101, 102, 103]] * 3
    assert not distances.any()


def test_many_queries_in_chunks_give_what_one_at_a_time_gives() -> None:
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(30_000, 2)).astype(np.float32)
    asked = Neighbours(latents)
    rows, distances = asked.nearest(latents[:150], 3)
    for query in (0, 65, 66, 67, 149):
        one_row, one_distance = asked.nearest(latents[query : query + 1], 3)
        assert rows[query].tolist() == one_row[0].tolist()
        assert distances[query].tolist() == one_distance[0].tolist()


@pytest.mark.parametrize("metric", METRICS)
def test_left_out_rows_never_count_and_k_is_cut(metric: str) -> None:
    latents = np.random.default_rng(4).normal(size=(6, 3)).astype(np.float32)
    rows, distances = nearest(latents, latents[:2], 10, metric, exclude=[0, 3, 99, -1])
    assert rows.shape == distances.shape == (2, 4)
    assert set(rows.ravel().tolist()) == {1, 2, 4, 5}


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_a_vector_without_direction_has_distance_one(metric: str) -> None:
    nothing = 0.0 if metric == "cosine" else 0.1
    latents = np.array([[nothing] * 7, range(7)], np.float32)
    _, distances = nearest(latents, latents, 2, metric)
    np.testing.assert_allclose(distances[0], [1, 1])
    np.testing.assert_allclose(distances[1], [0, 1], atol=1e-7)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_find_or_to_ask_gives_empty_answers(n: int, m: int) -> None:
    rows, distances = nearest(np.zeros((n, 2), np.float32), np.zeros((m, 2), np.float32), 4)
    assert rows.shape == distances.shape == (m, min(4, n))


def test_an_unknown_metric_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"hamming.*euclidean, cosine"):
        nearest(np.zeros((2, 2), np.float32), np.zeros((1, 2), np.float32), 1, "hamming")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e18, 3e19])
def test_the_nearest_distance_of_one_query_is_that_of_the_long_way(
    metric: str, scale: float
) -> None:
    rng = np.random.default_rng(3)
    latents = (rng.normal(size=(500, 7)) * scale).astype(np.float32)
    latents[10] = latents[20]
    found = Neighbours(latents, metric)
    for query in (latents[20], *(rng.normal(size=(5, 7)) * scale).astype(np.float32)):
        # Inner products of the largest vectors are beyond float32.
        with np.errstate(over="ignore"):
            _, distances = found.nearest(query[None], 1)
        if not np.isfinite(distances).all():
            assert metric == "dot"
            continue
        assert found.nearest_distance(query) == pytest.approx(float(distances[0, 0]), rel=1e-6)
    assert Neighbours(latents[:0], metric).nearest_distance(latents[0]) == float("inf")


@pytest.mark.parametrize("scale", [1e-30, 1e-15, 1.0, 1e15, 1e30])
@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_directions_of_very_short_and_very_long_vectors_are_told_apart(
    metric: str, scale: float
) -> None:
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(200, 6))
    lengths = rng.choice([scale, 1.0], size=(200, 1))
    latents = (directions * lengths).astype(np.float32)
    rows, _ = nearest(latents, latents[:10], 4, metric)
    for query, found in zip(latents, rows, strict=False):
        expected = [
            REFERENCE[metric](z.astype(np.float64), query.astype(np.float64)) for z in latents
        ]
        assert found.tolist() == np.argsort(expected, kind="stable")[:4].tolist()


def test_no_copy_of_the_latents_is_kept_without_need() -> None:
    near = np.random.default_rng(4).normal(size=(100, 3)).astype(np.float32)
    for metric in ("euclidean", "cosine", "dot"):
        assert not Neighbours(near, metric).copied
    assert Neighbours(near + 100, "euclidean").copied
