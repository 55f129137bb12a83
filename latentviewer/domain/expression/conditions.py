"""Rows by a condition such as `label == "3" and kl > 2`, written as in an expression."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.expression.evaluate import Context, rows_holding
from latentviewer.domain.expression.tree import Expression


def rows_where(condition: Expression, context: Context) -> NDArray[np.int64]:
    """The rows that a condition holds for, (m,) int64 in rising order; maybe none.

    Args:
        condition: compares columns, or names a group such as `@A`; joined by and, or, not.

    Raises:
        ExpressionError: it gives no rows but a latent, or names what is not there.
    """
    return np.flatnonzero(rows_holding(condition, context)).astype(np.int64)
