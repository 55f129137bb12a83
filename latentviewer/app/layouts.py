"""A space and a method to a request, and what was made of it back into the space."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.axes import AXES, resolved
from latentviewer.app.colouring import as_categories
from latentviewer.app.services import LaidOut, LayoutRequest
from latentviewer.domain.errors import UserError
from latentviewer.domain.expression import Context
from latentviewer.domain.formula import packed
from latentviewer.domain.map_note import Axis, MapNote, noted
from latentviewer.domain.projection import Method, Value
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers


def layout_request(
    space: Space,
    method: Method,
    dims: int,
    given: Mapping[str, Value],
    context: Context,
    start: Latents | None = None,
) -> LayoutRequest:
    """What the child process is asked for.

    Where a method needs labels and no column is named, it is the one that names the samples.

    Args:
        given: options; the others are the usual ones.
        context: the names that axes of the user's own can use.
        start: (n, dims), the picture to go on from; left out where it has another shape.

    Raises:
        UserError: an option that the method has not or cannot take; no such column of labels.
    """
    options = method.options(given)
    if start is not None and start.shape != (len(space), dims):
        start = None
    codes: NDArray[np.int32] | None = None
    classes: tuple[str, ...] = ()
    by = next((p for p in method.parameters if p.column), None)
    if by is not None:
        name = str(options[by.key] or "")
        if not name and not by.may_be_none:
            name = space.label_column() or ""
        options[by.key] = name
        if name:
            column = space.columns.get(name)
            if column is None or isinstance(column, Numbers):
                raise UserError(f"{method.title}: {space.name} has no column of labels “{name}”.")
            labels = as_categories(column)
            codes, classes = np.asarray(labels.codes, np.int32), tuple(labels.names)
    read: Mapping[str, Value] = options
    if method.key == AXES:
        read = resolved({axis: options[axis] for axis in "xyz"[:dims]}, context)
    return LayoutRequest(
        method.key, method.title, space.latent, dims, read, options, codes, classes, start
    )


def with_layout(space: Space, key: str, made: LaidOut, options: Mapping[str, Value]) -> Space:
    """The space with the map under its name, and with how it was made."""
    note = MapNote(
        axes=tuple(Axis(title) for title in made.axes),
        options=tuple(sorted(options.items())),
        formula=packed(made.state),
    )
    return noted(space.with_map(key, made.coordinates), key, note)
