import numpy as np
import pytest

from latentviewer.domain.locality import nearby_order


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_every_row_comes_once(dims: int, count: int) -> None:
    points = np.random.default_rng(0).normal(size=(count, dims)).astype(np.float32)
    assert sorted(nearby_order(points).tolist()) == list(range(count))


@pytest.mark.parametrize("dims", [2, 3])
def test_rows_that_follow_one_another_lie_close(dims: int) -> None:
    points = np.random.default_rng(0).random((20_000, dims), np.float32)
    step = np.linalg.norm(np.diff(points[nearby_order(points)], axis=0), axis=1)
    assert np.median(step) < 0.1 * np.median(np.linalg.norm(np.diff(points, axis=0), axis=1))


def test_points_in_no_place_come_last_and_constant_axes_do_no_harm() -> None:
    points = np.array([[np.nan, 0], [3, 0], [1, 0], [np.inf, 0], [2, 0]], np.float32)
    order = nearby_order(points).tolist()
    assert order[:3] == [2, 4, 1]
    assert sorted(order[3:]) == [0, 3]


def test_the_largest_floats_do_not_overflow() -> None:
    largest = float(np.finfo(np.float32).max)
    points = np.array([[largest, 0], [-largest, 0], [0, 0]], np.float32)
    with np.errstate(all="raise", over="ignore", invalid="ignore"):
        assert nearby_order(points)[0] == 1
