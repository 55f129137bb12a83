"""What the program remembers between starts, as a JSON file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentviewer.io.atomic import write_bytes
from latentviewer.io.failures import cannot_write


def load_settings(path: Path, keep_aside: bool = True) -> tuple[dict[str, Any], str | None]:
    """The stored values, and a sentence to show where they could not be read.

    A file that is not there is no fault: it gives no values and no sentence.

    Args:
        keep_aside: whether a broken file is renamed, with `.broken` added, so that it is not
            written over; for whoever shows the sentence.
    """
    try:
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        return {}, (
            f"The settings in {path} could not be read ({error.strerror}), so the defaults are "
            "used; check the file's permissions."
        )
    except (ValueError, RecursionError):
        if keep_aside:
            return {}, _kept_aside(path)
        return {}, f"The settings in {path} are damaged, so the defaults are used."
    return values, None


def save_settings(path: Path, values: Mapping[str, Any]) -> None:
    """Writes the values, whole or not at all; makes the folder where it is missing.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    text = json.dumps(dict(values), indent=2, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def _kept_aside(path: Path) -> str:
    aside = path.with_name(path.name + ".broken")
    try:
        path.replace(aside)
    except OSError:
        return f"The settings in {path} are damaged, so the defaults are used; delete that file."
    return f"The settings were damaged, so the defaults are used; the old file is kept as {aside}."
