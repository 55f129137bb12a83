"""Samples written for other programs: the name's ending says as what."""

import dataclasses
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.ports import NO_IMAGE, DataSet
from latentviewer.domain.selection import Group
from latentviewer.domain.space import Latents, Space
from latentviewer.io.extracts import Extract, Neighbourhood, extract_of
from latentviewer.jobs.progress import Progress

PURPOSES = ("file", "projector", "embedding-atlas")
FILE_SUFFIXES = (".csv", ".parquet", ".arrow", ".feather", ".npy")
ATLAS_SUFFIX = ".parquet"
_MOST_PICTURE_BYTES = 1 << 28
"""Of pictures that are all in memory at once, as those of a sprite are."""

Nearest = Callable[[Latents], Generator[Progress, None, Neighbourhood]]
Writing = Generator[Progress, None, tuple[str, ...]]


def export_samples(
    space: Space,
    path: Path,
    purpose: str = "file",
    *,
    rows: NDArray[np.int64] | None = None,
    groups: Sequence[Group] = (),
    way: LatentPath | None = None,
    data: DataSet | None = None,
    shown: str | None = None,
    nearest: Nearest | None = None,
) -> Writing:
    """Writes samples, whole or not at all; closing the generator leaves nothing behind.

    Args:
        path: for `file`, its ending is one of `FILE_SUFFIXES`; for `embedding-atlas`, .parquet;
            for `projector`, a folder.
        purpose: one of `PURPOSES`.
        rows: (n,) in rising order; all where None.
        groups: who belongs to each is written as a column.
        way: a path, whose lines a projector draws.
        data: for the pictures that a projector and Embedding Atlas show; its sample i is row i.
        shown: which of the space's maps Embedding Atlas shows.
        nearest: finds the neighbours of latents (n, d) among themselves.

    Returns:
        Sentences on what was changed or left out.

    Raises:
        UserError: no rows, another ending, a place that cannot be written, a full disk.
    """
    check_purpose(path, purpose, nearest is not None)
    extract = extract_of(space, rows, groups, way if purpose == "projector" else None)
    notes = list(extract.notes)
    if purpose == "embedding-atlas" and shown not in space.maps:
        raise UserError(f"{space.name} has no map to show yet; make one first.")
    if nearest is not None:
        near = yield from nearest(extract.space.latent)
        extract = dataclasses.replace(extract, neighbours=near)
    if purpose != "file" and data is not None:
        data = _usable(data, space, notes)
    if purpose == "projector":
        notes += yield from _write_projector(extract, path, data)
    elif purpose == "embedding-atlas":
        from latentviewer.io.atlas import write_atlas

        notes += yield from write_atlas(extract, extract.space.maps[shown or ""], data, path)
    else:
        notes += yield from _WRITERS[path.suffix.lower()](extract, path)
    return tuple(notes)


def check_purpose(path: Path, purpose: str, neighbours: bool = False) -> None:
    """Refuses what cannot be written so, before any work begins.

    Raises:
        UserError: no such purpose, another ending than such a file has, or neighbours where
            there is no place for them.
    """
    suffix = path.suffix.lower()
    if purpose not in PURPOSES:
        raise UserError(f"Samples are exported for {', '.join(PURPOSES)}, not for “{purpose}”.")
    if purpose == "embedding-atlas" and suffix != ATLAS_SUFFIX:
        raise UserError(f"{path}: a file for Embedding Atlas has a name that ends in .parquet.")
    if purpose == "file" and suffix not in FILE_SUFFIXES:
        *first, last = FILE_SUFFIXES
        raise UserError(f"{path}: write to a name that ends in {', '.join(first)} or {last}.")
    if neighbours and (purpose == "projector" or suffix == ".npy"):
        what = "a projector's folder" if purpose == "projector" else "an .npy"
        raise UserError(
            f"{path}: {what} has no place for neighbours; write .csv, .parquet or .arrow."
        )


def _write_csv(extract: Extract, path: Path) -> Writing:
    from latentviewer.io.csv_writing import write_csv

    return write_csv(extract, path)


def _write_arrow(extract: Extract, path: Path) -> Writing:
    from latentviewer.io.arrow_writing import write_arrow

    return write_arrow(extract, path)


def _write_parquet(extract: Extract, path: Path) -> Writing:
    from latentviewer.io.arrow_writing import write_parquet

    return write_parquet(extract, path)


def _write_npy(extract: Extract, path: Path) -> Writing:
    from latentviewer.io.exports import write_npy

    yield Progress(None, "Writing")
    write_npy(extract.space.latent, path)
    return ()


_WRITERS: dict[str, Callable[[Extract, Path], Writing]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
    ".npy": _write_npy,
}


def _write_projector(extract: Extract, folder: Path, data: DataSet | None) -> Writing:
    from latentviewer.io.projector.writing import write_projector

    notes = []
    pictures = None
    if data is not None and _bytes_of(data, len(extract.rows)) > _MOST_PICTURE_BYTES:
        notes.append(
            f"Without pictures: {len(extract.rows):,} of {data.name} are too many for one sprite."
        )
    elif data is not None:
        yield Progress(None, "Pictures")
        pictures = data.images(extract.rows)
    yield Progress(None, "Writing")
    notes += write_projector(folder, extract.space, pictures=pictures, next_rows=extract.next_rows)
    return tuple(notes)


def _usable(data: DataSet, space: Space, notes: list[str]) -> DataSet | None:
    """The data set, if its sample i is the picture of row i."""
    if data.image == NO_IMAGE:
        return None
    if len(data) < len(space):
        notes.append(
            f"Without pictures: {data.name} has {len(data):,} samples, {space.name} "
            f"{len(space):,} rows."
        )
        return None
    return data


def _bytes_of(data: DataSet, count: int) -> int:
    return count * data.image.height * data.image.width * data.image.channels
