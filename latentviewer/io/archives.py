"""Zip files whose entries cannot do harm."""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from latentviewer.domain.errors import UnsafeFileError, UserError

ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
"""What reading a damaged zip raises."""

_LARGEST_BYTES = 64 << 30
_LARGEST_RATIO = 2_000
_RATIO_COUNTS_FROM_BYTES = 64 << 20
_MOST_ENTRIES = 10_000


def checked_entries(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip, after all of its entries were found harmless.

    Raises:
        UnsafeFileError: an entry points outside the archive or is a link.
        UserError: entries of the same name, encrypted ones, or ones that would unpack to an
            absurd size.
    """
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise UserError(f"{path} has {len(entries):,} entries; that is no file of this program.")
    seen: set[str] = set()
    for entry in entries:
        _check_name(entry, path)
        folded = entry.filename.casefold()
        if folded in seen:
            raise UserError(
                f"{path} holds “{entry.filename}” twice, so it is unclear which one is meant; "
                "open an earlier copy."
            )
        seen.add(folded)
        if entry.flag_bits & 0x1:
            raise UserError(f"{path}: “{entry.filename}” is encrypted; unpack it first.")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > _LARGEST_BYTES or (
        unpacked > _RATIO_COUNTS_FROM_BYTES and unpacked > _LARGEST_RATIO * max(packed, 1)
    ):
        raise UserError(
            f"{path} would unpack to {unpacked:,} bytes from {packed:,}; such a file is "
            "refused, open an earlier copy."
        )
    return [entry for entry in entries if not entry.is_dir()]


def _check_name(entry: zipfile.ZipInfo, path: Path) -> None:
    name = entry.filename
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    outside = (
        posix.is_absolute()
        or windows.is_absolute()
        or bool(windows.drive)
        or windows.root
        or ".." in windows.parts
        or ".." in posix.parts
    )
    if outside or not name:
        raise UnsafeFileError(
            f"{path} holds “{name}”, a path that points outside the file; it is refused, "
            "open an earlier copy."
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnsafeFileError(f"{path} holds “{name}”, a link; it is refused, open another copy.")
