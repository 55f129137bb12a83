"""Tables in text files: .csv, .tsv, .json and .jsonl, all of their cells as texts."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Column
from latentviewer.io.failures import cannot_read, check_regular

TABLE_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")
MOST_BYTES = 256 << 20
# A picture as base64 is one cell; Python's own limit of 128 KB is less than a photograph.
csv.field_size_limit(MOST_BYTES)
LEADING_ZERO = re.compile(r"0[0-9]+")
"""Of a number whose zeros say something: it is a name, such as 007."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_MISSING = frozenset({"", "nan"})


@dataclass(frozen=True)
class TextTable:
    """A table as its file has it.

    Attributes:
        path: of the file.
        names: of the columns, all different.
        rows: one text for each column; empty where missing.
        places: where in the file each row stands, such as `line 7`.
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    places: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)


def table_beside(path: Path) -> Path | None:
    """The table whose name differs from a file's in the ending alone, or None.

    Raises:
        UserError: there are several.
    """
    found = [t for suffix in TABLE_SUFFIXES if (t := path.with_suffix(suffix)).is_file()]
    if len(found) > 1:
        raise UserError(
            f"{path.parent} has {' and '.join(t.name for t in found)}, so it is unclear which "
            f"belongs to {path.name}; remove or rename one."
        )
    return found[0] if found else None


def read_table(path: Path) -> TextTable:
    """A text table, told by its ending.

    .csv: commas, or semicolons where the header has no comma, with quotes; .tsv: tabs, and
    quotes are ordinary characters; .json: a list of objects, or an object of lists; .jsonl: an
    object a line. UTF-8, with or without a byte order mark.

    Raises:
        UserError: unreadable, not UTF-8, no header or no rows, a row of another length.
    """
    return _table(path, _text(path))


def table_in(content: bytes, path: Path) -> TextTable:
    """The same of a table in memory; `path` gives the ending and the name in sentences."""
    return _table(path, _decoded(content, path))


def _table(path: Path, text: str) -> TextTable:
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _of_objects(path, _json_rows(path, text))
    if suffix == ".jsonl":
        return _of_objects(path, _json_lines(path, text))
    return _delimited(path, text, "\t" if suffix == ".tsv" else None)


def columns_of(table: TextTable) -> dict[str, Column]:
    """All columns: numbers where every cell is one, else categories or texts."""
    import pyarrow as pa

    from latentviewer.io.arrow_columns import from_arrow

    columns = {}
    for i, name in enumerate(table.names):
        values = _typed([row[i] for row in table.rows])
        column = from_arrow(pa.chunked_array([pa.array(values)]), name, None)
        if column is not None:
            columns[name] = column
    return columns


def _typed(texts: Sequence[str]) -> list[Any]:
    present = [t for t in texts if t.lower() not in _MISSING]
    if any(map(LEADING_ZERO.fullmatch, present)):
        return [t or None for t in texts]
    if present and all(_WHOLE.fullmatch(t) for t in present):
        return [int(t) if t.lower() not in _MISSING else None for t in texts]
    if present and all(map(_is_number, present)):
        return [float(t) if t.lower() not in _MISSING else None for t in texts]
    return [t or None for t in texts]


def _is_number(text: str) -> bool:
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def _text(path: Path) -> str:
    check_regular(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(
                f"{path} is larger than {MOST_BYTES >> 20} MB, too large for a table of images; "
                "split it."
            )
        content = path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error
    return _decoded(content, path)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text (byte {error.start} fits no character); save it again "
            "as UTF-8."
        ) from error


def _delimited(path: Path, text: str, delimiter: str | None) -> TextTable:
    first = text.split("\n", 1)[0]
    quoting: Any = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    if delimiter is None:
        delimiter = ";" if "," not in first and ";" in first else ","
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True
    )
    names: tuple[str, ...] = ()
    rows, places = [], []
    try:
        for cells in reader:
            if not cells:
                continue
            if not names:
                names = tuple(cell.strip() for cell in cells)
                continue
            if len(cells) != len(names):
                raise UserError(
                    f"{path}, line {reader.line_num} has {len(cells)} cells, the header has "
                    f"{len(names)}; mend that line."
                )
            rows.append(tuple(cells))
            places.append(f"line {reader.line_num}")
    except csv.Error as error:
        raise UserError(
            f"{path}, line {reader.line_num} cannot be read ({error}); mend that line."
        ) from error
    return _checked(path, names, rows, places)


def _json_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = _parsed(path, text, "")
    if isinstance(content, dict) and all(isinstance(v, list) for v in content.values()):
        lengths = {len(v) for v in content.values()}
        if len(lengths) > 1:
            raise UserError(f"{path} has lists of different lengths; give each row all values.")
        content = [
            dict(zip(content, cells, strict=True)) for cells in zip(*content.values(), strict=True)
        ]
    if not isinstance(content, list):
        raise UserError(f"{path} is no table: it must be a list of objects, one for each row.")
    for number, row in enumerate(content, start=1):
        yield f"row {number}", _object(path, row, f"row {number}")


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            row = _parsed(path, line, f", line {number}")
            yield f"line {number}", _object(path, row, f"line {number}")


def _parsed(path: Path, text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}{where} is not valid JSON ({error}); mend it.") from error


def _object(path: Path, row: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise UserError(f"{path}, {where} is not an object of names and values; mend it.")
    return row


def _of_objects(path: Path, rows: Iterator[tuple[str, Mapping[str, Any]]]) -> TextTable:
    listed = list(rows)
    # Rows may lack a value; the names are those of all rows, in the order of their first use.
    names = tuple(dict.fromkeys(name for _, row in listed for name in row))
    cells = [tuple(_cell(row.get(name)) for name in names) for _, row in listed]
    return _checked(path, names, cells, [place for place, _ in listed])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _checked(
    path: Path, names: tuple[str, ...], rows: list[tuple[str, ...]], places: list[str]
) -> TextTable:
    if not rows:
        raise UserError(f"{path} has no rows; a table has a header and a row for each image.")
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None or "" in names:
        fault = (
            "a column without a name" if twice is None or not twice else f"two columns “{twice}”"
        )
        raise UserError(f"{path} has {fault}; name its columns in the first line.")
    return TextTable(path, names, tuple(rows), tuple(places))
