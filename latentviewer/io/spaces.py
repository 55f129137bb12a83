"""Spaces in files: reads and writes Arrow, reads what others write."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from latentviewer.domain.candidates import Candidate
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import Latents, Space
from latentviewer.io.archives import ZIP_DAMAGE
from latentviewer.io.atomic import replacing
from latentviewer.io.failures import cannot_read, check_regular, first_line

# pyarrow is imported where it is used: it must not be on the way to the first window.

SPACE_SUFFIX = ".arrow"
_ReadTable = Callable[[Path], tuple[Any, tuple[str, ...]]]
_START_BYTES = 1 << 16
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill"}
_PROGRAM_SUFFIXES = {
    ".py": "a Python program",
    ".pyc": "a Python program",
    ".pt2": "an exported PyTorch program",
    ".ptl": "a TorchScript file",
    ".ts": "a TorchScript file",
    ".jit": "a TorchScript file",
}
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
        UserError: missing, unreadable, damaged, of another format, or no usable latents.
    """
    kind = content_kind(path)
    try:
        if kind in _TABLE_READERS:
            return _space_of(_TABLE_READERS[kind], path, pick)
        if kind in _SPACE_READERS:
            return _SPACE_READERS[kind](path, pick)
    except OSError as error:
        raise cannot_read(path, error) from error
    raise _refusal(path, kind)


def candidates(path: Path) -> tuple[Candidate, ...]:
    """The tables of vectors in a file that may hold several; else none.

    Raises:
        UserError: as `open_space`.
    """
    kind = content_kind(path)
    try:
        if kind in _TABLE_READERS:
            from latentviewer.io.arrow_spaces import table_candidates

            return table_candidates(_table(_TABLE_READERS[kind], path)[0])
        if kind == "npz":
            from latentviewer.io.numpy_spaces import npz_candidates

            return npz_candidates(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    return ()


def place_and_pick(reference: str) -> tuple[Path, str | None]:
    """A file, and the name after a # of what is meant in it, if there is one.

    A file whose own name has a # is found as well.
    """
    whole = Path(reference).expanduser()
    at = reference.rfind("#")
    while at > 0 and not whole.exists():
        path = Path(reference[:at]).expanduser()
        if path.exists():
            return path, reference[at + 1 :]
        at = reference.rfind("#", 0, at)
    return whole, None


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
    return open_space(path).latent


def content_kind(path: Path) -> str:
    """What a file is by its first bytes.

    Returns:
        `arrow`, `arrow stream`, `feather v1`, `parquet`, `npy`, `npz`, `project`, `zip`,
        `pickle`, `torchscript`, `word vectors`, `json`, `separated`, `empty` or `unknown`.

    Raises:
        UserError: missing, unreadable, or no file: reading a pipe would wait for ever.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return _zip_kind(path)
        kind = _kind(start)
        return _text_kind(path, start) if kind == "unknown" else kind
    except OSError as error:
        raise cannot_read(path, error) from error


def _kind(start: bytes) -> str:
    if not start:
        return "empty"
    starts = {
        b"ARROW1": "arrow",
        b"\xff\xff\xff\xff": "arrow stream",
        b"FEA1": "feather v1",
        b"PAR1": "parquet",
        b"\x93NUMPY": "npy",
    }
    for magic, kind in starts.items():
        if start.startswith(magic):
            return kind
    # Protocol 2 and later of pickle begin with this byte and the protocol's number.
    if start[0] == 0x80 and len(start) > 1 and start[1] <= 5:
        return "pickle"
    return "unknown"


def _text_kind(path: Path, start: bytes) -> str:
    """What a file without a magic number is; programs are no tables, whatever they hold."""
    from latentviewer.io.text_spaces import text_kind
    from latentviewer.io.word_vectors import layout_of

    if path.suffix.lower() in (*_PICKLE_SUFFIXES, *_PROGRAM_SUFFIXES):
        return "unknown"
    if layout_of(path) is not None:
        return "word vectors"
    return text_kind(start, path) or "unknown"


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except ZIP_DAMAGE:
        return "zip"
    if "session.json" in names:
        return "project"
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "torchscript" if any("/code/" in name for name in names) else "pickle"
    return "npz" if any(name.endswith(".npy") for name in names) else "zip"


def space_from_bytes(content: bytes, where: Path) -> Space:
    """An Arrow IPC file that is in memory already; the latents are a view of `content`.

    Args:
        where: what sentences and an unnamed space call it.

    Raises:
        UserError: damaged, another format, or no usable latents.
    """
    import pyarrow as pa

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

    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all(), ()


def _read_arrow_stream(path: Path) -> tuple[Any, tuple[str, ...]]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).read_all(), ()


def _read_feather(path: Path) -> tuple[Any, tuple[str, ...]]:
    from pyarrow import feather

    return feather.read_table(str(path)), ()


def _read_parquet(path: Path) -> tuple[Any, tuple[str, ...]]:
    from pyarrow import parquet

    with parquet.ParquetFile(str(path)) as file:
        return file.read(), ()


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
}


def _refusal(path: Path, kind: str) -> UserError:
    suffix = path.suffix.lower()
    if kind == "empty":
        return UserError(f"{path} is empty; make or copy it again.")
    if kind == "project":
        return UserError(f"{path} is a project; open it with File, Open.")
    if kind == "torchscript" or suffix in _PROGRAM_SUFFIXES:
        what = "a TorchScript file" if kind == "torchscript" else _PROGRAM_SUFFIXES[suffix]
        return UnsafeFileError(
            f"{path} is refused: it is {what} and could run code when opened; "
            "save its latents as .npy or .arrow."
        )
    if kind == "pickle" or suffix in _PICKLE_SUFFIXES:
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
