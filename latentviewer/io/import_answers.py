"""What the user said about a model file of theirs, kept beside it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.io.atomic import write_bytes
from latentviewer.io.failures import cannot_read, check_regular

_ENDING = ".latentviewer.json"
_VERSION = 1
_LARGEST_BYTES = 100_000


def answers_file(path: Path) -> Path:
    """Where the answers about a file or folder are kept: beside it, under its name."""
    path = path.absolute()
    return path.with_name(path.name + _ENDING)


def read_answers(path: Path, spare: Path) -> dict[str, str]:
    """What was said about a file or folder; nothing where nothing was.

    Args:
        spare: the folder for answers that could not be written beside their file.

    Raises:
        UserError: the answers are damaged or cannot be read.
    """
    for place in (answers_file(path), _spare_file(path, spare)):
        if place.is_file():
            return _read(place)
    return {}


def write_answers(path: Path, answers: Mapping[str, str], spare: Path) -> Path:
    """Keeps what was said, beside the file or else in `spare`; returns where.

    Raises:
        UserError: neither place can be written.
    """
    document = {"version": _VERSION, "model": path.name, "answers": dict(sorted(answers.items()))}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    place, other = answers_file(path), _spare_file(path, spare)
    try:
        write_bytes(place, text.encode())
    except UserError:
        # Models often lie where one may only read.
        try:
            other.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"Neither {place} nor {other} can be written; make one of their folders writable."
            ) from error
        write_bytes(other, text.encode())
        return other
    return place


def _spare_file(path: Path, spare: Path) -> Path:
    return spare / f"{sha256(str(path.absolute()).encode()).hexdigest()[:32]}{_ENDING}"


def _read(place: Path) -> dict[str, str]:
    check_regular(place)
    damaged = f"{place} does not hold answers about a model; delete it, and say them again"
    try:
        if place.stat().st_size > _LARGEST_BYTES:
            raise UserError(f"{damaged}.")
        document: Any = json.loads(place.read_bytes())
    except OSError as error:
        raise cannot_read(place, error) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{damaged}.") from error
    answers = document.get("answers") if isinstance(document, dict) else None
    if not isinstance(answers, dict):
        raise UserError(f"{damaged}.")
    if document.get("version") != _VERSION:
        raise UserError(f"{place} was written by another version; delete it, and say them again.")
    return {str(key): str(value) for key, value in answers.items()}
