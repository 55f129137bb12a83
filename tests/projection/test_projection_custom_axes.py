from collections.abc import Mapping

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.projection import linear
from latentviewer.projection.custom_axes import (
    Axis,
    BetweenAxis,
    DimensionAxis,
    DirectionAxis,
    axes_map,
    axis_of,
    axis_text,
    run_axes,
)
from latentviewer.projection.linear import LinearInverse, linear_inverse
from latentviewer.projection.project import Value
from latentviewer.projection.task import Placed, Task

ONES = np.ones(6)


def latents_of(n: int = 50, d: int = 6) -> np.ndarray:
    return np.random.default_rng(0).normal(loc=3, size=(n, d)).astype(np.float32)


def laid_out(
    latents: np.ndarray, options: Mapping[str, Value], dims: int = 2
) -> tuple[np.ndarray, Placed]:
    embedding = np.zeros((len(latents), dims), np.float32)

    def neighbourhoods(_k: int, _metric: str, _report: object) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("axes need no neighbours")

    return embedding, run_axes(Task(latents, embedding, options, neighbourhoods))


def test_a_dimension_is_its_own_coordinate() -> None:
    latents = latents_of()
    places, placed = laid_out(latents, {"x": "z 4", "y": "1", "z": 0}, 3)
    np.testing.assert_allclose(places, latents[:, [4, 1, 0]], rtol=1e-6)
    assert placed.axes == ("z 4", "z 1", "z 0")


def test_in_the_plane_the_third_axis_is_not_asked_for() -> None:
    _, placed = laid_out(latents_of(), {"x": "z 4", "y": "1", "z": "nothing"})
    assert placed.axes == ("z 4", "z 1")


def test_a_direction_is_the_inner_product_with_its_unit_vector() -> None:
    latents, vector = latents_of(), np.array([3, 0, 4, 0, 0, 0], np.float32)
    fitted = axes_map(latents, [DirectionAxis(vector, "smile"), DimensionAxis(1, "width")])
    places = fitted.places(latents)
    np.testing.assert_allclose(places[:, 0], latents @ (vector / 5), rtol=1e-5)
    assert fitted.axes == ("smile", "width")


def test_a_line_between_two_groups_is_0_at_one_and_measures_the_way_to_the_other() -> None:
    latents = latents_of()
    a, b = latents[:20].mean(axis=0), latents[20:].mean(axis=0)
    fitted = axes_map(latents, [BetweenAxis(a, b, "men to women"), DimensionAxis(0)])
    ends = fitted.places(np.stack([a, b, (a + b) / 2]))
    way = float(np.linalg.norm(b - a))
    np.testing.assert_allclose(ends[:, 0], [0, way, way / 2], atol=1e-5)
    aside = a + np.linalg.svd((b - a)[None])[2][1].astype(np.float32)
    np.testing.assert_allclose(fitted.places(aside[None])[0, 0], 0, atol=1e-5)


def test_what_is_not_on_the_axes_stays_at_the_mean() -> None:
    latents = latents_of()
    _, placed = laid_out(latents, {"x": "z 4", "y": "z 1"})
    inverse = linear_inverse(placed.state, "axes")
    assert inverse is not None
    back = inverse.latents(np.array([[10, -7]], np.float32))[0]
    expected = latents.mean(axis=0)
    expected[[4, 1]] = [10, -7]
    np.testing.assert_allclose(back, expected, atol=1e-5)


def test_leaning_axes_lead_back_to_where_they_came_from() -> None:
    latents = latents_of()
    lean = np.array([1, 1, 0, 0, 0, 0.5])
    axes: list[Axis] = [
        DimensionAxis(0), DirectionAxis(lean, "lean"), BetweenAxis(latents[0], latents[1], "line")
    ]  # fmt: skip
    fitted = axes_map(latents, axes)
    places = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32)
    back = LinearInverse(fitted, "axes").latents(places)
    np.testing.assert_allclose(fitted.places(back), places, atol=1e-4)
    # Nothing but the axes is moved.
    moved = back - latents.mean(axis=0, dtype=np.float64)
    unseen = np.linalg.svd(fitted.components)[2][3:]
    np.testing.assert_allclose(moved @ unseen.T, 0, atol=1e-4)


def test_chunks_do_not_change_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = latents_of(101)
    whole = axes_map(latents, [DimensionAxis(0), DimensionAxis(1)])
    monkeypatch.setattr(linear, "_VALUES_AT_ONCE", 37)
    parts = axes_map(latents, [DimensionAxis(0), DimensionAxis(1)])
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-12)


