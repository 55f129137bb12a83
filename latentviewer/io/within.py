"""Links that leave a folder: what is in one may not name files outside of it."""

import os
from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError


def lies_within(path: Path, folder: Path) -> bool:
    """Whether a file lies below a folder once all links are followed."""
    root = os.path.realpath(folder)
    return os.path.realpath(path).startswith(root.rstrip(os.sep) + os.sep)


def check_within(path: Path, folder: Path) -> None:
    """Refuses a file of a folder that is a link out of it.

    Raises:
        UnsafeFileError: it is one.
    """
    if not lies_within(path, folder):
        raise UnsafeFileError(
            f"{path} is a link to a file outside its folder, which is not followed; copy the file "
            "itself there."
        )
