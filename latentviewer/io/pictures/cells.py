"""Pictures in the cells of a table, in the ways that are in use.

Bytes of an image file; a struct {bytes, path}, as Hugging Face and Embedding Atlas write it;
base64, alone or as a `data:` URI; or the place of a file below the table's folder.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.image_files import (
    BrokenImageError,
    ImageFacts,
    facts_in,
    image_in,
    read_facts,
    read_image,
)
from latentviewer.io.pictures.listing import is_image_name, place_below, points_outside
from latentviewer.io.within import lies_within

_LARGEST_PICTURE = 64 << 20
_LARGEST_TEXT = _LARGEST_PICTURE * 4 // 3 + 1024
_DATA_URI = re.compile(r"data:image/[\w.+-]+(;[\w.+-]+=[\w.+-]+)*;base64,", re.IGNORECASE)
_START = 64
"""Characters of base64 that suffice to tell an image; a multiple of four."""


class Cells(Protocol):
    """One column of a table."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Any:
        """The cell's value: bytes, a text, a mapping, or None where missing.

        Raises:
            UserError: that part of the table cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class CellPictures:
    """The pictures of a column; fulfils `latentviewer.io.pictures.lazy.Pictures`.

    Attributes:
        where: file and column, for sentences.
        folder: of the table; files that it names lie below, none is read elsewhere.
        cells: the column.
    """

    where: str
    folder: Path
    cells: Cells

    def __len__(self) -> int:
        return len(self.cells)

    def facts(self, row: int) -> ImageFacts:
        """Size and colour of one picture.

        Raises:
            UnsafeFileError: the cell names a file outside the table's folder.
            UserError: no picture, or a damaged one.
        """
        content = self._content(row)
        if isinstance(content, Path):
            return read_facts(content)
        return facts_in(content, self._where(row))

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """One picture, (h, w, c) uint8.

        Raises:
            UnsafeFileError, UserError: as `facts`.
        """
        content = self._content(row)
        if isinstance(content, Path):
            return read_image(content, shape)
        return image_in(content, self._where(row), shape)

    def _where(self, row: int) -> str:
        return f"{self.where}, row {row + 1}"

    def _content(self, row: int) -> bytes | Path:
        where = self._where(row)
        value = _inner(self.cells[row])
        if value is None or value in (b"", ""):
            raise BrokenImageError(f"{where} has no picture; fill it in or delete it.", "empty")
        if isinstance(value, bytes):
            if len(value) > _LARGEST_PICTURE:
                raise _too_large(where)
            return value
        if not isinstance(value, str):
            raise BrokenImageError(f"{where} holds no picture; mend it.", "no image")
        encoded = _encoded(value)
        if encoded is not None:
            return _decoded(encoded, where)
        return self._file(value, where)

    def _file(self, name: str, where: str) -> Path:
        path = self.folder / place_below(name, where)
        if "\0" in name or not lies_within(path, self.folder):
            raise points_outside(name, where)
        return path


def holds_pictures(values: Iterable[Any]) -> bool:
    """Whether all values of a column's beginning, missing ones aside, are pictures."""
    present = [value for v in values if (value := _inner(v)) not in (None, b"", "")]
    return bool(present) and all(map(_is_picture, present))


def first_pictures(names: Iterable[str], beginning: Callable[[str], Iterable[Any]]) -> str | None:
    """The first column whose beginning holds pictures, those in the table before named files."""
    named = None
    for name in names:
        values = list(beginning(name))
        if holds_pictures(values):
            inner = [_inner(value) for value in values]
            if all(not isinstance(v, str) or _encoded(v) is not None for v in inner):
                return name
            named = named or name
    return named


def is_image_start(start: bytes) -> bool:
    """Whether bytes are the first of a PNG, JPEG, WebP, GIF, BMP or TIFF file."""
    if start.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        return True
    if start.startswith(b"RIFF"):
        return start[8:12] == b"WEBP"
    if start.startswith(b"BM"):
        # Two letters are little: the four reserved bytes are 0, too.
        return len(start) >= 14 and start[6:10] == bytes(4)
    return start.startswith((b"II*\0", b"MM\0*"))


def _inner(value: Any) -> Any:
    """What a struct {bytes, path} holds: its bytes, else its path."""
    if not isinstance(value, Mapping):
        return value
    return value.get("bytes") or value.get("path")


def _is_picture(value: Any) -> bool:
    if isinstance(value, bytes):
        return is_image_start(value[:16])
    if not isinstance(value, str):
        return False
    return _encoded(value) is not None or is_image_name(value)


def _encoded(text: str) -> str | None:
    """The base64 of an image in a text, or None where it holds none."""
    uri = _DATA_URI.match(text[:200])
    if uri is not None:
        return text[uri.end() :]
    try:
        start = base64.b64decode(text[:_START], validate=True)
    except ValueError:
        return None
    return text if is_image_start(start) else None


def _decoded(encoded: str, where: str) -> bytes:
    if len(encoded) > _LARGEST_TEXT:
        raise _too_large(where)
    try:
        return base64.b64decode(encoded)
    except (binascii.Error, ValueError) as error:
        raise BrokenImageError(
            f"{where} holds base64 that is damaged; replace or delete it.", "damaged"
        ) from error


def _too_large(where: str) -> UserError:
    return BrokenImageError(
        f"{where} holds more than {_LARGEST_PICTURE >> 20} MB; make it smaller.", "too large"
    )
