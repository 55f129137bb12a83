"""How this room's kernels are compiled: once, for fixed types, into numba's cache."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])

# The files that compiled code comes from.
_SOURCES = ("compiling", "density", "disc", "drop", "edges", "lasso", "paint", "winners")


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = _sources_digest()


def read_only(dtype: Any, ndim: int) -> Any:
    """A C-contiguous array argument that is only read; memory-mapped arrays fit as well."""
    return types.Array(dtype, ndim, "C", readonly=True)


def kernel(*signature: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Compiles for the given signatures when the module is imported, or loads the cache.

    Fixed signatures mean that no call can ever wait for a compiler later. Kernels run
    without the interpreter lock. Arithmetic is left as written: no multiply and add is fused.
    """

    def compile_or_load(function: Callable[..., Result]) -> Callable[..., Result]:
        # numba looks only at the file of the kernel itself to see whether its cache is
        # stale; with the digest in the name, the files it calls into count as well.
        function.__qualname__ = f"{function.__qualname__}_{_DIGEST}"
        wrap = numba.njit(list(signature), nogil=True, cache=True, error_model="numpy")
        return cast(Callable[..., Result], wrap(function))

    return compile_or_load


def inner(exact: bool = False) -> Callable[[Function], Function]:
    """A function that only kernels call.

    Args:
        exact: its float arithmetic never rounds, so multiply and add may be fused.
    """
    made = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"} if exact else False)
    return cast(Callable[[Function], Function], made)
