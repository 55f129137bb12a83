"""HDF5 files by their convention, in the process that is at risk."""

from pathlib import Path

from latentviewer.domain.candidates import Candidate
from latentviewer.domain.space import Space
from latentviewer.io.hdf5.anndata import anndata_candidates, is_anndata, read_anndata
from latentviewer.io.hdf5.opening import opened_hdf5
from latentviewer.io.hdf5.plain import plain_candidates, read_plain


def candidates_in(path: Path) -> tuple[Candidate, ...]:
    """As `hdf5_candidates`, but a file that breaks HDF5's library breaks this process."""
    with opened_hdf5(path) as file:
        return anndata_candidates(file) if is_anndata(file) else plain_candidates(file)


def space_in(path: Path, pick: str | None) -> Space:
    """As `read_hdf5_space`, but a file that breaks HDF5's library breaks this process."""
    with opened_hdf5(path) as file:
        return read_anndata(file, pick) if is_anndata(file) else read_plain(file, pick)
