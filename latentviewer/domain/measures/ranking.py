"""How well a score tells two groups apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def auroc(scores_negative: NDArray[Any], scores_positive: NDArray[Any]) -> float:
    """Area under the receiver operating characteristic curve.

    The share of all pairs in which the positive sample has the higher score, ties counting
    half (Hanley and McNeil 1982): the Mann-Whitney U over n m. 1 where the score separates
    the groups, 0.5 where it says nothing, 0 where it separates them the wrong way round.

    Args:
        scores_negative: (n,), such as the reconstruction errors of usual samples.
        scores_positive: (m,), such as those of anomalies. Infinite scores are ranked too.

    Raises:
        ValueError: a group is empty or not (n,), or a score is NaN.
    """
    for name, scores in (("negative", scores_negative), ("positive", scores_positive)):
        if scores.ndim != 1 or len(scores) == 0:
            raise ValueError(f"{name} scores must be (n,) with n ≥ 1, not {scores.shape}")
        if np.isnan(scores).any():
            raise ValueError(f"a {name} score is NaN")
    ordered = np.sort(scores_negative)
    lower = np.searchsorted(ordered, scores_positive, "left").sum(dtype=np.int64)
    not_higher = np.searchsorted(ordered, scores_positive, "right").sum(dtype=np.int64)
    pairs = len(scores_negative) * len(scores_positive)
    return (int(lower) + int(not_higher)) / (2 * pairs)
