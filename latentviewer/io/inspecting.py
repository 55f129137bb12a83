"""What a file or folder is, told without opening it in the window."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT, NOTES, Space
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.io.content import content_kind, folder_kind
from latentviewer.io.datasets import ALWAYS_HERE, data_set_name, find_data, open_data
from latentviewer.io.idx_folders import parts_of_folder, recognised_folder
from latentviewer.io.known_sets import KNOWN_SETS
from latentviewer.io.projects import is_project, read_project
from latentviewer.io.spaces import candidates, open_space

_MAY_BE_IMAGES = frozenset(
    {
        "npy",
        "npz",
        "separated",
        "json",
        "zip",
        "parquet",
        "arrow",
        "arrow stream",
        "empty",
        "unknown",
    }
)
"""Kinds of content, of which a file may be a data set of images instead."""
CheckSession = Callable[[Mapping[str, Any], Space], None]


def inspect_path(
    path: Path,
    check_session: CheckSession = lambda _session, _space: None,
    pick: str | None = None,
) -> dict[str, Any]:
    """What a file or folder is; JSON values only.

    Args:
        check_session: raises a UserError where a project's session does not fit its space.
        pick: which vectors are meant, where a file holds several.

    Returns:
        Always `path`; `kind`: `space`, `project`, `data set` or `unknown`; `format`;
        `safe`: whether it can be opened without running code from it; `usable`: whether it
        opens; `why`: a sentence where it is not safe or not usable, else None.
        For a space or project also `name`, `rows`, `dims`, `std`, `columns`, `maps`, `notes` and
        `provenance`, and `vectors` for a file that may hold several tables of them: the names and
        shapes to choose from. For a data set `name`, `rows`, `image`, `parts` and `notes`:
        sentences on what opening it changes or leaves out.

    Raises:
        UserError: missing or unreadable.
    """
    kind = folder_kind(path) if path.is_dir() else content_kind(path)
    if kind is None:
        return _folder(path)
    if _is_images(path, kind):
        return _images(path)
    report = {"path": str(path), "kind": "unknown", "format": kind, "safe": True}
    project = not path.is_dir() and is_project(path)
    try:
        if project:
            session, space = read_project(path)
            check_session(session, space)
            found = {"kind": "project", "version": session["version"], **_space(space)}
        else:
            found = {"kind": "space", **_space(open_space(path, pick))}
            if len(several := candidates(path)) > 1:
                found["vectors"] = [dataclasses.asdict(candidate) for candidate in several]
    except SeveralCandidatesError as error:
        offered = [dataclasses.asdict(candidate) for candidate in error.candidates]
        asked = {"kind": "space", "usable": False, "why": str(error), "vectors": offered}
        return {**report, **asked}
    except UserError as error:
        safe = not isinstance(error, UnsafeFileError)
        known = {"kind": "project"} if project else {}
        return {**report, **known, "safe": safe, "usable": False, "why": str(error)}
    return {**report, **found, "usable": True, "why": None}


def inspect_data_set(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The same of a data set by name; `path` is None where it needs no files."""
    report: dict[str, Any] = {"path": None, "kind": "data set", "name": name, "safe": True}
    place = find_data(name, folders)
    if place is not None and place.parts:
        return {**_folder(place), "name": name}
    try:
        data = open_data(name, folders)
    except UserError as error:
        found = data_set_name(name)
        unread = ALWAYS_HERE.get(found, "idx" if found in KNOWN_SETS else "images")
        return {**report, "format": unread, "usable": False, "why": str(error)}
    return {
        **report,
        "format": ALWAYS_HERE[data_set_name(name)],
        "rows": len(data),
        "image": dataclasses.asdict(data.image),
        "parts": {name: len(data)},
        "notes": [],
        "usable": True,
        "why": None,
    }


def _folder(path: Path) -> dict[str, Any]:
    report = {"path": str(path), "kind": "unknown", "format": "folder", "safe": True}
    try:
        parts = parts_of_folder(path)
    except UserError as error:
        return {**report, "kind": "data set", "usable": False, "why": str(error)}
    if not parts:
        return _images(path)
    shapes = list(parts.values())
    return {
        **report,
        "kind": "data set",
        "format": "idx",
        "name": recognised_folder(path),
        "rows": sum(shape[0] for shape in shapes),
        "image": {"height": shapes[0][1], "width": shapes[0][2], "channels": 1},
        "parts": {name: shape[0] for name, shape in parts.items()},
        "notes": [],
        "usable": True,
        "why": None,
    }


def _images(path: Path) -> dict[str, Any]:
    """What a folder without IDX files, an .npz or a table is."""
    from latentviewer.io.image_places import image_format, images_shape

    report = {"path": str(path), "kind": "data set", "format": "folder", "safe": True}
    try:
        kind = image_format(path)
        if kind is None:
            why = f"{path} holds no data set; choose a folder with IDX files or images."
            return {**report, "kind": "unknown", "usable": False, "why": why}
        report["format"] = kind
        rows, image, notes = images_shape(path, str(path))
    except UserError as error:
        safe = not isinstance(error, UnsafeFileError)
        return {**report, "safe": safe, "usable": False, "why": str(error)}
    return {
        **report,
        "name": None,
        "rows": rows,
        "image": dataclasses.asdict(image),
        "parts": {"all": rows},
        "notes": list(notes),
        "usable": True,
        "why": None,
    }


def _is_images(path: Path, kind: str) -> bool:
    """Whether a file is a data set of its own, and not latents."""
    from latentviewer.io.image_places import image_format
    from latentviewer.io.pictures.tables import has_vectors

    try:
        if kind not in _MAY_BE_IMAGES or image_format(path) is None:
            return False
        return not has_vectors(path)
    except UserError:
        return False


def _space(space: Space) -> dict[str, Any]:
    provenance = space.provenance
    return {
        "name": space.name,
        "rows": len(space),
        "dims": space.dim,
        "std": space.latent_std is not None,
        "columns": [{"name": name, **_column(c)} for name, c in space.columns.items()],
        "maps": {name: int(places.shape[1]) for name, places in space.maps.items()},
        "notes": [*provenance.extra.get(LEFT_OUT, ()), *provenance.extra.get(NOTES, ())],
        "provenance": {
            "model": provenance.model,
            "model_hash": provenance.model_hash,
            "data": provenance.data,
            "extra": dict(provenance.extra),
        },
    }


def _column(column: Column) -> dict[str, Any]:
    if isinstance(column, Categories):
        return {"kind": "categories", "classes": len(column.names)}
    return {"kind": "numbers" if isinstance(column, Numbers) else "texts"}
