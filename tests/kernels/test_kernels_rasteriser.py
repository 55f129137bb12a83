from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentviewer.domain.ports import Splat
from latentviewer.kernels.rasteriser import NumbaRasteriser
from latentviewer.kernels.reference import NumpyRasteriser

BACKGROUND = np.array([20, 22, 26, 255], np.uint8)
PALETTE = np.array([[250, 10, 10, 255], [10, 250, 10, 255], [10, 10, 250, 255]], np.uint8)


def splat(
    points: NDArray[np.float32],
    radius: float = 2.5,
    colours: NDArray[np.uint8] | NDArray[np.uint16] | None = None,
    palette: NDArray[np.uint8] = PALETTE,
    size: tuple[int, int] = (120, 90),
) -> Splat:
    """Points whose map units are pixels."""
    dims = points.shape[1]
    if colours is None:
        colours = (np.arange(len(points)) % len(palette)).astype(np.uint8)
    transform = np.eye(dims, dims + 1, dtype=np.float32)
    return Splat(
        np.ascontiguousarray(points, np.float32), transform, colours, palette, radius, *size,
        BACKGROUND,
    )  # fmt: skip


def scattered(count: int, dims: int = 2, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-10, 130, (count, dims)).astype(np.float32)


@pytest.fixture(scope="module")
def fast() -> NumbaRasteriser:
    made = NumbaRasteriser()
    made.warm()
    return made


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("radius", [1.0, 2.5, 5.0, 11.0])
@pytest.mark.parametrize("count", [0, 1, 2, 300, 30_000])
def test_fast_and_plain_draw_the_same(
    fast: NumbaRasteriser, count: int, radius: float, dims: int
) -> None:
    what = splat(scattered(count, dims), radius)
    quick, plain = fast.draw(what), NumpyRasteriser().draw(what)
    np.testing.assert_array_equal(quick.ids, plain.ids)
    assert quick.drawn == plain.drawn
    off = np.abs(quick.pixels.astype(int) - plain.pixels.astype(int))
    assert off.max(initial=0) <= 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_wide_and_narrow_colour_codes_draw_the_same(fast: NumbaRasteriser, dtype: type) -> None:
    points = scattered(500)
    codes = np.arange(500) % 3
    frame = fast.draw(splat(points, colours=codes.astype(dtype)))
    other = fast.draw(splat(points, colours=codes.astype(np.uint8)))
    np.testing.assert_array_equal(frame.pixels, other.pixels)


@pytest.mark.parametrize("radius", [1.5, 2.5, 6.0])
def test_each_pixel_belongs_to_the_last_disc_over_its_centre(
    fast: NumbaRasteriser, radius: float
) -> None:
    points = scattered(60, seed=3)
    ids = fast.draw(splat(points, radius)).ids
    ys, xs = np.mgrid[0:90, 0:120] + 0.5
    distance = np.hypot(xs[None] - points[:, 0, None, None], ys[None] - points[:, 1, None, None])
    expected = np.where(distance <= radius, np.arange(60)[:, None, None], -1).max(axis=0)
    # The centre is kept to a sub-pixel, so an edge may fall to either side within it.
    unsure = (np.abs(distance - radius) < 0.1).any(axis=0)
    same_pixel = _sharing_a_pixel(points)
    sure = ~unsure & ~np.isin(expected, same_pixel) & ~np.isin(ids, same_pixel)
    assert sure.mean() > 0.5
    np.testing.assert_array_equal(ids[sure], expected[sure])


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("on_top", [0, 1, 700])
def test_fast_and_plain_mix_the_points_alike(fast: NumbaRasteriser, dims: int, on_top: int) -> None:
    what = replace(splat(scattered(3_000, dims), 4.0), mixed=True, on_top=on_top)
    np.testing.assert_array_equal(fast.draw(what).ids, NumpyRasteriser().draw(what).ids)


