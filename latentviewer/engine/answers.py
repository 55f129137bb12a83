"""The true answers to a classifier's questions, from a data set's columns."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.domain.table import Categories, Numbers
from latentviewer.engine.networks.attributes import Attribute


def true_answers(heads: Iterable[Attribute], data: DataSet) -> dict[str, NDArray[np.int64]]:
    """By head, the index of each sample's true class, (n,).

    Raises:
        UserError: a head's column is not there, or holds something else.
    """
    return {head.name: _codes(head, data) for head in heads}


def _codes(head: Attribute, data: DataSet) -> NDArray[np.int64]:
    column = data.columns.get(head.column)
    if column is None:
        raise UserError(
            f"{data.name} has no column “{head.column}”, which “{head.name}” is read from; "
            "choose the data set that the model was trained on."
        )
    if isinstance(column, Numbers) and head.threshold is not None:
        return (column.values >= head.threshold).astype(np.int64)
    if isinstance(column, Categories) and head.threshold is None:
        if missing := set(column.names) - set(head.classes):
            raise UserError(
                f"{data.name}: the column “{head.column}” has “{min(missing)}”, which the model "
                "does not know; choose the data set that it was trained on."
            )
        known = np.array([head.classes.index(name) for name in column.names], np.int64)
        if not (column.codes >= 0).all():
            raise UserError(
                f"{data.name}: the column “{head.column}” has gaps; choose rows without."
            )
        return known[column.codes]
    kind = "numbers" if head.threshold is not None else "categories"
    raise UserError(
        f"{data.name}: the column “{head.column}” must hold {kind} for “{head.name}”; "
        "choose the data set that the model was trained on."
    )
