"""Files that are either the old one or the whole new one, never a part."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes beside `path` and renames, so that a crash leaves the old file.

    Raises:
        UserError: the folder cannot be written to, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _refusal(path, error) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _refusal(path, error) from error


def write_json_atomically(path: Path, document: Mapping[str, Any]) -> None:
    """`write_atomically` of a JSON object, indented, UTF-8."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode())


def _refusal(path: Path, error: OSError) -> UserError:
    reason = (error.strerror or str(error)).lower()
    return UserError(f"{path} could not be written: {reason}; free space or name another folder.")
