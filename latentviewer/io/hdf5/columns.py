"""Datasets of one value a row as the columns of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Column
from latentviewer.io.hdf5.opening import NUMERIC, Dataset, Hdf5File


def column_of(file: Hdf5File, dataset: Dataset, title: str) -> Column:
    """A dataset of shape (n,) as a column.

    Args:
        title: of the column; whole numbers under one such as `label` are categories.

    Raises:
        UserError: damaged, or neither numbers nor texts.
    """
    if file.is_text(dataset):
        return column_of_values(file.texts(dataset), title)
    return column_of_values(file.numbers(dataset), title)


def column_of_values(values: NDArray[Any] | Sequence[Any], title: str) -> Column:
    """Numbers, truths or texts as a column; None is missing, as an empty text is."""
    import pyarrow as pa

    from latentviewer.io.arrow_columns import from_arrow

    listed: Any = values
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "S":
            listed = [text.decode("utf-8", "replace") or None for text in values.tolist()]
        elif values.dtype.kind == "f":
            listed = values.astype(np.float64)
        else:
            listed = values.astype(values.dtype.newbyteorder("="))
    elif values and all(v is None or isinstance(v, str) for v in values):
        listed = [v or None for v in values]
    column = from_arrow(pa.chunked_array([pa.array(listed)]), title, None)
    assert column is not None
    return column


def categories_from(codes: NDArray[Any], names: Sequence[str], where: str) -> Categories:
    """Codes and what they stand for as a column of categories; -1 is missing.

    Raises:
        UserError: the codes are not whole numbers of one axis, or one lies outside the names.
    """
    if codes.ndim != 1 or codes.dtype.kind not in "iu":
        raise UserError(f"{where} has codes that are not whole numbers; save it again.")
    if codes.size and not -1 <= int(codes.min()) <= int(codes.max()) < len(names):
        raise UserError(f"{where} has a code outside its categories; save it again.")
    return Categories(codes.astype(np.int32), tuple(names))


def names_of(file: Hdf5File, dataset: Dataset) -> list[str]:
    """The values of a dataset of shape (n,) as texts, whatever their type.

    Raises:
        UserError: damaged, or neither numbers nor texts.
    """
    if file.is_text(dataset):
        return file.texts(dataset)
    values = file.numbers(dataset)
    if values.ndim != 1 or values.dtype.kind not in NUMERIC:
        raise UserError(f"{file.where(dataset.name)} is no list of names; save it again.")
    return [str(value) for value in values.tolist()]
