"""Folders of image files, with a table that names them or without."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column, Texts, categories_of
from latentviewer.io.failures import cannot_read
from latentviewer.io.image_data import check_rows
from latentviewer.io.image_files import IMAGE_SUFFIXES, ImageFacts, read_facts, read_image
from latentviewer.io.text_tables import TABLE_SUFFIXES, TextTable, columns_of, read_table

_FILE_COLUMNS = ("file_name", "filename", "file", "path", "image", "image_path", "img", "picture")
_USUAL_TABLES = frozenset({"metadata", "labels", "index"})
_LARGEST_SIDE = 256
# So that a disk's root, given by mistake, is not searched to its last corner.
_DEEPEST = 4


@dataclass(frozen=True, eq=False)
class ImageFolderData:
    """Image files that are read when they are asked for; fulfils `DataSet`.

    Attributes:
        name: what the set is called.
        folder: that the files lie in.
        files: (n,) their places below it, with slashes.
        image: the shape that every one is brought to.
        columns: those of the table, or `file` and, from subfolders, `label`.
        notes: sentences on what was changed or left out.
    """

    name: str
    folder: Path
    files: tuple[str, ...]
    image: ImageShape
    columns: Mapping[str, Column]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named images, (len(rows), h, w, c) uint8, read now.

        Raises:
            IndexError: a row is negative or past the end.
            UserError: a file is gone, cut short or damaged.
        """
        check_rows(rows, len(self), self.name)
        shape = self.image
        pixels = np.empty((len(rows), shape.height, shape.width, shape.channels), np.uint8)
        for i, row in enumerate(rows.tolist()):
            pixels[i] = read_image(self.folder / self.files[row], shape)
        return pixels


def has_images(folder: Path) -> bool:
    """Whether an image file lies in a folder or below it."""
    return next(_image_files(folder), None) is not None


def open_image_folder(place: Path, name: str) -> ImageFolderData:
    """The images in a folder; their headers are read now, their pixels when asked for.

    A table in the folder (.csv, .tsv, .json, .jsonl) names the files in a column such as
    `file_name` or `file` and gives the order; its other columns are kept. Without a table all
    images in the folder and down to four below it are taken, by name, and the subfolder is the
    label. All are brought to the commonest size, and to at most 256 pixels a side; grey where
    all are grey, else RGB.

    Args:
        place: the folder, or the table in it where there are several.

    Raises:
        UnsafeFileError: the table names a file outside the folder.
        UserError: no images, a damaged one, a table that is broken, or names files that are not
            there or the same one twice with other values.
    """
    folder = place if place.is_dir() else place.parent
    found = sorted(_image_files(folder), key=_by_numbers)
    table, notes = _table_in(folder) if place.is_dir() else (read_table(place), [])
    if table is None:
        files, columns = tuple(found), _columns_of_places(found)
        if not files:
            raise UserError(f"{folder} has no images in it; choose the folder that they lie in.")
    else:
        files, columns, more = _listed(folder, table)
        notes += more
        unnamed = sorted(set(found) - set(files), key=_by_numbers)
        if unnamed:
            notes.append(
                f"Images that {table.path.name} does not name are left out: {len(unnamed):,}, such "
                f"as “{unnamed[0]}”."
            )
    shape, resized = _common_shape([read_facts(folder / file) for file in files])
    return ImageFolderData(name, folder, files, shape, columns, (*notes, *resized))


def _image_files(folder: Path) -> Iterator[str]:
    """Places below the folder; what is hidden, and links out of the folder, are passed over."""
    root = os.path.realpath(folder)
    for at, folders, files in os.walk(folder):
        deep = len(Path(at).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and deep < _DEEPEST)
        for name in files:
            if name.startswith(".") or Path(name).suffix.lower() not in IMAGE_SUFFIXES:
                continue
            path = Path(at) / name
            if not path.is_symlink() or _is_below(root, path):
                yield path.relative_to(folder).as_posix()


def _is_below(root: str, path: Path) -> bool:
    return os.path.realpath(path).startswith(root.rstrip(os.sep) + os.sep)


def _by_numbers(file: str) -> list[tuple[int, str]]:
    """So that `img2` comes before `img10`."""
    return [(int(t), t) if t.isdecimal() else (-1, t) for t in re.split(r"([0-9]{1,18})", file)]


