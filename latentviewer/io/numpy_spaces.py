"""Latents from numpy's own files, .npy and .npz; pickled content is never loaded."""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from latentviewer.domain.candidates import Candidate, chosen
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT, Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Column
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.arrow_columns import check_range, from_arrow
from latentviewer.io.failures import naming
from latentviewer.io.npz import damaged, read_header

_NUMERIC = "biuf"


def read_npy_space(path: Path, single: bool = False) -> Space:
    """An .npy of shape (n, d) as a space; float32 in row order is mapped, not read.

    Args:
        single: whether an array of shape (d,) is taken for one latent.

    Raises:
        UnsafeFileError: the array holds Python objects, which only a pickle can load.
        UserError: damaged, or not a table of finite numbers.
    """
    with path.open("rb") as file:
        shape, dtype = _header(file, str(path))
        there = path.stat().st_size - file.tell()
    _check_numeric(dtype, str(path))
    # numpy's own arithmetic on a forged shape runs over.
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > there:
        raise damaged(str(path))
    try:
        array = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    except (ValueError, EOFError, OverflowError) as error:
        raise damaged(str(path)) from error
    array = array[None] if single and array.ndim == 1 else np.asarray(array)
    return Space(path.stem, checked_latents(_as_float32(array, str(path)), str(path)))


def read_npz_space(path: Path, pick: str | None = None) -> Space:
    """An .npz as a space.

    The latents are one of its tables of numbers, see `domain.candidates.chosen`; `latent_std`
    their deviations; an (n, 2) or (n, 3) table of floats is a map and an
    array of n values a column. Anything else is listed under `LEFT_OUT`.

    Raises:
        UnsafeFileError: an array holds Python objects, which only a pickle can load.
        UserError: damaged, no latents, or not finite.
    """
    arrays = _arrays(path)
    key = _latent_key(arrays, path, pick)
    latent = checked_latents(_as_float32(arrays.pop(key), str(path)), str(path))
    std = arrays.pop("latent_std", None)
    columns: dict[str, Column] = {}
    maps: dict[str, Latents] = {}
    left_out = []
    for name, array in arrays.items():
        if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1:] in ((2,), (3,)):
            maps[name] = _as_float32(array, f"{path}, array “{name}”")
        elif array.shape == (len(latent),) and array.dtype.kind in _NUMERIC + "US":
            listed = array.astype("U") if array.dtype.kind == "S" else array
            values = pa.chunked_array([pa.array(listed.tolist())])
            column = from_arrow(values, name, None)
            assert column is not None
            columns[name] = column
        else:
            left_out.append(
                f"Array “{name}” is left out: its shape {array.shape} is not one value a row."
            )
    deviations = None if std is None else _as_float32(std, f"{path}, array “latent_std”")
    provenance = Provenance(extra={LEFT_OUT: left_out} if left_out else {})
    with naming(path):
        return Space(path.stem, latent, deviations, columns, maps, provenance)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in checked_entries(archive, path):
                if not entry.filename.endswith(".npy"):
                    continue
                name = entry.filename.removesuffix(".npy")
                where = f"{path}, array “{name}”"
                with archive.open(entry) as member:
                    shape, dtype = _header(member, where)
                    size = member.tell() + math.prod(shape) * dtype.itemsize
                if size != entry.file_size:
                    raise damaged(where)
                if dtype.kind not in _NUMERIC + "US":
                    raise _unusable(dtype, where)
                with archive.open(entry) as member:
                    arrays[name] = npy_format.read_array(member, allow_pickle=False)
    except ZIP_DAMAGE as error:
        raise damaged(str(path)) from error
    return arrays


def npz_candidates(path: Path) -> tuple[Candidate, ...]:
    """The tables of numbers in an .npz.

    Raises:
        UnsafeFileError, UserError: as `read_npz_space`.
    """
    return _tables(_arrays(path))


def _latent_key(arrays: dict[str, NDArray[Any]], path: Path, pick: str | None) -> str:
    tables = _tables(arrays)
    if not tables:
        have = ", ".join(f"{k} {a.shape}" for k, a in list(arrays.items())[:8]) or "none"
        raise UserError(
            f"{path} holds no table of numbers (its arrays: {have}); save one of shape (n, d) "
            "as “latent”."
        )
    return chosen(path, tables, pick).name


def _tables(arrays: dict[str, NDArray[Any]]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(k, *a.shape)
        for k, a in arrays.items()
        if a.ndim == 2 and a.dtype.kind in _NUMERIC and k != "latent_std"
    )


def _header(file: IO[bytes] | Any, where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    header = read_header(file, where)
    if header.dtype.hasobject:
        raise UnsafeFileError(
            f"{where} holds Python objects, and loading them could run code from the file; "
            "save plain numbers or texts instead."
        )
    return header.shape, header.dtype


def _check_numeric(dtype: np.dtype[Any], where: str) -> None:
    if dtype.kind not in _NUMERIC:
        raise _unusable(dtype, where)


def _unusable(dtype: np.dtype[Any], where: str) -> UserError:
    return UserError(f"{where} holds values of type {dtype}; save it as real numbers.")


def _as_float32(array: NDArray[Any], where: str) -> Latents:
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, np.float32)
    check_range(array, values, where)
    return values
