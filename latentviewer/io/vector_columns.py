"""Which columns of a table hold vectors, however they are written down.

Three ways are met: a list of numbers in each cell; its text, as JSON or as numpy prints it; and
a number in each of many columns, whose names differ in their number alone.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from latentviewer.domain.candidates import Candidate
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.io.arrow_columns import check_range, is_text, is_vector, vectors_from_arrow
from latentviewer.io.map_columns import map_columns, number_names

_NUMBERED = re.compile(r"(.*?)(\d{1,6})", re.DOTALL)
_FEWEST_NUMBERED = 3
_SEPARATORS = " _-.:[(#"
_ALL_NUMBERS = "numbers"
_CELLS_AT_ONCE = 4096
_NO_MEASUREMENTS = frozenset(
    {"", "id", "index", "row", "key", "label", "labels", "class", "target", "cluster", "split", "y"}
)


@dataclass(frozen=True)
class VectorColumns:
    """Columns of a table that are the vectors of its rows.

    Attributes:
        name: of the column; of numbered ones what they share; `numbers` for all there are.
        columns: in the order of the dimensions; one, except for numbers.
        form: a list in each cell, its text, or numbers of which each column has one.
        measured: whether the columns measure different things, so that their scales differ.
    """

    name: str
    columns: tuple[str, ...]
    form: Literal["lists", "texts", "numbers"]
    measured: bool = False


def vector_columns(table: Any) -> tuple[VectorColumns, ...]:
    """All that may be meant, in the table's order.

    Where there is nothing else, the places of a map are, or else the columns of numbers together:
    a table of measurements.
    """
    schema, found = table.schema, []
    for index, field in enumerate(schema):
        if is_vector(field.type):
            found.append(VectorColumns(field.name, (field.name,), "lists"))
        elif is_text(field.type) and _holds_lists(table.column(index)):
            found.append(VectorColumns(field.name, (field.name,), "texts"))
    numbers = number_names(schema)
    found += _numbered(numbers, taken={f.name for f in found})
    if not found:
        found += [VectorColumns(m.method, m.columns, "numbers") for m in map_columns(numbers)]
    if not found:
        measured = tuple(n for n in numbers if n.strip().casefold() not in _NO_MEASUREMENTS)
        if len(measured) > 1:
            found.append(VectorColumns(_ALL_NUMBERS, measured, "numbers", measured=True))
    return tuple(found)


def candidate(found: VectorColumns, table: Any) -> Candidate:
    """Its shape, as far as the first row tells it."""
    if found.form == "numbers":
        dims = len(found.columns)
    elif found.form == "lists":
        values = table.column(found.columns[0])
        dims = _list_size(values)
    else:
        first = next(_present(table.column(found.columns[0])), "[]")
        dims = len(_parsed(first) or ())
    return Candidate(found.name, table.num_rows, dims)


def vectors_of(table: Any, found: VectorColumns, where: str) -> Latents:
    """The vectors, (n, d) float32.

    Args:
        where: the file, for sentences.

    Raises:
        UserError: a row without a vector, vectors of different lengths, or no numbers.
    """
    place = f"{where}, column “{found.name}”"
    if found.form == "lists":
        return vectors_from_arrow(table.column(found.columns[0]), place)
    if found.form == "texts":
        return _from_texts(table.column(found.columns[0]), place)
    return _from_numbers(table, found, where)


def _numbered(numbers: Sequence[str], taken: set[str]) -> Iterator[VectorColumns]:
    """Columns such as `dim_0` to `dim_63`: at least three, and no number left out."""
    groups: dict[str, dict[int, str]] = {}
    for name in numbers:
        match = _NUMBERED.fullmatch(name.strip().rstrip("])"))
        if match is not None:
            groups.setdefault(match[1], {}).setdefault(int(match[2]), name)
    for prefix, members in groups.items():
        order = sorted(members)
        whole = order == list(range(order[0], order[0] + len(order)))
        if len(order) < _FEWEST_NUMBERED or order[0] > 1 or not whole:
            continue
        name = prefix.rstrip(_SEPARATORS) or _ALL_NUMBERS
        while name in taken:
            name += "_"
        taken.add(name)
        yield VectorColumns(name, tuple(members[i] for i in order), "numbers")


def _list_size(values: Any) -> int:
    of_type = values.type
    if isinstance(of_type, pa.BaseExtensionType):
        of_type = of_type.storage_type
    if pa.types.is_fixed_size_list(of_type):
        return int(of_type.list_size)
    first = next((v for chunk in values.chunks for v in chunk[:64] if v.is_valid), None)
    return 0 if first is None else len(first)


def _present(values: Any) -> Iterator[str]:
    return (v.as_py() for chunk in values.chunks for v in chunk if v.is_valid)


def _holds_lists(values: Any) -> bool:
    """Whether the first texts of a column are lists of numbers."""
    some = [text for text, _ in zip(_present(values), range(3), strict=False)]
    return bool(some) and all(_parsed(text) for text in some)


def _parsed(text: str) -> list[float] | None:
    """A list of numbers as JSON or as numpy prints it, or None for any other text."""
    text = text.strip()
    if len(text) < 2 or text[0] not in "[(" or text[-1] not in "])":
        return None
    inner = text[1:-1]
    parts = inner.split(",") if "," in inner else inner.split()
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None


def _from_texts(values: Any, where: str) -> Latents:
    blocks: list[NDArray[np.float32]] = []
    row = 0
    for chunk in values.chunks:
        for start in range(0, len(chunk), _CELLS_AT_ONCE):
            texts = chunk.slice(start, _CELLS_AT_ONCE).to_pylist()
            blocks.append(_block(texts, row, blocks[0].shape[1] if blocks else None, where))
            row += len(texts)
    return np.concatenate(blocks) if blocks else np.zeros((0, 1), np.float32)


def _block(texts: list[Any], first_row: int, width: int | None, where: str) -> Latents:
    """Some cells at once, by one call of the JSON parser where that does."""
    try:
        wide = np.array(json.loads(f"[{','.join(texts)}]"), np.float64)
        if wide.ndim != 2 or len(wide) != len(texts) or wide.shape[1] != (width or wide.shape[1]):
            raise ValueError
    except (ValueError, TypeError, RecursionError, OverflowError):
        wide = _one_by_one(texts, first_row, width, where)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    check_range(wide, narrow, where)
    return narrow


def _one_by_one(
    texts: list[Any], first_row: int, width: int | None, where: str
) -> NDArray[np.float64]:
    rows = []
    for row, text in enumerate(texts, start=first_row):
        numbers = None if text is None else _parsed(text)
        if numbers is None:
            held = "no vector" if text is None else f"“{text[:40]}”, which is no list of numbers"
            raise UserError(f"{where}: row {row} holds {held}; mend or remove that row.")
        width = len(numbers) if width is None else width
        if len(numbers) != width:
            raise UserError(
                f"{where}: row {row} has {len(numbers)} values, row 0 has {width}; all latents "
                "must have the same length."
            )
        rows.append(numbers)
    return np.array(rows, np.float64)


def _from_numbers(table: Any, found: VectorColumns, where: str) -> Latents:
    latent = np.empty((table.num_rows, len(found.columns)), np.float32)
    for dim, name in enumerate(found.columns):
        values = table.column(name)
        place = f"{where}, column “{name}”"
        if values.null_count:
            row = pc.index(values.is_null(), True).as_py()
            raise UserError(f"{place}: row {row} has no number; fill in or remove that row.")
        numbers = values.to_numpy()
        with np.errstate(over="ignore"):
            latent[:, dim] = numbers
        check_range(numbers, latent[:, dim], place)
    return latent
