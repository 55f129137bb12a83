"""Writing a file whole or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentviewer.io.failures import cannot_write, check_regular


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    The content is on the disk before the old file goes. When the block fails, or is
    left by a cancel, the temporary file is removed and the old file stays as it was.

    Raises:
        UserError: the disk is full, the place cannot be written, the folder is missing.
    """
    check_regular(path)
    try:
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError
        temporary = _new_sibling(target)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        move_into_place(temporary, target)
    except OSError as error:
        _remove(temporary)
        raise cannot_write(path, error) from error
    except BaseException:
        _remove(temporary)
        raise


def move_into_place(finished: Path, target: Path) -> None:
    """Puts a finished file in the place of `target`, after its content is on the disk.

    Raises:
        OSError: the disk is full or the place cannot be written.
    """
    _to_disk(finished)
    if target.exists():
        finished.chmod(stat.S_IMODE(target.stat().st_mode))
    finished.replace(target)
    _to_disk(target.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all.

    Raises:
        UserError: see `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _new_sibling(target: Path) -> Path:
    # Opened without mkstemp so that the file gets the permissions the user's umask gives.
    sibling = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.tmp")
    os.close(os.open(sibling, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return sibling


def _to_disk(path: Path) -> None:
    if path.is_dir():
        if os.name == "nt":
            return
        # Some file systems refuse to synchronise a folder; the file itself is safe by then.
        with contextlib.suppress(OSError):
            _synchronise(path, os.O_RDONLY)
    else:
        _synchronise(path, os.O_RDWR)


def _synchronise(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink()
