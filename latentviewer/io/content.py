"""What a file or folder is, told by its first bytes and not by its name."""

import zipfile
from pathlib import Path

from latentviewer.io.archives import ZIP_DAMAGE
from latentviewer.io.failures import cannot_read, check_regular

PICKLE_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill"}
PROGRAM_SUFFIXES = {
    ".py": "a Python program",
    ".pyc": "a Python program",
    ".pt2": "an exported PyTorch program",
    ".ptl": "a TorchScript file",
    ".ts": "a TorchScript file",
    ".jit": "a TorchScript file",
}
_START_BYTES = 1 << 16


def content_kind(path: Path) -> str:
    """What a file is by its first bytes.

    Returns:
        `arrow`, `arrow stream`, `feather v1`, `parquet`, `npy`, `npz`, `project`, `zip`,
        `pickle`, `torchscript`, `hdf5`, `safetensors`, `projector`, `word vectors`, `json`,
        `separated`, `empty` or `unknown`.

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
    from latentviewer.io.hdf5.opening import is_hdf5
    from latentviewer.io.projector.config import is_projector
    from latentviewer.io.safetensors_spaces import is_safetensors
    from latentviewer.io.text_spaces import text_kind
    from latentviewer.io.word_vectors import layout_of

    if path.suffix.lower() in (*PICKLE_SUFFIXES, *PROGRAM_SUFFIXES):
        return "unknown"
    if is_hdf5(path):
        return "hdf5"
    if is_safetensors(path):
        return "safetensors"
    if is_projector(path):
        return "projector"
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


def folder_kind(path: Path) -> str | None:
    """`projector` or `latent scope` for a folder that holds vectors in that way, else None."""
    from latentviewer.io.latent_scope import is_latent_scope
    from latentviewer.io.projector.config import is_projector

    if is_projector(path):
        return "projector"
    return "latent scope" if is_latent_scope(path) else None


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


def is_projector_place(path: Path) -> bool:
    """Whether a file or folder is one of the projector's; False where nothing is there."""
    from latentviewer.io.projector.config import is_projector

    return path.exists() and is_projector(path)
