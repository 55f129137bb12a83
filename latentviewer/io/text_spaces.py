"""Tables with vectors in text files: separated values and JSON, as Arrow tables.

Encoding, delimiter, decimal point and header are told from the file's first lines; whatever is
not as usual comes back as a sentence, so that the user sees what was assumed.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.io.failures import first_line
from latentviewer.io.text_tables import LEADING_ZERO

# pyarrow is imported where it is used: it must not be on the way to the first window.

_SAMPLE_BYTES = 1 << 20
_SAMPLE_LINES = 20
_BLOCK_BYTES = 1 << 25
_LARGEST_JSON = 1 << 29
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "spaces"}
_MARK = b"\xef\xbb\xbf"
_MARKS = {_MARK: "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_FALLBACK = "cp1252"
_ENCODINGS = {"utf-16": "UTF-16", _FALLBACK: "Windows-1252, for it is not UTF-8"}
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Separated:
    """How a file of separated values is written.

    Attributes:
        encoding: as Python names it. delimiter: one character.
        decimal_comma: whether numbers have a comma for their point.
        names: of the columns. skip: lines before the first row of values.
        headed: whether the names are the file's own.
        texts: columns with numbers such as `007`, which are names and lose their zeros as
            numbers.
    """

    encoding: str
    delimiter: str
    decimal_comma: bool
    names: tuple[str, ...]
    skip: int
    headed: bool
    texts: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as usual, a sentence each."""
        found = []
        if self.encoding in _ENCODINGS:
            found.append(f"Read as {_ENCODINGS[self.encoding]}.")
        if self.delimiter not in ",\t":
            found.append(f"Read with {_DELIMITERS[self.delimiter]} between the values.")
        if self.decimal_comma:
            found.append("Read with commas for decimal points.")
        if not self.headed:
            found.append("Read as a table without a header.")
        return tuple(found)


def text_kind(start: bytes, path: Path) -> str | None:
    """`json` or `separated` by a file's first bytes; None for what is no table in text."""
    text = _sample(start, _encoding_of(start))
    if text is None or any(ord(c) < 32 and c not in "\t\r\n\f" for c in text[:4096]):
        return None
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("{", "["):
        return "json"
    try:
        told = separated(start, path)
    except UserError:
        return None
    # One column of lists is a table too; one column of anything else is prose.
    lists = any(line.lstrip(' "').startswith("[") for line in stripped.splitlines()[1:2])
    return "separated" if len(told.names) > 1 or lists else None


def read_separated(path: Path) -> tuple[Any, tuple[str, ...]]:
    """A file of separated values as an Arrow table, and sentences on how it was read.

    Raises:
        UserError: a row of another length, a line too long to be one, not a table.
        OSError: unreadable.
    """
    with path.open("rb") as file:
        start = file.read(_SAMPLE_BYTES)
    told = separated(start, path)
    try:
        return _separated(path, told), told.notes
    except UnicodeError:
        told = separated(start, path, _FALLBACK)
        return _separated(path, told), told.notes


def separated(start: bytes, path: Path, encoding: str | None = None) -> Separated:
    """How a file is written, told from its first bytes.

    Raises:
        UserError: no end of a line in them, or no second line.
    """
    encoding = encoding or _encoding_of(start)
    text = _sample(start, encoding) or ""
    lines = text.removeprefix("\ufeff").splitlines()
    if len(start) == _SAMPLE_BYTES:
        lines = lines[:-1]
    if not lines:
        raise UserError(
            f"{path} has no line end in its first {len(start):,} bytes, so it is no table; "
            "check what it is."
        )
    skip = 0
    while skip < len(lines) and (not lines[skip].strip() or lines[skip].startswith("#")):
        skip += 1
    sample = [line for line in lines[skip : skip + _SAMPLE_LINES] if line.strip()]
    if len(sample) < 2:
        raise UserError(f"{path} has one line only; a table has a row in each.")
    delimiter = _delimiter(sample)
    rows = _cells(sample, delimiter)
    comma = delimiter == ";" and any(_COMMA_NUMBER.fullmatch(c.strip()) for c in rows[-1])
    headed = _is_header(rows[0], comma)
    names = _names(rows[0] if headed else _made_up(rows[0], comma))
    told = zip(names, zip(*rows[headed:], strict=False), strict=False)
    texts = tuple(n for n, cells in told if any(map(LEADING_ZERO.fullmatch, cells)))
    return Separated(encoding, delimiter, comma, names, skip + headed, headed, texts)


