"""Encoders and decoders in ONNX files: what is offered, and how they are opened."""

from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers, Offer
from latentviewer.domain.ports import Model, ModelCard
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.onnx.model import OnnxModel
from latentviewer.engine.importing.onnx.places import is_onnx, places_of
from latentviewer.engine.importing.onnx.reading import read

FAMILY = "onnx"


def offer_onnx(path: Path, answers: Answers) -> Offer:
    """What an ONNX file, or a folder with an encoder's or a decoder's, can be used for.

    The graph is run once on noise, within bounds, for what its file leaves open; that runs no
    code of the file's.

    Raises:
        UserError: a file is damaged, or onnxruntime is not installed.
        UnsafeFileError: a file needs native code or reaches outside its folder.
    """
    reading = read(places_of(path), answers)
    return Offer(
        path=str(path),
        format="onnx",
        file_hash=reading.file_hash,
        found=tuple(reading.inquiry.found),
        capabilities=reading.capabilities,
        latent_dim=reading.latent_dim,
        image=reading.image,
        questions=tuple(reading.inquiry.questions),
        missing=tuple(reading.missing),
    )


def open_onnx(path: Path, answers: Answers, device: str = "cpu") -> Model:
    """The model in an ONNX file or folder; it runs on the processor, whatever the device.

    Raises:
        UserError, UnsafeFileError: as `offer_onnx`, or something is missing.
    """
    places = places_of(path)
    reading = read(places, answers)
    dim, image = reading.latent_dim, reading.image
    if reading.missing or dim is None or image is None:
        raise UserError(f"{path}: {reading.missing[0]}")
    card = ModelCard(
        name=places.name,
        path=str(path),
        family=FAMILY,
        latent_dim=dim,
        image=image,
        capabilities=reading.capabilities,
        data=None,
        weights_hash=reading.file_hash,
        parameters=sum(file.contents.parameters for file in reading.files),
        figures={},
    )
    return OnnxModel(card, reading.encoding, reading.decoding)


ONNX = Importer(is_onnx, offer_onnx, open_onnx)
