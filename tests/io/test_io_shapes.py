"""Shapes: every combination can be drawn, is what its factors say, and differs from others."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.datasets import is_data_set_name, is_here, open_data
from latentviewer.io.factors import FactorData
from latentviewer.io.inspecting import inspect_data_set
from latentviewer.io.shapes.combinations import GRID
from latentviewer.io.shapes.data_set import open_shapes
from latentviewer.io.shapes.scene import scenes

SHAPE, SCALE, ORIENTATION, X, Y, OBJECT, BACKGROUND = range(7)
PLAIN = np.array([0, 3, 2, 4, 4, 6, 2])


def varied(factor: int, base: NDArray[np.int64] = PLAIN) -> NDArray[np.int64]:
    """(size, 7) combinations that differ in one factor alone."""
    factors = np.repeat(base[None], GRID.sizes[factor], axis=0)
    factors[:, factor] = np.arange(GRID.sizes[factor])
    return factors


def random_factors(count: int, seed: int = 0) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, size, count) for size in GRID.sizes], axis=1)


def weights(factors: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m, 64, 64) how much of each pixel is the object, by its colour, without the shadow."""
    pictures = scenes(factors).astype(float)
    colour = scenes(np.array([[0, 5, 0, 4, 4, *f[5:]] for f in factors]))[:, 34, 34].astype(float)
    background = pictures[:, :1, :1]
    along = colour[:, None, None] - background
    share = ((pictures - background) * along).sum(axis=-1) / (along**2).sum(axis=-1)
    return np.where(share > 0.5, 1.0, 0.0)


