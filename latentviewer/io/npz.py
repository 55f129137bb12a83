"""numpy's .npz files, looked into before they are believed; pickled content is never loaded."""

import math
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.failures import cannot_read

# The header is a Python literal, and its parser raises whatever the text provokes.
_HEADER_DAMAGE = (
    ValueError,
    EOFError,
    SyntaxError,
    TypeError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
# Nothing that was packed well-formed shrinks more: this is what deflate does to zeros.
_DEFLATE_RATIO = 1_100
_LARGEST_BYTES = 64 << 30


@dataclass(frozen=True)
class ArrayHeader:
    """What an array in a file is, before it is read.

    Attributes:
        by_columns: whether its first axis changes fastest.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool

    @property
    def nbytes(self) -> int:
        """The bytes that its values take."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes] | Any, where: str) -> ArrayHeader:
    """The header of an .npy file; an array of Python objects has one too.

    Raises:
        UserError: damaged.
    """
    try:
        version = npy_format.read_magic(file)
        read = (
            npy_format.read_array_header_1_0
            if version == (1, 0)
            else npy_format.read_array_header_2_0
        )
        shape, by_columns, dtype = read(file)
    except _HEADER_DAMAGE as error:
        raise damaged(where) from error
    return ArrayHeader(shape, dtype, by_columns)


def damaged(where: str) -> UserError:
    """The refusal of a file, or of an array in it, that cannot be read."""
    return UserError(f"{where} is cut short or damaged; make or copy it again.")


class NpzArrays:
    """The arrays of an open .npz file.

    Attributes:
        path: of the file.
        headers: by name of array; those that hold Python objects too, they can't be read.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        # An .npz of black and white pictures packs more than 100 to 1, so that the usual guard
        # would refuse it. Whoever reads an array bounds its size by its header instead.
        self._entries = {
            entry.filename.removesuffix(".npy"): entry
            for entry in checked_entries(archive, path, _LARGEST_BYTES, _DEFLATE_RATIO)
            if entry.filename.endswith(".npy")
        }
        self.headers: Mapping[str, ArrayHeader] = {
            name: self._header(name) for name in self._entries
        }

    def where(self, name: str) -> str:
        """What sentences call an array."""
        return f"{self.path}, array “{name}”"

    def read(self, name: str, most_bytes: int) -> NDArray[Any]:
        """A whole array.

        Raises:
            UserError: damaged, larger than `most_bytes`, or of Python objects.
        """
        header = self.headers[name]
        if header.dtype.hasobject:
            raise UserError(f"{self.where(name)} holds Python objects, which are not read.")
        if header.nbytes > most_bytes:
            raise UserError(
                f"{self.where(name)} is too large ({header.nbytes:,} bytes, at most "
                f"{most_bytes:,}); save fewer rows."
            )
        with self._archive.open(self._entries[name]) as stream:
            return np.asarray(npy_format.read_array(stream, allow_pickle=False))

    def blocks(self, name: str, block_bytes: int) -> Iterator[NDArray[Any]]:
        """An array in order, some of its rows at a time, so that it is never whole in memory.

        Yields:
            Arrays of the same dtype, of at most `block_bytes` but at least one row.

        Raises:
            UserError: cut short, damaged, or stored by columns.
        """
        header = self.headers[name]
        if header.by_columns and len(header.shape) > 1:
            raise UserError(
                f"{self.where(name)} is stored by columns; save it through np.ascontiguousarray."
            )
        inner = header.shape[1:]
        row_bytes = math.prod(inner) * header.dtype.itemsize
        at_once = max(1, block_bytes // max(1, row_bytes))
        with self._archive.open(self._entries[name]) as stream:
            read_header(stream, self.where(name))
            for start in range(0, header.shape[0], at_once):
                count = min(at_once, header.shape[0] - start)
                content = stream.read(count * row_bytes)
                if len(content) != count * row_bytes:
                    raise damaged(self.where(name))
                yield np.frombuffer(content, header.dtype).reshape(count, *inner)

    def _header(self, name: str) -> ArrayHeader:
        entry = self._entries[name]
        with self._archive.open(entry) as stream:
            header = read_header(stream, self.where(name))
            size = stream.tell() + header.nbytes
        # How long a pickle is its header does not say.
        if not header.dtype.hasobject and size != entry.file_size:
            raise damaged(self.where(name))
        return header


@contextmanager
def opened_npz(path: Path) -> Iterator[NpzArrays]:
    """An .npz file with all its headers read; whatever breaks inside the block is a UserError.

    Raises:
        UnsafeFileError: a forged zip.
        UserError: unreadable or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield NpzArrays(path, archive)
    except ZIP_DAMAGE as error:
        raise damaged(str(path)) from error
    except OSError as error:
        raise cannot_read(path, error) from error
