"""Folders of image files, with a table that names them or without."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.failures import cannot_read
from latentviewer.io.image_files import ImageFacts, read_facts, read_image
from latentviewer.io.pictures.lazy import LazyImages, open_lazily
from latentviewer.io.pictures.listing import (
    by_numbers,
    columns_of_places,
    is_image_name,
    listed,
    table_among,
)
from latentviewer.io.text_tables import TextTable, read_table
from latentviewer.io.thumbnail_cache import ThumbnailCache, usual_cache
from latentviewer.io.within import lies_within

# So that a disk's root, given by mistake, is not searched to its last corner.
_DEEPEST = 4


@dataclass(frozen=True, eq=False)
class FolderPictures:
    """Image files below a folder; fulfils `latentviewer.io.pictures.lazy.Pictures`.

    Attributes:
        folder: that the files lie in.
        files: (n,) their places below it, with slashes.
        copies: where small copies of large pictures are kept.
    """

    folder: Path
    files: tuple[str, ...]
    copies: ThumbnailCache

    def __len__(self) -> int:
        return len(self.files)

    def facts(self, row: int) -> ImageFacts:
        """As `read_facts`, of one file."""
        return read_facts(self.folder / self.files[row])

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """As `read_image`, of one file, or of its copy."""
        path = self.folder / self.files[row]
        return self.copies.picture(path, shape, lambda: read_image(path, shape))


def has_images(folder: Path) -> bool:
    """Whether an image file lies in a folder or below it."""
    return next(files_below(folder, is_image_name), None) is not None


def open_image_folder(place: Path, name: str) -> LazyImages:
    """The images in a folder; their pixels are read when asked for.

    A table in the folder (.csv, .tsv, .json, .jsonl) names the files in a column such as
    `file_name` or `file` and gives the order; its other columns are kept. Without a table all
    images in the folder and down to four below it are taken, by name, and the subfolder is the
    label. Sizes, colours and broken files: see `latentviewer.io.pictures.lazy.open_lazily`.

    Args:
        place: the folder, or the table in it where there are several.

    Raises:
        UnsafeFileError: the table names a file outside the folder.
        UserError: no images, none that can be read, or a table that is broken, names files that
            are not there or the same one twice with other values.
    """
    folder = place if place.is_dir() else place.parent
    found = sorted(files_below(folder, is_image_name), key=by_numbers)
    table, notes = _table_in(folder) if place.is_dir() else (read_table(place), [])
    if table is None:
        files, columns = tuple(found), columns_of_places(found)
        if not files:
            raise UserError(f"{folder} has no images in it; choose the folder that they lie in.")
    else:
        root = os.path.realpath(folder)
        files, columns, more = listed(
            folder, table, frozenset(found), lambda file: _is_file_below(root, file)
        )
        notes += more
    pictures = FolderPictures(folder, files, usual_cache())
    return open_lazily(name, pictures, columns, notes, str(folder))


def files_below(
    folder: Path, is_wanted: Callable[[str], bool], below: str = "", deep: int = 0
) -> Iterator[str]:
    """Places of files below the folder, with slashes, down to four folders deep.

    What is hidden, and links out of the folder, are passed over, and so are subfolders that may
    not be read.

    Args:
        is_wanted: by the file's name.
        below, deep: where the search is; for itself.
    """
    root = os.path.realpath(folder)
    inner = []
    try:
        with os.scandir(folder / below) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    inner.append(name)
                elif is_wanted(name) and (not entry.is_symlink() or _is_below(root, entry.path)):
                    yield f"{below}{name}"
    except OSError:
        # The folder itself is tried again, and named, by whoever opens it.
        return
    if deep < _DEEPEST:
        for name in sorted(inner):
            yield from files_below(folder, is_wanted, f"{below}{name}/", deep + 1)


def _is_file_below(root: str, file: str) -> bool | None:
    path = os.path.join(root, file)  # noqa: PTH118 - many are asked about
    if "\0" in file or not os.path.isfile(path):  # noqa: PTH113
        return None
    return _is_below(root, path)


def _is_below(root: str, path: str) -> bool:
    return os.path.realpath(path).startswith(root.rstrip(os.sep) + os.sep)


def _table_in(folder: Path) -> tuple[TextTable | None, list[str]]:
    try:
        names = [p.name for p in folder.iterdir() if lies_within(p, folder)]
    except OSError as error:
        raise cannot_read(folder, error) from error
    return table_among(folder, names, lambda name: read_table(folder / name))
