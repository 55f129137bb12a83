"""Embeddings kept as tensors in a safetensors file.

The format: eight bytes of little-endian header length, a JSON object that gives each tensor's
dtype, shape and place, then the tensors' bytes, one after another without gaps.
https://github.com/huggingface/safetensors#format
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.candidates import Candidate, chosen, listed
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Column
from latentviewer.io.failures import cannot_read, check_regular

_LARGEST_HEADER_BYTES = 100_000_000  # the limit of the reference implementation
_BLOCK_BYTES = 64 << 20
_BFLOAT16 = "BF16"
_NUMPY_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2",
    _BFLOAT16: "<u2", "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8",
    "F64": "<f8",
}  # fmt: skip
"""Of what is read; numpy has no bfloat16, which is the upper half of a float32."""
_BITS_OF_OTHERS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64,
}  # fmt: skip
_MOST_SENTENCES = 20


@dataclass(frozen=True)
class _Tensor:
    """A tensor's place: `start` counts from the beginning of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int

    @property
    def is_table(self) -> bool:
        """Whether it is a table of numbers, (n, d) with d ≥ 1."""
        numeric = self.dtype in _NUMPY_DTYPES and self.dtype != "BOOL"
        return numeric and len(self.shape) == 2 and self.shape[1] > 0

    @property
    def is_narrow(self) -> bool:
        """Whether it could be a map: floats, 2 or 3 wide."""
        floats = self.dtype == _BFLOAT16 or _NUMPY_DTYPES.get(self.dtype, "")[1:2] == "f"
        return self.is_table and floats and self.shape[1] in (2, 3)


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors does; its header is not read.

    Raises:
        UserError: missing, unreadable, or no file.
    """
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise cannot_read(path, error) from error
    length = int.from_bytes(start[:8], "little")
    return start[8:] == b"{" and length <= min(_LARGEST_HEADER_BYTES, size - 8)


def safetensors_candidates(path: Path) -> tuple[Candidate, ...]:
    """The tables of numbers in a file that are no maps.

    Raises:
        UserError: missing, unreadable, damaged, or none at all.
    """
    return _candidates(path, _tables(_tensors(path)))


def read_safetensors_space(path: Path, pick: str | None = None) -> Space:
    """A file as a space; F32 is mapped from the file, other dtypes are converted.

    Tensors of one number a row are columns, and (n, 2) or (n, 3) ones of floats are maps.
    What cannot be shown is listed under `LEFT_OUT`.

    Raises:
        SeveralCandidatesError: none was picked, and it does not go without saying.
        UserError: missing, unreadable, damaged, no table of numbers, or not finite.
    """
    from latentviewer.domain.space import LEFT_OUT

    tensors = _tensors(path)
    tables = _tables(tensors)
    candidates = _candidates(path, tables)
    picked = chosen(path, candidates, pick)
    table = next(t for t in tables if t.name == picked.name)
    try:
        latents = checked_latents(_as_float32(path, table), _where(path, table.name))
        columns: dict[str, Column] = {}
        maps: dict[str, Latents] = {}
        left_out: list[str] = []
        for tensor in tensors:
            if tensor in tables:
                continue
            if tensor.is_narrow and tensor.shape[0] == len(latents):
                where = _where(path, tensor.name)
                try:
                    maps[tensor.name] = checked_latents(_as_float32(path, tensor), where)
                except UserError as error:
                    left_out.append(f"Tensor “{tensor.name}” is left out: {error}")
            elif tensor.shape == (len(latents),) and tensor.dtype in _NUMPY_DTYPES:
                columns[tensor.name] = _column(path, tensor)
            else:
                left_out.append(
                    f"Tensor “{tensor.name}” is left out: its shape {tensor.shape} or its dtype "
                    f"{tensor.dtype} is not one number a row."
                )
    except OSError as error:
        raise cannot_read(path, error) from error
    more = len(left_out) - _MOST_SENTENCES
    if more > 0:
        left_out[_MOST_SENTENCES:] = [f"{more} more tensors are left out."]
    others = [c for c in candidates if c is not picked]
    if others:
        left_out.append(f"Its other vectors are left out: {listed(others)}.")
    extra = {LEFT_OUT: left_out} if left_out else {}
    return Space(path.stem, latents, None, columns, maps, Provenance(extra=extra))


def _candidates(path: Path, tables: Sequence[_Tensor]) -> tuple[Candidate, ...]:
    if not tables:
        raise UserError(
            f"{path} holds no table of numbers; it needs a tensor of shape (n, d), a row for "
            "each latent."
        )
    return tuple(Candidate(t.name, t.shape[0], t.shape[1]) for t in tables)


def _tables(tensors: Sequence[_Tensor]) -> list[_Tensor]:
    """The tables without the maps, which are narrow and as long as a wider one."""
    wide = {t.shape[0] for t in tensors if t.is_table and not t.is_narrow}
    return [t for t in tensors if t.is_table and not (t.is_narrow and t.shape[0] in wide)]


def _column(path: Path, tensor: _Tensor) -> Column:
    import pyarrow as pa

    from latentviewer.io.arrow_columns import from_arrow

    values = _values(path, tensor)
    if tensor.dtype == _BFLOAT16:
        values = _widened(values)
    listed = values.astype(np.float64) if values.dtype.kind == "f" else np.array(values)
    column = from_arrow(pa.chunked_array([pa.array(listed)]), tensor.name, None)
    assert column is not None
    return column


def _as_float32(path: Path, tensor: _Tensor) -> Latents:
    """A table as (n, d) float32; converted some rows at a time."""
    from latentviewer.io.arrow_columns import check_range

    values = _values(path, tensor)
    # Compiled loops are made for aligned values, and a header may have any length.
    if tensor.dtype == "F32" and values.flags.aligned:
        return np.asarray(values)
    rows, dims = tensor.shape
    at_once = max(1, _BLOCK_BYTES // (4 * dims))
    converted = np.empty((rows, dims), np.float32)
    for start in range(0, rows, at_once):
        block = values[start : start + at_once]
        if tensor.dtype == _BFLOAT16:
            block = _widened(block)
        with np.errstate(over="ignore"):
            converted[start : start + at_once] = block
        check_range(block, converted[start : start + at_once], _where(path, tensor.name))
    return converted


def _values(path: Path, tensor: _Tensor) -> NDArray[Any]:
    """A tensor's bytes as they lie in the file, mapped; bfloat16 as uint16."""
    dtype = np.dtype(_NUMPY_DTYPES[tensor.dtype])
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, dtype)
    return np.memmap(path, dtype, "r", tensor.start, tensor.shape)


