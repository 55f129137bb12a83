"""Spaces in files: reads and writes Arrow, reads what others write."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from latentviewer.domain.candidates import Candidate
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import Latents, Space
from latentviewer.io.atomic import replacing
from latentviewer.io.content import (
    PICKLE_SUFFIXES,
    PROGRAM_SUFFIXES,
    content_kind,
    folder_kind,
)
from latentviewer.io.failures import cannot_read, first_line, too_large

# pyarrow is imported where it is used: it must not be on the way to the first window.

SPACE_SUFFIX = ".arrow"
_ReadTable = Callable[[Path], tuple[Any, tuple[str, ...]]]
_CODE_RUNNING = "only opening it as a pickle would work, and that could run code from the file"


def write_space(space: Space, path: Path) -> None:
    """Writes a space as Arrow IPC or, under a name in .parquet, as Parquet, whole or not at all.

    Columns: `latent` and, where known, `latent_std` as fixed-size lists of float32; maps
    likewise under their names; the table's columns as dictionary, double or string. The
    metadata are the same in both.

    Raises:
        UserError: the name ends otherwise, the place cannot be written or the disk is full;
            an old file is kept.
    """
    write = {".arrow": write_arrow, ".feather": write_arrow, ".parquet": write_parquet}.get(
        path.suffix.lower()
    )
    if write is None:
        raise UserError(f"{path}: a space is written to a name that ends in .arrow or .parquet.")
    with replacing(path) as temporary, temporary.open("wb") as file:
        write(space, file)


def write_arrow(space: Space, file: IO[bytes]) -> None:
    """Writes a space as an Arrow IPC file to an open file.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    import pyarrow as pa

    from latentviewer.io.arrow_spaces import table_of

    batch = table_of(space)
    with pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def write_parquet(space: Space, file: IO[bytes]) -> None:
    """Writes a space as Parquet to an open file.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    from latentviewer.io.arrow_spaces import table_of

    parquet.write_table(pa.Table.from_batches([table_of(space)]), file)


def read_space(path: Path) -> Space:
    """An Arrow IPC file, ours or foreign, as a space; its latents are mapped from the file.

    Raises:
        UserError: missing, unreadable, cut short, another format, or no usable latents.
    """
    if content_kind(path) != "arrow":
        raise UserError(f"{path} is not an Arrow file; open it with File, Open or convert it.")
    return open_space(path)


def open_space(path: Path, pick: str | None = None) -> Space:
    """A space from a file of latents or of vectors, told by its content.

    Args:
        pick: which vectors, where the file holds several; of word vectors, how many.

    Raises:
        UnsafeFileError: a file that could run code when opened.
        SeveralCandidatesError: it holds several tables of vectors.
        UserError: missing, unreadable, damaged, of another format, too large for memory, or no
            usable latents.
    """
    kind = content_kind(path) if not path.is_dir() else folder_kind(path) or "folder"
    try:
        if kind in _TABLE_READERS:
            return _space_of(_TABLE_READERS[kind], path, pick)
        if kind in _SPACE_READERS:
            return _SPACE_READERS[kind](path, pick)
    except OSError as error:
        raise cannot_read(path, error) from error
    except MemoryError as error:
        raise too_large(path) from error
    raise _refusal(path, kind)


def is_vectors(path: Path) -> bool:
    """Whether it holds vectors, told by its first bytes; that they can be read is not sure."""
    if path.is_dir():
        return folder_kind(path) is not None
    if not path.is_file():
        return False
    try:
        return content_kind(path) in _SPACE_READERS
    except UserError:
        return False


def candidates(path: Path) -> tuple[Candidate, ...]:
    """The tables of vectors in a file that may hold several; else none.

    Raises:
        UserError: as `open_space`.
    """
    kind = content_kind(path) if not path.is_dir() else folder_kind(path)
    try:
        if kind in _TABLE_READERS:
            from latentviewer.io.arrow_spaces import table_candidates

            return table_candidates(_table(_TABLE_READERS[kind], path)[0])
        if kind in _CANDIDATES:
            return _CANDIDATES[kind](path)
    except OSError as error:
        raise cannot_read(path, error) from error
    except MemoryError as error:
        raise too_large(path) from error
    return ()


def read_latents(path: Path) -> Latents:
    """The latents in a file that `open_space` opens, (n, d); an .npy of shape (d,) is one.

    Raises:
        UnsafeFileError, UserError: as `open_space` does.
    """
    if content_kind(path) == "npy":
        from latentviewer.io.numpy_spaces import read_npy_space

        try:
            return read_npy_space(path, single=True).latent
        except OSError as error:
            raise cannot_read(path, error) from error
        except MemoryError as error:
            raise too_large(path) from error
    return open_space(path).latent


def space_from_bytes(content: bytes, where: Path) -> Space:
    """An Arrow IPC file that is in memory already; the latents are a view of `content`.

    Args:
        where: what sentences and an unnamed space call it.

    Raises:
        UnsafeFileError: it would unpack to an absurd size.
        UserError: damaged, another format, or no usable latents.
    """
    import pyarrow as pa

    from latentviewer.io.arrow_claims import check_claims

    check_claims(pa.BufferReader(content), where)
    return _space_of(lambda _: (pa.ipc.open_file(pa.py_buffer(content)).read_all(), ()), where)


def _space_of(read: _ReadTable, path: Path, pick: str | None = None) -> Space:
    from latentviewer.io.arrow_spaces import space_of

    table, notes = _table(read, path)
    return space_of(table, path, pick, notes)


def _table(read: _ReadTable, path: Path) -> tuple[Any, tuple[str, ...]]:
    """An Arrow table that is whole, and sentences on how it was read."""
    import pyarrow as pa

    try:
        table, notes = read(path)
        # A forged file could point outside its own buffers.
        table.validate(full=True)
    except MemoryError as error:
        raise too_large(path) from error
    except (pa.ArrowException, ValueError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(path, error) from error
    return table, notes


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path} is cut short or damaged ({first_line(error)}); make or copy it again."
    )


def _read_arrow(path: Path) -> tuple[Any, tuple[str, ...]]:
    import pyarrow as pa

    from latentviewer.io.arrow_claims import check_claims

    with path.open("rb") as file:
        check_claims(file, path)
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all(), ()


def _read_arrow_stream(path: Path) -> tuple[Any, tuple[str, ...]]:
    import pyarrow as pa

    from latentviewer.io.arrow_claims import check_claims

    with path.open("rb") as file:
        check_claims(file, path)
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).read_all(), ()


def _read_feather(path: Path) -> tuple[Any, tuple[str, ...]]:
    from pyarrow import feather

    return feather.read_table(str(path)), ()


def _read_parquet(path: Path) -> tuple[Any, tuple[str, ...]]:
    from latentviewer.io.parquet_reading import read_parquet

    return read_parquet(path), ()


def _read_separated(path: Path) -> tuple[Any, tuple[str, ...]]:
    from latentviewer.io.text_spaces import read_separated

    return read_separated(path)


def _read_json(path: Path) -> tuple[Any, tuple[str, ...]]:
    from latentviewer.io.text_spaces import read_json_table

    return read_json_table(path), ()


def _read_npy(path: Path, pick: str | None) -> Space:
    from latentviewer.io.numpy_spaces import read_npy_space

    _check_no_pick(path, pick)
    return read_npy_space(path)


def _read_npz(path: Path, pick: str | None) -> Space:
    from latentviewer.io.numpy_spaces import read_npz_space

    return read_npz_space(path, pick)


def _read_words(path: Path, pick: str | None) -> Space:
    from latentviewer.io.word_vectors import read_word_vectors

    if pick is not None and not (pick.isascii() and pick.isdigit() and int(pick) > 0):
        raise UserError(
            f"{path} holds word vectors; give a number after the #, of how many of the first words "
            "to read."
        )
    return read_word_vectors(path, None if pick is None else int(pick))


def _read_hdf5(path: Path, pick: str | None) -> Space:
    from latentviewer.io.hdf5.spaces import read_hdf5_space

    return read_hdf5_space(path, pick)


def _read_safetensors(path: Path, pick: str | None) -> Space:
    from latentviewer.io.safetensors_spaces import read_safetensors_space

    return read_safetensors_space(path, pick)


def _read_projector(path: Path, pick: str | None) -> Space:
    from latentviewer.io.projector.reading import has_sprite, read_projector

    space = read_projector(path, pick)
    if not has_sprite(path, space.name):
        return space
    # Its pictures are a data set of the same name.
    data = f"{path}#{space.name}"
    return dataclasses.replace(space, provenance=dataclasses.replace(space.provenance, data=data))


def _read_latent_scope(path: Path, pick: str | None) -> Space:
    from latentviewer.io.latent_scope import read_latent_scope

    return read_latent_scope(path, pick)


def _npz_candidates(path: Path) -> tuple[Candidate, ...]:
    from latentviewer.io.numpy_spaces import npz_candidates

    return npz_candidates(path)


def _hdf5_candidates(path: Path) -> tuple[Candidate, ...]:
    from latentviewer.io.hdf5.spaces import hdf5_candidates

    return hdf5_candidates(path)


def _safetensors_candidates(path: Path) -> tuple[Candidate, ...]:
    from latentviewer.io.safetensors_spaces import safetensors_candidates

    return safetensors_candidates(path)


def _projector_candidates(path: Path) -> tuple[Candidate, ...]:
    from latentviewer.io.projector.reading import projector_candidates

    return projector_candidates(path)


def _latent_scope_candidates(path: Path) -> tuple[Candidate, ...]:
    from latentviewer.io.latent_scope import latent_scope_candidates

    return latent_scope_candidates(path)


def _check_no_pick(path: Path, pick: str | None) -> None:
    if pick is not None:
        raise UserError(f"{path} holds one table of vectors, so there is no “{pick}” to choose.")


_TABLE_READERS: dict[str, _ReadTable] = {
    "arrow": _read_arrow,
    "arrow stream": _read_arrow_stream,
    "feather v1": _read_feather,
    "parquet": _read_parquet,
    "separated": _read_separated,
    "json": _read_json,
}
_SPACE_READERS: dict[str, Callable[[Path, str | None], Space]] = {
    "npy": _read_npy,
    "npz": _read_npz,
    "word vectors": _read_words,
    "hdf5": _read_hdf5,
    "safetensors": _read_safetensors,
    "projector": _read_projector,
    "latent scope": _read_latent_scope,
}
_CANDIDATES: dict[str | None, Callable[[Path], tuple[Candidate, ...]]] = {
    "npz": _npz_candidates,
    "hdf5": _hdf5_candidates,
    "safetensors": _safetensors_candidates,
    "projector": _projector_candidates,
    "latent scope": _latent_scope_candidates,
}


def _refusal(path: Path, kind: str) -> UserError:
    suffix = path.suffix.lower()
    if kind == "folder":
        return UserError(f"{path} is a folder; name a file in it.")
    if kind == "empty":
        return UserError(f"{path} is empty; make or copy it again.")
    if kind == "project":
        return UserError(f"{path} is a project; open it with File, Open.")
    if kind == "torchscript" or suffix in PROGRAM_SUFFIXES:
        what = "a TorchScript file" if kind == "torchscript" else PROGRAM_SUFFIXES[suffix]
        return UnsafeFileError(
            f"{path} is refused: it is {what} and could run code when opened; "
            "save its latents as .npy or .arrow."
        )
    if kind == "pickle" or suffix in PICKLE_SUFFIXES:
        return UnsafeFileError(f"{path} is refused: {_CODE_RUNNING}; save it as .npy or .arrow.")
    if kind == "zip":
        return UserError(
            f"{path} is a zip that holds neither a project nor arrays, or it is damaged; "
            "open an earlier copy."
        )
    return UserError(
        f"{path} is not a file of vectors that is known here; open an .arrow, .parquet, .npy, "
        ".npz, .csv, .tsv, .jsonl or word vector file."
    )
