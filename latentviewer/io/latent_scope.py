"""Folders of Latent Scope: texts, their embeddings, maps, clusters and tags in files.

`input.parquet` has a row for each text; everything else counts its rows:
`embeddings/embedding-NNN.h5`, `umaps/umap-NNN.parquet`, `clusters/cluster-NNN.parquet` with
`cluster-NNN-labels-*.parquet`, and `tags/*.indices`. https://github.com/enjalot/latent-scope
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latentviewer.domain.candidates import Candidate, chosen
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Categories, Column
from latentviewer.io.failures import cannot_read
from latentviewer.io.free_names import unused
from latentviewer.io.npz import damaged
from latentviewer.io.within import check_within

_DATASET = "embeddings"
_EMBEDDING = re.compile(r"embedding-\d+")
_UMAP = re.compile(r"umap-\d+")
_CLUSTER = re.compile(r"cluster-\d+")
_LABELS = re.compile(r"(cluster-\d+)-labels-.+")
_MOST_TAG_BYTES = 64 << 20


def is_latent_scope(folder: Path) -> bool:
    """Whether a folder is laid out as Latent Scope does."""
    told = (folder / "input.parquet").is_file() or (folder / "meta.json").is_file()
    return told and (folder / "embeddings").is_dir()


def latent_scope_candidates(folder: Path) -> tuple[Candidate, ...]:
    """The embeddings in a folder that can be read, one or more.

    Raises:
        UserError: missing, unreadable or damaged, or all of them lie in a LanceDB.
    """
    return _candidates(folder, [])


def read_latent_scope(folder: Path, pick: str | None = None) -> Space:
    """A folder as a space: an embedding, with all that has as many rows.

    The texts' table becomes columns, a umap a map under its name, clusters and their labels
    categories, and each tag a category of true and false. What cannot be shown is listed under
    `LEFT_OUT`.

    Args:
        pick: such as `embedding-001`; None where there is only one.

    Raises:
        SeveralCandidatesError: none was picked, and there are several.
        UnsafeFileError: the embedding is a link out of the folder, or as `read_hdf5_space`.
        UserError: as `read_hdf5_space`.
    """
    from latentviewer.domain.space import LEFT_OUT
    from latentviewer.io.hdf5.spaces import read_hdf5_space

    left_out: list[str] = []
    names, faults = _embeddings(folder)
    # Each file is looked into by a process of its own, so only where there is a choice to make.
    if len(names) > 1 and pick is None:
        readable = _candidates(folder, left_out)
        name, names = chosen(folder, readable, None).name, [c.name for c in readable]
    else:
        name = _named(folder, names, faults, pick)
        left_out += [str(fault) for fault in faults]
    check_within(_file(folder, name), folder)
    latents = read_hdf5_space(_file(folder, name), _DATASET).latent
    columns: dict[str, Column] = {}
    _add_input(folder, len(latents), columns, left_out)
    _add_clusters(folder, len(latents), columns, left_out)
    _add_tags(folder, len(latents), columns, left_out)
    maps = _maps(folder, len(latents), left_out)
    others = [other for other in names if other != name]
    if others:
        left_out.append(f"Its other embeddings are left out: {', '.join(others)}.")
    extra = {LEFT_OUT: left_out} if left_out else {}
    title = folder.absolute().name
    return Space(title, latents, None, columns, maps, Provenance(extra=extra))


def _candidates(folder: Path, left_out: list[str]) -> tuple[Candidate, ...]:
    from latentviewer.io.hdf5.spaces import hdf5_candidates

    found: list[Candidate] = []
    names, faults = _embeddings(folder)
    for name in names:
        path = _file(folder, name)
        try:
            check_within(path, folder)
            tables = {c.name: c for c in hdf5_candidates(path)}
        except UserError as error:
            faults.append(error)
            continue
        if _DATASET in tables:
            found.append(Candidate(name, tables[_DATASET].rows, tables[_DATASET].dims))
        else:
            faults.append(UserError(f"{path} has no table “{_DATASET}”; embed the texts again."))
    if not found:
        raise _none(folder, faults)
    left_out += [str(fault) for fault in faults]
    return tuple(found)


def _embeddings(folder: Path) -> tuple[list[str], list[UserError]]:
    """The names of the embeddings that lie in files, and why others cannot be read."""
    names, faults = [], []
    for name in sorted(
        {p.stem for p in _files(folder / "embeddings") if _EMBEDDING.fullmatch(p.stem)}
    ):
        path = _file(folder, name)
        if path.is_file():
            names.append(name)
            continue
        faults.append(
            UserError(
                f"{path.with_suffix('.json')} has no {path.name} beside it, as where Latent "
                "Scope keeps vectors in its LanceDB, which is not read; export them as .npy."
            )
        )
    return names, faults


def _named(folder: Path, names: Sequence[str], faults: list[UserError], pick: str | None) -> str:
    if not names:
        raise _none(folder, faults)
    if pick is not None and pick not in names:
        raise UserError(f"{folder} holds no vectors “{pick}”; it holds {', '.join(names)}.")
    return names[0] if pick is None else pick


def _none(folder: Path, faults: Sequence[UserError]) -> UserError:
    if faults:
        return faults[0]
    return UserError(f"{folder} has no embedding in its folder “embeddings”; make one first.")


def _file(folder: Path, name: str) -> Path:
    return folder / "embeddings" / f"{name}.h5"


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise cannot_read(folder, error) from error


def _parquet(path: Path) -> Any:
    import pyarrow as pa

    from latentviewer.io.parquet_reading import read_parquet

    try:
        table = read_parquet(path)
        table.validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise damaged(str(path)) from error
    except OSError as error:
        if error.errno is not None:
            raise cannot_read(path, error) from error
        raise damaged(str(path)) from error
    return table


def _add_input(folder: Path, rows: int, columns: dict[str, Column], left_out: list[str]) -> None:
    from latentviewer.io.arrow_columns import from_arrow

    path = folder / "input.parquet"
    if not path.is_file():
        left_out.append(f"{path} is not there, so the latents have no texts.")
        return
    try:
        check_within(path, folder)
        table = _parquet(path)
    except UserError as error:
        left_out.append(str(error))
        return
    if table.num_rows != rows:
        left_out.append(_other_rows(path, table.num_rows, rows))
        return
    for name, values in zip(table.column_names, table.columns, strict=True):
        # pandas writes its row numbers under such a name.
        if re.fullmatch(r"__index_level_\d+__", name):
            continue
        column = from_arrow(values, name, None)
        if column is None:
            left_out.append(f"Column “{name}” is left out: its lists are too wide for a table.")
        else:
            columns[unused(name, columns)] = column


def _add_clusters(folder: Path, rows: int, columns: dict[str, Column], left_out: list[str]) -> None:
    from latentviewer.domain.table import categories_of

    paths = [p for p in _files(folder / "clusters") if p.suffix == ".parquet"]
    numbers: dict[str, list[int | None]] = {}
    for path in paths:
        if not _CLUSTER.fullmatch(path.stem):
            continue
        try:
            check_within(path, folder)
            found = _clusters(path, rows)
        except UserError as error:
            left_out.append(str(error))
            continue
        for part, listed_numbers in found.items():
            title = path.stem if part == "cluster" else f"{path.stem} {part}"
            shown = np.empty(rows, object)
            shown[:] = [None if n is None or n < 0 else n for n in listed_numbers]
            columns[unused(title, columns)] = categories_of(shown)
        numbers[path.stem] = next(iter(found.values()))
    for path in paths:
        match = _LABELS.fullmatch(path.stem)
        if match is None or match[1] not in numbers:
            continue
        try:
            check_within(path, folder)
            columns[unused(path.stem, columns)] = _labels(path, numbers[match[1]])
        except UserError as error:
            left_out.append(str(error))


def _clusters(path: Path, rows: int) -> dict[str, list[int | None]]:
    """The number of each row's cluster; under `raw_cluster` -1 where it lies in none."""
    import pyarrow as pa

    table = _parquet(path)
    found = {}
    for part in ("cluster", "raw_cluster"):
        if part in table.column_names and pa.types.is_integer(table.column(part).type):
            found[part] = table.column(part).to_pylist()
    if not found:
        raise UserError(f"{path} has no whole numbers under “cluster”; cluster the map again.")
    if table.num_rows != rows:
        raise UserError(_other_rows(path, table.num_rows, rows))
    return found