def _table_in(folder: Path) -> tuple[TextTable | None, list[str]]:
    try:
        there = sorted(p for p in folder.iterdir() if p.suffix.lower() in TABLE_SUFFIXES)
    except OSError as error:
        raise cannot_read(folder, error) from error
    tables = [p for p in there if p.stem.lower() in _USUAL_TABLES] or there
    if len(tables) > 1:
        raise UserError(
            f"{folder} has several tables ({', '.join(p.name for p in tables[:5])}); open the one "
            "that names the images instead of the folder."
        )
    if not tables:
        return None, []
    path = tables[0]
    if path.suffix.lower() not in (".json", ".jsonl") or path.stem.lower() in _USUAL_TABLES:
        return read_table(path), []
    try:
        table = read_table(path)
        _file_column(table)
    except UserError:
        # Many things are written as JSON.
        return None, [f"{path.name} is not a table that names images; it is left out."]
    return table, []


def _file_column(table: TextTable) -> int:
    folded = [re.sub(r"[\s-]+", "_", name.strip().casefold()) for name in table.names]
    for wanted in _FILE_COLUMNS:
        if wanted in folded:
            return folded.index(wanted)
    for i in range(len(folded)):
        if all(PurePosixPath(row[i]).suffix.lower() in IMAGE_SUFFIXES for row in table.rows):
            return i
    raise UserError(
        f"{table.path} does not say which image a row is about (its columns: "
        f"{', '.join(table.names[:8])}); call the column of file names “file_name”."
    )


def _listed(folder: Path, table: TextTable) -> tuple[tuple[str, ...], dict[str, Column], list[str]]:
    """Files, columns and notes of a table."""
    column, root = _file_column(table), os.path.realpath(folder)
    first: dict[str, int] = {}
    missing = []
    for number, row in enumerate(table.rows):
        where = f"{table.path}, {table.places[number]}"
        file = _place_below(row[column], where)
        path = folder / file
        if "\0" in file or not path.is_file():
            missing.append(f"“{row[column]}” ({table.places[number]})")
            continue
        if not _is_below(root, path):
            raise _points_outside(row[column], where)
        before = first.setdefault(file, number)
        if before != number and table.rows[before] != row:
            raise UserError(
                f"{where} names “{row[column]}” as {table.places[before]} does, with other "
                "values; keep one of the two."
            )
    if missing:
        raise UserError(
            f"{table.path} names files that {folder} does not have ({len(missing):,}, first "
            f"{missing[0]}); put them there or delete their rows."
        )
    notes = []
    if len(first) < len(table):
        twice = len(table) - len(first)
        notes.append(f"Rows of {table.path.name} that repeat an earlier one, left out: {twice:,}.")
    kept = list(first.values())
    once = TextTable(
        table.path,
        table.names,
        tuple(table.rows[i] for i in kept),
        tuple(table.places[i] for i in kept),
    )
    return tuple(first), columns_of(once), notes


def _place_below(name: str, where: str) -> str:
    """A file's place below the folder, with slashes, however the table writes it."""
    windows = PureWindowsPath(name)
    if not name.strip():
        raise UserError(f"{where} names no file; fill in or delete that row.")
    if windows.drive or windows.root or PurePosixPath(name).is_absolute() or ".." in windows.parts:
        raise _points_outside(name, where)
    return windows.as_posix()


def _points_outside(name: str, where: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"{where} names “{name}”, which lies outside the table's folder; it is refused, put the "
        "file below the folder."
    )


def _columns_of_places(files: Sequence[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    parents = [PurePosixPath(file).parts[:-1] for file in files]
    if files and all(parents):
        columns["label"] = categories_of([parts[0] for parts in parents])
    return {**columns, "file": Texts(tuple(files))}


def _common_shape(facts: Sequence[ImageFacts]) -> tuple[ImageShape, list[str]]:
    """The commonest size, the larger of two that are equally common, within bounds; notes."""
    counts = Counter((f.width, f.height) for f in facts)
    width, height = max(counts, key=lambda size: (counts[size], size[0] * size[1], size))
    shrink = min(1.0, _LARGEST_SIDE / max(width, height))
    to_width, to_height = max(1, round(width * shrink)), max(1, round(height * shrink))
    shape = ImageShape(to_height, to_width, 1 if all(f.grey for f in facts) else 3)
    if len(counts) > 1:
        by_area = sorted(counts, key=lambda size: (size[0] * size[1], size))
        small, large = (f"{w} x {h}" for w, h in (by_area[0], by_area[-1]))
        return shape, [
            f"The images are of {len(counts)} sizes, from {small} to {large} pixels; each is "
            f"fitted into {to_width} x {to_height}, with white where its proportions differ."
        ]
    if shrink < 1:
        return shape, [
            f"The images of {width} x {height} pixels are made smaller, {to_width} x {to_height}."
        ]
    return shape, []
