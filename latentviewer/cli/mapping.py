"""The map that a command needs: stored, or made now."""

import argparse
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from latentviewer.cli.console import ProgressLine
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import map_note
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
    """A map for a command.

    Attributes:
        method: what it is; not what was asked for where there are too few points for that.
        told: the same for a person.
        coordinates: (n, dims). axes: their titles.
        computed: whether it was made now. parameters: how.
        notes: sentences on what to mind when reading it.
    """

    method: str
    told: str
    coordinates: Latents
    axes: tuple[str, ...]
    computed: bool
    parameters: dict[str, Any]
    notes: tuple[str, ...] = ()


def map_of(space: Space, choice: MapChoice) -> MadeMap:
    """The chosen map of a space.

    Raises:
        UserError: no such method, and no map of that name in the space.
    """
    key = f"{choice.method}_{choice.dims}d"
    if key in space.maps and not choice.again:
        axes = tuple(axis.title for axis in map_note(space, key).axes)
        return MadeMap(choice.method, choice.method, space.maps[key], axes, False, {})
    if choice.method == "pca":
        return _pca(space, choice.dims)
    if choice.method == "umap":
        return _umap(space, choice)
    there = ", ".join(sorted({"pca", "umap", *space.maps}))
    raise UserError(f"{space.name} has no projection “{choice.method}”; there are {there}.")


def _pca(space: Space, dims: int) -> MadeMap:
    from latentviewer.projection.pca import fit_pca

    fitted = fit_pca(space.latent, dims)
    return MadeMap("pca", "pca", fitted.coordinates, fitted.axes, True, {})


def _umap(space: Space, choice: MapChoice) -> MadeMap:
    from latentviewer import bootstrap
    from latentviewer.projection.umap_child import FEWEST_POINTS

    if len(space) < FEWEST_POINTS:
        sentence = f"UMAP needs at least {FEWEST_POINTS} points; {len(space)} are laid out by PCA."
        made = _pca(space, choice.dims)
        return replace(made, told="pca (too few points for umap)", notes=(sentence,))
    options = choice.umap
    line = ProgressLine("UMAP")
    notes: list[str] = []
    try:
        coordinates = bootstrap.run_umap(
            space.latent,
            choice.dims,
            options.seed,
            options.n_neighbors,
            options.min_dist,
            options.metric,
            line.show,
            notes.append,
        )
    finally:
        line.close()
    return MadeMap("umap", "umap", coordinates, (), True, asdict(options), tuple(notes))


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
        return "Too few different points to say how far the map can be trusted."
    return (
        f"Trustworthiness {quality['trustworthiness']:.3f}, continuity "
        f"{quality['continuity']:.3f}: {quality['k']} neighbours of {quality['sample']:,} of "
        f"{quality['of']:,} points."
    )
