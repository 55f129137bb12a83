"""How well thresholds on one number tell classes apart."""

import numpy as np
from numpy.typing import NDArray


def threshold_accuracy(
    codes: NDArray[np.float64], classes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Balanced accuracy of the best thresholds on each dimension alone.

    With c classes there are at most c - 1 thresholds, and each piece of the line between two
    of them is given one class, whichever is best. The optimum is found exactly, by dynamic
    programming along the sorted codes, and on the same samples that it is measured on.

    Args:
        codes: (n, d).
        classes: (n,) from 0; each of 0..max occurs.

    Returns:
        (d,) from 1/c to 1.
    """
    counts = np.bincount(classes)
    c, (n, d) = len(counts), codes.shape
    share = 1.0 / (c * counts)  # what a sample told right adds to the balanced accuracy
    order = np.argsort(codes, axis=0, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=0)
    labels = classes[order]
    # Equal codes cannot be told apart, so no threshold falls between them.
    may_cut = np.vstack([np.zeros((1, d), np.bool_), ordered[1:] > ordered[:-1]])
    gained = share[labels]
    # [i, p, q]: the most that dimension i has gained with at most p + 1 pieces so far, the
    # last of which is given class q.
    best = np.zeros((d, c, c))
    each = np.arange(d)
    for row in range(n):
        cuts = may_cut[row]
        if cuts.any():
            after_cut = np.where(cuts[:, None], best[:, :-1].max(axis=2), 0.0)
            np.maximum(best[:, 1:], after_cut[:, :, None], out=best[:, 1:])
        best[each, :, labels[row]] += gained[row][:, None]
    accuracy: NDArray[np.float64] = best[:, -1].max(axis=1)
    return accuracy
