"""Where a latent belongs on a map that has no formula."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.projection.inverse import inverse_square_weights
from latentviewer.projection.neighbours import Neighbours


class NeighbourPlaces:
    """The mean place of the nearest samples in latent space, weighted by 1 / distance²."""

    def __init__(self, latents: Latents, coordinates: NDArray[np.float32], k: int = 8) -> None:
        self._latents, self._coordinates, self._k = latents, coordinates, k
        self._neighbours = Neighbours(latents)

    def __call__(self, latents: Latents) -> Latents:
        """(m, d) latents to (m, 2 or 3) places; zeros where there are no samples."""
        if not len(self._latents):
            return np.zeros((len(latents), self._coordinates.shape[1]), np.float32)
        rows, distances = self._neighbours.nearest(latents, self._k)
        weights = inverse_square_weights(distances)
        return np.asarray(np.einsum("mk,mkd->md", weights, self._coordinates[rows]), np.float32)
