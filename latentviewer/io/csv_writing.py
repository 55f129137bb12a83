"""Extracts as CSV (RFC 4180, UTF-8): the latents, maps and columns, one row a sample.

    z0, z1, ...       the latents; with fewer than three dimensions one column `latent` of lists
    umap_x, umap_y    a map, under names that `map_columns` finds again
    the columns       numbers in the fewest digits that tell them; empty where missing
    neighbor_ids, neighbor_distances    lists, as JSON

A text is written as it stands, one that begins like a formula too. A CSV says nothing of the
kinds of its columns: whoever reads it has to tell them from the cells.
"""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.candidates import LATENT_NAMES
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.arrow_columns import encodable
from latentviewer.io.atomic import replacing
from latentviewer.io.extracts import (
    NEIGHBOR_DISTANCES,
    NEIGHBOR_IDS,
    Extract,
    without_neighbours,
)
from latentviewer.io.free_names import unused
from latentviewer.io.map_columns import map_columns
from latentviewer.io.projector.names import one_line
from latentviewer.jobs.progress import Progress

_FEWEST_NUMBERED = 3
"""A reader takes no fewer numbered columns for vectors."""
_LATENT = "latent"
_DIMENSION = re.compile(r"z\d{1,6}")
_WHOLE = re.compile(r"-?\d+")
_EXACT = 2**53
_CELLS_AT_ONCE = 200_000
_ROWS_AT_ONCE = 4096
_MUST_BE_QUOTED = re.compile(r'[",\r\n\x85\u2028\u2029]|^[ \t#]|[ \t]$')
_CONTROL = re.compile(r"[\x00-\x08\v\f\x0e-\x1f\x7f]")
"""What no text file has; a file with one would be taken for none."""

_Cells = Callable[[slice], Sequence[str]]
"""The cells of some rows of a column, quoted where they have to be."""


def write_csv(extract: Extract, path: Path) -> Generator[Progress, None, tuple[str, ...]]:
    """Writes a CSV, whole or not at all.

    Yields:
        Progress after each block of rows.

    Returns:
        Sentences on what was changed or left out.

    Raises:
        UserError: the disk is full or the place cannot be written; an old file is kept.
    """
    columns, notes = _columns(extract)
    count = len(extract.space)
    step = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // len(columns)))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(map(_quoted, columns)) + "\r\n")
        for start in range(0, count, step):
            block = slice(start, min(start + step, count))
            rows = zip(*(cells(block) for cells in columns.values()), strict=True)
            file.writelines(",".join(row) + "\r\n" for row in rows)
            yield Progress(block.stop / count, f"Row {block.stop:,} of {count:,}")
    return tuple(notes)


def axis_names(maps: Mapping[str, Latents]) -> dict[str, tuple[str, ...]]:
    """What the columns of each map are called, so that each is found again under its name.

    The name of a map ends in its number of dimensions; `umap_2d` has `umap_x` and `umap_y`, and
    `umap_3d` beside it `umap_1` to `umap_3`. `pca` is read as `pc`: this program makes its own.
    """
    names: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for key, places in sorted(maps.items(), key=lambda item: item[1].shape[1]):
        dims = places.shape[1]
        method = _fit_for_a_header(key.removesuffix(f"_{dims}d")) or "map"
        by_letter = _lettered(method, dims)
        by_number = tuple(f"{method}_{number}" for number in range(1, dims + 1))
        known_by_number = bool(map_columns(by_number))
        if taken.isdisjoint(_folded(by_letter)):
            chosen = by_letter
        elif known_by_number and taken.isdisjoint(_folded(by_number)):
            chosen = by_number
        else:
            method, number = f"{method} {dims}d", 2
            while not taken.isdisjoint({f"{method}_x".casefold()}):
                method, number = f"{method} ({number})", number + 1
            chosen = _lettered(method, dims)
        taken |= _folded(chosen)
        names[key] = chosen
    return {key: names[key] for key in maps}


def _lettered(method: str, dims: int) -> tuple[str, ...]:
    # Columns `x` and `y` are read as a map `xy`.
    return tuple(letter if method == "xy" else f"{method}_{letter}" for letter in "xyz"[:dims])


def _folded(names: Sequence[str]) -> set[str]:
    return {name.casefold() for name in names}


