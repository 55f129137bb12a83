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
# Deflate packs zeros 1,032 to 1. Latents hardly shrink, and a table seldom more than tenfold;
# small entries, such as a column that is the same in all rows, may shrink as they like.
_LARGEST_RATIO = 100
_RATIO_COUNTS_FROM_BYTES = 64 << 20
_MOST_ENTRIES = 10_000


def checked_entries(
    archive: zipfile.ZipFile,
    path: Path,
    largest_bytes: int = _LARGEST_BYTES,
    largest_ratio: int = _LARGEST_RATIO,
    most_entries: int = _MOST_ENTRIES,
) -> list[zipfile.ZipInfo]:
    """The files in a zip, after all of its entries were found harmless.

    Args:
        largest_bytes: that all of them may unpack to.
        largest_ratio: of unpacked to packed bytes, for entries that are not small. Who allows
            more than the usual has to bound by other means what is kept in memory.
        most_entries: files and folders that it may have.

    Raises:
        UnsafeFileError: an entry points outside the archive or is a link, or the entries
            would unpack to an absurd size or share their packed bytes.
        UserError: entries of the same name, or encrypted ones.
    """
    entries = archive.infolist()
    if len(entries) > most_entries:
        raise UserError(
            f"{path} has {len(entries):,} entries, more than {most_entries:,}; open one with fewer."
        )
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
    bombs = [
        entry for entry in entries if _swells(entry.file_size, entry.compress_size, largest_ratio)
    ]
    # Entries that share packed bytes, or lie about them, add up to more than the file has.
    forged = packed > path.stat().st_size
    swells = bool(bombs) or _swells(unpacked, packed, largest_ratio)
    if unpacked > largest_bytes or forged or swells:
        raise UnsafeFileError(
            f"{path} would unpack to {unpacked:,} bytes from {packed:,}; such a file is "
            "refused, open an earlier copy."
        )
    return [entry for entry in entries if not entry.is_dir()]


def _swells(unpacked: int, packed: int, largest_ratio: int) -> bool:
    return unpacked > max(_RATIO_COUNTS_FROM_BYTES, largest_ratio * packed)


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
