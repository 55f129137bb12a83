"""Which rows a condition names."""

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression.printing import quoted
from latentviewer.domain.expression.suggest import did_you_mean, listed
from latentviewer.domain.expression.tree import (
    ColumnName,
    Comparator,
    Comparison,
    Membership,
    Value,
)
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts

Mask = NDArray[np.bool_]

_COMPARE: Mapping[Comparator, Callable[[NDArray[np.float64], float], Mask]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)


def compared_rows(comparison: Comparison, space: Space) -> Mask:
    """(n,) where the comparison holds.

    A missing number is only ever `!=`; a missing label is the empty text.

    Raises:
        ExpressionError: no such column or label, or a text where a number belongs.
    """
    column, value = column_of(comparison.column, space), comparison.value
    if comparison.comparator == "==":
        return _equal_rows(comparison.column, column, value)
    if comparison.comparator == "!=":
        return ~_equal_rows(comparison.column, column, value)
    if not isinstance(column, Numbers):
        raise ExpressionError(
            f"“{comparison.column.name}” holds {_kind(column)}, which have no order; "
            "compare with == or !=.",
            comparison.column.position,
        )
    return _COMPARE[comparison.comparator](column.values, _needed_number(comparison.column, value))


def member_rows(membership: Membership, space: Space) -> Mask:
    """(n,) where the column is, or is not, one of the values.

    Raises:
        ExpressionError: as `compared_rows`.
    """
    column = column_of(membership.column, space)
    found = np.zeros(len(space), np.bool_)
    for value in membership.values:
        found |= _equal_rows(membership.column, column, value)
    return ~found if membership.negated else found


def column_of(name: ColumnName, space: Space) -> Column:
    """The column of that name.

    Raises:
        ExpressionError: there is none; names the closest.
    """
    if name.name in space.columns:
        return space.columns[name.name]
    if not space.columns:
        raise ExpressionError(
            f"There is no column “{name.name}”; this space has no columns.", name.position
        )
    hint = did_you_mean(name.name, space.columns, "columns are")
    raise ExpressionError(f"There is no column “{name.name}”; {hint}", name.position)


def labelled_rows(name: str, label: str, position: int, space: Space) -> Mask:
    """(n,) where the column `name`, of categories or texts, is `label`.

    Raises:
        ExpressionError: the column has no such label.
    """
    column = space.columns[name]
    rows = _equal_rows(ColumnName(name, position), column, Value(label, position))
    if isinstance(column, Texts) and not rows.any():
        hint = did_you_mean(label, column.values, "the first and last are")
        raise ExpressionError(f"No sample has {name} == “{label}”; {hint}", position)
    return rows


def _equal_rows(name: ColumnName, column: Column, value: Value) -> Mask:
    if isinstance(column, Numbers):
        return np.equal(column.values, _needed_number(name, value))
    if not isinstance(value.value, str):
        raise ExpressionError(
            f"“{name.name}” holds {_kind(column)}; put the value in quotation marks: "
            f"{quoted(f'{value.value:g}')}.",
            value.position,
        )
    if isinstance(column, Texts):
        wanted = value.value
        return np.fromiter((text == wanted for text in column.values), np.bool_, len(column))
    if value.value in column.names:
        return np.asarray(column.codes == column.names.index(value.value))
    if value.value == "":
        return np.asarray(column.codes == -1)
    raise ExpressionError(
        f"No sample has {name.name} == “{value.value}”; {_labels_hint(value.value, column)}",
        value.position,
    )


def _needed_number(name: ColumnName, value: Value) -> float:
    if isinstance(value.value, str):
        raise ExpressionError(
            f"“{name.name}” holds numbers; compare it with a number, without quotation marks.",
            value.position,
        )
    return value.value


def _labels_hint(label: str, column: Categories) -> str:
    if len(label) > 1:
        return did_you_mean(label, column.names, "labels are")
    # One character is close to nothing; the list says more.
    return f"labels are {listed(list(column.names))}." if column.names else "it has no labels."


def _kind(column: Column) -> str:
    return "labels" if isinstance(column, Categories) else "texts"
