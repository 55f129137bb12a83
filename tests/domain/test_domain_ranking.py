from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.domain.ranking import ranked

VALUES = np.array([0.5, np.nan, 2.0, 0.5, np.inf, -1.0])


def test_largest_and_smallest_first_without_what_has_no_value() -> None:
    assert ranked(VALUES).tolist() == [4, 2, 0, 3, 5]
    assert ranked(VALUES, largest=False).tolist() == [5, 0, 3, 2, 4]


def test_only_the_named_rows_are_ranked() -> None:
    assert ranked(VALUES, np.array([1, 3, 5])).tolist() == [3, 5]


def test_no_rows_and_no_values_are_no_ranking() -> None:
    assert ranked(np.zeros(0)).tolist() == []
    assert ranked(np.full(3, np.nan)).tolist() == []
    assert ranked(VALUES, np.zeros(0, np.int64)).tolist() == []


@given(st.lists(st.floats(allow_nan=True), max_size=40), st.booleans())
def test_every_value_stands_where_it_belongs(values: list[float], largest: bool) -> None:
    array = np.array(values, np.float64)
    rows = ranked(array, largest=largest)
    inside = array[rows]
    assert sorted(rows.tolist()) == np.flatnonzero(~np.isnan(array)).tolist()
    assert all(a >= b if largest else a <= b for a, b in pairwise(inside))
