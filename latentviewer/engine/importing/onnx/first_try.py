"""The first run of a network, which settles how many samples it takes and what it gives."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.engine.importing.onnx.inquiry import MissingError
from latentviewer.engine.importing.onnx.network import Batches, Network, RunError, chunk_of
from latentviewer.engine.importing.onnx.pictures import Reading

_LARGEST_VALUES = 1 << 26  # in one run
_SEED = 0

Maker = Callable[[np.random.Generator, tuple[int, ...]], NDArray[Any]]


def first_try(
    network: Network, reading: Reading, native: tuple[int, ...], make: Maker
) -> tuple[Batches, dict[str, NDArray[Any]]]:
    """Runs a network on one or two seeded samples.

    Args:
        native: the shape of one sample.
        make: samples of a shape; the generator is seeded.

    Returns:
        What it takes at once, and (b, *shape) of what it gave, by output.

    Raises:
        MissingError: it fails on them, or gives nothing for them.
    """
    sizes = [reading.batch or 1]
    if reading.batch is None and chunk_of(native) > 1:
        # Some that leave the number open take only one all the same.
        sizes = [2, 1]
    failures = []
    for size in sizes:
        shape = (size, *native)
        if np.prod(shape, dtype=np.float64) > _LARGEST_VALUES:
            raise MissingError(
                f"it takes {size:,} samples of {' x '.join(map(str, native))} at once, more than "
                "are tried; export it for fewer or smaller ones."
            )
        samples = make(np.random.default_rng(_SEED), shape)
        free = reading.batch is None and (size > 1 or len(sizes) == 1)
        batches = Batches(reading.batch != 0, None if free else size)
        try:
            results = _results(network, batches, samples)
        except RunError as error:
            failures.append(str(error))
            continue
        if results:
            return batches, results
        failures.append("none of its outputs has an array of numbers for each sample")
    raise MissingError(
        f"a first try of it with {' x '.join(map(str, native))} values failed ({failures[-1]}); "
        "answer the questions otherwise, or export it again."
    )


def _results(network: Network, batches: Batches, samples: NDArray[Any]) -> dict[str, NDArray[Any]]:
    names = [port.name for port in network.outputs if port.dtype is not None]
    dtype = network.inputs[0].dtype
    given = network.run(samples.astype(dtype) if batches.axis else samples[0].astype(dtype), names)
    count = len(samples)
    found = {}
    for name, array in zip(names, given, strict=True):
        if batches.axis and array.ndim > 1 and len(array) == count:
            found[name] = array
        elif count == 1 and array.ndim > 0:
            found[name] = array[None]
    return found