def _labels(path: Path, numbers: Sequence[int | None]) -> Categories:
    """What the rows' clusters are called, from a table with a row for each cluster."""
    from latentviewer.io.arrow_columns import is_text

    table = _parquet(path)
    if "label" not in table.column_names or not is_text(table.column("label").type):
        raise UserError(f"{path} has no texts under “label”; label the clusters again.")
    labels = table.column("label").to_pylist()
    if any(n is not None and n >= len(labels) for n in numbers):
        raise UserError(f"{path} has fewer labels than there are clusters; label them again.")
    code_of = {name: code for code, name in enumerate(dict.fromkeys(n for n in labels if n))}
    coded = [-1 if n is None or n < 0 else code_of.get(labels[n], -1) for n in numbers]
    return Categories(np.array(coded, np.int32), tuple(code_of))


def _add_tags(folder: Path, rows: int, columns: dict[str, Column], left_out: list[str]) -> None:
    for path in _files(folder / "tags"):
        if path.suffix != ".indices":
            continue
        try:
            check_within(path, folder)
            tagged = _tagged(path, rows)
        except UserError as error:
            left_out.append(str(error))
            continue
        codes = np.zeros(rows, np.int32)
        codes[tagged] = 1
        columns[unused(path.stem, columns)] = Categories(codes, ("false", "true"))


