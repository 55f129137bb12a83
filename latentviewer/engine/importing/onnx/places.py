"""Which ONNX files belong to one model."""

from dataclasses import dataclass
from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.onnx.file import within
from latentviewer.engine.importing.onnx.roles import named_role
from latentviewer.engine.model_folder import CONFIG_NAME, WEIGHTS_NAME
from latentviewer.io.failures import cannot_read

_ENDINGS = (".onnx", ".ort")
_OTHER = {"encoder": "decoder", "decoder": "encoder"}


@dataclass(frozen=True)
class Places:
    """Files to be opened.

    Attributes:
        files: one or two.
        beside: a file whose name is that of the other half, which is taken where it fits.
        name: of the model.
    """

    files: tuple[Path, ...]
    beside: Path | None
    name: str


def is_onnx(path: Path) -> bool:
    """Whether a path is an ONNX file or a folder with an encoder's or a decoder's."""
    try:
        if path.is_dir():
            own = (path / CONFIG_NAME).is_file() and (path / WEIGHTS_NAME).is_file()
            return not own and bool(_halves(path))
        # The format begins with nothing that would tell it.
        return path.suffix.lower() in _ENDINGS and path.exists()
    except OSError:
        return False


def places_of(path: Path) -> Places:
    """The files of the model that a path means.

    Raises:
        UserError: a folder has several encoders or decoders.
        UnsafeFileError: a file of a folder is a link that leaves it.
    """
    if not path.is_dir():
        beside = _other_half(path)
        generic = path.stem.lower() in _OTHER
        name = path.parent.name if generic else path.stem
        return Places((path,), beside, name or path.stem)
    try:
        halves = _halves(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    chosen = []
    for role in _OTHER:
        files = [file for file in halves if named_role(file.stem) == role]
        exact = [file for file in files if file.stem.lower() == role]
        files = exact or files
        if len(files) > 1:
            named = " and ".join(file.name for file in files[:2])
            raise UserError(
                f"{path} has {len(files)} {role}s, such as {named}; open one of the files itself."
            )
        chosen += files
    for file in chosen:
        if not within(file, path):
            raise UnsafeFileError(
                f"{file} is a link to a file outside its folder, which is not followed; copy the "
                "file itself there."
            )
    return Places(tuple(chosen), None, path.name)


def _halves(folder: Path) -> list[Path]:
    """A folder's own ONNX files that are named encoder or decoder, in order."""
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() == ".onnx" and named_role(file.stem) is not None and file.is_file()
    )


def _other_half(path: Path) -> Path | None:
    """The file of the same name but with decoder for encoder, or the other way round."""
    role = named_role(path.stem)
    if role is None:
        return None
    at = path.stem.lower().rindex(role)
    for spelt in (_OTHER[role], _OTHER[role].title(), _OTHER[role].upper()):
        other = path.with_name(path.stem[:at] + spelt + path.stem[at + len(role) :] + path.suffix)
        if other.is_file() and within(other, path.parent):
            return other
    return None
