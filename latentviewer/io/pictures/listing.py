"""Which pictures a table names, and what is known of pictures by their places alone."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.table import Column, Texts, categories_of
from latentviewer.io.text_tables import TABLE_SUFFIXES, TextTable, columns_of

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
)
# Under these names a table is usually put beside its pictures.
_USUAL_TABLES = frozenset({"metadata", "labels", "index"})
_NUMBERS = re.compile(r"([0-9]{1,18})")
_FILE_COLUMNS = ("file_name", "filename", "file", "path", "image", "image_path", "img", "picture")


def is_image_name(name: str) -> bool:
    """Whether a file's name ends as an image's."""
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES


def by_numbers(file: str) -> list[tuple[int, str]]:
    """To sort places by, so that `img2` comes before `img10`."""
    return [(int(t), t) if t.isdecimal() else (-1, t) for t in _NUMBERS.split(file)]


def table_among(
    folder: object, names: Iterable[str], read: Callable[[str], TextTable]
) -> tuple[TextTable | None, list[str]]:
    """The table among the files of a folder, and notes; None where there is none.

    Args:
        folder: for sentences.
        names: of the folder's files; others than tables are passed over.
        read: a table by its file's name.

    Raises:
        UserError: several tables, or a broken one.
    """
    there = sorted(n for n in names if PurePosixPath(n).suffix.lower() in TABLE_SUFFIXES)
    tables = [n for n in there if PurePosixPath(n).stem.lower() in _USUAL_TABLES] or there
    if len(tables) > 1:
        raise UserError(
            f"{folder} has several tables ({', '.join(tables[:5])}); open the one that names the "
            "images instead of the folder."
        )
    if not tables:
        return None, []
    name = PurePosixPath(tables[0])
    if name.suffix.lower() not in (".json", ".jsonl") or name.stem.lower() in _USUAL_TABLES:
        return read(tables[0]), []
    try:
        table = read(tables[0])
        file_column(table)
    except UserError:
        # Many things are written as JSON.
        return None, [f"{name} is not a table that names images; it is left out."]
    return table, []


def file_column(table: TextTable) -> int:
    """The number of the column that names the images.

    Raises:
        UserError: there is none.
    """
    folded = [re.sub(r"[\s-]+", "_", name.strip().casefold()) for name in table.names]
    for wanted in _FILE_COLUMNS:
        if wanted in folded:
            return folded.index(wanted)
    for i in range(len(folded)):
        if all(is_image_name(row[i]) for row in table.rows):
            return i
    raise UserError(
        f"{table.path} does not say which image a row is about (its columns: "
        f"{', '.join(table.names[:8])}); call the column of file names “file_name”."
    )


def listed(
    folder: object, table: TextTable, found: Collection[str], is_below: Callable[[str], bool | None]
) -> tuple[tuple[str, ...], dict[str, Column], list[str]]:
    """Files in the table's order, its columns, and notes.

    Args:
        folder: for sentences.
        found: places of images that are known to lie below the folder, with slashes.
        is_below: of any other place: None where nothing is there, else whether it lies below.

    Raises:
        UnsafeFileError: the table names a file outside the folder.
        UserError: it names none, one that is not there, or one twice with other values.
    """
    column = file_column(table)
    first: dict[str, int] = {}
    missing = []
    for number, row in enumerate(table.rows):
        where = f"{table.path}, {table.places[number]}"
        file = place_below(row[column], where)
        below = file in found or is_below(file)
        if below is None:
            missing.append(f"“{row[column]}” ({table.places[number]})")
            continue
        if not below:
            raise points_outside(row[column], where)
        before = first.setdefault(file, number)
        if before != number and table.rows[before] != row:
            raise UserError(
                f"{where} names “{row[column]}” as {table.places[before]} does, with other "
                "values; keep one of the two."
            )
    if missing:
        raise UserError(
            f"{table.path} names files that {folder} does not have ({len(missing):,}, first "
            f"{missing[0]}); put them there or delete their rows."
        )
    notes = []
    if len(first) < len(table):
        twice = len(table) - len(first)
        notes.append(f"Rows of {table.path.name} that repeat an earlier one, left out: {twice:,}.")
    kept = list(first.values())
    once = TextTable(
        table.path,
        table.names,
        tuple(table.rows[i] for i in kept),
        tuple(table.places[i] for i in kept),
    )
    unnamed = set(found).difference(first)
    if unnamed:
        notes.append(
            f"Images that {table.path.name} does not name are left out: {len(unnamed):,}, such "
            f"as “{min(unnamed, key=by_numbers)}”."
        )
    return tuple(first), columns_of(once), notes


def place_below(name: str, where: str) -> str:
    """A file's place below the folder, with slashes, however the table writes it.

    Raises:
        UnsafeFileError: the name leads out of the folder.
        UserError: there is no name.
    """
    windows = PureWindowsPath(name)
    if not name.strip():
        raise UserError(f"{where} names no file; fill in or delete that row.")
    if windows.drive or windows.root or PurePosixPath(name).is_absolute() or ".." in windows.parts:
        raise points_outside(name, where)
    return windows.as_posix()


def points_outside(name: str, where: str) -> UnsafeFileError:
    """The refusal of a name that leads out of its folder."""
    return UnsafeFileError(
        f"{where} names “{name}”, which lies outside the table's folder; it is refused, put the "
        "file below the folder."
    )


def columns_of_places(files: Sequence[str]) -> dict[str, Column]:
    """`label`, the uppermost folder, where all files lie in one, and `file`."""
    columns: dict[str, Column] = {}
    if files and all("/" in file for file in files):
        columns["label"] = categories_of([file.split("/", 1)[0] for file in files])
    return {**columns, "file": Texts(tuple(files))}
