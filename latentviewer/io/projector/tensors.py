"""The tensors of a projector: text with tabs, or float32 without a header."""

import codecs
import math
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.projector.names import shown

_MOST_TEXT_BYTES = 1 << 30
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Tensor:
    """A tensor's file, measured but not kept.

    Attributes:
        rows, dims: its shape, the labels not counted.
        binary: whether it is float32 without a header.
        labelled: whether the first column of its text holds labels.
    """

    path: Path
    rows: int
    dims: int
    binary: bool
    labelled: bool = False


def measured(path: Path, shape: tuple[int, ...]) -> Tensor:
    """What a tensor's file holds.

    It is text, unless it ends in .bytes or is not UTF-8; then it is little-endian float32.

    Args:
        shape: what the config says; () where it says nothing, which only text allows.

    Raises:
        UserError: unreadable, not a table, or not of that shape.
    """
    check_regular(path)
    try:
        lines = None if path.suffix.lower() == ".bytes" else _lines(path)
        if lines is None:
            return _measured_bytes(path, shape, path.stat().st_size)
    except OSError as error:
        raise cannot_read(path, error) from error
    rows = [line for line in lines if line]
    if not rows:
        raise UserError(f"{path} has no vectors in it; export it again.")
    width = rows[0].count("\t") + 1
    for index, row in enumerate(rows):
        if row.count("\t") + 1 != width:
            raise UserError(
                f"{path}, line {_place(lines, index)} has {row.count(chr(9)) + 1} cells, the "
                f"first has {width}; mend that line."
            )
    labelled = not all(_is_number(row.split("\t", 1)[0]) for row in rows)
    tensor = Tensor(path, len(rows), width - labelled, False, labelled)
    if tensor.dims < 1:
        raise UserError(
            f"{path}, line {_place(lines, 0)} holds no number; a tensor's lines are numbers with "
            "tabs between them."
        )
    if shape and shape != (tensor.rows, tensor.dims):
        raise UserError(
            f"{path} holds {tensor.rows:,} x {tensor.dims:,} numbers, but its tensor_shape is "
            f"{_spelt(shape)}; mend the config or copy the file again."
        )
    return tensor


def read_tensor(tensor: Tensor) -> tuple[NDArray[np.float32], tuple[str, ...] | None]:
    """The tensor, (rows, dims) float32, and its labels if it has some.

    Raises:
        UserError: unreadable, no longer as it was measured, a cell that is no number.
    """
    try:
        if tensor.binary:
            # Not mapped: a run that is still going on may write the file anew.
            values = np.fromfile(tensor.path, "<f4")
            if values.size != tensor.rows * tensor.dims:
                raise _changed(tensor)
            return values.astype(np.float32, copy=False).reshape(tensor.rows, tensor.dims), None
        lines = _lines(tensor.path)
    except OSError as error:
        raise cannot_read(tensor.path, error) from error
    rows = [line for line in lines or () if line]
    if lines is None or len(rows) != tensor.rows:
        raise _changed(tensor)
    labels = tuple(row.split("\t", 1)[0] for row in rows) if tensor.labelled else None
    return _parsed(tensor, lines, rows), labels


def _measured_bytes(path: Path, shape: tuple[int, ...], size: int) -> Tensor:
    if len(shape) != 2:
        raise UserError(
            f"{path} is not text, and its tensor_shape is {_spelt(shape)}; give it two numbers, "
            "rows and dimensions, in the config."
        )
    if 0 in shape:
        raise UserError(
            f"{path} has the tensor_shape {_spelt(shape)}, no vectors; mend the config."
        )
    if math.prod(shape) * 4 != size:
        raise UserError(
            f"{path} has {size:,} bytes, but its tensor_shape {_spelt(shape)} takes "
            f"{math.prod(shape) * 4:,}; mend the config or copy the file again."
        )
    return Tensor(path, shape[0], shape[1], True)


def _lines(path: Path) -> list[str] | None:
    """The lines of a text, empty where there is nothing on them; None where it is no text."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    parts, size = [], 0
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                # A tensor of zeros is valid UTF-8, but no text has a NUL.
                if b"\0" in block:
                    return None
                parts.append(decoder.decode(block))
                size += len(block)
                if size > _MOST_TEXT_BYTES:
                    raise UserError(
                        f"{path} is larger than {_MOST_TEXT_BYTES >> 30} GB, too large for a "
                        "tensor as text; save it as float32 in a .bytes file."
                    )
            parts.append(decoder.decode(b"", final=True))
        except UnicodeDecodeError:
            return None
    lines = (line.removesuffix("\r") for line in "".join(parts).split("\n"))
    return [line if line.strip() else "" for line in lines]


def _parsed(tensor: Tensor, lines: list[str], rows: list[str]) -> NDArray[np.float32]:
    from latentviewer.io.arrow_columns import check_range

    columns = range(tensor.labelled, tensor.dims + tensor.labelled)
    try:
        values = np.loadtxt(
            rows, np.float64, comments=None, delimiter="\t", usecols=columns, ndmin=2
        )
    except ValueError as error:
        raise _fault(tensor, lines, rows) from error
    if values.shape != (tensor.rows, tensor.dims):
        raise _changed(tensor)
    with np.errstate(over="ignore"):
        narrow: NDArray[np.float32] = values.astype(np.float32)
    check_range(values, narrow, str(tensor.path))
    return narrow


def _fault(tensor: Tensor, lines: list[str], rows: list[str]) -> UserError:
    for index, row in enumerate(rows):
        for column, cell in enumerate(row.split("\t")[tensor.labelled :], tensor.labelled + 1):
            if not _is_number(cell):
                return UserError(
                    f"{tensor.path}, line {_place(lines, index)}, column {column} holds "
                    f"“{shown(cell)}”, which is no number; mend it."
                )
    return UserError(f"{tensor.path} holds what is no number; export it again.")


def _place(lines: list[str], index: int) -> int:
    """The number, from 1, of the line that the row `index` stands on."""
    return next(islice((n for n, line in enumerate(lines, start=1) if line), index, None))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _spelt(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{side:,}" for side in shape[:8]) or "not given"


def _changed(tensor: Tensor) -> UserError:
    return UserError(f"{tensor.path} changed while it was read; open it again.")
