"""The map that a command needs: stored, or made now."""

import argparse
import math
from dataclasses import asdict, dataclass
from typing import Any

from latentviewer.cli.console import ProgressLine
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, Space


@dataclass(frozen=True)
class UmapOptions:
    """UMAP's parameters; a seed makes it repeatable."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: str = "euclidean"
    seed: int | None = 0

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> "UmapOptions":
        """As the command line gave them."""
        return cls(arguments.neighbors, arguments.min_dist, arguments.metric, arguments.seed)


@dataclass(frozen=True)
class MapChoice:
    """Which map; `again` makes it even where the space holds one."""

    method: str
    dims: int
    umap: UmapOptions
    again: bool = False


@dataclass(frozen=True, eq=False)
class MadeMap:
    """Coordinates (n, dims), titles of the axes, whether they were computed now, and how."""

    coordinates: Latents
    axes: tuple[str, ...]
    computed: bool
    parameters: dict[str, Any]


def map_of(space: Space, choice: MapChoice) -> MadeMap:
    """The chosen map of a space.

    Raises:
        UserError: no such method, and no map of that name in the space.
    """
    key = f"{choice.method}_{choice.dims}d"
    if key in space.maps and not choice.again:
        return MadeMap(space.maps[key], (), False, {})
    if choice.method == "pca":
        from latentviewer.projection.pca import fit_pca

        fitted = fit_pca(space.latent, choice.dims)
        axes = tuple(
            f"PC {axis + 1} · {100 * share:.0f} %" for axis, share in enumerate(fitted.explained)
        )
        return MadeMap(fitted.coordinates, axes, True, {})
    if choice.method == "umap":
        return _umap(space, choice)
    there = ", ".join(sorted({"pca", "umap", *space.maps}))
    raise UserError(f"{space.name} has no projection “{choice.method}”; there are {there}.")


def _umap(space: Space, choice: MapChoice) -> MadeMap:
    from latentviewer import bootstrap

    options = choice.umap
    line = ProgressLine("UMAP")
    try:
        coordinates = bootstrap.run_umap(
            space.latent,
            choice.dims,
            options.seed,
            options.n_neighbors,
            options.min_dist,
            options.metric,
            line.show,
        )
    finally:
        line.close()
    return MadeMap(coordinates, (), True, asdict(options))


def quality_of(space: Space, coordinates: Latents) -> dict[str, Any]:
    """Trustworthiness and continuity, with what they were measured on; None with too few points."""
    from latentviewer.projection.quality import map_quality

    quality = map_quality(space.latent, coordinates)
    return {
        "trustworthiness": _finite(quality.trustworthiness),
        "continuity": _finite(quality.continuity),
        "k": quality.k,
        "sample": len(quality.rows),
        "of": len(space),
    }


def _finite(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None


def quality_words(quality: dict[str, Any]) -> str:
    """The same in one line."""
    if quality["trustworthiness"] is None:
        return "Too few points to say how far the map can be trusted."
    return (
        f"Trustworthiness {quality['trustworthiness']:.3f}, continuity "
        f"{quality['continuity']:.3f}: {quality['k']} neighbours of {quality['sample']:,} of "
        f"{quality['of']:,} points."
    )
