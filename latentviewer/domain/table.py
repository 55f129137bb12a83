"""The columns of a space's table: categories, numbers and text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of labels.

    Attributes:
        codes: (n,) int32, index into `names`; -1 where the label is missing.
        names: the distinct labels in the order they are listed and coloured.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.ndim != 1 or self.codes.dtype != np.int32:
            raise ValueError("codes must be (n,) int32")
        if self.codes.size and not -1 <= self.codes.min() <= self.codes.max() < len(self.names):
            raise ValueError("a code lies outside the names")

    def __len__(self) -> int:
        return len(self.codes)

    def text(self, row: int) -> str:
        """The label of one row; empty where missing."""
        code = int(self.codes[row])
        return self.names[code] if code >= 0 else ""

    def counts(self) -> NDArray[np.int64]:
        """How many rows carry each name, (len(names),)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers: (n,) float64, NaN where missing."""

    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.values.dtype != np.float64:
            raise ValueError("values must be (n,) float64")

    def __len__(self) -> int:
        return len(self.values)

    def text(self, row: int) -> str:
        """The number of one row as a person writes it; empty where missing."""
        value = float(self.values[row])
        return "" if np.isnan(value) else f"{value:.6g}"


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of free text, one string a row."""

    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def text(self, row: int) -> str:
        """The text of one row."""
        return self.values[row]


Column: TypeAlias = Categories | Numbers | Texts


def categories_of(labels: Sequence[Any] | NDArray[Any]) -> Categories:
    """Labels of any kind as categories; None and NaN are missing.

    Names that all are numbers sort by value, others by text.
    """
    values = np.asarray(labels)
    if values.dtype.kind in "iub":
        distinct, inverse = np.unique(values, return_inverse=True)
        numbered: NDArray[Any] = inverse.astype(np.int32)
        return Categories(numbered, tuple(str(v) for v in distinct.tolist()))
    texts = ["" if v is None or v != v else str(v) for v in values.tolist()]
    distinct_names = sorted(set(texts) - {""}, key=_natural_key(set(texts) - {""}))
    code_of = {name: code for code, name in enumerate(distinct_names)}
    codes = np.fromiter((code_of.get(t, -1) for t in texts), np.int32, len(texts))
    return Categories(codes, tuple(distinct_names))


def _natural_key(names: set[str]) -> Any:
    try:
        numeric = {name: float(name) for name in names}
    except ValueError:
        return str
    return lambda name: numeric[name]
