"""What an export writes: some rows of a space, with what is known of them besides its table."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import FIRST
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.selection import Group
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.free_names import unused
from latentviewer.io.projector.metadata import NEXT_NAMES
from latentviewer.io.projector.reading import SELECTED

NEIGHBOR_IDS, NEIGHBOR_DISTANCES = "neighbor_ids", "neighbor_distances"
ROW = "row"
"""The column that says which row of the whole space a row was."""
_NO_YES = ("false", "true")


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The nearest of the written rows to each of them, nearest first, without itself.

    Attributes:
        rows: (n, k) int64. distances: (n, k) float32.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Extract:
    """Rows of a space that are to be written.

    Attributes:
        space: those rows alone, with a column of `false` and `true` for each group.
        rows: (n,) int64, which rows of the whole space they are.
        groups: names of the columns that say who belongs to a group.
        next_rows: (n,) int64, which of these rows follows each on a path, -1 for none; None
            without a path.
        neighbours: or None.
        notes: sentences on what was changed or left out.
    """

    space: Space
    rows: NDArray[np.int64]
    groups: tuple[str, ...] = ()
    next_rows: NDArray[np.int64] | None = None
    neighbours: Neighbourhood | None = None
    notes: tuple[str, ...] = ()


def extract_of(
    space: Space,
    rows: NDArray[np.int64] | None = None,
    groups: Sequence[Group] = (),
    way: LatentPath | None = None,
) -> Extract:
    """Rows of a space as an export writes them.

    Where they are not the first ones, the data set is no longer named, for its sample i is not
    row i; a column `row` then says which rows they were.

    Args:
        rows: (n,) in rising order, each once; all where None.
        groups: of the whole space; those without any of these rows count too.
        way: a path whose waypoints that are samples are to be joined.

    Raises:
        UserError: no rows.
    """
    every = np.arange(len(space), dtype=np.int64)
    rows = every if rows is None else rows
    if not len(rows):
        raise UserError(f"{space.name} has no rows to export; choose some.")
    if not 0 <= rows[0] <= rows[-1] < len(space):
        raise UserError(f"{space.name} has rows 0 to {len(space) - 1:,}; others were named.")
    notes: list[str] = []
    taken = space if len(rows) == len(space) else _taken(space, rows, notes)
    columns = dict(taken.columns)
    named = []
    for group in groups:
        member = np.isin(rows, group.selection.rows)
        name = unused(f"group {group.name}", columns)
        columns[name] = Categories(member.astype(np.int32), _NO_YES)
        named.append(name)
    next_rows = None
    if way is not None and way.waypoints:
        next_rows = _next_rows(way, rows, notes)
    return Extract(
        dataclasses.replace(taken, columns=columns),
        rows,
        tuple(named),
        next_rows,
        notes=tuple(notes),
    )


def without_neighbours(space: Space) -> Space:
    """A space without columns of neighbours, such as an earlier export had."""
    kept = {k: c for k, c in space.columns.items() if k not in (NEIGHBOR_IDS, NEIGHBOR_DISTANCES)}
    return space if len(kept) == len(space.columns) else dataclasses.replace(space, columns=kept)


def _taken(space: Space, rows: NDArray[np.int64], notes: list[str]) -> Space:
    columns = {name: _column(name, column, rows) for name, column in space.columns.items()}
    provenance = space.provenance
    extra: dict[str, Any] = dict(provenance.extra)
    first = bool((rows == np.arange(len(rows))).all())
    for of_all_rows in (FIRST, SELECTED):
        extra.pop(of_all_rows, None)
    if first and provenance.data is not None:
        extra[FIRST] = len(rows)
    elif not first:
        name = unused(ROW, columns)
        columns[name] = Numbers(rows.astype(np.float64))
        if provenance.data is not None:
            notes.append(
                f"Only some samples of {provenance.data} are written, so the file does not name "
                f"it; the column “{name}” says which they are."
            )
    data = provenance.data if first else None
    return Space(
        space.name,
        space.latent[rows],
        None if space.latent_std is None else space.latent_std[rows],
        columns,
        {name: places[rows] for name, places in space.maps.items()},
        dataclasses.replace(provenance, data=data, extra=extra),
    )


def _column(name: str, column: Column, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, Categories):
        return Categories(column.codes[rows], column.names)
    if isinstance(column, Texts):
        return Texts(tuple(column.values[row] for row in rows.tolist()))
    values = column.values[rows]
    if name in NEXT_NAMES:
        # What it names are rows, which now have other numbers.
        values = np.array([_place(rows, value) for value in values.tolist()], np.float64)
    return Numbers(values)


def _place(rows: NDArray[np.int64], row: float) -> float:
    """Where a row stands among the sorted `rows`; NaN where it does not."""
    if row != row:
        return row
    at = int(np.searchsorted(rows, row))
    return float(at) if at < len(rows) and rows[at] == row else float("nan")


def _next_rows(
    way: LatentPath, rows: NDArray[np.int64], notes: list[str]
) -> NDArray[np.int64] | None:
    """Which of `rows` follows each on the path; None where no two of them are on it."""
    places = [
        _place(rows, float("nan") if stop.row is None else stop.row) for stop in way.waypoints
    ]
    stops = [int(place) for place in places if place == place]
    left = len(places) - len(stops)
    if left:
        what = "a waypoint that is" if left == 1 else f"{left} waypoints that are"
        notes.append(f"The path leaves out {what} none of these samples.")
    if way.closed and len(stops) > 1:
        stops.append(stops[0])
    following = np.full(len(rows), -1, np.int64)
    cut = 0
    for place, after in pairwise(stops):
        if following[place] < 0 and place != after:
            following[place] = after
        elif following[place] != after and place != after:
            cut += 1
    if cut:
        notes.append(
            "The path comes to a sample twice, and only one line can begin there; "
            f"{cut} of its lines {'is' if cut == 1 else 'are'} left out."
        )
    return following if bool((following >= 0).any()) else None
