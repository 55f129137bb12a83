"""Whether each dimension of a latent space stands for one factor of variation, and the reverse.

Published figures: about 0 for codes that have nothing to do with the factors, and 1 for codes
that are the factors in any order and scale. SAP of classes stays below 1 by what chance alone
tells right.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.measures.thresholds import threshold_accuracy

_Floats = NDArray[np.float64]
_INACTIVE_VARIANCE = 1e-12


def mutual_information_gap(codes: NDArray[Any], factors: NDArray[Any], bins: int = 20) -> float:
    """MIG: how much more the best dimension tells of a factor than the second best.

    Chen et al., "Isolating sources of disentanglement in VAEs" (2018), equation 6: the mean
    over the factors v of (I(z₁; v) - I(z₂; v)) / H(v), z₁ and z₂ being the dimensions with the
    most information. The information is that of histograms: each dimension is cut into `bins`
    bins of equal width from its least to its greatest value, as Locatello et al. (2019) do.

    Args:
        codes: (n, d) latents, d ≥ 2.
        factors: (n, k) whole numbers, one column for each factor.
        bins: of each dimension.

    Returns:
        In 0..1.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or a factor does not vary.
    """
    codes, factors = _checked(codes, factors)
    binned = np.column_stack([_bins_of(column, bins) for column in codes.T])
    gaps = []
    for factor in factors.T:
        second, first = np.sort([_information(column, factor) for column in binned.T])[-2:]
        gaps.append((first - second) / _entropy(np.bincount(factor)))
    return float(np.mean(gaps))


def separated_attribute_predictability(
    codes: NDArray[Any], factors: NDArray[Any], ordered: Sequence[bool]
) -> float:
    """SAP: how much better the best dimension alone predicts a factor than the second best.

    Kumar et al., "Variational inference of disentangled latent concepts from unlabeled
    observations" (2018), section 3: the mean over the factors of the difference of the two
    highest scores. The score of a dimension is R² of a straight line for an ordered factor;
    for one of classes it is the balanced accuracy of the best thresholds, one fewer than
    there are classes (see `threshold_accuracy`). An inactive dimension scores 0.

    Args:
        codes: (n, d) latents, d ≥ 2.
        factors: (n, k) whole numbers, one column for each factor.
        ordered: for each factor whether its numbers are a quantity, and not only names.

    Returns:
        In 0..1.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or a factor does not vary.
    """
    if factors.ndim == 2 and len(ordered) != factors.shape[1]:
        raise ValueError(f"`ordered` says {len(ordered)} factors, there are {factors.shape[1]}")
    # A rank among the values would not do for R², which minds how far they are apart.
    numbers = factors.astype(np.float64)
    codes, factors = _checked(codes, factors)
    active = codes.var(axis=0) > _INACTIVE_VARIANCE
    gaps = []
    for j, is_ordered in enumerate(ordered):
        scores = np.zeros(codes.shape[1])
        if is_ordered:
            scores[active] = _determination(codes[:, active], numbers[:, j])
        else:
            scores[active] = threshold_accuracy(codes[:, active], factors[:, j])
        second, first = np.sort(scores)[-2:]
        gaps.append(first - second)
    return float(np.mean(gaps))


def disentanglement(importances: NDArray[Any]) -> float:
    """The D of DCI: whether each dimension is important for one factor only.

    Eastwood and Williams, "A framework for the quantitative evaluation of disentangled
    representations" (2018), section 2: 1 less the entropy, to the base of the number of
    factors, of the dimension's shares of importance; the mean over the dimensions, weighted
    by their share of all importance.

    Args:
        importances: (d, k), 0 or more, of each dimension for predicting each factor.

    Returns:
        In 0..1; 0 where nothing is important.

    Raises:
        ValueError: fewer than 2 dimensions or factors, or a value below 0 or not finite.
    """
    _check_importances(importances)
    weights = importances.sum(axis=1)
    if not weights.any():
        return 0.0
    return float(np.average(_concentration(importances), weights=weights))


def completeness(importances: NDArray[Any]) -> float:
    """The C of DCI: whether one dimension only is important for each factor.

    Eastwood and Williams (2018), section 2: 1 less the entropy, to the base of the number of
    dimensions, of their shares of importance for the factor; the mean over the factors. A
    factor for which nothing is important counts 0.

    Args:
        importances: (d, k), 0 or more, of each dimension for predicting each factor.

    Returns:
        In 0..1.

    Raises:
        ValueError: fewer than 2 dimensions or factors, or a value below 0 or not finite.
    """
    _check_importances(importances)
    return float(_concentration(importances.T).mean())


def _concentration(parts: NDArray[Any]) -> _Floats:
    """1 less the normalised entropy of each row's shares; 0 for a row of zeros."""
    entropies = [_entropy(row) / np.log(len(row)) if row.any() else 1.0 for row in parts]
    return 1.0 - np.array(entropies)


def _check_importances(importances: NDArray[Any]) -> None:
    if importances.ndim != 2 or min(importances.shape) < 2:
        raise ValueError(
            f"importances must be (d, k) with d and k of 2 or more, not {importances.shape}"
        )
    if not np.isfinite(importances).all() or (importances < 0).any():
        raise ValueError("importances must be finite and 0 or more")


def _checked(codes: NDArray[Any], factors: NDArray[Any]) -> tuple[_Floats, NDArray[np.int64]]:
    """Codes in float64 and the factors' values numbered from 0, (n, k)."""
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise ValueError(
            f"codes and factors must be (n, d) and (n, k), not {codes.shape} and {factors.shape}"
        )
    if codes.shape[1] < 2 or factors.shape[1] < 1 or len(codes) < 2:
        raise ValueError("2 samples, 2 dimensions and 1 factor are the least that can be compared")
    if factors.dtype.kind not in "iub":
        raise ValueError(f"factors must be whole numbers, not {factors.dtype}")
    if not np.isfinite(codes).all():
        raise ValueError("codes hold NaN or infinite values")
    numbered = np.empty(factors.shape, np.int64)
    for j, column in enumerate(factors.T):
        values, numbered[:, j] = np.unique(column, return_inverse=True)
        if len(values) < 2:
            raise ValueError(f"factor {j} has one value only")
    return codes.astype(np.float64), numbered


def _bins_of(column: _Floats, bins: int) -> NDArray[np.int64]:
    edges = np.linspace(column.min(), column.max(), bins + 1)
    # The greatest value belongs to the last bin, not to one of its own.
    return np.searchsorted(edges[1:-1], column, "right").astype(np.int64)


def _information(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Mutual information of two columns of whole numbers from 0, in nats."""
    columns = int(second.max()) + 1
    joint = np.bincount(first * columns + second)
    return _entropy(np.bincount(first)) + _entropy(np.bincount(second)) - _entropy(joint)


def _entropy(parts: NDArray[Any]) -> float:
    """Of a distribution in proportion to `parts`, in nats."""
    shares = parts[parts > 0] / parts.sum()
    return float(-(shares * np.log(shares)).sum())


def _determination(codes: _Floats, numbers: _Floats) -> _Floats:
    """R² of each dimension with the numbers, (d,)."""
    centred, deviation = codes - codes.mean(axis=0), numbers - numbers.mean()
    covariance = deviation @ centred
    squares = np.square(centred).sum(axis=0) * np.square(deviation).sum()
    return np.asarray(np.square(covariance) / squares)