def _columns(extract: Extract) -> tuple[dict[str, _Cells], list[str]]:
    """The columns by name, in their order, and sentences on what is not among them."""
    space, near = extract.space, extract.neighbours
    if near is not None:
        space = without_neighbours(space)
    columns: dict[str, _Cells] = {}
    notes: list[str] = []
    if space.dim < _FEWEST_NUMBERED:
        columns[_LATENT] = _lists(space.latent)
    else:
        for dim in range(space.dim):
            columns[f"z{dim}"] = _floats(space.latent[:, dim])
    repeated = set()
    for key, names in axis_names(space.maps).items():
        for axis, name in enumerate(names):
            values = space.maps[key][:, axis]
            columns[name] = _floats(values)
            if _repeats(space, name, values):
                repeated.add(name)
    renamed = []
    for name, column in space.columns.items():
        if name not in repeated:
            title = _title(name, columns, near is not None)
            columns[title] = _cells_of(column)
            if _has_control(column):
                notes.append(f"Control characters in “{title}” are written as spaces.")
            renamed += [f"“{one_line(name)}” as “{title}”"] if title != name else []
    if near is not None:
        columns[NEIGHBOR_IDS] = _lists(near.rows)
        columns[NEIGHBOR_DISTANCES] = _lists(near.distances)
    if space.latent_std is not None:
        notes.append("The standard deviations are left out: a CSV has no place for them.")
    if renamed:
        notes.append(f"So that it can be read back, the header has {', '.join(renamed)}.")
    return columns, notes


def _repeats(space: Space, name: str, values: NDArray[np.float32]) -> bool:
    """Whether a column is the axis of a map, as whoever reads a CSV gets both of it."""
    column = space.columns.get(name)
    if not isinstance(column, Numbers):
        return False
    with np.errstate(over="ignore"):
        return np.array_equal(column.values.astype(np.float32), values, equal_nan=True)


def _has_control(column: Column) -> bool:
    if isinstance(column, Numbers):
        return False
    texts = column.names if isinstance(column, Categories) else column.values
    return any(_CONTROL.search(text) for text in texts)


def _title(name: str, taken: Mapping[str, object], neighbours: bool) -> str:
    """A column's name in the header: on one line, no number, and nothing with a meaning."""
    title = _fit_for_a_header(name) or "column"
    reserved = _DIMENSION.fullmatch(title.rstrip("])")) or title.casefold() in LATENT_NAMES
    if neighbours and title in (NEIGHBOR_IDS, NEIGHBOR_DISTANCES):
        reserved = True
    return unused(f"{title} (column)" if reserved or _is_number(title) else title, taken)


def _fit_for_a_header(name: str) -> str:
    return " ".join(one_line(name).split())


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _cells_of(column: Column) -> _Cells:
    if isinstance(column, Numbers):
        return _numbers(column.values)
    if isinstance(column, Texts):
        texts = column.values
        return lambda rows: [_quoted(text) for text in texts[rows]]
    return _labels(column)


def _labels(column: Categories) -> _Cells:
    # A missing label has the code -1.
    names = [*map(_quoted, column.names), ""]
    return lambda rows: [names[code] for code in column.codes[rows].tolist()]


def _numbers(values: NDArray[np.float64]) -> _Cells:
    """Whole numbers without a point, if all of them are, so that they are read as such."""
    present = values[~np.isnan(values)]
    whole = np.isfinite(present).all() and not (np.signbit(present) & (present == 0)).any()
    if not whole or (present != np.rint(present)).any() or (abs(present) > _EXACT).any():
        return _floats(values)
    numbers = [str(int(v)) if v == v else "" for v in values.tolist()]
    return lambda rows: numbers[rows]


def _floats(values: NDArray[np.floating]) -> _Cells:
    """The fewest digits that tell each number of its type, always with a point; NaN is missing.

    Readers tell a column's type by its first rows; those may be whole, and the others not.
    """
    import pyarrow as pa

    def cells(rows: slice) -> list[str]:
        some = np.ascontiguousarray(values[rows])
        texts = pa.array(some, mask=np.isnan(some)).cast(pa.string()).to_pylist()
        return [
            "" if text is None else f"{text}.0" if _WHOLE.fullmatch(text) else text
            for text in texts
        ]

    return cells


def _lists(values: NDArray[np.float32] | NDArray[np.int64]) -> _Cells:
    cells = [_floats(v) for v in values.T] if values.dtype.kind == "f" else None

    def lists(rows: slice) -> list[str]:
        if cells is None:
            return [_quoted(json.dumps(row)) for row in values[rows].tolist()]
        parts = zip(*(cell(rows) for cell in cells), strict=True)
        return [_quoted(f"[{', '.join(row)}]") for row in parts]

    return lists


def _quoted(text: str) -> str:
    """A cell in quotes where it holds what ends a cell or a line for one reader or another."""
    text = _CONTROL.sub(" ", encodable(text))
    if _MUST_BE_QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
