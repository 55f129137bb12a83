"""The way back from maps without a formula, and how far a latent lies from the data."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.space import Latents
from latentviewer.projection.neighbours import Neighbours

_SAMPLE = 2_000
_FEWEST_SAMPLED = 100
_PAIRS_AT_MOST = 50_000_000
_PRODUCTS_AT_MOST = 2_000_000_000
_FAR_PERCENTILE = 99


class NeighbourInverse:
    """The mean of the latents of the nearest samples on the map, weighted by 1 / distance².

    Exactly on a sample it gives that sample's latent. Samples without a finite place on the
    map do not count.
    """

    name = "weighted nearest neighbours"

    def __init__(self, coordinates: NDArray[np.float32], latents: Latents, k: int = 12) -> None:
        placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
        self._latents = latents if len(placed) == len(latents) else latents[placed]
        self._k = min(k, len(placed))
        self._tree = cKDTree(coordinates[placed]) if len(placed) else None

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
    gaps = distances.astype(np.float64)
    # Only ratios count; measured in the smallest gap of its row none can overflow.
    smallest = gaps.min(axis=1, keepdims=True, initial=np.inf)
    weights = np.zeros_like(gaps)
    on_a_point = (smallest <= 0)[:, 0]
    weights[on_a_point] = gaps[on_a_point] <= 0
    weights[~on_a_point] = np.square(smallest[~on_a_point] / gaps[~on_a_point])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class DataDistance:
    """Euclidean distance from a latent to the nearest of the data, exact.

    Attributes:
        typical: the 99th percentile of the distances between neighbours within the data,
            on at most 2,000 samples drawn with a fixed seed; beyond it is far. Fewer are
            drawn where n or d is large, but at least 100, so that it stays a matter of seconds.
    """

    def __init__(self, latents: Latents) -> None:
        self._latents = latents
        self._neighbours = Neighbours(latents)
        self.typical = self._typical()

    def to_nearest(self, latent: Latents) -> float:
        """From (d,) to the nearest of the data; infinite without data."""
        return self._neighbours.nearest_distance(latent)

    def is_far(self, distance: float) -> bool:
        """Whether it is farther than neighbours in the data usually are."""
        return distance > self.typical

    def _typical(self) -> float:
        n = len(self._latents)
        if n < 2:
            return 0.0
        rng = np.random.default_rng(0)
        pairs = min(_PAIRS_AT_MOST, _PRODUCTS_AT_MOST // self._latents.shape[1])
        count = min(n, max(_FEWEST_SAMPLED, min(_SAMPLE, pairs // n)))
        rows = np.sort(rng.choice(n, count, replace=False))
        # The nearest is the sample itself, or its duplicate; the second is its neighbour.
        _, distances = self._neighbours.nearest(self._latents[rows], 2)
        return float(np.percentile(distances[:, 1], _FAR_PERCENTILE))
