"""Linear and spherical interpolation."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from latentviewer.domain.interpolation import INTERPOLATIONS, MODES, interpolate, lerp, slerp

VALUES = st.floats(-1000, 1000, width=32)
DIMS = st.integers(1, 12)
PAIRS = DIMS.flatmap(
    lambda d: st.tuples(
        arrays(np.float32, d, elements=VALUES), arrays(np.float32, d, elements=VALUES)
    )
)
Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
T = np.linspace(0, 1, 9)


@given(PAIRS, st.sampled_from(MODES))
def test_ends_are_exact_and_all_is_finite_float32(pair: Pair, mode: str) -> None:
    a, b = pair
    frames = interpolate(a, b, T, mode)  # type: ignore[arg-type]
    assert frames.shape == (9, len(a))
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()
    assert np.array_equal(frames[0], a)
    assert np.array_equal(frames[-1], b)


@given(PAIRS)
def test_lerp_is_the_weighted_mean(pair: Pair) -> None:
    a, b = (v.astype(np.float64) for v in pair)
    expected = a + T[:, None] * (b - a)
    assert np.allclose(lerp(*pair, T), expected, rtol=1e-6, atol=1e-3)


@given(PAIRS)
def test_slerp_changes_the_norm_linearly(pair: Pair) -> None:
    a, b = pair
    norms = [float(np.linalg.norm(v.astype(np.float64))) for v in pair]
    assume(min(norms) > 1e-3 and len(a) > 1)
    expected = norms[0] + T * (norms[1] - norms[0])
    found = np.linalg.norm(slerp(a, b, T).astype(np.float64), axis=1)
    assert np.allclose(found, expected, rtol=1e-5)


@given(PAIRS)
def test_slerp_turns_at_even_speed(pair: Pair) -> None:
    a, b = (v.astype(np.float64) for v in pair)
    norm_a, norm_b = np.linalg.norm(a), np.linalg.norm(b)
    assume(min(norm_a, norm_b) > 1e-2)
    cosine = float(a @ b / norm_a / norm_b)
    assume(-0.999 < cosine < 0.999)
    frames = slerp(*pair, T).astype(np.float64)
    units = frames / np.linalg.norm(frames, axis=1, keepdims=True)
    angles = np.arccos(np.clip(units @ (a / norm_a), -1, 1))
    assert np.allclose(angles, T * np.arccos(cosine), atol=1e-3)


@given(PAIRS, st.sampled_from(MODES))
def test_backwards_is_the_same_way(pair: Pair, mode: str) -> None:
    a, b = (v.astype(np.float64) for v in pair)
    # Of opposite ends there are many ways, and each end may choose its own.
    assume(np.linalg.norm(a) * np.linalg.norm(b) + a @ b > 1e-3)
    forth = interpolate(*pair, T, mode)  # type: ignore[arg-type]
    back = interpolate(*pair[::-1], T[::-1], mode)  # type: ignore[arg-type]
    assert np.allclose(forth, back, rtol=1e-4, atol=1e-2)


def test_slerp_matches_shoemakes_formula() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 16))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    theta = np.arccos(a @ b)
    first = np.sin((1 - T) * theta) / np.sin(theta)
    second = np.sin(T * theta) / np.sin(theta)
    expected = first[:, None] * a + second[:, None] * b
    assert np.allclose(slerp(a, b, T), expected, atol=1e-6)


@given(arrays(np.float32, 5, elements=VALUES), st.floats(0.01, 100))
def test_parallel_ends_are_joined_by_a_line(a: NDArray[np.float32], scale: float) -> None:
    b = (a * np.float32(scale)).astype(np.float32)
    assert np.allclose(slerp(a, b, T), lerp(a, b, T), rtol=1e-4, atol=1e-4)


@given(arrays(np.float32, st.integers(2, 9), elements=VALUES), st.floats(0.01, 100))
def test_opposite_ends_go_round_without_nan(a: NDArray[np.float32], scale: float) -> None:
    assume(np.linalg.norm(a) > 1e-3)
    b = (-a * np.float32(scale)).astype(np.float32)
    frames = slerp(a, b, T).astype(np.float64)
    norms = np.linalg.norm(a.astype(np.float64)), np.linalg.norm(b.astype(np.float64))
    assert np.allclose(np.linalg.norm(frames, axis=1), norms[0] + T * (norms[1] - norms[0]), 1e-4)
    halfway = frames[4] / np.linalg.norm(frames[4])
    assert abs(halfway @ (a.astype(np.float64) / norms[0])) < 1e-3
    assert np.array_equal(slerp(a, b, T), slerp(a, b, T))


def test_exactly_opposite_ends_keep_their_norm() -> None:
    a = np.array([3.0, 0.0, 4.0], np.float32)
    frames = slerp(a, -a, T)
    assert np.allclose(np.linalg.norm(frames, axis=1), 5.0)
    # The second axis is the one least aligned with a.
    assert np.allclose(frames[4], [0.0, 5.0, 0.0], atol=1e-5)


@pytest.mark.parametrize(("a", "b"), [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0, 0], [0, 0])])
def test_zero_ends_are_joined_by_a_line(a: list[float], b: list[float]) -> None:
    start, end = np.array(a, np.float32), np.array(b, np.float32)
    assert np.array_equal(slerp(start, end, T), lerp(start, end, T))


def test_one_dimension_goes_straight_through_zero() -> None:
    a, b = np.array([2.0], np.float32), np.array([-2.0], np.float32)
    assert np.array_equal(slerp(a, b, T), lerp(a, b, T))


def test_both_go_on_outside() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert np.allclose(lerp(a, b, np.array([2.0, -1.0])), [[-1, 2], [2, -1]])
    assert np.allclose(slerp(a, b, np.array([2.0])), [[-1, 0]], atol=1e-6)


def test_no_t_gives_no_frames() -> None:
    for way in INTERPOLATIONS.values():
        assert way(np.ones(3), np.zeros(3), np.empty(0)).shape == (0, 3)


@pytest.mark.parametrize(
    ("a", "b", "t"),
    [((2,), (3,), (1,)), ((2, 2), (2, 2), (1,)), ((0,), (0,), (1,)), ((2,), (2,), ())],
)
def test_shapes_are_checked(a: tuple[int], b: tuple[int], t: tuple[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        lerp(np.ones(a), np.ones(b), np.ones(t))
