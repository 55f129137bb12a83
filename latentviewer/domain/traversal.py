"""Traversals: one latent decoded again and again while a single dimension changes."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

STEPS = 9
PRIOR_REACH = 3.0
DATA_PERCENTILES = (1.0, 99.0)


def prior_range(dim: int) -> tuple[Latents, Latents]:
    """From -3 to 3 in each of `dim` dimensions, (d,) each.

    Under the prior N(0, I) of a VAE 99.7 % of each dimension lies between.
    """
    high = np.full(dim, PRIOR_REACH, np.float32)
    return -high, high


def data_range(latents: Latents) -> tuple[Latents, Latents]:
    """Between which values each dimension lies for 98 % of (n, d) latents, (d,) each.

    The 1st and the 99th percentile, so that one outlier does not stretch a traversal; equal
    where a dimension is constant, 0 where there are no samples.
    """
    if len(latents) == 0:
        nothing = np.zeros(latents.shape[1], np.float32)
        return nothing, nothing.copy()
    low, high = np.percentile(latents, DATA_PERCENTILES, axis=0)
    return low.astype(np.float32), high.astype(np.float32)


def traversal_values(low: Latents, high: Latents, steps: int = STEPS) -> NDArray[np.float32]:
    """Evenly from low to high, (d,) each, ends included: (d, steps)."""
    return np.linspace(low, high, steps, axis=1).astype(np.float32)


def traverse(base: Latents, dimension: int, values: NDArray[np.float32]) -> Latents:
    """The latent (d,) with one dimension set to each of the values (m,): (m, d)."""
    latents = np.repeat(base[None].astype(np.float32), len(values), axis=0)
    latents[:, dimension] = values
    return latents
