import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentviewer.domain.ports import Inverse
from latentviewer.projection.inverse import DataDistance, NeighbourInverse, inverse_square_weights
from latentviewer.projection.placing import NeighbourPlaces


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 40), dims=st.integers(2, 3), seed=st.integers(0, 99))
def test_on_a_sample_the_inverse_gives_its_latent(n: int, dims: int, seed: int) -> None:
    places, latents = random(n, dims, seed), random(n, 6, seed + 1)
    inverse = NeighbourInverse(places, latents)
    assert isinstance(inverse, Inverse)
    np.testing.assert_array_equal(inverse.latents(places), latents)


def test_between_samples_nearer_ones_count_more() -> None:
    places = np.array([[0, 0], [4, 0]], np.float32)
    latents = np.array([[0], [1]], np.float32)
    found = NeighbourInverse(places, latents).latents(np.array([[2, 0], [1, 0]], np.float32))
    # At distances 1 and 3 the weights are as 9 to 1.
    np.testing.assert_allclose(found[:, 0], [0.5, 0.1], rtol=1e-6)


def test_only_the_k_nearest_count() -> None:
    places = np.array([[0, 0], [1, 0], [100, 0]], np.float32)
    latents = np.array([[1], [1], [1e6]], np.float32)
    found = NeighbourInverse(places, latents, k=2).latents(np.array([[0.4, 0]], np.float32))
    np.testing.assert_allclose(found, [[1]], rtol=1e-6)


def test_without_samples_the_inverse_gives_zeros() -> None:
    inverse = NeighbourInverse(np.zeros((0, 2), np.float32), np.zeros((0, 5), np.float32))
    assert inverse.latents(np.ones((3, 2), np.float32)).tolist() == [[0] * 5] * 3


def test_samples_without_a_place_do_not_count() -> None:
    places = np.array([[0, 0], [np.nan, 0], [1, np.inf]], np.float32)
    latents = np.array([[1], [2], [3]], np.float32)
    found = NeighbourInverse(places, latents).latents(np.array([[5, 5]], np.float32))
    assert found.tolist() == [[1]]


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e200])
def test_weights_sum_to_one_at_any_scale(scale: float) -> None:
    weights = inverse_square_weights(np.array([[1.0, 2.0, 4.0]]) * scale)
    np.testing.assert_allclose(weights, np.array([[16, 4, 1]]) / 21)


def test_two_samples_at_one_place_share_its_weight() -> None:
    assert inverse_square_weights(np.array([[0.0, 0.0, 1e-9]])).tolist() == [[0.5, 0.5, 0.0]]


def test_a_known_latent_is_placed_on_its_sample() -> None:
    latents, places = random(30, 4), random(30, 2, 1)
    placing = NeighbourPlaces(latents, places)
    np.testing.assert_array_equal(placing(latents[[7, 3]]), places[[7, 3]])
    nothing = NeighbourPlaces(np.zeros((0, 4), np.float32), np.zeros((0, 3), np.float32))
    assert nothing(latents[:2]).tolist() == [[0] * 3] * 2


def test_the_distance_to_the_data_is_exact_in_float64() -> None:
    # So far from the origin that float32 products cannot tell the latents apart.
    latents = random(2000, 16) + np.float32(3000)
    measured = DataDistance(latents)
    for query in random(20, 16, 5) + np.float32(3000):
        gaps = latents.astype(np.float64) - query.astype(np.float64)
        expected = np.linalg.norm(gaps, axis=1).min()
        assert measured.to_nearest(query) == pytest.approx(expected, rel=1e-6)


def test_most_data_are_near_and_what_lies_outside_is_far() -> None:
    latents = random(1500, 8)
    measured = DataDistance(latents)
    gaps = [
        np.sort(np.linalg.norm(latents.astype(np.float64) - z, axis=1))[1]
        for z in latents.astype(np.float64)
    ]
    assert measured.typical == pytest.approx(np.percentile(gaps, 99), rel=1e-6)
    assert not measured.is_far(measured.to_nearest(latents[4]))
    assert measured.is_far(measured.to_nearest(np.full(8, 50, np.float32)))
    assert DataDistance(latents).typical == measured.typical


def test_without_data_everything_is_far() -> None:
    measured = DataDistance(np.zeros((0, 3), np.float32))
    far = measured.to_nearest(np.zeros(3, np.float32))
    assert far == float("inf")
    assert measured.is_far(far)


def test_a_single_sample_is_near_itself_only() -> None:
    measured = DataDistance(np.ones((1, 3), np.float32))
    assert not measured.is_far(measured.to_nearest(np.ones(3, np.float32)))
    assert measured.is_far(measured.to_nearest(np.zeros(3, np.float32)))
