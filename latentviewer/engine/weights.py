"""Reading safetensors files without trusting them.

The format: eight bytes of little-endian header length, a JSON object that gives each
tensor's dtype, shape and place, then the tensors' bytes.
https://github.com/huggingface/safetensors#format
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io.failures import check_regular

_LARGEST_HEADER_BYTES = 100_000_000  # the limit of the reference implementation
_BYTES_OF_DTYPE = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1,
    "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip


_DTYPES = {torch.float32: "F32", torch.int64: "I64"}  # of models that are opened
_HALVES = ("F16", "BF16")  # what float32 weights may be kept as


@dataclass(frozen=True)
class TensorEntry:
    """What the header says of one tensor: dtype as safetensors spells it, and shape."""

    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, TensorEntry]:
    """The tensors a safetensors file holds, by name; reads no weights.

    Raises:
        UserError: the file is cut short or is not safetensors.
        UnsafeFileError: it is a pickle or an archive that carries another ending.
    """
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(8)
            refuse_disguised_pickle(path, first)
            if len(first) < 8:
                raise UserError(
                    f"{path} has {size} bytes and is cut short; copy or download it again."
                )
            length = int.from_bytes(first, "little")
            if length > _LARGEST_HEADER_BYTES:
                raise UserError(
                    f"{path} is not a safetensors file: its first 8 bytes give a header of "
                    f"{length:,} bytes; copy or download it again."
                )
            if length > size - 8:
                raise UserError(
                    f"{path} is cut short within its header ({size:,} of at least "
                    f"{length + 8:,} bytes); copy or download it again."
                )
            header = file.read(length)
    except OSError as error:
        raise unreadable(path, error) from error
    return _entries(path, header, size - 8 - length)


def read_tensors(path: Path, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors on the CPU, after checking them against `wanted`; halves as float32.

    Args:
        wanted: tensors by name whose shapes are expected; may be on torch's `meta` device.

    Raises:
        UserError: a name or shape does not fit, a tensor is of another kind, or a value is NaN
            or infinite; the first such tensor is named.
    """
    check_entries(path, read_header(path), wanted)
    try:
        tensors: dict[str, Tensor] = load_file(path, device="cpu")
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is damaged ({error}); copy or download it again.") from error
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(
                f"{path}: tensor “{name}” holds NaN or infinite values, so the model cannot "
                "answer; train it again or take another copy."
            )
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def check_entries(
    path: Path,
    entries: Mapping[str, TensorEntry],
    wanted: Mapping[str, Tensor],
    mend: str = "the config.json beside it belongs to other weights",
) -> None:
    """Raises a UserError that names the first tensor that does not fit, and ends with `mend`."""
    for name, tensor in wanted.items():
        shape = tuple(tensor.shape)
        if name not in entries:
            raise UserError(f"{path}: tensor “{name}” of shape {shape} is missing; {mend}.")
        entry = entries[name]
        if entry.shape != shape:
            raise UserError(
                f"{path}: tensor “{name}” has shape {entry.shape}, and the model asks for "
                f"{shape}; {mend}."
            )
        dtype = _DTYPES[tensor.dtype]
        if entry.dtype != dtype and not (dtype == "F32" and entry.dtype in _HALVES):
            raise UserError(
                f"{path}: tensor “{name}” is {entry.dtype} and must be {dtype}; "
                "save the weights as float32."
            )
    for name in entries:
        if name not in wanted:
            raise UserError(f"{path}: tensor “{name}” has no place in the model; {mend}.")


def entries_of(tensors: Mapping[str, Tensor]) -> dict[str, TensorEntry]:
    """What a header would say of tensors in memory; `?` for a dtype that no model here has."""
    return {
        name: TensorEntry(_DTYPES.get(tensor.dtype, "?"), tuple(tensor.shape))
        for name, tensor in tensors.items()
    }


def parameter_count(entries: Mapping[str, TensorEntry]) -> int:
    """How many numbers the tensors hold together."""
    return sum(math.prod(entry.shape) for entry in entries.values())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def refuse_disguised_pickle(path: Path, first: bytes) -> None:
    """Raises UnsafeFileError where a file's first bytes are a zip's or a binary pickle's."""
    if first[:4] == b"PK\x03\x04":
        kind = "a zip archive such as torch.save writes"
    elif len(first) >= 2 and first[0] == 0x80 and 2 <= first[1] <= 5 and first[2:8] != bytes(6):
        kind = "a Python pickle"
    else:
        return
    raise UnsafeFileError(
        f"{path} is {kind}, whatever its name says, and can run code when opened; "
        "save the weights as safetensors instead."
    )


def unreadable(path: Path, error: OSError) -> UserError:
    """The refusal for a file that the system does not let us read."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path} does not exist; check the path.")
    reason = (error.strerror or str(error)).lower()
    return UserError(f"{path} cannot be read: {reason}; check its permissions and its disk.")


def _entries(path: Path, header: bytes, data_bytes: int) -> dict[str, TensorEntry]:
    broken = f"{path} has a damaged header"
    mend = "copy or download it again"
    try:
        fields: Any = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{broken}: it is not JSON; {mend}.") from error
    if not isinstance(fields, dict):
        raise UserError(f"{broken}: it is not a JSON object; {mend}.")
    fields.pop("__metadata__", None)
    entries, largest_end = {}, 0
    for name, field in fields.items():
        try:
            dtype, shape = str(field["dtype"]), tuple(int(side) for side in field["shape"])
            start, end = (int(offset) for offset in field["data_offsets"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UserError(f"{broken} at tensor “{name}”; {mend}.") from error
        if dtype not in _BYTES_OF_DTYPE:
            raise UserError(f"{path}: tensor “{name}” has the unknown dtype {dtype}; {mend}.")
        expected = math.prod(shape) * _BYTES_OF_DTYPE[dtype]
        if min(shape, default=1) < 0 or start < 0 or end - start != expected:
            raise UserError(f"{broken} at tensor “{name}”; {mend}.")
        entries[name] = TensorEntry(dtype, shape)
        largest_end = max(largest_end, end)
    if largest_end > data_bytes:
        raise UserError(
            f"{path} is cut short: its tensors take {largest_end:,} bytes and "
            f"{data_bytes:,} are there; {mend}."
        )
    if largest_end < data_bytes:
        raise UserError(
            f"{path} has {data_bytes - largest_end:,} bytes too many after its tensors; {mend}."
        )
    return entries
