"""The push on a grid beside the sum over all pairs."""

import numpy as np
import pytest

from latentviewer.kernels import crew
from latentviewer.projection import tsne_repulsion
from latentviewer.projection.tsne_repulsion import POINTS_AT_ONCE, Repulsion


def clumps(n: int, dims: int, radius: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middles = radius * rng.normal(size=(12, dims))
    return (middles[rng.integers(0, 12, n)] + 2 * rng.normal(size=(n, dims))).astype(np.float32)


def pushed(
    places: np.ndarray, spacing: float = 0.5, exact_up_to: int | None = 0
) -> tuple[np.ndarray, float]:
    push = np.full_like(places, np.nan)
    normal = Repulsion(places.shape[1], spacing, exact_up_to)(places, push)
    return push, normal


def exact(places: np.ndarray) -> tuple[np.ndarray, float]:
    way = places[:, None].astype(np.float64) - places[None]
    near = 1 / (1 + (way**2).sum(axis=2))
    return (near[..., None] ** 2 * way).sum(axis=1), float(near.sum()) - len(places)


def error(push: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.sqrt(((push - wanted) ** 2).sum() / (wanted**2).sum()))


@pytest.mark.parametrize(("dims", "radius", "spacing"), [(2, 25.0, 0.5), (3, 9.0, 0.8)])
def test_the_push_is_that_of_all_pairs(dims: int, radius: float, spacing: float) -> None:
    places = clumps(1_500, dims, radius)
    push, normal = pushed(places, spacing)
    wanted, total = exact(places)
    assert error(push, wanted) < {2: 0.025, 3: 0.065}[dims]
    assert normal == pytest.approx(total, rel=0.005)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("n", [2, 5, 16, 333])
def test_few_points_are_pushed_exactly(n: int, dims: int) -> None:
    places = clumps(n, dims, 4.0) + np.float32(1.0)
    push, normal = pushed(places, exact_up_to=None)
    wanted, total = exact(places)
    np.testing.assert_allclose(push, wanted, atol=1e-5 * np.abs(wanted).max())
    assert normal == pytest.approx(total, rel=1e-4)


def test_a_finer_grid_is_nearer_to_it() -> None:
    places = clumps(1_500, 2, 25.0)
    wanted, _total = exact(places)
    assert error(pushed(places, 0.25)[0], wanted) < 0.004


@pytest.mark.parametrize("dims", [2, 3])
def test_a_picture_that_is_a_dot_is_pushed_apart_as_much_as_it_is_wide(dims: int) -> None:
    places = (clumps(1_000, dims, 1.0) * 1e-5).astype(np.float32)
    push, normal = pushed(places)
    # A push that is the same for all moves nothing apart.
    assert error(push - push.mean(axis=0), exact(places)[0]) < 0.03
    assert normal == pytest.approx(1_000 * 999, rel=1e-5)


def test_axes_may_be_of_different_lengths() -> None:
    places = clumps(1_000, 2, 10.0) * np.array([6.0, 0.3], np.float32)
    assert error(pushed(places)[0], exact(places)[0]) < 0.03


def test_points_that_all_coincide_push_nothing() -> None:
    push, normal = pushed(np.full((500, 2), 7.3, np.float32))
    assert np.ptp(push, axis=0).max() == 0
    assert normal == pytest.approx(500 * 499, rel=1e-3)


def test_two_points_push_each_other_apart() -> None:
    push, normal = pushed(np.array([[0, 0], [3, 0]], np.float32))
    np.testing.assert_allclose(push, [[-0.03, 0], [0.03, 0]], atol=2e-3)
    assert normal == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_point_very_far_off_makes_the_grid_coarse_and_not_endless(dims: int) -> None:
    places = clumps(400, dims, 3.0)
    places[0, 0] = 1e6
    push, normal = pushed(places)
    assert np.isfinite(push).all()
    assert 0 < normal < 400 * 399


@pytest.mark.parametrize("exact_up_to", [0, 100_000])
@pytest.mark.parametrize("dims", [2, 3])
def test_the_number_of_threads_does_not_show(
    dims: int, exact_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = clumps(3 * POINTS_AT_ONCE + 5, dims, 12.0)
    results = []
    for threads in (1, 2, 5):
        for module in (crew, tsne_repulsion):
            monkeypatch.setattr(module, "thread_count", lambda threads=threads: threads)
        results.append(pushed(places, exact_up_to=exact_up_to))
    for push, normal in results[1:]:
        np.testing.assert_array_equal(push, results[0][0])
        assert normal == results[0][1]
