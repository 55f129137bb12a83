"""Pictures in an .npy file, read from their place in it when they are asked for."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.image_files import BrokenImageError, ImageFacts
from latentviewer.io.npz import read_header
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.text_tables import columns_of, read_table, table_beside

_LARGEST_SIDE = 4_096


@dataclass(frozen=True, eq=False)
class NpyPictures:
    """Rows of an .npy; fulfils `latentviewer.io.pictures.lazy.Pictures`.

    Attributes:
        path: of the file.
        offset: of the first picture, in bytes.
        count: how many there are.
        stored: their shape.
        values: the highest value: 255, or 1 of an array of truth values.
    """

    path: Path
    offset: int
    count: int
    stored: ImageShape
    values: int

    def __len__(self) -> int:
        return self.count

    def facts(self, row: int) -> ImageFacts:
        """The same for all rows."""
        return ImageFacts(self.stored.height, self.stored.width, self.stored.channels == 1)

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """One picture as it is stored, (h, w, c) uint8; `shape` is the stored one.

        Raises:
            BrokenImageError: the file is gone, unreadable or shorter than it was.
        """
        inner = (shape.height, shape.width, shape.channels)
        size = math.prod(inner)
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset + row * size)
                content = file.read(size)
        except OSError as error:
            raise BrokenImageError(str(cannot_read(self.path, error)), "unreadable") from error
        if len(content) < size:
            raise BrokenImageError(f"{self.path} is shorter than it was; get it again.", "damaged")
        pixels = np.frombuffer(content, np.uint8).reshape(inner)
        return pixels if self.values == 255 else (pixels != 0).astype(np.uint8) * np.uint8(255)


def is_picture_array(path: Path) -> bool:
    """Whether an .npy holds pictures: uint8 or bool, (n, h, w) or (n, h, w, 1 or 3).

    Raises:
        UserError: unreadable or damaged.
    """
    return _pictures(path) is not None


def open_picture_array(path: Path, name: str) -> LazyImages:
    """The pictures in an .npy, with the columns of a table of the same name beside it.

    Raises:
        UserError: unreadable, damaged, no pictures, or a table that does not fit.
    """
    pictures = _pictures(path)
    if pictures is None:
        raise UserError(
            f"{path} holds no pictures; save uint8 of the shape (n, height, width) or "
            "(n, height, width, 3)."
        )
    columns: dict[str, Column] = {}
    table = table_beside(path)
    if table is not None:
        content = read_table(table)
        if len(content) != len(pictures):
            raise UserError(
                f"{table} and {path.name} do not belong together (rows: {len(content):,}, images: "
                f"{len(pictures):,}); give each image its row."
            )
        columns = columns_of(content)
    return LazyImages(name, pictures.stored, columns, (), pictures)


def _pictures(path: Path) -> NpyPictures | None:
    check_regular(path)
    try:
        with path.open("rb") as file:
            header = read_header(file, str(path))
            offset = file.tell()
        size = path.stat().st_size
    except OSError as error:
        raise cannot_read(path, error) from error
    shape = header.shape
    channels = shape[3] if len(shape) == 4 else 1
    kinds = (np.dtype(np.uint8), np.dtype(bool))
    if len(shape) not in (3, 4) or header.dtype not in kinds or channels not in (1, 3):
        return None
    if not shape[0] or not all(1 <= side <= _LARGEST_SIDE for side in shape[1:3]):
        return None
    if header.by_columns:
        raise UserError(f"{path} is in column order; save numpy.ascontiguousarray of it.")
    if offset + math.prod(shape) > size:
        raise UserError(f"{path} is cut short; make or copy it again.")
    stored = ImageShape(shape[1], shape[2], channels)
    return NpyPictures(path, offset, shape[0], stored, 1 if header.dtype == bool else 255)
