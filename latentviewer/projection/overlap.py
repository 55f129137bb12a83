"""How far two maps, or two spaces, of the same samples agree on who is whose neighbour."""

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_ONCE = 8_192
_NOBODY_ELSE = -2


def overlap(rows_a: NDArray[np.integer], rows_b: NDArray[np.integer]) -> NDArray[np.float32]:
    """The share of each sample's neighbours that both have: 0 none, 1 all.

    Of k neighbours on either side c are in both: the share is c / k, and not Jaccard's
    c / (2 k - c), so that it reads as "7 of 15". Of rows (n, k) of unequal k the longer ones
    are cut to the shorter. By chance alone it would be about k / n.

    Args:
        rows_a, rows_b: (n, k) neighbours, nearest first, each once; -1 where there are fewer.

    Returns:
        (n,); divided by the fewer neighbours where a row has fewer, NaN where it has none.
    """
    if rows_a.ndim != 2 or rows_b.ndim != 2 or len(rows_a) != len(rows_b):
        raise ValueError(
            f"both must be (n, k) with the same n, not {rows_a.shape} and {rows_b.shape}"
        )
    n, k = len(rows_a), min(rows_a.shape[1], rows_b.shape[1])
    shares = np.full(n, np.nan, np.float32)
    for start in range(0, n, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        # By columns, so that whole stretches are compared at once.
        a = np.ascontiguousarray(rows_a[part, :k].T)
        b = np.ascontiguousarray(rows_b[part, :k].T)
        fewer = np.minimum((a >= 0).sum(axis=0), (b >= 0).sum(axis=0))
        a[a < 0] = _NOBODY_ELSE
        common = np.zeros(a.shape[1], np.uint16)
        for one in a:
            for other in b:
                common += one == other
        np.divide(common, fewer, out=shares[part], where=fewer > 0)
    return shares


def mean_overlap(shares: NDArray[np.float32]) -> float:
    """The mean of `overlap` over the samples that have neighbours; NaN where none has."""
    known = shares[~np.isnan(shares)]
    return float(known.mean(dtype=np.float64)) if len(known) else float("nan")
