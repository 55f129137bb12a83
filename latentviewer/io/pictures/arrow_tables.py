"""Arrow files whose cells hold pictures; they are mapped, so that what is not shown is not read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Column, Texts
from latentviewer.io.arrow_claims import check_claims
from latentviewer.io.arrow_columns import from_arrow, is_text
from latentviewer.io.failures import cannot_read, check_regular, first_line
from latentviewer.io.pictures.cells import first_pictures

BEGINNING = 16
"""Rows that a column is told by."""
_MOST_UNPACKED = 4 << 30


class ArrowCells:
    """A chunked column, read from the mapped file when a cell is asked for."""

    def __init__(self, values: Any) -> None:
        self._chunks = [chunk for chunk in values.chunks if len(chunk)]
        self._ends = np.cumsum([len(chunk) for chunk in self._chunks], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, row: int) -> Any:
        number = int(np.searchsorted(self._ends, row, side="right"))
        start = int(self._ends[number - 1]) if number else 0
        return self._chunks[number][row - start].as_py()


def read_arrow_table(path: Path) -> Any:
    """An Arrow IPC file or stream as a table that is mapped from it.

    Raises:
        UnsafeFileError: compressed, and it would unpack to an absurd size.
        UserError: unreadable, cut short or damaged, or compressed and too large for memory.
    """
    check_regular(path)
    before = pa.total_allocated_bytes()
    try:
        with path.open("rb") as file:
            check_claims(file, path)
        with pa.memory_map(str(path)) as source:
            stream = source.read(6) != b"ARROW1"
            source.seek(0)
            if stream:
                reader = pa.ipc.open_stream(source)
                schema, batches = reader.schema, iter(reader)
            else:
                reader = pa.ipc.open_file(source)
                schema = reader.schema
                batches = map(reader.get_batch, range(reader.num_record_batches))
            kept = []
            for batch in batches:
                kept.append(batch)
                # Only what is compressed takes memory.
                if pa.total_allocated_bytes() - before > _MOST_UNPACKED:
                    raise UserError(
                        f"{path} unpacks to more than {_MOST_UNPACKED >> 30} GB, too large for "
                        "memory; write it without compression."
                    )
            table = pa.Table.from_batches(kept, schema)
        # A forged file could point outside its own buffers.
        table.validate(full=True)
        check_names(table.schema)
    except (pa.ArrowException, ValueError, MemoryError) as error:
        raise damaged(path, error) from error
    except OSError as error:
        raise (damaged(path, error) if error.errno is None else cannot_read(path, error)) from error
    return table


def picture_column(table: Any) -> str | None:
    """The name of the column that holds pictures, told by its first rows; None without one."""

    def beginning(name: str) -> list[Any]:
        return list(table.column(name).slice(0, BEGINNING).to_pylist())

    return first_pictures(possible(table.schema), beginning)


def possible(schema: Any) -> list[str]:
    """The names of the columns whose type could hold pictures."""
    twice = {name for name in schema.names if schema.names.count(name) > 1}
    return [f.name for f in schema if f.name not in twice and _may_hold(_storage(f.type))]


def table_columns(
    table: Any, pictures: str, classes: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Column], list[str]]:
    """The other columns, as far as a cell is one value, and notes on what is left out.

    Args:
        pictures: the column that is none; the paths in it become `file`.
        classes: names of whole numbers, by column.
    """
    columns: dict[str, Column] = {}
    notes = []
    for index, field in enumerate(table.schema):
        if field.name == pictures:
            continue
        column = _column(table.column(index), field, classes.get(field.name))
        if column is None:
            notes.append(left_out(field.name))
        elif field.name not in columns:
            columns[field.name] = column
    files = _paths(table.column(pictures)) if pictures in table.column_names else None
    if files is not None and "file" not in columns:
        columns["file"] = files
    return columns, notes


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """The classes that Hugging Face notes in a schema's metadata, by column."""
    try:
        noted = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        return classes_of(noted["info"]["features"])
    except (ValueError, KeyError, TypeError, RecursionError):
        # Notes of another kind: the numbers are shown as they are.
        return {}


def classes_of(features: Any) -> dict[str, tuple[str, ...]]:
    """The names of each `ClassLabel` among a data set's features."""
    found = {}
    for name, feature in features.items() if isinstance(features, dict) else ():
        names = feature.get("names") if isinstance(feature, dict) else None
        labels = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        if labels and isinstance(names, list) and all(isinstance(n, str) for n in names):
            found[name] = tuple(names)
    return found


def left_out(name: str) -> str:
    """The note on a column that a table cannot show."""
    return f"Column “{name}” is left out: it is not one number or text a row."


def check_names(fields: Iterable[Any]) -> None:
    """Looks at the names of all fields, also inside of others.

    Raises:
        UnicodeDecodeError: one is not UTF-8, which Arrow finds only when it is asked for.
    """
    for one in fields:
        of_type = _storage(one.type)
        _ = one.name
        if pa.types.is_nested(of_type):
            check_names(of_type.field(i) for i in range(of_type.num_fields))


def damaged(path: Path, error: BaseException) -> UserError:
    """The refusal of a file that Arrow cannot read."""
    return UserError(
        f"{path} is cut short or damaged ({first_line(error)}); make or copy it again."
    )


def _storage(of_type: Any) -> Any:
    return of_type.storage_type if isinstance(of_type, pa.BaseExtensionType) else of_type


def _may_hold(of_type: Any) -> bool:
    if pa.types.is_struct(of_type):
        names = [of_type.field(i).name for i in range(of_type.num_fields)]
        return "bytes" in names or "path" in names
    if pa.types.is_dictionary(of_type):
        return _may_hold(of_type.value_type)
    return is_text(of_type) or is_bytes(of_type)


def is_bytes(of_type: Any) -> bool:
    """Whether a type holds bytes, however stored."""
    return bool(
        pa.types.is_binary(of_type)
        or pa.types.is_large_binary(of_type)
        or pa.types.is_binary_view(of_type)
        or pa.types.is_fixed_size_binary(of_type)
    )


def _column(values: Any, field: Any, names: Sequence[str] | None) -> Column | None:
    inner = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_nested(_storage(inner)) or is_bytes(_storage(inner)):
        return None
    if names is not None and pa.types.is_integer(field.type):
        codes = values.cast(pa.int64(), safe=False).fill_null(-1).to_numpy()
        known = (codes >= 0) & (codes < len(names))
        return Categories(np.where(known, codes, -1).astype(np.int32), tuple(names))
    column = from_arrow(values, field.name, None)
    if isinstance(column, Categories) and len(column.names) > max(64, len(column) // 2):
        # Texts of which hardly one is like the other, however the file packs them.
        return Texts(tuple(map(column.text, range(len(column)))))
    return column


def _paths(values: Any) -> Texts | None:
    """The `path` of each struct, without folders outside the table's."""
    of_type = _storage(values.type)
    if not pa.types.is_struct(of_type) or of_type.get_field_index("path") < 0:
        return None
    if isinstance(values.type, pa.BaseExtensionType):
        values = pa.chunked_array([chunk.storage for chunk in values.chunks], of_type)
    index = of_type.get_field_index("path")
    found: Iterable[Any] = (
        path for chunk in values.chunks for path in chunk.field(index).to_pylist()
    )
    texts = tuple(p if isinstance(p, str) else "" for p in found)
    return Texts(texts) if any(texts) else None
