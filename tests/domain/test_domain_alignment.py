"""Turning one picture onto another: exact for a turned copy, never worse than any turn."""

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.alignment import laid_over, turned_to


def cloud(n: int = 40, k: int = 2, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(n, k)) * [3.0, 1.0, 0.5][:k]
    return drawn.astype(np.float32)


def turn(angle: float, mirrored: bool) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]]) @ np.diag([1, -1 if mirrored else 1])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0, np.pi])
def test_a_turned_copy_comes_back_onto_itself(angle: float, mirrored: bool) -> None:
    points = cloud()
    points -= points.mean(axis=0)
    moved = (points @ turn(angle, mirrored)).astype(np.float32)
    np.testing.assert_allclose(turned_to(moved, points), points, atol=1e-5)


def test_no_other_turn_lies_nearer() -> None:
    points, reference = cloud(seed=1), cloud(seed=2)
    points -= points.mean(axis=0)
    reference -= reference.mean(axis=0)
    found = np.square(turned_to(points, reference) - reference).sum()
    others = [
        np.square(points @ turn(angle, mirrored) - reference).sum()
        for angle in np.linspace(0, 2 * np.pi, 721)
        for mirrored in (False, True)
    ]
    assert found <= min(others) + 1e-4
    assert found > min(others) - 0.01 * min(others)


def test_sizes_stay_and_the_middle_stays() -> None:
    points, reference = cloud(k=3) + 5, 100 * cloud(k=3, seed=3)
    turned = turned_to(points.astype(np.float32), reference.astype(np.float32))
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.testing.assert_allclose(
        np.linalg.norm(turned[:, None] - turned[None], axis=2), gaps, atol=1e-4
    )
    np.testing.assert_allclose(turned.mean(axis=0), points.mean(axis=0), atol=1e-5)
    assert turned.dtype == np.float32


def test_pictures_without_extent_are_left_as_they_are() -> None:
    flat, points = np.zeros((5, 2), np.float32), cloud(5)
    np.testing.assert_array_equal(turned_to(flat, points), flat)
    np.testing.assert_allclose(turned_to(points.astype(np.float32), flat), points, rtol=1e-6)
    line = np.column_stack([np.arange(5), np.zeros(5)]).astype(np.float32)
    up = line[:, ::-1].copy()
    np.testing.assert_allclose(
        turned_to(line, up) - line.mean(axis=0), up - up.mean(axis=0), atol=1e-6
    )
    assert turned_to(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_other_points_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        turned_to(cloud(4), cloud(5))


def test_a_map_laid_over_another_differs_by_nothing_but_what_moved() -> None:
    rng = np.random.default_rng(3)
    reference = rng.normal(size=(40, 2)).astype(np.float32)
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])
    points = (7.0 * reference @ turn + [30.0, -4.0]).astype(np.float32)
    np.testing.assert_allclose(laid_over(points, reference), reference, atol=1e-4)
    moved = points.copy()
    moved[5] += 70.0
    gaps = np.linalg.norm(laid_over(moved, reference) - reference, axis=1)
    assert gaps.argmax() == 5
    assert gaps[5] > 5 * np.median(gaps)


def test_what_cannot_be_laid_over_stays_finite_or_is_refused() -> None:
    one = np.full((3, 2), 2.0, np.float32)
    other = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_allclose(laid_over(one, other), np.tile(other.mean(axis=0), (3, 1)))
    holes = other.copy()
    holes[1] = np.nan
    laid = laid_over(holes, other)
    np.testing.assert_allclose(laid[[0, 2]], other[[0, 2]], atol=1e-5)
    assert np.isnan(laid[1]).all()
    nothing = np.zeros((0, 2), np.float32)
    assert laid_over(nothing, nothing).shape == (0, 2)
    with pytest.raises(ValueError, match="differ"):
        laid_over(one, other[:2])
