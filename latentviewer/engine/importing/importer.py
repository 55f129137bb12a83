"""What an importer of one kind of file provides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Model


@dataclass(frozen=True)
class Importer:
    """One kind of model file.

    Attributes:
        recognises: whether a file or folder is of this kind, told by its content where that is
            possible; runs nothing from it and raises nothing.
        offer: what it is. The answers given so far may change what is found and asked. Raises
            UserError for a damaged file, UnsafeFileError for one that is refused even with trust.
        open: as a model, on a device as torch spells it. Only called where `Offer.danger` is
            None or the user trusts the file. Raises as `offer` does.
    """

    recognises: Callable[[Path], bool]
    offer: Callable[[Path, Answers], Offer]
    open: Callable[[Path, Answers, str], Model]
