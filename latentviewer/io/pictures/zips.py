"""A zip of image files: nothing is unpacked to the disk, entries are read one by one.

Memory stays bounded whatever the zip claims: an entry of more than 64 MB is a broken picture,
and only stored and deflated entries are read, since those stop where the claimed size ends.
"""

import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.failures import cannot_read, first_line
from latentviewer.io.image_files import BrokenImageError, ImageFacts, facts_in, image_in
from latentviewer.io.pictures.lazy import LazyImages, open_lazily
from latentviewer.io.pictures.listing import (
    by_numbers,
    columns_of_places,
    is_image_name,
    listed,
    table_among,
)
from latentviewer.io.text_tables import MOST_BYTES, TABLE_SUFFIXES, TextTable, table_in

_LARGEST_PICTURE = 64 << 20
_MOST_ENTRIES = 2_000_000
_LARGEST_BYTES = 1 << 40
# Flat pictures in BMP shrink as far as deflate can, 1,032 to 1.
_LARGEST_RATIO = 1_100
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, eq=False)
class ZipPictures:
    """Pictures in a zip; fulfils `latentviewer.io.pictures.lazy.Pictures`.

    Attributes:
        path: of the zip, which stays open.
        archive: the open zip.
        entries: (n,) of the pictures.
    """

    path: Path
    archive: zipfile.ZipFile
    entries: tuple[zipfile.ZipInfo, ...]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.entries)

    def facts(self, row: int) -> ImageFacts:
        """Size and colour of one picture.

        Raises:
            BrokenImageError: damaged, of another checksum, or too large.
        """
        return facts_in(self._content(row), self._where(row))

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """One picture, (h, w, c) uint8.

        Raises:
            BrokenImageError: damaged, of another checksum, or too large.
        """
        return image_in(self._content(row), self._where(row), shape)

    def _where(self, row: int) -> str:
        return f"{self.path}, “{self.entries[row].filename}”"

    def _content(self, row: int) -> bytes:
        with self._lock:
            return _read(self.archive, self.entries[row], self.path, _LARGEST_PICTURE)


def has_zipped_images(path: Path) -> bool:
    """Whether a file is a zip with an image in it.

    Raises:
        UserError: unreadable or damaged.
    """
    with _opened(path) as archive:
        return any(_is_picture(name) for name in archive.namelist())


def open_image_zip(path: Path, name: str) -> LazyImages:
    """The images in a zip, as `open_image_folder` takes those in a folder.

    One folder around everything is passed over, so that `set/cat/1.png` is a `cat`. What is
    hidden, or packed under `__MACOSX`, is left out. The file stays open.

    Raises:
        UnsafeFileError: a forged zip, or a table that names files outside it.
        UserError: encrypted, damaged, no images, none that can be read, or a broken table.
    """
    archive = _opened(path)
    try:
        return _of_archive(archive, path, name)
    except BaseException:
        archive.close()
        raise


def _of_archive(archive: zipfile.ZipFile, path: Path, name: str) -> LazyImages:
    entries = {
        entry.filename.replace("\\", "/"): entry
        for entry in checked_entries(archive, path, _LARGEST_BYTES, _LARGEST_RATIO, _MOST_ENTRIES)
    }
    found = [place for place in entries if _is_picture(place)]
    if not found:
        raise UserError(f"{path} has no images in it; open a zip that has.")
    tables = [
        place
        for place in entries
        if place.lower().endswith(TABLE_SUFFIXES) and not _is_hidden(place)
    ]
    around = _folder_around(found, tables)
    inside = sorted((place[len(around) :] for place in found), key=by_numbers)
    names = [table[len(around) :] for table in tables if _lies_in(table, around)]

    def read(table: str) -> TextTable:
        entry = entries[around + table]
        return table_in(_read(archive, entry, path, MOST_BYTES), path / entry.filename)

    table, notes = table_among(path, names, read)
    if table is None:
        files, columns = tuple(inside), columns_of_places(inside)
    else:
        files, columns, more = listed(path, table, frozenset(inside), lambda _: None)
        notes += more
    pictures = ZipPictures(path, archive, tuple(entries[around + file] for file in files))
    return open_lazily(name, pictures, columns, notes, str(path))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    except ZIP_DAMAGE as error:
        raise UserError(
            f"{path} is no zip or is damaged ({first_line(error)}); make or copy it again."
        ) from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, largest: int) -> bytes:
    where = f"{path}, “{entry.filename}”"
    if entry.file_size > largest:
        raise BrokenImageError(
            f"{where} is larger than {largest >> 20} MB; make it smaller.", "too large"
        )
    if entry.compress_type not in _PACKED:
        raise BrokenImageError(
            f"{where} is packed in an unusual way (number {entry.compress_type}); pack the zip "
            "again with deflate.",
            "packed unusually",
        )
    try:
        with archive.open(entry) as file:
            # With a size, so that no more is unpacked than the entry claims.
            content = file.read(entry.file_size)
    except OSError as error:
        raise BrokenImageError(str(cannot_read(path, error)), "unreadable") from error
    except ZIP_DAMAGE as error:
        raise BrokenImageError(
            f"{where} is damaged ({first_line(error)}); make or copy the zip again.", "damaged"
        ) from error
    if len(content) < entry.file_size:
        raise BrokenImageError(f"{where} is cut short; make or copy the zip again.", "damaged")
    return content


def _is_hidden(place: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(place).parts)


def _is_picture(name: str) -> bool:
    place = name.replace("\\", "/")
    return is_image_name(place) and not _is_hidden(place)


def _folder_around(places: list[str], tables: list[str]) -> str:
    """The folder that holds everything, with a slash at its end; not one that is a label."""
    around = ""
    while not any(_lies_in(table, around) for table in tables):
        rests = [place[len(around) :] for place in places]
        first, slash, _ = rests[0].partition("/")
        inner = f"{around}{first}/"
        if not slash or not all(rest.startswith(f"{first}/") for rest in rests):
            break
        deeper = any("/" in rest[len(first) + 1 :] for rest in rests)
        if not deeper and not any(_lies_in(table, inner) for table in tables):
            break
        around = inner
    return around


def _lies_in(place: str, folder: str) -> bool:
    return place.startswith(folder) and "/" not in place[len(folder) :]
