"""Networks in onnxruntime, kept within bounds of memory and time.

Running a graph runs no code of the file's: it is a flow of data through operators that are built
in. What it can do is to fill the memory or to go round in a loop for ever, and both are stopped.
"""

import functools
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.engine.importing.onnx.file import OnnxFile
from latentviewer.engine.importing.onnx.graph import shown

# onnxruntime is imported where it is used: it is an extra, and not quick to load.

Dims = tuple[int | None, ...]
"""Sizes of axes; None for one that the file leaves open."""

_LARGEST_ARENA_BYTES = 4 << 30  # of all arrays that are alive at one time
_LONGEST_RUN_S = 60.0
_CHUNK_VALUES = 1 << 20  # that go into one run; what happens within takes many times that
_LARGEST_CHUNK = 64
_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
_NOISE = (
    re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : "),
    # A source file's line and the signature of the function there.
    re.compile(r"/onnxruntime_src/\S+:\d+ [\w:&<>~*, ]+\(.*?\)( const)? (?=\S)"),
    re.compile(r"\S*\.(cc|h):\d+ (\S*\(.*?\))?"),
    re.compile(r"Non-zero status code returned while running |Name:'.*?' Status Message: "),
)


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        dtype: of numpy; None for one that is no picture's and no latent's.
    """

    name: str
    dtype: Any
    dims: Dims


class RunError(Exception):
    """What a network failed on, as a part of a sentence."""


class Network:
    """A file's graph, ready to be run on the processor.

    Args:
        file: that was found harmless.

    Raises:
        UserError: onnxruntime is not there, or does not take the file.
    """

    def __init__(self, file: OnnxFile) -> None:
        self.file = file
        runtime = _runtime(str(file.path))
        model, weights = file.content()
        options = _options(runtime, file)
        if weights:
            _give_weights(options, file, weights)
        try:
            self._session = runtime.InferenceSession(
                model,
                options,
                providers=["CPUExecutionProvider"],
                # It computes what is constant when the file is loaded, outside all bounds.
                disabled_optimizers=["ConstantFolding"],
                enable_fallback=0,  # to print what went wrong and try the same again
            )
            self.inputs = tuple(_port(held) for held in self._session.get_inputs())
            self.outputs = tuple(_port(held) for held in self._session.get_outputs())
        except Exception as error:  # there is no common type, and names need not be UTF-8
            raise UserError(
                f"{file.path} is refused by onnxruntime ({_said(error)}); export it again, or "
                "bring onnxruntime up to date."
            ) from error

    def run(self, samples: NDArray[Any], names: Sequence[str]) -> list[NDArray[Any]]:
        """What one run makes of the input exactly as the network takes it.

        Args:
            samples: of the network's only input, in its type.
            names: the outputs wanted.

        Raises:
            RunError: it failed, or took too long or too much.
        """
        options = _runtime(str(self.file.path)).RunOptions()
        options.log_severity_level = 4

        def stop() -> None:
            options.terminate = True

        watch = threading.Timer(_LONGEST_RUN_S, stop)
        watch.daemon = True
        watch.start()
        try:
            given = self._session.run(list(names), {self.inputs[0].name: samples}, options)
        except Exception as error:  # likewise
            if options.terminate:
                raise RunError(f"it took longer than {_LONGEST_RUN_S:.0f} seconds") from error
            raise RunError(_said(error)) from error
        finally:
            watch.cancel()
            watch.join()
        for name, array in zip(names, given, strict=True):
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
                raise RunError(f"its output “{shown(name)}” is no array of numbers")
        return list(given)


@dataclass(frozen=True)
class Batches:
    """How many samples a network takes at once.

    Attributes:
        axis: whether its input has an axis for them.
        size: so many, no more and no fewer; None for any number.
    """

    axis: bool
    size: int | None


def run_samples(
    network: Network, batches: Batches, samples: NDArray[Any], names: Sequence[str]
) -> list[NDArray[Any]]:
    """What a network makes of samples, in as many runs as that takes.

    Args:
        samples: (b, *shape of one) with b of 1 or more.

    Returns:
        (b, *shape of one result) for each of `names`.

    Raises:
        RunError: a run failed, or gave another number of results.
    """
    dtype = network.inputs[0].dtype
    if dtype == np.uint8:
        samples = np.clip(np.rint(samples), 0, 255)
    samples = np.ascontiguousarray(samples, dtype)
    count = len(samples)
    size = batches.size or chunk_of(samples.shape[1:])
    whole: list[NDArray[Any]] = []
    for start in range(0, count, size):
        part = samples[start : start + size]
        kept = len(part)
        if batches.size is not None and kept < size:
            part = np.concatenate([part, np.repeat(part[-1:], size - kept, axis=0)])
        given = network.run(part if batches.axis else part[0], names)
        results = [_by_sample(array, len(part), batches.axis) for array in given]
        if not whole:
            whole = [np.empty((count, *r.shape[1:]), r.dtype) for r in results]
        for kept_all, result in zip(whole, results, strict=True):
            if result.shape[1:] != kept_all.shape[1:]:
                raise RunError(f"its results were of {kept_all.shape[1:]}, then {result.shape[1:]}")
            kept_all[start : start + kept] = result[:kept]
    return whole


def chunk_of(shape: tuple[int, ...]) -> int:
    """How many samples of a shape go into one run where the network takes any number."""
    values = int(np.prod(shape, dtype=np.int64))
    return max(1, min(_LARGEST_CHUNK, _CHUNK_VALUES // max(values, 1)))


def _by_sample(array: NDArray[Any], count: int, axis: bool) -> NDArray[Any]:
    if axis and array.ndim > 0 and len(array) == count:
        return array
    if count == 1:  # the axis was lost on the way, or there never was one
        return array[None]
    raise RunError(f"it made an array of shape {array.shape} of {count} samples")


def _port(held: Any) -> Port:
    dims = tuple(side if isinstance(side, int) and side > 0 else None for side in held.shape)
    return Port(held.name, _DTYPES.get(held.type), dims)


@functools.cache
def _imported() -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    onnxruntime.disable_telemetry_events()
    # Sessions that use this arena fail where they would fill the memory.
    limits = {
        "max_mem": _LARGEST_ARENA_BYTES,
        "arena_extend_strategy": 1,  # as much as is asked for
        "initial_chunk_size_bytes": -1,
        "max_dead_bytes_per_chunk": -1,
    }
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(limits))
    return onnxruntime


def _runtime(path: str) -> Any:
    try:
        return _imported()
    except ImportError as error:
        raise UserError(
            f"{path} is an ONNX model, and onnxruntime, which runs those, is not installed; "
            'install it with pip install "latentviewer[onnx]".'
        ) from error


def _options(runtime: Any, file: OnnxFile) -> Any:
    if "ort_config" in file.contents.metadata and os.environ.get("ORT_LOAD_CONFIG_FROM_MODEL"):
        raise UserError(
            f"{file.path} says itself how it is to be run, and ORT_LOAD_CONFIG_FROM_MODEL lets it; "
            "unset that variable."
        )
    options = runtime.SessionOptions()
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_profiling = False
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Weights were counted already, and stay for as long as the network does.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    return options


def _give_weights(options: Any, file: OnnxFile, weights: dict[str, bytes]) -> None:
    """Hands over the files beside the model, so that onnxruntime opens none itself."""
    give = getattr(options, "add_external_initializers_from_files_in_memory", None)
    if give is None:
        raise UserError(
            f"{file.path} has weights in other files, which takes onnxruntime 1.24 or newer; "
            'bring it up to date with pip install -U "onnxruntime>=1.24".'
        )
    give(list(weights), list(weights.values()), [len(data) for data in weights.values()])


def _said(error: BaseException) -> str:
    """What onnxruntime says went wrong, short, on one line and without its own places."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    for noise in _NOISE:
        text = noise.sub("", text)
    return text.strip().rstrip(".")[:300] or type(error).__name__
