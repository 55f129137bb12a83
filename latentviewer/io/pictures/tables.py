"""Tables with a column of pictures: Parquet, Arrow, .csv, .tsv, .json and .jsonl."""

import re
from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.io.content import content_kind
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.pictures.cells import CellPictures, first_pictures
from latentviewer.io.pictures.lazy import LazyImages, open_lazily
from latentviewer.io.text_tables import TABLE_SUFFIXES, TextTable, columns_of, read_table

# pyarrow is imported where it is used: it must not be on the way to the first window.

BINARY_SUFFIXES = (".parquet", ".pq", ".arrow", ".feather", ".ipc")
_ARROW = ("arrow", "arrow stream")
_START_BYTES = 1 << 20
# The beginnings of PNG, JPEG, GIF, WebP, BMP and TIFF in base64, where a cell can begin.
_ENCODED = re.compile(
    rb"(?:^|[,;\t\n\"' ])(?:data:image/|iVBORw0KGgo|/9j/[0-9A-Za-z+/]{8}|R0lGOD[dl]h"
    rb"|UklGR[0-9A-Za-z+/]{8}|Qk[0-9A-Za-z+/]{6}AAAA|SUkqA|TU0AK)"
)


def has_picture_column(path: Path) -> bool:
    """Whether a table holds pictures, told by its beginning.

    Raises:
        UserError: unreadable or damaged.
    """
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        return _has_encoded(path)
    if suffix not in BINARY_SUFFIXES:
        return False
    return _binary_column(path) is not None


def has_vectors(path: Path) -> bool:
    """Whether an Arrow or Parquet file has a column of lists of numbers.

    Raises:
        UserError: unreadable or damaged.
    """
    from latentviewer.io.arrow_columns import is_vector

    kind = content_kind(path)
    if kind == "parquet":
        from latentviewer.io.pictures.parquet_tables import open_parquet

        with open_parquet(path) as file:
            schema = file.schema_arrow
    elif kind in _ARROW:
        from latentviewer.io.pictures.arrow_tables import read_arrow_table

        schema = read_arrow_table(path).schema
    else:
        return False
    return any(is_vector(field.type) for field in schema)


def open_picture_table(path: Path, name: str) -> LazyImages:
    """The pictures in a table; its other columns are kept where a cell is one value.

    Which column holds the pictures is told by its first rows. Class names that Hugging Face
    notes in a file are used.

    Raises:
        UnsafeFileError: a cell names a file outside the table's folder.
        UserError: unreadable, damaged, too large, no pictures, or none that can be read.
    """
    if path.suffix.lower() in TABLE_SUFFIXES:
        return _open_text(path, name)
    from latentviewer.io.pictures.arrow_tables import (
        ArrowCells,
        class_names,
        read_arrow_table,
        table_columns,
    )

    column = _binary_column(path)
    if column is None:
        raise _no_pictures(path)
    if content_kind(path) == "parquet":
        from latentviewer.io.pictures.parquet_tables import (
            ParquetCells,
            open_parquet,
            other_columns,
        )

        with open_parquet(path) as file:
            classes = class_names(file.schema_arrow.metadata)
            others, notes = other_columns(file, path, column)
        cells: ParquetCells | ArrowCells = ParquetCells(path, column)
    else:
        others, notes = read_arrow_table(path), []
        classes = class_names(others.schema.metadata)
        cells = ArrowCells(others.column(column))
    columns, more = table_columns(others, column, classes)
    pictures = CellPictures(f"{path}, column “{column}”", path.parent, cells)
    return open_lazily(name, pictures, columns, [*notes, *more], str(path))


def _binary_column(path: Path) -> str | None:
    kind = content_kind(path)
    if kind == "parquet":
        from latentviewer.io.pictures.parquet_tables import open_parquet, picture_column_of

        with open_parquet(path) as file:
            return picture_column_of(file, path)
    if kind in _ARROW:
        from latentviewer.io.pictures.arrow_tables import picture_column, read_arrow_table

        return picture_column(read_arrow_table(path))
    return None


def _open_text(path: Path, name: str) -> LazyImages:
    table = read_table(path)
    beginning = [row for row in table.rows if any(row)][:16]
    column = first_pictures(
        table.names, lambda called: [row[table.names.index(called)] for row in beginning]
    )
    if column is None:
        raise _no_pictures(path)
    index = table.names.index(column)
    others = TextTable(
        path,
        table.names[:index] + table.names[index + 1 :],
        tuple(row[:index] + row[index + 1 :] for row in table.rows),
        table.places,
    )
    cells = [row[index] for row in table.rows]
    pictures = CellPictures(f"{path}, column “{column}”", path.parent, cells)
    return open_lazily(name, pictures, columns_of(others), [], str(path))


def _has_encoded(path: Path) -> bool:
    check_regular(path)
    try:
        with path.open("rb") as file:
            return _ENCODED.search(file.read(_START_BYTES)) is not None
    except OSError as error:
        raise cannot_read(path, error) from error


def _no_pictures(path: Path) -> UserError:
    return UserError(
        f"{path} has no column of pictures; give one of bytes, base64 or names of files below it."
    )
