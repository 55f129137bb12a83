"""Figures that say whether a latent space is good."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

_ROWS_PER_TURN = 65536

ACTIVE_ABOVE = 0.01
"""A unit whose posterior mean varies more than this is active (Burda et al. 2016)."""


def kl_per_dimension(mean: Latents, std: Latents) -> NDArray[np.float64]:
    """Mean KL divergence of the posterior from the prior N(0, I), in each dimension.

    Kingma & Welling 2014, equation 10 and appendix B: for one sample and one dimension
    (mean² + std² - 1 - ln std²) / 2.

    Args:
        mean: (n, d) posterior means.
        std: (n, d) posterior standard deviations; 0 gives an infinite divergence.

    Returns:
        (d,) in nats, computed in float64; NaN where there are no samples.

    Raises:
        ValueError: the shapes differ or a standard deviation is negative.
    """
    if mean.ndim != 2 or mean.shape != std.shape:
        raise ValueError(f"mean and std must both be (n, d), not {mean.shape} and {std.shape}")
    if (std < 0).any():
        raise ValueError("a standard deviation is negative")
    total = np.zeros(mean.shape[1])
    for start in range(0, len(mean), _ROWS_PER_TURN):
        mu = mean[start : start + _ROWS_PER_TURN].astype(np.float64)
        sigma = std[start : start + _ROWS_PER_TURN].astype(np.float64)
        with np.errstate(divide="ignore"):
            log_variance = 2.0 * np.log(sigma)
        total += (0.5 * (mu**2 + sigma**2 - 1.0 - log_variance)).sum(axis=0)
    return total / len(mean) if len(mean) else np.full(mean.shape[1], np.nan)


def variance_per_dimension(mean: Latents) -> NDArray[np.float64]:
    """How much each dimension varies over the data: of (n, d) latents, (d,) in float64.

    Divided by n; NaN where there are no samples.
    """
    if mean.ndim != 2:
        raise ValueError(f"mean must be (n, d), not {mean.shape}")
    if len(mean) == 0:
        return np.full(mean.shape[1], np.nan)
    return np.asarray(mean.var(axis=0, dtype=np.float64))


def active_units(mean: Latents, threshold: float = ACTIVE_ABOVE) -> NDArray[np.bool_]:
    """Which dimensions the encoder uses: the posterior mean varies over the data.

    Burda et al. 2016, section 4.2: a unit is active if the variance over samples of its
    posterior mean is above 0.01. The figure they print is the sum of this.

    Args:
        mean: (n, d) posterior means.
        threshold: of the variance.

    Returns:
        (d,) true where active; none where there are no samples.
    """
    return np.asarray(variance_per_dimension(mean) > threshold)


def reconstruction_error(original: NDArray[Any], decoded: NDArray[Any]) -> NDArray[np.float64]:
    """Mean squared error per pixel and channel of each picture.

    Args:
        original: (b, h, w, c) float in 0..1, or uint8 in 0..255.
        decoded: the same shape; float in 0..1, or uint8 in 0..255.

    Returns:
        (b,) float64, in squared grey values of the range 0..1.
    """
    if original.ndim < 2 or original.shape != decoded.shape:
        raise ValueError(f"pictures must agree, not {original.shape} and {decoded.shape}")
    difference = _unit_range(original) - _unit_range(decoded)
    axes = tuple(range(1, difference.ndim))
    return np.asarray((difference**2).mean(axis=axes), np.float64)


def _unit_range(pictures: NDArray[Any]) -> NDArray[np.float64]:
    scale = 255.0 if pictures.dtype == np.uint8 else 1.0
    return pictures.astype(np.float64) / scale
