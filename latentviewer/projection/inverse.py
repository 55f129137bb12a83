"""The way back from maps without a formula, and how far a latent lies from the data."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.space import Latents
from latentviewer.projection.neighbours import nearest

_SAMPLE = 2_000
_FAR_PERCENTILE = 99
_REFINED = 16


class NeighbourInverse:
    """The mean of the latents of the nearest samples on the map, weighted by 1 / distance².

    Exactly on a sample it gives that sample's latent.
    """

    name = "weighted nearest neighbours"

    def __init__(self, coordinates: NDArray[np.float32], latents: Latents, k: int = 12) -> None:
        self._latents = latents
        self._k = min(k, len(latents))
        self._tree = cKDTree(coordinates) if len(latents) else None

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, 2 or 3) places to (m, d) latents; zeros where there are no samples."""
        if self._tree is None:
            return np.zeros((len(places), self._latents.shape[1]), np.float32)
        distances, rows = self._tree.query(places, k=self._k)
        distances = np.reshape(distances, (len(places), self._k))
        rows = np.reshape(rows, (len(places), self._k))
        weights = inverse_square_weights(distances)
        return np.asarray(np.einsum("mk,mkd->md", weights, self._latents[rows]), np.float32)


def inverse_square_weights(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """(m, k) weights that sum to 1 in each row; a distance of zero takes all the weight."""
    exact = distances <= 0
    squares = np.square(distances, dtype=np.float64)
    weights = 1 / np.where(exact, 1.0, np.maximum(squares, np.finfo(np.float64).tiny))
    on_a_point = exact.any(axis=1)
    weights[on_a_point] = exact[on_a_point]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class DataDistance:
    """Euclidean distance from a latent to the nearest of the data, exact.

    Attributes:
        typical: the 99th percentile of the distances between neighbours within the data,
            on at most 2,000 samples drawn with a fixed seed; beyond it is far.
    """

    def __init__(self, latents: Latents) -> None:
        self._latents = latents
        self._half_squares = 0.5 * np.einsum("nd,nd->n", latents, latents)
        self.typical = self._typical()

    def to_nearest(self, latent: Latents) -> float:
        """From (d,) to the nearest of the data; infinite without data."""
        if not len(self._latents):
            return float("inf")
        # |x - z|² / 2 = |x|² / 2 - x.z + |z|² / 2; the last does not change the order.
        rough = self._half_squares - self._latents @ latent.astype(np.float32)
        few = min(_REFINED, len(rough))
        candidates = np.argpartition(rough, few - 1)[:few]
        gaps = self._latents[candidates].astype(np.float64) - latent.astype(np.float64)
        return float(np.sqrt(np.min(np.einsum("nd,nd->n", gaps, gaps))))

    def is_far(self, distance: float) -> bool:
        """Whether it is farther than neighbours in the data usually are."""
        return distance > self.typical

    def _typical(self) -> float:
        n = len(self._latents)
        if n < 2:
            return 0.0
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(n, min(n, _SAMPLE), replace=False))
        # The nearest is the sample itself, or its duplicate; the second is its neighbour.
        _, distances = nearest(self._latents, self._latents[rows], 2)
        return float(np.percentile(distances[:, 1], _FAR_PERCENTILE))
