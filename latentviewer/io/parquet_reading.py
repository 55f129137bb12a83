"""Parquet files as tables, within bounds: a few kilobytes of it can stand for terabytes.

Values that repeat are stored once, with how often they come, and texts that repeat as numbers
into a dictionary, so that the size of a file says nothing of the size of its table.
https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UnsafeFileError

# pyarrow is imported where it is used: it must not be on the way to the first window.

_MOST_BYTES = 2 << 30
_LARGEST_RATIO = 100
"""Of the table's bytes to the file's, beyond `_MOST_BYTES`; latents hardly shrink."""
_ROWS_AT_ONCE = 1 << 16
# Texts inside of lists are not held as a dictionary while they are read.
_NESTED_ROWS_AT_ONCE = 1 << 10
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


def read_parquet(path: Path) -> Any:
    """A whole file as an Arrow table.

    Raises:
        UnsafeFileError: it would unpack to an absurd size.
        OSError, ValueError, pyarrow.ArrowException: unreadable or damaged.
    """
    import pyarrow as pa
    from pyarrow import parquet

    most = max(_MOST_BYTES, _LARGEST_RATIO * path.stat().st_size)
    with parquet.ParquetFile(str(path)) as file:
        schema, leaves = file.schema_arrow, file.metadata.schema
        _check_claims(file.metadata, path, most)
        texts = [
            leaves.column(i).path
            for i in range(len(leaves))
            if leaves.column(i).physical_type == "BYTE_ARRAY"
        ]
    flat = [name for name in texts if name in schema.names]
    rows = _ROWS_AT_ONCE if len(flat) == len(texts) else _NESTED_ROWS_AT_ONCE
    batches, size = [], 0
    with parquet.ParquetFile(str(path), read_dictionary=flat) as file:
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(rows, row_groups=[group]):
                size += sum(map(_unfolded_bytes, batch.columns))
                if size > most:
                    raise _swells(path, size)
                columns = [
                    _as_written(column, field.type)
                    for column, field in zip(batch.columns, schema, strict=True)
                ]
                batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return pa.Table.from_batches(batches, schema)


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
        column = column.dictionary_decode()
    return column if column.type == kind else column.cast(kind)


def _swells(path: Path, size: int) -> UnsafeFileError:
    return UnsafeFileError(
        f"{path} would unpack to {size:,} bytes or more, far more than the file has; such a file "
        "is refused, write it with fewer rows or shorter texts."
    )
