"""What stays when another model's space of the same samples is opened."""

import dataclasses

import numpy as np

from latentviewer.app.state import MapSettings, RowTarget, SessionState
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import Space


def carried(old: SessionState, new: SessionState) -> SessionState:
    """`new` with the selection, the groups, the shown sample and the colours of `old`.

    What `old` was compared with stands beside `new` as well.

    Only where both spaces name the same data set: row i is then the same sample in both.
    Latents stay behind, for they mean nothing to another model. A space that is opened again
    begins anew.
    """
    if old.space is None or new.space is None or not same_samples(old.space, new.space):
        return new
    if old.space.name == new.space.name and old.space.dim == new.space.dim:
        return new
    rows = len(new.space)
    groups = tuple(
        Group(group.name, kept) for group in old.groups if len(kept := _cut(group.selection, rows))
    )
    pinned = old.pinned
    return dataclasses.replace(
        new,
        map=_coloured_alike(old.map, new.map, new.space),
        selection=_cut(old.selection, rows),
        groups=groups,
        pinned=pinned if isinstance(pinned, RowTarget) and pinned.row < rows else None,
        compared=old.compared,
    )


def same_samples(one: Space, other: Space) -> bool:
    """Whether row i of both is sample i of one data set."""
    return one.provenance.data is not None and one.provenance.data == other.provenance.data


def _cut(selection: Selection, rows: int) -> Selection:
    return Selection(selection.rows[selection.rows < np.int64(rows)])


def _coloured_alike(old: MapSettings, new: MapSettings, space: Space) -> MapSettings:
    kept = dataclasses.replace(
        new,
        radius=old.radius,
        blend=old.blend,
        thumbnails=old.thumbnails,
        names=old.names,
        dims=old.dims,
    )
    if old.colour_by is not None and old.colour_by not in space.columns:
        return kept
    return dataclasses.replace(kept, colour_by=old.colour_by, hidden=old.hidden, value_range=None)
