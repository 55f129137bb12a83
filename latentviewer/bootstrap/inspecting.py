"""What a file or folder is, and whether it is safe: models and everything else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentviewer.bootstrap.catalogue import (
    data_folders,
    model_card,
    model_folder,
    model_offer,
    samples,
)
from latentviewer.bootstrap.importing import offer_report, stored_answers, trusted_files
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import NO_IMAGE

if TYPE_CHECKING:
    from latentviewer.domain.space import Space

_MODEL_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".onnx", ".pt2",
                   ".safetensors", ".joblib", ".h5", ".keras", ".py")  # fmt: skip


def inspect(reference: str) -> dict[str, Any]:
    """JSON values; always `path`, `kind`, `safe`, `usable` and `why`.

    Raises:
        UserError: there is nothing of that name.
    """
    from latentviewer.io.datasets import is_data_set_name

    if is_data_set_name(reference) and not Path(reference).expanduser().exists():
        from latentviewer.io.inspecting import inspect_data_set

        return inspect_data_set(reference, data_folders())
    from latentviewer.io.content import place_and_pick
    from latentviewer.io.spaces import is_vectors

    path, pick = place_and_pick(reference)
    path = model_folder(reference) if pick is None else path
    if not path.exists():
        raise UserError(f"{path} does not exist; check the path.")
    if pick is None and (report := _foreign_model(path)) is not None:
        return report
    named_so = path.suffix.lower() in _MODEL_SUFFIXES or path.name == "config.json"
    # Vectors are kept in .bin and .safetensors files too.
    vectors = is_vectors(path) and not (path.parent / "config.json").is_file()
    if (path.is_dir() or named_so) and pick is None and not vectors:
        report = _model(reference, path)
        if report is not None:
            return report
    from latentviewer.app.projects import session_from_json
    from latentviewer.io.inspecting import inspect_path

    def check_session(session: Mapping[str, Any], space: Space) -> None:
        session_from_json(session, space, str(path))

    return inspect_path(path, check_session, pick)


def _foreign_model(path: Path) -> dict[str, Any] | None:
    """A model of another program, with what would be asked about it."""
    report: dict[str, Any] = {"path": str(path), "kind": "model"}
    try:
        offer = model_offer(path)
        if offer is None:
            return None
        said = stored_answers(path)
    except UserError as error:
        safe = not isinstance(error, UnsafeFileError)
        kind = path.suffix.lstrip(".").lower() or "folder"
        return {**report, "format": kind, "safe": safe, "usable": False, "why": str(error)}
    trusted = offer.danger is None or trusted_files().trusts(offer.file_hash)
    why = (None if trusted else offer.danger) or next(iter(offer.missing), None)
    usable = {"safe": offer.danger is None, "usable": why is None, "why": why}
    return {**report, **offer_report(offer, said), **usable}


def _model(reference: str, path: Path) -> dict[str, Any] | None:
    report: dict[str, Any] = {"path": str(path), "kind": "model", "format": "safetensors"}
    try:
        card = model_card(reference)
    except UnsafeFileError as error:
        return {**report, "format": path.suffix.lstrip("."), "safe": False, "usable": False,
                "why": str(error)}  # fmt: skip
    except UserError as error:
        is_model = path.is_file() or any((path / name).exists() for name in _PARTS)
        if not is_model:
            return None
        return {**report, "safe": True, "usable": False, "why": str(error)}
    space = next((s for s in samples() if s.model == card.name and s.available), None)
    return {
        **report,
        "path": card.path,
        "name": card.name,
        "family": card.family,
        "latent_dim": card.latent_dim,
        "image": None if card.image == NO_IMAGE else dataclasses.asdict(card.image),
        "abilities": sorted(capability.value for capability in card.capabilities),
        "data": card.data,
        "parameters": card.parameters,
        "weights_hash": card.weights_hash,
        "figures": dict(card.figures),
        "space": str(space.space) if space is not None else None,
        "safe": True,
        "usable": True,
        "why": None,
    }


_PARTS = ("config.json", "model.safetensors")
