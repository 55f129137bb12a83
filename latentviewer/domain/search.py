"""Rows by their label, their text or their number."""

import operator
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.folded import FoldedTexts, folded
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts

_Mask = NDArray[np.bool_]

_ROW = re.compile(r"#\s*([0-9]{1,18})")
_OPERATOR = re.compile(r"[<>!=]=|[:=<>]")
_LEADING_OPERATOR = re.compile(r"[<>!=]=|[=<>]")
_QUOTED = re.compile(r"([\"'])(.*)\1", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ":": operator.eq,
        "=": operator.eq,
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)


def find_rows(space: Space, query: str) -> NDArray[np.int64]:
    """Rows that a search finds.

    - `seven`: labels and texts of any column that hold the words, case and the width of
      characters aside; a number, in columns of numbers, by equality
    - `"7"`: the same, whole labels and texts only
    - `label:7`, `recon_error>0.5`, `label!=7`: one column only
    - `#12`: row 12

    Args:
        space: where to look.
        query: what was typed; without it, nothing is found.

    Returns:
        (m,) int64: rows that match as a whole first, then those that only hold the query,
        both in ascending order.
    """
    text = query.strip()
    nothing = np.empty(0, np.int64)
    if not text:
        return nothing
    if row := _ROW.fullmatch(text):
        number = int(row.group(1))
        return np.array([number], np.int64) if number < len(space) else nothing
    column, sign, value = _restricted(space, text)
    if not value:
        return nothing
    columns = space.columns.values() if column is None else [column]
    whole, part = np.zeros(len(space), np.bool_), np.zeros(len(space), np.bool_)
    for searched in columns:
        if isinstance(searched, Numbers):
            whole |= _numbers(searched, sign, value)
        else:
            exact, holding = _texts(searched, sign, value)
            whole |= exact
            part |= holding
    return np.concatenate([np.flatnonzero(whole), np.flatnonzero(part & ~whole)])


def prepare_search(space: Space) -> None:
    """Does now what the first search of a space would else have to do."""
    for column in space.columns.values():
        if not isinstance(column, Numbers):
            _folded_texts(column)


def _restricted(space: Space, text: str) -> tuple[Column | None, str, str]:
    """The one column meant, the operator and the value; no column where none is named."""
    known = {folded(name): name for name in space.columns}
    for found in _OPERATOR.finditer(text):
        name = text[: found.start()].strip()
        key = name if name in space.columns else known.get(folded(name))
        if key is not None:
            sign, value = found.group(), text[found.end() :].strip()
            if sign == ":" and (leading := _LEADING_OPERATOR.match(value)):
                sign, value = leading.group(), value[leading.end() :].strip()
            return space.columns[key], sign, value
    return None, ":", text


def _numbers(column: Numbers, sign: str, value: str) -> _Mask:
    try:
        number = float(_unquoted(value))
    except ValueError:
        return np.zeros(len(column), np.bool_)
    # A missing number is not “another number”, so it is not found by != either.
    return np.asarray(_COMPARE[sign](column.values, number) & ~np.isnan(column.values))


def _texts(column: Categories | Texts, sign: str, value: str) -> tuple[_Mask, _Mask]:
    """Where the text is the value, and where it holds it."""
    texts = _folded_texts(column)
    exact, holding = texts.matching(_unquoted(value))
    if sign != ":" or _QUOTED.fullmatch(value):
        holding = np.zeros(len(texts), np.bool_)
    if sign == "!=":
        exact = ~exact & ~texts.matching("")[0]
    elif sign in ("<", "<=", ">", ">="):
        exact = np.zeros(len(texts), np.bool_)
    if isinstance(column, Texts):
        return exact, holding
    # Code -1, a missing label, takes the value put last.
    return np.append(exact, False)[column.codes], np.append(holding, False)[column.codes]


def _folded_texts(column: Categories | Texts) -> FoldedTexts:
    """Kept with the column: each key that is typed searches the same texts."""
    texts = _FOLDED.get(column)
    if texts is None:
        names = column.names if isinstance(column, Categories) else column.values
        texts = _FOLDED[column] = FoldedTexts.of(names)
    return texts


_FOLDED: WeakKeyDictionary[Categories | Texts, FoldedTexts] = WeakKeyDictionary()


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    return quoted.group(2) if quoted else value
