"""How important each dimension of a code is for predicting each factor, by random forests."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from latentviewer.domain.space import Latents

LEAST_SAMPLES = 10  # so that each of the three parts has some

_TREES = 20
_DEPTHS = (2, 4, 8, 16)
_TRAINING_SHARE, _VALIDATION_SHARE = 0.6, 0.2


@dataclass(frozen=True, eq=False)
class Importances:
    """What the forests found.

    Attributes:
        matrix: (d, k) float64; a column sums to 1, or is 0 where no tree found a split.
        accuracy: (k,) share of unseen samples whose factor is told right.
    """

    matrix: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def finding_importances(
    codes: Latents, factors: NDArray[np.int64], seed: int
) -> Generator[float, None, Importances]:
    """Yields the fraction done after each tree.

    As Eastwood and Williams (2018) do: a random forest for each factor, the importance of a
    dimension being how much its splits lessen the impurity, and the depth the one that is
    best on samples of validation, the shallowest among equals. Too deep a tree splits on
    noise and takes it for importance. Each split looks at every dimension, else the forest
    would have to use dimensions that say nothing. Three fifths of the samples are trained on,
    one fifth each chooses the depth and gives the accuracy.

    Args:
        codes: (n, d).
        factors: (n, k) classes.
        seed: of the split and the forests.

    Raises:
        ValueError: fewer than `LEAST_SAMPLES` samples.
    """
    n = len(codes)
    if n < LEAST_SAMPLES:
        raise ValueError(f"{n} samples are too few; {LEAST_SAMPLES} are needed")
    order = np.random.default_rng(seed).permutation(n)
    ends = [round(_TRAINING_SHARE * n), round((_TRAINING_SHARE + _VALIDATION_SHARE) * n)]
    train, valid, test = np.split(order, ends)
    k = factors.shape[1]
    matrix, accuracy = np.zeros((codes.shape[1], k)), np.zeros(k)
    done, total = 0, k * len(_DEPTHS) * _TREES
    for j, factor in enumerate(factors.T):
        best = -1.0
        for depth in _DEPTHS:
            # Grown tree by tree, which gives the same forest, so that it can be cancelled.
            forest = RandomForestClassifier(
                max_depth=depth, max_features=None, random_state=seed, warm_start=True
            )
            for trees in range(1, _TREES + 1):
                forest.set_params(n_estimators=trees).fit(codes[train], factor[train])
                done += 1
                yield done / total
            score = float(forest.score(codes[valid], factor[valid]))
            if score > best:
                best = score
                matrix[:, j] = forest.feature_importances_
                accuracy[j] = forest.score(codes[test], factor[test])
    return Importances(matrix, accuracy)
