"""Columns of a table that already are a map: `x` and `y`, `umap_1` and `umap_2`, and so on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from latentviewer.domain.space import Latents
from latentviewer.io.arrow_columns import check_range

# What an axis is called: a letter, or the number of a component.
_LETTERED = re.compile(r"(?:(.*?)[ _\-.]+)?([xyz])", re.IGNORECASE | re.DOTALL)
_COMPONENT = re.compile(
    r"(umap|t-?sne|pca?|pacmap|mds|projection|proj)[ _\-.]*([0-3])", re.IGNORECASE
)
_AXES = {"x": 0, "y": 1, "z": 2}
# Our own PCA is exact and comes with a way back; one in a file stands beside it.
_METHODS = {"t-sne": "tsne", "proj": "projection", "": "xy", "pca": "pc"}


@dataclass(frozen=True)
class MapColumns:
    """Columns that hold the places of a map.

    Attributes:
        method: such as `umap`; `xy` where the names don't say.
        columns: two or three, in the order of the axes.
    """

    method: str
    columns: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name that a space stores the map under."""
        return f"{self.method}_{len(self.columns)}d"

    @property
    def title(self) -> str:
        """What the list of projections calls it."""
        return ", ".join(self.columns)


def map_columns(names: Sequence[str]) -> tuple[MapColumns, ...]:
    """The maps among the names of columns of numbers, in their order."""
    lettered = ((m[1] or "", _AXES[m[2].lower()], n) for n, m in _matches(_LETTERED, names))
    found = list(_together(lettered))
    taken = {column for places in found for column in places.columns}
    numbered = [(m[1], int(m[2]), n) for n, m in _matches(_COMPONENT, names) if n not in taken]
    # Components are counted from 0 or from 1.
    from_0 = {method.casefold() for method, number, _ in numbered if number == 0}
    found += _together((w, n - (w.casefold() not in from_0), name) for w, n, name in numbered)
    return tuple(found)


def places_of(table: Any, found: MapColumns, where: str) -> Latents | None:
    """The places, (n, 2) or (n, 3) float32; None where one is missing or infinite.

    Raises:
        UserError: a number is too large for float32.
    """
    columns = []
    for name in found.columns:
        values = table.column(name)
        if values.null_count:
            return None
        numbers = values.to_numpy()
        with np.errstate(over="ignore"):
            narrow = numbers.astype(np.float32)
        check_range(numbers, narrow, f"{where}, column “{name}”")
        columns.append(narrow)
    places = np.stack(columns, axis=1)
    return places if np.isfinite(places).all() else None


def number_names(schema: Any) -> list[str]:
    """The names of a table's columns of numbers, in their order."""
    return [f.name for f in schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)]


def _matches(pattern: re.Pattern[str], names: Sequence[str]) -> Iterable[tuple[str, re.Match[str]]]:
    return ((n, m) for n in names if (m := pattern.fullmatch(n.strip())) is not None)


def _together(parts: Iterable[tuple[str, int, str]]) -> Iterable[MapColumns]:
    """(method, axis, column) as maps, where there is a first and a second axis."""
    maps: dict[str, dict[int, str]] = {}
    for method, axis, column in parts:
        maps.setdefault(method.casefold().strip(" _-."), {}).setdefault(axis, column)
    for method, axes in maps.items():
        if {0, 1} <= set(axes):
            columns = tuple(axes[axis] for axis in sorted(axes) if axis < 3)
            yield MapColumns(_METHODS.get(method, method), columns)