def read_json_table(path: Path) -> Any:
    """Objects in lines, a list of objects, an object of lists, or a list of vectors, as a table.

    Raises:
        UserError: no such thing, damaged, or too large to be read at once.
        OSError: unreadable.
    """
    import pyarrow as pa

    with path.open("rb") as file:
        start = file.read(_SAMPLE_BYTES).removeprefix(_MARK).lstrip()
    first, *others = start.split(b"\n", 1)
    if first.startswith(b"{") and first.strip().endswith(b"}") and others and others[0].strip():
        return _json_lines(path)
    size = path.stat().st_size
    if size > _LARGEST_JSON:
        raise UserError(
            f"{path} has {size >> 20:,} MB of JSON in one piece; write an object a line or Parquet."
        )
    try:
        content = json.loads(path.read_bytes())
        return _table_of(content, path)
    except (ValueError, RecursionError, pa.ArrowException, TypeError, OverflowError) as error:
        raise UserError(f"{path} is no table in JSON ({first_line(error)}); mend it.") from error


def _json_lines(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import json as pa_json

    try:
        return pa_json.read_json(str(path), pa_json.ReadOptions(block_size=_BLOCK_BYTES))
    except (pa.ArrowException, UnicodeError) as error:
        raise UserError(
            f"{path} cannot be read as an object a line ({first_line(error)}); mend it."
        ) from error


def _table_of(content: Any, path: Path) -> Any:
    import pyarrow as pa

    if isinstance(content, dict) and content and all(isinstance(v, list) for v in content.values()):
        return pa.table(content)
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list) and content:
        if all(isinstance(row, dict) for row in content):
            # Rows may lack a value; the names are those of all rows.
            names = dict.fromkeys(name for row in content for name in row)
            return pa.table({n: [row.get(n) for row in content] for n in names})
        if all(isinstance(row, list) for row in content):
            return pa.table({"latent": content})
    raise UserError(f"{path} is no table: it must be a list of objects, one for each row.")


def _separated(path: Path, told: Separated) -> Any:
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    try:
        return pa_csv.read_csv(
            str(path),
            pa_csv.ReadOptions(
                column_names=list(told.names),
                skip_rows=told.skip,
                encoding=told.encoding,
                block_size=_BLOCK_BYTES,
            ),
            pa_csv.ParseOptions(
                delimiter=told.delimiter,
                quote_char=False if told.delimiter == "\t" else '"',
                newlines_in_values=told.delimiter != "\t",
            ),
            pa_csv.ConvertOptions(
                decimal_point="," if told.decimal_comma else ".",
                column_types=dict.fromkeys(told.texts, pa.string()),
            ),
        )
    except pa.ArrowException as error:
        if "UTF8" in str(error):
            raise UnicodeError from error
        raise UserError(
            f"{path} cannot be read as a table ({first_line(error)}); mend that line."
        ) from error


def _encoding_of(start: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    return "utf-8" if _sample(start, "utf-8") is not None else _FALLBACK


def _sample(start: bytes, encoding: str) -> str | None:
    """The text, but for a character that the end cuts in two; None where it is none."""
    try:
        return start.decode(encoding)
    except UnicodeDecodeError as error:
        if len(start) - error.start > 4 or error.start == 0:
            return None
        return start[: error.start].decode(encoding)


def _delimiter(lines: Sequence[str]) -> str:
    """The one that gives every line the same number of cells, and more than one of them."""
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        widths = {len(row) for row in _cells(lines, delimiter)}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = delimiter, width
    return best


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Those of one row at least; in a .tsv, quotes are ordinary characters."""
    quoting: Any = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    try:
        return list(csv.reader(lines, delimiter=delimiter, quoting=quoting))
    except csv.Error:
        return [[""]]


def _is_header(cells: Sequence[str], comma: bool) -> bool:
    """Whether no cell is a number, or the numbers only count the columns."""
    numbers = [c.strip() for c in cells if _is_number(c, comma)]
    counted = [str(i) for i in range(len(numbers) + 1)]
    return not numbers or (len(numbers) > 1 and numbers in (counted[:-1], counted[1:]))


def _is_number(text: str, comma: bool) -> bool:
    text = text.strip()
    try:
        float(text.replace(",", ".") if comma else text)
    except ValueError:
        return False
    return "_" not in text and text.lower() != "nan"


def _made_up(cells: Sequence[str], comma: bool) -> list[str]:
    """Names for a table without a header: numbers count from 0, and what is none is a label."""
    names, number = [], 0
    for cell in cells:
        if _is_number(cell, comma):
            names.append(str(number))
            number += 1
        else:
            names.append("label")
    return names


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    """Names that all differ, and none of them empty."""
    names: list[str] = []
    for cell in cells:
        name = cell.strip() or ("index" if not names else "column")
        unused, count = name, 2
        while unused in names:
            unused, count = f"{name} ({count})", count + 1
        names.append(unused)
    return tuple(names)