def _widened(halves: NDArray[Any]) -> NDArray[np.float32]:
    return (halves.astype(np.uint32) << 16).view(np.float32)


def _tensors(path: Path) -> list[_Tensor]:
    """The tensors that a header lists, all of them inside the file and apart from each other."""
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(_LARGEST_HEADER_BYTES, size - 8):
                raise _damaged(path, f"its header would take {length:,} of its {size:,} bytes")
            header = file.read(length)
    except OSError as error:
        raise cannot_read(path, error) from error
    try:
        fields: Any = json.loads(header, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON that names everything once") from error
    if not isinstance(fields, dict):
        raise _damaged(path, "its header is not a JSON object")
    said = fields.pop("__metadata__", {})
    if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
        raise _damaged(path, "its metadata are not texts")
    placed = sorted((_tensor(path, name, said) for name, said in fields.items()), key=_by_place)
    end = 0
    for tensor, bits in placed:
        if tensor.start != end:
            raise _damaged(path, f"tensor “{tensor.name}” does not begin where the last one ends")
        end += bits // 8
    if end != size - 8 - length:
        raise _damaged(path, f"its tensors take {end:,} bytes and {size - 8 - length:,} are there")
    tensors = [
        _Tensor(t.name, t.dtype, t.shape, 8 + length + t.start)
        for t, _ in placed
        if t.name.isprintable()
    ]
    # As they are listed in the header, for their places follow their sizes in memory.
    order = {name: number for number, name in enumerate(fields)}
    return sorted(tensors, key=lambda tensor: order[tensor.name])


def _by_place(placed: tuple[_Tensor, int]) -> tuple[int, int]:
    # Empty tensors begin where the next one does.
    return placed[0].start, placed[1]


def _tensor(path: Path, name: str, said: Any) -> tuple[_Tensor, int]:
    """A tensor with `start` counted from the end of the header, and how many bits it takes."""
    fault = _damaged(path, f"its header is wrong at tensor “{name}”")
    if not isinstance(said, Mapping) or set(said) != {"dtype", "shape", "data_offsets"}:
        raise fault
    dtype, shape, offsets = said["dtype"], said["shape"], said["data_offsets"]
    if not isinstance(dtype, str) or not _is_counts(shape) or not _is_counts(offsets):
        raise fault
    bits = _BITS_OF_OTHERS.get(dtype)
    if dtype in _NUMPY_DTYPES:
        bits = 8 * np.dtype(_NUMPY_DTYPES[dtype]).itemsize
    if bits is None:
        raise UserError(
            f"{path}: tensor “{name}” has the dtype {dtype}, which is not known; save it as F32."
        )
    taken = bits * math.prod(shape)
    if len(offsets) != 2 or taken % 8 or (offsets[1] - offsets[0]) * 8 != taken:
        raise fault
    return _Tensor(name, dtype, tuple(shape), offsets[0]), taken


def _is_counts(values: Any) -> bool:
    """Whether it is a list of whole numbers from 0, none of them beyond what numpy can hold."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 1 << 62 for v in values)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name twice")
    return named


def _damaged(path: Path, what: str) -> UserError:
    return UserError(f"{path} is no whole safetensors file: {what}; copy or make it again.")


def _where(path: Path, name: str) -> str:
    return f"{path}, tensor “{name}”"
