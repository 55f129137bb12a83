"""The kernel of UMAP's layout, beside forces written out in float64."""

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.kernels import layout
from latentviewer.kernels.layout import Layout

A, B = 1.577, 0.895


def ring(n: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Each point tied to the one before and the one after."""
    here = np.arange(n)
    both = np.stack([(here - 1) % n, (here + 1) % n], axis=1)
    return np.arange(0, 2 * n + 1, 2), both.reshape(-1).astype(np.int32)


def places(n: int, dims: int = 2, scale: float = 5.0) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(scale=scale, size=(n, dims)).astype(np.float32)


def run(
    shown: NDArray[np.float32],
    epochs: int = 20,
    seed: int = 0,
    threads: int | None = None,
    share: float = 1.0,
) -> NDArray[np.float32]:
    first, neighbours = ring(len(shown))
    shares = np.full(len(neighbours), share)
    made = Layout(shown, first, neighbours, shares, A, B, seed, threads)
    for epoch in range(epochs):
        made.move(epoch, 1 - epoch / epochs, lambda: None)
    return shown


@pytest.mark.parametrize("b", [0.5, 0.895, 1.0, 1.9])
def test_powers_are_right_within_half_a_percent(b: float) -> None:
    for x in np.geomspace(1e-12, 1e8, 400):
        power = layout._power(np.float32(x), np.float32(b))
        assert power == pytest.approx(float(np.float32(x)) ** b, rel=0.006)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_pull_is_the_gradient_of_the_curve(dims: int) -> None:
    near = np.zeros((3, 16), np.float32)
    near[:dims, :11] = np.random.default_rng(0).normal(size=(dims, 11))
    zero = np.float32(0)
    *pull, total = layout._pulled(
        np.float32(0.1), np.float32(0.2), zero, near, 11, np.float32(A), np.float32(B)
    )
    gaps = near[:, :11].T.astype(np.float64) - [0.1, 0.2, 0.0]
    square = (gaps**2).sum(axis=1)
    weights = 2 * A * B * square ** (B - 1) / (1 + A * square**B)
    np.testing.assert_allclose(pull, weights @ gaps, rtol=0.02, atol=0.02)
    assert total == pytest.approx(weights.sum(), rel=0.01)


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_the_push_is_the_gradient_of_the_curve_cut_at_four(blocks: int) -> None:
    rng = np.random.default_rng(0)
    others = np.zeros((3, 200), np.float32)
    others[:2] = rng.normal(size=(2, 200))
    others[:2, 9] = [0.1001, 0.2]
    zero = np.float32(0)
    push = layout._pushed(
        np.float32(0.1), np.float32(0.2), zero, others, 7, blocks, np.float32(A), np.float32(B)
    )
    gaps = np.array([0.1, 0.2, 0.0]) - others[:, 7 : 7 + 16 * blocks].T.astype(np.float64)
    square = (gaps**2).sum(axis=1)
    weights = 2 * B / ((0.001 + square) * (1 + A * square**B))
    np.testing.assert_allclose(
        push, np.clip(weights[:, None] * gaps, -4, 4).sum(axis=0), rtol=0.02, atol=0.05
    )


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("n", [5, 2_048, 9_001])
def test_any_number_of_threads_makes_the_same_picture(
    n: int, dims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentviewer.kernels.crew.thread_count", lambda: 4)
    alone = run(places(n, dims), threads=1)
    for threads in (2, 3, 4):
        np.testing.assert_array_equal(run(places(n, dims), threads=threads), alone)
    assert np.isfinite(alone).all()
    assert not np.array_equal(alone, places(n, dims))


def test_another_seed_makes_another_picture() -> None:
    assert not np.array_equal(run(places(500), seed=1), run(places(500), seed=2))


def test_tied_points_come_together_and_the_others_keep_away() -> None:
    shown = run(places(300), epochs=200)
    tied = np.linalg.norm(shown - np.roll(shown, 1, axis=0), axis=1)
    apart = np.linalg.norm(shown - np.roll(shown, 150, axis=0), axis=1)
    assert np.median(tied) < 0.5 < 2 < np.median(apart)


def test_an_edge_acts_as_often_as_its_share_says() -> None:
    # The two edges of a point take turns: a point moves when either acts.
    first, neighbours = ring(2_000)
    for share, expected in ((0.0, 0.0), (0.25, 0.5), (1.0, 1.0)):
        shown = places(2_000)
        made = Layout(shown, first, neighbours, np.full(4_000, share), A, B, 0)
        moved = []
        for epoch in range(40):
            was = shown.copy()
            made.move(epoch, 0.01, lambda: None)
            moved.append((shown != was).any(axis=1).mean())
        assert np.mean(moved) == pytest.approx(expected, abs=0.02)


def test_hubs_and_points_without_ties_are_moved_as_they_should() -> None:
    n = 3_000
    first = np.full(n + 1, 2 * (n - 2), np.int64)
    first[0], first[1] = 0, n - 2
    first[1:-1] = n - 2 + np.arange(n - 1)
    first[-1] = first[-2]  # the last has no neighbours
    neighbours = np.concatenate([np.arange(1, n - 1), np.zeros(n - 2)]).astype(np.int32)
    shown = places(n)
    last = shown[-1].copy()
    made = Layout(shown, first, neighbours, np.ones(len(neighbours)), A, B, 0)
    for epoch in range(20):
        made.move(epoch, 1 - epoch / 20, lambda: None)
    assert np.isfinite(shown).all()
    np.testing.assert_array_equal(shown[-1], last)
    assert np.abs(shown[0] - shown[:-1].mean(axis=0)).max() < 10


@pytest.mark.parametrize("n", [1, 2, 15, 17])
def test_fewer_points_than_a_block_have_places(n: int) -> None:
    assert np.isfinite(run(places(n))).all()


def test_it_lets_others_in_during_a_long_epoch() -> None:
    n = 60_000
    first, neighbours = ring(n)
    shown = places(n)
    made = Layout(shown, first, neighbours, np.ones(2 * n), A, B, 0)
    calls: list[bool] = []
    was = shown.copy()
    made.move(0, 1.0, lambda: calls.append(bool((shown[-1] == was[-1]).all())))
    # Told before the last point moved, and once more after it.
    assert calls[0]
    assert not calls[-1]


@pytest.mark.parametrize("n", [1, 9, 100, 3_000])
def test_the_copy_in_random_order_follows_the_places_to_its_end(n: int) -> None:
    first, neighbours = ring(n)
    made = Layout(places(n), first, neighbours, np.ones(2 * n), A, B, 0)
    for epoch in range(3):
        made.move(epoch, 1.0, lambda: None)
        point_of = np.argsort(made._slots)
        around = np.resize(point_of, made._others.shape[1])
        np.testing.assert_array_equal(made._others, made._before[around].T)
