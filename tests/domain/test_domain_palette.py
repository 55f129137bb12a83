"""Colours stay apart, from one another and from the backgrounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentviewer.domain.oklab import oklab_of, srgb_of
from latentviewer.domain.palette import (
    MISSING_INDEX,
    category_colours,
    continuous_colours,
    continuous_palette,
    missing_colour,
)

BACKGROUNDS = {
    True: np.array([[0x14, 0x16, 0x1A]], np.uint8),
    False: np.array([[0xFB, 0xFB, 0xF9]], np.uint8),
}
# Distances in OKLab, where black and white are 1 apart and about 0.02 is just visible
# side by side. Okabe & Ito's own eight lie 0.156 apart, 0.075 to a deuteranope.
FIRST_TWELVE_APART = 0.12
FROM_BACKGROUND = 0.25
FIRST_EIGHT_TO_DICHROMATS = 0.095
FIRST_SIXTY_FOUR_APART = 0.05

# Machado, Oliveira & Fernandes 2009, table 1, severity 1.
DICHROMATS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
both_themes = pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])


def apart(colours: NDArray[np.uint8]) -> float:
    lab = oklab_of(colours)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return float(distances[~np.eye(len(lab), dtype=bool)].min())


def seen_by(kind: str, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    encoded = colours / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(DICHROMATS[kind]).T, 0, 1)
    back = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return np.rint(back * 255).astype(np.uint8)


def test_oklab_of_known_colours() -> None:
    known = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    # Values of CSS Color 4's sample conversions.
    expected = [[1, 0, 0], [0, 0, 0], [0.62796, 0.22486, 0.12585], [0.45201, -0.03246, -0.31153]]
    assert np.allclose(oklab_of(known), expected, atol=1e-3)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_oklab_goes_there_and_back(colour: tuple[int, int, int]) -> None:
    assert srgb_of(oklab_of(np.array(colour, np.uint8))).tolist() == list(colour)


@both_themes
def test_first_colours_stay_apart(dark: bool) -> None:
    colours = category_colours(12, dark)
    assert apart(colours) > FIRST_TWELVE_APART
    others = np.concatenate([BACKGROUNDS[dark], missing_colour()[None]])
    away = np.linalg.norm(oklab_of(colours)[:, None] - oklab_of(others)[None], axis=-1)
    assert away[:, 0].min() > FROM_BACKGROUND
    assert away[:, 1].min() > FIRST_TWELVE_APART


@both_themes
@pytest.mark.parametrize("kind", DICHROMATS)
def test_first_eight_stay_apart_for_colour_blind_eyes(dark: bool, kind: str) -> None:
    assert apart(seen_by(kind, category_colours(8, dark))) > FIRST_EIGHT_TO_DICHROMATS


@both_themes
def test_sixty_four_stay_apart(dark: bool) -> None:
    colours = category_colours(64, dark)
    assert apart(np.concatenate([colours, BACKGROUNDS[dark]])) > FIRST_SIXTY_FOUR_APART
    assert apart(np.concatenate([colours, missing_colour()[None]])) > FIRST_SIXTY_FOUR_APART


@both_themes
def test_thousands_go_on_and_neighbours_differ(dark: bool) -> None:
    colours = category_colours(5000, dark)
    assert colours.shape == (5000, 3)
    assert colours.dtype == np.uint8
    lab = oklab_of(colours)
    assert np.linalg.norm(np.diff(lab, axis=0), axis=1).min() > FIRST_SIXTY_FOUR_APART
    assert np.linalg.norm(lab - oklab_of(BACKGROUNDS[dark]), axis=1).min() > 0.2
    assert len(np.unique(colours, axis=0)) > 3000


@both_themes
@given(k=st.integers(0, 200))
def test_a_label_keeps_its_colour_when_labels_are_added(dark: bool, k: int) -> None:
    colours = category_colours(k, dark)
    assert colours.shape == (k, 3)
    assert np.array_equal(colours, category_colours(300, dark)[:k])


def test_colours_can_be_changed_by_the_caller() -> None:
    first = category_colours(8, True)
    first[:] = 0
    assert category_colours(8, True).any()
    ramp = continuous_palette(True)
    ramp[:] = 0
    assert continuous_palette(True).any()


@both_themes
def test_the_ramp_is_even_and_grows_lighter(dark: bool) -> None:
    ramp = oklab_of(continuous_palette(dark)[:254])
    # Over 11 steps, so that rounding to bytes matters little.
    steps = np.linalg.norm(np.diff(ramp[::11], axis=0), axis=1)
    assert steps.max() / steps.min() < 1.25
    assert (np.diff(ramp[::11, 0]) > 0).all()
    assert ramp[0, 2] < -0.1
    assert ramp[-1, 2] > 0.1


@both_themes
def test_the_ramp_stands_off_the_background_and_missing(dark: bool) -> None:
    palette = continuous_palette(dark)
    assert palette.shape == (256, 3)
    assert palette.dtype == np.uint8
    assert palette[MISSING_INDEX].tolist() == missing_colour().tolist()
    ramp = oklab_of(palette[:254])
    assert np.linalg.norm(ramp - oklab_of(BACKGROUNDS[dark]), axis=1).min() > 0.2
    assert np.linalg.norm(ramp - oklab_of(missing_colour()), axis=1).min() > 0.06


@both_themes
def test_the_ramp_keeps_its_order_for_colour_blind_eyes(dark: bool) -> None:
    for kind in DICHROMATS:
        seen = oklab_of(seen_by(kind, continuous_palette(dark)[:254]))
        assert (np.diff(seen[::11, 0]) > 0).all()


def test_numbers_fill_the_ramp() -> None:
    values = np.array([0.0, 0.5, 1.0, -3.0, 9.0, np.nan, np.inf, -np.inf])
    index = continuous_colours(values, 0.0, 1.0)
    assert index.dtype == np.uint8
    assert index.tolist() == [0, 127, 253, 0, 253, MISSING_INDEX, 253, 0]
    assert continuous_colours(values[:3], 0.0, 1.0, levels=4).tolist() == [0, 2, 3]


def test_a_constant_column_has_one_colour() -> None:
    assert continuous_colours(np.array([5.0, 5.0, np.nan]), 5.0, 5.0).tolist() == [127, 127, 254]
    assert continuous_colours(np.empty(0), 0.0, 1.0).tolist() == []


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_larger_numbers_never_have_earlier_colours(numbers: list[float]) -> None:
    values = np.sort(np.array(numbers))
    index = continuous_colours(values, values[0], values[-1])
    assert (np.diff(index.astype(int)) >= 0).all()
    assert index.max() < MISSING_INDEX


@pytest.mark.parametrize("levels", [0, 255])
def test_levels_leave_room_for_missing(levels: int) -> None:
    with pytest.raises(ValueError, match="levels"):
        continuous_colours(np.zeros(1), 0.0, 1.0, levels)
