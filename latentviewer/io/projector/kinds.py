"""What a text table cannot say of its columns: kinds, names of categories, lost characters.

An export keeps it beside the metadata as `latentviewer.json`, which no other program reads:
`{"version": 1, "columns": [{"name", "kind", "names", "cells": {row: value}}]}`. `names` are those
of categories. `cells` has the values of the rows whose cell does not tell them: a text that had a
tab in it, or the code of a category whose name is empty or reads like another's. A column of the
kind `added` only keeps lines from being blank, which the projector would skip.

Where both disagree the metadata count, for someone may have edited them.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.free_names import unused
from latentviewer.io.projector.metadata import LABEL, NEXT_NAMES
from latentviewer.io.projector.names import one_line
from latentviewer.io.text_tables import TextTable

KINDS_NAME = "latentviewer.json"
_ADDED = "added"
_VERSION = 1
_MOST_BYTES = 256 << 20
_EXACT_IN_FLOAT64 = 2**53


@dataclass(frozen=True)
class Written:
    """Columns as an export has them.

    Attributes:
        metadata: the text of the metadata.
        kinds: the text of `latentviewer.json`.
        titles: of the columns, in their order, as the projector has them.
    """

    metadata: str
    kinds: str
    titles: tuple[str, ...]


def written(columns: Mapping[str, Column], rows: int) -> Written:
    """At least one column of `rows` rows as texts.

    Tabs, line breaks and other control characters are spaces in the metadata. A column of row
    numbers is added where a line would be blank, and beside an only column with a reserved name,
    for a single column has no header.
    """
    texts = [_cells(column) for column in columns.values()]
    told = [
        _told(name, column, cells)
        for (name, column), cells in zip(columns.items(), texts, strict=True)
    ]
    blank = any(not "".join(cells).strip() for cells in zip(*texts, strict=True))
    if blank or (len(told) == 1 and told[0]["name"] in NEXT_NAMES):
        told.append({"name": unused("row", columns), "kind": _ADDED})
        texts.append([str(row) for row in range(rows)])
    titles = _titles(told) if len(told) > 1 else [LABEL]
    lines = ["\t".join(titles)] if len(told) > 1 else []
    lines += ["\t".join(cells) for cells in zip(*texts, strict=True)]
    kinds = json.dumps({"version": _VERSION, "columns": told})
    return Written("\n".join(lines) + "\n", kinds + "\n", tuple(titles))


def restored(table: TextTable, kinds: Path) -> dict[str, Column]:
    """The columns of metadata as they were when they were written.

    Args:
        kinds: the path of `latentviewer.json`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or the metadata are not those that it was written with.
    """
    columns: dict[str, Column] = {}
    if kinds.stat().st_size > _MOST_BYTES or not kinds.is_file():
        raise ValueError("it is no file or too large")
    try:
        told = json.loads(kinds.read_bytes())["columns"]
        if len(told) != len(table.names) or (len(told) > 1 and _titles(told) != [*table.names]):
            raise ValueError("the metadata have other columns")
        for index, one in enumerate(told):
            if one["kind"] != _ADDED:
                columns[one["name"]] = _column([row[index] for row in table.rows], one)
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("it is damaged") from error
    return columns


def _titles(told: Iterable[Mapping[str, Any]]) -> list[str]:
    titles: list[str] = []
    for number, one in enumerate(told, start=1):
        titles.append(unused(one_line(one["name"]).strip() or f"column {number}", titles))
    return titles


def _cells(column: Column) -> list[str]:
    if isinstance(column, Numbers):
        return [_number(value) for value in column.values.tolist()]
    if isinstance(column, Categories):
        # A missing label has the code -1.
        names = [*map(one_line, column.names), ""]
        return [names[code] for code in column.codes.tolist()]
    return [one_line(text) for text in column.values]


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    negative_zero = value == 0 and math.copysign(1, value) < 0
    if value.is_integer() and abs(value) < _EXACT_IN_FLOAT64 and not negative_zero:
        return str(int(value))
    return repr(value)


def _told(name: str, column: Column, cells: Sequence[str]) -> dict[str, Any]:
    if isinstance(column, Numbers):
        return {"name": name, "kind": "numbers"}
    if isinstance(column, Texts):
        lost = {i: v for i, v in enumerate(column.values) if v != cells[i]}
        return {"name": name, "kind": "texts", "cells": lost}
    codes = _codes(cells, column.names)
    lost_codes = {i: v for i, v in enumerate(column.codes.tolist()) if v != codes[i]}
    return {"name": name, "kind": "categories", "names": column.names, "cells": lost_codes}


def _codes(cells: Sequence[str], names: Sequence[str]) -> list[int]:
    """The code that each cell tells by itself.

    Raises:
        KeyError: a cell is no name.
    """
    code_of = {one_line(name): code for code, name in reversed(list(enumerate(names)))}
    code_of[""] = -1
    return [code_of[cell] for cell in cells]


def _column(cells: list[str], told: Mapping[str, Any]) -> Column:
    if told["kind"] == "numbers":
        return Numbers(np.array([float(c) if c else math.nan for c in cells], np.float64))
    lost = {int(row): value for row, value in told["cells"].items()}
    if not all(0 <= row < len(cells) for row in lost):
        raise ValueError("the metadata have other rows")
    if told["kind"] == "texts":
        if any(one_line(value) != cells[row] for row, value in lost.items()):
            raise ValueError("the metadata have other texts")
        return Texts(tuple(lost.get(row, cell) for row, cell in enumerate(cells)))
    if told["kind"] != "categories":
        raise ValueError("a kind of column that is not known")
    names = tuple(told["names"])
    codes = _codes(cells, names)
    for row, code in lost.items():
        if one_line(names[code]) != cells[row]:
            raise ValueError("the metadata have other labels")
        codes[row] = code
    return Categories(np.array(codes, np.int32), names)
