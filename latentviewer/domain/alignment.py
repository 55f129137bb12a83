"""Two pictures of the same points laid over one another."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents


def turned_to(points: Latents, reference: Latents) -> Latents:
    """`points` turned and mirrored about their middle so as to lie nearest to `reference`.

    The axes of a PCA may swap, flip or turn between two fits that differ little; a picture that
    follows another by this stands still but for what really moved. Sizes and distances within
    `points` stay as they are: nothing is scaled or bent, and the middle stays where it is.

    The orthogonal Procrustes problem (Schönemann, Psychometrika 31, 1966): with both centred,
    the orthogonal R that minimises ‖points R - reference‖ is U Vᵀ for the singular value
    decomposition U S Vᵀ of pointsᵀ reference.

    Args:
        points: (n, k) float32, finite; row i is the same thing in both.
        reference: (n, k) float32, finite.

    Returns:
        (n, k) float32.

    Raises:
        ValueError: the shapes differ.
    """
    if points.shape != reference.shape:
        raise ValueError(f"shapes {points.shape} and {reference.shape} differ")
    if not len(points):
        return points.copy()
    middle = points.mean(axis=0, dtype=np.float64)
    centred = points - middle
    rotation = _nearest_rotation(centred.T @ (reference - reference.mean(axis=0, dtype=np.float64)))
    return np.asarray(centred @ rotation + middle, np.float32)


def laid_over(points: Latents, reference: Latents) -> Latents:
    """`points` moved, turned, mirrored and scaled so as to lie nearest to `reference`.

    What two maps of the same samples differ in after that is what really differs: neither
    size nor direction of a map means anything. Procrustes with a scale (Schönemann and
    Carroll, Psychometrika 35, 1970): the scale is the sum of the singular values over ‖points‖².

    Args:
        points, reference: (n, k) float32; row i is the same thing in both. Rows that are not
            finite in either do not count.

    Returns:
        (n, k) float32.

    Raises:
        ValueError: the shapes differ.
    """
    if points.shape != reference.shape:
        raise ValueError(f"shapes {points.shape} and {reference.shape} differ")
    counted = np.isfinite(points).all(axis=1) & np.isfinite(reference).all(axis=1)
    if not counted.any():
        return points.copy()
    here, there = points[counted].astype(np.float64), reference[counted].astype(np.float64)
    middle, target = here.mean(axis=0), there.mean(axis=0)
    here, there = here - middle, there - target
    products = here.T @ there
    rotation, spread = _nearest_rotation(products), float(np.square(here).sum())
    scale = float(np.linalg.svd(products, compute_uv=False).sum()) / spread if spread else 1.0
    return np.asarray(scale * (points - middle) @ rotation + target, np.float32)


def _nearest_rotation(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """The orthogonal (k, k) matrix nearest to a (k, k) one; the identity for zero."""
    if not np.any(products):
        return np.eye(len(products))
    left, _, right = np.linalg.svd(products)
    return np.asarray(left @ right)
