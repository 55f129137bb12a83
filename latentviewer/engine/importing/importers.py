"""The list of importers, and the way through it."""

from collections.abc import Callable
from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Model
from latentviewer.engine.importing.diffusers_folder.importer import DIFFUSERS_FOLDER
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.inferring.importer import STATE_DICT
from latentviewer.engine.importing.modules.importer import PICKLED_MODULE
from latentviewer.engine.importing.onnx.importer import ONNX
from latentviewer.engine.importing.programs.adapter_files import ADAPTER_FILE
from latentviewer.engine.importing.programs.exported import EXPORTED_PROGRAM, TORCHSCRIPT
from latentviewer.engine.importing.programs.pickles import TRUSTED_PICKLE
from latentviewer.io.failures import too_large


def _importers() -> tuple[Importer, ...]:
    """Every kind of file that can be imported; a new one is one entry here and one file.

    The first that recognises a file has it.
    """
    return (
        ADAPTER_FILE,
        DIFFUSERS_FOLDER,
        TORCHSCRIPT,
        EXPORTED_PROGRAM,
        ONNX,
        PICKLED_MODULE,
        STATE_DICT,
        TRUSTED_PICKLE,  # after those that open pickles without trust
    )


def importer_of(path: Path) -> Importer | None:
    """The importer for a file or folder, or None."""
    return next((known for known in _importers() if known.recognises(path)), None)


def offer_of(path: Path, answers: Answers) -> Offer | None:
    """What a file or folder holds, or None where no importer knows it.

    Raises:
        UserError, UnsafeFileError: it is damaged, or refused.
    """
    importer = importer_of(path)
    if importer is None:
        return None
    try:
        return importer.offer(path.absolute(), answers)
    except MemoryError as error:
        raise too_large(path) from error


def open_imported(
    path: Path, answers: Answers, trusts: Callable[[str], bool], device: str = "cpu"
) -> Model | None:
    """The model in a file or folder, or None where no importer knows it.

    Args:
        trusts: whether the user trusts the content of a hash to run code.

    Raises:
        UserError: it is damaged or does not fit the answers.
        UnsafeFileError: it can run code, and is not trusted.
    """
    importer = importer_of(path)
    if importer is None:
        return None
    path = path.absolute()
    try:
        offer = importer.offer(path, answers)
        if offer.danger is not None and not trusts(offer.file_hash):
            raise UnsafeFileError(offer.danger)
        return importer.open(path, answers, device)
    except MemoryError as error:
        raise too_large(path) from error
