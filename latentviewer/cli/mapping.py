"""The map that a command needs: stored, or made now."""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latentviewer.app.layouts import layout_request
from latentviewer.app.services import LaidOut
from latentviewer.cli.console import ProgressLine
from latentviewer.domain.errors import UserError
from latentviewer.domain.expression import Context
from latentviewer.domain.map_note import map_note
from latentviewer.domain.projection import Value
from latentviewer.domain.space import Latents, Space

_FEWEST_POINTS = 5
# What can be said without --set, and the methods' name for it.
_SHORT = {"neighbors": "n_neighbors", "min_dist": "min_dist", "metric": "metric", "seed": "seed"}


def options_of(arguments: argparse.Namespace) -> dict[str, Value]:
    """A method's options as the command line gave them."""
    said = {key: getattr(arguments, name) for name, key in _SHORT.items()}
    given: dict[str, Value] = {key: value for key, value in said.items() if value is not None}
    return {**given, **dict(arguments.set)}


@dataclass(frozen=True, eq=False)
class MapChoice:
    """Which map; `again` makes it even where the space holds one."""

    method: str
    dims: int
    options: Mapping[str, Value] = field(default_factory=dict)
    again: bool = False


@dataclass(frozen=True, eq=False)
class MadeMap:
    """A map for a command.

    Attributes:
        method: what it is; not what was asked for where there are too few points for that.
        told: the same for a person.
        coordinates: (n, dims). axes: their titles.
        computed: whether it was made now. parameters: how.
        made: what it leaves, for the space that keeps it; None for what is there or exact.
        notes: sentences on what to mind when reading it.
    """

    method: str
    told: str
    coordinates: Latents
    axes: tuple[str, ...]
    computed: bool
    parameters: dict[str, Any]
    notes: tuple[str, ...] = ()
    made: LaidOut | None = None


def map_of(space: Space, choice: MapChoice) -> MadeMap:
    """The chosen map of a space.

    Raises:
        UserError: no such method, and no map of that name in the space.
    """
    key = f"{choice.method}_{choice.dims}d"
    if key in space.maps and not choice.again:
        axes = tuple(axis.title for axis in map_note(space, key).axes)
        return MadeMap(choice.method, choice.method, space.maps[key], axes, False, {})
    from latentviewer.projection.project import METHODS

    method = next((m for m in METHODS if m.key == choice.method), None)
    if method is None:
        there = ", ".join(sorted({*(m.key for m in METHODS), *space.maps}))
        raise UserError(f"{space.name} has no projection “{choice.method}”; there are {there}.")
    if not method.in_child:
        method.options(choice.options)
        return _pca(space, choice.dims)
    if len(space) < _FEWEST_POINTS:
        sentence = (
            f"{method.title} needs at least {_FEWEST_POINTS} points; {len(space)} are laid out "
            "by PCA."
        )
        made = _pca(space, choice.dims)
        told = f"pca (too few points for {method.key})"
        return MadeMap("pca", told, made.coordinates, made.axes, True, {}, (sentence,))
    return _lay_out(space, choice)


def _pca(space: Space, dims: int) -> MadeMap:
    from latentviewer.projection.pca import fit_pca

    fitted = fit_pca(space.latent, dims)
    return MadeMap("pca", "pca", fitted.coordinates, fitted.axes, True, {})


def _lay_out(space: Space, choice: MapChoice) -> MadeMap:
    from latentviewer import bootstrap
    from latentviewer.projection.project import method_named

    request = layout_request(
        space, method_named(choice.method), choice.dims, choice.options, Context(space)
    )
    line = ProgressLine(request.title)
    try:
        made = bootstrap.lay_out(request, line.show)
    finally:
        line.close()
    return MadeMap(
        request.method, request.method, made.coordinates, made.axes, True,
        dict(request.said), made.notes, made,
    )  # fmt: skip


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
