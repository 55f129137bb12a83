"""What an ONNX file may ask for before onnxruntime sees it: operators, functions and memory."""

import math
from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.onnx.graph import STRING, Contents, Node, Tensor, shown

LARGEST_BYTES = 2 << 30
"""Of one array, and of the constants in one file; protobuf itself ends there."""

# Built into every onnxruntime; all other domains need a library of native code.
_DOMAINS = ("", "ai.onnx.ml", "com.microsoft")
# Of these domains, but they hand over to code or files from elsewhere.
_OUTWARD = frozenset({"ATen", "EPContext", "ExternalOp", "PythonOp", "PythonOpGrad"})
_MOST_STEPS = 200_000  # once all functions are written out
_DEEPEST_CALLS = 64
_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64,
    14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""Of one number, by TensorProto.DataType."""
_DENSEST = 4  # numbers that one stored byte can stand for, at two bits each


def check_contents(path: Path, contents: Contents) -> None:
    """Refuses what would need foreign code, or more memory than its bytes account for.

    Raises:
        UserError: an array is too large or its size is a lie, or functions go in circles.
        UnsafeFileError: an operator needs a library of native code.
    """
    steps = [*contents.within, *(n for body in contents.functions.values() for n in body)]
    for node in steps:
        _check_operator(path, node, contents)
    _check_expansion(path, contents)
    for name in contents.sparse:
        raise UserError(
            f"{path}: tensor “{shown(name)}” is stored sparsely, so its true size is unknown; "
            "export it as a dense tensor."
        )
    for tensor in contents.tensors:
        _check_tensor(path, tensor)
    for value in contents.values:
        size = _bytes(value.dtype, math.prod(side or 1 for side in value.dims))
        if size > LARGEST_BYTES:
            raise UserError(
                f"{path}: array “{shown(value.name)}” would take {size:,} bytes, more than the "
                f"{LARGEST_BYTES:,} that one array may take; export it for smaller pictures."
            )


def bytes_of(tensor: Tensor) -> int:
    """How many bytes a constant's numbers take."""
    return _bytes(tensor.dtype, math.prod(tensor.dims))


def _check_operator(path: Path, node: Node, contents: Contents) -> None:
    if node.texts:
        raise _texts(path, f"the operator “{shown(node.op)}”")
    if (node.domain, node.op) in contents.functions:
        return
    if node.domain not in _DOMAINS or node.op in _OUTWARD:
        of = f" of “{shown(node.domain)}”" if node.domain else ""
        raise UnsafeFileError(
            f"{path} uses the operator “{shown(node.op)}”{of}, which needs a library of native "
            "code that is not loaded for a model's sake; export it with ONNX's own operators."
        )


def _check_expansion(path: Path, contents: Contents) -> None:
    """Functions are written out wherever they are called, again and again within each other."""
    sizes: dict[tuple[str, str], int] = {}

    def written_out(nodes: list[Node], depth: int) -> int:
        if depth > _DEEPEST_CALLS:
            raise UserError(
                f"{path} has functions that call each other without end; export it anew."
            )
        total = 0
        for node in nodes:
            key = node.domain, node.op
            if key in contents.functions and key not in sizes:
                sizes[key] = written_out(contents.functions[key], depth + 1)
            total += sizes.get(key, 1)
        return total

    steps = written_out(contents.within, 0)
    if steps > _MOST_STEPS:
        raise UserError(
            f"{path} has {steps:,} steps, more than the {_MOST_STEPS:,} that are tried; export a "
            "smaller network."
        )


def _check_tensor(path: Path, tensor: Tensor) -> None:
    count = math.prod(tensor.dims)
    name = shown(tensor.name)
    if tensor.dtype == STRING:
        raise _texts(path, f"tensor “{name}”")
    if tensor.dtype not in _BITS:
        raise UserError(
            f"{path}: tensor “{name}” has the unknown data type {tensor.dtype}; export it anew."
        )
    bits = _BITS[tensor.dtype]
    size = (count * bits + 7) // 8
    if size > LARGEST_BYTES:
        raise UserError(
            f"{path}: tensor “{name}” claims {size:,} bytes, more than the {LARGEST_BYTES:,} that "
            "one tensor may take; copy or export it again."
        )
    if tensor.external is not None:
        return  # held against the length of its file
    if (tensor.raw and size != tensor.stored) or count > _DENSEST * tensor.stored:
        raise UserError(
            f"{path}: tensor “{name}” claims {count:,} numbers, and {tensor.stored:,} bytes of "
            "them are there; copy or download it again."
        )


def _texts(path: Path, what: str) -> UserError:
    # Their memory is not within the bounds that a run is kept to.
    return UserError(
        f"{path}: {what} holds or makes texts, which no network of pictures needs; export the "
        "network without what prepares texts for it."
    )


def _bytes(dtype: int, count: int) -> int:
    return (count * _BITS.get(dtype, 8) + 7) // 8
