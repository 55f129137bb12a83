"""What can stand beside the open space, and what there is to say of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentviewer.app.carrying import same_samples
from latentviewer.app.services import MapResult, ModelFound, Opened
from latentviewer.app.state import Compared, Dims, PlaceTarget, RowTarget, Target
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataDistance, Model
from latentviewer.domain.space import Space

CONTROL = "shuffled control"
"""In place of a reference: the open space with each latent dimension shuffled by itself."""
NOTHING = "Point at either map."
ELSEWHERE = "This place is the other map's own. Point at a sample."
LOADING = "Loading the decoder…"
NO_MODEL = "No decoder: this space names no model."


@dataclass(frozen=True, eq=False)
class Beside:
    """What stands beside the open space; replaced when more of it is there.

    Attributes:
        space: row i is row i of the open space; it may have fewer rows, never more.
        setting: where it came from, and which map of it is shown.
        map: the finished map, or None; the one before, until that of the setting stands.
        model: its own model, or None.
        without_decoder: why nothing is decoded, as a sentence; empty where it can be.
        distance: to its own latents, or None.
        originals: whether its row i is the picture of row i.
    """

    space: Space
    setting: Compared
    map: MapResult | None = None
    model: Model | None = None
    without_decoder: str = LOADING
    distance: DataDistance | None = None
    originals: bool = True


def comparable(found: Opened | ModelFound, main: Space, reference: str) -> Space:
    """The space that was found, if its row i is the same sample as the open one's.

    Raises:
        UserError: it is a model without latents, or shows other samples.
    """
    if isinstance(found, ModelFound):
        data = main.provenance.data or "the same data set"
        raise UserError(f"{reference} is a model without latents; encode {data} with it first.")
    space = found.space
    if not same_samples(space, main) and not np.array_equal(space.latent, main.latent):
        raise UserError(
            f"{reference} shows {_data(space)}, {main.name} shows {_data(main)}; "
            "only spaces of the same data set can stand side by side."
        )
    return space


def names(main: Space, other: Space) -> tuple[str, str]:
    """What the two are called above their maps: by model, or by space where it is the same."""
    first, second = _model_name(main), _model_name(other)
    return (first, second) if first != second else (main.name, other.name)


def _model_name(space: Space) -> str:
    model = space.provenance.model
    return Path(model).name or model if model else space.name


def _data(space: Space) -> str:
    return space.provenance.data or "samples of no named data set"


def maps_of(space: Space) -> tuple[str, ...]:
    """Names of the maps that can be shown: PCA, and those that the space brought along."""
    stored = [name for name in space.maps if name.endswith(("_2d", "_3d"))]
    return tuple(dict.fromkeys(["pca_2d", "pca_3d", *stored]))


def parts(name: str) -> tuple[str, Dims]:
    """Method and dimensions of a map's name, such as `umap_2d`."""
    method, dims = name.rsplit("_", 1)
    return method, 3 if dims == "3d" else 2


def left_out(there: int, main: int) -> str:
    """Says which rows of a longer space are not shown; empty where all are."""
    if there <= main:
        return ""
    return f"The first {main:,} of its {there:,} samples are here; the rest is left out."


def unanswerable(target: Target | None, beside: Beside) -> str:
    """Why nothing can be asked; empty where it can."""
    if isinstance(target, RowTarget):
        return f"#{target.row} is not in this space." if target.row >= len(beside.space) else ""
    if not isinstance(target, PlaceTarget) or beside.map is None or not len(beside.space):
        return NOTHING
    return "" if beside.map.coordinates.shape[1] == len(target.place) else NOTHING
