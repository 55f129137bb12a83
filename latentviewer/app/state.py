"""What the session is, as one frozen value; every change makes a new one."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from latentviewer.domain.metrics import Metric
from latentviewer.domain.path import Path, Waypoint
from latentviewer.domain.projection import Value
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import Latents, Space

Dims = Literal[2, 3]

SEEDS = (0, 9_999)
STEPS = (1, 100)
GUIDANCE = (0.0, 8.0)
"""The least and the greatest that denoising can be asked for in the window."""
TRUNCATION = (0.0, 2.0)
"""The least and the greatest that a prior's standard deviation is multiplied by."""


class Blend(StrEnum):
    """How points that lie on one another are drawn."""

    DISCS = "discs"
    DENSITY = "density"


@dataclass(frozen=True)
class MapSettings:
    """How the map is drawn; all of it can be undone.

    Attributes:
        method: `pca`, `umap`, or the method part of a stored map's name.
        dims: 2 or 3.
        colour_by: a column's name; None draws all points in one colour.
        hidden: names of categories of that column that are filtered out; the empty
            string stands for rows without a label.
        value_range: for a column of numbers, the range that is shown, or None for all.
        radius: of a disc, in logical pixels.
        blend: discs, or density shading.
        thumbnails: pictures in place of discs when zoomed in enough.
        names: what samples without pictures are called, beside as many as there is room for.
        links: lines from the sample under a resting cursor to its neighbours in latent space.
        arrows: from samples to where they lie on the second map, laid over this one.
        options: of methods, where they are not the usual ones: such as (`umap.min_dist`, 0.3),
            sorted.
    """

    method: str = "pca"
    dims: Dims = 2
    colour_by: str | None = None
    hidden: frozenset[str] = frozenset()
    value_range: tuple[float, float] | None = None
    radius: float = 2.5
    blend: Blend = Blend.DISCS
    thumbnails: bool = True
    names: bool = True
    links: bool = True
    arrows: bool = False
    options: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class DenoisingSettings:
    """What a diffusion model is asked for; all of it can be undone.

    Attributes:
        seed: of the noise.
        steps: of denoising.
        guidance: towards `condition`; 1 as it was learned, 0 ignores it.
        condition: (name, class) of what is asked for, sorted by name.
        sample: what the noise is found of instead of drawing it by the seed, or None.
        known: (name, class) of what is known of the sample, that its noise is found with.
        noisy: whether the steps show the noisy latents instead of what they are taken to become.
        under_cursor: whether the preview denoises what lies under the cursor.
    """

    seed: int = 0
    steps: int = 20
    guidance: float = 2.0
    condition: tuple[tuple[str, str], ...] = ()
    sample: Waypoint | None = None
    known: tuple[tuple[str, str], ...] = ()
    noisy: bool = False
    under_cursor: bool = False


@dataclass(frozen=True, eq=False)
class SavedLatent:
    """A latent that the user kept under a name: (d,) float32."""

    name: str
    latent: Latents


@dataclass(frozen=True, eq=False)
class RowTarget:
    """A sample under the cursor."""

    row: int


@dataclass(frozen=True, eq=False)
class PlaceTarget:
    """An empty place on the map: 2 or 3 map coordinates."""

    place: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class LatentTarget:
    """A latent that was made, not found: edited bars, an expression, a path's frame.

    Attributes:
        latent: (d,) float32.
        title: what the preview calls it.
        row: the sample it was edited from, if any.
    """

    latent: Latents
    title: str
    row: int | None = None


@dataclass(frozen=True, eq=False)
class PriorTarget(LatentTarget):
    """A latent drawn from the prior with a seed, so that it can be drawn again otherwise."""

    seed: int = 0


class DenoisedTarget(LatentTarget):
    """Data that came of noise: decoded as it is, in a space of noise too."""


Target = RowTarget | PlaceTarget | LatentTarget


@dataclass(frozen=True)
class Compared:
    """Which space stands beside the open one, and how it is shown.

    Attributes:
        reference: a sample's name, or a path.
        method, dims: of its map, as those of `MapSettings`.
    """

    reference: str
    method: str
    dims: Dims


@dataclass(frozen=True, eq=False)
class SessionState:
    """Everything undo brings back, and what stands beside it.

    Attributes:
        space: the open space, or None on the welcome page.
        compared: what the open space is compared with, or None; undo leaves it as it is.
        pinned: what the preview returns to when the cursor leaves the map.
        expression: the text of the expression bar that was last evaluated.
        truncation: what the prior's standard deviation is multiplied by, 0 to 2.
        layer: of the model, whose features are the latents; empty for the one that was opened.
        metric: by which nearest samples are found.
    """

    space: Space | None = None
    map: MapSettings = field(default_factory=MapSettings)
    selection: Selection = field(default_factory=Selection.empty)
    groups: tuple[Group, ...] = ()
    saved: tuple[SavedLatent, ...] = ()
    path: Path = field(default_factory=lambda: Path(()))
    denoising: DenoisingSettings = field(default_factory=DenoisingSettings)
    expression: str = ""
    pinned: Target | None = None
    compared: Compared | None = None
    truncation: float = 1.0
    layer: str = ""
    metric: Metric = "euclidean"


__all__ = [
    "GUIDANCE",
    "SEEDS",
    "STEPS",
    "Blend",
    "Compared",
    "DenoisedTarget",
    "DenoisingSettings",
    "Dims",
    "Group",
    "LatentTarget",
    "MapSettings",
    "Path",
    "PlaceTarget",
    "PriorTarget",
    "RowTarget",
    "SavedLatent",
    "Selection",
    "SessionState",
    "Target",
    "Waypoint",
]
