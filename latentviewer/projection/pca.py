"""Principal component analysis: deterministic, and exact but for very many rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.alignment import turned_to
from latentviewer.domain.space import Latents

_VALUES_AT_ONCE = 2_000_000
_MANY_VALUES = 20_000_000
"""From so many on, products are float32 within a part that the cache holds."""
_HUGE_VALUES = 100_000_000
"""From so many on, the axes come from every so many-th part, this many values or more in all."""
_FAIR_VALUES = 25_000_000
_VALUES_IN_CACHE = 250_000
_SPREAD_ROWS = 4_096
_WIDE = 300


@dataclass(frozen=True, eq=False)
class PcaMap:
    """A fitted PCA.

    Attributes:
        mean: (d,) float64. components: (k, d) float64, orthonormal rows; zero rows where
            the data have fewer dimensions than the map.
        explained: (k,) share of the variance along each component, 0 to 1.
        coordinates: (n, k) float32.
        rows: how many rows mean and components were computed from; n but for very many.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: NDArray[np.float64]
    coordinates: Latents
    rows: int

    @property
    def axes(self) -> tuple[str, ...]:
        """What is written at the k axes: their share of the variance, and of what rows."""
        n = len(self.coordinates)
        some = f", from {self.rows:,} of {n:,} rows" if self.rows < n else ""
        return tuple(
            f"PC {axis + 1} · {100 * share:.0f} %{some}"
            for axis, share in enumerate(self.explained)
        )


def fit_pca(latents: Latents, dims: int = 3) -> PcaMap:
    """PCA by the eigenvectors of the covariance (Pearson 1901).

    In float64; of 20 million values and more, which round each other's errors away, products
    are float32 within parts of some thousand rows, and their sums float64. Of 100 million
    values and more the axes are those of a fair part of the rows, a quarter of them at most;
    every row is placed.

    The sign of a component makes its largest loading positive, so that the same data give
    the same map everywhere.

    Memory grows with d², and time with n d² + d³: seconds up to about d = 2,000.

    Args:
        latents: (n, d) float32; n = 0 and constant columns are fine.
        dims: k, how many components.
    """
    d = latents.shape[1]
    mean, covariance, rows = _moments(latents)
    values, vectors = _largest(covariance, dims)
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
    fitted = PcaMap(mean, components, explained, np.zeros((0, dims), np.float32), rows)
    return replace(fitted, coordinates=transform(fitted, latents))


def _largest(
    covariance: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues and eigenvectors (d, at least `count`) of the largest, ascending."""
    d = len(covariance)
    if d < _WIDE:
        return np.linalg.eigh(covariance)
    # Only those that are asked for: a quarter of the time, and worth loading scipy.
    from scipy.linalg import eigh

    found: tuple[NDArray[np.float64], NDArray[np.float64]] = eigh(
        covariance, subset_by_index=[d - count, d - 1], check_finite=False
    )
    return found


_Moments = tuple[NDArray[np.float64], NDArray[np.float64], int]


def _moments(latents: Latents) -> _Moments:
    """The mean (d,), the sum of products about it (d, d), and of how many rows."""
    n, d = latents.shape
    if latents.size >= _MANY_VALUES and latents.dtype == np.float32:
        moments = _quick_moments(latents)
        if moments is not None:
            return moments
    mean = latents.mean(axis=0, dtype=np.float64) if n else np.zeros(d)
    covariance = np.zeros((d, d))
    for part in _parts(n, d):
        centred = latents[part] - mean
        covariance += centred.T @ centred
    return mean, covariance, n


def _quick_moments(latents: Latents) -> _Moments | None:
    """In one pass about a rough mean; None where float32 cannot hold the products."""
    n, d = latents.shape
    some = latents[:: max(1, n // _SPREAD_ROWS)]
    rough = some.mean(axis=0, dtype=np.float64).astype(np.float32)
    total, products, rows = np.zeros(d), np.zeros((d, d)), 0
    every = max(1, latents.size // _FAIR_VALUES) if latents.size >= _HUGE_VALUES else 1
    with np.errstate(over="ignore", invalid="ignore"):
        for part in _parts(n, d, _VALUES_IN_CACHE)[::every]:
            centred = latents[part] - rough
            products += centred.T @ centred
            total += np.ones(len(centred), np.float32) @ centred
            rows += len(centred)
        beyond = total / rows
        covariance = products - rows * np.outer(beyond, beyond)
    if not np.isfinite(covariance).all():
        return None
    return rough + beyond, covariance, rows


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
        fitted.rows,
    )


def transform(fitted: PcaMap, latents: Latents) -> Latents:
    """Places of latents (m, d) on the map, (m, k) float32."""
    places = np.empty((len(latents), len(fitted.components)), np.float32)
    many = latents.size >= _MANY_VALUES and latents.dtype == np.float32
    kind: type[np.floating[Any]] = np.float32 if many else np.float64
    mean: NDArray[Any] = fitted.mean.astype(kind)
    components: NDArray[Any] = fitted.components.T.astype(kind)
    n, d = latents.shape
    for part in _parts(n, d, _VALUES_IN_CACHE if many else _VALUES_AT_ONCE):
        places[part] = (latents[part] - mean) @ components
    return places


def _parts(n: int, d: int, values: int = _VALUES_AT_ONCE) -> list[slice]:
    step = max(1, values // d)
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
