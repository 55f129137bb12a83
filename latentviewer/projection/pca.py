"""Principal component analysis, exact and deterministic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.alignment import turned_to
from latentviewer.domain.space import Latents

_VALUES_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class PcaMap:
    """A fitted PCA.

    Attributes:
        mean: (d,) float64. components: (k, d) float64, orthonormal rows; zero rows where
            the data have fewer dimensions than the map.
        explained: (k,) share of the variance along each component, 0 to 1.
        coordinates: (n, k) float32.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: NDArray[np.float64]
    coordinates: Latents


def fit_pca(latents: Latents, dims: int = 3) -> PcaMap:
    """PCA by the eigenvectors of the covariance (Pearson 1901), in float64.

    The sign of a component makes its largest loading positive, so that the same data give
    the same map everywhere.

    Memory grows with d², and time with n d² + d³: seconds up to about d = 2,000.

    Args:
        latents: (n, d) float32; n = 0 and constant columns are fine.
        dims: k, how many components.
    """
    n, d = latents.shape
    mean = latents.mean(axis=0, dtype=np.float64) if n else np.zeros(d)
    covariance = np.zeros((d, d))
    for part in _parts(n, d):
        centred = latents[part] - mean
        covariance += centred.T @ centred
    values, vectors = np.linalg.eigh(covariance)
    order = np.argsort(values)[::-1][:dims]
    components = np.zeros((dims, d))
    explained = np.zeros(dims)
    total = float(np.trace(covariance))
    for axis, index in enumerate(order):
        if total <= 0 or values[index] <= 1e-12 * total:
            continue
        vector = vectors[:, index]
        components[axis] = vector * np.sign(vector[np.argmax(np.abs(vector))])
        explained[axis] = values[index] / total
    fitted = PcaMap(mean, components, explained, np.zeros((0, dims), np.float32))
    return PcaMap(mean, components, explained, transform(fitted, latents))


def turned(fitted: PcaMap, onto: Latents) -> PcaMap:
    """The same plane or room with its axes turned, so that the points lie nearest to `onto`.

    Args:
        onto: (n, k) float32, another map of the same n points.
    """
    places = turned_to(fitted.coordinates, onto).astype(np.float64)
    coordinates = fitted.coordinates.astype(np.float64)
    centred, there = coordinates - coordinates.mean(axis=0), places - places.mean(axis=0)
    # there = centred @ rotation; the polar factor of centredᵀ there is that rotation.
    left, _, right = np.linalg.svd(centred.T @ there)
    rotation = left @ right
    components = rotation.T @ fitted.components
    explained = np.diag(rotation.T @ np.diag(fitted.explained) @ rotation)
    return PcaMap(
        fitted.mean,
        components,
        explained,
        (coordinates @ rotation).astype(np.float32),
    )


def transform(fitted: PcaMap, latents: Latents) -> Latents:
    """Places of latents (m, d) on the map, (m, k) float32."""
    places = np.empty((len(latents), len(fitted.components)), np.float32)
    for part in _parts(*latents.shape):
        places[part] = (latents[part] - fitted.mean) @ fitted.components.T
    return places


def _parts(n: int, d: int) -> list[slice]:
    step = max(1, _VALUES_AT_ONCE // d)
    return [slice(start, start + step) for start in range(0, n, step)]


class PcaInverse:
    """From the plane back: the mean plus the components, weighted by the coordinates.

    It undoes the projection exactly for latents in the plane; what lies off it is lost.
    """

    name = "PCA, exact in the plane"

    def __init__(self, fitted: PcaMap) -> None:
        self._fitted = fitted

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, k) places to (m, d) latents."""
        return (self._fitted.mean + places @ self._fitted.components).astype(np.float32)
