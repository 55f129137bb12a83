"""Precision, recall and the Fréchet distance against hand counts and closed forms."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from latentviewer.domain.measures import generation
from latentviewer.domain.measures.generation import (
    frechet_distance,
    gaussian_frechet_distance,
    precision_recall,
)


def line(*places: float) -> NDArray[np.float32]:
    return np.array(places, np.float32)[:, None]


def by_definition(real: NDArray[Any], generated: NDArray[Any], k: int) -> tuple[float, float]:
    """With every difference written out."""

    def covered(what: NDArray[Any], by: NDArray[Any]) -> float:
        what, by = what.astype(np.float64), by.astype(np.float64)
        own = np.square(by[:, None] - by[None]).sum(axis=2)
        radii = np.sort(own, axis=1)[:, k]  # the nearest is the sample itself
        distances = np.square(what[:, None] - by[None]).sum(axis=2)
        return float((distances <= radii).any(axis=1).mean())

    return covered(generated, real), covered(real, generated)


def test_precision_and_recall_counted_by_hand() -> None:
    # Radii of the real: 10, 1, 1, 1, 8; of the generated: 4, 0.5, 0.5, 7, 7, 21.
    real = line(-10, 0, 1, 2, 10)
    generated = line(-1.5, 2.5, 3, 12, 19, 40)
    result = precision_recall(real, generated, k=1)
    # 19 is 9 away from 10; -10 is 8.5 away from -1.5.
    assert (result.precision, result.recall) == (4 / 6, 4 / 5)


def test_a_sample_on_the_surface_of_a_ball_is_inside() -> None:
    assert precision_recall(line(0, 1), line(2, 200), k=1).precision == 0.5
    assert precision_recall(line(0, 1), line(2.001, 200), k=1).precision == 0.0


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("offset", [0.0, 3e6])
def test_blocks_give_what_the_definition_gives(
    k: int, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "_BLOCK_VALUES", 1000)
    rng = np.random.default_rng(k)
    real = rng.standard_normal((137, 5)) + offset
    generated = 0.8 * rng.standard_normal((90, 5)) + 0.4 + offset
    result = precision_recall(real, generated, k=k)
    expected = by_definition(real, generated, k)
    assert (result.precision, result.recall) == expected
    assert min(expected) > 0.2
    assert max(expected) < 1


def test_ties_and_repeated_samples_are_exact() -> None:
    rng = np.random.default_rng(0)
    real = rng.integers(0, 4, (150, 3)).astype(np.float32) * 0.7
    generated = rng.integers(1, 6, (150, 3)).astype(np.float32) * 0.7
    result = precision_recall(real, generated, k=2)
    assert (result.precision, result.recall) == by_definition(real, generated, 2)


def test_the_same_samples_are_covered_and_others_are_not() -> None:
    samples = np.random.default_rng(1).standard_normal((40, 6))
    same = precision_recall(samples, samples.copy())
    assert (same.precision, same.recall) == (1.0, 1.0)
    apart = precision_recall(samples, samples + 100)
    assert (apart.precision, apart.recall) == (0.0, 0.0)


def test_a_generator_that_makes_one_sample_only_is_precise_without_recall() -> None:
    samples = np.random.default_rng(1).standard_normal((40, 6))
    result = precision_recall(samples, np.repeat(samples[:1], 40, axis=0))
    assert (result.precision, result.recall) == (1.0, 1 / 40)


@pytest.mark.parametrize(
    ("real", "generated", "k", "said"),
    [
        (np.zeros((3, 2)), np.zeros((9, 2)), 3, "3 real samples are too few; 4"),
        (np.zeros((9, 2)), np.zeros((0, 2)), 3, "0 generated samples are too few"),
        (np.zeros((9, 2)), np.zeros((9, 3)), 3, r"not \(9, 2\) and \(9, 3\)"),
        (np.zeros(9), np.zeros(9), 3, "must be"),
        (np.zeros((9, 0)), np.zeros((9, 0)), 3, "one dimension or more"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), 3, "generated samples hold NaN"),
        (np.full((9, 2), np.inf), np.zeros((9, 2)), 3, "real samples hold NaN or infinite"),
        (np.zeros((9, 2)), np.zeros((9, 2)), 0, "k must be 1 or more"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    real: NDArray[Any], generated: NDArray[Any], k: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        precision_recall(real, generated, k)


def test_constant_features_cover_each_other() -> None:
    same = precision_recall(np.full((9, 2), 0.3), np.full((9, 2), 0.3))
    assert (same.precision, same.recall) == (1.0, 1.0)


def test_frechet_distance_on_a_line_is_that_of_means_and_deviations() -> None:
    # Means 1 and 2, unbiased variances 2 and 8: 1 + (√8 - √2)² = 3.
    assert frechet_distance(line(0, 2), line(0, 4)) == pytest.approx(3.0)


def test_frechet_distance_of_independent_dimensions_adds_up() -> None:
    mean, other = np.array([1.0, 0.0, -2.0]), np.array([0.0, 0.5, -2.0])
    deviation, wide = np.array([1.0, 2.0, 0.0]), np.array([3.0, 0.5, 0.7])
    expected = ((mean - other) ** 2 + (deviation - wide) ** 2).sum()
    distance = gaussian_frechet_distance(mean, np.diag(deviation**2), other, np.diag(wide**2))
    assert distance == pytest.approx(expected)


def test_frechet_distance_agrees_with_the_root_of_the_product() -> None:
    rng = np.random.default_rng(2)
    real = rng.standard_normal((300, 12)) @ rng.standard_normal((12, 12))
    generated = rng.standard_normal((200, 12)) @ rng.standard_normal((12, 12)) + 0.3
    first, second = np.cov(real.T), np.cov(generated.T)
    root = sqrtm(first @ second)
    expected = np.square(real.mean(0) - generated.mean(0)).sum() + np.trace(
        first + second - 2 * np.real(root)
    )
    assert frechet_distance(real, generated) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_of_covariances_without_full_rank() -> None:
    u, v = np.random.default_rng(3).standard_normal((2, 50))
    zero = np.zeros(50)
    distance = gaussian_frechet_distance(zero, np.outer(u, u), zero, np.outer(v, v))
    assert distance == pytest.approx(u @ u + v @ v - 2 * abs(u @ v), rel=1e-6)
    few = np.random.default_rng(4).standard_normal((10, 64)).astype(np.float32)
    assert frechet_distance(few, few) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(few, few + np.float32(0.5)) == pytest.approx(16.0, rel=1e-6)


def test_frechet_distance_of_constant_features_is_that_of_the_places() -> None:
    assert frechet_distance(np.zeros((5, 2)), np.tile([3.0, 4.0], (5, 1))) == 25.0


def test_frechet_distance_is_never_below_zero() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        samples = 1e3 * rng.standard_normal((30, 8))
        assert frechet_distance(samples, samples[::-1]) >= 0.0


@pytest.mark.parametrize(
    ("real", "generated", "said"),
    [
        (np.zeros((1, 2)), np.zeros((5, 2)), "1 real samples are too few; 2"),
        (np.zeros((5, 2)), np.zeros((5, 3)), "features must be"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), "generated samples hold NaN"),
    ],
)
def test_frechet_distance_refuses_what_has_no_covariance(
    real: NDArray[Any], generated: NDArray[Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        frechet_distance(real, generated)