def test_no_latents_have_axes_all_the_same() -> None:
    fitted = axes_map(np.zeros((0, 3), np.float32), [DimensionAxis(0), DimensionAxis(2)])
    assert fitted.places(np.zeros((0, 3), np.float32)).shape == (0, 2)
    np.testing.assert_array_equal(fitted.mean, 0)


@pytest.mark.parametrize(
    ("text", "index"), [("z 5", 5), ("5", 5), (5, 5), ("z5", 5), (" z  07 ", 7)]
)
def test_a_dimension_is_read(text: Value, index: int) -> None:
    assert axis_of(text) == DimensionAxis(index)


def test_every_axis_is_read_again_as_it_was_written() -> None:
    vector = np.random.default_rng(3).normal(size=4).astype(np.float32)
    direction = axis_of(axis_text(DirectionAxis(vector, "Lächeln „1“")))
    assert isinstance(direction, DirectionAxis)
    assert direction.title == "Lächeln „1“"
    np.testing.assert_array_equal(direction.vector, vector)
    line = axis_of(axis_text(BetweenAxis(vector, -vector, "a → b")))
    assert isinstance(line, BetweenAxis)
    assert line.title == "a → b"
    np.testing.assert_array_equal(line.a, vector)
    np.testing.assert_array_equal(line.b, -vector)
    for axis in (DimensionAxis(3), DimensionAxis(3, "width")):
        assert axis_of(axis_text(axis)) == axis


@pytest.mark.parametrize(
    "text",
    [None, "", "z", "z -1", "1.5", "x 3", "z ²", "[1, 2]", "{}", '{"direction": "a", "title": "b"}',
     '{"direction": [1, "b"], "title": "b"}', '{"direction": [1, [2]], "title": "b"}',
     '{"direction": [1, 2]}', '{"from": [1], "title": "b"}', "9" * 5_000, "[" * 100_000, "z five"],
    ids=lambda text: str(text)[:20],
)  # fmt: skip
def test_what_is_no_axis_is_refused(text: Value) -> None:
    with pytest.raises(UserError, match=r"Axis y: .* is no axis; write the number of a dimension"):
        laid_out(latents_of(), {"x": "z 0", "y": text})


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ([DimensionAxis(0), DimensionAxis(6)], "no dimension z 6; choose one from z 0 to z 5"),
        ([DimensionAxis(2), DimensionAxis(2)], "axes x and y are parallel"),
        ([DimensionAxis(0), DirectionAxis(np.eye(6)[0] * -4, "d")], "axes x and y are parallel"),
        (
            [DirectionAxis(ONES, "a"), DimensionAxis(1), BetweenAxis(0 * ONES, ONES, "b")],
            "axes x and z are parallel",
        ),
        (
            [DimensionAxis(0), DimensionAxis(1), DirectionAxis(np.array([1, 2, 0, 0, 0, 0]), "d")],
            "three axes lie in one plane",
        ),
        ([DimensionAxis(0), DirectionAxis(np.zeros(6), "smile")], "“smile” is zero"),
        ([DimensionAxis(0), BetweenAxis(np.ones(6), np.ones(6), "a to b")], "“a to b”: both ends"),
        ([DimensionAxis(0), DirectionAxis(np.ones(5), "smile")], "“smile” has 5 values"),
        ([DimensionAxis(0), DirectionAxis(np.full(6, np.nan), "smile")], "NaN or infinite"),
        ([DimensionAxis(0), BetweenAxis(np.ones(6), np.full(6, np.inf), "l")], "NaN or infinite"),
    ],
)  # fmt: skip
def test_axes_that_cannot_be_drawn_are_refused(axes: list[Axis], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        axes_map(latents_of(), axes)


def test_a_space_of_one_dimension_has_no_two_axes() -> None:
    for other in (DimensionAxis(0), DirectionAxis(np.array([-2.0]), "down")):
        with pytest.raises(UserError, match="x and y are parallel"):
            axes_map(np.ones((4, 1), np.float32), [DimensionAxis(0), other])
    axes = [DimensionAxis(0), DimensionAxis(1), DirectionAxis(np.ones(2), "up")]
    with pytest.raises(UserError, match="in one plane"):
        axes_map(np.ones((4, 2), np.float32), axes)


def test_very_short_and_very_long_directions_are_told_apart() -> None:
    latents = latents_of()
    short = DirectionAxis(np.eye(6)[0] * 1e-30, "short")
    long = DirectionAxis(np.eye(6)[1] * 1e30, "long")
    places = axes_map(latents, [short, long]).places(latents)
    np.testing.assert_allclose(places, latents[:, :2], rtol=1e-5)