def _tagged(path: Path, rows: int) -> list[int]:
    try:
        if path.stat().st_size > _MOST_TAG_BYTES:
            raise UserError(f"{path} is larger than {_MOST_TAG_BYTES >> 20} MB; tag fewer rows.")
        lines = path.read_text("utf-8", "replace").split()
    except OSError as error:
        raise cannot_read(path, error) from error
    wrong = next((i for i in lines if not (i.isascii() and i.isdigit() and len(i) < 19)), None)
    beyond = next((i for i in lines if wrong is None and int(i) >= rows), wrong)
    if beyond is not None:
        raise UserError(f"{path} lists “{beyond[:20]}”, which is no row; tag the rows again.")
    return [int(i) for i in lines]


def _maps(folder: Path, rows: int, left_out: list[str]) -> dict[str, Latents]:
    maps: dict[str, Latents] = {}
    for path in _files(folder / "umaps"):
        if path.suffix != ".parquet" or not _UMAP.fullmatch(path.stem):
            continue
        try:
            check_within(path, folder)
            maps[path.stem] = _map(path, rows)
        except UserError as error:
            left_out.append(str(error))
    return maps


def _map(path: Path, rows: int) -> Latents:
    import pyarrow as pa

    table = _parquet(path)
    if table.num_rows != rows:
        raise UserError(_other_rows(path, table.num_rows, rows))
    axes = []
    for axis in ("x", "y"):
        values = table.column(axis) if axis in table.column_names else None
        if values is None or not pa.types.is_floating(values.type) or values.null_count:
            raise UserError(f"{path} has no numbers under “{axis}” in every row; map it again.")
        axes.append(values.cast(pa.float32(), safe=False).to_numpy())
    return checked_latents(np.stack(axes, axis=1), str(path))


def _other_rows(path: Path, there: int, rows: int) -> str:
    return f"{path} is left out: it has {there:,} rows, the latents have {rows:,}."
