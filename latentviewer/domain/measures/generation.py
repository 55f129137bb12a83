"""How near generated samples come to real ones, in the features of some network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_BLOCK_VALUES = 1 << 22  # distances in memory at once: 32 MiB
_ROUNDING = 1e-12  # of the largest squared norm; below what float32 features can tell apart


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares in 0..1.

    Attributes:
        precision: of the generated samples, those that look real.
        recall: of the real samples, those that the generator could have made.
    """

    precision: float
    recall: float


def precision_recall(real: NDArray[Any], generated: NDArray[Any], k: int = 3) -> PrecisionRecall:
    """Improved precision and recall.

    Kynkäänniemi et al., "Improved precision and recall metric for assessing generative
    models" (2019), equations 1 and 2: a set covers what lies in the ball around one of its
    samples that reaches to this sample's k-th nearest other sample of the set. Precision is
    the share of the generated samples that the real ones cover, recall the reverse. A sample
    on the surface of a ball is inside. All pairs are compared, in blocks.

    Args:
        real: (n, d) features.
        generated: (m, d) features.
        k: 3 is the paper's.

    Raises:
        ValueError: the shapes do not fit, a set has k samples or fewer, or a value is not
            finite.
    """
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    real, generated = _checked(real, generated, least=k + 1)
    # Differences of large squares lose digits, so the origin is put amid the samples.
    centre = (real.sum(axis=0) + generated.sum(axis=0)) / (len(real) + len(generated))
    real, generated = real - centre, generated - centre
    slack = _ROUNDING * max(float(np.square(x).sum(axis=1).max()) for x in (real, generated))
    reach_of_real = _squared_radii(real, k) + slack
    reach_of_generated = _squared_radii(generated, k) + slack
    looks_real = np.zeros(len(generated), np.bool_)
    could_be_made = np.zeros(len(real), np.bool_)
    for rows, distances in _squared_distances(generated, real):
        looks_real[rows] = (distances <= reach_of_real).any(axis=1)
        could_be_made |= (distances <= reach_of_generated[rows, None]).any(axis=0)
    return PrecisionRecall(float(looks_real.mean()), float(could_be_made.mean()))


def _squared_radii(points: _Floats, k: int) -> _Floats:
    """Squared distance of each point to its k-th nearest other one, (n,)."""
    radii = np.empty(len(points))
    for rows, distances in _squared_distances(points, points):
        within = np.arange(rows.stop - rows.start)
        distances[within, within + rows.start] = np.inf
        radii[rows] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


def _squared_distances(of: _Floats, to: _Floats) -> Iterator[tuple[slice, _Floats]]:
    """Consecutive blocks: rows of `of`, and their squared distances to all of `to`."""
    norms_of, norms_to = np.square(of).sum(axis=1), np.square(to).sum(axis=1)
    step = max(1, _BLOCK_VALUES // len(to))
    for start in range(0, len(of), step):
        rows = slice(start, min(start + step, len(of)))
        distances = of[rows] @ to.T
        distances *= -2.0
        distances += norms_of[rows, None]
        distances += norms_to
        yield rows, np.maximum(distances, 0.0, out=distances)


def frechet_distance(real: NDArray[Any], generated: NDArray[Any]) -> float:
    """Fréchet distance between the normal distributions fitted to two sets of features.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium" (2017), equation 6; as there, the squared distance is the figure. It depends
    on the features and, for few samples, on how many there are: compare only like with like.

    Args:
        real: (n, d) features.
        generated: (m, d) features.

    Returns:
        0 or more, in squared units of the features.

    Raises:
        ValueError: the shapes do not fit, a set has fewer than 2 samples, or a value is not
            finite.
    """
    real, generated = _checked(real, generated, least=2)
    return gaussian_frechet_distance(
        real.mean(axis=0), _covariance(real), generated.mean(axis=0), _covariance(generated)
    )


def gaussian_frechet_distance(
    mean: _Floats, covariance: _Floats, other_mean: _Floats, other_covariance: _Floats
) -> float:
    """|m - m'|² + tr(C + C' - 2 (C C')^½), the squared 2-Wasserstein distance of two normals.

    Dowson and Landau, "The Fréchet distance between multivariate normal distributions"
    (1982). The trace of (C C')^½ is the sum of the singular values of C^½ C'^½, which stays
    exact where a covariance has no full rank, unlike a square root of the product.

    Args:
        mean, other_mean: (d,).
        covariance, other_covariance: (d, d), symmetric and positive semidefinite.
    """
    product = _symmetric_root(covariance) @ _symmetric_root(other_covariance)
    overlap = float(np.linalg.svd(product, compute_uv=False).sum())
    spread = float(np.trace(covariance) + np.trace(other_covariance))
    return max(0.0, float(np.square(mean - other_mean).sum()) + spread - 2.0 * overlap)


def _covariance(points: _Floats) -> _Floats:
    centred = points - points.mean(axis=0)
    return np.asarray(centred.T @ centred / (len(points) - 1))


def _symmetric_root(matrix: _Floats) -> _Floats:
    values, vectors = np.linalg.eigh(matrix)
    root: _Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def _checked(real: NDArray[Any], generated: NDArray[Any], least: int) -> tuple[_Floats, _Floats]:
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1] != generated.shape[1]:
        raise ValueError(
            f"features must be (n, d) and (m, d), not {real.shape} and {generated.shape}"
        )
    if real.shape[1] == 0:
        raise ValueError("features need one dimension or more")
    for name, features in (("real", real), ("generated", generated)):
        if len(features) < least:
            raise ValueError(f"{len(features)} {name} samples are too few; {least} are needed")
        if not np.isfinite(features).all():
            raise ValueError(f"the features of the {name} samples hold NaN or infinite values")
    return real.astype(np.float64), generated.astype(np.float64)
