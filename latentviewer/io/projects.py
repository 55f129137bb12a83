"""Projects: one zip with the session as JSON and its space as Arrow."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.atomic import replacing
from latentviewer.io.content import content_kind
from latentviewer.io.failures import cannot_read
from latentviewer.io.spaces import space_from_bytes, write_arrow

FORMAT = "latentviewer-project"
VERSION = 1
PROJECT_SUFFIX = ".latentviewer"
SESSION_ENTRY = "session.json"
SPACE_ENTRY = "space.arrow"
_LARGEST_SESSION_BYTES = 256 << 20

_MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""How to make a session of version k + 1 from one of version k, by k."""


def is_project(path: Path) -> bool:
    """Whether a file is a project, or was one before it was damaged.

    Raises:
        UserError: missing or unreadable.
    """
    kind = content_kind(path)
    named_so = path.suffix.lower() == PROJECT_SUFFIX
    return kind == "project" or (named_so and kind in ("zip", "npz", "empty", "unknown"))


def save_project(path: Path, session: Mapping[str, Any], space: Space) -> None:
    """Writes a project, whole or not at all.

    Args:
        path: of the project file; an old one stays as it is until the new one is complete.
        session: JSON values; `format` and `version` are added.
        space: goes into the file too, so that the project needs no other file.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    document = {**session, "format": FORMAT, "version": VERSION}
    # A lone surrogate becomes its own escape, which is what JSON writes for it.
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(SESSION_ENTRY, text, zipfile.ZIP_DEFLATED)
        # Stored, not packed: floats hardly shrink, and a person waits for the save.
        with archive.open(SPACE_ENTRY, "w", force_zip64=True) as entry:
            write_arrow(space, cast(IO[bytes], _Counted(entry)))


class _Counted(io.RawIOBase):
    """A zip entry being written that knows its position, as Arrow's writer asks for it."""

    def __init__(self, entry: IO[bytes]) -> None:
        super().__init__()
        self._entry = entry
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        self._entry.write(content)
        self._position += size
        return size

    def tell(self) -> int:
        return self._position


def read_project(path: Path) -> tuple[dict[str, Any], Space]:
    """The session and the space of a project; nothing is unpacked beside it.

    Returns:
        The session's JSON values, `format` and `version` included and migrated to
        `VERSION`, and its space.

    Raises:
        UnsafeFileError: an entry points outside the file or is a link.
        UserError: missing, damaged, no project, or from a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {e.filename: e for e in checked_entries(archive, path)}
            for name in (SESSION_ENTRY, SPACE_ENTRY):
                if name not in entries:
                    raise UserError(f"{path} is not a project: it has no {name}; open another.")
            session = _session(archive, entries[SESSION_ENTRY], path)
            return session, space_from_bytes(archive.read(entries[SPACE_ENTRY]), path / SPACE_ENTRY)
    except OSError as error:
        raise cannot_read(path, error) from error
    except ZIP_DAMAGE as error:
        raise _damaged(path) from error


def _session(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> dict[str, Any]:
    if entry.file_size > _LARGEST_SESSION_BYTES:
        raise UserError(f"{path} has a session of absurd size; open an earlier copy.")
    try:
        values = json.loads(archive.read(entry))
    except RecursionError as error:
        raise _damaged(path) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UserError(
            f"{path} is not a project: {SESSION_ENTRY} does not say “{FORMAT}”; open another file."
        )
    return _migrated(values, path)


def _migrated(values: dict[str, Any], path: Path) -> dict[str, Any]:
    version = values.get("version")
    if not isinstance(version, int) or version < 1:
        raise UserError(f"{path} does not say its version; open an earlier copy.")
    if version > VERSION:
        raise UserError(
            f"{path} is of version {version}, this program reads up to {VERSION}; "
            "open it with a newer LatentViewer."
        )
    for step in range(version, VERSION):
        values = {**_MIGRATIONS[step](values), "version": step + 1}
    return values


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is cut short or damaged; open an earlier copy of the project.")
