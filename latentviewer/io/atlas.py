"""Extracts as Parquet for Embedding Atlas.

    projection_x, projection_y, projection_z    the map, float32; the last in three dimensions
    neighbors    {"ids": [...], "distances": [...]}: rows of the file, nearest first
    vector       the latents, a list of float32
    image        {"bytes": PNG, "path": null}, as data sets of Hugging Face have pictures
    and the columns, a group as booleans

It opens with `embedding-atlas FILE --x projection_x --y projection_y --neighbors neighbors`.
The metadata of `arrow_spaces` are in it too, so that this program knows model and data again.
"""

import dataclasses
import io
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Column
from latentviewer.io.arrow_spaces import METADATA_KEY, table_of
from latentviewer.io.arrow_writing import lists, with_flags, write_parquet_batch
from latentviewer.io.extracts import Extract, without_neighbours
from latentviewer.io.free_names import unused
from latentviewer.jobs.progress import Progress

AXES = ("projection_x", "projection_y", "projection_z")
NEIGHBORS, VECTOR, IMAGE = "neighbors", "vector", "image"
_RESERVED = (*AXES, NEIGHBORS, VECTOR, IMAGE)
_PICTURES_AT_ONCE = 256
_LATENTS = ("latent", "latent_std")


def write_atlas(
    extract: Extract, places: Latents, data: DataSet | None, path: Path
) -> Generator[Progress, None, tuple[str, ...]]:
    """Writes a file for Embedding Atlas, whole or not at all.

    Args:
        places: (n, 2) or (n, 3) float32, the map of the rows.
        data: whose sample `extract.rows[i]` is the picture of row i; None for none.

    Yields:
        Progress after each block of pictures and of rows.

    Returns:
        Sentences on what was changed or left out.

    Raises:
        UserError: the disk is full or the place cannot be written; an old file is kept.
    """
    space = without_neighbours(extract.space)
    notes = []
    if space.latent_std is not None:
        notes.append("The standard deviations are left out: Embedding Atlas has no place for them.")
    # Maps of others would be columns of lists; the one that is shown is in columns of its own.
    columns: dict[str, Column] = {}
    renamed: dict[str, str] = {}
    for name, column in space.columns.items():
        title = unused(f"{name} (column)", columns) if name in _RESERVED else name
        columns[title] = column
        renamed[name] = title
    plain = dataclasses.replace(space, columns=columns, maps={}, latent_std=None)
    named = tuple(renamed[group] for group in extract.groups)
    table = with_flags(table_of(plain), dataclasses.replace(extract, space=plain, groups=named))
    arrays: dict[str, Any] = {
        AXES[axis]: pa.array(np.ascontiguousarray(places[:, axis], np.float32))
        for axis in range(places.shape[1])
    }
    arrays |= {f.name: table.column(f.name) for f in table.schema if f.name not in _LATENTS}
    if extract.neighbours is not None:
        near = extract.neighbours
        parts = [lists(near.rows), lists(near.distances)]
        arrays[NEIGHBORS] = pa.StructArray.from_arrays(parts, names=["ids", "distances"])
    if data is not None:
        arrays[IMAGE] = yield from _images(data, extract.rows)
    arrays[VECTOR] = lists(space.latent)
    batch = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    batch = batch.replace_schema_metadata({METADATA_KEY: table.schema.metadata[METADATA_KEY]})
    yield from write_parquet_batch(batch, path)
    return tuple(notes)


def _images(data: DataSet, rows: NDArray[np.int64]) -> Generator[Progress, None, Any]:
    """A picture of each row as PNG, as a struct of its bytes and no path."""
    files: list[bytes] = []
    for start in range(0, len(rows), _PICTURES_AT_ONCE):
        files.extend(_pngs(data.images(rows[start : start + _PICTURES_AT_ONCE])))
        yield Progress(len(files) / len(rows), f"Picture {len(files):,} of {len(rows):,}")
    # More than 2 GB of them do not fit into one column with short offsets.
    large = sum(map(len, files)) >= 2**31
    content = pa.array(files, pa.large_binary() if large else pa.binary())
    return pa.StructArray.from_arrays(
        [content, pa.nulls(len(files), pa.string())], names=["bytes", "path"]
    )


def _pngs(pictures: NDArray[np.uint8]) -> Iterator[bytes]:
    from PIL import Image

    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(buffer, "PNG")
        yield buffer.getvalue()
