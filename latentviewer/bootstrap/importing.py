"""Models that other programs made: what they are, how they do, and whether they may run code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.bundled import state_folder
from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Trial

if TYPE_CHECKING:
    from latentviewer.domain.importing import Answers, Offer
    from latentviewer.domain.ports import DataSet, Images, ImageShape, Model
    from latentviewer.io.trusted import TrustedFiles

_TRIED = 8
_OURS = ("config.json", "model.safetensors")

OpenData = Callable[[str], "DataSet"]


def trusted_files() -> TrustedFiles:
    """The list of contents that this user trusts to run code."""
    from latentviewer.io.trusted import TrustedFiles

    return TrustedFiles(state_folder() / "trusted.json")


def stored_answers(path: Path) -> dict[str, str]:
    """What was said about a model file before.

    Raises:
        UserError: what was kept is damaged.
    """
    from latentviewer.io.import_answers import read_answers

    return read_answers(path, _spare_folder())


def keep_answers(path: Path, answers: Answers) -> Path:
    """Keeps what was said about a model file; returns where.

    Raises:
        UserError: it cannot be written anywhere.
    """
    from latentviewer.io.import_answers import write_answers

    return write_answers(path, answers, _spare_folder())


def import_offer(path: Path, answers: Answers | None = None) -> Offer | None:
    """What a model file of another program is, or None where it is none.

    Args:
        answers: what is said about it; by default what was said before.

    Raises:
        UserError, UnsafeFileError: it is damaged, or refused even with trust.
    """
    from latentviewer.engine.importing.importers import offer_of

    if _is_ours(path) or not path.exists():
        return None
    return offer_of(path, stored_answers(path) if answers is None else answers)


def open_import(path: Path, answers: Answers | None = None, device: str = "cpu") -> Model | None:
    """The model in a file of another program, or None where it is none.

    Raises:
        UserError: it is damaged, or does not fit what was said about it.
        UnsafeFileError: it can run code, and is not trusted.
    """
    from latentviewer.engine.importing.importers import open_imported

    if _is_ours(path) or not path.exists():
        return None
    said = stored_answers(path) if answers is None else answers
    return open_imported(path, said, trusted_files().trusts, device)


def try_import(path: Path, answers: Answers, data: str | None, open_data: OpenData) -> Trial:
    """Opens a model with the answers so far and tries it on a few samples.

    Args:
        data: a data set's name or folder; by default one that is always here.

    Raises:
        UserError, UnsafeFileError: it is no model, is damaged, or refused even with trust.
    """
    from latentviewer.domain.ports import NO_IMAGE, Capability
    from latentviewer.engine.importing.self_check import self_check

    offer = import_offer(path, answers)
    if offer is None:
        raise UserError(f"{path} is no model that can be imported; open it as it is.")
    if offer.missing or (offer.danger is not None and not trusted_files().trusts(offer.file_hash)):
        return Trial(offer)
    try:
        model = open_import(path, answers)
        if model is None:
            raise UserError(f"{path} changed while it was opened; try again.")
        images, named = None, None
        if Capability.ENCODE in model.card.capabilities and model.card.image != NO_IMAGE:
            samples = open_data(data or _always_here(model.card.image))
            images, named = _some_images(model.card.image, samples), samples.name
        found = self_check(model, images, lambda device: _elsewhere(path, answers, device))
    except UserError as error:
        return Trial(offer, fault=str(error))
    return Trial(offer, images, named, found.decoded, found.checks)


def offer_report(offer: Offer, said: Answers) -> dict[str, Any]:
    """What a file is and asks, as JSON values."""
    from latentviewer.domain.importing import answered

    image = None if offer.image is None else dataclasses.asdict(offer.image)
    return {
        "path": offer.path,
        "format": offer.format,
        "hash": offer.file_hash,
        "found": list(offer.found),
        "abilities": sorted(capability.value for capability in offer.capabilities),
        "latent_dim": offer.latent_dim,
        "image": image,
        "missing": list(offer.missing),
        "questions": [
            {
                "key": question.key,
                "title": question.title,
                "choices": [value for value, _ in question.choices],
                "answer": answered(question, said),
                "guess": question.guess,
                "why": question.why,
            }
            for question in offer.questions
        ],
    }


def new_adapter(path: Path) -> Path:
    """Writes an adapter file to be filled in; returns its path.

    Raises:
        UserError: it is there already, or cannot be written.
    """
    from latentviewer.engine.importing.programs.adapter_files import new_adapter as write

    return write(path)


class StoredImports:
    """Fulfils `latentviewer.app.services.Imports` with what is kept on this machine."""

    def __init__(self, open_data: OpenData) -> None:
        self._open_data = open_data

    def answers(self, path: Path) -> dict[str, str]:
        """See `stored_answers`."""
        return stored_answers(path)

    def keep(self, path: Path, answers: Answers) -> Path:
        """See `keep_answers`."""
        return keep_answers(path, answers)

    def try_out(self, path: Path, answers: Answers, data: str | None) -> Trial:
        """See `try_import`."""
        return try_import(path, answers, data, self._open_data)

    def trust(self, content: str, path: Path) -> None:
        """Lets the content of a hash run code, from now on."""
        trusted_files().trust(content, path)

    def revoke(self, content: str) -> None:
        """No longer."""
        trusted_files().revoke(content)

    def trusted(self) -> tuple[tuple[str, str], ...]:
        """The hashes that are trusted, and where their files lay."""
        return tuple((known.hash, known.path) for known in trusted_files().all())


def _elsewhere(path: Path, answers: Answers, device: str) -> Model:
    model = open_import(path, answers, device)
    assert model is not None, path
    return model


def _always_here(shape: ImageShape) -> str:
    return "faces:test" if shape.channels == 3 else "digits"


def _some_images(shape: ImageShape, data: DataSet) -> Images:
    """A few samples spread over a data set, (b, h, w, c) float32 in 0..1, brought to `shape`."""
    from latentviewer.engine.batches import to_unit
    from latentviewer.io.fitted import fitted

    samples, _note = fitted(data, shape)
    if len(samples) < 2:
        raise UserError(f"{data.name} has fewer than two samples to try it on; choose another.")
    rows = np.unique(np.linspace(0, len(samples) - 1, _TRIED).astype(np.int64))
    return to_unit(samples.images(rows))


def _is_ours(path: Path) -> bool:
    """Whether it is a model folder as this program writes it, or one of the files in it."""
    folder = path if path.is_dir() else path.parent
    in_it = path.is_dir() or path.name in _OURS
    return in_it and all((folder / name).is_file() for name in _OURS)


def _spare_folder() -> Path:
    return state_folder() / "imports"
