"""The files that a config names, none of them outside its folder."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from latentviewer.domain.errors import UnsafeFileError
from latentviewer.io.projector.config import EmbeddingInfo, ProjectorConfig
from latentviewer.io.projector.names import shown

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:", re.IGNORECASE)


@dataclass(frozen=True)
class Places:
    """Where an embedding's files lie, with links followed; None where the config names none."""

    tensor: Path
    metadata: Path | None
    bookmarks: Path | None
    sprite: Path | None


def places_of(config: ProjectorConfig, embedding: EmbeddingInfo) -> Places:
    """The files of an embedding that has a `tensor_path`; whether they are there is not asked.

    Raises:
        UnsafeFileError: one of them is not below the config's folder.
    """

    def place(named: str) -> Path | None:
        return place_below(config, named) if named else None

    return Places(
        place_below(config, embedding.tensor_path),
        place(embedding.metadata_path),
        place(embedding.bookmarks_path),
        place(embedding.sprite_path),
    )


def place_below(config: ProjectorConfig, named: str) -> Path:
    """The file that a config calls `named`, with links followed.

    Raises:
        UnsafeFileError: an address on the network, an absolute path, or one that leads out of
            the config's folder, be it through a link.
    """
    if _URL.match(named):
        raise _refused(config, named, "an address and not a file; nothing is fetched")
    windows = PureWindowsPath(named)
    if windows.drive or windows.root:
        raise _refused(config, named, "an absolute path, which could be any file")
    outside = "a path that leads out of its folder"
    if ".." in windows.parts and "/" not in named:
        raise _refused(config, named, outside)
    root = os.path.realpath(config.folder)
    try:
        found = os.path.realpath(config.folder / named)
    except ValueError as error:
        raise _refused(config, named, "no path that a file can have") from error
    if found != root and not found.startswith(root.rstrip(os.sep) + os.sep):
        raise _refused(config, named, outside)
    return Path(found)


def _refused(config: ProjectorConfig, named: str, what: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"{config.path} names “{shown(named)}”, {what}; copy that file beside the config and "
        "name it there."
    )
