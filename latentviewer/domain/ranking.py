"""Rows in the order of a number."""

import numpy as np
from numpy.typing import NDArray


def ranked(
    values: NDArray[np.float64], rows: NDArray[np.int64] | None = None, largest: bool = True
) -> NDArray[np.int64]:
    """Rows from the largest value to the smallest, or the other way; equal ones by row.

    Args:
        values: (n,); a row with NaN is left out, an infinite value counts.
        rows: (m,) those to rank, in rising order; None for all.

    Returns:
        (k,) int64, k at most n.
    """
    among = np.arange(len(values), dtype=np.int64) if rows is None else rows
    among = among[~np.isnan(values[among])]
    keys = -values[among] if largest else values[among]
    return np.asarray(among[np.argsort(keys, kind="stable")], np.int64)
