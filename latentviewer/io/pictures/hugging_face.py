"""Data sets that Hugging Face's `datasets` saved to disk, read without that package.

A folder has `state.json`, which names its Arrow files, and `dataset_info.json` with the features;
one of several parts has `dataset_dict.json` and a folder for each part.
"""

import json
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Column
from latentviewer.io.failures import cannot_read, check_regular, first_line
from latentviewer.io.free_names import unused
from latentviewer.io.idx_folders import split_column
from latentviewer.io.pictures.cells import CellPictures
from latentviewer.io.pictures.lazy import LazyImages, open_lazily
from latentviewer.io.pictures.listing import place_below, points_outside
from latentviewer.io.within import lies_within

# pyarrow is imported where it is used: it must not be on the way to the first window.

_DICT, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"
_MOST_BYTES = 64 << 20


def is_saved_data_set(folder: Path) -> bool:
    """Whether `datasets` saved a data set, or several parts of one, to a folder."""
    if (folder / _DICT).is_file():
        return True
    return (folder / _STATE).is_file() and (folder / _INFO).is_file()


def parts_of_saved(folder: Path) -> tuple[str, ...]:
    """The names of the parts, such as `train`; none where the folder is one whole.

    Raises:
        UserError: the list of them is broken.
    """
    if not (folder / _DICT).is_file():
        return ()
    parts = _json(folder / _DICT).get("splits")
    if not isinstance(parts, list) or not parts or not all(isinstance(p, str) for p in parts):
        raise UserError(f"{folder / _DICT} names no parts; save the data set again.")
    return tuple(parts)


def open_saved_data_set(folder: Path, name: str, part: str | None = None) -> LazyImages:
    """The pictures of a saved data set; its other columns are kept where a cell is one value.

    Args:
        part: one of `parts_of_saved`; without it all are joined, with a column `split`.

    Raises:
        UnsafeFileError: a file that is named lies outside the folder.
        UserError: broken, no such part, no column of pictures, or none that can be read.
    """
    import pyarrow as pa

    from latentviewer.io.pictures.arrow_tables import (
        ArrowCells,
        class_names,
        classes_of,
        picture_column,
        table_columns,
    )

    parts = parts_of_saved(folder)
    if part is not None and part not in parts:
        has = f"parts {', '.join(parts)}" if parts else "one part; give its name alone"
        raise UserError(f"{folder} has no part “{part}”; it has {has}.")
    if part is not None:
        parts = (part,)
    folders = [folder / _checked(folder / _DICT, p, folder) for p in parts] or [folder]
    tables = [_table_of(one) for one in folders]
    try:
        table = pa.concat_tables(tables)
    except (pa.ArrowException, ValueError) as error:
        raise UserError(
            f"{folder} has parts of different columns ({first_line(error)}); open one of its "
            "folders instead."
        ) from error
    features = _json(folders[0] / _INFO).get("features")
    column = _image_feature(features, table) or picture_column(table)
    if column is None:
        has = ", ".join(table.column_names[:8]) or "none"
        raise UserError(f"{folder} has no column of pictures (its columns: {has}).")
    classes = {**class_names(table.schema.metadata), **classes_of(features)}
    columns, notes = table_columns(table, column, classes)
    if len(folders) > 1:
        counts = {p: t.num_rows for p, t in zip(parts, tables, strict=True)}
        joined: dict[str, Column] = {unused("split", columns): split_column(counts)}
        columns = {**columns, **joined}
    where = f"{folder}, column “{column}”"
    pictures = CellPictures(where, folder, ArrowCells(table.column(column)))
    return open_lazily(name, pictures, columns, notes, str(folder))


def _table_of(folder: Path) -> Any:
    import pyarrow as pa

    from latentviewer.io.pictures.arrow_tables import read_arrow_table

    state = _json(folder / _STATE)
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise UserError(
            f"{folder / _STATE} keeps a choice of rows in files of its own; call "
            "flatten_indices() and save it again."
        )
    files = state.get("_data_files")
    named = [f.get("filename") if isinstance(f, dict) else None for f in files or ()]
    if not named or not all(isinstance(n, str) for n in named):
        raise UserError(f"{folder / _STATE} names no files of data; save the data set again.")
    places = [_checked(folder / _STATE, str(n), folder) for n in named]
    tables = [read_arrow_table(folder / place) for place in places]
    try:
        return pa.concat_tables(tables)
    except (pa.ArrowException, ValueError) as error:
        raise UserError(
            f"{folder} has files of different columns ({first_line(error)}); save it again."
        ) from error


def _checked(source: Path, name: str, folder: Path) -> str:
    """A place below the folder, also after all links."""
    place = place_below(name, str(source))
    if "\0" in name or not lies_within(folder / place, folder):
        raise points_outside(name, str(source))
    return place


def _image_feature(features: Any, table: Any) -> str | None:
    for name, feature in features.items() if isinstance(features, dict) else ():
        if isinstance(feature, dict) and feature.get("_type") == "Image":
            return str(name) if table.column_names.count(name) == 1 else None
    return None


def _json(path: Path) -> dict[str, Any]:
    check_regular(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path} is larger than {_MOST_BYTES >> 20} MB; save it again.")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not valid JSON ({first_line(error)}); save the data set again."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is no object of names and values; save the data set again.")
    return content
