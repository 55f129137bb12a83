"""The one number of each sample that a model sees, read from a data set's column."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.domain.table import Numbers


def read_numbers(data: DataSet, name: str, model: str) -> NDArray[np.float64]:
    """What a model sees of each sample, (n,), all above 0.

    Args:
        name: of the column.
        model: its name, for the sentence.

    Raises:
        UserError: there are no samples, no such column, or a number is missing or not above 0;
            the first such row is named.
    """
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so there is nothing to observe.")
    column = data.columns.get(name)
    if column is None:
        raise UserError(
            f"{data.name} has no column “{name}”, which is all that {model} sees; choose a data "
            "set that has one."
        )
    if not isinstance(column, Numbers):
        raise UserError(f"{data.name}: the column “{name}” must hold numbers for {model}.")
    values = column.values
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        row, value = int(bad[0]), float(values[bad[0]])
        what = "no number" if np.isnan(value) else f"{value:g}"
        raise UserError(
            f"{data.name}: the column “{name}” holds {what} in row {row}"
            f"{f' and {len(bad) - 1} more rows' if len(bad) > 1 else ''}, and {model} needs a "
            "number above 0; leave such rows out."
        )
    return values
