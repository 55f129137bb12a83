"""A Gaussian posterior as an ellipse on a map."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents


def linear_image(std: Latents, components: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance of a diagonal Gaussian after a linear map: W diag(std²) Wᵀ.

    Args:
        std: (d,) standard deviations.
        components: W, (k, d), what takes a latent's deviation to the map, as PCA's axes do.

    Returns:
        (k, k) in squared map units; exact.
    """
    scaled = components * std.astype(np.float64)
    return np.asarray(scaled @ scaled.T)


def moments(places: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (k,) and sample covariance (k, k) of (m, k) places; zeros for less than two."""
    points = places.astype(np.float64)
    dims = points.shape[1]
    if len(points) < 2:
        mean = points.mean(axis=0) if len(points) else np.zeros(dims)
        return mean, np.zeros((dims, dims))
    return points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))


def ellipse_outline(
    covariance: NDArray[np.floating], sigmas: float, count: int = 72
) -> NDArray[np.float64]:
    """Where the Mahalanobis distance from the middle is `sigmas`: a closed line of points.

    In two dimensions 39 % of a Gaussian lies within 1 sigma and 86 % within 2.

    Args:
        covariance: (2, 2), symmetric; of a Gaussian in three dimensions, that of its picture
            under an orthographic camera gives the outline of its ellipsoid exactly.
        sigmas: how many standard deviations.
        count: points.

    Returns:
        (count, 2) around (0, 0); a line where the covariance is of rank 1.
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    axes = vectors * np.sqrt(np.clip(values, 0, None))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.asarray(sigmas * np.column_stack([np.cos(angles), np.sin(angles)]) @ axes.T)


def sampled(mean: Latents, std: Latents, count: int, seed: int = 0) -> Latents:
    """Latents (count, d) drawn from the posterior of mean and std, (d,) each; repeatable."""
    noise = np.random.default_rng(seed).standard_normal((count, len(mean)), np.float32)
    return (mean + std * noise).astype(np.float32)
