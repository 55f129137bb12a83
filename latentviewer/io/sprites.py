"""Factors in the layout of dSprites: `latents_classes` and `latents_values` beside `imgs`.

The original keeps its metadata as a pickle, which could run code and is never loaded. Names then
are those that dSprites has; `metadata_json`, where there is one, says others.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Column
from latentviewer.io.factors import Factor
from latentviewer.io.image_data import ImageData, check_rows
from latentviewer.io.npz import NpzArrays

FACTORS = "latents_classes"
_VALUES, _METADATA, _PICKLE = "latents_values", "metadata_json", "metadata"
LAYOUT = (FACTORS, _VALUES, _METADATA, _PICKLE)
"""The arrays that belong to the factors."""
_NAMES = ("color", "shape", "scale", "orientation", "posX", "posY")
_SHAPES = ("square", "ellipse", "heart")
_MOST_BYTES = 512 << 20
_MOST_METADATA = 1 << 20
_MOST_FACTORS, _MOST_VALUES = 64, 1 << 15


@dataclass(frozen=True, eq=False)
class SpriteFactors:
    """The factors of n pictures.

    Attributes:
        factors: all k of them, with those that have one value only.
        classes: (n, k) int16, which value each picture has.
    """

    factors: tuple[Factor, ...]
    classes: NDArray[np.int16]

    def columns(self) -> dict[str, Column]:
        """All k factors by value."""
        codes = self.classes.T.astype(np.int32)
        return {f.name: f.column(c) for f, c in zip(self.factors, codes, strict=True)}


@dataclass(frozen=True, eq=False)
class SpritesData(ImageData):
    """Pictures with ground-truth factors; fulfils `DataSet` and `FactorData`."""

    truth: SpriteFactors = field(kw_only=True)

    @cached_property
    def _varying(self) -> list[int]:
        """Of a factor with one value, such as the colour in dSprites, nothing can be learnt."""
        return [i for i, factor in enumerate(self.truth.factors) if len(factor.values) > 1]

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The factors that take more than one value."""
        return tuple(self.truth.factors[i].name for i in self._varying)

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """How many values each of them can take."""
        return tuple(len(self.truth.factors[i].values) for i in self._varying)

    def factors_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) rows to (m, k) which value each of these factors has, from 0.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, len(self), self.name)
        return self.truth.classes[rows][:, self._varying].astype(np.int64)


def read_factors(arrays: NpzArrays, count: int) -> SpriteFactors:
    """The factors in a file for which `FACTORS` is among the arrays.

    Args:
        count: of its pictures.

    Raises:
        UserError: damaged, not a row for each picture, or values that contradict the classes.
    """
    shape = arrays.headers[FACTORS].shape
    if len(shape) != 2 or shape[0] != count or not 0 < shape[1] <= _MOST_FACTORS:
        raise UserError(
            f"{arrays.where(FACTORS)} has the shape {shape}; it must be ({count}, factors), a row "
            "for each image."
        )
    given = _numbers(arrays, FACTORS, "iu")
    if given.size and not 0 <= given.min() <= given.max() < _MOST_VALUES:
        raise UserError(
            f"{arrays.where(FACTORS)} holds {given.min()} to {given.max()}; factor classes count "
            f"from 0 and stay below {_MOST_VALUES:,}."
        )
    classes = given.astype(np.int16)
    names, shape_names, _ = _names(arrays, shape[1])
    sizes = (classes.max(axis=0) + 1).tolist() if count else [0] * len(names)
    values = _possible_values(arrays, classes, sizes)
    factors = []
    for name, size, of_one in zip(names, sizes, values, strict=True):
        named = name == "shape" and size <= len(shape_names)
        factors.append(Factor(name, shape_names[:size] if named else of_one))
    return SpriteFactors(tuple(factors), classes)


def factor_notes(arrays: NpzArrays) -> tuple[str, ...]:
    """Sentences on what of the factors is left out; none where the file has no factors.

    Raises:
        UserError: damaged.
    """
    shape = arrays.headers[FACTORS].shape if FACTORS in arrays.headers else ()
    return _names(arrays, shape[1])[2] if len(shape) == 2 else ()


def _numbers(arrays: NpzArrays, name: str, kinds: str) -> NDArray[Any]:
    if arrays.headers[name].dtype.kind not in kinds:
        raise UserError(
            f"{arrays.where(name)} holds values of type {arrays.headers[name].dtype}; save it as "
            f"{'whole' if kinds == 'iu' else 'real'} numbers."
        )
    return arrays.read(name, _MOST_BYTES)


def _possible_values(
    arrays: NpzArrays, classes: NDArray[np.int16], sizes: list[int]
) -> list[tuple[float, ...]]:
    """The value of each class of each factor: the class itself where the file names none."""
    if _VALUES not in arrays.headers:
        return [tuple(float(v) for v in range(size)) for size in sizes]
    values = _numbers(arrays, _VALUES, "fiu").astype(np.float64)
    if values.shape != classes.shape:
        raise UserError(
            f"{arrays.where(_VALUES)} has the shape {values.shape}, {FACTORS} has "
            f"{classes.shape}; save them with a row for each image."
        )
    tables = []
    for i, size in enumerate(sizes):
        table = np.full(size, np.nan)
        table[classes[:, i]] = values[:, i]
        differs = np.flatnonzero(table[classes[:, i]] != values[:, i])
        if differs.size:
            row = int(differs[0])
            raise UserError(
                f"{arrays.where(_VALUES)}: row {row} says {values[row, i]:g} for factor {i}, other "
                f"rows of its class say {table[classes[row, i]]:g}; make the file again."
            )
        tables.append(tuple(table.tolist()))
    return tables


def _names(
    arrays: NpzArrays, count: int
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Names of the factors, names of the shapes, notes."""
    usual = _NAMES if count == len(_NAMES) else tuple(f"factor_{i + 1}" for i in range(count))
    if _METADATA in arrays.headers and arrays.headers[_METADATA].dtype.kind == "U":
        found = _from_metadata(str(arrays.read(_METADATA, _MOST_METADATA)), count)
        if found is not None:
            return (*found, ())
        return usual, (), (f"{_METADATA} does not name {count} factors; it is left out.",)
    notes: tuple[str, ...] = ()
    if _PICKLE in arrays.headers:
        notes = (
            f"Array “{_PICKLE}” is a pickle and is not read, for that could run code; the factors "
            f"are called {', '.join(usual)}.",
        )
    return usual, _SHAPES if usual == _NAMES else (), notes


def _from_metadata(text: str, count: int) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    try:
        metadata = json.loads(text)
        names, shapes = metadata["latents_names"], metadata.get("shape_names", [])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    texts = isinstance(names, list) and isinstance(shapes, list)
    if not texts or not all(isinstance(v, str) and v for v in [*names, *shapes]):
        return None
    if len(names) != count or len(set(names)) != count:
        return None
    return tuple(names), tuple(shapes)
