"""What a pickle of torch's says of tensors: where their numbers lie, and in what order."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentviewer.engine.importing.checkpoints.inert_pickles import PERSISTENT, Made

_MOST_DIMENSIONS = 8
_REBUILT = "torch._utils._rebuild_"
_DTYPES = {
    "Float": torch.float32, "Double": torch.float64, "Half": torch.float16,
    "BFloat16": torch.bfloat16, "Long": torch.int64, "Int": torch.int32, "Short": torch.int16,
    "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool,
}  # fmt: skip
"""Of what `torch.FloatStorage` and its like hold."""
WIDTHS = {name: dtype.itemsize for name, dtype in _DTYPES.items()} | {
    "ComplexFloat": 8, "ComplexDouble": 16, "QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1,
    "QUInt2x4": 1, "Untyped": 1,
}  # fmt: skip
"""Bytes of one number, by the kind of storage."""


@dataclass(frozen=True)
class TensorClaim:
    """What a file says of one tensor.

    Attributes:
        storage: the name of the block of numbers that it lies in.
        count: how many numbers that block has.
        offset: of the first number within it.
        shape, stride: in numbers.
        fault: why it cannot be read, the end of a sentence; None where it can.
        swells: whether that is because it would take more memory than the file has.
    """

    storage: str
    dtype: torch.dtype
    count: int
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    fault: str | None = None
    swells: bool = False


def claim_of(value: Any) -> TensorClaim | None:
    """What an object of the pickle says as a tensor, or None where it is none."""
    for _ in range(4):  # parameters hold tensors
        if not isinstance(value, Made) or not value.args:
            return None
        if value.of == "torch._tensor._rebuild_from_type_v2" and len(value.args) >= 3:
            made_by, of_it = value.args[0], value.args[2]
            if not isinstance(of_it, tuple):
                return None
            value = Made(getattr(made_by, "path", ""), of_it)
        elif value.of in (f"{_REBUILT}parameter", f"{_REBUILT}parameter_with_state") or (
            value.of == "torch.nn.parameter.Parameter"
        ):
            value = value.args[0]
        else:
            break
    if not isinstance(value, Made) or not value.of.startswith(_REBUILT):
        return None
    if value.of not in (f"{_REBUILT}tensor", f"{_REBUILT}tensor_v2"):
        return _unreadable(value.of.removeprefix(_REBUILT).replace("_", " "))
    return _dense(value.args)


@dataclass(frozen=True)
class Storage:
    """What a pickle says of a block of numbers.

    Attributes:
        key: its name. kind: such as `Float`, a key of `WIDTHS`. count: how many there are.
        is_view: whether it is a part of another block.
    """

    key: str
    kind: str
    count: int
    is_view: bool


def storage_of(note: Any) -> Storage | None:
    """What an object of the pickle says as a storage, or None where it is none."""
    if not isinstance(note, Made) or note.of != PERSISTENT or len(note.args) < 5:
        return None
    path, key, count = getattr(note.args[1], "path", ""), note.args[2], note.args[4]
    kind = path.rpartition(".")[2].removesuffix("Storage")
    if kind not in WIDTHS or not isinstance(key, str) or not _is_whole(count):
        return None
    # Files from before PyTorch 0.4 may cut one storage out of another.
    return Storage(key, kind, count, any(part is not None for part in note.args[5:]))


def tensor_from(data: bytearray, claim: TensorClaim) -> Tensor:
    """The tensor in its storage's bytes, contiguous; for a claim without a fault."""
    flat = torch.frombuffer(data, dtype=claim.dtype)
    return flat.as_strided(claim.shape, claim.stride, claim.offset).clone(
        memory_format=torch.contiguous_format
    )


def _dense(args: tuple[Any, ...]) -> TensorClaim:
    storage = storage_of(args[0])
    if storage is None or storage.kind not in _DTYPES or storage.is_view or len(args) < 4:
        return _unreadable("of an unknown kind of number")
    offset, shape, stride = args[1], _whole(args[2]), _whole(args[3])
    if shape is None or stride is None or len(shape) != len(stride) or not _is_whole(offset):
        return _unreadable("without a shape")
    if any(args[6:7]):
        return _unreadable("conjugate or negated")
    numbers = math.prod(shape)
    last = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=True))
    if numbers == 0:
        return _unreadable("empty")
    swells = numbers > storage.count or last >= storage.count
    fault = (
        f"of shape {shape} claims more numbers than its storage has ({storage.count:,}); such a "
        "file is refused, save the weights again"
    )
    return TensorClaim(
        storage.key, _DTYPES[storage.kind], storage.count, offset, shape, stride,
        fault if swells else None, swells,
    )  # fmt: skip


def _unreadable(kind: str) -> TensorClaim:
    fault = f"is {kind}, and only dense tensors of plain numbers are read; save it so"
    return TensorClaim("", torch.float32, 0, 0, (), (), fault)


def _whole(value: Any) -> tuple[int, ...] | None:
    """A shape, as a tuple or as torch.Size keeps it."""
    if isinstance(value, Made) and value.of == "torch.Size" and len(value.args) == 1:
        value = value.args[0]
    if not isinstance(value, tuple | list) or len(value) > _MOST_DIMENSIONS:
        return None
    return tuple(value) if all(_is_whole(side) for side in value) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62