def centres(factors: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m, 2) centre of gravity of the object, x and y in pixels."""
    mass = weights(factors)
    places = np.arange(64) + 0.5
    total = mass.sum(axis=(1, 2))
    across, down = mass.sum(axis=1) @ places, mass.sum(axis=2) @ places
    return np.stack([across / total, down / total], axis=1)


def test_a_scene_depends_on_its_combination_alone() -> None:
    shapes = open_shapes(None)
    assert len(shapes) == len(GRID) == 4 * 6 * 24 * 8 * 8 * 10 * 10
    rows = np.random.default_rng(0).integers(0, len(shapes), 100)
    together = shapes.images(rows)
    assert (together.shape, together.dtype) == ((100, 64, 64, 3), np.uint8)
    for place in (0, 17, 99):
        np.testing.assert_array_equal(shapes.images(rows[[place]])[0], together[place])
    np.testing.assert_array_equal(shapes.images(rows[::-1]), together[::-1])
    assert shapes.images(np.array([], np.int64)).shape == (0, 64, 64, 3)
    for row in (-1, len(shapes)):
        with pytest.raises(IndexError, match="rows 0 to 3686399"):
            shapes.images(np.array([row]))


def test_rows_of_the_whole_set_are_indices_and_columns_say_the_same() -> None:
    shapes = open_shapes(None)
    assert isinstance(shapes, FactorData)
    assert (shapes.factor_names, shapes.factor_sizes) == (GRID.names, GRID.sizes)
    rows = np.array([0, 1, 83, 1_234_567, len(shapes) - 1])
    factors = shapes.factors_of(rows)
    np.testing.assert_array_equal(GRID.index_of(factors), rows)
    for number, factor in enumerate(GRID.factors):
        column = shapes.columns[factor.name]
        assert len(column) == len(shapes)
        for row, value in zip(rows.tolist(), factors[:, number].tolist(), strict=True):
            if isinstance(column, Categories):
                assert column.text(row) == factor.values[value]
            else:
                assert isinstance(column, Numbers)
                assert column.values[row] == factor.values[value]


def test_parts_are_disjoint_balanced_and_the_same_for_ever() -> None:
    train, test = open_shapes("train"), open_shapes("test")
    assert (len(train), len(test), test.name) == (60_000, 10_000, "shapes:test")
    both = [part.indices_of(np.arange(len(part))) for part in (train, test)]
    assert len(np.unique(np.concatenate(both))) == 70_000
    # Pinned: a model's test figures mean nothing once its test rows may be in its training.
    digest = hashlib.sha256(np.concatenate(both).astype("<i8").tobytes()).hexdigest()
    assert digest == PARTS
    factors = train.factors_of(np.arange(60_000))
    for number, size in enumerate(GRID.sizes):
        share = np.bincount(factors[:, number], minlength=size) / 60_000
        np.testing.assert_allclose(share, 1 / size, atol=0.01)
    assert np.abs(np.corrcoef(factors.T) - np.eye(7)).max() < 0.02
    few = open_shapes("250")
    np.testing.assert_array_equal(few.images(np.arange(5)), train.images(np.arange(5)))
    assert (
        test.columns["shape"].text(7)
        == GRID.factors[0].values[test.factors_of(np.array([7]))[0, 0]]
    )


@pytest.mark.parametrize("factor", range(7), ids=GRID.names)
def test_every_value_of_a_factor_can_be_seen(factor: int) -> None:
    """The hardest case is the smallest size, in pictures that are the same but for one factor."""
    for base in random_factors(8, seed=factor):
        if factor != SCALE:
            base[SCALE] = 0
        pictures = scenes(varied(factor, base)).astype(float)
        apart = np.abs(pictures[:, None] - pictures[None]).max(axis=(2, 3, 4))
        np.fill_diagonal(apart, np.inf)
        assert apart.min() > 8


@pytest.mark.parametrize("shape", range(4), ids=[str(v) for v in GRID.factors[0].values])
def test_no_two_orientations_look_the_same_and_a_shape_turns_on_the_spot(shape: int) -> None:
    turned = varied(ORIENTATION, np.array([shape, 0, 0, 4, 4, 6, 2]))
    pictures = scenes(turned).astype(float)
    apart = np.abs(pictures[:, None] - pictures[None]).mean(axis=(2, 3, 4))
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 0.3
    large = turned.copy()
    large[:, SCALE] = 5
    assert np.ptp(centres(large), axis=0).max() < 0.6


@pytest.mark.parametrize("shape", range(4), ids=[str(v) for v in GRID.factors[0].values])
def test_a_quarter_turn_is_clockwise(shape: int) -> None:
    # Turned about the picture's middle, the fifth place from the left comes to the fourth.
    upright, turned = weights(np.array([[shape, 5, 0, 4, 4, 6, 2], [shape, 5, 6, 3, 4, 6, 2]]))
    assert (np.rot90(upright, -1) != turned).mean() < 0.01
    assert (np.rot90(upright, 1) != turned).mean() > 0.01


def test_x_goes_right_y_goes_down_and_scale_grows() -> None:
    right, down = centres(varied(X)), centres(varied(Y))
    steps = np.diff(right[:, 0]), np.diff(down[:, 1])
    np.testing.assert_allclose(np.concatenate(steps), 29 / 7, atol=0.4)
    assert np.ptp(right[:, 1]) < 0.3
    assert np.ptp(down[:, 0]) < 0.3
    areas = weights(varied(SCALE)).sum(axis=(1, 2))
    scales = np.asarray(GRID.factors[SCALE].values, float)
    np.testing.assert_allclose(areas / areas[-1], scales**2, atol=0.06)
    assert all(a < b for a, b in pairwise(areas))


def test_no_object_is_cut_off_at_the_edge() -> None:
    corners = [
        (shape, 5, orientation, x, y, 6, 2)
        for shape in range(4) for orientation in range(24) for x in (0, 7) for y in (0, 7)
    ]  # fmt: skip
    mass = weights(np.array(corners))
    assert not mass[:, [0, -1]].any()
    assert not mass[:, :, [0, -1]].any()


def test_object_and_background_differ_in_lightness_in_every_combination() -> None:
    hues = [(0, 5, 0, 4, 4, o, b) for o in range(10) for b in range(10)]
    linear = (scenes(np.array(hues)) / 255) ** 2.2
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    ratio = (luminance[:, 2, 2] + 0.05) / (luminance[:, 34, 34] + 0.05)
    assert ratio.min() > 1.5


def test_edges_are_soft() -> None:
    picture = scenes(PLAIN[None])[0].astype(int)
    along = picture[34, :, 0]
    inside, outside = along.min(), along.max()
    between = (along > inside + 8) & (along < outside - 40)
    assert between.sum() >= 2
    assert np.abs(np.diff(along)).max() < 0.95 * (outside - inside)


@pytest.mark.parametrize("part", ["validation", "0", "-5", "1e3", "3686401"])
def test_an_unknown_part_is_refused_by_name(part: str) -> None:
    with pytest.raises(UserError, match="shapes:train"):
        open_data(f"shapes:{part}")


def test_shapes_are_a_data_set_that_is_always_here(tmp_path: Path) -> None:
    assert len(open_data("shapes:test")) == 10_000
    assert open_data("Shapes:250").name == "shapes:250"
    assert is_here("shapes", tmp_path)
    assert is_data_set_name("shapes:12")
    report = inspect_data_set("shapes", ())
    assert (report["usable"], report["rows"], report["format"]) == (True, 3_686_400, "drawn")


PARTS = "0876768e5aa393639c310b2278c43fdb661f141590979507af0e3113ad69571d"
