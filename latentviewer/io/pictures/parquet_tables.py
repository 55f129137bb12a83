"""Parquet files whose cells hold pictures, unpacked one group of rows at a time.

What the footer says is not believed further than it is checked: texts and bytes are read as
dictionaries, so that a value that is repeated a million times takes its place once, and a group
is unpacked in pieces, until it is found too large.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from latentviewer.domain.errors import UserError
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.pictures.arrow_tables import (
    BEGINNING,
    damaged,
    left_out,
    possible,
)
from latentviewer.io.pictures.cells import first_pictures

_MOST_ROWS = 10_000_000
_MOST_OF_A_GROUP = 2 << 30
_MOST_OF_COLUMNS = 2 << 30
_KEPT = 512 << 20
_PIECE_ROWS = 256
_COLUMN_PIECE_ROWS = 65_536


class ParquetCells:
    """A column of a Parquet file, of which the groups of rows used last are kept unpacked."""

    def __init__(self, path: Path, column: str) -> None:
        self._path = path
        self._column = column
        self._file = open_parquet(path)
        metadata = self._file.metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._ends = np.cumsum(sizes, dtype=np.int64)
        self._groups: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, row: int) -> Any:
        number = int(np.searchsorted(self._ends, row, side="right"))
        start = int(self._ends[number - 1]) if number else 0
        with self._lock, _reading(self._path):
            values = self._group(number)
            if row - start >= len(values):
                raise UserError(f"{self._path} has fewer rows than it says; make or copy it again.")
            return values[row - start].as_py()

    def _group(self, number: int) -> Any:
        if number not in self._groups:
            table = _bounded(
                self._file, self._path, [self._column], [number], _PIECE_ROWS, _MOST_OF_A_GROUP
            )
            self._groups[number] = table.column(0)
            while len(self._groups) > 1 and sum(g.nbytes for g in self._groups.values()) > _KEPT:
                self._groups.popitem(last=False)
        self._groups.move_to_end(number)
        return self._groups[number]


def open_parquet(path: Path) -> Any:
    """An open Parquet file, texts and bytes of which come as dictionaries.

    Raises:
        UserError: unreadable, damaged, or of more rows than a data set of pictures may have.
    """
    check_regular(path)
    with _reading(path):
        file = parquet.ParquetFile(str(path), memory_map=True)
        metadata = file.metadata
        if metadata.num_rows > _MOST_ROWS:
            raise UserError(
                f"{path} has {metadata.num_rows:,} rows, more than {_MOST_ROWS:,}; split it."
            )
        counted = sum(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
        if counted != metadata.num_rows:
            raise UserError(f"{path} contradicts itself on its rows; make or copy it again.")
        texts = {
            file.schema.column(i).path
            for i in range(len(file.schema))
            if file.schema.column(i).physical_type == "BYTE_ARRAY"
        }
        return parquet.ParquetFile(
            str(path), memory_map=True, read_dictionary=sorted(texts), metadata=metadata
        )


def picture_column_of(file: Any, path: Path) -> str | None:
    """The name of the column that holds pictures, told by its first rows; None without one.

    Raises:
        UserError: damaged.
    """

    def beginning(name: str) -> list[Any]:
        if not file.metadata.num_row_groups:
            return []
        pieces = file.iter_batches(BEGINNING, row_groups=[0], columns=[name])
        first = next(iter(pieces), None)
        if first is None:
            return []
        first.validate(full=True)
        return list(first.column(0).to_pylist())

    with _reading(path):
        return first_pictures(possible(file.schema_arrow), beginning)


def other_columns(file: Any, path: Path, pictures: str) -> tuple[Any, list[str]]:
    """A table of the columns that hold one value a row, and the paths among the pictures; notes.

    Raises:
        UserError: damaged, or too large for memory.
    """
    schema = file.schema_arrow
    nested = [f.name for f in schema if pa.types.is_nested(f.type) and f.name != pictures]
    wanted = [f.name for f in schema if f.name not in (*nested, pictures)]
    if pa.types.is_struct(schema.field(pictures).type):
        wanted.append(f"{pictures}.path")
    with _reading(path):
        table = _bounded(file, path, wanted, None, _COLUMN_PIECE_ROWS, _MOST_OF_COLUMNS)
    return table, [left_out(name) for name in nested]


def _bounded(
    file: Any, path: Path, columns: list[str], groups: list[int] | None, rows: int, most: int
) -> Any:
    pieces, size = [], 0
    every = list(range(file.metadata.num_row_groups)) if groups is None else groups
    # One after the other, because the dictionaries of two groups differ.
    for group in every:
        for piece in file.iter_batches(rows, row_groups=[group], columns=columns):
            size += piece.nbytes
            if size > most:
                raise UserError(
                    f"{path} holds more than {most >> 30} GB in one go, too large for memory; "
                    "write it with smaller groups of rows, or split it."
                )
            # A damaged file's numbers can point outside their dictionary.
            piece.validate(full=True)
            pieces.append(piece)
    if not pieces:
        return file.schema_arrow.empty_table().select([])
    return pa.Table.from_batches(pieces)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, MemoryError) as error:
        raise damaged(path, error) from error
    except OSError as error:
        raise (damaged(path, error) if error.errno is None else cannot_read(path, error)) from error
