"""IDX files, plain or gzip: the format of MNIST and its relatives.

Layout: a big-endian 32-bit magic 0x0000TTDD (TT the element type, 08 for uint8; DD the
number of axes), one big-endian 32-bit size for each axis, then the elements.
"""

import gzip
import math
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.torchvision_operators import declare_missing_operators

IMAGES_MAGIC = 0x0803
LABELS_MAGIC = 0x0801
_AXES = {IMAGES_MAGIC: 3, LABELS_MAGIC: 1}
_CONTENT = {IMAGES_MAGIC: "images", LABELS_MAGIC: "labels"}
_CHUNK = 1 << 20
# Deflate packs zeros 1,032 to 1, and real pictures seldom more than tenfold; small files may
# shrink as they like.
_LARGEST_RATIO = 100
_RATIO_COUNTS_FROM_BYTES = 64 << 20


def read_images(path: Path) -> NDArray[np.uint8]:
    """The pictures of an IDX file, (n, h, w) uint8.

    Raises:
        UnsafeFileError: packed, and it would unpack to an absurd size.
        UserError: unreadable, of another format, cut short, or longer than it says.
    """
    with _checked(path, IMAGES_MAGIC) as (plain, shape):
        if 0 in shape:
            return np.zeros(shape, np.uint8)
        declare_missing_operators()
        from torchvision.datasets.mnist import read_image_file

        pixels: NDArray[np.uint8] = read_image_file(str(plain)).numpy()
        return pixels


def read_labels(path: Path) -> NDArray[np.uint8]:
    """The labels of an IDX file, (n,) uint8.

    Raises:
        UnsafeFileError: packed, and it would unpack to an absurd size.
        UserError: unreadable, of another format, cut short, or longer than it says.
    """
    with _checked(path, LABELS_MAGIC) as (plain, shape):
        if 0 in shape:
            return np.zeros(shape, np.uint8)
        declare_missing_operators()
        from torchvision.datasets.mnist import read_label_file

        labels: NDArray[np.uint8] = read_label_file(str(plain)).numpy().astype(np.uint8)
        return labels


def read_shape(path: Path, magic: int) -> tuple[int, ...]:
    """The sizes that an IDX file's header names; the elements are not read.

    Raises:
        UserError: unreadable or of another format.
    """
    with opened(path) as stream:
        return _header(stream, path, magic)[1]


@contextmanager
def _checked(path: Path, magic: int) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """A plain copy of the file whose header and length have been verified."""
    with tempfile.TemporaryDirectory(prefix="latentviewer-") as folder:
        plain = Path(folder) / "data.idx"
        with opened(path) as stream, plain.open("wb") as copy:
            header, shape = _header(stream, path, magic)
            missing = math.prod(shape)
            _check_swelling(path, stream, missing)
            copy.write(header)
            while missing and (chunk := stream.read(min(missing, _CHUNK))):
                missing -= copy.write(chunk)
            if missing:
                raise UserError(
                    f"{path} is cut short: {missing:,} of its {math.prod(shape):,} bytes of "
                    f"{_CONTENT[magic]} are missing; get the file again."
                )
            if stream.read(1):
                raise UserError(
                    f"{path} is longer than its header says ({' x '.join(map(str, shape))} "
                    f"{_CONTENT[magic]}); get the file again."
                )
        yield plain, shape


def _check_swelling(path: Path, stream: Any, unpacked: int) -> None:
    """Refuses a packed file that would fill the disk or memory; a plain one cannot."""
    if not isinstance(stream, gzip.GzipFile):
        return
    packed = path.stat().st_size
    if unpacked > max(_RATIO_COUNTS_FROM_BYTES, _LARGEST_RATIO * packed):
        raise UnsafeFileError(
            f"{path} says that it unpacks to {unpacked:,} bytes from {packed:,}; such a file is "
            "refused, get the file again."
        )


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file's content, unpacked where it is gzip.

    Raises:
        UserError: unreadable, or its packed content breaks off or is damaged.
    """
    check_regular(path)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast(IO[bytes], unpacked)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} is cut short or damaged (its gzip content cannot be unpacked); "
            "get the file again."
        ) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def _header(stream: IO[bytes], path: Path, magic: int) -> tuple[bytes, tuple[int, ...]]:
    axes = _AXES[magic]
    header = stream.read(4 * (axes + 1))
    if len(header) < 4 or struct.unpack(">I", header[:4])[0] != magic:
        raise UserError(
            f"{path} is not an IDX file of {_CONTENT[magic]} (it must start with the number "
            f"{magic}); choose a folder with MNIST-like files."
        )
    if len(header) < 4 * (axes + 1):
        raise UserError(f"{path} is cut short: its header is incomplete; get the file again.")
    return header, struct.unpack(f">{axes}I", header[4:])
