from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.datasets import is_data_set_name, is_here, open_data
from latentviewer.io.faces.attributes import (
    CHOICES,
    CONTINUOUS,
    Attributes,
    attributes_of,
    columns_of,
)
from latentviewer.io.faces.data_set import FacesData, open_faces
from latentviewer.io.faces.portrait import portrait
from latentviewer.io.inspecting import inspect_data_set

PLAIN = replace(
    attributes_of(np.array([5]))[0],
    smile=0.5, eyes=0.8, brows=0.5, hair_length=0.6, skin=0.4, turn=0.5, face_width=0.5,
    glasses="none", hat="none", beard="none", hair_colour="red",
)  # fmt: skip


def difference(one: Attributes, other: Attributes) -> float:
    """Mean over pixels and channels, of 255."""
    return float(np.abs(portrait(one).astype(float) - portrait(other).astype(float)).mean())


def test_a_face_depends_on_its_row_alone() -> None:
    faces = open_faces("test")
    together = faces.images(np.arange(20))
    np.testing.assert_array_equal(faces.images(np.array([13, 2])), together[[13, 2]])
    whole = open_faces(None)
    np.testing.assert_array_equal(whole.images(np.array([60_013])), together[[13]])
    assert whole.columns["smile"].text(60_013) == faces.columns["smile"].text(13)
    other = FacesData("faces", 0, 10, seed=1)
    assert (other.images(np.arange(2)) != open_faces("10").images(np.arange(2))).any()


def test_a_million_faces_are_drawn_only_when_asked_for() -> None:
    faces = open_faces("1000000")
    assert len(faces) == 1_000_000
    assert faces.image.channels == 3
    assert faces.images(np.array([999_999])).shape == (1, 64, 64, 3)
    with pytest.raises(IndexError):
        faces.images(np.array([1_000_000]))


def test_there_are_twelve_independent_attributes_of_the_declared_shares() -> None:
    columns = columns_of(np.arange(20_000))
    assert set(columns) == {field.name for field in fields(Attributes)}
    assert len(columns) >= 12
    values = []
    for name, column in columns.items():
        if isinstance(column, Categories):
            expected = np.array(list(CHOICES[name].values()))
            np.testing.assert_allclose(column.counts() / 20_000, expected, atol=0.02)
            values.append(column.codes.astype(float))
        else:
            assert isinstance(column, Numbers)
            counts, _ = np.histogram(column.values, bins=10, range=(0, 1))
            np.testing.assert_allclose(counts / 20_000, 0.1, atol=0.01)
            values.append(column.values)
    correlations = np.corrcoef(values) - np.eye(len(values))
    assert np.abs(correlations).max() < 0.03


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_continuous_attribute_changes_the_face_and_does_so_smoothly(name: str) -> None:
    steps = [replace(PLAIN, **{name: value}) for value in np.linspace(0, 1, 61).tolist()]
    ends = difference(steps[0], steps[-1])
    apart = [difference(a, b) for a, b in pairwise(steps)]
    if name == "background":
        # Hue is a circle.
        ends = difference(steps[0], steps[30])
    assert ends > 0.25
    assert max(apart) < max(0.15 * ends, 0.5)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, shares in CHOICES.items() for value in shares]
)
def test_every_choice_can_be_told_from_every_other(name: str, value: str) -> None:
    chosen = replace(PLAIN, **{name: value})
    for other in CHOICES[name]:
        if other != value:
            assert difference(chosen, replace(PLAIN, **{name: other})) > 0.5


def test_a_bald_head_shows_no_hair() -> None:
    bald = replace(PLAIN, hair_length=0.0, brows=0.5)
    above_the_brows = portrait(bald)[8:20].reshape(-1, 3).astype(int)
    hair = np.array([196, 74, 40])
    assert (np.abs(above_the_brows - hair).sum(axis=1) > 90).all()


@pytest.mark.parametrize("part", ["validation", "0", "-5", "1e3", "99999999999"])
def test_an_unknown_part_is_refused_by_name(part: str) -> None:
    with pytest.raises(UserError, match="faces:train"):
        open_data(f"faces:{part}")


def test_faces_are_a_data_set_that_is_always_here(tmp_path: Path) -> None:
    assert len(open_data("faces:test")) == 10_000
    assert open_data("Faces:250").name == "faces:250"
    assert is_here("faces", tmp_path)
    assert is_data_set_name("faces:12")
    assert inspect_data_set("faces:300", ())["usable"]
