"""Extracts as Arrow and Parquet: what `spaces.write_space` writes, with groups and neighbours.

A group is a column of booleans, neighbours are two columns of lists:
`neighbor_ids` of int64 and `neighbor_distances` of float32.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from latentviewer.io.arrow_spaces import METADATA_KEY, table_of
from latentviewer.io.atomic import replacing
from latentviewer.io.extracts import (
    NEIGHBOR_DISTANCES,
    NEIGHBOR_IDS,
    Extract,
    without_neighbours,
)
from latentviewer.jobs.progress import Progress

_VALUES_AT_ONCE = 8_000_000
_MOST_SHORT_OFFSETS = 2**31 - 1


def write_arrow(extract: Extract, path: Path) -> Generator[Progress, None, tuple[str, ...]]:
    """Writes Arrow IPC, whole or not at all, as one batch, so that it can be mapped when read.

    Raises:
        UserError: the disk is full or the place cannot be written; an old file is kept.
    """
    batch = extract_batch(extract)
    yield Progress(None, "Writing")
    with (
        replacing(path) as temporary,
        temporary.open("wb") as file,
        pa.ipc.new_file(file, batch.schema) as writer,
    ):
        writer.write_batch(batch)
    return ()


def write_parquet(extract: Extract, path: Path) -> Generator[Progress, None, tuple[str, ...]]:
    """Writes Parquet, whole or not at all; see `write_parquet_batch`."""
    return write_parquet_batch(extract_batch(extract), path)


def write_parquet_batch(batch: Any, path: Path) -> Generator[Progress, None, tuple[str, ...]]:
    """Writes a record batch as Parquet, whole or not at all, in groups of rows.

    Yields:
        Progress after each group of rows.

    Raises:
        UserError: the disk is full or the place cannot be written; an old file is kept.
    """
    from pyarrow import parquet

    count = batch.num_rows
    step = max(1, min(count, _VALUES_AT_ONCE * count // max(batch.nbytes // 4, 1)))
    with (
        replacing(path) as temporary,
        temporary.open("wb") as file,
        parquet.ParquetWriter(file, batch.schema) as writer,
    ):
        for start in range(0, count, step):
            writer.write_batch(batch.slice(start, step))
            done = min(start + step, count)
            yield Progress(done / count, f"Row {done:,} of {count:,}")
    return ()


def extract_batch(extract: Extract) -> Any:
    """An extract as one record batch with the metadata that `arrow_spaces` reads."""
    near = extract.neighbours
    space = extract.space if near is None else without_neighbours(extract.space)
    batch = with_flags(table_of(space), extract)
    if near is not None:
        batch = batch.append_column(NEIGHBOR_IDS, lists(near.rows))
        batch = batch.append_column(NEIGHBOR_DISTANCES, lists(near.distances))
    return batch


def with_flags(batch: Any, extract: Extract) -> Any:
    """The batch of an extract's space with its groups as booleans in place of texts."""
    fields = json.loads(batch.schema.metadata[METADATA_KEY])["fields"]
    for field, said in fields.items():
        if said["role"] == "column" and said["name"] in extract.groups:
            index = batch.schema.get_field_index(field)
            member = extract.space.columns[said["name"]].codes == 1  # type: ignore[union-attr]
            batch = batch.set_column(index, pa.field(field, pa.bool_()), pa.array(member))
    return batch


def lists(values: NDArray[np.float32] | NDArray[np.int64]) -> Any:
    """(n, k) as a column of lists; of fixed size, two or three numbers would be read as a map."""
    count, width = values.shape
    short = values.size <= _MOST_SHORT_OFFSETS
    offsets = pa.array(np.arange(count + 1) * width, pa.int32() if short else pa.int64())
    of_type = pa.ListArray if short else pa.LargeListArray
    return of_type.from_arrays(offsets, pa.array(np.ascontiguousarray(values).reshape(-1)))
