"""From a column to what the rasteriser and the legend need."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.state import MapSettings
from latentviewer.domain.palette import (
    category_colours,
    continuous_colours,
    continuous_palette,
)
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts, categories_of

PLAIN_DARK = (110, 168, 254)
PLAIN_LIGHT = (36, 99, 201)
MISSING = (128, 132, 138)
_LEVELS = 254
_MISSING_INDEX = 254
_HIDDEN_INDEX = 255


@dataclass(frozen=True, eq=False)
class CategoryLegend:
    """Names with their counts and colours (k, 3) uint8; the empty name is `no label`."""

    title: str
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    colours: NDArray[np.uint8]
    hidden: frozenset[str]


@dataclass(frozen=True, eq=False)
class NumberLegend:
    """A colour bar: what its ends mean, its colours (254, 3), the shown part.

    `missing` rows hold no number; where all do, the ends are NaN.
    """

    title: str
    low: float
    high: float
    colours: NDArray[np.uint8]
    shown: tuple[float, float]
    missing: int = 0


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours of all points: codes (n,) into palette (k, 4), alpha 0 where filtered out."""

    codes: NDArray[np.uint8] | NDArray[np.uint16]
    palette: NDArray[np.uint8]
    legend: CategoryLegend | NumberLegend | None

    def colour_of(self, row: int) -> tuple[int, int, int]:
        """The colour of one row."""
        red, green, blue = (int(v) for v in self.palette[int(self.codes[row])][:3])
        return red, green, blue

    def visible(self) -> NDArray[np.bool_]:
        """(n,) which points are shown."""
        return np.asarray(self.palette[self.codes, 3] > 0)


def colouring(space: Space, settings: MapSettings, dark: bool) -> Colouring:
    """The colours for the present settings."""
    column = space.columns.get(settings.colour_by) if settings.colour_by else None
    if column is None or settings.colour_by is None:
        plain = np.array([[*(PLAIN_DARK if dark else PLAIN_LIGHT), 255]], np.uint8)
        return Colouring(np.zeros(len(space), np.uint8), plain, None)
    if isinstance(column, Numbers):
        return _numbers(settings.colour_by, column, settings, dark)
    return _categories(settings.colour_by, as_categories(column), settings, dark)


def colouring_beside(space: Space, main: Space, settings: MapSettings, dark: bool) -> Colouring:
    """The colours of another space of the same samples, which mean what the main one's do.

    Where it has the column itself, its own values count, for a score is each model's own;
    the scale and the labels' colours are the main space's all the same.

    Args:
        space: its row i is row i of `main`; it has no rows more.
    """
    key, rows = settings.colour_by, len(space)
    shared = main.columns.get(key) if key else None
    if shared is None or key is None:
        return colouring(space, dataclasses.replace(settings, colour_by=None), dark)
    own = space.columns.get(key)
    if isinstance(shared, Numbers):
        values = own.values if isinstance(own, Numbers) else shared.values[:rows]
        return _numbers(key, Numbers(values), settings, dark, _ends(shared))
    labels = as_categories(shared)
    if own is None or isinstance(own, Numbers):
        codes = labels.codes[:rows]
    else:
        codes = _recoded(as_categories(own), labels.names)
    return _categories(key, Categories(codes, labels.names), settings, dark)


def _recoded(column: Categories, names: tuple[str, ...]) -> NDArray[np.int32]:
    """The codes that its labels have in `names`; -1 where they do not stand there."""
    if column.names == names:
        return column.codes
    at = {name: code for code, name in enumerate(names)}
    # One more at the end, for rows without a label: their code is -1.
    codes = np.array([*(at.get(name, -1) for name in column.names), -1], np.int32)
    return codes[column.codes]


def as_categories(column: Column) -> Categories:
    """Labels as they are; text by its distinct values."""
    if isinstance(column, Categories):
        return column
    if isinstance(column, Texts):
        return categories_of(column.values)
    return categories_of(column.values)


def _categories(title: str, column: Categories, settings: MapSettings, dark: bool) -> Colouring:
    count = len(column.names)
    colours = np.vstack([category_colours(count, dark).reshape(-1, 3), [MISSING]]).astype(np.uint8)
    names = (*column.names, "")
    alpha = np.array([0 if name in settings.hidden else 255 for name in names], np.uint8)
    codes = np.where(column.codes < 0, count, column.codes)
    narrow = codes.astype(np.uint8) if count < 255 else codes.astype(np.uint16)
    if count >= 65535:
        narrow = (codes % 65535).astype(np.uint16)
        colours, alpha = colours[:65535], alpha[:65535]
    missing = int(np.count_nonzero(column.codes < 0))
    listed = names if missing else column.names
    legend = CategoryLegend(
        title,
        listed,
        np.append(column.counts(), missing)[: len(listed)],
        colours[: len(listed)],
        settings.hidden,
    )
    return Colouring(narrow, np.column_stack([colours, alpha]).astype(np.uint8), legend)


def _ends(column: Numbers) -> tuple[float, float]:
    finite = column.values[np.isfinite(column.values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)


def _numbers(
    title: str,
    column: Numbers,
    settings: MapSettings,
    dark: bool,
    ends: tuple[float, float] | None = None,
) -> Colouring:
    low, high = ends or _ends(column)
    shown = settings.value_range or (low, high)
    codes = continuous_colours(column.values, low, high, _LEVELS).copy()
    if settings.value_range is not None:
        outside = ~((column.values >= shown[0]) & (column.values <= shown[1]))
        codes[outside] = _HIDDEN_INDEX
    palette = np.zeros((256, 4), np.uint8)
    palette[:, :3] = continuous_palette(dark)
    palette[:, 3] = 255
    palette[_MISSING_INDEX, :3] = MISSING
    palette[_HIDDEN_INDEX, 3] = 0
    missing = int(np.count_nonzero(~np.isfinite(column.values)))
    legend = NumberLegend(title, low, high, palette[:_LEVELS, :3].copy(), shown, missing)
    return Colouring(codes, palette, legend)
