"""Parquet files as tables, within bounds: a few kilobytes of it can stand for terabytes.

Values that repeat are stored once, with how often they come, and texts that repeat as numbers
into a dictionary, so that the size of a file says nothing of the size of its table.
https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError

# pyarrow is imported where it is used: it must not be on the way to the first window.

_MOST_BYTES = 2 << 30
_LARGEST_RATIO = 100
"""Of the table's bytes to the file's, beyond `_MOST_BYTES`; latents hardly shrink."""
_ROWS_AT_ONCE = 1 << 16
_BUFFER_BYTES = 1 << 20
_VALUES_AT_ONCE, _FEWEST_ROWS = 1 << 20, 256
# Texts inside of lists are not held as a dictionary while they are read.
_NESTED_ROWS_AT_ONCE = 1 << 10
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


def read_parquet(path: Path) -> Any:
    """A whole file as an Arrow table.

    Raises:
        UnsafeFileError: it would unpack to an absurd size.
        OSError, ValueError, pyarrow.ArrowException: unreadable or damaged.
    """
    try:
        return _read(path, join=True)
    except _GapError:
        return _read(path, join=False)


class _GapError(Exception):
    """A column of vectors has a row or a number that is missing."""


def _read(path: Path, join: bool) -> Any:
    """Args:
    join: whether columns of vectors of one length are copied into one piece while they are read;
        kept in the pieces that they come in, they would be in memory twice once they are joined.
    """
    import pyarrow as pa
    from pyarrow import parquet

    most = max(_MOST_BYTES, _LARGEST_RATIO * path.stat().st_size)
    with parquet.ParquetFile(str(path)) as file:
        schema, leaves = file.schema_arrow, file.metadata.schema
        _check_claims(file.metadata, path, most)
        count = file.metadata.num_rows if join else 0
        texts = [
            leaves.column(i).path
            for i in range(len(leaves))
            if leaves.column(i).physical_type == "BYTE_ARRAY"
        ]
    flat = [name for name in texts if name in schema.names]
    rows = _ROWS_AT_ONCE if len(flat) == len(texts) else _NESTED_ROWS_AT_ONCE
    joined = {
        place: np.empty((count, field.type.list_size), np.float32)
        for place, field in enumerate(schema)
        if count > 0 and _is_vectors(field.type)
    }
    widest = max((values.shape[1] for values in joined.values()), default=1)
    rows = max(_FEWEST_ROWS, min(rows, _VALUES_AT_ONCE // max(1, widest)))
    others = pa.schema([field for place, field in enumerate(schema) if place not in joined])
    batches, size, done = [], 0, 0
    # With a buffer a large group of rows is read bit by bit, not as a whole.
    with parquet.ParquetFile(
        str(path), read_dictionary=flat, buffer_size=_BUFFER_BYTES, pre_buffer=False
    ) as file:
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(rows, row_groups=[group]):
                size += sum(map(_unfolded_bytes, batch.columns))
                if size > most:
                    raise _swells(path, size)
                for place, values in joined.items():
                    _copy(batch.column(place), values[done : done + len(batch)])
                done += len(batch)
                columns = [
                    _as_written(column, field.type)
                    for place, (column, field) in enumerate(zip(batch.columns, schema, strict=True))
                    if place not in joined
                ]
                if columns:
                    batches.append(pa.RecordBatch.from_arrays(columns, schema=others))
    others_read = iter(pa.Table.from_batches(batches, others).columns)
    arrays = [
        _listed(joined[place][:done], field.type) if place in joined else next(others_read)
        for place, field in enumerate(schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _is_vectors(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type))


def _listed(values: NDArray[np.float32], kind: Any) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), type=kind)


def _copy(column: Any, to: NDArray[np.float32]) -> None:
    flat = column.flatten()
    if column.null_count or flat.null_count or len(column) != len(to):
        raise _GapError
    to[:] = flat.to_numpy().reshape(to.shape)


def _check_claims(metadata: Any, path: Path, most: int) -> None:
    """What the numbers in all columns will take; of texts, the places that they have in a list."""
    size = 0
    for group in range(metadata.num_row_groups):
        of_group = metadata.row_group(group)
        for column in range(of_group.num_columns):
            chunk = of_group.column(column)
            width = _WIDTHS.get(chunk.physical_type, 4)
            if chunk.physical_type == "FIXED_LEN_BYTE_ARRAY":
                width = max(1, metadata.schema.column(column).length)
            size += max(chunk.num_values, of_group.num_rows, 0) * width
    if size > most:
        raise _swells(path, size)


def _unfolded_bytes(column: Any) -> int:
    """What a column takes once the texts of its dictionary are written out."""
    import pyarrow as pa
    from pyarrow import compute

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    kind = column.type.value_type
    if not (pa.types.is_string(kind) or pa.types.is_binary(kind)):
        return int(column.nbytes)
    lengths = compute.binary_length(column.dictionary).take(column.indices)
    return int(column.nbytes) + int(compute.sum(lengths).as_py() or 0)


def _as_written(column: Any, kind: Any) -> Any:
    import pyarrow as pa

    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        column.validate(full=True)  # a damaged file's numbers can point outside their dictionary
        column = column.dictionary_decode()
    return column if column.type == kind else column.cast(kind)


def _swells(path: Path, size: int) -> UnsafeFileError:
    return UnsafeFileError(
        f"{path} would unpack to {size:,} bytes or more, far more than the file has; such a file "
        "is refused, write it with fewer rows or shorter texts."
    )