def test_mixed_points_cover_one_another_evenly_but_for_those_on_top(fast: NumbaRasteriser) -> None:
    count, size = 20_000, (300, 300)
    points = np.random.default_rng(0).uniform(0, 300, (count, 2)).astype(np.float32)
    in_order = splat(points, 4.0, size=size)

    def owned_by_quarters(what: Splat) -> NDArray[np.int64]:
        ids = fast.draw(what).ids
        return np.bincount(ids[ids >= 0] // (count // 4), minlength=4)

    owned = owned_by_quarters(in_order)
    assert owned[3] > 0.6 * owned.sum()
    mixed = replace(in_order, mixed=True)
    owned = owned_by_quarters(mixed)
    assert owned.max() < 1.1 * owned.min()
    owned = owned_by_quarters(replace(mixed, on_top=count // 4))
    assert owned[3] > 0.6 * owned.sum()


def _sharing_a_pixel(points: NDArray[np.float32]) -> list[int]:
    pixels = np.floor(points).astype(int)
    _, inverse, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[inverse.reshape(-1)] > 1).tolist()


def test_a_lone_disc_is_round_smooth_and_of_the_right_area(fast: NumbaRasteriser) -> None:
    palette = np.array([[255, 255, 255, 255]], np.uint8)
    black = np.array([0, 0, 0, 255], np.uint8)
    for radius in (2.0, 3.5, 8.0):
        for shift in (0.0, 0.25, 0.5, 0.8):
            what = splat(np.array([[60 + shift, 45 + shift]], np.float32), radius, palette=palette)
            object.__setattr__(what, "background", black)
            white = fast.draw(what).pixels[..., 0].astype(float) / 255
            assert white.sum() == pytest.approx(np.pi * radius**2, rel=0.09)
            ys, xs = np.mgrid[0:90, 0:120] + 0.5
            centre = (xs * white).sum() / white.sum(), (ys * white).sum() / white.sum()
            assert centre == pytest.approx((60 + shift, 45 + shift), abs=0.2)


def test_hidden_points_neither_show_nor_answer(fast: NumbaRasteriser) -> None:
    palette = PALETTE.copy()
    palette[1, 3] = 0
    points = scattered(400)
    frame = fast.draw(splat(points, palette=palette))
    shown = np.unique(frame.ids[frame.ids >= 0])
    assert not (shown % 3 == 1).any()
    only = np.flatnonzero(np.arange(400) % 3 != 1)
    alone = fast.draw(splat(points[only], colours=(only % 3).astype(np.uint8)))
    np.testing.assert_array_equal(frame.pixels, alone.pixels)


def test_discs_reach_in_from_outside_the_picture(fast: NumbaRasteriser) -> None:
    frame = fast.draw(splat(np.array([[-2.0, 45.0]], np.float32), 6.0))
    assert frame.ids[45, 0] == 0
    assert frame.drawn == 0


def test_in_3d_the_nearer_point_covers(fast: NumbaRasteriser) -> None:
    near_first = np.array([[60, 45, 1.0], [60.2, 45, 9.0]], np.float32)
    ids = fast.draw(splat(near_first, 4.0)).ids
    assert ids[45, 60] == 0
    ids = fast.draw(splat(near_first[::-1], 4.0)).ids
    assert ids[45, 60] == 1


def test_a_frame_is_not_changed_by_the_next(fast: NumbaRasteriser) -> None:
    first = fast.draw(splat(scattered(200, seed=1)))
    pixels, ids = first.pixels.copy(), first.ids.copy()
    fast.draw(splat(scattered(200, seed=2)))
    np.testing.assert_array_equal(first.pixels, pixels)
    np.testing.assert_array_equal(first.ids, ids)


def test_pictures_of_other_sizes_follow_one_another(fast: NumbaRasteriser) -> None:
    for size in ((120, 90), (31, 17), (200, 150), (1, 1), (120, 90)):
        what = splat(scattered(300), size=size)
        np.testing.assert_array_equal(fast.draw(what).ids, NumpyRasteriser().draw(what).ids)


def test_density_keeps_the_ids_and_shows_more_where_more_points_lie(
    fast: NumbaRasteriser,
) -> None:
    rng = np.random.default_rng(0)
    many = rng.normal((30, 45), 3, (3000, 2))
    few = rng.normal((90, 45), 3, (30, 2))
    points = np.vstack([many, few]).astype(np.float32)
    what = splat(points, colours=np.zeros(len(points), np.uint8))
    frame = fast.draw_density(what)
    np.testing.assert_array_equal(frame.ids, fast.draw(what).ids)
    red = frame.pixels[..., 0].astype(int)
    assert red[40:50, 25:35].mean() > red[40:50, 85:95].mean() > 25


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5, width=32), st.floats(-5, 5, width=32)), min_size=0, max_size=12
    ),
    st.integers(0, 1000),
)
def test_the_lasso_agrees_with_the_plain_even_odd_rule(
    corners: list[tuple[float, float]], seed: int
) -> None:
    polygon = np.array(corners, np.float32).reshape(-1, 2)
    points = np.random.default_rng(seed).uniform(-6, 6, (200, 2)).astype(np.float32)
    np.testing.assert_array_equal(
        NumbaRasteriser().inside(points, polygon), NumpyRasteriser().inside(points, polygon)
    )


def test_the_lasso_agrees_with_matplotlib() -> None:
    path = pytest.importorskip("matplotlib.path")
    rng = np.random.default_rng(4)
    angles = np.sort(rng.random(200)) * 2 * np.pi
    radii = rng.uniform(0.2, 1, 200)
    polygon = (radii[:, None] * np.c_[np.cos(angles), np.sin(angles)]).astype(np.float32)
    points = rng.uniform(-1, 1, (50_000, 2)).astype(np.float32)
    np.testing.assert_array_equal(
        NumbaRasteriser().inside(points, polygon), path.Path(polygon).contains_points(points)
    )


@pytest.mark.parametrize("corners", [0, 1, 2])
def test_a_polygon_without_area_holds_nothing(corners: int) -> None:
    polygon = np.arange(2 * corners, dtype=np.float32).reshape(-1, 2)
    points = np.zeros((5, 2), np.float32)
    assert not NumbaRasteriser().inside(points, polygon).any()
