"""Rows that a condition holds for."""

import numpy as np
import pytest

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression import Context, parse
from latentviewer.domain.expression.conditions import rows_where
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Space
from latentviewer.domain.table import Numbers, categories_of


def rows(condition: str) -> list[int]:
    space = Space(
        "six", np.zeros((6, 2), np.float32),
        columns={"label": categories_of(list("abcabc")),
                 "score": Numbers(np.array([0, 1, 2, 3, np.nan, 5]))},
    )  # fmt: skip
    return rows_where(parse(condition), Context(space, {"A": Selection.of([4, 5])})).tolist()


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('label == "a"', [0, 3]),
        ('label in ("b", "c") and score > 1', [2, 5]),
        ("@A or score < 1", [0, 4, 5]),
        ("not @A", [0, 1, 2, 3]),
        ("score > 99", []),
    ],
)
def test_the_rows_come_in_rising_order(condition: str, wanted: list[int]) -> None:
    assert rows(condition) == wanted


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("#1 + #2", "Rows are needed here"),
        ('label == "z"', "labels are"),
        ("size > 1", "no column “size”"),
        ("@B", "no group “B”"),
    ],
)
def test_what_gives_no_rows_is_refused(condition: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        rows(condition)
