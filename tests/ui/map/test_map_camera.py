import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.ui.map.camera import Camera, nice_ticks

WIDTH, HEIGHT = 800.0, 600.0
numbers = st.floats(-50, 50, width=32)
pixels = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT))


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    dims = draw(st.sampled_from([2, 3]))
    centre = tuple(draw(numbers) for _ in range(dims))
    scale = draw(st.floats(0.5, 5e3))
    yaw, pitch = draw(st.floats(-3, 3)), draw(st.floats(-1.5, 1.5))
    return Camera(dims, centre, scale, yaw, pitch)


@given(cameras(), pixels)
def test_a_pixel_goes_to_the_map_and_back(camera: Camera, pixel: tuple[float, float]) -> None:
    place = np.array([camera.to_map(*pixel, WIDTH, HEIGHT)])
    back = camera.to_pixels(place, WIDTH, HEIGHT)[0]
    tolerance = 1e-3 * (1 + camera.scale * np.abs(place).max() / 1000)
    np.testing.assert_allclose(back, pixel, atol=max(tolerance, 1e-2))


@given(cameras(), pixels, st.floats(0.2, 5))
def test_zoom_keeps_the_place_under_the_cursor(
    camera: Camera, pixel: tuple[float, float], factor: float
) -> None:
    before = np.array(camera.to_map(*pixel, WIDTH, HEIGHT))
    after = np.array(camera.zoomed(factor, *pixel, WIDTH, HEIGHT).to_map(*pixel, WIDTH, HEIGHT))
    np.testing.assert_allclose(after, before, atol=1e-6 * (1 + np.abs(before).max()))


@given(cameras(), st.floats(-200, 200), st.floats(-200, 200))
def test_panning_moves_the_picture_by_the_drag(camera: Camera, dx: float, dy: float) -> None:
    point = np.array([camera.centre])
    moved = camera.panned(dx, dy).to_pixels(point, WIDTH, HEIGHT)[0]
    np.testing.assert_allclose(moved, [WIDTH / 2 + dx, HEIGHT / 2 + dy], atol=0.1)


@given(cameras())
def test_the_axes_of_a_camera_are_a_rotation(camera: Camera) -> None:
    axes = camera.axes()
    np.testing.assert_allclose(axes @ axes.T, np.eye(camera.dims), atol=1e-12)


@given(st.integers(0, 30), st.sampled_from([2, 3]), st.integers(0, 5))
def test_a_fitted_camera_sees_every_point(count: int, dims: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(count, dims)).astype(np.float32) * 7
    camera = Camera(dims, (0.0,) * dims, 1.0).fitted(points, WIDTH, HEIGHT, covered=(0, 150))
    at = camera.to_pixels(points, WIDTH, HEIGHT)
    assert (at[:, 0] >= 0).all()
    assert (at[:, 0] <= WIDTH - 150).all()
    assert (at[:, 1] >= 0).all()
    assert (at[:, 1] <= HEIGHT).all()


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.zeros((5, 2)), np.array([[0, 1], [0, 2]])])
def test_constant_axes_do_not_break_the_fit(points: np.ndarray) -> None:  # type: ignore[type-arg]
    camera = Camera(2, (0.0, 0.0), 1.0).fitted(points.astype(np.float32), WIDTH, HEIGHT)
    assert math.isfinite(camera.scale)
    assert camera.scale > 0


def test_orbiting_never_goes_over_the_pole() -> None:
    camera = Camera(3, (0.0, 0.0, 0.0), 1.0).orbited(0, 1e6)
    assert camera.pitch < math.pi / 2


def test_device_pixels_follow_the_ratio() -> None:
    camera = Camera(2, (1.0, 2.0), 30.0)
    once, twice = camera.transform(WIDTH, HEIGHT, 1.0), camera.transform(WIDTH, HEIGHT, 2.0)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_inside_and_few(low: float, span: float, count: int) -> None:
    ticks = nice_ticks(low, low + span, count)
    assert len(ticks) <= count + 1
    slack = 1e-6 * (abs(low) + span)
    assert all(low - slack <= t <= low + span + slack for t in ticks)
