"""Rows of a space as an export takes them."""

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import FIRST
from latentviewer.domain.path import Path, Waypoint
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, Numbers, Texts, categories_of
from latentviewer.io.extracts import extract_of
from latentviewer.io.projector.metadata import NEXT
from latentviewer.io.projector.reading import SELECTED


def six() -> Space:
    return Space(
        "six", np.arange(12, dtype=np.float32).reshape(6, 2), np.ones((6, 2), np.float32),
        {"label": categories_of(list("abcabc")), "word": Texts(tuple("uvwxyz")),
         "score": Numbers(np.arange(6.0))},
        {"umap_2d": np.arange(12, dtype=np.float32).reshape(6, 2)},
        Provenance("model", "0", "squares", {"kept": 1, FIRST: 6, SELECTED: []}),
    )  # fmt: skip


def way(*rows: int | None, closed: bool = False) -> Path:
    stops = tuple(Waypoint((0.0, 0.0), row, "") for row in rows)
    return Path(stops, closed=closed)


def rows_of(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(rows, np.int64)


def test_all_rows_are_the_space_itself() -> None:
    space = six()
    extract = extract_of(space)
    assert extract.space.latent is space.latent
    assert extract.space.provenance == space.provenance
    assert list(extract.space.columns) == list(space.columns)
    assert extract.notes == ()


def test_some_rows_are_taken_from_everything_and_say_which_they_were() -> None:
    extract = extract_of(six(), rows_of(1, 4))
    taken = extract.space
    np.testing.assert_array_equal(taken.latent, [[2, 3], [8, 9]])
    np.testing.assert_array_equal(taken.maps["umap_2d"], [[2, 3], [8, 9]])
    assert taken.latent_std is not None
    assert taken.latent_std.shape == (2, 2)
    assert [taken.columns["word"].text(i) for i in range(2)] == ["v", "y"]
    assert [taken.columns["label"].text(i) for i in range(2)] == ["b", "b"]
    assert [taken.columns["row"].text(i) for i in range(2)] == ["1", "4"]


def test_pictures_of_other_rows_are_never_promised() -> None:
    extract = extract_of(six(), rows_of(1, 4))
    assert extract.space.provenance.data is None
    assert extract.space.provenance.model == "model"
    assert dict(extract.space.provenance.extra) == {"kept": 1}
    assert extract.notes == (
        "Only some samples of squares are written, so the file does not name it; the column "
        "“row” says which they are.",
    )
    first = extract_of(six(), rows_of(0, 1, 2))
    assert first.space.provenance.data == "squares"
    assert first.space.provenance.extra[FIRST] == 3
    assert "row" not in first.space.columns
    assert first.notes == ()


def test_a_group_is_a_column_of_who_belongs_to_it() -> None:
    space = six().with_column("group B", Texts(("",) * 6))
    groups = (Group("A", Selection.of([4, 0])), Group("B", Selection.empty()))
    extract = extract_of(space, rows_of(1, 4), groups)
    assert extract.groups == ("group A", "group B (2)")
    for name, wanted in (("group A", ["false", "true"]), ("group B (2)", ["false", "false"])):
        column = extract.space.columns[name]
        assert isinstance(column, Categories)
        assert [column.text(i) for i in range(2)] == wanted


def test_a_path_joins_its_samples() -> None:
    extract = extract_of(six(), None, (), way(5, 2, 0))
    np.testing.assert_array_equal(extract.next_rows, [-1, -1, 0, -1, -1, 2])
    assert extract.notes == ()
    closed = extract_of(six(), None, (), way(5, 2, 0, closed=True))
    np.testing.assert_array_equal(closed.next_rows, [5, -1, 0, -1, -1, 2])


def test_a_path_among_some_rows_counts_within_them_and_goes_past_the_others() -> None:
    extract = extract_of(six(), rows_of(0, 2, 5), (), way(5, None, 3, 2, 0))
    np.testing.assert_array_equal(extract.next_rows, [-1, 0, 1])
    assert extract.notes[-1] == "The path leaves out 2 waypoints that are none of these samples."


def test_a_sample_that_a_path_leaves_twice_keeps_its_first_line() -> None:
    extract = extract_of(six(), None, (), way(0, 1, 0, 2))
    np.testing.assert_array_equal(extract.next_rows, [1, 0, -1, -1, -1, -1])
    assert "1 of its lines is left out" in extract.notes[0]
    again = extract_of(six(), None, (), way(0, 0, 1))
    np.testing.assert_array_equal(again.next_rows, [1, -1, -1, -1, -1, -1])
    assert again.notes == ()


@pytest.mark.parametrize("stops", [(), (3,), (None, None), (4, 4)])
def test_a_path_without_a_line_between_two_samples_is_none(stops: tuple[int | None, ...]) -> None:
    assert extract_of(six(), None, (), way(*stops)).next_rows is None


def test_rows_that_a_column_names_are_those_that_are_written() -> None:
    following = Numbers(np.array([np.nan, 4, 99, 5, 1, np.nan]))
    taken = extract_of(six().with_column(NEXT, following), rows_of(1, 2, 3, 4)).space.columns[NEXT]
    assert isinstance(taken, Numbers)
    np.testing.assert_array_equal(taken.values, [3, np.nan, np.nan, 0])


def test_no_rows_and_rows_that_are_not_there_are_refused() -> None:
    with pytest.raises(UserError, match="six has no rows to export"):
        extract_of(six(), rows_of())
    with pytest.raises(UserError, match="six has rows 0 to 5"):
        extract_of(six(), rows_of(2, 6))
    with pytest.raises(UserError, match="none has no rows"):
        extract_of(Space("none", np.empty((0, 2), np.float32)))
