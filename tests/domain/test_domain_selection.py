"""Selections are sets; groups have names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.domain.selection import (
    Group,
    Selection,
    combine,
    next_group_name,
    valid_group_name,
)

ROWS = st.sets(st.integers(0, 40))


@given(ROWS, ROWS)
def test_behaves_as_a_set(a: set[int], b: set[int]) -> None:
    left, right = Selection.of(a), Selection.of(b)
    for selection, expected in [
        (left.union(right), a | b),
        (left.minus(right), a - b),
        (left.toggled(right), a ^ b),
        (left.intersect(right), a & b),
        (combine(left, b, "replace"), b),
        (combine(left, b, "add"), a | b),
        (combine(left, b, "remove"), a - b),
        (combine(left, b, "toggle"), a ^ b),
    ]:
        assert selection.rows.tolist() == sorted(expected)
        assert selection.rows.dtype == np.int64
        assert len(selection) == len(expected)
        assert list(selection) == sorted(expected)
    assert (left == right) == (a == b)
    assert left.mask(41).nonzero()[0].tolist() == sorted(a)
    assert all((row in left) == (row in a) for row in range(-1, 43))


@given(st.lists(st.integers(0, 20)))
def test_order_and_repeats_do_not_matter(rows: list[int]) -> None:
    selection, again = Selection.of(rows), Selection.of(np.array(rows[::-1], np.int32))
    assert selection == again
    assert hash(selection) == hash(again)


def test_rows_cannot_be_written_and_are_owned() -> None:
    given_rows = np.array([1, 2])
    selection = Selection(given_rows)
    given_rows[0] = 9
    assert selection.rows.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        selection.rows[0] = 5


@pytest.mark.parametrize("rows", [[2, 1], [1, 1], [-1, 2], [[1, 2]]])
def test_the_plain_constructor_refuses_what_is_not_a_sorted_set(rows: list[object]) -> None:
    with pytest.raises(ValueError, match="rows must be"):
        Selection(np.array(rows))


@pytest.mark.parametrize("rows", [[-1], [0.5], [True, False], ["a"]])
def test_rows_are_whole_numbers_from_0(rows: list[object]) -> None:
    with pytest.raises(ValueError, match="rows must be"):
        Selection.of(np.array(rows))


def test_mask_refuses_rows_beyond_the_end() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Selection.of([3]).mask(3)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown mode"):
        combine(Selection.empty(), [1], "swap")  # type: ignore[arg-type]


def test_groups_compare_by_content() -> None:
    assert Group("A", Selection.of([1, 2])) == Group("A", Selection.of([2, 1]))
    assert Group("A", Selection.of([1])) != Group("A", Selection.of([2]))


def test_next_group_name_counts_on_after_z() -> None:
    letters = [chr(ord("A") + i) for i in range(26)]
    assert next_group_name([]) == "A"
    assert next_group_name(["A", "C"]) == "B"
    assert next_group_name(letters) == "AA"
    assert next_group_name([*letters, "AA"]) == "AB"
    two = [a + b for a in letters for b in letters]
    assert next_group_name([*letters, *two]) == "AAA"


@pytest.mark.parametrize("name", ["Ziffern 3", "数字", "أرقام", "e\u0301", "a.b-c", "A"])
def test_a_group_name_may_be_of_any_script(name: str) -> None:
    assert valid_group_name(f"  {name} ", ["B"]) == name


@pytest.mark.parametrize("name", ["", "   ", 'a"b', "it's", "`a`", "“a”", "a\nb", "A"])
def test_a_group_name_is_not_empty_quoted_broken_or_taken(name: str) -> None:
    with pytest.raises(UserError):
        valid_group_name(name, ["A"])
