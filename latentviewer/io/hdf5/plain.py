"""HDF5 files without further convention: tables of vectors, columns and maps beside them."""

from collections.abc import Sequence
from pathlib import Path

from latentviewer.domain.candidates import Candidate, chosen, listed
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import LEFT_OUT, Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Column, Texts
from latentviewer.io.free_names import unused
from latentviewer.io.hdf5.columns import column_of
from latentviewer.io.hdf5.opening import NUMERIC, Dataset, Hdf5File
from latentviewer.io.text_tables import read_table


def plain_candidates(file: Hdf5File) -> tuple[Candidate, ...]:
    """The tables of numbers in a file that are no maps.

    Raises:
        UnsafeFileError: all that could be one lie in other files or claim too much.
        UserError: damaged, or none at all.
    """
    return _candidates(file, _tables(file.datasets()))


def read_plain(file: Hdf5File, pick: str | None) -> Space:
    """A file as a space.

    Datasets of one value a row in the same group are columns, and (n, 2) or (n, 3) tables of
    floats there are maps. In a file `latent/latent<dim>.h5` beside whose folder a `meta.csv`
    with columns `i` and `name` lies, row i carries that name.

    Raises:
        SeveralCandidatesError: none was picked, and it does not go without saying.
        UnsafeFileError: what was picked lies in another file or claims too much.
        UserError: damaged, no table of numbers, or not finite.
    """
    datasets = file.datasets()
    tables = _tables(datasets)
    if pick is not None and pick in file.refused:
        raise file.refused[pick]
    candidates = _candidates(file, tables)
    picked = chosen(file.path, candidates, pick)
    table = next(t for t in tables if t.name == picked.name)
    latents = checked_latents(file.latents(table), file.where(table.name))
    columns: dict[str, Column] = {}
    maps: dict[str, Latents] = {}
    sentences: list[str] = []
    for dataset in datasets:
        title = dataset.name.rsplit("/", 1)[-1]
        if dataset.group != table.group or dataset is table or dataset in tables:
            continue
        try:
            if dataset.shape == latents.shape[:1] and _is_column(file, dataset):
                columns[unused(title, columns)] = column_of(file, dataset, title)
            elif _is_narrow(dataset) and dataset.shape[0] == len(latents):
                maps[title] = checked_latents(file.latents(dataset), file.where(dataset.name))
            else:
                sentences.append(
                    f"“{dataset.name}” is left out: its shape {dataset.shape} or its type "
                    "is not one value a row."
                )
        except UserError as error:
            file.refuse(dataset.name, error)
    others = [c for c in candidates if c is not picked]
    if others:
        sentences.append(f"Its other vectors are left out: {listed(others)}.")
    _add_names(file.path, table, len(latents), columns, sentences)
    sentences += file.left_out()
    extra = {LEFT_OUT: sentences} if sentences else {}
    return Space(file.path.stem, latents, None, columns, maps, Provenance(extra=extra))


def no_vectors(file: Hdf5File) -> UserError:
    """The refusal of a file without candidates: of what it refused, if there is any."""
    if file.refused:
        return next(iter(file.refused.values()))
    return UserError(
        f"{file.path} holds no table of numbers; it needs a dataset of shape (n, d), a row "
        "for each latent."
    )


def _candidates(file: Hdf5File, tables: Sequence[Dataset]) -> tuple[Candidate, ...]:
    if not tables:
        raise no_vectors(file)
    return tuple(Candidate(t.name, t.shape[0], t.shape[1]) for t in tables)


def _tables(datasets: Sequence[Dataset]) -> list[Dataset]:
    """The tables without the maps, which are narrow and lie beside a wider one of equal length."""
    tables = [d for d in datasets if d.is_table]
    wide = {(t.group, t.shape[0]) for t in tables if not _is_narrow(t)}
    return [t for t in tables if not (_is_narrow(t) and (t.group, t.shape[0]) in wide)]


def _is_narrow(dataset: Dataset) -> bool:
    return dataset.is_table and dataset.dtype.kind == "f" and dataset.shape[1] in (2, 3)


def _is_column(file: Hdf5File, dataset: Dataset) -> bool:
    return dataset.dtype.kind in NUMERIC or file.is_text(dataset)


def _add_names(
    path: Path, table: Dataset, rows: int, columns: dict[str, Column], sentences: list[str]
) -> None:
    """Adds the names that LSC keeps in a table beside the folder of its latents."""
    beside = path.absolute().parent.parent / "meta.csv"
    if path.absolute().parent.name != "latent" or table.name != "latent" or not beside.is_file():
        return
    try:
        meta = read_table(beside)
    except UserError as error:
        sentences.append(f"Its names are left out: {error}")
        return
    if not {"i", "name"} <= set(meta.names):
        return
    number, name = meta.names.index("i"), meta.names.index("name")
    named = {row[number].strip(): row[name] for row in meta.rows}
    if len(meta) != rows or set(named) != {str(i) for i in range(rows)}:
        sentences.append(
            f"The names in {beside} are left out: they are not those of rows 0 to {rows - 1}."
        )
        return
    columns[unused("name", columns)] = Texts(tuple(named[str(i)] for i in range(rows)))
