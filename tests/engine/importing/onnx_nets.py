"""Small ONNX files, the arithmetic of which can be done by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Side = int | str | None
FLOAT, HALF, DOUBLE, BYTE = (
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.DOUBLE,
    TensorProto.UINT8,
)


def weights(*shape: int, seed: int = 1) -> NDArray[np.float32]:
    """Small random numbers."""
    return 0.3 * np.random.default_rng(seed).standard_normal(shape, np.float32)


def model(
    nodes: Sequence[NodeProto],
    takes: Mapping[str, Sequence[Side]],
    gives: Mapping[str, Sequence[Side] | None],
    constants: Mapping[str, NDArray[Any]],
    dtype: int = FLOAT,
    made: int | None = None,
    **more: Any,
) -> ModelProto:
    """A model of opset 17; `made` is the type of its outputs."""
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info(name, dtype, dims) for name, dims in takes.items()],
        [helper.make_tensor_value_info(n, made or dtype, dims) for n, dims in gives.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = more.pop("opset_imports", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


def save(path: Path, made: ModelProto) -> Path:
    """Writes a model; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return path


def encoder(
    takes: Sequence[Side],
    outputs: Mapping[str, NDArray[np.float32]],
    one: Sequence[int] = (),
    dtype: int = FLOAT,
    batch: bool = True,
) -> ModelProto:
    """Each output is the picture's values in a row times a matrix (values, d).

    Args:
        one: the shape of one latent; (d,) where it is not given.
    """
    first = next(iter(outputs.values()))
    lead = [-1] if batch else []
    constants: dict[str, NDArray[Any]] = {
        "row": np.array([*lead, len(first)], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["x"], ["float"], to=FLOAT),
        helper.make_node("Reshape", ["float", "row"], ["flat"]),
    ]
    gives = {}
    for name, matrix in outputs.items():
        shape = [*one] or [matrix.shape[1]]
        constants[f"{name}_w"] = matrix
        constants[f"{name}_s"] = np.array([*lead, *shape], np.int64)
        nodes += [
            helper.make_node("MatMul", ["flat", f"{name}_w"], [f"{name}_flat"]),
            helper.make_node("Reshape", [f"{name}_flat", f"{name}_s"], [name]),
        ]
        gives[name] = [*([takes[0]] if batch else []), *shape]
    return model(nodes, {"x": takes}, gives, constants, dtype, FLOAT)


def decoder(
    takes: Sequence[Side],
    matrix: NDArray[np.float32],
    one: Sequence[int],
    end: str | None = None,
    dtype: int = FLOAT,
    batch: bool = True,
    times: float = 1.0,
) -> ModelProto:
    """A latent's numbers times a matrix (d, values), then an operator such as Tanh.

    Args:
        one: the shape of one picture.
        times: what the result is multiplied with.
    """
    lead = [-1] if batch else []
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    constants: dict[str, NDArray[Any]] = {
        "row": np.array([*lead, len(matrix)], np.int64),
        "w": matrix.astype(kind),
        "shape": np.array([*lead, *one], np.int64),
        "times": np.array(times, kind),
    }
    nodes = [
        helper.make_node("Reshape", ["z", "row"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["row_out"]),
        helper.make_node(end or "Identity", ["row_out"], ["ended"]),
    ]
    last = "ended"
    if times != 1:
        nodes.append(helper.make_node("Mul", ["ended", "times"], ["scaled"]))
        last = "scaled"
    nodes.append(helper.make_node("Reshape", [last, "shape"], ["picture"]))
    gives = {"picture": [*([takes[0]] if batch else []), *one]}
    return model(nodes, {"z": takes}, gives, constants, dtype)
