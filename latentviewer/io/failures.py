"""What the operating system refused, as a sentence."""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentviewer.domain.errors import UserError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def check_regular(path: Path) -> None:
    """Refuses what is there but neither a file nor a folder: reading it could wait for ever.

    Raises:
        UserError: a pipe, a device or a socket.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UserError(f"{path} is a pipe or a device, not a file; name a file.")


def cannot_read(path: Path, error: OSError) -> UserError:
    """Why a file or folder could not be read."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path} is not there; check the name, or where it was moved to.")
    if isinstance(error, IsADirectoryError):
        return UserError(f"{path} is a folder; name a file in it.")
    if isinstance(error, NotADirectoryError):
        return UserError(f"{path} is not a folder; name the folder that the files lie in.")
    if isinstance(error, PermissionError):
        return UserError(f"{path} may not be read; change its permissions or copy it.")
    return UserError(f"{path} could not be read ({_reason(error)}); check the disk and try again.")


def too_large(path: Path) -> UserError:
    """That memory was used up while a file was read."""
    return UserError(
        f"{path} takes more memory than there is; close other programs, or save fewer rows."
    )


def cannot_write(path: Path, error: OSError) -> UserError:
    """Why a file could not be written; what was there before is still there."""
    if error.errno in _FULL:
        return UserError(
            f"The disk is full, so {path} was not written and what was there is kept; "
            "free some space or save to another disk."
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UserError(f"The folder {path.parent} does not exist; make it or choose another.")
    if isinstance(error, IsADirectoryError):
        return UserError(f"{path} is a folder; choose a file name in it.")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return UserError(
            f"{path} may not be written (read-only or in use); choose another place or name."
        )
    if error.errno == errno.ENAMETOOLONG:
        return UserError(f"The name {path.name} is too long for this disk; choose a shorter one.")
    return UserError(f"{path} could not be written ({_reason(error)}); check the disk.")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts a file's path before the refusals of what is made from it, which call it by a name."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def first_line(error: BaseException) -> str:
    """What an error of a library says, short enough for a sentence."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).splitlines()[0]
