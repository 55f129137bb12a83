"""The metadata of a projector's points: a text table with tabs.

It has a header if, and only if, its first line has a tab; a single column has none and is called
`label`. An empty cell is missing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Column, Numbers
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.free_names import unused
from latentviewer.io.text_tables import TextTable, columns_of

METADATA_NAME = "metadata.tsv"
LABEL = "label"
NEXT = "__seq_next__"
"""The column of the row that follows each row on a line; the projector draws these lines."""
NEXT_NAMES = (NEXT, "__next__")
_MOST_BYTES = 256 << 20


def read_metadata(path: Path, rows: int) -> TextTable:
    """The metadata of `rows` points as texts; names that occur twice are told apart.

    Blank lines at the end are passed over, others are rows of missing cells.

    Raises:
        UserError: unreadable, too large, not UTF-8, a line of another length, or not as many
            rows as there are points.
    """
    lines = _lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    header = bool(lines) and "\t" in lines[0]
    names = _named(lines[0].split("\t")) if header else (LABEL,)
    body = lines[header:]
    if len(body) != rows:
        raise UserError(
            f"{path} and the tensor do not belong together (rows of metadata: {len(body):,}, of "
            f"the tensor: {rows:,}); give each vector its row."
        )
    cells = []
    for number, line in enumerate(body, start=1 + header):
        row = tuple(line.split("\t")) if line.strip() else ("",) * len(names)
        if len(row) != len(names):
            raise UserError(
                f"{path}, line {number} has {len(row)} cells, the first has {len(names)}; mend "
                "that line."
            )
        cells.append(row)
    places = tuple(f"line {n}" for n in range(1 + header, 1 + header + rows))
    return TextTable(path, names, tuple(cells), places)


def typed_columns(table: TextTable) -> dict[str, Column]:
    """The columns of metadata that say nothing of their kinds."""
    columns = columns_of(table)
    for name in NEXT_NAMES:
        # Where no row is followed by another, there is no number to tell the kind by.
        if name in columns and not any(columns[name].text(i) for i in range(len(table))):
            columns[name] = Numbers(np.full(len(table), np.nan))
    return columns


def label_table(path: Path, labels: Sequence[str]) -> TextTable:
    """Labels that stand before the vectors in a tensor's text."""
    places = tuple(f"vector {n}" for n in range(1, len(labels) + 1))
    return TextTable(path, (LABEL,), tuple((label,) for label in labels), places)


def joined(first: Mapping[str, Column], second: Mapping[str, Column]) -> dict[str, Column]:
    """All columns of both; those of the second are renamed where the name is taken."""
    columns = dict(first)
    for name, column in second.items():
        columns[unused(name, columns)] = column
    return columns


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        names.append(unused(cell.strip() or f"column {number}", names))
    return tuple(names)


def _lines(path: Path) -> list[str]:
    check_regular(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(
                f"{path} is larger than {_MOST_BYTES >> 20} MB, too large for metadata; split it."
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text (byte {error.start} fits no character); save it again "
            "as UTF-8."
        ) from error
    except OSError as error:
        raise cannot_read(path, error) from error
    return [line.removesuffix("\r") for line in text.split("\n")]
