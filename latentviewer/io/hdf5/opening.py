"""HDF5 files, read without trusting them.

Nothing outside the file is ever opened: of its links only hard ones are followed, and datasets
that keep their values in other files are refused before they are looked into. What a dataset
claims to hold is compared with what the file stores before memory is taken for it.
"""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import Latents
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.npz import damaged

# h5py and pyarrow are imported where they are used: they must not be on the way to the first
# window.

NUMERIC = "biuf"
MOST_MEMBERS = 10_000
_DEEPEST = 32
_MAGIC = b"\x89HDF\r\n\x1a\n"
# Deflate packs zeros 1,032 to 1; small datasets may shrink as they like.
_LARGEST_RATIO = 1_100
_RATIO_COUNTS_FROM_BYTES = 64 << 20
_BLOCK_BYTES = 64 << 20
_FIRST_TEXT_BYTES = 64
_MOST_ATTRIBUTE_BYTES = 1 << 20
_MOST_SENTENCES = 20
_BUILT_IN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32_000})
"""Deflate, shuffle, Fletcher-32, szip, n-bit, scale-offset, and the LZF that h5py has in it."""

_DAMAGE = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    IndexError,
)
"""What h5py raises over a damaged file: it hands on whatever its C library stumbled over."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset that was found harmless.

    Attributes:
        name: its path in the file, such as `train/z`; different for each.
        group: the path of the group that it lies in; empty for the root.
        shape, dtype: as the file has them. handle: h5py's.
    """

    name: str
    group: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    handle: Any

    @property
    def is_table(self) -> bool:
        """Whether it is a table of numbers, (n, d) with d ≥ 1."""
        return len(self.shape) == 2 and self.shape[1] > 0 and self.dtype.kind in NUMERIC


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, told by its magic bytes, which may follow a block of any content.

    Raises:
        UserError: missing, unreadable, or no file.
    """
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            offset = 0
            while offset + len(_MAGIC) <= size:
                file.seek(offset)
                if file.read(len(_MAGIC)) == _MAGIC:
                    return True
                offset = max(512, 2 * offset)
    except OSError as error:
        raise cannot_read(path, error) from error
    return False


def is_dataset(handle: Any) -> bool:
    """Whether h5py's handle is a dataset's; its shape, which may lie elsewhere, is not asked."""
    import h5py

    return isinstance(handle, h5py.Dataset)


class Hdf5File:
    """An open HDF5 file.

    Attributes:
        path: of the file.
        refused: why a member is not read, by its path.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self.root = file
        self.refused: dict[str, UserError] = {}
        self._size = path.stat().st_size
        self._left_to_read = max(4 * _RATIO_COUNTS_FROM_BYTES, _LARGEST_RATIO * self._size)
        self._members = 0

    def where(self, name: str) -> str:
        """What sentences call a member."""
        return f"{self.path}, “{name}”"

    def members(self, group: Any, path: str) -> Iterator[tuple[str, Any]]:
        """The groups and datasets directly in a group; others are noted in `refused`.

        Raises:
            UserError: damaged, or more members than a file of embeddings has.
        """
        import h5py

        with reading(self.where(path) if path else str(self.path)):
            self._members += len(group)
            names = list(group) if self._members <= MOST_MEMBERS else []
        if self._members > MOST_MEMBERS:
            raise UserError(
                f"{self.path} has more than {MOST_MEMBERS:,} members, too many for a file of "
                "embeddings; save them as one dataset of a row each."
            )
        for name in names:
            # A name that is not UTF-8 comes as bytes.
            if not isinstance(name, str):
                name = name.decode("utf-8", "surrogateescape")
            within = f"{path}/{name}" if path else name
            # A name that cannot be shown in a sentence cannot be typed either.
            if not name.isprintable() or "/" in name or name == ".":
                self._refuse(ascii(within), "its name cannot be shown; give it another")
                continue
            try:
                with reading(self.where(within)):
                    link = group.get(name, getlink=True)
                    if isinstance(link, h5py.HardLink):
                        yield name, group[name]
                        continue
            except UserError as error:
                self.refused[within] = error
                continue
            if isinstance(link, h5py.SoftLink):
                self._refuse(
                    within,
                    f"it is a link to “{link.path}”, and links are not followed; "
                    "name what it points to",
                )
            else:
                self._refuse(
                    within,
                    "it is a link to another file, which is not opened; copy it into this one",
                    unsafe=True,
                )

    def member(self, group: Any, name: str) -> Any:
        """A group's member of this name by h5py's handle, or None; links are not followed."""
        import h5py

        if not name or "/" in name or name == ".":
            return None
        with reading(self.where(name)):
            if not isinstance(group, h5py.Group):
                return None
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                return None
            return group[name]

    def datasets(self) -> list[Dataset]:
        """All harmless datasets at any depth, each once; others are noted in `refused`.

        Raises:
            UserError: damaged, or too many or too deep groups.
        """
        import h5py

        found: list[Dataset] = []
        seen = {self._address(self.root)}
        waiting: list[tuple[str, Any]] = [("", self.root)]
        while waiting:
            path, group = waiting.pop()
            if path.count("/") >= _DEEPEST:
                raise UserError(
                    f"{self.path} nests its groups more than {_DEEPEST} deep; save the "
                    "embeddings nearer to its root."
                )
            below = []
            for name, member in self.members(group, path):
                within = f"{path}/{name}" if path else name
                # Hard links can lead back to a group above, so that the walk would never end.
                address = self._address(member)
                if address in seen:
                    continue
                seen.add(address)
                if isinstance(member, h5py.Group):
                    below.append((within, member))
                elif is_dataset(member):
                    try:
                        found.append(self.dataset(member, within, path))
                    except UserError as error:
                        self.refused[within] = error
            waiting.extend(reversed(below))
        return found

    def dataset(self, handle: Any, name: str, group: str = "") -> Dataset:
        """A dataset, after it was found harmless.

        Raises:
            UnsafeFileError: its values lie in other files, or it claims absurdly many.
            UserError: damaged, packed by a filter that is not built in, or without a shape.
        """
        where = self.where(name)
        if not is_dataset(handle):
            raise UserError(f"{where} is no dataset; save it as one.")
        with reading(where):
            made = handle.id.get_create_plist()
            layout = made.get_layout()
            # Before its shape is asked for: that of a virtual dataset is looked up in other files.
            if layout == _layouts().VIRTUAL or made.get_external_count():
                raise UnsafeFileError(
                    f"{where} keeps its values in other files, which are not opened; "
                    "copy it as an ordinary dataset."
                )
            filters = [made.get_filter(i) for i in range(made.get_nfilters())]
            shape, dtype = handle.shape, handle.dtype
            stored = handle.id.get_storage_size()
            chunk = made.get_chunk() if layout == _layouts().CHUNKED else ()
        foreign = [f for f in filters if f[0] not in _BUILT_IN_FILTERS]
        if foreign:
            title = foreign[0][3].decode("ascii", "replace") or f"number {foreign[0][0]}"
            raise UserError(
                f"{where} is packed by the filter “{title}”, which is not read here; save it "
                "with gzip or without compression."
            )
        if shape is None:
            raise UserError(f"{where} is empty; save it with values.")
        claimed = math.prod(shape) * dtype.itemsize
        largest = max(claimed, math.prod(chunk) * dtype.itemsize) if claimed else 0
        whole = layout == _layouts().CONTIGUOUS and stored > 0
        swells = largest > max(_RATIO_COUNTS_FROM_BYTES, _LARGEST_RATIO * stored)
        if swells or stored > self._size or (whole and claimed > self._size):
            raise UnsafeFileError(
                f"{where} claims {largest:,} bytes where {min(stored, self._size):,} are stored; "
                "such a file is refused, save it again."
            )
        return Dataset(name, group, tuple(shape), dtype, handle)

    def latents(self, dataset: Dataset) -> Latents:
        """A table as (n, d) float32, some rows at a time so that it is never there twice.

        Raises:
            UserError: damaged, too large for float32, or too much for one file.
        """
        from latentviewer.io.arrow_columns import check_range

        where = self.where(dataset.name)
        rows, dims = dataset.shape
        self._spend(rows * dims * 4, where)
        with reading(where):
            latents = np.empty((rows, dims), np.float32)
            if dataset.dtype == np.float32 and rows:
                dataset.handle.read_direct(latents)
                return latents
            at_once = max(1, _BLOCK_BYTES // (dims * dataset.dtype.itemsize))
            chunk = dataset.handle.chunks
            if chunk:
                at_once = -(-at_once // chunk[0]) * chunk[0]
            for start in range(0, rows, at_once):
                block = dataset.handle[start : start + at_once]
                with np.errstate(over="ignore"):
                    latents[start : start + at_once] = block
                check_range(block, latents[start : start + at_once], where)
        return latents

    def numbers(self, dataset: Dataset) -> NDArray[Any]:
        """All values of a dataset of numbers, or of a compound one without texts of any length.

        Raises:
            UserError: damaged, of another type, or too much for one file.
        """
        where = self.where(dataset.name)
        if dataset.dtype.hasobject or dataset.dtype.kind not in NUMERIC + "SV":
            raise UserError(f"{where} holds values of type {dataset.dtype}; save real numbers.")
        self._spend(math.prod(dataset.shape) * dataset.dtype.itemsize, where)
        with reading(where):
            return np.asarray(dataset.handle[()])

    def is_text(self, dataset: Dataset) -> bool:
        """Whether a dataset holds texts, of fixed or of any length."""
        import h5py

        return h5py.check_string_dtype(dataset.dtype) is not None

    def texts(self, dataset: Dataset) -> list[str]:
        """The texts of a dataset of shape (n,); bytes that are not UTF-8 become `�`.

        Raises:
            UnsafeFileError: rows that share their bytes, so that they add up to absurdly many.
            UserError: damaged, or no texts.
        """
        where = self.where(dataset.name)
        if not self.is_text(dataset) or len(dataset.shape) != 1:
            raise UserError(f"{where} holds values of type {dataset.dtype}; save texts.")
        if dataset.dtype.kind == "S":
            parts = [self.numbers(dataset)]
        else:
            with reading(where):
                parts = list(self._text_blocks(dataset, where))
        return [text.decode("utf-8", "replace") for part in parts for text in part.tolist()]

    def attribute(self, handle: Any, name: str) -> Any:
        """An attribute's value, or None where there is none or none that is small."""
        import h5py

        with reading(str(self.path)):
            if name not in handle.attrs:
                return None
            attribute = h5py.h5a.open(handle.id, name.encode())
            claimed = math.prod(attribute.shape) * attribute.get_type().get_size()
            if claimed > min(_MOST_ATTRIBUTE_BYTES, self._size):
                return None
            return handle.attrs[name]

    def attribute_texts(self, handle: Any, name: str) -> Sequence[str]:
        """The texts that an attribute lists; one text is a list of one, anything else none."""
        value = self.attribute(handle, name)
        listed = [value] if isinstance(value, str | bytes) else np.ravel(value).tolist()
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in listed]
        return [text for text in texts if isinstance(text, str)]

    def refuse(self, name: str, error: UserError) -> None:
        """Notes why a member is not read."""
        self.refused[name] = error

    def left_out(self) -> list[str]:
        """The refusals as sentences, the first of many."""
        sentences = [str(error) for error in self.refused.values()]
        more = len(sentences) - _MOST_SENTENCES
        return sentences[:_MOST_SENTENCES] + ([f"{more} more are left out."] if more > 0 else [])

    def _text_blocks(self, dataset: Dataset, where: str) -> Iterator[NDArray[Any]]:
        # Rows of any length may all point to the same bytes, and as objects each would be a copy.
        # Asked for as texts of a fixed length they take the memory that they are allowed to, and
        # one that fills its place may have been cut: it is read again into a longer one.
        start, width, total = 0, _FIRST_TEXT_BYTES, 0
        while start < dataset.shape[0]:
            rows = max(1, _BLOCK_BYTES // (16 * width))
            block = dataset.handle.astype(f"S{width}")[start : start + rows]
            lengths = np.strings.str_len(block)
            if int(lengths.max(initial=0)) >= width:
                if width > self._size:
                    raise damaged(where)
                width = min(16 * width, self._size + 1)
                continue
            total += int(lengths.sum())
            if total > self._size:
                raise UnsafeFileError(
                    f"{where} has rows that share their bytes, more than the file has; such a "
                    "file is refused, save it again."
                )
            yield block
            start, width = start + rows, _FIRST_TEXT_BYTES

    def _spend(self, count: int, where: str) -> None:
        self._left_to_read -= count
        if self._left_to_read < 0:
            raise UnsafeFileError(
                f"{where} and what was read before it unpack to far more than the file's "
                f"{self._size:,} bytes; such a file is refused, save it again."
            )

    def _refuse(self, name: str, reason: str, unsafe: bool = False) -> None:
        kind = UnsafeFileError if unsafe else UserError
        self.refuse(name, kind(f"{self.where(name)} is left out: {reason}."))

    def _address(self, handle: Any) -> tuple[int, int]:
        import h5py

        with reading(str(self.path)):
            about = h5py.h5o.get_info(handle.id)
            return int(about.fileno), int(about.addr)


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Hdf5File]:
    """An HDF5 file open for reading; whatever breaks inside the block is a UserError.

    Raises:
        UserError: unreadable, damaged, or open for writing elsewhere.
    """
    check_regular(path)
    if not is_hdf5(path):
        raise damaged(str(path))
    _forget_plugins()
    import h5py

    with reading(str(path)), h5py.File(path, "r") as file:
        yield Hdf5File(path, file)


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Whatever h5py raises inside the block becomes a UserError.

    Args:
        where: file and place, for its sentence.
    """
    try:
        yield
    except BlockingIOError as error:
        raise UserError(
            f"{where} is being written by another program; close it there and try again."
        ) from error
    except MemoryError as error:
        raise UserError(
            f"{where} needs more memory than there is; save fewer rows or columns."
        ) from error
    except _DAMAGE as error:
        raise damaged(where) from error


def _forget_plugins() -> None:
    # HDF5 looks for filters that it does not know in folders of native libraries, and loads them.
    # The variable turns that off where the library is not loaded yet; without its folders it
    # finds nothing either way. Neither touches the filters that are built in.
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
    from h5py import h5pl

    while h5pl.size():
        h5pl.remove(0)


def _layouts() -> Any:
    from h5py import h5d

    return h5d
