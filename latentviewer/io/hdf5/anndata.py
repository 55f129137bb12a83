"""AnnData's .h5ad: cells with embeddings in `obsm`, their table in `obs`, counts in `X`.

Three layouts of the table are read: groups with encodings (from anndata 0.8 on), groups with
their categories beside them in `__categories` (0.7), and compound datasets whose categories lie
in `uns` (before). https://anndata.readthedocs.io/en/stable/fileformat-prose.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.candidates import Candidate, chosen, listed
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import LEFT_OUT, Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Column, Texts
from latentviewer.io.arrow_columns import check_range
from latentviewer.io.free_names import unused
from latentviewer.io.hdf5.columns import categories_from, column_of, column_of_values, names_of
from latentviewer.io.hdf5.opening import NUMERIC, Dataset, Hdf5File, is_dataset, reading
from latentviewer.io.hdf5.plain import no_vectors

_USUAL = "obsm/X_pca"
_MOST_DENSE_BYTES = 2 << 30
"""What a sparse X may take as float32; counts of tens of thousands of genes take far more."""
_SHOWN = frozenset({"X", "obs", "obsm"})


@dataclass(frozen=True, eq=False)
class _Sparse:
    """A sparse table (n, d), still in the file.

    Attributes:
        by_rows: whether `bounds` divides rows (csr) or columns (csc).
        bounds: (n + 1,) or (d + 1,) whole numbers. places, values: (entries,).
    """

    name: str
    shape: tuple[int, ...]
    by_rows: bool
    bounds: Dataset
    places: Dataset
    values: Dataset


def is_anndata(file: Hdf5File) -> bool:
    """Whether a file says so, or has the members that such files had before they said so."""
    if file.attribute_texts(file.root, "encoding-type") == ["anndata"]:
        return True
    parts = [file.member(file.root, name) for name in ("obs", "var")]
    vectors = [file.member(file.root, name) for name in ("X", "obsm")]
    return all(p is not None for p in parts) and any(v is not None for v in vectors)


def anndata_candidates(file: Hdf5File) -> tuple[Candidate, ...]:
    """`X` and the tables in `obsm` that are no maps.

    Raises:
        UnsafeFileError: all that could be one lie in other files or claim too much.
        UserError: damaged, or none at all.
    """
    return _candidates(file, _tables(file)[0])


def read_anndata(file: Hdf5File, pick: str | None) -> Space:
    """A file as a space: `obsm/X_pca` unless another is picked, or the only one there is.

    `obs` is its table, with the names of the rows as the column `index`, and what is 2 or 3
    wide in `obsm` its maps: `X_umap` becomes `umap_2d`.

    Raises:
        SeveralCandidatesError: none was picked, and it does not go without saying.
        UnsafeFileError: what was picked lies in another file or claims too much.
        UserError: damaged, no vectors, or not finite.
    """
    tables, narrow = _tables(file)
    if pick is not None and pick in file.refused:
        raise file.refused[pick]
    candidates = _candidates(file, tables)
    usual = _USUAL if _USUAL in tables and pick is None else pick
    picked = chosen(file.path, candidates, usual)
    table = tables[picked.name]
    values = _dense(file, table) if isinstance(table, _Sparse) else file.latents(table)
    latents = checked_latents(values, file.where(picked.name))
    maps: dict[str, Latents] = {}
    for dataset in narrow:
        try:
            if dataset.shape[0] != len(latents):
                raise UserError(
                    f"{file.where(dataset.name)} is left out: it has {dataset.shape[0]} rows, "
                    f"the latents have {len(latents)}."
                )
            title = f"{dataset.name.removeprefix('obsm/').removeprefix('X_')}_{dataset.shape[1]}d"
            maps[unused(title, maps)] = checked_latents(
                file.latents(dataset), file.where(dataset.name)
            )
        except UserError as error:
            file.refuse(dataset.name, error)
    columns = _columns(file, len(latents))
    sentences = []
    others = [c for c in candidates if c is not picked]
    if others:
        sentences.append(f"Its other vectors are left out: {listed(others)}.")
    parts = [n for n, part in file.members(file.root, "") if n not in _SHOWN and _has_members(part)]
    if parts:
        sentences.append(f"Its parts {', '.join(parts)} are left out: they are not of the rows.")
    sentences += file.left_out()
    extra = {LEFT_OUT: sentences} if sentences else {}
    return Space(file.path.stem, latents, None, columns, maps, Provenance(extra=extra))


def _candidates(file: Hdf5File, tables: dict[str, Dataset | _Sparse]) -> tuple[Candidate, ...]:
    if not tables:
        raise no_vectors(file)
    return tuple(Candidate(name, t.shape[0], t.shape[1]) for name, t in tables.items())


def _tables(file: Hdf5File) -> tuple[dict[str, Dataset | _Sparse], list[Dataset]]:
    """What can be latents, by name, and what of `obsm` are maps; the rest is in `refused`."""
    tables: dict[str, Dataset | _Sparse] = {}
    narrow: list[Dataset] = []
    places = [(n, m, "") for n, m in file.members(file.root, "") if n == "X"]
    obsm = file.member(file.root, "obsm")
    if obsm is not None and not is_dataset(obsm):
        places += [(f"obsm/{n}", m, "obsm") for n, m in file.members(obsm, "obsm")]
    elif obsm is not None:
        file.refuse(
            "obsm",
            UserError(
                f"{file.where('obsm')} is left out: it is in a layout from before anndata 0.7 "
                "that is not read; open and save the file with a newer anndata."
            ),
        )
    for name, member, group in places:
        try:
            table = _table(file, name, member, group)
        except UserError as error:
            file.refuse(name, error)
            continue
        is_map = isinstance(table, Dataset) and table.shape[1] in (2, 3) and group == "obsm"
        if is_map and isinstance(table, Dataset):
            narrow.append(table)
        else:
            tables[name] = table
    if not tables:
        return {t.name: t for t in narrow}, []
    return tables, narrow


def _table(file: Hdf5File, name: str, member: Any, group: str) -> Dataset | _Sparse:
    if is_dataset(member):
        dataset = file.dataset(member, name, group)
        if not dataset.is_table:
            raise UserError(
                f"{file.where(name)} is left out: it is no table of numbers but of shape "
                f"{dataset.shape} and type {dataset.dtype}."
            )
        return dataset
    encodings = file.attribute_texts(member, "encoding-type") or [
        f"{old}_matrix" for old in file.attribute_texts(member, "h5sparse_format")
    ]
    if encodings not in (["csr_matrix"], ["csc_matrix"]):
        what = encodings[0] if encodings else "a group"
        raise UserError(f"{file.where(name)} is left out: it is {what}, not a table of numbers.")
    bounds, places, values = (
        _part(file, member, name, part) for part in ("indptr", "indices", "data")
    )
    shape = file.attribute(member, "shape")
    shape = file.attribute(member, "h5sparse_shape") if shape is None else shape
    sides = [side for side in np.ravel(shape).tolist() if type(side) is int and side >= 0]
    if len(sides) != 2 or sides[1] < 1:
        raise UserError(f"{file.where(name)} does not say its shape; save it again.")
    if sides[0] * sides[1] * 4 > _MOST_DENSE_BYTES:
        raise UserError(
            f"{file.where(name)} is left out: as a full table its {sides[0]:,} x {sides[1]:,} "
            f"values take more than {_MOST_DENSE_BYTES >> 30} GB; reduce it, as by PCA."
        )
    return _Sparse(name, tuple(sides), encodings == ["csr_matrix"], bounds, places, values)


def _part(file: Hdf5File, group: Any, name: str, part: str) -> Dataset:
    """The dataset of shape (n,) of that name in a group.

    Raises:
        UserError: there is none, or it is not harmless.
    """
    member = file.member(group, part)
    if member is None or not is_dataset(member):
        raise UserError(f"{file.where(name)} lacks its dataset “{part}”; save it again.")
    dataset = file.dataset(member, f"{name}/{part}", name)
    if len(dataset.shape) != 1:
        raise UserError(f"{file.where(dataset.name)} must have one axis; save it again.")
    return dataset


def _dense(file: Hdf5File, table: _Sparse) -> Latents:
    """A sparse table as (n, d) float32, after its parts were found to fit one another.

    Raises:
        UserError: damaged, or an entry lies outside the table.
    """
    where = file.where(table.name)
    bounds, places, values = (
        file.numbers(part) for part in (table.bounds, table.places, table.values)
    )
    rows, dims = table.shape
    lines, width = (rows, dims) if table.by_rows else (dims, rows)
    counts: NDArray[np.int64] = bounds[1:].astype(np.int64) - bounds[:-1].astype(np.int64)
    fits = (
        bounds.dtype.kind in "iu"
        and places.dtype.kind in "iu"
        and values.dtype.kind in NUMERIC
        and len(bounds) == lines + 1
        and int(bounds[0]) == 0
        and int(bounds[-1]) == len(places) == len(values)
        and bool((counts >= 0).all())
        and bool(((places >= 0) & (places < width)).all())
    )
    if not fits:
        raise UserError(f"{where} is sparse, and its parts do not fit one another; save it again.")
    with reading(where):
        dense = np.zeros((rows, dims), np.float32)
        line = np.repeat(np.arange(lines), counts)
        at = (line, places) if table.by_rows else (places, line)
        with np.errstate(over="ignore"):
            entries = values.astype(np.float32)
        check_range(values, entries, where)
        # An entry that is there twice counts twice, as it does where such tables are computed on.
        np.add.at(dense, at, entries)
    return dense


def _columns(file: Hdf5File, rows: int) -> dict[str, Column]:
    obs = file.member(file.root, "obs")
    found = [] if obs is None else _compound(file, obs) if is_dataset(obs) else _frame(file)
    columns: dict[str, Column] = {}
    for title, column in found:
        if len(column) == rows:
            columns[unused(title, columns)] = column
            continue
        file.refuse(
            f"obs/{title}",
            UserError(
                f"{file.where(f'obs/{title}')} is left out: it has {len(column)} rows, the "
                f"latents have {rows}."
            ),
        )
    return columns


def _frame(file: Hdf5File) -> Iterator[tuple[str, Column]]:
    """The columns of a table that is a group, in their order; the names of the rows first."""
    obs = file.member(file.root, "obs")
    index = next(iter(file.attribute_texts(obs, "_index")), "_index")
    members = {n: m for n, m in file.members(obs, "obs") if n != "__categories"}
    order = [n for n in file.attribute_texts(obs, "column-order") if n in members]
    for name in dict.fromkeys([index, *order, *members]):
        if name not in members:
            continue
        where = f"obs/{name}"
        try:
            if name == index:
                part = file.dataset(members[name], where, "obs")
                yield "index", Texts(tuple(names_of(file, part)))
            else:
                yield name, _column(file, obs, name, members[name])
        except UserError as error:
            file.refuse(where, error)


def _column(file: Hdf5File, obs: Any, name: str, member: Any) -> Column:
    where = f"obs/{name}"
    if is_dataset(member):
        dataset = file.dataset(member, where, "obs")
        if len(dataset.shape) != 1:
            raise UserError(f"{file.where(where)} is left out: it is not one value a row.")
        beside = file.member(obs, "__categories")
        names = None if beside is None else file.member(beside, name)
        if names is None:
            return column_of(file, dataset, name)
        named = names_of(file, file.dataset(names, f"obs/__categories/{name}"))
        return categories_from(file.numbers(dataset), named, file.where(where))
    encoding = next(iter(file.attribute_texts(member, "encoding-type")), "a group")
    if encoding == "categorical":
        named = names_of(file, _part(file, member, where, "categories"))
        codes = file.numbers(_part(file, member, where, "codes"))
        return categories_from(codes, named, file.where(where))
    if encoding in ("nullable-integer", "nullable-boolean", "nullable-string-array"):
        part = _part(file, member, where, "values")
        values: list[Any] = (
            [*file.texts(part)] if file.is_text(part) else file.numbers(part).tolist()
        )
        missing = file.numbers(_part(file, member, where, "mask")).tolist()
        if len(missing) != len(values):
            raise UserError(f"{file.where(where)} has a mask of another length; save it again.")
        return column_of_values(
            [None if gone else v for v, gone in zip(values, missing, strict=True)], name
        )
    raise UserError(f"{file.where(where)} is left out: it is {encoding}, not one value a row.")


def _compound(file: Hdf5File, obs: Any) -> Iterator[tuple[str, Column]]:
    """The columns of a table that is one compound dataset, its first the names of the rows."""
    try:
        table = file.numbers(file.dataset(obs, "obs"))
    except UserError as error:
        file.refuse("obs", error)
        return
    uns = file.member(file.root, "uns")
    for number, name in enumerate(table.dtype.names or ()):
        try:
            values = np.ascontiguousarray(table[name])
            if values.ndim != 1 or values.dtype.kind not in NUMERIC + "S":
                raise UserError(
                    f"{file.where(f'obs/{name}')} is left out: it is not one value a row."
                )
            if number == 0 and name in ("index", "_index"):
                yield "index", Texts(tuple(_written(values)))
                continue
            names = None if uns is None else file.member(uns, f"{name}_categories")
            if names is None or values.dtype.kind not in "iu":
                yield name, column_of_values(values, name)
                continue
            named = names_of(file, file.dataset(names, f"uns/{name}_categories"))
            yield name, categories_from(values, named, file.where(f"obs/{name}"))
        except UserError as error:
            file.refuse(f"obs/{name}", error)


def _written(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "S":
        return [text.decode("utf-8", "replace") for text in values.tolist()]
    return [str(value) for value in values.tolist()]


def _has_members(part: Any) -> bool:
    import h5py

    return not isinstance(part, h5py.Group) or len(part) > 0
