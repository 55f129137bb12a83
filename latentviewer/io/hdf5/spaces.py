"""Which tables of vectors an HDF5 file holds, and one of them as a space.

HDF5's C library is not built for files that mean harm: some damaged ones end the process or keep
it busy for ever. So files are read in a process of their own, whose end is a sentence here.
"""

from pathlib import Path

from latentviewer.domain.candidates import Candidate
from latentviewer.domain.space import Space
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.hdf5.apart import candidates_apart, space_apart
from latentviewer.io.hdf5.opening import is_hdf5
from latentviewer.io.npz import damaged


def hdf5_candidates(path: Path) -> tuple[Candidate, ...]:
    """The tables of vectors in an HDF5 or .h5ad file, one or more.

    Raises:
        UnsafeFileError: all that could be one lie in other files or claim too much.
        UserError: missing, unreadable, damaged, or no vectors.
    """
    _check(path)
    return candidates_apart(path)


def read_hdf5_space(path: Path, pick: str | None = None) -> Space:
    """An HDF5 or .h5ad file as a space; what cannot be shown is listed under `LEFT_OUT`.

    Args:
        pick: the name of a candidate, or None: then the only one, one named as in
            `LATENT_NAMES`, or `obsm/X_pca`.

    Raises:
        SeveralCandidatesError: none was picked, and it does not go without saying.
        UnsafeFileError: what was picked lies in another file or claims too much.
        UserError: missing, unreadable, damaged, no vectors, or not finite.
    """
    _check(path)
    return space_apart(path, pick)


def _check(path: Path) -> None:
    check_regular(path)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise cannot_read(path, error) from error
    if not is_hdf5(path):
        raise damaged(str(path))
