"""Maps that are a matrix and a shift: places of new latents, and the way back in closed form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

_VALUES_AT_ONCE = 2_000_000


def parts(n: int, d: int) -> Iterator[slice]:
    """Slices of n rows of d values, each small enough to be copied to float64 at little cost."""
    step = max(1, _VALUES_AT_ONCE // max(1, d))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


@dataclass(frozen=True, eq=False)
class LinearMap:
    """place = origin + components (latent - mean), and latent = mean + backᵀ (place - origin).

    Attributes:
        mean: (d,) float64, the latent that `origin` stands for.
        components: (k, d) float64; a zero row where an axis has nothing to show.
        back: (k, d) float64, what one step along each axis adds to a latent. With components
            that are not zero, componentsᵢ · backⱼ is 1 for i = j, else 0; so to go back and to
            project again ends at the same place.
        origin: (k,) float64, where `mean` lies on the map.
        axes: a title for each axis.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    back: NDArray[np.float64]
    origin: NDArray[np.float64]
    axes: tuple[str, ...] = field(default=())

    def places(self, latents: NDArray[np.floating], into: Latents | None = None) -> Latents:
        """Places of latents (m, d) on the map, (m, k) float32, computed in float64.

        Args:
            into: where to write them, (m, k) float32.
        """
        m, d = latents.shape
        made = np.empty((m, len(self.components)), np.float32) if into is None else into
        for part in parts(m, d):
            made[part] = self.origin + (latents[part] - self.mean) @ self.components.T
        return made

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays that `linear_map` makes it from again."""
        return {
            "mean": self.mean,
            "components": self.components,
            "back": self.back,
            "origin": self.origin,
        }


def pseudo_inverse(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """`back` (k, d) of components (k, d) by their pseudo-inverse (Penrose 1955).

    Of all latents that lie at a place it gives the one nearest to the mean. Zero rows stay zero.
    """
    return np.ascontiguousarray(np.linalg.pinv(components).T)


def linear_map(state: Mapping[str, NDArray[Any]], axes: tuple[str, ...] = ()) -> LinearMap | None:
    """The map from the arrays of `LinearMap.state`; without `origin` it is zero.

    None where they are those of another kind of map, do not fit each other, or are not finite.
    """
    if not {"mean", "components", "back"} <= state.keys():
        return None
    components = np.asarray(state["components"])
    origin = np.asarray(state.get("origin", np.zeros(components.shape[:1])))
    arrays = [np.asarray(state["mean"]), components, np.asarray(state["back"]), origin]
    fit = (
        components.ndim == 2
        and origin.ndim == 1
        and arrays[2].shape == components.shape
        and (len(origin), *arrays[0].shape) == components.shape
    )
    if not fit or not all(a.dtype.kind in "fiu" and np.isfinite(a).all() for a in arrays):
        return None
    mean, components, back, origin = (array.astype(np.float64) for array in arrays)
    return LinearMap(mean, components, back, origin, axes)


class LinearInverse:
    """From the map back to latents, in closed form; a port `Inverse`.

    Attributes:
        name: what the badge says, such as `LDA, exact in the plane`.
    """

    def __init__(self, fitted: LinearMap, name: str) -> None:
        self._fitted = fitted
        self.name = name

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, k) places to (m, d) latents; what the map does not show is as in its mean."""
        fitted = self._fitted
        return (fitted.mean + (places - fitted.origin) @ fitted.back).astype(np.float32)


def linear_inverse(state: Mapping[str, NDArray[Any]], title: str) -> LinearInverse | None:
    """The way back from a finished map's `Placed.state`; None where it is no linear map.

    Args:
        title: of the method, such as `LDA`.
    """
    fitted = linear_map(state)
    if fitted is None:
        return None
    where = "plane" if len(fitted.components) == 2 else "room"
    return LinearInverse(fitted, f"{title}, exact in the {where}")
